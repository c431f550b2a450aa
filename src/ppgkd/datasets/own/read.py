"""The tables of own recordings, read by what their YAML file says."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ppgkd.datasets.activity import window_activity
from ppgkd.datasets.dataset import RecordingEntry
from ppgkd.datasets.own.definition import Definition, read_definition
from ppgkd.datasets.own.files import OwnTable
from ppgkd.datasets.own.recording_table import (
    about_gaps,
    about_units,
    about_values,
    clock_of,
    first_row_of,
    named,
    place_samples,
    read_columns,
    values_of,
)
from ppgkd.datasets.own.reference import Reference, read_reference
from ppgkd.datasets.own.row_ranges import find_row_range
from ppgkd.datasets.own.time_stamps import Clock
from ppgkd.datasets.recording import Recording
from ppgkd.errors import PpgkdError

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class OwnRecording:
    """A recording and what its user should know about it.

    Attributes
    ----------
    recording
        Signals and reference.
    reference
        What was found of the reference.
    notes
        Gaps, lost cells, units that look wrong.
    """

    recording: Recording
    reference: Reference
    notes: tuple[str, ...]


def read_many(entries: Sequence[RecordingEntry], raw_dir: Path) -> Iterator[Recording]:
    """Read own recordings one by one, and log what their user should know.

    Parameters
    ----------
    entries
        Of `ppgkd.datasets.own.dataset.own_dataset`.
    raw_dir
        Not asked: the files are where they are.

    Raises
    ------
    PpgkdError
        If a table, a column, a cell or the time stamps are not as they must be.
    """
    for found in read_with_notes(entries):
        for note in (*found.notes, *found.reference.notes):
            log.info("recording %s: %s", found.recording.name, note)
        yield found.recording


def read_with_notes(entries: Sequence[RecordingEntry]) -> Iterator[OwnRecording]:
    """Read own recordings one by one; see `read_many`."""
    definition = read_definition(entries[0].files[0].path)
    for entry in entries:
        yield _read(definition, entry)


def _read(definition: Definition, entry: RecordingEntry) -> OwnRecording:
    table_file = entry.files[1]
    assert isinstance(table_file, OwnTable), "the second file of an own recording is its table"
    path, rate_hz = Path(table_file.path), table_file.rate_hz
    table = _read_table(definition.path, path, path.stat().st_mtime_ns)
    with named(path):
        run = find_row_range(definition, path, table, entry.name)
        rows, first_row = table.slice(run.first, run.end - run.first), first_row_of(path)
        clock = clock_of(rows, rate_hz, first_row + run.first)
        channels, found = _channels(definition, rows)
        signal = place_samples(found, clock)
        reference = read_reference(definition, entry, rows, clock, rate_hz)
        activity = _activity(
            definition, rows, clock, rate_hz, reference.time_s, first_row + run.first
        )
    recording = Recording(
        name=entry.name,
        subject=entry.subject,
        rate_hz=rate_hz,
        channels=channels,
        signal=signal,
        reference_time_s=reference.time_s,
        reference_bpm=reference.bpm,
        activity=activity,
    )
    notes = (*about_gaps(clock), *about_values(found), *about_units(found, channels))
    return OwnRecording(recording, reference, notes)


@lru_cache(maxsize=1)  # many recordings may be in one table
def _read_table(definition_path: Path, path: Path, _changed: int) -> pa.Table:
    definition = read_definition(definition_path)
    reference = definition.about["reference"]
    ecg = reference.get("ecg", {})
    numbers = [*definition.ppg, *definition.acceleration]
    numbers += [reference["column"]] if "column" in reference else []
    numbers += [ecg["column"]] if ecg and "files" not in ecg else []
    activity = definition.about["activity"]
    texts = [*definition.who, *([activity["column"]] if activity else [])]
    return read_columns(path, numbers, texts)[0]


def _channels(
    definition: Definition, rows: pa.Table
) -> tuple[tuple[str, ...], NDArray[np.float32]]:
    """Names of the channels, and their samples in the units of a `Recording`."""
    ppg = definition.polarity * values_of(rows, definition.ppg)
    names = [f"ppg_{number}" for number in range(1, len(ppg) + 1)]
    if not definition.acceleration:
        return tuple(names), ppg
    zero, per_unit_g = definition.scale_g
    acc = ((values_of(rows, definition.acceleration) - zero) * per_unit_g).astype(np.float32)
    return (*names, "acc_x", "acc_y", "acc_z"), np.concatenate([ppg, acc])


def _activity(
    definition: Definition,
    rows: pa.Table,
    clock: Clock,
    rate_hz: float,
    centre_s: NDArray[np.float64],
    first_row: int,
) -> NDArray[np.str_] | None:
    rule = definition.about["activity"]
    if rule is None:
        return None
    words = {str(value): word for value, word in rule["words"].items()}
    codes, values = codes_of(rows, rule["column"])
    strange = np.isin(codes, [code for code, value in enumerate(values) if value not in words])
    if strange.any():
        row = int(strange.argmax())
        raise PpgkdError(
            f"row {first_row + row} has '{values[codes[row]]}' in its column {rule['column']}; "
            f"'activity.words' in {definition.path} has {', '.join(words)}. Add a word for it "
            f"({strange.sum()} such rows in all)."
        )
    at_ticks = np.full(int(clock.place[-1]) + 1, -1)
    at_ticks[clock.place] = codes
    word_of = {code: words[value] for code, value in enumerate(values)}
    return window_activity(at_ticks, rate_hz, centre_s, word_of)


def codes_of(table: pa.Table, column: str) -> tuple[NDArray[np.int64], list[str]]:
    """One column as text: the number of its value in each row, -1 where there is none; the values.

    A table may have millions of rows, so that no text is made for each of them.
    """
    encoded = table[column].combine_chunks().cast(pa.string()).dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return codes.astype(np.int64), encoded.dictionary.to_pylist()
