"""Whether a downloaded file is whole and what it is called, where no checksum tells it."""

from __future__ import annotations

from pathlib import Path

from ppgkd.datasets.archive import open_archive
from ppgkd.errors import PpgkdError

_BLOCK_BYTES = 2**20


def require_complete(path: Path) -> None:
    """Refuse what cannot be the file: an archive that is damaged or cut short, or a web page.

    Every member of an archive is read once, so that its own checksum is compared. Of other files it
    is only known that they are not empty and no page that a server shows in their place.

    Raises
    ------
    PpgkdError
        If it is not whole.
    """
    if is_web_page(path):
        raise PpgkdError(f"{path.name}: this is a web page or an empty file, and not the data.")
    if path.suffix != ".zip":
        return
    with open_archive(path) as archive:
        for name in archive.names:
            with archive.open(name) as member:
                while member.read(_BLOCK_BYTES):
                    pass


def is_web_page(path: Path) -> bool:
    """Whether a file is empty, or begins as HTML and XML do."""
    with path.open("rb") as file:
        start = file.read(512).lstrip(b"\xef\xbb\xbf \t\r\n")
    return not start or start.startswith(b"<")
