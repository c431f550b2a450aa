"""Which rows of a user's table belong to which recording, and the rate by their time stamps."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa

from ppgkd.datasets.own.columns import (
    errors_name,
    first_row_number,
    number_columns,
    read_columns,
    text_codes,
)
from ppgkd.datasets.own.definition import Definition
from ppgkd.datasets.own.files import WAVEFORM_SUFFIXES
from ppgkd.datasets.own.sensors import split_sensors
from ppgkd.datasets.own.time_stamps import RATE_TOLERANCE
from ppgkd.errors import PpgkdError

MAX_MEASURED = 5
"""Tables whose rate is measured."""

MEASURED = "PPGKD_MEASURED_RATES"
"""Environment variable with the rates that were measured: Snakemake's jobs, which describe the
datasets again, inherit it and need not open the tables."""


@dataclass(frozen=True)
class RowRange:
    """Rows ``first`` to ``end - 1`` of a table, which are one recording."""

    recording: str
    subject: str
    first: int
    end: int


def find_row_ranges(definition: Definition, path: Path) -> list[RowRange]:
    """Find all recordings in a table."""
    table, _ = read_columns(path, (), definition.who, definition.times)
    with errors_name(path):
        return _row_ranges(definition, path, table)


def find_row_range(definition: Definition, path: Path, table: pa.Table, recording: str) -> RowRange:
    """Find one recording in a table; without a column of recordings or subjects, it is all rows."""
    if not definition.who:
        return RowRange(recording, "", 0, table.num_rows)
    found = _row_ranges(definition, path, table)
    return next(rows for rows in found if rows.recording == recording)


def rate_by_time_stamps(definition: Definition, paths: Sequence[Path]) -> float:
    """Sampling rate of a dataset: the median of the first recordings of some of its tables.

    It is rounded to a whole number if near one; recordings of another rate are resampled to it.

    Raises
    ------
    PpgkdError
        If a table has no time stamps, or they tell no rate.
    """
    places = np.linspace(0, len(paths) - 1, min(len(paths), MAX_MEASURED)).round().astype(int)
    measured = [paths[place] for place in places]
    known = json.loads(os.environ.get(MEASURED, "{}"))
    key = _version((definition.path, *measured))
    if key not in known:
        known[key] = _measured_rate(definition, measured)
        os.environ[MEASURED] = json.dumps(known)
    return float(known[key])


def _version(paths: Sequence[Path]) -> str:
    """Digest that changes if one of the files does."""
    about = [(str(path.resolve()), path.stat()) for path in paths]
    told = [(name, of.st_mtime_ns, of.st_ctime_ns, of.st_size) for name, of in about]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _measured_rate(definition: Definition, paths: Sequence[Path]) -> float:
    rate_hz = float(np.median([_first_rate(definition, path) for path in paths]))
    whole_hz = round(rate_hz)
    return float(whole_hz if abs(rate_hz / whole_hz - 1) <= RATE_TOLERANCE else round(rate_hz, 2))


def _first_rate(definition: Definition, path: Path) -> float:
    if path.suffix.lower() in WAVEFORM_SUFFIXES:
        from ppgkd.datasets.own.waveforms import ppg_rate_hz

        return ppg_rate_hz(definition, path)
    columns = [*definition.ppg, *definition.acceleration]
    table, _ = read_columns(path, columns, definition.who, definition.times)
    with errors_name(path):
        if definition.who:
            table = table.slice(0, _row_ranges(definition, path, table)[0].end)
        table = table.drop_columns([name for name in definition.who if name in table.column_names])
        names = [
            f"{'acc' if name in definition.acceleration else 'ppg'}_{name}" for name in columns
        ]
        values = number_columns(table, columns)
        return split_sensors(table, tuple(names), values, None, first_row_number(path))[
            0
        ].clock.rate_hz


def _row_ranges(definition: Definition, path: Path, table: pa.Table) -> list[RowRange]:
    codes, texts = zip(*(text_codes(table, column) for column in definition.who), strict=True)
    first_row = first_row_number(path)
    for column, of_column in zip(definition.who, codes, strict=True):
        if (of_column < 0).any():
            row = first_row + int((of_column < 0).argmax())
            raise PpgkdError(f"row {row} has no {column}. Fill it in.")
    changes = np.any([np.diff(of_column) != 0 for of_column in codes], axis=0)
    bounds = [0, *(np.flatnonzero(changes) + 1).tolist(), table.num_rows]
    several = len({tuple(of_column[first] for of_column in codes) for first in bounds[:-1]}) > 1
    ranges: list[RowRange] = []
    for first, end in pairwise(bounds):
        cells: dict[str | None, str | None] = {
            column: of_column[codes_of_column[first]]
            for column, codes_of_column, of_column in zip(definition.who, codes, texts, strict=True)
        }
        subject = definition.subject_of(path, cells.get(definition.keys.subject.column))
        name = cells.get(definition.keys.recording)
        if name is None:
            name = f"{path.stem}-{subject}" if several else path.stem
        if any(rows.recording == name for rows in ranges):
            raise PpgkdError(
                f"recording '{name}' begins again in row {first_row + first}; the rows of a "
                "recording must follow one another and have one subject. Sort the rows."
            )
        ranges.append(RowRange(name, subject, first, end))
    return ranges
