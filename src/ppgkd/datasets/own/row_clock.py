"""When the rows of a user's table were sampled."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ppgkd.datasets.own.clock import Clock, even_clock
from ppgkd.datasets.own.columns import row_times_s
from ppgkd.datasets.own.time_columns import TIME_S, TIMESTAMP
from ppgkd.datasets.own.time_stamps import read_clock, require_order
from ppgkd.errors import PpgkdError

MAX_DOUBLE = 0.05
"""If more rows than this fraction share a time stamp, samples come in batches."""


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
    time_s = seconds_of_rows(table, first_row)
    if time_s is not None:
        return read_clock(time_s, rate_hz, first_row)
    if rate_hz is None:
        raise PpgkdError(
            "its rate is unknown: 'rate_hz' is not given, and the table has no time stamps "
            f"({TIME_S} in seconds, or {TIMESTAMP}). Give 'rate_hz'."
        )
    return even_clock(0.0, rate_hz, table.num_rows)


def seconds_of_rows(table: pa.Table, first_row: int) -> NDArray[np.float64] | None:
    """Time stamps of the rows in seconds, in order; None if there are none.

    Date-times count from the first row: seconds since 1970 are of no use to the reader.
    """
    time_s = row_times_s(table, first_row)
    if time_s is None:
        return None
    require_order(time_s, first_row)
    _refuse_double_rows(table, time_s, first_row)
    return time_s if TIME_S in table.column_names else time_s - time_s[0]


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
