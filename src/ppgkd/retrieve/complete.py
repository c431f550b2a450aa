"""Whether a downloaded file without a known checksum is complete."""

from __future__ import annotations

from pathlib import Path

from ppgkd.datasets.archive import open_archive
from ppgkd.errors import PpgkdError

_BLOCK_BYTES = 2**20


def require_complete(path: Path) -> None:
    """Refuse a damaged or truncated archive, an empty file and a web page.

    Every member of an archive is read once, which compares its own checksum. Other files are only
    checked not to be empty, and not to be a web page that a server returned instead.

    Raises
    ------
    PpgkdError
        If the file is not complete.
    """
    if is_web_page(path):
        raise PpgkdError(f"{path.name}: this is a web page or an empty file, not the data.")
    if path.suffix != ".zip":
        return
    with open_archive(path) as archive:
        for name in archive.names:
            with archive.open(name) as member:
                while member.read(_BLOCK_BYTES):
                    pass


def is_web_page(path: Path) -> bool:
    """Whether a file is empty, or starts like HTML or XML."""
    with path.open("rb") as file:
        start = file.read(512).lstrip(b"\xef\xbb\xbf \t\r\n")
    return not start or start.startswith(b"<")
