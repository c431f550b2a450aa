"""What lost samples cost if they are bridged by a line: the error against the length of the gap.

Samples are taken from all channels of raw windows of a study's test subjects, then bridged, and the
study's exported students estimate the heart rate from what is left. `ppgkd.datasets.gaps` and
`ppgkd.windows.gaps` have the limits that follow: how long a gap may be, and how many samples.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnxruntime
from data import markdown
from numpy.typing import NDArray
from recordings import recordings_here

from ppgkd.inference.model_card import OUTPUTS, RAW, ModelCard, read_model_card
from ppgkd.inference.predict_dataset import reference_at
from ppgkd.runtime.artifacts import write_json

GAPS_S = (0.02, 0.1, 0.2, 0.3, 0.5, 1.0)
COUNTS = (1, 4, 8)
SINGLE_SHARES = (0.1, 0.3, 0.5)
STRIDE_S = 4.0
BATCH = 256
FAST_BPM = 130.0


def main() -> None:
    """Measure, print the table, write the JSON."""
    options = _options()
    students = [_open(path) for path in sorted(options.study.rglob("seed*/model.onnx"))]
    data = [(*found, session) for card, session in students for found in _windows(card, options)]
    if not data:
        raise SystemExit(
            f"{options.study} has no exported students with test subjects in {options.raw}. Run "
            "the study, or name the folder of its raw files with --raw."
        )
    rate_hz = students[0][0].rate_hz
    rows = [{"lost": "none", **_errors(data, None)}]
    for gap_s in GAPS_S:
        for count in COUNTS:
            length = max(round(gap_s * rate_hz), 1)
            found = _errors(data, lambda shape, n=count, k=length: _gaps(shape, n, k))
            rows.append({"lost": f"{count} x {gap_s:g} s", **found})
    for share in SINGLE_SHARES:
        found = _errors(data, lambda shape, p=share: np.random.default_rng(0).random(shape) < p)
        rows.append({"lost": f"{share:.0%}, one by one", **found})
    header = ["lost", "share of samples", "MAE (BPM)", f"above {FAST_BPM:g} BPM"]
    names = ("share", "mae_bpm", "fast_mae_bpm")
    table = [[row["lost"], *(f"{row[name]:.2f}" for name in names)] for row in rows]
    print(markdown(header, table))
    write_json(options.output, {"windows": sum(len(raw) for raw, _, _ in data), "rows": rows})
    print(f"written to {options.output}")


def _open(path: Path) -> tuple[ModelCard, onnxruntime.InferenceSession]:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return read_model_card(session.get_modelmeta().custom_metadata_map, path), session


def _windows(
    card: ModelCard, options: Namespace
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float64]]]:
    """Raw windows of the test subjects that are here, and their references, by recording."""
    for recording in recordings_here(options.dataset, options.raw, card.subjects_held_out):
        rows = [recording.channels.index(name) for name in card.channels]
        step = round(STRIDE_S * card.rate_hz)
        first = np.arange(0, recording.signal.shape[1] - card.n_samples + 1, step)
        hr_bpm = reference_at(first / card.rate_hz + card.window_s / 2, recording)
        raw = np.stack([recording.signal[rows, n : n + card.n_samples] for n in first])
        yield raw[np.isfinite(hr_bpm)], hr_bpm[np.isfinite(hr_bpm)]


def _gaps(shape: tuple[int, int], count: int, length: int) -> NDArray[np.bool_]:
    """Which samples of each window are lost, shape (n_windows, n_samples)."""
    first = np.random.default_rng(0).integers(0, shape[1] - length + 1, (shape[0], count, 1))
    lost = np.zeros(shape, np.bool_)
    np.put_along_axis(lost, (first + np.arange(length)).reshape(shape[0], -1), True, axis=1)
    return lost


def _errors(data, lose) -> dict[str, float]:  # type: ignore[no-untyped-def]
    """Errors of the estimates once samples are lost, by ``lose``, and bridged."""
    errors, fast, shares = [], [], []
    for raw, hr_bpm, session in data:
        lost = lose((len(raw), raw.shape[2])) if lose else np.zeros(raw.shape[::2], np.bool_)
        bridged = raw.copy()
        for window, gone in zip(bridged, lost, strict=True):
            known = np.flatnonzero(~gone)
            for channel in window:
                channel[gone] = np.interp(np.flatnonzero(gone), known, channel[known])
        bpm = np.concatenate(
            [
                session.run([OUTPUTS[0]], {RAW: bridged[n : n + BATCH]})[0]
                for n in range(0, len(raw), BATCH)
            ]
        )
        errors.append(np.abs(bpm - hr_bpm))
        fast.append(hr_bpm > FAST_BPM)
        shares.append(lost.mean())
    error_bpm, is_fast = np.concatenate(errors), np.concatenate(fast)
    return {
        "share": float(np.mean(shares)),
        "mae_bpm": float(np.nanmean(error_bpm)),
        "fast_mae_bpm": float(np.nanmean(error_bpm[is_fast])),
    }


def _options() -> Namespace:
    parser = ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("study", type=Path, help="folder of a finished study, results/<study>")
    parser.add_argument("--dataset", default="bami1", help="whose test subjects are used")
    parser.add_argument(
        "--raw", type=Path, default=Path("resources/raw"), help="folder of the raw files"
    )
    parser.add_argument("--output", type=Path, default=Path("results/benchmarks/lost_samples.json"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
