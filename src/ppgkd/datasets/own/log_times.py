"""How a log writes its times, to write other times in the same way."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ppgkd.datasets.own.columns import row_times_s
from ppgkd.datasets.own.time_columns import (
    EXAMPLE,
    OFFSET,
    PER_SECOND,
    TIME_S,
    TIMESTAMP,
    UNIT,
    ZONE,
    has_offset,
    is_text,
)


@dataclass(frozen=True, eq=False)
class LogTimes:
    """How a log writes its times.

    Attributes
    ----------
    kind
        ``seconds`` of its own, or none at all; ``numbers`` of another unit; ``texts``, ISO 8601;
        ``moments``, of Parquet's type.
    origin_s
        Its first row in seconds since 1970; zero if its numbers have another start.
    unit
        Of numbers: a key of `ppgkd.datasets.own.time_columns.PER_SECOND`.
    zone
        Zone of moments, or of local times.
    is_local
        Whether they are written without an offset from UTC.
    example
        The first text.
    offsets, offset_from_s
        Offsets from UTC that texts end with, and the seconds from the first row on which they hold.
    """

    kind: Literal["seconds", "numbers", "texts", "moments"] = "seconds"
    origin_s: float = 0.0
    unit: str = "s"
    zone: str | None = None
    is_local: bool = False
    example: str = ""
    offsets: tuple[str, ...] = ("",)
    offset_from_s: tuple[float, ...] = (0.0,)

    def written(self, second: NDArray[np.float64]) -> pd.Series | None:
        """Write times as the log does; None if they are seconds, and so written already.

        Parameters
        ----------
        second
            Shape (n_times,), on the clock of the table: seconds of its own, or from its first row
            if it has date-times or counts from 1970.
        """
        if self.kind == "seconds":
            return None
        since_1970_s = self.origin_s + second
        if self.kind == "numbers":
            numbers = pd.Series(since_1970_s * PER_SECOND[self.unit])
            return numbers if self.unit == "s" else numbers.round().astype(np.int64)
        microseconds = pd.Series(np.round(since_1970_s * 1e6).astype(np.int64))
        moments = pd.to_datetime(microseconds, unit="us", utc=True).dt.round("ms")
        local = moments.dt.tz_convert(self.zone or "UTC")
        if self.kind == "moments":
            return local.dt.tz_localize(None) if self.is_local else local
        place = np.searchsorted(self.offset_from_s, second, side="right") - 1
        offset = pd.Series([self.offsets[max(at, 0)] for at in place.tolist()], dtype=str)
        ahead = pd.to_timedelta(offset.map({end: _ahead(end) for end in self.offsets}))
        blank = "T" if "T" in self.example else " "
        text = (local.dt.tz_localize(None) + ahead).dt.strftime(f"%Y-%m-%d{blank}%H:%M:%S.%f")
        return text.str[:-3] + offset


def log_times(rows: pa.Table) -> LogTimes:
    """Find how the rows of a table, of `ppgkd.datasets.own.columns.read_columns`, have times."""
    names = rows.column_names
    name = TIME_S if TIME_S in names else TIMESTAMP
    if name not in names:
        return LogTimes()
    about = rows.schema.field(name).metadata or {}
    unit = about.get(UNIT, b"").decode()
    if name == TIME_S:
        return LogTimes("numbers", unit=unit) if unit not in ("", "s") else LogTimes()
    times = rows[TIMESTAMP]
    first_s = row_times_s(rows, 1)
    assert first_s is not None, "the table has times"
    if unit:
        return LogTimes("numbers", float(first_s[0]), unit)
    zone = about.get(ZONE, b"").decode() or None
    example = about.get(EXAMPLE, b"").decode()
    if zone is not None:
        kind: Literal["texts", "moments"] = "texts" if example else "moments"
        return LogTimes(kind, float(first_s[0]), zone=zone, is_local=True, example=example)
    if not is_text(times.type):
        tz = times.type.tz
        return LogTimes("moments", float(first_s[0]), zone=tz or "UTC", is_local=tz is None)
    return _texts(times, first_s)


def _texts(times: pa.ChunkedArray, second: NDArray[np.float64]) -> LogTimes:
    example = str(times[0])
    if not has_offset(times, TIMESTAMP, 1):
        return LogTimes("texts", float(second[0]), is_local=True, example=example)
    ends = pc.struct_field(pc.extract_regex(times, f"(?P<end>{OFFSET})"), "end")
    encoded = ends.combine_chunks().dictionary_encode()
    code = encoded.indices.to_numpy(zero_copy_only=False)
    changes = np.concatenate([[0], np.flatnonzero(np.diff(code)) + 1])
    offsets = tuple(str(encoded.dictionary[at]) for at in code[changes].tolist())
    from_s = tuple((second[changes] - second[0]).tolist())
    return LogTimes("texts", float(second[0]), "s", None, False, example, offsets, from_s)


def _ahead(offset: str) -> pd.Timedelta:
    """How far local time is ahead of UTC, by an offset such as +02:00, -0330, +05 or Z."""
    found = re.fullmatch(r"([+-])(\d{2}):?(\d{2})?", offset)
    if not found:
        return pd.Timedelta(0)
    minutes = 60 * int(found[2]) + int(found[3] or 0)
    return pd.Timedelta(minutes=-minutes if found[1] == "-" else minutes)
