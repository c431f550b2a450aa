"""Times of the tables of a reference, which lie beside the table of the samples."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ppgkd.datasets.own.columns import first_row_number, row_times_s
from ppgkd.datasets.own.definition import Definition
from ppgkd.datasets.own.time_columns import TIME_S, TIMESTAMP, TimeRule, has_offset
from ppgkd.errors import PpgkdError


def times_of_reference(definition: Definition) -> TimeRule:
    """Times of a table of the reference: as those of the samples, or ``time_s``, ``timestamp``."""
    return replace(definition.times, is_required=False)


def seconds_from_first(table: pa.Table, path: Path, rows: pa.Table) -> NDArray[np.float64]:
    """Times of a reference table, in seconds from the first sample of the recording.

    Parameters
    ----------
    table
        The reference table.
    path
        Its file.
    rows
        Rows of the samples, from the first; without columns if the samples have no times.
    """
    first_row = first_row_number(path)
    time_s, sample_s = row_times_s(table, first_row), row_times_s(rows, 1)
    if time_s is None:
        raise PpgkdError("it has no times; name a column time_s or timestamp.")
    if sample_s is None and TIME_S not in table.column_names:
        raise PpgkdError("it has date-times, but the samples have none; use time_s for both.")
    if sample_s is not None and (TIME_S in table.column_names) != (TIME_S in rows.column_names):
        raise PpgkdError(
            "its times and those of the samples are of different kinds; use time_s in both "
            "tables, or timestamp in both."
        )
    if sample_s is not None and TIMESTAMP in table.column_names and TIME_S not in rows.column_names:
        _require_same_zone(table, rows, first_row)
    backward = np.flatnonzero(~(np.diff(time_s) >= 0))
    if backward.size or not np.isfinite(time_s).all():
        row = first_row + (int(backward[0]) + 1 if backward.size else 0)
        raise PpgkdError(
            f"the time of row {row} is not after that of the row before; sort the rows."
        )
    return time_s - (0.0 if sample_s is None else float(sample_s[0]))


def _require_same_zone(table: pa.Table, rows: pa.Table, first_row: int) -> None:
    """Refuse date-times with an offset from UTC beside some without: their zone is unknown."""
    offset = has_offset(table[TIMESTAMP], TIMESTAMP, first_row)
    of_samples = has_offset(rows[TIMESTAMP], TIMESTAMP, 1)
    if offset == of_samples:
        return
    said = f"'{table[TIMESTAMP][0]}'", f"'{rows[TIMESTAMP][0]}'"
    raise PpgkdError(
        f"its times, such as {said[0]}, {'have' if offset else 'lack'} an offset from UTC, and "
        f"those of the samples, such as {said[1]}, {'have' if of_samples else 'lack'} one, so "
        "which moments they mean cannot be known. Write the offset (Z, +02:00) in both, or name "
        "the zone of the times without one: 'timezone: Europe/Zurich' in the YAML file."
    )
