"""Members of untrusted ZIP archives, read without extracting the archive.

An archive comes from the network. Its whole directory is checked before any member is read: names
must stay within the archive, and sizes within limits. Members must be stored or deflated, as the
datasets are: for these two methods ``zipfile`` stops at the size that the directory states, so the
limits hold while reading, too. For other methods it does not.
"""

from __future__ import annotations

import io
import shutil
import stat
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import IO, Any, BinaryIO, cast

from ppgkd.errors import PpgkdError, damaged_file

MIB = 2**20
GIB = 2**30

_BLOCK_BYTES = MIB
_FREE_OF_RATIO_BYTES = MIB
"""The ratio of a smaller member is not limited, because it cannot grow large."""


@dataclass(frozen=True)
class Limits:
    """Limits of an archive. PPG-DaLiA and WESAD, the largest, are at most a third of each.

    Parameters
    ----------
    member_bytes
        Uncompressed size of one member.
    total_bytes
        Uncompressed size of all members.
    ratio
        Uncompressed to compressed bytes of a member; signals have 2 to 10, ZIP bombs 1,000.
    members
        Number of files and folders.
    directory_bytes
        Size of the archive's directory, which is read into memory.
    depth
        Number of nested archives, including the outermost one.
    """

    member_bytes: int = 8 * GIB
    total_bytes: int = 64 * GIB
    ratio: int = 200
    members: int = 100_000
    directory_bytes: int = 16 * MIB
    depth: int = 3


LIMITS = Limits()


class Archive:
    """A ZIP archive whose directory has passed all checks. Made by `open_archive`."""

    def __init__(self, file: BinaryIO, label: str, limits: Limits, scratch: Path | None) -> None:
        self.label = label
        self._limits = limits
        self._scratch = scratch
        self._zip = _read_directory(file, label, limits)
        _check_directory(self._zip, label, limits, file.seek(0, io.SEEK_END))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all files in it, in the archive's order, with ``/`` between folders."""
        return tuple(info.filename for info in self._zip.infolist() if not info.is_dir())

    def open(self, name: str, *, seekable: bool = False) -> BinaryIO:
        """Open a member to be read once, from its start to its end.

        Its checksum is verified at its end.

        Parameters
        ----------
        name
            One of `names`.
        seekable
            Copy the member to a temporary file first and verify its checksum. Readers of MATLAB
            files need to seek.

        Raises
        ------
        PpgkdError
            If there is no such member; while reading, if it is damaged.
        """
        if name not in self.names:
            some = ", ".join(self.names[:5]) + (", ..." if len(self.names) > 5 else "")
            raise damaged_file(
                f"{self.label}: the member {name} is missing; found {some or 'no members'}"
            )
        label = f"{self.label} > {name}"
        with _errors_named(label):
            member = self._zip.open(name)
        stream = cast(BinaryIO, io.BufferedReader(_Member(member, label), _BLOCK_BYTES))
        if not seekable:
            return stream
        with stream:
            return self._copy(stream, label)

    def _copy(self, stream: BinaryIO, label: str) -> BinaryIO:
        # in the archive's folder, which has room for gigabytes; /tmp may be in memory
        try:
            with ExitStack() as stack:
                copy = stack.enter_context(tempfile.TemporaryFile(dir=self._scratch))
                shutil.copyfileobj(stream, copy, _BLOCK_BYTES)
                copy.seek(0)
                stack.pop_all()
                return cast(BinaryIO, copy)
        except OSError as error:
            raise PpgkdError(
                f"{label}: it cannot be copied to a temporary file in "
                f"{self._scratch or tempfile.gettempdir()} ({error.strerror}). Make room there, "
                "or move the archive to where there is room."
            ) from error


@contextmanager
def open_archive(
    archive: str | Path | BinaryIO, *nested: str, limits: Limits = LIMITS
) -> Iterator[Archive]:
    """Open an archive, or one within an archive, to read several of its members.

    A nested archive is copied once to a temporary file, and not to memory.

    Parameters
    ----------
    archive
        Path of the outermost archive, or its open file, which must be seekable and is not closed.
    nested
        Names of archives, each a member of the one before.
    limits
        Limits of each archive.

    Raises
    ------
    PpgkdError
        If an archive cannot be read, is damaged, has unsafe names, or exceeds a limit.
    """
    if len(nested) >= limits.depth:
        raise PpgkdError(
            f"{_label_of(archive)}: {' > '.join(nested)} is nested in {len(nested)} archives; "
            f"allowed are at most {limits.depth - 1}. Unpack the outermost one yourself."
        )
    with ExitStack() as stack:
        scratch = None
        if isinstance(archive, str | Path):
            scratch = Path(archive).resolve().parent
            try:
                file: BinaryIO = stack.enter_context(Path(archive).open("rb"))
            except OSError as error:
                raise PpgkdError(
                    f"{archive}: the archive cannot be opened ({error.strerror}). "
                    "If it is missing, run again: it will be downloaded."
                ) from error
        else:
            file = archive
        opened = Archive(file, _label_of(archive), limits, scratch)
        for name in nested:
            inner = stack.enter_context(opened.open(name, seekable=True))
            opened = Archive(inner, f"{opened.label} > {name}", limits, scratch)
        yield opened


@contextmanager
def open_member(
    archive: str | Path | BinaryIO, *names: str, seekable: bool = False, limits: Limits = LIMITS
) -> Iterator[BinaryIO]:
    """Open one member. If there are several names, all but the last are nested archives.

    To read several members, use `open_archive`, which copies a nested archive only once.
    """
    with (
        open_archive(archive, *names[:-1], limits=limits) as opened,
        opened.open(names[-1], seekable=seekable) as member,
    ):
        yield member


def member_names(
    archive: str | Path | BinaryIO, *nested: str, limits: Limits = LIMITS
) -> tuple[str, ...]:
    """List the files in an archive, or in a nested one."""
    with open_archive(archive, *nested, limits=limits) as opened:
        return opened.names


class _Member(io.RawIOBase):
    """Bytes of a member; its errors name the member."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        self.name = name
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with _errors_named(self.name):
            block = self._file.read(min(len(buffer), _BLOCK_BYTES))
        buffer[: len(block)] = block
        return len(block)

    def close(self) -> None:
        self._file.close()
        super().close()


class _DirectoryLimited:
    """An archive's file that refuses to read a directory larger than allowed."""

    def __init__(self, file: BinaryIO, label: str, limits: Limits) -> None:
        self._file = file
        self._label = label
        self._max_bytes = limits.directory_bytes
        self.is_limited = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def read(self, n_bytes: int = -1) -> bytes:
        if self.is_limited and n_bytes > self._max_bytes:
            raise _refusal(
                self._label, f"a directory of {n_bytes:,} bytes", f"{self._max_bytes:,} bytes"
            )
        return self._file.read(n_bytes)


@contextmanager
def _errors_named(label: str) -> Iterator[None]:
    try:
        yield
    except PpgkdError:
        raise
    except Exception as error:  # zipfile and zlib raise almost any exception on damage
        raise damaged_file(
            f"{label}: it cannot be read, the archive is damaged, truncated or not a ZIP archive "
            f"({type(error).__name__}: {error})"
        ) from error


def _read_directory(file: BinaryIO, label: str, limits: Limits) -> zipfile.ZipFile:
    limited = _DirectoryLimited(file, label, limits)
    with _errors_named(label):
        opened = zipfile.ZipFile(cast(BinaryIO, limited))
    limited.is_limited = False
    return opened


def _check_directory(
    opened: zipfile.ZipFile, label: str, limits: Limits, archive_bytes: int
) -> None:
    members = opened.infolist()
    if len(members) > limits.members:
        raise _refusal(label, f"{len(members):,} members", f"{limits.members:,}")
    for info in members:
        _check_member(info, label, limits)
    _check_distinct_names(members, label)
    packed_bytes = sum(info.compress_size for info in members)
    if packed_bytes > archive_bytes:
        raise _refusal(
            label,
            f"members of {packed_bytes:,} compressed bytes, which overlap",
            f"{archive_bytes:,} bytes, those of the archive",
        )
    total_bytes = sum(info.file_size for info in members)
    if total_bytes > limits.total_bytes:
        raise _refusal(
            label,
            f"{total_bytes:,} bytes in all, uncompressed",
            f"{limits.total_bytes:,} bytes",
        )


def _check_member(info: zipfile.ZipInfo, label: str, limits: Limits) -> None:
    name = info.orig_filename  # as in the file; `filename` ends at a zero byte
    label = f"{label} > {name!r}"
    reason = _unsafe_name_reason(name)
    if reason is None:
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            reason = "is a link or a device"
    if reason is not None:
        raise damaged_file(
            f"{label}: the member {reason}; allowed are files and folders with relative names "
            "that stay within the archive"
        )
    if info.flag_bits & 0x1:
        raise damaged_file(
            f"{label}: the member is encrypted; allowed are members that can be read without a "
            "password"
        )
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise damaged_file(
            f"{label}: the member is compressed by the method {info.compress_type}; allowed are 0, "
            "stored, and 8, deflated"
        )
    if info.file_size > limits.member_bytes:
        raise _refusal(
            label, f"{info.file_size:,} bytes, uncompressed", f"{limits.member_bytes:,} bytes"
        )
    if info.file_size > max(_FREE_OF_RATIO_BYTES, limits.ratio * info.compress_size):
        raise _refusal(
            label,
            f"{info.compress_size:,} bytes that grow to {info.file_size:,}",
            f"growth to {limits.ratio} times the size",
        )


def _unsafe_name_reason(name: str) -> str | None:
    if "\\" in name:
        return "has a backslash in its name"
    if any(ord(character) < 32 for character in name):
        return "has a control character in its name"
    if PureWindowsPath(name).anchor:
        return "has an absolute name"
    if not {"", ".", ".."}.isdisjoint(name.removesuffix("/").split("/")):
        return "has '.', '..' or an empty part in its name"
    return None


def _check_distinct_names(members: list[zipfile.ZipInfo], label: str) -> None:
    (name, count), *_ = Counter(info.filename for info in members).most_common(1) or [("", 0)]
    if count > 1:
        raise damaged_file(f"{label} > {name!r}: {count} members have this name; allowed is one")


def _label_of(archive: str | Path | BinaryIO) -> str:
    if isinstance(archive, str | Path):
        return str(archive)
    return str(getattr(archive, "name", "the archive"))


def _refusal(label: str, found: str, allowed: str) -> PpgkdError:
    return damaged_file(f"{label}: found {found}; allowed are at most {allowed}")
