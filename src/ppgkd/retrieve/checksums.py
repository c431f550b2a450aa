"""Checksums of files whose authors publish none: recorded at the first download, then required.

They are outside the folder of raw files, so that ``rm -r resources/raw`` does not delete them. Each
file has one text file, in the format that ``sha256sum --check`` reads within that folder.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from ppgkd.datasets.manifest import RawFile
from ppgkd.errors import PpgkdError
from ppgkd.runtime.artifacts import atomic_write

RECORDED = Path("resources/checksums")
"""Folder of the recorded checksums, below the working folder of the workflow."""

_LINE = re.compile(r"([0-9a-f]{64})  (.+)\n")


def record_path(file: RawFile, folder: Path = RECORDED) -> Path:
    """Path of the recorded checksum of a file."""
    return folder / f"{file.local}.sha256"


def with_recorded_checksum(file: RawFile, folder: Path = RECORDED) -> RawFile:
    """Add its recorded checksum to a file that has no published one, if there is a record.

    Raises
    ------
    PpgkdError
        If the record is not a checksum of this file.
    """
    path = record_path(file, folder)
    if file.sha256 is not None or not path.exists():
        return file
    line = _LINE.fullmatch(path.read_text(encoding="utf-8", errors="replace"))
    if line is None or line[2] != str(file.local):
        raise PpgkdError(
            f"{path}: this is not a recorded checksum of {file.local}; expected one line as "
            "sha256sum writes it. Delete it if you trust the file that you have or will download."
        )
    return replace(file, sha256=line[1])


def record_sha256(file: RawFile, sha256: str, folder: Path = RECORDED) -> Path:
    """Record the checksum of a file. Return the path of the record."""
    path = record_path(file, folder)
    with atomic_write(path) as temporary:
        temporary.write_text(f"{sha256}  {file.local}\n", encoding="utf-8")
    return path
