"""Sensors of one table, which may have different rates: their samples, and when they were taken."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ppgkd.datasets.own.clock import Clock, fit_clock
from ppgkd.datasets.own.columns import number_columns
from ppgkd.datasets.own.even_grid import fill_gaps
from ppgkd.datasets.own.notes import gap_notes, lost_cell_notes
from ppgkd.datasets.own.row_clock import clock_of_rows, seconds_of_rows
from ppgkd.datasets.own.sensor_rows import NEARLY_ALL, has_sample, is_even, without_repeats
from ppgkd.datasets.own.stamp_lateness import interpolate
from ppgkd.datasets.own.time_stamps import MAX_UNCERTAINTY, RATES_HZ, read_clock
from ppgkd.errors import PpgkdError

SLOWEST_HZ = 1.0
"""Lowest rate of a sensor beside the PPG."""

MAX_TOGETHER = 0.3
"""Sensors have clocks of their own if at most this fraction of their samples share a row."""


@dataclass(frozen=True, eq=False)
class Sensor:
    """Channels that are sampled together.

    Attributes
    ----------
    channels
        Names of the channels.
    values
        Samples, shape (n_channels, n_own_rows); NaN for empty cells.
    clock
        When they were taken.
    rows
        Row of each sample in the table, counted from 0, shape (n_own_rows,).
    joined
        How the join with other sensors shows; empty if it does not.
    """

    channels: tuple[str, ...]
    values: NDArray[np.float32]
    clock: Clock
    rows: NDArray[np.int64]
    joined: str = ""

    @property
    def name(self) -> str:
        """``PPG``, ``acceleration``, or both."""
        kinds = {"acceleration" if name.startswith("acc") else "PPG" for name in self.channels}
        return " and ".join(sorted(kinds))

    @property
    def duration_s(self) -> float:
        """Duration of the samples."""
        return float(self.clock.seconds(self.clock.sample_index[-1:])[0]) + 1 / self.clock.rate_hz

    def seconds_of_rows(self, n_rows: int) -> NDArray[np.float64]:
        """Time of every row of the table from the first sample, shape (n_rows,)."""
        own_s = self.clock.seconds(self.clock.sample_index)
        if len(self.rows) == n_rows:
            return own_s
        return interpolate(np.arange(n_rows), self.rows.astype(np.float64), own_s)

    def nearest(self, codes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Codes of the table's rows at the sensor's own rows: of the nearest row with a code.

        Parameters
        ----------
        codes
            Shape (n_rows,); -1 for an empty cell.

        Returns
        -------
        ndarray of shape (n_own_rows,)
            -1 if all rows near by, up to two samples away, have none.
        """
        known = np.flatnonzero(codes >= 0)
        if len(self.rows) == len(codes) or not len(known):
            return codes[self.rows]
        after = np.searchsorted(known, self.rows).clip(1, len(known) - 1) if len(known) > 1 else 0
        left, right = known[np.maximum(after - 1, 0)], known[after]
        near = np.where(self.rows - left <= right - self.rows, left, right)
        close = np.abs(near - self.rows) <= 2 * len(codes) / len(self.rows)
        return np.where(close, codes[near], -1)

    @property
    def notes(self) -> list[str]:
        """Notes for the user."""
        notes = [*gap_notes(self.clock), *lost_cell_notes(self.values)]
        if not self.joined:
            return notes
        own = f"{self.joined}, so it is read at its own rate, {self.clock.rate_hz:.4g} Hz"
        return [f"{self.name}: {note}" for note in (own, *notes)]


def split_sensors(
    table: pa.Table,
    channels: tuple[str, ...],
    values: NDArray[np.float32],
    rate_hz: float | None,
    first_row: int,
) -> list[Sensor]:
    """Split a table into sensors; that of the PPG is the first, and often the only one.

    Parameters
    ----------
    table
        Result of `ppgkd.datasets.own.columns.read_columns`.
    channels, values
        Names of its channels, ``acc_*`` for the acceleration, and their samples, shape
        (n_channels, n_rows).
    rate_hz
        Declared sampling rate, of the PPG; None if it is not declared.
    first_row
        Number of the first row, for the messages.

    Raises
    ------
    PpgkdError
        If the time stamps are invalid or missing, or if a sensor's samples have no rate.
    """
    is_acc = np.array([name.startswith("acc") for name in channels])
    groups = [group for group in (~is_acc, is_acc) if group.any()]
    present = [has_sample(values[group]) for group in groups]
    rows = _own_rows([values[group] for group in groups], present)
    if len(rows) == 2 and _agree(*rows):
        groups, rows = [np.ones(len(channels), np.bool_)], [rows[0] | rows[1]]
        present = [present[0] | present[1]]
    sensors: list[Sensor] = []
    for group, has, own in zip(groups, present, rows, strict=True):
        names = tuple(name for name, inside in zip(channels, group, strict=True) if inside)
        joined = _join_shown(has, own)
        clock = (
            _other_clock(table, own, sensors[0], first_row)
            if sensors
            else _first_clock(table, own, rate_hz, first_row, joined)
        )
        sensors.append(Sensor(names, values[group][:, own], clock, np.flatnonzero(own), joined))
    return sensors


def sensor_of_column(
    table: pa.Table, name: str, first: Sensor, first_row: int
) -> tuple[NDArray[np.float32], Clock]:
    """Samples of one more column, such as an ECG, with the clock of its own that a join needs.

    Parameters
    ----------
    table, first_row
        As for `split_sensors`.
    name
        The column.
    first
        Sensor of the PPG.
    """
    values = number_columns(table, [name])
    own = has_sample(values)
    time_s = seconds_of_rows(table, first_row)
    apart = own.mean() < NEARLY_ALL and is_even(own)
    if time_s is None or not own.any() or not (first.joined or apart):
        return fill_gaps(values[:, first.rows], first.clock), first.clock
    clock = read_clock(time_s[own], None, first_row, np.flatnonzero(own))
    return fill_gaps(values[:, own], clock), clock


def _own_rows(
    values: list[NDArray[np.float32]], present: list[NDArray[np.bool_]]
) -> list[NDArray[np.bool_]]:
    """Rows with new samples of each sensor; all rows if it has the rows' own rate."""
    found = []
    for of_sensor, has in zip(values, present, strict=True):
        rows = without_repeats(of_sensor, has)
        apart = any(_are_apart(has, other) for other in present)
        even = is_even(rows) and (rows.mean() < NEARLY_ALL or rows.sum() < has.sum())
        # cells that are empty at random are lost
        found.append(rows if rows.any() and (apart or even) else np.ones_like(rows))
    return found


def _are_apart(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> bool:
    """Whether most samples of each of two sensors are in rows without the other."""
    both = int((one & other).sum())
    fewest = min(int(one.sum()), int(other.sum()))
    return fewest > 0 and both <= MAX_TOGETHER * fewest


def _agree(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> bool:
    """Whether two sensors have their samples in the same rows."""
    return bool((one ^ other).sum() <= (1 - NEARLY_ALL) * (one | other).sum())


def _join_shown(present: NDArray[np.bool_], own: NDArray[np.bool_]) -> str:
    if own.all():
        return ""
    if (own & present).sum() == present.sum():
        return "its cells are empty in the rows of other sensors"
    return "each of its values is repeated until the next one"


def _first_clock(
    table: pa.Table, own: NDArray[np.bool_], rate_hz: float | None, first_row: int, joined: str
) -> Clock:
    """Clock of the PPG."""
    if own.all():
        return clock_of_rows(table, rate_hz, first_row)
    time_s = seconds_of_rows(table, first_row)
    if time_s is None:
        raise PpgkdError(
            f"the PPG has new samples in {own.mean():.0%} of the rows ({joined}), and without time "
            "stamps its rate cannot be known. Add time_s or timestamp, or write one row per sample "
            "of the PPG."
        )
    try:
        return read_clock(time_s[own], rate_hz, first_row, np.flatnonzero(own))
    except PpgkdError as error:
        raise PpgkdError(f"the PPG, read by itself since {joined}: {error}") from error


def _other_clock(table: pa.Table, own: NDArray[np.bool_], first: Sensor, first_row: int) -> Clock:
    """Clock of another sensor."""
    ticks = first.clock
    if len(ticks.sample_index) == len(own):  # times of the rows without the jitter of their stamps
        time_s = ticks.first_s + ticks.seconds(ticks.sample_index)
    else:
        stamps_s = seconds_of_rows(table, first_row)
        assert stamps_s is not None, "without time stamps, the PPG has a sample in every row"
        time_s = stamps_s
    clock = fit_clock(time_s[own])
    if not SLOWEST_HZ <= clock.rate_hz <= RATES_HZ[1] or clock.rate_uncertainty > MAX_UNCERTAINTY:
        raise PpgkdError(
            f"the acceleration has samples of its own in {own.mean():.0%} of the rows, which give "
            f"{clock.rate_hz:.4g} Hz to within {2 * clock.rate_uncertainty:.1%}: no rate of a "
            "sensor. Write one row per sample of the PPG, with the acceleration interpolated at "
            "its time."
        )
    return clock
