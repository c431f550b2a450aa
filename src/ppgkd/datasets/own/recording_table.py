"""A user's recording as one table, CSV or Parquet, on an even grid, with gaps filled by NaN."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ppgkd.datasets.own.columns import (
    errors_name,
    first_row_number,
    number_columns,
    read_columns,
    read_other_columns,
)
from ppgkd.datasets.own.even_grid import EvenGrid, fill_gaps
from ppgkd.datasets.own.log_times import LogTimes, log_times
from ppgkd.datasets.own.notes import unit_notes, unused_column_notes
from ppgkd.datasets.own.sensors import split_sensors
from ppgkd.datasets.own.time_columns import TIME_S, TIMESTAMP
from ppgkd.datasets.own.time_stamps import require_rate
from ppgkd.datasets.own.unread_times import refuse_unread_times

RENAME_TIME = "Name it time_s and give it in seconds, or remove it from the table ({})."


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
    times
        How the table writes its times.
    """

    signal: NDArray[np.float32]
    first_s: float
    rate_hz: float
    notes: tuple[str, ...]
    times: LogTimes


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
            refuse_unread_times(others, rate_hz, first_row_number(path), RENAME_TIME)
        sensors = split_sensors(table, channels, values, rate_hz, first_row_number(path))
    grid = EvenGrid(sensors[0].clock, to_rate_hz or rate_hz)
    notes = [
        *unused_column_notes(unused),
        *grid.notes,
        *(note for sensor in sensors for note in sensor.notes),
        *unit_notes(values, channels),
    ]
    signal = grid.joined(
        [(fill_gaps(sensor.values, sensor.clock), sensor.clock) for sensor in sensors]
    )
    return RecordingTable(
        signal, grid.clock.first_s, grid.true_rate_hz, tuple(notes), log_times(table)
    )
