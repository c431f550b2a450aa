"""A user's recording as one table, CSV or Parquet, on an even grid, with gaps filled by NaN."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ppgkd.datasets.own.clock import Clock, even_clock
from ppgkd.datasets.own.columns import (
    errors_name,
    first_row_number,
    number_columns,
    read_columns,
    read_other_columns,
    row_times_s,
)
from ppgkd.datasets.own.even_grid import EvenGrid
from ppgkd.datasets.own.notes import gap_notes, lost_cell_notes, unit_notes, unused_column_notes
from ppgkd.datasets.own.time_columns import TIME_S, TIMESTAMP, refuse_unread_times
from ppgkd.datasets.own.time_stamps import read_clock, require_rate
from ppgkd.errors import PpgkdError

RENAME_TIME = "Name it time_s and give it in seconds, or remove it from the table ({})."

MAX_DOUBLE = 0.05
"""If more rows than this fraction share a time stamp, samples come in batches."""


@dataclass(frozen=True, eq=False)
class RecordingTable:
    """A recording with evenly spaced samples.

    Attributes
    ----------
    signal
        Shape (n_channels, n_samples), float32; NaN where a sample is missing.
    first_s
        Time of the first sample: its ``time_s``, else zero.
    rate_hz
        Sampling rate of the signal: that asked for or, if nothing was resampled, the sensor's own,
        which is the same to `ppgkd.datasets.own.even_grid.SAME_RATE`.
    notes
        Notes for the user.
    """

    signal: NDArray[np.float32]
    first_s: float
    rate_hz: float
    notes: tuple[str, ...]


def read_recording_table(
    path: str | Path,
    channels: tuple[str, ...],
    rate_hz: float,
    to_rate_hz: float | None = None,
) -> RecordingTable:
    """Read a recording.

    Parameters
    ----------
    path
        Table with one row per sample, a column for each channel and, if there are time stamps,
        ``time_s`` in seconds or ``timestamp`` as ISO 8601 date and time. Other columns are not
        used. Empty cells are missing samples.
    channels
        Names of the columns to read.
    rate_hz
        Declared sampling rate.
    to_rate_hz
        Sampling rate of the signal to return; None: as declared.

    Raises
    ------
    PpgkdError
        If the file, a column, a cell or the time stamps are invalid.
    """
    path = Path(path)
    require_rate(rate_hz)
    table, unused = read_columns(path, channels)
    with errors_name(path):
        values = number_columns(table, channels)
        if not {TIME_S, TIMESTAMP}.intersection(table.column_names):
            others = read_other_columns(path, unused)
            refuse_unread_times(others, first_row_number(path), RENAME_TIME)
        clock = clock_of_rows(table, rate_hz, first_row_number(path))
    grid = EvenGrid(clock, to_rate_hz or rate_hz)
    notes = [
        *unused_column_notes(unused),
        *grid.notes,
        *gap_notes(clock),
        *lost_cell_notes(values),
        *unit_notes(values, channels),
    ]
    return RecordingTable(grid.put(values), clock.first_s, grid.true_rate_hz, tuple(notes))


def clock_of_rows(table: pa.Table, rate_hz: float | None, first_row: int) -> Clock:
    """Find when the rows were sampled: by their time stamps, else at the declared rate.

    Parameters
    ----------
    table
        Result of `ppgkd.datasets.own.columns.read_columns`.
    rate_hz
        Declared sampling rate; None if it is not declared.
    first_row
        Number of the first row, for the messages.
    """
    time_s = row_times_s(table, first_row)
    if time_s is None:
        if rate_hz is None:
            raise PpgkdError(
                "its rate is unknown: 'rate_hz' is not given, and the table has no time stamps "
                f"({TIME_S} in seconds, or {TIMESTAMP}). Give 'rate_hz'."
            )
        return even_clock(0.0, rate_hz, table.num_rows)
    _refuse_double_rows(table, time_s, first_row)
    if TIME_S not in table.column_names:  # seconds since 1970 are of no use to the reader
        time_s = time_s - time_s[0]
    return read_clock(time_s, rate_hz, first_row)


def _refuse_double_rows(table: pa.Table, time_s: NDArray[np.float64], first_row: int) -> None:
    """Refuse rows that were written twice; samples may share a stamp, but not every value."""
    repeats = np.flatnonzero(np.diff(time_s) == 0)
    if not 0 < repeats.size <= max(MAX_DOUBLE * len(time_s), 1):
        return
    rows, before = table.take(repeats + 1), table.take(repeats)
    if rows.num_columns > 1 and rows.equals(before):
        raise PpgkdError(
            f"row {first_row + repeats[0] + 1} repeats the row before it, time and values "
            f"({repeats.size} such rows in total). A sample must not be there twice: remove one "
            "of each."
        )
