"""The recordings of any dataset, one by one, from the files that the workflow has made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ppgkd.datasets.cohort import read_cohort
from ppgkd.datasets.recording import Recording
from ppgkd.datasets.registry import get_dataset


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
        Their raw files, in order; for the simulated cohort its one file.
    """
    if dataset == "simulated":
        yield from (r for r in read_cohort(files[0]) if r.name in names)
        return
    remaining = iter(files)
    for entry in get_dataset(dataset).recordings:
        if entry.name in names:
            paths = [Path(next(remaining)) for _ in entry.files]
            raw_dir = paths[0].parents[len(entry.files[0].local.parts) - 1]
            yield get_dataset(dataset).read(entry, raw_dir)
