"""Recordings cut into windows, preprocessed and kept as Parquet: one row group per recording.

A window without a usable signal or a valid reference is dropped, and counted by reason.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ppgkd.artifacts import whole
from ppgkd.datasets.recording import Recording
from ppgkd.errors import PpgkdError
from ppgkd.preprocessing import (
    LARGEST,
    PREPROCESSING_VERSION,
    WindowSpec,
    preprocess,
    resampling_matrix,
)
from ppgkd.spectral_peak import spectral_peak_bpm

REFERENCE_RANGE_BPM = (30.0, 209.5)
CLIPPED_SHARE = 0.25
"""A channel that sits at its own extreme for this share of the window is clipped."""

FAULTS = ("too_short", "missing", "flat", "clipped", "no_reference", "reference_out_of_range")
"""Why a window is dropped; of several reasons the first is counted."""

MAKE_ANEW = "Delete it and run the workflow again to make it anew."

_METADATA_KEY = b"ppgkd"


@dataclass(frozen=True)
class Windows:
    """Preprocessed windows of any number of recordings.

    Attributes
    ----------
    index
        One row per window: ``dataset, subject, recording, window, start_s, hr_bpm``.
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


def cut_windows(
    recording: Recording, spec: WindowSpec, reference_lag_s: float = 0.0
) -> tuple[pd.DataFrame, NDArray[np.float32], dict[str, int]]:
    """Cut one recording, drop what cannot be used and preprocess the rest.

    The first window is the one that the first reference belongs to; the others follow at the
    stride. A window between two references gets the linear interpolation at its centre.

    Parameters
    ----------
    recording
        Raw signals and reference.
    spec
        Window length, stride and preprocessing.
    reference_lag_s
        How late the published reference is; it is moved earlier by that. The windows stay where
        they are, and those that then have no reference are dropped.

    Returns
    -------
    index : DataFrame
        ``recording, subject, window, start_s, hr_bpm`` of the windows kept. ``window`` counts
        the dropped ones too, so it tells the time.
    signal : ndarray of shape (n_windows, n_channels, n_samples)
        The preprocessed windows.
    dropped : dict
        Number of windows dropped, for each of `FAULTS`.
    """
    rate_hz = recording.rate_hz
    n_raw = round(spec.length_s * rate_hz)
    start_s = _window_starts(recording, spec)
    hr_bpm = _reference_at(recording, start_s + spec.length_s / 2 + reference_lag_s)

    first_sample = np.round(start_s * rate_hz).astype(int)
    fits = first_sample + n_raw <= recording.signal.shape[1]
    raw = np.zeros((len(start_s), len(recording.channels), n_raw), np.float32)
    if fits.any():
        every = np.lib.stride_tricks.sliding_window_view(recording.signal, n_raw, axis=1)
        raw[fits] = every[:, first_sample[fits]].swapaxes(0, 1)

    fault = _first_fault(raw, fits, hr_bpm, recording.channels)
    kept = fault == ""
    index = pd.DataFrame(
        {
            "recording": recording.name,
            "subject": recording.subject,
            "window": np.flatnonzero(kept),
            "start_s": start_s[kept],
            "hr_bpm": hr_bpm[kept].astype(np.float32),
        }
    )
    signal = preprocess(raw[kept], resampling_matrix(spec, rate_hz), recording.channels)
    return index, signal, {name: int((fault == name).sum()) for name in FAULTS}


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
        One row per recording: windows kept, dropped by reason, and the MAE in BPM of the
        spectral peak, as a measure of how hard the recording is.
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
                    schema = _schema(dataset, channels, spec, lags_s)
                    writer = pq.ParquetWriter(
                        beside, schema, compression="zstd", write_page_checksum=True
                    )
                elif recording.channels != channels:
                    raise PpgkdError(
                        f"Recording '{recording.name}' of dataset '{dataset}' has channels "
                        f"{recording.channels}, the ones before it {channels}; a dataset has "
                        "the same channels throughout."
                    )
                lag_s = lags_s.get(recording.name, 0.0)
                index, signal, dropped = cut_windows(recording, spec, lag_s)
                if len(index):
                    table = _table(index, signal, writer.schema)
                    writer.write_table(table, row_group_size=len(index))
                rows.append(
                    {
                        "dataset": dataset,
                        "subject": recording.subject,
                        "recording": recording.name,
                        "kept": len(index),
                        **dropped,
                        "spectral_peak_mae_bpm": _spectral_peak_mae(index, signal, channels, spec),
                        **({"reference_lag_s": lag_s} if lags_s else {}),
                    }
                )
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
    table = _read_table(path)
    metadata = (table.schema.metadata or {}).get(_METADATA_KEY)
    if metadata is None:
        raise PpgkdError(
            f"{path} is no windows file of ppgkd: its metadata are missing. {MAKE_ANEW}"
        )
    about = json.loads(metadata)
    if about["preprocessing_version"] != PREPROCESSING_VERSION:
        raise PpgkdError(
            f"{path} was made by preprocessing version {about['preprocessing_version']}; this is "
            f"version {PREPROCESSING_VERSION}. {MAKE_ANEW}"
        )
    signal = table["signal"].combine_chunks().flatten().to_numpy()
    index = table.drop_columns("signal").to_pandas()
    index.insert(0, "dataset", about["dataset"])
    shape = (len(index), len(about["channels"]), about["n_samples"])
    return Windows(index, signal.reshape(shape), tuple(about["channels"]), about["rate_hz"])


def subjects_with_windows(path: str | Path) -> list[str]:
    """Subjects that a windows file holds, in order of appearance.

    Raises
    ------
    PpgkdError
        If the file is not whole.
    """
    return list(dict.fromkeys(_read_table(path, ["subject"])["subject"].to_pylist()))


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
    there = [name for name in windows.channels if name.startswith("ppg_")]
    wanted = [name for name in channels if name.startswith("ppg_")]
    source = dict(zip(wanted, cycle(there), strict=False)) if fill and there else {}
    taken = [name if name in windows.channels else source.get(name, name) for name in channels]
    missing = [name for name in taken if name not in windows.channels]
    if missing:
        raise PpgkdError(f"Channels {missing} are not among the windows' {windows.channels}.")
    columns = [windows.channels.index(name) for name in taken]
    signal = windows.signal[np.flatnonzero(rows)][:, columns]
    return Windows(
        windows.index[rows].reset_index(drop=True), signal, tuple(channels), windows.rate_hz
    )


def concatenate(parts: Sequence[Windows]) -> Windows:
    """Join windows of the same channels and rate."""
    return Windows(
        pd.concat([part.index for part in parts], ignore_index=True),
        np.concatenate([part.signal for part in parts]),
        parts[0].channels,
        parts[0].rate_hz,
    )


def _read_table(path: str | Path, columns: list[str] | None = None) -> pa.Table:
    try:
        return pq.read_table(path, columns=columns, page_checksum_verification=True)
    except (pa.ArrowInvalid, OSError) as error:
        raise PpgkdError(f"Windows file {path} cannot be read: {error}. {MAKE_ANEW}") from error


def _window_starts(recording: Recording, spec: WindowSpec) -> NDArray[np.float64]:
    if not len(recording.reference_time_s):
        return np.zeros(0)
    first_s = max(float(recording.reference_time_s[0]) - spec.length_s / 2, 0.0)
    last_s = float(recording.reference_time_s[-1]) - spec.length_s / 2
    n_windows = int(np.floor((last_s - first_s) / spec.stride_s + 1e-6)) + 1
    return first_s + spec.stride_s * np.arange(max(n_windows, 0), dtype=np.float64)


def _reference_at(recording: Recording, time_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Reference in BPM at the windows' centres; NaN where a neighbour is missing."""
    if not len(time_s):
        return np.zeros(0)
    # to the microsecond: what rounding puts beside a reference must not touch the one next to it
    time_s, known_s = np.round(time_s, 6), np.round(recording.reference_time_s, 6)
    hr_bpm = np.interp(time_s, known_s, recording.reference_bpm)
    hr_bpm[(time_s < known_s[0]) | (time_s > known_s[-1])] = np.nan
    return np.asarray(hr_bpm)


def _first_fault(
    raw: NDArray[np.float32],
    fits: NDArray[np.bool_],
    hr_bpm: NDArray[np.float64],
    channels: tuple[str, ...],
) -> NDArray[np.str_]:
    """Reason to drop each window, shape (n_windows,); empty for a good one.

    One good PPG channel is enough: the models see the others as they are.
    """
    ppg = raw[:, [name.startswith("ppg") for name in channels]]
    low, high = ppg.min(axis=2, keepdims=True), ppg.max(axis=2, keepdims=True)
    flat = (low == high)[:, :, 0]
    clipped = np.maximum((ppg == low).mean(axis=2), (ppg == high).mean(axis=2)) > CLIPPED_SHARE
    valid = ~np.isnan(hr_bpm)
    in_range = (hr_bpm >= REFERENCE_RANGE_BPM[0]) & (hr_bpm < REFERENCE_RANGE_BPM[1])
    found = {
        "too_short": ~fits,
        "missing": ~(np.abs(raw) <= LARGEST).all(axis=(1, 2)),  # NaN is not, either
        "flat": flat.all(axis=1),
        "clipped": (flat | clipped).all(axis=1),
        "no_reference": ~valid,
        "reference_out_of_range": valid & ~in_range,
    }
    return np.asarray(np.select([found[name] for name in FAULTS], FAULTS, default=""))


def _spectral_peak_mae(
    index: pd.DataFrame, signal: NDArray[np.float32], channels: tuple[str, ...], spec: WindowSpec
) -> float:
    if not len(index):
        return float("nan")
    ppg = signal[:, [name.startswith("ppg") for name in channels]]
    return float(np.abs(spectral_peak_bpm(ppg, spec.rate_hz) - index["hr_bpm"]).mean())


def _schema(
    dataset: str, channels: tuple[str, ...], spec: WindowSpec, lags_s: Mapping[str, float]
) -> pa.Schema:
    about = {
        "dataset": dataset,
        "channels": channels,
        "n_samples": spec.n_samples,
        "preprocessing_version": PREPROCESSING_VERSION,
        **asdict(spec),
        **({"reference_lag_s": dict(lags_s)} if lags_s else {}),
    }
    fields = [
        ("recording", pa.string()),
        ("subject", pa.string()),
        ("window", pa.int32()),
        ("start_s", pa.float64()),
        ("hr_bpm", pa.float32()),
        ("signal", pa.list_(pa.float32(), len(channels) * spec.n_samples)),
    ]
    return pa.schema(fields, metadata={_METADATA_KEY: json.dumps(about).encode()})


def _table(index: pd.DataFrame, signal: NDArray[np.float32], schema: pa.Schema) -> pa.Table:
    flat = pa.array(np.ascontiguousarray(signal).reshape(-1))
    columns = [pa.array(index[name], type=schema.field(name).type) for name in schema.names[:-1]]
    size = schema.field("signal").type.list_size
    return pa.Table.from_arrays(
        [*columns, pa.FixedSizeListArray.from_arrays(flat, size)], schema=schema
    )
