"""What the rule of a valid estimate costs and buys, beside a bound of the spread alone.

For each finished study: on its test subjects, by dataset, in all folds and seeds; and, with its
exported file, on datasets and own recordings that it has never seen (``--on``, ``--own``). In a
study whose folds are datasets, a dataset's test subjects wear a sensor that was never seen either.

An estimate is wrong if it is off by more than 10 BPM. Intervals are bootstrap over subjects, so
they are narrow, and no more than a hint, where there are few.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from data import markdown
from recordings import recordings_here

from ppgkd.datasets.recording import Recording
from ppgkd.datasets.registry import get_dataset
from ppgkd.errors import PpgkdError
from ppgkd.evaluation.bootstrap import estimate_with_interval, resampled_sums
from ppgkd.export.student import change_rate, read_student, write_student
from ppgkd.inference.predict_dataset import predict_dataset, reference_at
from ppgkd.inference.stream import HeartRateStream
from ppgkd.runtime.artifacts import read_json, write_json

WRONG_BPM = 10.0
COLUMNS = ["subject", "hr_bpm", "bpm", "narrow", "valid"]


def main() -> None:
    """Judge, print the table, write the JSON."""
    options = _options()
    rows: list[dict[str, Any]] = []
    try:
        for study in options.studies:
            choice = read_json(study / "recommended" / "choice.json")
            student = f"{study.name}, {choice['student']}"
            for name, estimates in _sets(study, options):
                rows.append({"student": student, "set": name, **judge(estimates)})
    except (PpgkdError, OSError) as error:
        raise SystemExit(str(error)) from error
    header = ["student", "set", "subjects", "estimates", "wrong"]
    for rule in ("spread alone", "rule"):
        header += [f"{rule}: valid", "MAE (BPM)", "wrong"]
    print(markdown(header, [_shown(row) for row in rows]))
    write_json(options.output, rows)
    print(f"written to {options.output}")


def judge(estimates: pd.DataFrame) -> dict[str, Any]:
    """Shares and errors of one set, with intervals over subjects.

    Parameters
    ----------
    estimates
        `COLUMNS`, one row per window; ``hr_bpm`` NaN where there is no reference, or no rate.
    """
    given = estimates["bpm"].notna() & estimates["hr_bpm"].notna()
    error_bpm = (estimates["bpm"] - estimates["hr_bpm"]).abs().where(given, 0.0)
    is_wrong = given & (error_bpm > WRONG_BPM)
    found: dict[str, Any] = {
        "n_subjects": int(estimates["subject"].nunique()),
        "n_estimates": len(estimates),
        "wrong": float(is_wrong.sum() / max(given.sum(), 1)),
    }
    for rule, column in (("spread", "narrow"), ("rule", "valid")):
        kept = estimates[column].astype(bool)
        sums = pd.DataFrame(
            {
                "all": np.ones(len(estimates)),
                "kept": kept.astype(float),
                "judged": (kept & given).astype(float),
                "error": error_bpm * kept,
                "wrong": (is_wrong & kept).astype(float),
            }
        )
        drawn = resampled_sums(sums.groupby(estimates["subject"]).sum().to_numpy())
        everything, n_kept, judged, error, wrong = drawn.T
        with np.errstate(invalid="ignore"):
            statistics = {
                "valid": n_kept / everything,
                "mae_bpm": error / judged,
                "wrong": wrong / judged,
            }
        found[rule] = {name: _estimate(values) for name, values in statistics.items()}
    return found


def _estimate(drawn: np.ndarray) -> list[float | None]:
    """Estimate, lower and upper end; None where no estimate is valid."""
    if np.isnan(drawn[0]):
        return [None, None, None]
    kept = drawn[~np.isnan(drawn)]
    return [*estimate_with_interval(kept)]


def _shown(row: dict[str, Any]) -> list[str]:
    cells = [row["student"], row["set"], f"{row['n_subjects']}", f"{row['n_estimates']:,}"]
    cells.append(f"{row['wrong']:.1%}")
    for rule in ("spread", "rule"):
        for name, style in (("valid", ".1%"), ("mae_bpm", ".2f"), ("wrong", ".1%")):
            value, lower, upper = row[rule][name]
            cells.append(
                "-" if value is None else f"{value:{style}} ({lower:{style}} to {upper:{style}})"
            )
    return cells


def _sets(study: Path, options: Namespace) -> Iterator[tuple[str, pd.DataFrame]]:
    """Name and estimates of each set that a study's student is judged on."""
    folder = study / "recommended"
    predictions = pd.read_parquet(folder / "predictions.parquet")
    renamed = predictions.drop(columns=["valid", "narrow"]).rename(
        columns={
            "filtered_bpm": "bpm",
            "filtered_valid": "valid",
            "filtered_narrow": "narrow",
        }
    )
    for dataset, rows in renamed.groupby("dataset", sort=False):
        yield f"{dataset}, test subjects", rows[COLUMNS]
    model = folder / "student.onnx"
    for dataset in options.on:
        found = [
            _on_recording(model, recording)
            for recording in recordings_here(dataset, options.raw)
            if _suits(model, dataset)
        ]
        if found:
            yield f"{dataset}, all that is here", pd.concat(found)
    for definition in options.own:
        table = predict_dataset(definition, model).table
        max_sd_bpm = HeartRateStream(model).max_sd_bpm
        yield (
            Path(definition).parent.name,
            table.assign(narrow=table["sd_bpm"] <= max_sd_bpm)[COLUMNS],
        )


def _suits(model: Path, dataset: str) -> bool:
    channels = HeartRateStream(model).model_card.channels
    n_ppg = sum(name.startswith("ppg") for name in channels)
    return n_ppg <= get_dataset(dataset).ppg_channels


def _on_recording(model: Path, recording: Recording) -> pd.DataFrame:
    """Estimates of the file, made for the sensor's rate; a missing accelerometer is still."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "student.onnx"
        write_student(change_rate(read_student(model), recording.rate_hz), path)
        stream = HeartRateStream(path)
    n_samples = recording.signal.shape[1]
    signal = np.zeros((len(stream.model_card.channels), n_samples), np.float32)
    for row, name in enumerate(stream.model_card.channels):
        if name in recording.channels:
            signal[row] = recording.signal[recording.channels.index(name)]
    estimates = stream.push(signal)
    centre_s = np.array([(one.start_s + one.end_s) / 2 for one in estimates])
    return pd.DataFrame(
        {
            "subject": recording.subject,
            "hr_bpm": reference_at(centre_s, recording),
            "bpm": [one.bpm for one in estimates],
            "narrow": [one.sd_bpm <= stream.max_sd_bpm for one in estimates],
            "valid": [one.valid for one in estimates],
        }
    )


def _options() -> Namespace:
    parser = ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("studies", type=Path, nargs="+", help="finished studies, results/<study>")
    parser.add_argument("--on", nargs="*", default=[], help="further datasets of the registry")
    parser.add_argument("--own", nargs="*", default=[], help="YAML files of own recordings")
    parser.add_argument(
        "--raw", type=Path, default=Path("resources/raw"), help="folder of the raw files"
    )
    parser.add_argument("--output", type=Path, default=Path("results/benchmarks/validity.json"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
