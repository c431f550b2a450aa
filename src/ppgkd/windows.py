"""Preprocessed windows of a dataset, kept as Parquet: one row group per recording."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ppgkd.artifacts import whole
from ppgkd.cutting import FAULTS, cut_windows
from ppgkd.datasets.ppg_channels import recording_of
from ppgkd.datasets.recording import Recording
from ppgkd.errors import PpgkdError
from ppgkd.preprocessing import WindowSpec
from ppgkd.spectral_peak import spectral_peak_bpm
from ppgkd.window_table import (
    MAKE_ANEW,
    WindowsFile,
    subjects_with_windows,
    windows_schema,
    windows_writer,
    write_row_group,
)

__all__ = [
    "FAULTS",
    "MAKE_ANEW",
    "Windows",
    "channel_places",
    "concatenate",
    "cut_windows",
    "read_parts",
    "read_windows",
    "select",
    "subjects_with_windows",
    "write_windows",
]


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


def write_windows(
    recordings: Iterable[Recording],
    dataset: str,
    spec: WindowSpec,
    path: str | Path,
    reference_lags_s: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Write the windows of a dataset, one row group per recording.

    Memory is bounded by one recording, if ``recordings`` reads them one by one.

    Parameters
    ----------
    recordings
        All with the same channels.
    dataset
        Name kept in the file's metadata.
    spec
        Window length, stride and preprocessing.
    path
        Parquet file to write.
    reference_lags_s
        Recording to how late its published reference is, see `cut_windows`. Kept in the file's
        metadata and in the table, both as ``reference_lag_s``, where there is any.

    Returns
    -------
    DataFrame
        One row per recording: its hours, windows kept, dropped by reason, and the MAE in BPM of
        the spectral peak, as a measure of how hard the recording is.
    """
    lags_s = reference_lags_s or {}
    rows: list[dict[str, Any]] = []
    writer: pq.ParquetWriter | None = None
    channels: tuple[str, ...] = ()
    with whole(path) as beside:
        try:
            for recording in recordings:
                if writer is None:
                    channels = recording.channels
                    writer = windows_writer(beside, windows_schema(dataset, channels, spec, lags_s))
                elif recording.channels != channels:
                    raise PpgkdError(
                        f"Recording '{recording.name}' of dataset '{dataset}' has channels "
                        f"{recording.channels}, the ones before it {channels}; a dataset has "
                        "the same channels throughout."
                    )
                lag_s = lags_s.get(recording_of(recording.name), 0.0)
                counts = _write_recording(recording, spec, lag_s, writer)
                lag = {"reference_lag_s": lag_s} if lags_s else {}
                rows.append({"dataset": dataset, **counts, **lag})
                del recording  # before the next one is read
        finally:
            if writer is not None:
                writer.close()
        if writer is None:
            raise PpgkdError(f"Dataset '{dataset}' has no recordings; use at least one subject.")
    return pd.DataFrame(rows)


def read_windows(path: str | Path) -> Windows:
    """Read all windows of a dataset.

    Raises
    ------
    PpgkdError
        If the file is not whole, was not written by `write_windows`, or comes from another
        version of the preprocessing.
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


def _write_recording(
    recording: Recording, spec: WindowSpec, lag_s: float, writer: pq.ParquetWriter
) -> dict[str, Any]:
    """Write a recording's windows, and say how many were kept and dropped."""
    index, signal, dropped = cut_windows(recording, spec, lag_s)
    if len(index):
        write_row_group(writer, index, signal)
    return {
        "subject": recording.subject,
        "recording": recording.name,
        "hours": recording.signal.shape[1] / recording.rate_hz / 3600,
        "kept": len(index),
        **dropped,
        "spectral_peak_mae_bpm": _spectral_peak_mae(index, signal, recording.channels, spec),
    }


def _spectral_peak_mae(
    index: pd.DataFrame, signal: NDArray[np.float32], channels: tuple[str, ...], spec: WindowSpec
) -> float:
    if not len(index):
        return float("nan")
    ppg = signal[:, [name.startswith("ppg") for name in channels]]
    return float(np.abs(spectral_peak_bpm(ppg, spec.rate_hz) - index["hr_bpm"]).mean())
