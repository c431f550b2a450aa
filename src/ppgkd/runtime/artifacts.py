"""Atomic writes: a file is either absent or complete."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

if TYPE_CHECKING:
    import pandas as pd


@contextmanager
def atomic_write(path: str | Path) -> Iterator[Path]:
    """Give a temporary path in the same folder; rename it to ``path`` when the block succeeds.

    Temporary files of earlier writers that were killed are removed. If such a writer is still
    alive, it fails when it renames: the latest writer wins, and the file is complete in any case.

    Parameters
    ----------
    path
        Where the finished file will be. Its folder is made if it is missing.

    Yields
    ------
    Path
        Temporary path with the same suffix. The file there is removed if the block fails.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    for abandoned in _temporary_files(path):
        abandoned.unlink(missing_ok=True)
    # a random name: another machine may have a process of the same number
    temporary = path.with_name(f".{path.stem}.{secrets.token_hex(8)}.partial{path.suffix}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _temporary_files(path: Path) -> Iterator[Path]:
    """Temporary files of writers of this file, and not of a file with a longer name."""
    before, after = f".{path.stem}.", f".partial{path.suffix}"
    for found in path.parent.iterdir():
        token = found.name.removeprefix(before).removesuffix(after)
        if token.isalnum() and found.name == f"{before}{token}{after}":
            yield found


@contextmanager
def atomic_array(
    path: str | Path, shape: tuple[int, ...], dtype: DTypeLike
) -> Iterator[Callable[[NDArray[Any]], object]]:
    """Give a function that appends to an NPY file, for an array that is too large for memory.

    The file is written in order and not mapped: on a full disk, writing raises an error, but
    writing to a mapped file kills the process and leaves an incomplete file.

    Parameters
    ----------
    path
        Where the finished file will be.
    shape, dtype
        Of the whole array, whose parts are given in order.
    """
    descr = np.lib.format.dtype_to_descr(np.dtype(dtype))
    header = {"descr": descr, "fortran_order": False, "shape": shape}
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        np.lib.format.write_array_header_2_0(file, header)
        yield lambda part: file.write(np.ascontiguousarray(part, dtype).data)


def file_fingerprint(path: str | Path) -> str:
    """SHA-256 of a file."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_json(path: str | Path, content: Any) -> None:
    """Write JSON atomically, with sorted keys; NaN is refused."""
    with atomic_write(path) as temporary:
        text = json.dumps(content, indent=2, sort_keys=True, allow_nan=False)
        temporary.write_text(text + "\n", encoding="utf-8")


def read_json(path: str | Path) -> Any:
    """Read JSON."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def write_parquet(path: str | Path, table: pd.DataFrame) -> None:
    """Write a table as Parquet atomically, without its index."""
    with atomic_write(path) as temporary:
        table.to_parquet(temporary, index=False)


def write_csv(path: str | Path, table: pd.DataFrame) -> None:
    """Write a table as CSV atomically, without its index."""
    with atomic_write(path) as temporary:
        table.to_csv(temporary, index=False)
