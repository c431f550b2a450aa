"""The recordings of any dataset, one by one, from the files that the workflow has made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path

from ppgkd.datasets.dataset import Dataset
from ppgkd.datasets.recording import Recording
from ppgkd.datasets.registry import get_dataset

DEFINITIONS = (".yaml", ".yml")
"""Endings of the file that describes recordings of the user's own."""


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
        Their raw files, each once, in the order of `names`; for the simulated cohort its one file;
        for recordings of the user's own, first the YAML file that describes them.
    """
    if dataset == "simulated":
        # by name, as all readers: a change of the simulation is none of real recordings
        cohort = import_module("ppgkd.datasets.cohort").read_cohort(files[0])
        yield from (recording for recording in cohort if recording.name in names)
        return
    described = _describe(dataset, files[0])
    entries = [entry for entry in described.recordings if entry.name in names]
    if not entries:
        return
    own = Path(files[0]).suffix in DEFINITIONS
    raw_dir = Path() if own else Path(files[0]).parents[len(entries[0].files[0].local.parts) - 1]
    yield from described.read_many(entries, raw_dir)


def _describe(dataset: str, first: str | Path) -> Dataset:
    if Path(first).suffix not in DEFINITIONS:
        return get_dataset(dataset)
    # by name: a change of that code concerns only the studies that read own recordings
    described: Dataset = import_module("ppgkd.datasets.own.dataset").own_dataset(dataset, first)
    return described
