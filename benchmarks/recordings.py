"""Recordings that exported students are tried on: those of a registered dataset that are here."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

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


def reference_at(recording: Recording, centre_s: NDArray[np.floating]) -> NDArray[np.float64]:
    """Reference at these times; NaN beyond its ends."""
    time_s = recording.reference_time_s
    bpm = np.interp(centre_s, time_s, recording.reference_bpm)
    bpm[(centre_s < time_s[0]) | (centre_s > time_s[-1])] = np.nan
    return np.asarray(bpm)
