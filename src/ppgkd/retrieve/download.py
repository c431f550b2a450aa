"""Raw files from their origin or from a mirror, under their name only once they are verified.

Pooch downloads and computes checksums. What it lacks is done here, the version in mind being 1.9:
``pooch.retrieve`` never tries again; ``Pooch(retry_if_failed=...)`` does, but after a 404 and after
a wrong checksum, too, with pauses that grow by one second; neither reads ``file://``; and what they
keep is readable by its owner alone, which is of no use in a folder that colleagues share.
"""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote, urljoin, urlsplit
from urllib.request import url2pathname

import pooch
import requests
from tqdm import tqdm

from ppgkd.datasets.manifest import RawFile
from ppgkd.errors import PpgkdError
from ppgkd.retrieve.checksums import record_path, record_sha256, with_recorded_checksum
from ppgkd.retrieve.complete import is_web_page, require_complete
from ppgkd.runtime.artifacts import atomic_write

MIRROR_VARIABLE = "PPGKD_MIRROR"

MAX_UNKNOWN_BYTES = 8 * 2**30
"""Size up to which a file is taken whose size is not known yet; the largest, WESAD, has 2.3e9."""

_PASSING_STATUS = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)

logger = logging.getLogger(__name__)


class _AttemptFailedError(Exception):
    """One attempt failed: the message says why, `may_pass` whether another one can succeed."""

    def __init__(self, reason: str, *, may_pass: bool) -> None:
        super().__init__(reason)
        self.may_pass = may_pass


def mirror_from(config_value: str | None) -> str | None:
    """Return the mirror to ask: the configuration's, else that of ``PPGKD_MIRROR``, else None.

    An empty value counts as none.
    """
    return config_value or os.environ.get(MIRROR_VARIABLE) or None


def retrieve(
    file: RawFile,
    destination: Path,
    mirror: str | None = None,
    *,
    checksums: Path | None = None,
    timeout_s: float = 30.0,
    retry_pauses_s: Sequence[float] = (1.0, 2.0, 4.0, 8.0),
) -> None:
    """Put a verified file at `destination`.

    A file that is already there and has the right checksum is kept, and nothing is asked; one with
    another checksum is removed first. What can pass is tried again: no connection, silence, a body
    that ends early, a server that is overloaded or in trouble (HTTP 408, 429, 5xx). What cannot,
    such as a 404 or other bytes than were published, fails at once.

    Where no checksum is known, the file that is there or comes first is taken if it is whole, as
    far as its form tells, and its checksum is recorded; from then on it is the only one.

    Parameters
    ----------
    file
        What to retrieve.
    destination
        Where to put it. Its folder is made if there is none.
    mirror
        Folder or base URL (``http``, ``https`` or ``file``) that is asked instead of the origin,
        at ``<mirror>/<source>/<path>``.
    checksums
        Folder of the recorded checksums; None records nothing.
    timeout_s
        After how many seconds of silence an attempt is given up. A slow transfer may take longer.
    retry_pauses_s
        Pauses before each further attempt, in seconds. As many are made as there are pauses.

    Raises
    ------
    PpgkdError
        If the file cannot be had or is not the one that was published. Nothing is left behind.
    """
    url = source_url(file, mirror)
    published = file
    try:
        if checksums is not None:
            file = with_recorded_checksum(published, checksums)
        if destination.exists() and not _is_right(destination, file):
            destination.unlink()
        if not destination.exists():
            with atomic_write(destination) as temporary:
                _download(url, file, temporary, timeout_s, retry_pauses_s)
        if checksums is not None and file.sha256 is None:
            recorded = record_sha256(file, pooch.file_hash(destination), checksums)
            logger.info("%s: its checksum was not known; it is in %s", file.local, recorded)
    except _AttemptFailedError as error:
        record = ""
        if published.sha256 != file.sha256 and checksums is not None:
            record = (
                f"; recorded when it was first here, in {record_path(file, checksums)}: delete "
                "that if the authors have published another version"
            )
        raise PpgkdError(
            f"{file.local} cannot be retrieved.\n"
            f"  URL: {url}\n"
            f"  expected: {_describe(file)}{record}\n"
            f"  found: {error}\n"
            f"  {_what_to_do(file, mirror)} Nothing was kept of it."
        ) from error
    except OSError as error:
        size = f"{file.n_bytes} bytes" if file.n_bytes else "the file"
        raise PpgkdError(
            f"{file.local} cannot be written to {destination}.\n"
            f"  found: {error}\n"
            f"  expected: a folder that can be written, with room for {size}. "
            "Make room or correct the path, and run again."
        ) from error


def _is_right(path: Path, file: RawFile) -> bool:
    if file.sha256 is not None:
        return bool(pooch.file_hash(path) == file.sha256)
    try:
        require_complete(path)
    except PpgkdError:
        return False
    return True


def _describe(file: RawFile) -> str:
    if file.sha256 is None:
        return "the file whole; its checksum is not known yet"
    size = f"{file.n_bytes} bytes, " if file.n_bytes else ""
    return f"{size}sha256 {file.sha256}"


def source_url(file: RawFile, mirror: str | None) -> str:
    """Return the URL to ask for a file, the mirror's if there is one.

    Raises
    ------
    PpgkdError
        If the mirror's URL is of a kind that is not supported.
    """
    if mirror is None:
        return file.url
    if "://" not in mirror:
        mirror = Path(mirror).expanduser().resolve().as_uri()
    scheme = urlsplit(mirror).scheme
    if scheme not in ("http", "https", "file"):
        raise PpgkdError(
            f"the mirror '{mirror}' is a URL of the kind '{scheme}'; allowed are a folder and URLs "
            f"of the kinds http, https and file. Correct 'mirror:' or {MIRROR_VARIABLE}."
        )
    return f"{mirror.rstrip('/')}/{quote(str(file.local))}"


def _download(
    url: str, file: RawFile, path: Path, timeout_s: float, retry_pauses_s: Sequence[float]
) -> None:
    """Try until the file is there, no attempt is left, or another one cannot help."""
    for pause_s in (*retry_pauses_s, None):
        try:
            _attempt(url, file, path, timeout_s)
            return
        except _AttemptFailedError as error:
            if pause_s is None or not error.may_pass:
                raise
            logger.warning("%s: %s; trying again in %g s", url, error, pause_s)
        time.sleep(pause_s)


def _attempt(url: str, file: RawFile, path: Path, timeout_s: float) -> None:
    is_local = url.startswith("file:")
    if is_local:
        _copy(url, file, path)
    else:
        _fetch(url, file, path, timeout_s)
    # A server that does not announce the length can break off without our being told.
    n_bytes = path.stat().st_size
    if file.sha256 is None:
        try:
            require_complete(path)
        except PpgkdError as error:
            raise _AttemptFailedError(
                f"{n_bytes} bytes: {error}", may_pass=not is_local and not is_web_page(path)
            ) from error
        return
    found_sha256 = pooch.file_hash(path)
    if found_sha256 != file.sha256:
        is_short = file.n_bytes is not None and n_bytes < file.n_bytes
        raise _AttemptFailedError(
            f"{n_bytes} bytes, sha256 {found_sha256}", may_pass=is_short and not is_local
        )


class _Limited:
    """A file that takes no more bytes than there should be: a server shall not fill the disk."""

    def __init__(self, file: BinaryIO, max_bytes: int) -> None:
        self._file = file
        self._max_bytes = max_bytes
        self._left = max_bytes

    def write(self, block: bytes) -> None:
        self._left -= len(block)
        if self._left < 0:
            raise _AttemptFailedError(f"more than {self._max_bytes} bytes", may_pass=False)
        self._file.write(block)

    def flush(self) -> None:
        self._file.flush()


def _copy(url: str, file: RawFile, path: Path) -> None:
    source = Path(url2pathname(urlsplit(url).path))
    if source.exists() and not source.is_file():  # a pipe would be waited for, a device never ends
        raise _AttemptFailedError(f"{source} is no regular file", may_pass=False)
    try:
        published = source.open("rb")
    except OSError as error:
        raise _AttemptFailedError(str(error), may_pass=False) from error
    with published, path.open("wb") as copy:
        shutil.copyfileobj(published, _Limited(copy, file.n_bytes or MAX_UNKNOWN_BYTES))


def _fetch(url: str, file: RawFile, path: Path, timeout_s: float) -> None:
    name = file.local.name
    try:
        # pooch takes the length that the server announces, but asks before whether there is a bar,
        # and one without a total does not answer
        size = file.n_bytes or 1
        # disable=None: a bar on a terminal, silence in a log
        with tqdm(total=size, desc=name, unit="B", unit_scale=True, disable=None) as bar:
            download = pooch.HTTPDownloader(
                progressbar=bar,
                timeout=timeout_s,
                headers={"Accept-Encoding": "identity"},
                hooks={"response": _refuse_open_way},
            )
            with path.open("wb") as body:
                limited = _Limited(body, file.n_bytes or MAX_UNKNOWN_BYTES)
                download(url, limited, pooch=None)
    except requests.HTTPError as error:
        response = error.response
        assert response is not None, "raise_for_status, which pooch calls, always sets it"
        status = response.status_code
        raise _AttemptFailedError(
            f"HTTP status {status} {response.reason}",
            may_pass=status in _PASSING_STATUS or status >= HTTPStatus.INTERNAL_SERVER_ERROR,
        ) from error
    except (
        requests.ConnectionError,
        requests.Timeout,
        requests.exceptions.ChunkedEncodingError,
        requests.exceptions.ContentDecodingError,
    ) as error:
        raise _AttemptFailedError(str(error), may_pass=True) from error
    except requests.RequestException as error:  # the URL itself is not valid, say
        raise _AttemptFailedError(str(error), may_pass=False) from error


def _refuse_open_way(response: requests.Response, **_: object) -> None:
    """Refuse a redirect from https to http, where others on the way can change what is sent.

    One to a file or to anything else is refused by requests itself.
    """
    if response.is_redirect and response.url.startswith("https:"):
        target = urljoin(response.url, response.headers["location"])
        if urlsplit(target).scheme != "https":
            raise _AttemptFailedError(f"a redirect from https to {target}", may_pass=False)


def _what_to_do(file: RawFile, mirror: str | None) -> str:
    if mirror is None:
        return (
            "Check the network and run again, or name a folder or URL that holds a copy of the "
            f"data with 'mirror:' in the configuration or with {MIRROR_VARIABLE}."
        )
    return (
        f"See that the mirror holds the file as published at {file.url}, or unset 'mirror:' and "
        f"{MIRROR_VARIABLE} to ask there."
    )
