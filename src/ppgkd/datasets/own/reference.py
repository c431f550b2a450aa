"""The reference of own recordings: a column, a table beside it, or an ECG."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ppgkd.datasets.dataset import RecordingEntry
from ppgkd.datasets.own.definition import Definition
from ppgkd.datasets.own.recording_table import (
    SECONDS,
    clock_of,
    first_row_of,
    named,
    numbers_of,
    place_samples,
    read_columns,
    times_of,
    values_of,
)
from ppgkd.datasets.own.time_stamps import Clock
from ppgkd.datasets.recording import PLAUSIBLE_BPM
from ppgkd.errors import PpgkdError
from ppgkd.grid import STRIDE_S, WINDOW_S

BPM = "bpm"


@dataclass(frozen=True, eq=False)
class Reference:
    """Reference of one recording.

    Attributes
    ----------
    time_s
        Centres of the windows, in seconds from the first sample, shape (n_references,).
    bpm
        Heart rate, shape (n_references,); NaN where there is none.
    n_values
        How many values were given.
    n_implausible
        How many of them are outside `PLAUSIBLE_BPM`; they count as missing.
    """

    time_s: NDArray[np.float64]
    bpm: NDArray[np.float32]
    n_values: int
    n_implausible: int

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know."""
        if not self.n_implausible:
            return ()
        lower, upper = PLAUSIBLE_BPM
        return (
            f"references outside {lower:g} to {upper:g} BPM, which count as missing: "
            f"{self.n_implausible} of {self.n_values}",
        )


def read_reference(
    definition: Definition,
    entry: RecordingEntry,
    rows: pa.Table,
    clock: Clock,
    rate_hz: float,
) -> Reference:
    """Read the reference of a recording.

    Parameters
    ----------
    definition
        What the user's YAML file says.
    entry
        The recording.
    rows
        Its rows.
    clock
        When they were taken.
    rate_hz
        Rate that the recording goes by.

    Raises
    ------
    PpgkdError
        If a file, a column or the times are not as they must be, or if there is no value.
    """
    rule = definition.about["reference"]
    if "ecg" in rule:
        return _of_ecg(entry, rule["ecg"], rows, clock, rate_hz)
    if "column" in rule:
        bpm = numbers_of(rows, rule["column"])
        time_s, where = clock.place / rate_hz, f"its column {rule['column']}"
    else:
        path = Path(entry.files[2].path)
        where = str(path)
        table, _ = read_columns(path, (BPM,))
        with named(path):
            bpm = numbers_of(table, BPM)
            time_s = _seconds_from_first(table, path, rows) * clock.rate_hz / rate_hz
    known = np.isfinite(bpm)
    if not known.any():
        raise PpgkdError(f"{where} has no value: there is no reference. Fill it in.")
    return _of_values(time_s[known], bpm[known], rule, where)


def _of_ecg(
    entry: RecordingEntry, rule: Mapping[str, Any], rows: pa.Table, clock: Clock, rate_hz: float
) -> Reference:
    from ppgkd.datasets.ecg_reference import reference_from_ecg  # what finds beats is slow to load

    if "files" not in rule:
        ecg = place_samples(values_of(rows, [rule["column"]]), clock)[0]
        time_s, bpm = reference_from_ecg(ecg, rate_hz)
    else:
        path = Path(entry.files[2].path)
        table, _ = read_columns(path, (rule["column"],))
        with named(path):
            of_ecg = clock_of(table, rule["rate_hz"], first_row_of(path))
            ecg = place_samples(values_of(table, [rule["column"]]), of_ecg)[0]
            time_s, bpm = reference_from_ecg(ecg, of_ecg.rate_hz)
            late_s = 0.0
            if times_of(table, 1) is not None:
                late_s = float(_seconds_from_first(table, path, rows)[0])
            time_s = (time_s + late_s) * clock.rate_hz / rate_hz
    if not np.isfinite(bpm).any():
        raise PpgkdError(
            f"no window of the ECG in the column {rule['column']} has a trustworthy heart rate. Is "
            "it an ECG, at the rate that is declared?"
        )
    return Reference(time_s, bpm, len(bpm), 0)


def _seconds_from_first(table: pa.Table, path: Path, rows: pa.Table) -> NDArray[np.float64]:
    """Times of a reference's table, in seconds from the first sample of the recording."""
    time_s, sample_s = times_of(table, first_row_of(path)), times_of(rows, 1)
    if time_s is None:
        raise PpgkdError("it lacks the time of its values; name a column time_s or timestamp.")
    if sample_s is None and SECONDS not in table.column_names:
        raise PpgkdError("it has date-times, but the samples have none; use time_s for both.")
    if sample_s is not None and (SECONDS in table.column_names) != (SECONDS in rows.column_names):
        raise PpgkdError(
            "its times are of another kind than those of the samples; use time_s in both, or "
            "timestamp in both."
        )
    backward = np.flatnonzero(~(np.diff(time_s) > 0))
    if backward.size or not np.isfinite(time_s).all():
        row = first_row_of(path) + (int(backward[0]) + 1 if backward.size else 0)
        raise PpgkdError(f"the time of row {row} is not after that of the row before; sort it.")
    return time_s - (0.0 if sample_s is None else float(sample_s[0]))


def _of_values(
    time_s: NDArray[np.float64], bpm: NDArray[np.float64], rule: Mapping[str, Any], where: str
) -> Reference:
    lower, upper = PLAUSIBLE_BPM
    strange = (bpm < lower) | (bpm > upper)
    bpm = np.where(strange, np.nan, bpm)
    shift = {"start": 0.5, "centre": 0.0, "end": -0.5}[rule["time_is"]]
    time_s = time_s + shift * rule["window_s"]
    interval_s = np.diff(time_s)
    if len(interval_s) and np.median(interval_s) > rule["longest_gap_s"]:
        raise PpgkdError(
            f"{where} has a value every {np.median(interval_s):.3g} s, and "
            f"'reference.longest_gap_s' is {rule['longest_gap_s']:g}: there would be nothing "
            "between any two. Set it to more."
        )
    gaps = np.flatnonzero(interval_s > rule["longest_gap_s"])
    time_s = np.insert(time_s, gaps + 1, (time_s[gaps] + time_s[gaps + 1]) / 2)
    bpm = np.insert(bpm, gaps + 1, np.nan)
    counts = (len(strange), int(strange.sum()))
    if rule["window_s"] < WINDOW_S:
        time_s, bpm = _averaged(time_s, bpm, (WINDOW_S - rule["window_s"]) / 2)
    return Reference(time_s, bpm.astype(np.float32), *counts)


def _averaged(
    time_s: NDArray[np.float64], bpm: NDArray[np.float64], reach_s: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean of the values within reach, every stride; NaN where one of them is missing."""
    centre_s = np.arange(time_s[0] + reach_s, time_s[-1] - reach_s + 1e-6, STRIDE_S)
    first = np.searchsorted(time_s, centre_s - reach_s - 1e-6)
    last = np.searchsorted(time_s, centre_s + reach_s + 1e-6)
    until = np.concatenate([[0], np.cumsum(np.nan_to_num(bpm))])
    missing = np.concatenate([[0], np.cumsum(np.isnan(bpm))])
    sums, count = until[last] - until[first], last - first
    whole = (missing[last] == missing[first]) & (count > 0)
    return centre_s, np.where(whole, sums / np.maximum(count, 1), np.nan)
