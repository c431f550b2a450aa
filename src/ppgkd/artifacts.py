"""Files that are either absent or whole: written beside their place, then renamed into it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

if TYPE_CHECKING:
    import pandas as pd


@contextmanager
def whole(path: str | Path) -> Iterator[Path]:
    """Give a path beside ``path`` to write to; rename it into place when the block succeeds.

    Parameters
    ----------
    path
        Where the finished file shall be. Its folder is made when missing.

    Yields
    ------
    Path
        Name to write to, with the same suffix. Whatever lies there is removed if the block fails.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    try:
        yield beside
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def whole_array(
    path: str | Path, shape: tuple[int, ...], dtype: DTypeLike
) -> Iterator[Callable[[NDArray[Any]], object]]:
    """Give a function that appends to an NPY file, for an array that is too large for memory.

    The file is written in order, and not mapped: where the disk is full, writing raises an error,
    but a mapped file kills the process, and leaves what it had written.

    Parameters
    ----------
    path
        Where the finished file shall be.
    shape, dtype
        Of the whole array, whose parts are given in order.
    """
    descr = np.lib.format.dtype_to_descr(np.dtype(dtype))
    header = {"descr": descr, "fortran_order": False, "shape": shape}
    with whole(path) as beside, beside.open("wb") as file:
        np.lib.format.write_array_header_2_0(file, header)
        yield lambda part: file.write(np.ascontiguousarray(part, dtype).data)


def file_fingerprint(path: str | Path) -> str:
    """SHA-256 of a file."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_json(path: str | Path, content: Any) -> None:
    """Write JSON with sorted keys, whole or not at all; NaN is refused."""
    with whole(path) as beside:
        text = json.dumps(content, indent=2, sort_keys=True, allow_nan=False)
        beside.write_text(text + "\n", encoding="utf-8")


def read_json(path: str | Path) -> Any:
    """Read JSON."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def write_parquet(path: str | Path, table: pd.DataFrame) -> None:
    """Write a table as Parquet without its index, whole or not at all."""
    with whole(path) as beside:
        table.to_parquet(beside, index=False)


def write_csv(path: str | Path, table: pd.DataFrame) -> None:
    """Write a table as CSV without its index, whole or not at all."""
    with whole(path) as beside:
        table.to_csv(beside, index=False)
