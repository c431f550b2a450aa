"""The Parquet file of a dataset's windows: its columns, writing and reading.

A row is a window, a row group is a recording. The signal is not compressed: its low bits are noise,
so zstd with byte-stream split saves a sixth of the size and takes half as long again to write. It
has neither a dictionary, which would be larger than the data, nor statistics, which nobody reads.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ppgkd.errors import damaged_file
from ppgkd.windows.preprocessing import PREPROCESSING_VERSION, WindowSpec

BATCH = 1024
"""Rows per batch when reading."""

_METADATA_KEY = b"ppgkd"
_SIGNAL = "signal"
_TEXT_COLUMNS = ["recording", "subject", "activity"]
_INDEX_COLUMNS = [*_TEXT_COLUMNS, "window", "start_s", "hr_bpm"]


def windows_schema(
    dataset: str, channels: tuple[str, ...], spec: WindowSpec, lags_s: Mapping[str, float] | float
) -> pa.Schema:
    """Columns of a windows file, with the settings that made it as metadata."""
    about = {
        "dataset": dataset,
        "channels": channels,
        "n_samples": spec.n_samples,
        "preprocessing_version": PREPROCESSING_VERSION,
        **asdict(spec),
        **({"reference_lag_s": lags_s} if lags_s else {}),
    }
    fields = [
        ("recording", pa.string()),
        ("subject", pa.string()),
        ("window", pa.int32()),
        ("start_s", pa.float64()),
        ("hr_bpm", pa.float32()),
        ("activity", pa.string()),
        (_SIGNAL, pa.list_(pa.float32(), len(channels) * spec.n_samples)),
    ]
    return pa.schema(fields, metadata={_METADATA_KEY: json.dumps(about).encode()})


def windows_writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """Open a windows file for writing."""
    return pq.ParquetWriter(
        path,
        schema,
        compression="none",
        use_dictionary=_TEXT_COLUMNS,
        write_statistics=_INDEX_COLUMNS,
        write_page_checksum=True,
    )


def write_row_group(
    writer: pq.ParquetWriter, index: pd.DataFrame, signal: NDArray[np.float32]
) -> None:
    """Write the windows of a recording.

    The signal goes to the file page by page. Arrow needs one to two times its size beside it.
    """
    schema = writer.schema
    flat = pa.array(np.ascontiguousarray(signal).reshape(-1))
    columns = [pa.array(index[name], type=schema.field(name).type) for name in schema.names[:-1]]
    size = schema.field(_SIGNAL).type.list_size
    table = pa.Table.from_arrays(
        [*columns, pa.FixedSizeListArray.from_arrays(flat, size)], schema=schema
    )
    writer.write_table(table, row_group_size=len(index))


class WindowsFile:
    """A windows file, opened for reading.

    Parameters
    ----------
    path
        File that `ppgkd.windows.write.write_windows` has written.

    Attributes
    ----------
    index
        One row per window: ``dataset, recording, subject, window, start_s, hr_bpm, activity``.
    channels
        Names of the channels.
    rate_hz
        Sampling rate of the signal.
    n_samples
        Samples of a window.

    Raises
    ------
    PpgkdError
        If the file is damaged, was not written by `ppgkd.windows.write.write_windows`, or is of
        another version of the preprocessing.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = path
        with _readable(path):
            # with a buffer, the pages of a row group are read one after the other
            self._file = pq.ParquetFile(
                path, buffer_size=1 << 20, pre_buffer=False, page_checksum_verification=True
            )
        about = _about(self._file.schema_arrow, path)
        self.channels: tuple[str, ...] = tuple(about["channels"])
        self.rate_hz: float = about["rate_hz"]
        self.n_samples: int = about["n_samples"]
        names = [name for name in self._file.schema_arrow.names if name != _SIGNAL]
        with _readable(path):
            self.index: pd.DataFrame = self._file.read(names).to_pandas()
        self.index.insert(0, "dataset", about["dataset"])

    def read_into(
        self, into: NDArray[np.float32], wanted: NDArray[np.bool_], channels: Sequence[int | None]
    ) -> None:
        """Read the signal of some windows into an array, batch by batch.

        Row groups without a wanted window are not read.

        Parameters
        ----------
        into
            Array to fill, shape (n_wanted, n_wanted_channels, n_samples).
        wanted
            Which windows, shape (n_windows,).
        channels
            Indices of the channels, in their new order; None for zeros.
        """
        shape = (-1, len(self.channels), self.n_samples)
        sizes = [
            self._file.metadata.row_group(k).num_rows for k in range(self._file.num_row_groups)
        ]
        ends = np.cumsum(sizes, dtype=int)
        groups = [k for k, end in enumerate(ends) if wanted[end - sizes[k] : end].any()]
        rows = np.concatenate([wanted[:0], *(wanted[ends[k] - sizes[k] : ends[k]] for k in groups)])
        row = done = 0
        with _readable(self.path):
            for batch in self._file.iter_batches(BATCH, groups, [_SIGNAL]):
                part = batch.column(0).flatten().to_numpy().reshape(shape)
                chosen = np.flatnonzero(rows[row : row + len(part)])
                target = into[done : done + len(chosen)]
                for new, old in enumerate(channels):
                    target[:, new] = 0 if old is None else part[chosen, old]
                row += len(part)
                done += len(chosen)


def subjects_with_windows(path: str | Path) -> list[str]:
    """Subjects in a windows file, in order of appearance.

    Raises
    ------
    PpgkdError
        If the file is damaged.
    """
    with _readable(path):
        table = pq.read_table(path, columns=["subject"], page_checksum_verification=True)
    return list(dict.fromkeys(table["subject"].to_pylist()))


@contextmanager
def _readable(path: str | Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowInvalid, OSError) as error:
        raise damaged_file(f"Windows file {path} cannot be read: {error}") from error


def _about(schema: pa.Schema, path: str | Path) -> dict[str, Any]:
    metadata = (schema.metadata or {}).get(_METADATA_KEY)
    if metadata is None:
        raise damaged_file(f"{path} is not a windows file of ppgkd: its metadata are missing")
    about: dict[str, Any] = json.loads(metadata)
    if about["preprocessing_version"] != PREPROCESSING_VERSION:
        raise damaged_file(
            f"{path} was made by preprocessing version {about['preprocessing_version']}; this is "
            f"version {PREPROCESSING_VERSION}"
        )
    lacking = [name for name in (*_INDEX_COLUMNS, _SIGNAL) if name not in schema.names]
    if lacking:
        raise damaged_file(
            f"{path} lacks the columns {lacking}: an earlier version of ppgkd made it, or another "
            "program changed it"
        )
    return about
