"""Writing of a dataset's preprocessed windows as Parquet, one row group per recording."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ppgkd.datasets.ppg_channels import name_without_channel
from ppgkd.datasets.recording import Recording
from ppgkd.errors import PpgkdError
from ppgkd.runtime.artifacts import atomic_write
from ppgkd.windows.preprocessing import WindowSpec
from ppgkd.windows.segmentation import segment_recording
from ppgkd.windows.signal_facts import signal_facts
from ppgkd.windows.spectral_peak import spectral_peak_bpm
from ppgkd.windows.table import windows_schema, windows_writer, write_row_group


def write_windows(
    recordings: Iterable[Recording],
    dataset: str,
    spec: WindowSpec,
    path: str | Path,
    reference_lags_s: Mapping[str, float] | float | None = None,
) -> pd.DataFrame:
    """Write the windows of a dataset, one row group per recording.

    If ``recordings`` is an iterator that reads them one by one, memory is that of one recording.

    Parameters
    ----------
    recordings
        Recordings with the same channels.
    dataset
        Name for the file's metadata.
    spec
        Window length, stride and preprocessing.
    path
        Parquet file to write.
    reference_lags_s
        Lag of all published references, or recording to its own; see `segment_recording`. If there
        is any, the file's metadata and the table have it as ``reference_lag_s``.

    Returns
    -------
    DataFrame
        One row per recording: hours, windows kept, windows rejected by reason, and the MAE of the
        spectral peak in BPM, a measure of the recording's difficulty; and
        `ppgkd.windows.signal_facts.signal_facts`.
    """
    lags_s = reference_lags_s or {}
    rows: list[dict[str, Any]] = []
    writer: pq.ParquetWriter | None = None
    channels: tuple[str, ...] = ()
    with atomic_write(path) as temporary:
        try:
            for recording in recordings:
                if writer is None:
                    channels = recording.channels
                    writer = windows_writer(
                        temporary, windows_schema(dataset, channels, spec, lags_s)
                    )
                elif recording.channels != channels:
                    raise PpgkdError(
                        f"Recording '{recording.name}' of dataset '{dataset}' has the channels "
                        f"{recording.channels}, those before it have {channels}; all recordings "
                        "of a dataset must have the same channels."
                    )
                lag_s = (
                    lags_s.get(name_without_channel(recording.name), 0.0)
                    if isinstance(lags_s, Mapping)
                    else lags_s
                )
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


def _write_recording(
    recording: Recording, spec: WindowSpec, lag_s: float, writer: pq.ParquetWriter
) -> dict[str, Any]:
    """Write a recording's windows, and return how many were kept and rejected."""
    index, signal, n_rejected = segment_recording(recording, spec, lag_s)
    if len(index):
        write_row_group(writer, index, signal)
    return {
        "subject": recording.subject,
        "recording": recording.name,
        "hours": recording.signal.shape[1] / recording.rate_hz / 3600,
        "kept": len(index),
        **n_rejected,
        "spectral_peak_mae_bpm": _spectral_peak_mae(index, signal, recording.channels, spec),
        **signal_facts(recording),
    }


def _spectral_peak_mae(
    index: pd.DataFrame, signal: NDArray[np.float32], channels: tuple[str, ...], spec: WindowSpec
) -> float:
    if not len(index):
        return float("nan")
    ppg = signal[:, [name.startswith("ppg") for name in channels]]
    return float(np.abs(spectral_peak_bpm(ppg, spec.rate_hz) - index["hr_bpm"]).mean())
