"""Reading of windows: all of a dataset, or selected ones of several files in one pass."""

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

ACCELERATION = ("acc_x", "acc_y", "acc_z")


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
        If the file is damaged, was not written by `ppgkd.windows.write.write_windows`, or is of
        another version of the preprocessing.
    """
    file = WindowsFile(path)
    return read_selected([(file, np.ones(len(file.index), bool))], file.channels)


def read_selected(
    parts: Sequence[tuple[WindowsFile, NDArray[np.bool_]]],
    channels: Sequence[str],
    *,
    fill: bool = False,
) -> Windows:
    """Read selected windows and channels of several files into one array.

    Memory is that of the result and of a thousand windows.

    Parameters
    ----------
    parts
        Files of the same rate, each with a mask of the windows to read.
    channels, fill
        As in `select_windows`.

    Raises
    ------
    PpgkdError
        If a file is damaged, or a channel is missing.
    """
    parts = [(file, wanted) for file, wanted in parts if wanted.any()] or list(parts[:1])
    ends = np.cumsum([wanted.sum() for _, wanted in parts])
    first = parts[0][0]
    signal = np.empty((int(ends[-1]), len(channels), first.n_samples), np.float32)
    for (file, wanted), end in zip(parts, ends, strict=True):
        indices = channel_indices(file.channels, channels, fill=fill)
        file.read_into(signal[end - wanted.sum() : end], wanted, indices)
    index = pd.concat([file.index[wanted] for file, wanted in parts], ignore_index=True)
    return Windows(index, signal, tuple(channels), first.rate_hz)


def select_windows(
    windows: Windows, rows: NDArray[np.bool_], channels: Sequence[str], *, fill: bool = False
) -> Windows:
    """Keep some windows and some channels.

    Parameters
    ----------
    windows
        Windows to select from.
    rows
        Which windows to keep, shape (n_windows,).
    channels
        Names of the channels, in their new order. Of windows without an accelerometer, the
        acceleration is zeros, those of a sensor that does not move.
    fill
        Repeat the existing PPG channels in turn in place of missing ones.

    Raises
    ------
    PpgkdError
        If a channel is missing.
    """
    columns = channel_indices(windows.channels, channels, fill=fill)
    signal = take_channels(windows.signal[np.flatnonzero(rows)], columns)
    return Windows(
        windows.index[rows].reset_index(drop=True), signal, tuple(channels), windows.rate_hz
    )


def channel_indices(
    existing: Sequence[str], channels: Sequence[str], *, fill: bool = False
) -> list[int | None]:
    """Indices of the wanted channels among the existing ones; see `select_windows`.

    None stands for zeros: the acceleration of windows without an accelerometer.

    Raises
    ------
    PpgkdError
        If a channel is missing.
    """
    ppg = [name for name in existing if name.startswith("ppg_")]
    wanted = [name for name in channels if name.startswith("ppg_")]
    source = dict(zip(wanted, cycle(ppg), strict=False)) if fill and ppg else {}
    taken = [name if name in existing else source.get(name, name) for name in channels]
    zeros = () if any(name.startswith("acc_") for name in existing) else ACCELERATION
    missing = [name for name in taken if name not in existing and name not in zeros]
    if missing:
        raise PpgkdError(f"Channels {missing} are not among the windows' {tuple(existing)}.")
    return [existing.index(name) if name in existing else None for name in taken]


def take_channels(
    signal: NDArray[np.float32], indices: Sequence[int | None]
) -> NDArray[np.float32]:
    """Channels by the indices of `channel_indices`, shape (n_windows, n_taken, n_samples)."""
    taken = signal[:, [0 if index is None else index for index in indices]]
    taken[:, [index is None for index in indices]] = 0
    return taken


def concatenate_windows(parts: Sequence[Windows]) -> Windows:
    """Join windows of the same channels and rate."""
    return Windows(
        pd.concat([part.index for part in parts], ignore_index=True),
        np.concatenate([part.signal for part in parts]),
        parts[0].channels,
        parts[0].rate_hz,
    )
