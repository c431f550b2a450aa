"""Which of a recording's PPG channels a study takes: some of them, their mean, or each for itself.

A model sees a fixed number of channels. Sensors have several, of which a study may choose; average
them, as a device can, too; or learn from every one of them in turn, which is an augmentation: one
heart, seen through another patch of skin or by another colour.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from ppgkd.datasets.recording import Recording

AVERAGE, EACH = "average", "each"

MARK = "@"
"""Between the name of a recording and that of its other channel."""


def take_ppg(
    recordings: Iterable[Recording], ppg: str | Sequence[str] | None
) -> Iterator[Recording]:
    """Take the PPG channels that a study asks for.

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
        Of ``each``, the first has the recording's name, the others ``<name>@ppg_2``, ...
    """
    for recording in recordings:
        names = [name for name in recording.channels if name.startswith("ppg")]
        if ppg is None:
            yield recording
        elif ppg == AVERAGE:
            yield _with_rows(recording, [names])
        elif ppg == EACH:
            for name in names:
                of_name = recording.name if name == names[0] else f"{recording.name}{MARK}{name}"
                yield replace(_with_rows(recording, [[name]]), name=of_name)
        else:
            yield _with_rows(recording, [[name] for name in ppg])


def recording_of(name: str) -> str:
    """Name of the recording that another of its channels belongs to."""
    return name.partition(MARK)[0]


def is_first_channel(name: str) -> bool:
    """Whether it is the recording itself and not another of its channels."""
    return MARK not in name


def _with_rows(recording: Recording, taken: Sequence[Sequence[str]]) -> Recording:
    """A recording whose PPG channels are the means of some of its own."""
    place = {name: row for row, name in enumerate(recording.channels)}
    others = [name for name in recording.channels if not name.startswith("ppg")]
    ppg = [
        recording.signal[[place[name] for name in names]].mean(axis=0, dtype=np.float64)
        if len(names) > 1
        else recording.signal[place[names[0]]]
        for names in taken
    ]
    signal = [*ppg, *(recording.signal[place[name]] for name in others)]
    channels = (*(f"ppg_{number}" for number in range(1, len(ppg) + 1)), *others)
    return replace(recording, channels=channels, signal=np.stack(signal).astype(np.float32))
