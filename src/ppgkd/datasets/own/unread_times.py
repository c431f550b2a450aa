"""Columns of time, or counters of samples, that are not read beside a declared rate.

Such a column matters only if it says something else than the declared rate does: that samples are
missing, or that the rate is another one. A constant, a counter without jumps, and times that agree
with the rate are harmless.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from ppgkd.datasets.own.clock import fit_clock
from ppgkd.datasets.own.time_columns import PER_SECOND
from ppgkd.datasets.own.time_stamps import RATE_TOLERANCE
from ppgkd.errors import PpgkdError

TIME_NAMES = re.compile(
    r"time|date|epoch|unix|utc|elapsed|clock|stamp|(?:^|_)t(?:s|ms|us|ns)?(?:_|$)|^(?:ms|millis|"
    r"micros|sec|secs|seconds)$|_(?:ms|msec|usec|us|ns|sec)$",
    re.IGNORECASE,
)
"""Names of columns that may be times."""

UNIT_NAMES = {
    "ms": r"(?:^|_)(?:t?ms|msec|millis)(?:_|$)",
    "us": r"(?:^|_)(?:t?us|usec|micros)(?:_|$)",
    "ns": r"(?:^|_)t?ns(?:_|$)",
    "s": r"(?:^|_)(?:s|sec|secs|seconds)(?:_|$)",
}
"""Ends of the names of columns that say their unit."""

NAMED_RATIO, UNNAMED_RATIO = 4.0, 1.25
"""Largest ratio between the declared rate and that of a column which is time: by its name, or by
its even steps alone."""

EVEN_STEPS = 0.9
"""Smallest fraction of steps within a tenth of the usual one, in a column not named as time."""

LAG_S = 4.0
"""The rate of a column is that of its median increase in this time."""

MAX_EMPTY = 0.5
MAX_MISSING = 2
"""Missing samples that shift no window to speak of; beside jitter, so many may be miscounted."""

LEAST_ROWS = 10


def refuse_unread_times(table: pa.Table, rate_hz: float, first_row: int, remedy: str) -> None:
    """Refuse columns that are not read and contradict the declared rate.

    Parameters
    ----------
    table
        The columns of a recording that are not used.
    rate_hz
        The declared rate.
    first_row
        Number of the first row, for the messages.
    remedy
        What to do, with the column as ``{}``.
    """
    for name, column in zip(table.column_names, table.columns, strict=True):  # may share a name
        problem = _contradiction(name, column, rate_hz)
        if problem:
            raise PpgkdError(
                f"its column {name} looks like the time of each row, from {column[0]} in row "
                f"{first_row} to {column[-1]} in the last, and it is not used, but it says that "
                f"{problem}. {remedy.format(name)}"
            )


def _contradiction(name: str, column: pa.ChunkedArray, rate_hz: float) -> str:
    """What a column says that the declared rate does not; empty if it agrees or is no time."""
    found = [_clock_says(time_s, rate_hz) for time_s in _as_seconds(name, column, rate_hz)]
    return "" if not all(found) else next(iter(found), "")


def _clock_says(time_s: NDArray[np.float64], rate_hz: float) -> str:
    known = np.isfinite(time_s)
    clock = fit_clock(time_s[known])
    n_missing = clock.n_missing - int((~known).sum())
    error = max(abs(clock.rate_hz / rate_hz - 1), *np.abs(clock.local_rate_hz / rate_hz - 1))
    if error > RATE_TOLERANCE + 2 * clock.rate_uncertainty:
        return f"the rate is {clock.rate_hz:.4g} Hz, not {rate_hz:g} Hz"
    if n_missing > MAX_MISSING:
        return f"{n_missing} samples are missing, {n_missing / clock.rate_hz:.3g} s"
    return ""


def _as_seconds(
    name: str, column: pa.ChunkedArray, rate_hz: float
) -> Iterator[NDArray[np.float64]]:
    """The column in seconds, shape (n_rows,), for each way in which it can be time."""
    values, of_dates = _numbers(column)
    known = np.isfinite(values)
    if len(values) < LEAST_ROWS or known.mean() < MAX_EMPTY:
        return
    step = np.diff(values[known])
    if (step < 0).any() or not (step > 0).any():
        return
    named = bool(TIME_NAMES.search(name)) or of_dates
    units = [unit for unit, of in UNIT_NAMES.items() if re.search(of, name, re.IGNORECASE)]
    if of_dates:
        units = ["s"]
    elif (step == 1).all() and not units:
        return  # a counter
    usual = np.median(step)
    counts = usual == 1 and np.mean(step == 1) >= EVEN_STEPS and (step == np.round(step)).all()
    even = np.mean(np.abs(step - usual) <= 0.1 * usual) >= EVEN_STEPS
    if counts and not units:
        yield values / rate_hz  # a counter with jumps
    elif named or even:
        lag = min(round(LAG_S * rate_hz), len(step) // 3)
        typical = float(np.median(step.cumsum()[lag:] - step.cumsum()[:-lag])) / lag
        near = NAMED_RATIO if named else UNNAMED_RATIO
        for unit in units or PER_SECOND:
            if 1 / near <= typical * rate_hz / PER_SECOND[unit] <= near:
                yield values / PER_SECOND[unit]


def _numbers(column: pa.ChunkedArray) -> tuple[NDArray[np.float64], bool]:
    """The column as numbers, in seconds if it has date-times, and whether it does."""
    kind = column.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(), np.float64), False
    if not (
        pa.types.is_timestamp(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind)
    ):
        return np.zeros(0), False
    texts = column.to_pandas()
    if pd.to_datetime(texts[:20], format="ISO8601", utc=True, errors="coerce").isna().all():
        return np.zeros(0), False
    moments = pd.to_datetime(texts, format="ISO8601", utc=True, errors="coerce")
    return np.asarray((moments - pd.Timestamp(0, tz="UTC")).dt.total_seconds(), np.float64), True
