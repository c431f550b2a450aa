"""A few raw windows of each recording, at the sensor's rate, on which exported files are tested."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ppgkd.datasets.recording import Recording
from ppgkd.errors import damaged_file
from ppgkd.runtime.artifacts import atomic_write
from ppgkd.windows.gaps import without_lost_samples
from ppgkd.windows.read import channel_indices, take_channels

WINDOWS_PER_RECORDING = 16

_METADATA_KEY = b"ppgkd"


@dataclass(frozen=True)
class RawWindows:
    """Raw windows of a dataset.

    Attributes
    ----------
    index
        One row per window: ``recording, subject, window, start_s``, as in the windows file.
    raw
        Shape (n_windows, n_channels, n_raw_samples), float32: PPG in counts, acceleration in g.
    channels
        Names of the channels.
    rate_hz
        Rate of the sensor.
    """

    index: pd.DataFrame
    raw: NDArray[np.float32]
    channels: tuple[str, ...]
    rate_hz: float

    def select_channels(self, channels: tuple[str, ...]) -> NDArray[np.float32]:
        """Windows with these channels only, in this order, as `ppgkd.windows.read` selects them."""
        return take_channels(self.raw, channel_indices(self.channels, channels))


def take_raw_windows(
    recordings: Iterable[Recording],
    index: pd.DataFrame,
    length_s: float,
    per_recording: int = WINDOWS_PER_RECORDING,
) -> RawWindows:
    """Take raw windows at even distances from the usable windows of each recording.

    Parameters
    ----------
    recordings
        Recordings with the same channels and rate.
    index
        Rows of the windows file: ``recording, subject, window, start_s``.
    length_s
        Length of a window.
    per_recording
        Maximal number of windows per recording.
    """
    rows: list[pd.DataFrame] = []
    parts: list[NDArray[np.float32]] = []
    channels: tuple[str, ...] = ()
    rate_hz = float("nan")
    for recording in recordings:
        channels, rate_hz = recording.channels, recording.rate_hz
        is_ppg = np.array([name.startswith("ppg") for name in channels])
        own = index[index["recording"] == recording.name]
        positions = np.linspace(0, len(own) - 1, min(per_recording, len(own))).round().astype(int)
        chosen = own.iloc[positions]
        n_raw = round(length_s * rate_hz)
        for start in np.round(chosen["start_s"].to_numpy() * rate_hz).astype(int):
            # without lost samples, as the file gets them from a stream
            raw = recording.signal[:, start : start + n_raw]
            parts.append(without_lost_samples(raw, is_ppg, rate_hz))
        rows.append(chosen[["recording", "subject", "window", "start_s"]])
    return RawWindows(pd.concat(rows, ignore_index=True), np.stack(parts), channels, rate_hz)


def write_raw_windows(windows: RawWindows, path: str | Path) -> None:
    """Write raw windows as Parquet, atomically."""
    about = {"channels": windows.channels, "rate_hz": windows.rate_hz}
    size = int(np.prod(windows.raw.shape[1:]))
    flat = pa.array(np.ascontiguousarray(windows.raw).reshape(-1))
    table = pa.Table.from_pandas(windows.index, preserve_index=False).append_column(
        "raw", pa.FixedSizeListArray.from_arrays(flat, size)
    )
    table = table.replace_schema_metadata({_METADATA_KEY: json.dumps(about).encode()})
    with atomic_write(path) as temporary:
        pq.write_table(table, temporary, compression="zstd", write_page_checksum=True)


def read_raw_windows(path: str | Path) -> RawWindows:
    """Read raw windows.

    Raises
    ------
    PpgkdError
        If the file is damaged.
    """
    try:
        table = pq.read_table(path, page_checksum_verification=True)
        about = json.loads(table.schema.metadata[_METADATA_KEY])
    except (pa.ArrowInvalid, OSError, KeyError, TypeError) as error:
        raise damaged_file(f"Raw windows {path} cannot be read: {error}") from error
    raw = table["raw"].combine_chunks().flatten().to_numpy()
    index = table.drop_columns("raw").to_pandas()
    shape = (len(index), len(about["channels"]), -1)
    return RawWindows(index, raw.reshape(shape), tuple(about["channels"]), about["rate_hz"])
