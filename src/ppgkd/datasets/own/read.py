"""Reader of own recordings, as their YAML file describes them."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ppgkd.datasets.activity import window_activity
from ppgkd.datasets.dataset import RecordingEntry
from ppgkd.datasets.gaps import bridge_short_gaps
from ppgkd.datasets.own.clock import Clock
from ppgkd.datasets.own.columns import (
    errors_name,
    first_row_number,
    number_columns,
    read_columns,
    read_other_columns,
    text_codes,
)
from ppgkd.datasets.own.definition import Definition, read_definition
from ppgkd.datasets.own.even_grid import EvenGrid, fill_gaps
from ppgkd.datasets.own.files import WAVEFORM_SUFFIXES, OwnTable
from ppgkd.datasets.own.log_times import LogTimes, log_times
from ppgkd.datasets.own.notes import fault_notes, unit_notes
from ppgkd.datasets.own.reference import Reference, read_reference
from ppgkd.datasets.own.row_ranges import find_row_range
from ppgkd.datasets.own.sensors import Sensor, split_sensors
from ppgkd.datasets.own.sentinels import Fault, find_faults
from ppgkd.datasets.own.time_columns import TIME_S, TIMESTAMP
from ppgkd.datasets.own.unread_times import refuse_unread_times
from ppgkd.datasets.own.waveforms import read_waveforms, sensors_of_waveforms
from ppgkd.datasets.recording import Recording
from ppgkd.errors import PpgkdError

log = logging.getLogger(__name__)

DECLARE_TIME = (
    "Declare it in the YAML file, 'time: {{column: {}, unit: ...}}' with s, ms, us, ns or iso; or "
    "remove it from the table."
)


@dataclass(frozen=True, eq=False)
class OwnRecording:
    """A recording with its notes for the user.

    Attributes
    ----------
    recording
        Signals and reference.
    reference
        The reference as it was read.
    notes
        Notes for the user: gaps, lost samples, implausible units.
    faults
        Samples that are no measurements; they are missing in ``recording``.
    first_s
        Time of the first sample on the clock of the table.
    true_rate_hz
        Rate of the samples by that clock; nearly that of ``recording``.
    times
        How the table writes its times.
    """

    recording: Recording
    reference: Reference
    notes: tuple[str, ...]
    faults: tuple[Fault, ...]
    first_s: float
    true_rate_hz: float
    times: LogTimes


def read_many(entries: Sequence[RecordingEntry], raw_dir: Path) -> Iterator[Recording]:
    """Read own recordings one by one, and log their notes.

    Parameters
    ----------
    entries
        Recordings of a dataset that `ppgkd.datasets.own.dataset.own_dataset` made.
    raw_dir
        Not used, because the files are read in place.

    Raises
    ------
    PpgkdError
        If a table, a column, a cell or the time stamps are invalid.
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
    if path.suffix.lower() in WAVEFORM_SUFFIXES:
        signals = read_waveforms(path)
        with errors_name(path):
            sensors = sensors_of_waveforms(definition, signals)
            grid = EvenGrid(sensors[0].clock, rate_hz)
            rows = pa.table({})  # their samples have no times of their own
            reference = read_reference(definition, entry, rows, sensors[0], grid, signals)
        return _assembled(definition, entry, rows, sensors, grid, reference, None)
    about = path.stat()
    version = (about.st_mtime_ns, about.st_ctime_ns, about.st_size)
    table, others = _read_table(definition.path, path, version)
    with errors_name(path):
        found = find_row_range(definition, path, table, entry.name)
        rows = table.slice(found.first, found.end - found.first)
        first_row = first_row_number(path) + found.first
        others = others.slice(found.first, found.end - found.first)
        refuse_unread_times(others, rate_hz, first_row, DECLARE_TIME)
        channels, values = _channels(definition, rows)
        sensors = split_sensors(rows, channels, values, definition.keys.rate_hz, first_row)
        grid = EvenGrid(sensors[0].clock, rate_hz)
        reference = read_reference(definition, entry, rows, sensors[0], grid)
        lag_s = definition.reference_lag_s(entry.name)
        centre_s = reference.time_s - lag_s
        activity = _activity(definition, rows, sensors[0], grid, centre_s, first_row)
    return _assembled(definition, entry, rows, sensors, grid, reference, activity)


def _assembled(
    definition: Definition,
    entry: RecordingEntry,
    rows: pa.Table,
    sensors: Sequence[Sensor],
    grid: EvenGrid,
    reference: Reference,
    activity: NDArray[np.str_] | None,
) -> OwnRecording:
    """The recording of these parts; its reference is moved earlier by its lag."""
    lag_s = definition.reference_lag_s(entry.name)
    reference = replace(reference, time_s=reference.time_s - lag_s)
    channels = tuple(name for sensor in sensors for name in sensor.channels)
    parts, faults, n_bridged = _measurements(sensors)
    signal = grid.joined(parts)
    recording = Recording(
        name=entry.name,
        subject=entry.subject,
        rate_hz=grid.rate_hz,
        channels=channels,
        signal=signal,
        reference_time_s=reference.time_s,
        reference_bpm=reference.bpm,
        activity=activity,
        has_reference=definition.reference is not None,
    )
    notes = (
        *grid.notes,
        *(note for sensor in sensors for note in sensor.notes),
        *fault_notes(faults, n_bridged),
        *unit_notes(signal, channels),
    )
    return OwnRecording(
        recording,
        reference,
        notes,
        tuple(faults),
        grid.clock.first_s,
        grid.true_rate_hz,
        log_times(rows),
    )


@lru_cache(maxsize=1)  # one table may have many recordings
def _read_table(
    definition_path: Path, path: Path, _version: tuple[int, int, int]
) -> tuple[pa.Table, pa.Table]:
    """The columns that are used, and, if there are no times among them, the others."""
    definition = read_definition(definition_path)
    reference, activity = definition.reference, definition.keys.activity
    numbers = [*definition.ppg, *definition.acceleration]
    if reference:
        numbers += [str(reference.column)] if reference.column is not None else []
        numbers += [str(reference.ecg.column)] if reference.ecg and not reference.ecg.files else []
    texts = [*definition.who, *([activity.column] if activity else [])]
    table, unused = read_columns(path, numbers, texts, definition.times)
    if {TIME_S, TIMESTAMP}.intersection(table.column_names):
        return table, table.select([])
    with errors_name(path):
        return table, read_other_columns(path, unused)


def _channels(
    definition: Definition, rows: pa.Table
) -> tuple[tuple[str, ...], NDArray[np.float32]]:
    """Names of the channels, and their samples in the units of a `Recording`."""
    ppg = definition.polarity * number_columns(rows, definition.ppg)
    names = [f"ppg_{number}" for number in range(1, len(ppg) + 1)]
    if not definition.acceleration:
        return tuple(names), ppg
    zero, per_unit_g = definition.scale_g
    acc = ((number_columns(rows, definition.acceleration) - zero) * per_unit_g).astype(np.float32)
    return (*names, "acc_x", "acc_y", "acc_z"), np.concatenate([ppg, acc])


def _measurements(
    sensors: Sequence[Sensor],
) -> tuple[list[tuple[NDArray[np.float32], Clock]], list[Fault], int]:
    """Samples of each sensor, without those that are no measurements; how many are bridged."""
    parts, faults, n_bridged = [], [], 0
    for sensor in sensors:
        signal = fill_gaps(sensor.values, sensor.clock)
        no_measurement, found = find_faults(signal, sensor.channels, sensor.clock.rate_hz)
        signal[no_measurement] = np.nan
        _, n_filled = bridge_short_gaps(signal, sensor.clock.rate_hz)
        parts.append((signal, sensor.clock))
        faults += found
        n_bridged += n_filled
    return parts, faults, n_bridged


def _activity(
    definition: Definition,
    rows: pa.Table,
    sensor: Sensor,
    grid: EvenGrid,
    centre_s: NDArray[np.float64],
    first_row: int,
) -> NDArray[np.str_] | None:
    """Activity of the window of each reference; None if the definition names no column of it."""
    rule = definition.keys.activity
    if rule is None:
        return None
    words = {str(value): word for value, word in rule.words.items()}
    codes, texts = text_codes(rows, rule.column)
    unknown = np.isin(codes, [code for code, text in enumerate(texts) if text not in words])
    if unknown.any():
        row = int(unknown.argmax())
        raise PpgkdError(
            f"row {first_row + row} has '{texts[codes[row]]}' in its column {rule.column}; "
            f"'activity.words' in {definition.path} has {', '.join(words)}. Add a word for it "
            f"({unknown.sum()} such rows in total)."
        )
    word_of = {code: words[text] for code, text in enumerate(texts)}
    return window_activity(grid.nearest(sensor.nearest(codes)), grid.rate_hz, centre_s, word_of)
