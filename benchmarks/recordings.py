"""Recordings that exported students are tried on: those of a registered dataset that are here."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from ppgkd.datasets.recording import Recording
from ppgkd.datasets.registry import get_dataset


def recordings_here(
    dataset: str, raw: Path, subjects: Collection[str] | None = None
) -> Iterator[Recording]:
    """Read the recordings of a dataset whose files are in the folder, of these subjects or all."""
    found = get_dataset(dataset)
    entries = [
        entry
        for entry in found.recordings
        if all((raw / file.local).is_file() for file in entry.files)
        and (subjects is None or entry.subject in subjects)
    ]
    if entries:
        yield from found.read_many(entries, raw)
