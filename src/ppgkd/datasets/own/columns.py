"""Columns of a user's table, CSV or Parquet: read, checked and converted.

Errors name the file, and the row or column that is wrong.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ppgkd.datasets.own.time_columns import (
    TIME_S,
    TIMESTAMP,
    TimeRule,
    has_offset,
    parsed_s,
)
from ppgkd.errors import PpgkdError

TABLE_SUFFIXES = (".csv", ".parquet")
"""Suffixes of the tables that can be read and written."""


@contextmanager
def errors_name(path: Path) -> Iterator[None]:
    """Put the name of the file in front of error messages."""
    try:
        yield
    except (pa.ArrowException, OSError, UnicodeDecodeError, csv.Error) as error:
        raise PpgkdError(
            f"{path} cannot be read: {error}. Name a table with one row per sample."
        ) from error
    except PpgkdError as error:
        raise PpgkdError(f"{path}: {error}") from error


def require_suffix(path: Path, allowed: tuple[str, ...], role: str) -> None:
    """Refuse a file with another suffix; `role` says what the file is, such as "The recording"."""
    if path.suffix.lower() not in allowed:
        raise PpgkdError(
            f"{role} {path} ends in '{path.suffix}'; allowed are {', '.join(allowed)}."
        )


STANDARD_TIMES = TimeRule()
"""Times in ``time_s`` or ``timestamp``."""


def read_columns(
    path: Path,
    numbers: Sequence[str],
    texts: Sequence[str] = (),
    times: TimeRule = STANDARD_TIMES,
) -> tuple[pa.Table, list[str]]:
    """Read some columns of a table.

    Parameters
    ----------
    path
        CSV or Parquet.
    numbers, texts
        Names of columns to read as numbers and as text.
    times
        How the times of the rows are written.

    Returns
    -------
    table
        These columns and, if the table has one, ``time_s`` or ``timestamp``.
    unused : list of str
        Names of the other columns.

    Raises
    ------
    PpgkdError
        If the file cannot be read, lacks a column, or has no rows.
    """
    require_suffix(path, TABLE_SUFFIXES, "The recording")
    if not path.is_file():
        raise PpgkdError(f"{path} is not a file. Name the recording's table.")
    with errors_name(path):
        table, unused = _read_columns(path, numbers, texts, times)
        if not table.num_rows:
            raise PpgkdError("it has no rows. Write one row per sample below the header.")
    return table, unused


def first_row_number(path: Path) -> int:
    """Row number of the first sample in messages: line 2 of a CSV, below its header; else 1."""
    return 2 if path.suffix.lower() == ".csv" else 1


def number_columns(table: pa.Table, names: Sequence[str]) -> NDArray[np.float32]:
    """Columns of numbers, shape (n_columns, n_rows); NaN for empty cells."""
    values = np.stack([number_column(table, name) for name in names])
    with np.errstate(over="ignore"):  # a value beyond float32 becomes infinite: a lost sample
        return values.astype(np.float32)


def number_column(table: pa.Table, name: str) -> NDArray[np.float64]:
    """One column of numbers, shape (n_rows,); NaN for empty cells."""
    column = table[name]
    kind = column.type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        raise PpgkdError(f"its column {name} has the type {kind}; expected numbers.")
    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy())


def text_codes(table: pa.Table, name: str) -> tuple[NDArray[np.int64], list[str]]:
    """One column of text, dictionary-encoded, because a table may have millions of rows.

    Returns
    -------
    codes : ndarray of shape (n_rows,)
        Index of each row's text; -1 for empty cells.
    texts : list of str
        The different texts.
    """
    encoded = table[name].combine_chunks().cast(pa.string()).dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return codes.astype(np.int64), encoded.dictionary.to_pylist()


def row_times_s(table: pa.Table, first_row: int) -> NDArray[np.float64] | None:
    """Time of each row in seconds, shape (n_rows,); None if the table has no times.

    ``time_s`` counts from an origin of the table's own, ``timestamp`` from 1970.

    Parameters
    ----------
    table
        Result of `read_columns`.
    first_row
        Number of the first row, for the messages.
    """
    if TIME_S in table.column_names:
        return number_column(table, TIME_S)
    if TIMESTAMP not in table.column_names:
        return None
    has_offset(table[TIMESTAMP], TIMESTAMP, first_row)  # in every row, or in none
    return parsed_s(table[TIMESTAMP], TIMESTAMP, first_row)


def read_other_columns(path: Path, names: Sequence[str]) -> pa.Table:
    """Read columns of any type; those of a CSV by their content.

    Parameters
    ----------
    path
        CSV or Parquet.
    names
        Names of columns, each once or as often as the table has it.

    Returns
    -------
    table
        In the table's order; columns that share a name, which is empty for columns that a
        spreadsheet left over, are all there.
    """
    if not names:
        return pa.table({})
    is_csv = path.suffix.lower() == ".csv"
    raw_names = _csv_header(path) if is_csv else pq.read_schema(path).names
    places = [place for place, raw in enumerate(raw_names) if raw.strip() in names]
    wanted = [raw_names[place] for place in places]
    if len(set(raw_names)) < len(raw_names):  # by a shared name, pyarrow finds no column
        table = (pacsv.read_csv(path) if is_csv else pq.read_table(path)).select(places)
    elif is_csv:
        table = pacsv.read_csv(path, convert_options=pacsv.ConvertOptions(include_columns=wanted))
    else:
        table = pq.read_table(path, columns=wanted).select(wanted)
    return table.rename_columns([name.strip() for name in wanted])


def _read_columns(
    path: Path, numbers: Sequence[str], texts: Sequence[str], times: TimeRule
) -> tuple[pa.Table, list[str]]:
    is_csv = path.suffix.lower() == ".csv"
    raw_names = _csv_header(path) if is_csv else pq.read_schema(path).names
    names = [name.strip() for name in raw_names]
    time = times.column_in(names)
    if time is None and times.column is not None and times.is_required:
        raise PpgkdError(
            f"it lacks the column {times.column}, which 'time' names; the file has "
            f"{', '.join(names) or 'none'}."
        )
    wanted = list(dict.fromkeys([*numbers, *texts, *([time] if time else [])]))
    _require_columns(names, [*numbers, *texts], wanted)
    raw_wanted = [raw_names[names.index(name)] for name in wanted]
    if is_csv:
        as_text = {*texts, *([time] if time and times.is_text(time) else [])}
        table = _read_csv(path, raw_names, raw_wanted, as_text)
    else:
        table = pq.read_table(path, columns=raw_wanted)
    unused = [name for name in names if name not in wanted]
    table = table.select(raw_wanted).rename_columns(wanted)
    return times.standard(table, time, first_row_number(path)), unused


def _csv_header(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return next((row for row in csv.reader(file) if row), [])


def _read_csv(path: Path, names: list[str], wanted: list[str], texts: set[str]) -> pa.Table:
    types = {name: pa.string() if name.strip() in texts else pa.float64() for name in wanted}
    try:
        return pacsv.read_csv(
            path,
            read_options=pacsv.ReadOptions(use_threads=False),  # only then do errors name the row
            convert_options=pacsv.ConvertOptions(
                column_types=types, include_columns=wanted, strings_can_be_null=True
            ),
        )
    except pa.ArrowInvalid as error:
        said = re.sub(r"CSV column #(\d+)", lambda hit: f"column {names[int(hit[1])]}", str(error))
        raise PpgkdError(f"it cannot be read as CSV: {said}") from error


def _require_columns(names: list[str], needed: list[str], wanted: list[str]) -> None:
    missing = [name for name in needed if name not in names]
    if missing:
        hint = ""
        if len(names) == 1 and re.search(r"[;\t|]", names[0]):
            hint = " Separate the cells by commas."
        elif names and all(re.fullmatch(r"[-+.\deE]+", name) for name in names):
            hint = " The first line must be a header with the names of the columns."
        raise PpgkdError(
            f"it lacks the columns {', '.join(missing)}; ppgkd needs {', '.join(needed)}, "
            f"and the file has {', '.join(names) or 'none'}.{hint}"
        )
    repeated = [name for name in wanted if names.count(name) > 1]
    if repeated:
        raise PpgkdError(f"it has the column {repeated[0]} more than once. Keep one of them.")
