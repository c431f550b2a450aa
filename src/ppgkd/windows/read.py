"""Windows read back: all of a dataset or those that are wanted, in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ppgkd.errors import PpgkdError
from ppgkd.windows.table import WindowsFile


@dataclass(frozen=True)
class Windows:
    """Preprocessed windows of any number of recordings.

    Attributes
    ----------
    index
        One row per window: ``dataset, subject, recording, window, start_s, hr_bpm, activity``.
    signal
        Shape (n_windows, n_channels, n_samples), float32.
    channels
        Names of the channels.
    rate_hz
        Sampling rate of the signal.
    """

    index: pd.DataFrame
    signal: NDArray[np.float32]
    channels: tuple[str, ...]
    rate_hz: float

    def __len__(self) -> int:
        return len(self.index)


def read_windows(path: str | Path) -> Windows:
    """Read all windows of a dataset.

    Raises
    ------
    PpgkdError
        If the file is not whole, was not written by `ppgkd.windows.write.write_windows`, or comes
        from another version of the preprocessing.
    """
    file = WindowsFile(path)
    return read_parts([(file, np.ones(len(file.index), bool))], file.channels)


def read_parts(
    parts: Sequence[tuple[WindowsFile, NDArray[np.bool_]]],
    channels: Sequence[str],
    *,
    fill: bool = False,
) -> Windows:
    """Read some windows and channels of some files, each signal straight to its place.

    Besides what is returned, memory is that of a thousand windows.

    Parameters
    ----------
    parts
        Files of the same rate, each with which of its windows are wanted.
    channels, fill
        As in `select`.

    Raises
    ------
    PpgkdError
        If a file is damaged, or a channel is not there.
    """
    parts = [(file, wanted) for file, wanted in parts if wanted.any()] or list(parts[:1])
    ends = np.cumsum([wanted.sum() for _, wanted in parts])
    first = parts[0][0]
    signal = np.empty((int(ends[-1]), len(channels), first.n_samples), np.float32)
    for (file, wanted), end in zip(parts, ends, strict=True):
        places = channel_places(file.channels, channels, fill=fill)
        file.read_into(signal[end - wanted.sum() : end], wanted, places)
    index = pd.concat([file.index[wanted] for file, wanted in parts], ignore_index=True)
    return Windows(index, signal, tuple(channels), first.rate_hz)


def select(
    windows: Windows, rows: NDArray[np.bool_], channels: Sequence[str], *, fill: bool = False
) -> Windows:
    """Keep some windows and some channels.

    Parameters
    ----------
    windows
        Where they are taken from.
    rows
        Which windows.
    channels
        Names of the channels, in their new order.
    fill
        Repeat the PPG channels in turn in place of those that are not there.

    Raises
    ------
    PpgkdError
        If a channel is not there.
    """
    columns = channel_places(windows.channels, channels, fill=fill)
    signal = windows.signal[np.flatnonzero(rows)][:, columns]
    return Windows(
        windows.index[rows].reset_index(drop=True), signal, tuple(channels), windows.rate_hz
    )


def channel_places(
    there: Sequence[str], channels: Sequence[str], *, fill: bool = False
) -> list[int]:
    """Where channels are among those that are there; see `select`.

    Raises
    ------
    PpgkdError
        If a channel is not there.
    """
    ppg = [name for name in there if name.startswith("ppg_")]
    wanted = [name for name in channels if name.startswith("ppg_")]
    source = dict(zip(wanted, cycle(ppg), strict=False)) if fill and ppg else {}
    taken = [name if name in there else source.get(name, name) for name in channels]
    missing = [name for name in taken if name not in there]
    if missing:
        raise PpgkdError(f"Channels {missing} are not among the windows' {tuple(there)}.")
    return [there.index(name) for name in taken]


def concatenate(parts: Sequence[Windows]) -> Windows:
    """Join windows of the same channels and rate."""
    return Windows(
        pd.concat([part.index for part in parts], ignore_index=True),
        np.concatenate([part.signal for part in parts]),
        parts[0].channels,
        parts[0].rate_hz,
    )
