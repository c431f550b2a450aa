"""Checksums of files whose authors publish none: recorded at the first download, then enforced.

They lie beside the folder of raw files and not in it, so that they outlive ``rm -r resources/raw``:
one text for each file, in the form that ``sha256sum --check`` reads within that folder.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from ppgkd.datasets.manifest import RawFile
from ppgkd.errors import PpgkdError
from ppgkd.runtime.artifacts import atomic_write

RECORDED = Path("resources/checksums")
"""Where the workflow keeps them, below the folder that it works in."""

_LINE = re.compile(r"([0-9a-f]{64})  (.+)\n")


def record_path(file: RawFile, folder: Path = RECORDED) -> Path:
    """Where the checksum of a file is recorded."""
    return folder / f"{file.local}.sha256"


def with_recorded_checksum(file: RawFile, folder: Path = RECORDED) -> RawFile:
    """Give the file with its recorded checksum, where it has none of its own and there is one.

    Raises
    ------
    PpgkdError
        If what is recorded is no checksum of this file.
    """
    path = record_path(file, folder)
    if file.sha256 is not None or not path.exists():
        return file
    line = _LINE.fullmatch(path.read_text(encoding="utf-8", errors="replace"))
    if line is None or line[2] != str(file.local):
        raise PpgkdError(
            f"{path}: this is no recorded checksum of {file.local}; expected is one line, as "
            "sha256sum writes it. Delete it if you trust the file that you have or will download."
        )
    return replace(file, sha256=line[1])


def record_sha256(file: RawFile, sha256: str, folder: Path = RECORDED) -> Path:
    """Record the checksum of a file; give the path of the record."""
    path = record_path(file, folder)
    with atomic_write(path) as temporary:
        temporary.write_text(f"{sha256}  {file.local}\n", encoding="utf-8")
    return path
