"""Heart rate of all recordings of a dataset of one's own, beside their reference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TextIO

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ppgkd.datasets.own.dataset import own_dataset
from ppgkd.datasets.own.read import read_with_notes
from ppgkd.datasets.recording import Recording
from ppgkd.datasets.resampling import resample
from ppgkd.errors import PpgkdError
from ppgkd.inference.predict import DECIMALS, NEAR_RATE, export_advice, on_log_clock
from ppgkd.inference.stream import Estimate, HeartRateStream
from ppgkd.runtime.artifacts import write_csv, write_parquet

REFERENCE_GAP_S = 4.0
"""A reference is interpolated between two values that are at most this far apart."""

GROSS_ERROR_BPM = 10.0

StudentAtRate = Callable[[float], Path]
"""From the rate of a sensor in Hz to a student for it."""


@dataclass(frozen=True, eq=False)
class DatasetPrediction:
    """Estimated heart rate of the recordings of a dataset.

    Attributes
    ----------
    table
        One row per window: ``recording, subject``, the fields of
        `ppgkd.inference.stream.Estimate` with times as in the log
        (`ppgkd.inference.predict.on_log_clock`), and ``hr_bpm``, the reference at the centre of
        the window; NaN where there is none.
    errors
        One row per recording: ``recording, windows, valid``, the share that is valid; over the
        windows with a reference and an estimate ``mae_bpm``, over the valid ones
        ``valid_mae_bpm`` and ``valid_gross_share``, the share off by more than 10 BPM.
    notes
        Notes for the user, each with the name of its recording.
    """

    table: pd.DataFrame
    errors: pd.DataFrame
    notes: tuple[str, ...]

    @property
    def summary(self) -> str:
        """Errors of each recording, as a table of text."""
        shown = self.errors.assign(
            valid=_percent(self.errors["valid"]),
            valid_gross_share=_percent(self.errors["valid_gross_share"]),
        ).rename(
            columns={
                "mae_bpm": "MAE (BPM)",
                "valid_mae_bpm": "MAE of valid",
                "valid_gross_share": "valid, off by > 10 BPM",
            }
        )
        return shown.to_string(index=False, na_rep="-", float_format=lambda value: f"{value:.2f}")


def predict_dataset(
    definition: str | Path,
    model: str | Path | StudentAtRate,
    *,
    online_filter: bool = True,
    max_sd_bpm: float | None = None,
) -> DatasetPrediction:
    """Estimate the heart rate of every recording that a YAML file describes.

    Parameters
    ----------
    definition
        YAML file, as for ``ppgkd check-dataset``.
    model
        A student that a study has exported, or a function that gives one for the rate of each
        recording. It need not use all channels of the dataset.
    online_filter, max_sd_bpm
        As for `ppgkd.inference.stream.HeartRateStream`.

    Raises
    ------
    PpgkdError
        If a recording is invalid, the dataset lacks a channel of the model, or it has the rate of
        another sensor.
    """
    dataset = own_dataset("own", definition)
    tables, notes = [], []
    for found in read_with_notes(dataset.recordings):
        file = model(found.recording.rate_hz) if callable(model) else model
        stream = HeartRateStream(file, online_filter=online_filter, max_sd_bpm=max_sd_bpm)
        name = found.recording.name
        notes += [f"{name}: {note}" for note in (*found.notes, *found.reference.notes)]
        table = _predict(stream, found.recording, definition, file)
        stretch = found.recording.rate_hz / found.true_rate_hz
        tables.append(on_log_clock(table, found.first_s, stretch, found.times))
    table = pd.concat(tables, ignore_index=True)
    return DatasetPrediction(table, errors_by_recording(table), tuple(notes))


def write_estimates(prediction: DatasetPrediction, target: str | Path | TextIO) -> None:
    """Write the table of estimates: to a file, .csv or .parquet, or to a stream as CSV."""
    table = prediction.table.round(DECIMALS)
    if not isinstance(target, str | Path):
        table.to_csv(target, index=False)
        return
    write = write_parquet if Path(target).suffix.lower() == ".parquet" else write_csv
    write(target, table)


def _percent(share: pd.Series) -> pd.Series:
    return share.map(lambda value: "-" if np.isnan(value) else f"{value:.0%}")


def _predict(
    stream: HeartRateStream, recording: Recording, definition: str | Path, model: str | Path
) -> pd.DataFrame:
    card = stream.model_card
    missing = [name for name in card.channels if name not in recording.channels]
    if missing:
        raise PpgkdError(
            f"{definition} has no channels {missing}, which {model} needs; it has "
            f"{[*recording.channels]}. Describe them there, or name another model."
        )
    if not abs(recording.rate_hz / card.rate_hz - 1) <= NEAR_RATE:
        raise PpgkdError(
            f"{model} is for a sensor of {card.rate_hz:g} Hz, the recordings of {definition} have "
            f"{recording.rate_hz:g} Hz. {export_advice(model, recording.rate_hz)}"
        )
    rows = [recording.channels.index(name) for name in card.channels]
    signal = resample(recording.signal[rows], recording.rate_hz, card.rate_hz)
    if signal.shape[1] < card.n_samples:
        raise PpgkdError(
            f"Recording {recording.name} of {definition} has {signal.shape[1] / card.rate_hz:.3g} "
            f"s; one window has {card.window_s:g} s. Leave it out, or make a longer one."
        )
    columns = [field.name for field in fields(Estimate)]
    table = pd.DataFrame([asdict(one) for one in stream.push(signal)], columns=columns)
    centre_s = (table["start_s"] + table["end_s"]).to_numpy() / 2
    table["hr_bpm"] = reference_at(centre_s, recording)
    table.insert(0, "recording", recording.name)
    table.insert(1, "subject", recording.subject)
    return table


def reference_at(centre_s: NDArray[np.float64], recording: Recording) -> NDArray[np.float64]:
    """Reference at the centres of windows, interpolated; NaN where there is none.

    Parameters
    ----------
    centre_s
        Shape (n_windows,), seconds from the first sample.
    recording
        With its reference.
    """
    known = np.isfinite(recording.reference_bpm)
    # rounded, because the times of a clock are right to some nanoseconds, and a gap may end there
    time_s, centre_s = np.round(recording.reference_time_s[known], 6), np.round(centre_s, 6)
    bpm = recording.reference_bpm[known].astype(np.float64)
    if len(time_s) == 0:
        return np.full(len(centre_s), np.nan)
    after = np.searchsorted(time_s, centre_s)
    left, right = np.clip(after - 1, 0, None), np.clip(after, None, len(time_s) - 1)
    bracketed = (time_s[left] <= centre_s) & (centre_s <= time_s[right])
    gap_s = np.where(time_s[right] == centre_s, 0, time_s[right] - time_s[left])
    return np.where(
        bracketed & (gap_s <= REFERENCE_GAP_S), np.interp(centre_s, time_s, bpm), np.nan
    )


def errors_by_recording(table: pd.DataFrame) -> pd.DataFrame:
    """Error of the estimates of each recording; see `DatasetPrediction`."""
    rows = []
    for name, part in table.groupby("recording", sort=False):
        error_bpm = (part["bpm"] - part["hr_bpm"]).abs()
        valid_bpm = error_bpm[part["valid"]].dropna()
        rows.append(
            {
                "recording": name,
                "windows": len(part),
                "valid": float(part["valid"].mean()),
                "mae_bpm": float(error_bpm.mean()),
                "valid_mae_bpm": float(valid_bpm.mean()),
                "valid_gross_share": float((valid_bpm > GROSS_ERROR_BPM).mean())
                if len(valid_bpm)
                else float("nan"),
            }
        )
    return pd.DataFrame(rows)
