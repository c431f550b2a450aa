"""Heart rate of a user's recording, from a table of samples to a table of estimates."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from ppgkd.datasets.own.log_times import LogTimes
from ppgkd.datasets.own.recording_table import RecordingTable, read_recording_table
from ppgkd.datasets.own.time_stamps import require_rate
from ppgkd.errors import PpgkdError
from ppgkd.inference.stream import Estimate, HeartRateStream
from ppgkd.inference.validity import REASONS
from ppgkd.runtime.artifacts import write_csv, write_parquet

CHUNK_S = 60
"""Seconds of signal per step of the progress bar."""

NEAR_RATE = 0.05
"""Largest relative difference between the rates of a recording and a model that resampling bridges.
A sensor's clock may be off by a few per cent; beyond that it is another sensor."""

DECIMALS = 3
"""Decimals of the tables written; finer than any sensor's clock or any estimate."""


@dataclass(frozen=True, eq=False)
class RecordingPrediction:
    """Estimated heart rate of one recording.

    Attributes
    ----------
    table
        One row per window: the fields of `ppgkd.inference.stream.Estimate`; times are those of the
        recording's own clock, see `on_log_clock`.
    notes
        Remarks on the recording for the user.
    window_s
        Length of a window.
    """

    table: pd.DataFrame
    notes: tuple[str, ...]
    window_s: float

    @property
    def rounded(self) -> pd.DataFrame:
        """The table with rounded numbers."""
        return self.table.round(DECIMALS)

    @property
    def summary(self) -> str:
        """The result in one line."""
        valid = self.table["valid"]
        bpm = self.table["bpm"][valid]
        result = (
            f"median {bpm.median():.0f} BPM, from {bpm.min():.0f} to {bpm.max():.0f}"
            if len(bpm)
            else "no estimate can be trusted"
        )
        return (
            f"windows of {self.window_s:g} s: {len(valid)}, valid: {valid.sum()}"
            f"{_by_reason(self.table['reason'])}; {result}"
        )


def predict_recording(
    recording: str | Path,
    model: str | Path,
    rate_hz: float,
    *,
    online_filter: bool = True,
    max_sd_bpm: float | None = None,
) -> RecordingPrediction:
    """Estimate the heart rate of a recording.

    Parameters
    ----------
    recording
        Table that `ppgkd.datasets.own.recording_table.read_recording_table` can read.
    model
        A student that a study has exported.
    rate_hz
        Sampling rate of the recording. If its time stamps give another one near the model's, it is
        resampled to the model's.
    online_filter, max_sd_bpm
        As for `ppgkd.inference.stream.HeartRateStream`.

    Raises
    ------
    PpgkdError
        If the model is for another rate, or the recording is invalid.
    """
    require_rate(rate_hz)
    stream = HeartRateStream(model, online_filter=online_filter, max_sd_bpm=max_sd_bpm)
    card = stream.model_card
    if not abs(rate_hz / card.rate_hz - 1) <= NEAR_RATE:
        raise PpgkdError(
            f"{model} is for a sensor of {card.rate_hz:g} Hz, the recording has {rate_hz:g} Hz. "
            f"{export_advice(model, rate_hz)}"
        )
    table = read_recording_table(recording, card.channels, rate_hz, card.rate_hz)
    n_samples = table.signal.shape[1]
    if n_samples < card.n_samples:
        raise PpgkdError(
            f"{recording} has {n_samples} samples, {n_samples / card.rate_hz:.3g} s; one window "
            f"has {card.n_samples}, {card.window_s:g} s. Make a longer recording."
        )
    estimates = _on_clock(_push_all(stream, table), table, card.rate_hz)
    return RecordingPrediction(estimates, table.notes, card.window_s)


def export_advice(model: str | Path, rate_hz: float) -> str:
    """How to make a file of the same weights for a sensor of another rate."""
    return (
        f"Make a file of the same weights for that rate: ppgkd export {model} --rate {rate_hz:g} "
        f"--output student-{rate_hz:g}hz.onnx"
    )


def write_prediction(prediction: RecordingPrediction, path: str | Path) -> None:
    """Write the table atomically, as CSV or Parquet by the file's suffix."""
    write = write_parquet if Path(path).suffix.lower() == ".parquet" else write_csv
    write(path, prediction.rounded)


def _by_reason(reason: pd.Series) -> str:
    """How many estimates are not valid for each reason."""
    counts = reason[reason != ""].value_counts()
    return "".join(f", {name}: {counts[name]}" for name in REASONS if name in counts)


def _push_all(stream: HeartRateStream, table: RecordingTable) -> list[Estimate]:
    estimates, step = [], round(CHUNK_S * stream.model_card.rate_hz)
    n_samples = table.signal.shape[1]
    # disable=None: a bar on a terminal, nothing in a log
    with tqdm(total=n_samples, unit=" samples", unit_scale=True, disable=None) as bar:
        for start in range(0, n_samples, step):
            chunk = table.signal[:, start : start + step]
            estimates += stream.push(chunk)
            bar.update(chunk.shape[1])
    return estimates


def _on_clock(estimates: list[Estimate], table: RecordingTable, rate_hz: float) -> pd.DataFrame:
    """Table of the estimates, with times of the recording's own clock."""
    columns = [field.name for field in fields(Estimate)]
    found = pd.DataFrame([asdict(estimate) for estimate in estimates], columns=columns)
    return on_log_clock(found, table.first_s, rate_hz / table.rate_hz, table.times)


def on_log_clock(
    table: pd.DataFrame, first_s: float, stretch: float, times: LogTimes
) -> pd.DataFrame:
    """Table of estimates with the times of a log: in seconds, and as the log writes them.

    Parameters
    ----------
    table
        With ``start_s`` and ``end_s`` from the first sample.
    first_s
        Time of that sample on the clock of the log.
    stretch
        Seconds of that clock for each second of the table.
    times
        How the log writes its times. If not as seconds, the columns ``start_time`` and
        ``end_time`` follow those in seconds.
    """
    seconds = ["start_s", "end_s"]
    table = table.assign(**{name: first_s + table[name] * stretch for name in seconds})
    for place, name in enumerate(seconds):
        written = times.written(table[name].to_numpy())
        if written is not None:
            after = list(table.columns).index("end_s") + 1 + place
            table.insert(after, name.replace("_s", "_time"), written)
    return table
