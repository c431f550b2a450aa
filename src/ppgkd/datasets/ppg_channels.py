"""Selection of PPG channels: some of them, their mean, or each as a recording of its own.

A model has a fixed number of channels. A study can select some of the sensor's channels, average
them, as a device can, or learn from each of them separately. The latter is an augmentation: the
same heart through another patch of skin or another colour.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from ppgkd.datasets.recording import Recording

AVERAGE, EACH = "average", "each"

CHANNEL_SEPARATOR = "@"
"""Separates the name of a recording from that of one of its further channels."""


def select_ppg(
    recordings: Iterable[Recording], ppg: str | Sequence[str] | None
) -> Iterator[Recording]:
    """Select the PPG channels that a study asks for.

    Parameters
    ----------
    recordings
        With all their channels.
    ppg
        Names of channels, which become ``ppg_1``, ``ppg_2``, ... in this order; ``average``, the
        mean of all, sample by sample, as ``ppg_1``; ``each``, every channel as the ``ppg_1`` of a
        recording of its own; None, all as they are.

    Yields
    ------
    Recording
        With ``each``, the first channel has the recording's name, and the others are
        ``<name>@ppg_2``, ...
    """
    for recording in recordings:
        names = [name for name in recording.channels if name.startswith("ppg")]
        if ppg is None:
            yield recording
        elif ppg == AVERAGE:
            yield _with_rows(recording, [names])
        elif ppg == EACH:
            for name in names:
                suffix = "" if name == names[0] else f"{CHANNEL_SEPARATOR}{name}"
                yield replace(_with_rows(recording, [[name]]), name=f"{recording.name}{suffix}")
        else:
            yield _with_rows(recording, [[name] for name in ppg])


def name_without_channel(name: str) -> str:
    """Name of the recording that a channel belongs to."""
    return name.partition(CHANNEL_SEPARATOR)[0]


def is_first_channel(name: str) -> bool:
    """Whether it names the recording itself, not one of its further channels."""
    return CHANNEL_SEPARATOR not in name


def _with_rows(recording: Recording, groups: Sequence[Sequence[str]]) -> Recording:
    """A recording whose PPG channels are means of groups of the old ones."""
    row_of = {name: row for row, name in enumerate(recording.channels)}
    others = [name for name in recording.channels if not name.startswith("ppg")]
    ppg = [
        recording.signal[[row_of[name] for name in names]].mean(axis=0, dtype=np.float64)
        if len(names) > 1
        else recording.signal[row_of[names[0]]]
        for names in groups
    ]
    signal = [*ppg, *(recording.signal[row_of[name]] for name in others)]
    channels = (*(f"ppg_{number}" for number in range(1, len(ppg) + 1)), *others)
    return replace(recording, channels=channels, signal=np.stack(signal).astype(np.float32))
