"""Teacher estimates: what any teacher says of recordings over time, one Parquet file per dataset.

A published model, a smoother over whole recordings, an ensemble, a person: whatever says a
distribution of heart rates over time can teach. ``docs/artifacts.md`` describes the file. Users'
own programs write it, so that everything in it is checked here; what concerns the recordings that
it belongs to is checked in `ppgkd.training.recorded_teacher`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray
from pydantic import Field

from ppgkd.errors import PpgkdError
from ppgkd.grid import BPM_MAX, BPM_MIN, N_CLASSES
from ppgkd.heart_rate import soft_labels
from ppgkd.runtime.artifacts import atomic_write
from ppgkd.schema.section import LeftOut, Section, Text, left_out
from ppgkd.schema.validation import validate

DESCRIBED = "docs/artifacts.md"

SUM_TOLERANCE = 1e-3
"""Largest difference of the sum of probabilities from one."""

LEAST_SD_BPM = 0.5
"""A smaller spread counts as this one: a class is 1 BPM wide."""

_METADATA_KEY = b"ppgkd"
_CLASSES = pa.list_(pa.float32(), N_CLASSES)


class EstimatesAbout(Section):
    """What made the estimates: JSON in the file's metadata, under the key ``ppgkd``."""

    format: Literal[1] = Field(1, description="Version of this format.")
    made_by: Text = Field(description="Name of the model or program that made the estimates.")
    version: str = Field(description="Its version.")
    licence: str = Field(description="Licence of it and its weights.")
    citation: str = Field(description="Publication to cite.")
    trained_on: list[str] | None = Field(
        None,
        description="Datasets that it may have learned from, by their names here. null: unknown.",
    )
    params: LeftOut[int] = left_out("Number of its parameters.", ge=1)
    recordings: dict[str, str] = Field(
        {},
        description="Recording to the SHA-256 of its files, one after the other in the order of "
        "their names (cat FILES | sha256sum). Of a recording that is not named, it is not checked.",
    )


@dataclass(frozen=True)
class TeacherEstimates:
    """What a teacher says of the recordings of a dataset, in the order of the file.

    Attributes
    ----------
    recording
        Name of the recording of each estimate, shape (n_estimates,).
    time_s
        Centre of the stretch of signal that it belongs to, in seconds from the recording's start.
    probabilities
        Of the classes 30 to 209 BPM, shape (n_estimates, 180).
    about
        What made them.
    """

    recording: NDArray[np.object_]
    time_s: NDArray[np.float64]
    probabilities: NDArray[np.float32]
    about: EstimatesAbout


def write_estimates(path: str | Path, estimates: TeacherEstimates) -> None:
    """Write estimates as a file that `read_estimates` reads."""
    flat = pa.array(np.ascontiguousarray(estimates.probabilities, np.float32).reshape(-1))
    columns = {
        "recording": pa.array(estimates.recording, pa.string()),
        "time_s": pa.array(estimates.time_s, pa.float64()),
        "probabilities": pa.FixedSizeListArray.from_arrays(flat, N_CLASSES),
    }
    about = estimates.about.model_dump_json().encode()
    table = pa.table(columns).replace_schema_metadata({_METADATA_KEY: about})
    with atomic_write(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def read_estimates(path: str | Path) -> TeacherEstimates:
    """Read estimates, and check all that can be checked without the recordings.

    Parameters
    ----------
    path
        The file. With ``hr_bpm`` and ``sd_bpm`` in place of ``probabilities``, the distribution is
        normal.

    Raises
    ------
    PpgkdError
        If it cannot be read, lacks a column or a key, or an estimate is not one. The message names
        the first such estimate.
    """
    table = _read_parquet(pq.read_table, path)
    about = _about(table.schema, path)
    recording, time_s = _columns(table, path, recording=pa.string(), time_s=pa.float64())
    if "probabilities" in table.column_names:
        if {"hr_bpm", "sd_bpm"} & set(table.column_names):
            raise PpgkdError(
                f"The teacher estimates {path} have 'probabilities' and also 'hr_bpm' or 'sd_bpm', "
                "which may contradict each other; write one of the two."
            )
        (classes,) = _columns(table, path, probabilities=_CLASSES)
        probabilities = classes.reshape(-1, N_CLASSES)
        total = probabilities.sum(axis=1, dtype=np.float64)
        # NaN makes both comparisons false
        fine = (probabilities >= 0).all(axis=1) & (np.abs(total - 1) <= SUM_TOLERANCE)
        _require(
            path,
            fine,
            (recording, time_s),
            lambda row: (
                f"probabilities from {probabilities[row].min():g} to "
                f"{probabilities[row].max():g} that sum to {total[row]:g}; expected {N_CLASSES} "
                f"numbers from 0 to 1 that sum to 1, of {BPM_MIN} to {BPM_MAX} BPM"
            ),
        )
    else:
        hr_bpm, sd_bpm = _columns(table, path, hr_bpm=pa.float32(), sd_bpm=pa.float32())
        fine = (hr_bpm >= BPM_MIN) & (hr_bpm < BPM_MAX + 0.5) & (sd_bpm > 0) & np.isfinite(sd_bpm)
        _require(
            path,
            fine,
            (recording, time_s),
            lambda row: (
                f"hr_bpm {hr_bpm[row]:g} and sd_bpm {sd_bpm[row]:g}; expected {BPM_MIN} to "
                f"{BPM_MAX} BPM and a spread above 0"
            ),
        )
        probabilities = _normal(hr_bpm, sd_bpm)
    at = (recording, time_s)
    _require(path, np.isfinite(time_s), at, lambda _: "a time_s that is no number")
    repeated = pd.DataFrame({"recording": recording, "time_s": time_s}).duplicated().to_numpy()
    _require(path, ~repeated, at, lambda _: "a second estimate for the same time")
    return TeacherEstimates(recording, time_s, probabilities, about)


def _normal(hr_bpm: NDArray[np.float32], sd_bpm: NDArray[np.float32]) -> NDArray[np.float32]:
    spread = torch.from_numpy(np.maximum(sd_bpm, LEAST_SD_BPM))[:, None]
    probabilities: NDArray[np.float32] = soft_labels(torch.from_numpy(hr_bpm), spread).numpy()
    return probabilities


def read_about(path: str | Path) -> EstimatesAbout:
    """Read what made the estimates of a file, without the estimates.

    Raises
    ------
    PpgkdError
        If the file cannot be read, or does not say it.
    """
    return _about(_read_parquet(pq.read_schema, path), path)


def _read_parquet(read: Callable[[str | Path], Any], path: str | Path) -> Any:
    try:
        return read(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise PpgkdError(
            f"The teacher estimates {path} cannot be read as Parquet: {error}"
        ) from error


def _about(schema: pa.Schema, path: str | Path) -> EstimatesAbout:
    what = f"The key 'ppgkd' in the metadata of the teacher estimates {path}"
    try:
        given = json.loads((schema.metadata or {})[_METADATA_KEY])
    except (KeyError, ValueError) as error:
        raise PpgkdError(
            f"{what} is missing or not JSON; it says what made them. {DESCRIBED} lists its keys."
        ) from error
    if not isinstance(given, dict):
        raise PpgkdError(f"{what} is {given!r}; expected keys with values. See {DESCRIBED}.")
    return validate(EstimatesAbout, given, what, DESCRIBED)


def _columns(table: pa.Table, path: str | Path, **types: pa.DataType) -> list[NDArray[Any]]:
    """Columns as arrays of their types."""
    missing = [name for name in types if name not in table.column_names]
    if missing:
        raise PpgkdError(
            f"The teacher estimates {path} have the columns {table.column_names} and lack "
            f"{missing}; expected recording, time_s, and either probabilities or hr_bpm and sd_bpm."
        )
    found = []
    for name, type_ in types.items():
        column = table[name]
        try:
            # a user's program may write other precisions, or lists that are not of a fixed size
            column = column.cast(type_)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise PpgkdError(
                f"The column '{name}' of the teacher estimates {path} is of type {column.type}; "
                f"expected {type_}: {error}"
            ) from error
        if column.null_count:
            raise PpgkdError(
                f"The column '{name}' of the teacher estimates {path} has {column.null_count} "
                "empty values; leave out rows without an estimate."
            )
        array = column.combine_chunks()
        values = array.flatten() if type_ == _CLASSES else array
        found.append(values.to_numpy(zero_copy_only=False).copy())
    return found


def _require(path: str | Path, fine: NDArray[np.bool_], row_of: Any, found: Any) -> None:
    """Refuse the first estimate that is not fine."""
    if fine.all():
        return
    row = int(np.argmin(fine))
    recording, time_s = row_of
    raise PpgkdError(
        f"The teacher estimates {path} have, for recording '{recording[row]}' at {time_s[row]:g} s "
        f"(row {row}), {found(row)}. {int((~fine).sum())} of {len(fine)} rows are like it; correct "
        "them or leave them out."
    )
