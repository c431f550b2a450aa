"""A user's recording as a table, CSV or Parquet: read, checked, and made whole.

The streams of a device have gaps, and files made by hand have everything. What would make an
estimate wrong without anybody noticing is refused here, with the row or column that is at fault.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ppgkd.datasets.own.time_stamps import Clock, read_clock, require_rate
from ppgkd.errors import PpgkdError

TABLES = (".csv", ".parquet")
"""Endings of the tables that can be read and written."""

SECONDS, DATE_TIME = "time_s", "timestamp"
"""Columns with the time of each sample, of which the first is taken."""

GRAVITY_MS2 = 9.81
USUAL_G = (0.25, 4.0)
"""Median magnitude of a worn accelerometer; about 1 g is gravity."""


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
        Rate of the sensor, by the time stamps if there are any.
    notes
        What the user should know.
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
        ``time_s`` in seconds or ``timestamp`` as ISO 8601 date and time. Other columns are left
        aside. Cells without a value are lost samples.
    channels
        Names of the columns to read.
    rate_hz
        Rate of the sensor.

    Raises
    ------
    PpgkdError
        If the file, a column, a cell or the time stamps are not as they must be.
    """
    path = Path(path)
    require_rate(rate_hz)
    table, left_aside = read_columns(path, channels)
    with named(path):
        found = values_of(table, channels)
        clock = clock_of(table, rate_hz, first_row_of(path))
    notes = [
        *_about_columns(left_aside),
        *about_gaps(clock),
        *about_values(found),
        *about_units(found, channels),
    ]
    return RecordingTable(place_samples(found, clock), clock.first_s, clock.rate_hz, tuple(notes))


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Name the file in the messages about it."""
    try:
        yield
    except (pa.ArrowException, OSError, UnicodeDecodeError, csv.Error) as error:
        raise PpgkdError(
            f"{path} cannot be read: {error}. Name a table with one row per sample."
        ) from error
    except PpgkdError as error:
        raise PpgkdError(f"{path}: {error}") from error


def read_columns(
    path: Path, numbers: Sequence[str], texts: Sequence[str] = ()
) -> tuple[pa.Table, list[str]]:
    """Read some columns of a table.

    Parameters
    ----------
    path
        CSV or Parquet.
    numbers, texts
        Columns to read as what. The time stamps, if there are any, are read beside them.

    Returns
    -------
    table
        The columns that were asked for, and ``time_s`` or ``timestamp``.
    left_aside : list of str
        Names of the others.

    Raises
    ------
    PpgkdError
        If the file cannot be read, lacks a column, or has no rows.
    """
    require_ending(path, TABLES, "The recording")
    if not path.is_file():
        raise PpgkdError(f"{path} is no file. Name the recording's table.")
    with named(path):
        table, left_aside = _read_columns(path, numbers, texts)
        if not table.num_rows:
            raise PpgkdError("it has no rows. Write one row per sample below the header.")
    return table, left_aside


def place_samples(found: NDArray[np.float32], clock: Clock) -> NDArray[np.float32]:
    """Samples of shape (n_channels, n_rows) at the ticks of the clock; NaN where one is missing."""
    signal = np.full((len(found), int(clock.place[-1]) + 1), np.nan, np.float32)
    signal[:, clock.place] = found
    return signal


def require_ending(path: Path, allowed: tuple[str, ...], what: str) -> None:
    """Refuse a file whose kind cannot be told, or is none that is known."""
    if path.suffix.lower() not in allowed:
        raise PpgkdError(
            f"{what} {path} ends in '{path.suffix}'; allowed are {', '.join(allowed)}."
        )


def _read_columns(
    path: Path, numbers: Sequence[str], texts: Sequence[str]
) -> tuple[pa.Table, list[str]]:
    """Read columns and time; give them, and the names of the columns that are left aside."""
    is_csv = path.suffix.lower() == ".csv"
    raw_names = _csv_header(path) if is_csv else pq.read_schema(path).names
    names = [name.strip() for name in raw_names]
    time = [name for name in (SECONDS, DATE_TIME) if name in names][:1]
    wanted = list(dict.fromkeys([*numbers, *texts, *time]))
    _require_columns(names, [*numbers, *texts], wanted)
    raw_wanted = [raw_names[names.index(name)] for name in wanted]
    if is_csv:
        table = _read_csv(path, raw_names, raw_wanted, {*texts, DATE_TIME})
    else:
        table = pq.read_table(path, columns=raw_wanted)
    return table.select(raw_wanted).rename_columns(wanted), [
        name for name in names if name not in wanted
    ]


def _csv_header(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return next((row for row in csv.reader(file) if row), [])


def _read_csv(path: Path, names: list[str], wanted: list[str], texts: set[str]) -> pa.Table:
    types = {name: pa.string() if name.strip() in texts else pa.float64() for name in wanted}
    try:
        return pacsv.read_csv(
            path,
            read_options=pacsv.ReadOptions(use_threads=False),  # only then errors name the row
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
            hint = " Cells must be separated by commas."
        elif names and all(re.fullmatch(r"[-+.\deE]+", name) for name in names):
            hint = " The first line must be a header with the names of the columns."
        raise PpgkdError(
            f"it lacks the columns {', '.join(missing)}; ppgkd needs {', '.join(needed)}, "
            f"and the file has {', '.join(names) or 'none'}.{hint}"
        )
    double = [name for name in wanted if names.count(name) > 1]
    if double:
        raise PpgkdError(f"it has the column {double[0]} more than once. Keep the one to be used.")


def values_of(table: pa.Table, channels: Sequence[str]) -> NDArray[np.float32]:
    """Columns of numbers, shape (n_columns, n_rows); NaN where a cell has none."""
    values = np.stack([numbers_of(table, name) for name in channels])
    with np.errstate(over="ignore"):  # what is too large for float32 counts as lost
        return values.astype(np.float32)


def numbers_of(table: pa.Table, name: str) -> NDArray[np.float64]:
    """One column of numbers, shape (n_rows,)."""
    column = table[name]
    kind = column.type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        raise PpgkdError(f"its column {name} is of the type {kind}; expected are numbers.")
    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy())


def first_row_of(path: Path) -> int:
    """Number of the first sample's row: Parquet has no header, that of a CSV is line 1."""
    return 2 if path.suffix.lower() == ".csv" else 1


def clock_of(table: pa.Table, rate_hz: float, first_row: int) -> Clock:
    """When the rows were taken: by their time stamps, else one after the other.

    Parameters
    ----------
    table
        Of `read_columns`.
    rate_hz
        What the sensor is said to have.
    first_row
        Number of the first row, for the messages.
    """
    time_s = times_of(table, first_row)
    if time_s is None:
        return Clock(0.0, rate_hz, np.arange(table.num_rows))
    if SECONDS not in table.column_names:  # nobody counts seconds since 1970
        time_s = time_s - time_s[0]
    return read_clock(time_s, rate_hz, first_row)


def times_of(table: pa.Table, first_row: int) -> NDArray[np.float64] | None:
    """Time stamps in seconds by the table's clock, or since 1970, shape (n_rows,), if there are."""
    if SECONDS in table.column_names:
        return numbers_of(table, SECONDS)
    if DATE_TIME not in table.column_names:
        return None
    kind = table[DATE_TIME].type
    if not (pa.types.is_timestamp(kind) or _is_text(kind)):
        raise PpgkdError(f"its column {DATE_TIME} is of the type {kind}; expected are date-times.")
    texts = table[DATE_TIME].to_pandas()
    times = pd.to_datetime(texts, format="ISO8601", utc=True, errors="coerce")
    wrong = np.flatnonzero(times.isna())
    if wrong.size:
        raise PpgkdError(
            f"its {DATE_TIME} of row {first_row + wrong[0]} is '{texts[wrong[0]]}'; expected is an "
            "ISO 8601 date and time, such as 2026-05-04T10:15:30.020."
        )
    return np.asarray((times - pd.Timestamp(0, tz="UTC")).dt.total_seconds())


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _about_columns(left_aside: list[str]) -> list[str]:
    return [f"columns left aside: {', '.join(left_aside)}"] if left_aside else []


def about_gaps(clock: Clock) -> list[str]:
    """Say how many samples are missing, if any."""
    if not clock.n_missing:
        return []
    gaps = np.diff(clock.place) - 1
    longest_s = gaps.max() / clock.rate_hz
    return [
        f"samples missing: {clock.n_missing}, gaps: {np.count_nonzero(gaps)}, the longest of "
        f"{longest_s:.3g} s; windows that touch a gap are not valid"
    ]


def about_values(found: NDArray[np.float32]) -> list[str]:
    """Say how many cells have no number, if any."""
    lost = int((~np.isfinite(found)).sum())
    return [f"cells without a number, which count as lost: {lost}"] if lost else []


def about_units(found: NDArray[np.float32], channels: tuple[str, ...]) -> list[str]:
    """Say if the acceleration cannot be in g."""
    acceleration = found[[name.startswith("acc") for name in channels]].astype(np.float64)
    magnitude = np.sqrt(np.square(acceleration).sum(axis=0))
    magnitude = magnitude[np.isfinite(magnitude)]
    if not len(acceleration) or not magnitude.size:
        return []
    median = float(np.median(magnitude))
    if USUAL_G[0] <= median <= USUAL_G[1]:
        return []
    guess = "is gravity taken out, or the unit another one?"
    if 0.8 * GRAVITY_MS2 < median < 1.25 * GRAVITY_MS2:
        guess = "this looks like m/s²: divide it by 9.80665"
    elif 800 < median < 1250:
        guess = "this looks like thousandths of g: divide it by 1000"
    elif median > USUAL_G[1]:
        guess = "divide raw counts by the counts for one g"
    return [
        f"the acceleration must be in g, but its median magnitude is {median:.3g}, and gravity "
        f"alone is 1: {guess}"
    ]


def codes_of(table: pa.Table, column: str) -> tuple[NDArray[np.int64], list[str]]:
    """One column as text: the number of its value in each row, -1 where there is none; the values.

    A table may have millions of rows, so that no text is made for each of them.
    """
    encoded = table[column].combine_chunks().cast(pa.string()).dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return codes.astype(np.int64), encoded.dictionary.to_pylist()
