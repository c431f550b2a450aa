"""A user's recording as one table, CSV or Parquet, with gaps filled by NaN."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ppgkd.datasets.own.columns import (
    TIME_S,
    errors_name,
    first_row_number,
    number_columns,
    read_columns,
    row_times_s,
)
from ppgkd.datasets.own.notes import gap_notes, lost_cell_notes, unit_notes, unused_column_notes
from ppgkd.datasets.own.time_stamps import Clock, read_clock, require_rate


@dataclass(frozen=True, eq=False)
class RecordingTable:
    """A recording with a sample at every tick of the sensor's clock.

    Attributes
    ----------
    signal
        Shape (n_channels, n_samples), float32; NaN where a sample is missing.
    first_s
        Time of the first sample: its ``time_s``, else zero.
    rate_hz
        Sampling rate: measured from the time stamps if there are any, else as declared.
    notes
        Notes for the user.
    """

    signal: NDArray[np.float32]
    first_s: float
    rate_hz: float
    notes: tuple[str, ...]


def read_recording_table(
    path: str | Path, channels: tuple[str, ...], rate_hz: float
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
        clock = clock_of_rows(table, rate_hz, first_row_number(path))
    notes = [
        *unused_column_notes(unused),
        *gap_notes(clock),
        *lost_cell_notes(values),
        *unit_notes(values, channels),
    ]
    return RecordingTable(fill_gaps(values, clock), clock.first_s, clock.rate_hz, tuple(notes))


def clock_of_rows(table: pa.Table, rate_hz: float, first_row: int) -> Clock:
    """Find when the rows were sampled: by their time stamps, else at the declared rate.

    Parameters
    ----------
    table
        Result of `ppgkd.datasets.own.columns.read_columns`.
    rate_hz
        Declared sampling rate.
    first_row
        Number of the first row, for the messages.
    """
    time_s = row_times_s(table, first_row)
    if time_s is None:
        return Clock(0.0, rate_hz, np.arange(table.num_rows))
    if TIME_S not in table.column_names:  # seconds since 1970 are of no use to the reader
        time_s = time_s - time_s[0]
    return read_clock(time_s, rate_hz, first_row)


def fill_gaps(values: NDArray[np.float32], clock: Clock) -> NDArray[np.float32]:
    """Insert NaN for missing samples.

    Parameters
    ----------
    values
        Samples of the rows, shape (n_channels, n_rows).
    clock
        When they were sampled.

    Returns
    -------
    ndarray of shape (n_channels, n_samples)
        One sample for each tick of the clock.
    """
    signal = np.full((len(values), int(clock.sample_index[-1]) + 1), np.nan, np.float32)
    signal[:, clock.sample_index] = values
    return signal
