"""Reading of recordings of any dataset, one by one, from the files that the workflow made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path

from ppgkd.datasets.dataset import Dataset, RecordingEntry
from ppgkd.datasets.recording import Recording
from ppgkd.datasets.registry import get_dataset

DEFINITION_SUFFIXES = (".yaml", ".yml")
"""Suffixes of the file that describes own recordings."""


def read_recordings(
    dataset: str, names: Sequence[str], files: Sequence[str | Path]
) -> Iterator[Recording]:
    """Read some recordings of a dataset.

    Parameters
    ----------
    dataset
        Name of the dataset.
    names
        Names of the recordings.
    files
        Their raw files, each once, in the order of `names`. For the simulated cohort, its one file.
        For own recordings, the first is the YAML file that describes them.
    """
    if dataset == "simulated":
        # imported by name, as all readers, so that a change of the simulation does not change the
        # code digest of real recordings
        cohort = import_module("ppgkd.datasets.cohort").read_cohort(files[0])
        yield from (recording for recording in cohort if recording.name in names)
        return
    entries, raw_dir = find_entries(dataset, names, files)
    if entries:
        yield from _describe(dataset, files[0]).read_many(entries, raw_dir)


def find_entries(
    dataset: str, names: Sequence[str], files: Sequence[str | Path]
) -> tuple[list[RecordingEntry], Path]:
    """Find the entries of recordings that have files, and the folder that their paths begin in.

    Parameters
    ----------
    dataset, names, files
        As of `read_recordings`.
    """
    entries = [entry for entry in _describe(dataset, files[0]).recordings if entry.name in names]
    own = Path(files[0]).suffix in DEFINITION_SUFFIXES
    if own or not entries:
        return entries, Path()
    return entries, Path(files[0]).parents[len(entries[0].files[0].local.parts) - 1]


def _describe(dataset: str, first: str | Path) -> Dataset:
    if Path(first).suffix not in DEFINITION_SUFFIXES:
        return get_dataset(dataset)
    # imported by name, so that a change of that code concerns studies of own recordings only
    description: Dataset = import_module("ppgkd.datasets.own.dataset").own_dataset(dataset, first)
    return description
