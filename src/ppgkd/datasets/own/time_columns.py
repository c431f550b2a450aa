"""Columns of time in a user's table: which one it is, its unit, and its zone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ppgkd.errors import PpgkdError

TIME_S, TIMESTAMP = "time_s", "timestamp"
"""Names of columns with the time of each row. If a table has both, the first is used."""

PER_SECOND = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}

SINCE_1970_S = 1e8
"""Numbers of more seconds count from 1970: this is in 1973, and three years after a start."""

UNIT, ZONE, EXAMPLE = b"unit", b"zone", b"example"
"""Keys of the metadata of a column of times, which say how the table had them; see
`ppgkd.datasets.own.log_times`."""

OFFSET = r"(?:[Zz]|[+-]\d{2}(?::?\d{2})?)$"
"""End of an ISO 8601 time with an offset from UTC."""


@dataclass(frozen=True)
class TimeRule:
    """How the times of a table are written.

    Parameters
    ----------
    column
        Column of the times; None: ``time_s`` or ``timestamp``.
    unit
        Its unit: a key of `PER_SECOND`, or ``iso``.
    timezone
        Zone of date-times without an offset; None if it is unknown.
    is_required
        Whether a table without `column` and without other times is refused.
    """

    column: str | None = None
    unit: str = "s"
    timezone: str | None = None
    is_required: bool = True

    def column_in(self, names: Sequence[str]) -> str | None:
        """Find the column of the times among the columns of a table; None if there is none."""
        known = [name for name in (self.column, TIME_S, TIMESTAMP) if name in names]
        return known[0] if known else None

    def is_text(self, column: str | None) -> bool:
        """Whether a column of times is read as text."""
        return self.unit == "iso" if column == self.column else column == TIMESTAMP

    def standard(self, table: pa.Table, column: str | None, first_row: int) -> pa.Table:
        """Table whose times are in ``time_s``, or in ``timestamp`` if they count from 1970.

        Parameters
        ----------
        table
            The table as it was read.
        column
            Its column of times.
        first_row
            Number of the first row, for the messages.
        """
        if column is None:
            return table
        place = table.column_names.index(column)
        times = table[column]
        if column == self.column and self.unit != "iso":
            name, times = _from_number(times, PER_SECOND[self.unit], column)
            return table.set_column(place, _about(name, times, {UNIT: self.unit}), times)
        if column == TIME_S and self.column != TIME_S:
            return table
        if self.timezone is not None and not has_offset(times, column, first_row):
            about = {ZONE: self.timezone, EXAMPLE: str(times[0]) if is_text(times.type) else ""}
            times = _in_zone(times, self.timezone, column, first_row)
        else:
            about = {}
        return table.set_column(place, _about(TIMESTAMP, times, about), times)


def _about(name: str, times: pa.ChunkedArray, about: dict[bytes, str]) -> pa.Field:
    return pa.field(name, times.type, metadata=about or None)


def has_offset(times: pa.ChunkedArray, column: str, first_row: int) -> bool:
    """Whether date-times say their offset from UTC; all must, or none."""
    if pa.types.is_timestamp(times.type):
        return times.type.tz is not None
    if not is_text(times.type):
        raise PpgkdError(f"its column {column} has the type {times.type}; expected date-times.")
    said = pc.match_substring_regex(times, OFFSET).fill_null(False).to_numpy()
    # a date alone, 2026-05-04, ends as an offset does
    said &= pc.match_substring_regex(times, r"\d[T ]\d").fill_null(False).to_numpy()
    if said.any() and not said.all():
        with_it, without = int(said.argmax()), int(said.argmin())
        raise PpgkdError(
            f"its {column} has an offset from UTC in row {first_row + with_it}, "
            f"{_shown(times[with_it].as_py())}, and none in row {first_row + without}, "
            f"{_shown(times[without].as_py())}. Write it in every row, or in none."
        )
    return bool(said.all())


def _shown(cell: object) -> str:
    """A cell of times in messages."""
    return "an empty cell" if cell is None else f"'{cell}'"


def parsed_s(times: pa.ChunkedArray, column: str, first_row: int) -> NDArray[np.float64]:
    """Date-times in seconds since 1970, shape (n_rows,); those without an offset as if in UTC."""
    if not (pa.types.is_timestamp(times.type) or is_text(times.type)):
        raise PpgkdError(f"its column {column} has the type {times.type}; expected date-times.")
    texts = times.to_pandas()
    found = pd.to_datetime(texts, format="ISO8601", utc=True, errors="coerce")
    invalid = np.flatnonzero(found.isna())
    if invalid.size:
        shown = _shown(times[int(invalid[0])].as_py())
        raise PpgkdError(
            f"its {column} of row {first_row + invalid[0]} is {shown}; "
            "expected an ISO 8601 date and time, such as 2026-05-04T10:15:30.020."
        )
    return np.asarray((found - pd.Timestamp(0, tz="UTC")).dt.total_seconds())


def _from_number(
    times: pa.ChunkedArray, per_second: float, column: str
) -> tuple[str, pa.ChunkedArray]:
    kind = times.type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        raise PpgkdError(f"its column {column} has the type {kind}; expected numbers.")
    time_s = np.asarray(times.cast(pa.float64(), safe=False).to_numpy()) / per_second
    known_s = time_s[np.isfinite(time_s)]
    if not len(known_s) or np.median(known_s) < SINCE_1970_S or len(known_s) < len(time_s):
        return TIME_S, pa.chunked_array([pa.array(time_s)])
    if known_s.max() > 1e11:
        raise PpgkdError(
            f"its {column} reaches {known_s.max():.4g} s, which is no time. Correct 'time.unit'."
        )
    microseconds = np.round(time_s * 1e6).astype(np.int64)
    return TIMESTAMP, pa.chunked_array([pa.array(microseconds).cast(pa.timestamp("us", "UTC"))])


def _in_zone(times: pa.ChunkedArray, timezone: str, column: str, first_row: int) -> pa.ChunkedArray:
    local = pd.to_datetime(parsed_s(times, column, first_row), unit="s")
    try:
        located = pd.Series(local).dt.tz_localize(timezone, ambiguous="infer")
    except ValueError as error:  # summer time ends or begins within the recording
        raise PpgkdError(
            f"its {column} cannot be told in {timezone}: {error}. Write the times with their "
            "offset, such as +02:00."
        ) from error
    return pa.chunked_array([pa.Array.from_pandas(located.dt.tz_convert("UTC"))])


def is_text(kind: pa.DataType) -> bool:
    """Whether a column of this type has text."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
