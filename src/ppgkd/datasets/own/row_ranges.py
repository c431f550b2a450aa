"""Which rows of a user's table are which recording, and the rate that their time stamps tell."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa

from ppgkd.datasets.own.definition import Definition
from ppgkd.datasets.own.recording_table import codes_of, first_row_of, named, read_columns, times_of
from ppgkd.datasets.own.time_stamps import RATE_TOLERANCE, measure_rate
from ppgkd.errors import PpgkdError


@dataclass(frozen=True)
class RowRange:
    """Rows of a table that are one recording: from the first to before the end."""

    recording: str
    subject: str
    first: int
    end: int


def find_row_ranges(definition: Definition, table: Path) -> list[RowRange]:
    """Find the recordings in a table, each of which is a run of rows."""
    columns, _ = read_columns(table, (), definition.who)
    with named(table):
        return _runs(definition, table, columns)


def find_row_range(definition: Definition, path: Path, table: pa.Table, recording: str) -> RowRange:
    """Find one recording in a table; one that does not say who is in it is one recording."""
    if not definition.who:
        return RowRange(recording, "", 0, table.num_rows)
    return next(run for run in _runs(definition, path, table) if run.recording == recording)


def rate_by_time_stamps(definition: Definition, path: Path) -> float:
    """Rate of a table's first recording: the whole number if it is one, else to 0.01 Hz."""
    table, _ = read_columns(path, (), definition.who)
    with named(path):
        rows = _runs(definition, path, table)[0].end if definition.who else table.num_rows
        time_s = times_of(table.slice(0, rows), first_row_of(path))
        if time_s is None or len(time_s) < 2 or not (np.diff(time_s) > 0).all():
            raise PpgkdError(
                f"its rate is not known: {definition.path} has no 'rate_hz', and there are no "
                "increasing time stamps (time_s in seconds, or timestamp). Give 'rate_hz'."
            )
        rate_hz = measure_rate(time_s)
    whole_hz = round(rate_hz)
    return float(whole_hz if abs(rate_hz / whole_hz - 1) <= RATE_TOLERANCE else round(rate_hz, 2))


def _runs(definition: Definition, path: Path, table: pa.Table) -> list[RowRange]:
    codes, values = zip(*(codes_of(table, column) for column in definition.who), strict=True)
    first_row = first_row_of(path)
    for column, found in zip(definition.who, codes, strict=True):
        if (found < 0).any():
            row = first_row + int((found < 0).argmax())
            raise PpgkdError(f"row {row} has no {column}. Fill it in.")
    changes = np.any([np.diff(found) != 0 for found in codes], axis=0)
    starts = [0, *(np.flatnonzero(changes) + 1).tolist(), table.num_rows]
    several = len({tuple(found[first] for found in codes) for first in starts[:-1]}) > 1
    runs: list[RowRange] = []
    for first, end in pairwise(starts):
        told = [of_column[found[first]] for of_column, found in zip(values, codes, strict=True)]
        cells = dict(zip(definition.who, told, strict=True))
        subject = definition.subject_of(path, cells.get(definition.about["subject"].get("column")))
        name = cells.get(definition.about["recording"])
        if name is None:
            name = f"{path.stem}-{subject}" if several else path.stem
        if any(run.recording == name for run in runs):
            raise PpgkdError(
                f"recording '{name}' begins again in row {first_row + first}; the rows of a "
                "recording must follow one another, and have one subject. Sort the rows."
            )
        runs.append(RowRange(name, subject, first, end))
    return runs
