"""Files that are either absent or whole: written beside their place, then renamed into it."""

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
    """Give a path beside ``path`` to write to; rename it into place when the block succeeds.

    What an earlier writer left beside it, which was killed, is removed. If that one is alive after
    all, it fails when it renames: the latest writer wins, and the file is whole in any case.

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
    for left in _partial(path):
        left.unlink(missing_ok=True)
    # not the number of the process, which another machine may have given, too
    temporary = path.with_name(f".{path.stem}.{secrets.token_hex(8)}.partial{path.suffix}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _partial(path: Path) -> Iterator[Path]:
    """What writers of this file, and not of one with a longer name, have beside it."""
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
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        np.lib.format.write_array_header_2_0(file, header)
        yield lambda part: file.write(np.ascontiguousarray(part, dtype).data)


def file_fingerprint(path: str | Path) -> str:
    """SHA-256 of a file."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_json(path: str | Path, content: Any) -> None:
    """Write JSON with sorted keys, whole or not at all; NaN is refused."""
    with atomic_write(path) as temporary:
        text = json.dumps(content, indent=2, sort_keys=True, allow_nan=False)
        temporary.write_text(text + "\n", encoding="utf-8")


def read_json(path: str | Path) -> Any:
    """Read JSON."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def write_parquet(path: str | Path, table: pd.DataFrame) -> None:
    """Write a table as Parquet without its index, whole or not at all."""
    with atomic_write(path) as temporary:
        table.to_parquet(temporary, index=False)


def write_csv(path: str | Path, table: pd.DataFrame) -> None:
    """Write a table as CSV without its index, whole or not at all."""
    with atomic_write(path) as temporary:
        table.to_csv(temporary, index=False)
