"""Download of raw files, or copy from a mirror. A file gets its name only after verification.

Pooch downloads and computes checksums. The rest is done here, because the libraries do it less well
(pooch 1.9, urllib3 2.8):

- ``pooch.retrieve`` never tries again. ``Pooch(retry_if_failed=...)`` does, but also after a 404
  and after a wrong checksum, with pauses that grow by one second.
- ``urllib3.util.Retry`` does not try again when the body ends early, and tenacity would only
  replace the loop of ten lines in `_download`.
- Neither reads ``file://``, and pooch's files are readable by their owner alone, which is useless
  in a shared folder.
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
"""Largest size of a file whose size is not published; the largest dataset, WESAD, has 2.3e9."""

_TRANSIENT_STATUSES = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)

logger = logging.getLogger(__name__)


class _AttemptFailedError(Exception):
    """One attempt failed. If the reason is transient, another attempt may succeed."""

    def __init__(self, reason: str, *, is_transient: bool) -> None:
        super().__init__(reason)
        self.is_transient = is_transient


def mirror_from(config_value: str | None) -> str | None:
    """Return the mirror of the configuration, else that of ``PPGKD_MIRROR``, else None.

    An empty value means no mirror.
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

    An existing file with the right checksum is kept without a download; one with another checksum
    is deleted first. Transient failures are tried again: no connection, a timeout, a body that ends
    early, an overloaded or failing server (HTTP 408, 429, 5xx). All others, such as a 404 or a
    wrong checksum, fail at once.

    If no checksum is known, the existing or the first downloaded file is accepted if it is
    complete, as far as its format tells. Its checksum is recorded and required from then on.

    Parameters
    ----------
    file
        File to retrieve.
    destination
        Where to put it. Its folder is made if it is missing.
    mirror
        Folder or base URL (``http``, ``https`` or ``file``) to use instead of the origin, at
        ``<mirror>/<source>/<path>``.
    checksums
        Folder of the recorded checksums; None records nothing.
    timeout_s
        An attempt ends after so many seconds without data. A slow transfer may take longer.
    retry_pauses_s
        Pause before each further attempt, in seconds. The number of pauses limits the attempts.

    Raises
    ------
    PpgkdError
        If the file cannot be retrieved or is not the published one. No partial file remains.
    """
    url = source_url(file, mirror)
    published = file
    try:
        if checksums is not None:
            file = with_recorded_checksum(published, checksums)
        if destination.exists() and not _is_verified(destination, file):
            destination.unlink()
        if not destination.exists():
            with atomic_write(destination) as temporary:
                _download(url, file, temporary, timeout_s, retry_pauses_s)
        if checksums is not None and file.sha256 is None:
            recorded = record_sha256(file, pooch.file_hash(destination), checksums)
            logger.info("%s: no checksum was known; it is recorded in %s", file.local, recorded)
    except _AttemptFailedError as error:
        record = ""
        if published.sha256 != file.sha256 and checksums is not None:
            record = (
                f"; recorded at the first download in {record_path(file, checksums)}: delete that "
                "record if the authors have published another version"
            )
        raise PpgkdError(
            f"{file.local} cannot be retrieved.\n"
            f"  URL: {url}\n"
            f"  expected: {_describe(file)}{record}\n"
            f"  found: {error}\n"
            f"  {_what_to_do(file, mirror)} No part of it was kept."
        ) from error
    except OSError as error:
        size = f"{file.n_bytes} bytes" if file.n_bytes else "the file"
        raise PpgkdError(
            f"{file.local} cannot be written to {destination}.\n"
            f"  found: {error}\n"
            f"  expected: a folder that can be written, with room for {size}. "
            "Make room or correct the path, and run again."
        ) from error


def _is_verified(path: Path, file: RawFile) -> bool:
    if file.sha256 is not None:
        return bool(pooch.file_hash(path) == file.sha256)
    try:
        require_complete(path)
    except PpgkdError:
        return False
    return True


def _describe(file: RawFile) -> str:
    if file.sha256 is None:
        return "a complete file; its checksum is not known yet"
    size = f"{file.n_bytes} bytes, " if file.n_bytes else ""
    return f"{size}sha256 {file.sha256}"


def source_url(file: RawFile, mirror: str | None) -> str:
    """Return the URL of a file, on the mirror if there is one.

    Raises
    ------
    PpgkdError
        If the scheme of the mirror's URL is not supported.
    """
    if mirror is None:
        return file.url
    if "://" not in mirror:
        mirror = Path(mirror).expanduser().resolve().as_uri()
    scheme = urlsplit(mirror).scheme
    if scheme not in ("http", "https", "file"):
        raise PpgkdError(
            f"the mirror '{mirror}' is a URL with the scheme '{scheme}'; allowed are a folder and "
            f"URLs with http, https or file. Correct 'mirror:' or {MIRROR_VARIABLE}."
        )
    return f"{mirror.rstrip('/')}/{quote(str(file.local))}"


def _download(
    url: str, file: RawFile, path: Path, timeout_s: float, retry_pauses_s: Sequence[float]
) -> None:
    """Try until the file is complete, no attempt is left, or the failure is not transient."""
    for pause_s in (*retry_pauses_s, None):
        try:
            _attempt(url, file, path, timeout_s)
            return
        except _AttemptFailedError as error:
            if pause_s is None or not error.is_transient:
                raise
            logger.warning("%s: %s; trying again in %g s", url, error, pause_s)
        time.sleep(pause_s)


def _attempt(url: str, file: RawFile, path: Path, timeout_s: float) -> None:
    is_local = url.startswith("file:")
    if is_local:
        _copy(url, file, path)
    else:
        _fetch(url, file, path, timeout_s)
    # a server that does not announce the length can stop early without an error
    n_bytes = path.stat().st_size
    if file.sha256 is None:
        try:
            require_complete(path)
        except PpgkdError as error:
            raise _AttemptFailedError(
                f"{n_bytes} bytes: {error}", is_transient=not is_local and not is_web_page(path)
            ) from error
        return
    found_sha256 = pooch.file_hash(path)
    if found_sha256 != file.sha256:
        is_short = file.n_bytes is not None and n_bytes < file.n_bytes
        raise _AttemptFailedError(
            f"{n_bytes} bytes, sha256 {found_sha256}", is_transient=is_short and not is_local
        )


class _SizeLimited:
    """A file with a limit on its size, so that a server cannot fill the disk."""

    def __init__(self, file: BinaryIO, max_bytes: int) -> None:
        self._file = file
        self._max_bytes = max_bytes
        self._left = max_bytes

    def write(self, block: bytes) -> None:
        self._left -= len(block)
        if self._left < 0:
            raise _AttemptFailedError(f"more than {self._max_bytes} bytes", is_transient=False)
        self._file.write(block)

    def flush(self) -> None:
        self._file.flush()


def _copy(url: str, file: RawFile, path: Path) -> None:
    source = Path(url2pathname(urlsplit(url).path))
    if source.exists() and not source.is_file():  # a pipe may block, a device may never end
        raise _AttemptFailedError(f"{source} is not a regular file", is_transient=False)
    try:
        published = source.open("rb")
    except OSError as error:
        raise _AttemptFailedError(str(error), is_transient=False) from error
    with published, path.open("wb") as copy:
        shutil.copyfileobj(published, _SizeLimited(copy, file.n_bytes or MAX_UNKNOWN_BYTES))


def _fetch(url: str, file: RawFile, path: Path, timeout_s: float) -> None:
    name = file.local.name
    try:
        # pooch sets the total to the length that the server announces, but tests the bar before,
        # and the truth value of a bar without a total is an error
        size = file.n_bytes or 1
        # disable=None: a bar on a terminal, nothing in a log
        with tqdm(total=size, desc=name, unit="B", unit_scale=True, disable=None) as bar:
            download = pooch.HTTPDownloader(
                progressbar=bar,
                timeout=timeout_s,
                headers={"Accept-Encoding": "identity"},
                hooks={"response": _refuse_insecure_redirect},
            )
            with path.open("wb") as body:
                limited = _SizeLimited(body, file.n_bytes or MAX_UNKNOWN_BYTES)
                download(url, limited, pooch=None)
    except requests.HTTPError as error:
        response = error.response
        assert response is not None, "pooch calls raise_for_status, which always sets it"
        status = response.status_code
        raise _AttemptFailedError(
            f"HTTP status {status} {response.reason}",
            is_transient=status in _TRANSIENT_STATUSES
            or status >= HTTPStatus.INTERNAL_SERVER_ERROR,
        ) from error
    except (
        requests.ConnectionError,
        requests.Timeout,
        requests.exceptions.ChunkedEncodingError,
        requests.exceptions.ContentDecodingError,
    ) as error:
        raise _AttemptFailedError(str(error), is_transient=True) from error
    except requests.RequestException as error:  # such as an invalid URL
        raise _AttemptFailedError(str(error), is_transient=False) from error


def _refuse_insecure_redirect(response: requests.Response, **_: object) -> None:
    """Refuse a redirect from https to http, on which others can change the content.

    Redirects to other schemes are refused by requests itself.
    """
    if response.is_redirect and response.url.startswith("https:"):
        target = urljoin(response.url, response.headers["location"])
        if urlsplit(target).scheme != "https":
            raise _AttemptFailedError(f"a redirect from https to {target}", is_transient=False)


def _what_to_do(file: RawFile, mirror: str | None) -> str:
    if mirror is None:
        return (
            "Check the network and run again, or name a folder or URL that holds a copy of the "
            f"data with 'mirror:' in the configuration or with {MIRROR_VARIABLE}."
        )
    return (
        f"Check that the mirror has the file as published at {file.url}, or unset 'mirror:' and "
        f"{MIRROR_VARIABLE} to download it from there."
    )
