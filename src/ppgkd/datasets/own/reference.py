"""The reference heart rate of own recordings: a column, a second table, an ECG, or beats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ppgkd.datasets.beat_reference import reference_from_intervals
from ppgkd.datasets.dataset import RecordingEntry
from ppgkd.datasets.own.beats import read_beats
from ppgkd.datasets.own.columns import (
    errors_name,
    first_row_number,
    number_column,
    number_columns,
    read_columns,
    row_times_s,
)
from ppgkd.datasets.own.definition import Definition
from ppgkd.datasets.own.description import ECG, ReferenceSource
from ppgkd.datasets.own.even_grid import EvenGrid
from ppgkd.datasets.own.reference_times import seconds_from_first, times_of_reference
from ppgkd.datasets.own.row_clock import clock_of_rows
from ppgkd.datasets.own.sensors import Sensor, sensor_of_column
from ppgkd.datasets.recording import PLAUSIBLE_BPM
from ppgkd.datasets.waveform import Waveform, find_waveform
from ppgkd.errors import PpgkdError
from ppgkd.grid import STRIDE_S, WINDOW_S

BPM_COLUMN = "bpm"

MAX_DISAGREEMENT_BPM = 10.0
"""Largest difference between values of one time that are averaged."""


HELD_S = 60.0
MIN_HELD = 10
"""Time, and number of values, without a change beyond which the user is told."""


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
        Number of values in the file.
    n_implausible
        How many of these are outside `ppgkd.datasets.recording.PLAUSIBLE_BPM`; they count as
        missing.
    remarks
        Other notes for the user.
    """

    time_s: NDArray[np.float64]
    bpm: NDArray[np.float32]
    n_values: int
    n_implausible: int
    remarks: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes for the user."""
        if not self.n_implausible:
            return self.remarks
        lower, upper = PLAUSIBLE_BPM
        return (
            *self.remarks,
            f"references outside {lower:g} to {upper:g} BPM, which count as missing: "
            f"{self.n_implausible} of {self.n_values}",
        )


def read_reference(
    definition: Definition,
    entry: RecordingEntry,
    rows: pa.Table,
    sensor: Sensor,
    grid: EvenGrid,
    waveforms: Sequence[Waveform] = (),
) -> Reference:
    """Read the reference of a recording; it is empty if the YAML file says that there is none.

    Parameters
    ----------
    definition
        Content of the YAML file.
    entry
        The recording.
    rows
        Its rows; without columns if it is no table.
    sensor
        The PPG: when its samples were taken.
    grid
        The times of the recording's samples.
    waveforms
        Its signals, if it is no table.

    Raises
    ------
    PpgkdError
        If a file, a column or the times are invalid, or if there is no value.
    """
    rule = definition.reference
    if rule is None:
        return Reference(np.zeros(0), np.zeros(0, np.float32), n_values=0, n_implausible=0)
    samples = rows.slice(int(sensor.rows[0]))
    if rule.ecg:
        return _from_ecg(definition, entry, rule.ecg, rows, sensor, grid, waveforms)
    if rule.beats:
        path = Path(entry.files[2].path)
        beats = read_beats(definition, rule.beats, path, samples)
        time_s, bpm_of_windows = reference_from_intervals(
            beats.end_s, beats.interval_s, sensor.duration_s
        )
        if not np.isfinite(bpm_of_windows).any():
            raise PpgkdError(f"{path} has beats in no window of the recording. {beats.described}")
        return Reference(grid.seconds(time_s), bpm_of_windows, len(beats.end_s), 0, beats.remarks)
    if rule.column is not None:
        source = f"its column {rule.column}"
        if waveforms:
            signal = find_waveform(waveforms, rule.column)
            bpm = signal.values
            time_s = grid.seconds(np.arange(len(bpm)) / signal.rate_hz)
        else:
            bpm = number_column(rows, str(rule.column))
            time_s = grid.seconds(sensor.seconds_of_rows(rows.num_rows))
    else:
        path = Path(entry.files[2].path)
        source = str(path)
        table, _ = read_columns(path, (BPM_COLUMN,), (), times_of_reference(definition))
        with errors_name(path):
            bpm = number_column(table, BPM_COLUMN)
            time_s = grid.seconds(seconds_from_first(table, path, samples))
    known = np.isfinite(bpm)
    if not known.any():
        raise PpgkdError(f"{source} has no value, so there is no reference. Fill it in.")
    return _from_values(time_s[known], bpm[known], rule, source)


def _from_ecg(
    definition: Definition,
    entry: RecordingEntry,
    rule: ECG,
    rows: pa.Table,
    sensor: Sensor,
    grid: EvenGrid,
    waveforms: Sequence[Waveform],
) -> Reference:
    from ppgkd.datasets.ecg_reference import reference_from_ecg  # slow to import

    if rule.rate_hz is None and waveforms:
        signal = find_waveform(waveforms, rule.column)
        time_s, bpm = reference_from_ecg(signal.values, signal.rate_hz)
        time_s = grid.seconds(time_s)
    elif rule.rate_hz is None:
        ecg, clock = sensor_of_column(rows, str(rule.column), sensor, 1)
        ecg_grid = grid if clock is sensor.clock else EvenGrid(clock, clock.rate_hz)
        time_s, bpm = reference_from_ecg(ecg_grid.resampled(ecg)[0], ecg_grid.true_rate_hz)
        time_s = grid.seconds(time_s + clock.first_s - sensor.clock.first_s)
    else:
        samples = rows.slice(int(sensor.rows[0]))
        path = Path(entry.files[2].path)
        table, _ = read_columns(path, (str(rule.column),), (), times_of_reference(definition))
        with errors_name(path):
            ecg_clock = clock_of_rows(table, rule.rate_hz, first_row_number(path))
            ecg_grid = EvenGrid(ecg_clock, rule.rate_hz)
            ecg = ecg_grid.put(number_columns(table, [str(rule.column)]))[0]
            time_s, bpm = reference_from_ecg(ecg, ecg_grid.true_rate_hz)
            late_s = 0.0
            if row_times_s(table, 1) is not None:
                late_s = float(seconds_from_first(table, path, samples)[0])
            time_s = grid.seconds(time_s + late_s)
    if not np.isfinite(bpm).any():
        raise PpgkdError(
            f"no window of the ECG in the column {rule.column} has a reliable heart rate. Check "
            "that it is an ECG and that its declared rate is right."
        )
    return Reference(time_s, bpm, len(bpm), 0)


def _one_value_per_time(
    time_s: NDArray[np.float64], bpm: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean of the values at each time; NaN where they disagree by more than `MAX_DISAGREEMENT_BPM`.

    A chest strap may send two values in one second.
    """
    at_s, place, count = np.unique(time_s, return_inverse=True, return_counts=True)
    if len(at_s) == len(time_s):
        return time_s, bpm
    starts = np.searchsorted(place, np.arange(len(at_s)))
    range_bpm = np.maximum.reduceat(bpm, starts) - np.minimum.reduceat(bpm, starts)
    mean_bpm = np.bincount(place, weights=bpm) / count
    return at_s, np.where(range_bpm <= MAX_DISAGREEMENT_BPM, mean_bpm, np.nan)


def _from_values(
    time_s: NDArray[np.float64], bpm: NDArray[np.float64], rule: ReferenceSource, source: str
) -> Reference:
    lower, upper = PLAUSIBLE_BPM
    implausible = (bpm < lower) | (bpm > upper)
    bpm = np.where(implausible, np.nan, bpm)
    time_s, bpm = _one_value_per_time(time_s, bpm)
    shift = {"start": 0.5, "centre": 0.0, "end": -0.5}[rule.time_is]
    time_s = time_s + shift * rule.window_s
    interval_s = np.diff(time_s)
    if len(interval_s) and np.median(interval_s) > rule.longest_gap_s:
        raise PpgkdError(
            f"{source} has a value every {np.median(interval_s):.3g} s, but "
            f"'reference.longest_gap_s' is {rule.longest_gap_s:g} s, so nothing could be "
            "interpolated. Set it to a larger value."
        )
    remarks = _held_remarks(time_s, bpm)
    gaps = np.flatnonzero(interval_s > rule.longest_gap_s)
    time_s = np.insert(time_s, gaps + 1, (time_s[gaps] + time_s[gaps + 1]) / 2)
    bpm = np.insert(bpm, gaps + 1, np.nan)
    counts = (len(implausible), int(implausible.sum()))
    if rule.window_s < WINDOW_S:
        time_s, bpm = _averaged(time_s, bpm, (WINDOW_S - rule.window_s) / 2)
    return Reference(time_s, bpm.astype(np.float32), *counts, remarks)


def _held_remarks(time_s: NDArray[np.float64], bpm: NDArray[np.float64]) -> tuple[str, ...]:
    """Say if one value stands for long, as of a strap that lost contact."""
    starts = np.flatnonzero(np.concatenate([[True], np.diff(bpm) != 0]))
    ends = np.concatenate([starts[1:], [len(bpm)]]) - 1
    held_s = np.where(ends - starts + 1 >= MIN_HELD, time_s[ends] - time_s[starts], 0.0)
    longest = int(held_s.argmax())
    if held_s[longest] <= HELD_S:
        return ()
    return (
        f"the reference is {bpm[starts[longest]]:g} BPM without a change for "
        f"{held_s[longest]:.0f} s, and a strap that lost contact keeps its last value: look at it",
    )


def _averaged(
    time_s: NDArray[np.float64], bpm: NDArray[np.float64], half_width_s: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean of the values within the half-width, every stride; NaN where one of them is missing."""
    centre_s = np.arange(time_s[0] + half_width_s, time_s[-1] - half_width_s + 1e-6, STRIDE_S)
    first = np.searchsorted(time_s, centre_s - half_width_s - 1e-6)
    last = np.searchsorted(time_s, centre_s + half_width_s + 1e-6)
    cumulative_bpm = np.concatenate([[0], np.cumsum(np.nan_to_num(bpm))])
    n_missing = np.concatenate([[0], np.cumsum(np.isnan(bpm))])
    sum_bpm, count = cumulative_bpm[last] - cumulative_bpm[first], last - first
    complete = (n_missing[last] == n_missing[first]) & (count > 0)
    return centre_s, np.where(complete, sum_bpm / np.maximum(count, 1), np.nan)
