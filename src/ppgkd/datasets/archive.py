"""Members of ZIP archives, read where they lie: nothing is extracted, and little is believed.

An archive comes from the network. Its directory is checked as a whole before any member is read,
against names that lead elsewhere and against limits on what it may grow to. Members are plain or
deflated, as datasets are published: ``zipfile`` stops at the size that the directory states for
these two, so the limits hold while reading, too; for other methods it does not.
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
"""A member that is smaller grows to nothing that matters, whatever its ratio."""


@dataclass(frozen=True)
class Limits:
    """How large an archive may grow. PPG-DaLiA and WESAD, the largest, take a third of each.

    Parameters
    ----------
    member_bytes
        Of one member, uncompressed.
    total_bytes
        Of all members, uncompressed.
    ratio
        Of uncompressed to compressed bytes; signals have 2 to 10, bombs 1,000.
    members
        Number of files and folders.
    directory_bytes
        Of the archive's directory, which is held in memory.
    depth
        Number of archives within each other, the outermost one included.
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
        _require_sound_directory(self._zip, label, limits, file.seek(0, io.SEEK_END))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all files in it, in the archive's order, with ``/`` between folders."""
        return tuple(info.filename for info in self._zip.infolist() if not info.is_dir())

    def open(self, name: str, *, seekable: bool = False) -> BinaryIO:
        """Open a member to be read once, from its beginning to its end.

        Its checksum is compared when its end is reached.

        Parameters
        ----------
        name
            One of `names`.
        seekable
            Copy it to a temporary file first, whose checksum has been compared and in which one
            can go back, as readers of MATLAB files do.

        Raises
        ------
        PpgkdError
            If there is no such member. While reading, if it is damaged.
        """
        if name not in self.names:
            some = ", ".join(self.names[:5]) + (", ..." if len(self.names) > 5 else "")
            raise damaged_file(
                f"{self.label}: the member {name} is missing; found {some or 'no members'}"
            )
        label = f"{self.label} > {name}"
        with _damage_named(label):
            member = self._zip.open(name)
        stream = cast(BinaryIO, io.BufferedReader(_Member(member, label), _BLOCK_BYTES))
        if not seekable:
            return stream
        with stream:
            return self._copy(stream, label)

    def _copy(self, stream: BinaryIO, label: str) -> BinaryIO:
        # Beside the archive, where there is room for gigabytes; what is at /tmp may be memory.
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
                "or put the archive where there is room."
            ) from error


@contextmanager
def open_archive(
    archive: str | Path | BinaryIO, *nested: str, limits: Limits = LIMITS
) -> Iterator[Archive]:
    """Open an archive, or one within an archive, to read several of its members.

    An archive within another one is copied to a temporary file, once, and not to memory.

    Parameters
    ----------
    archive
        Path of the outermost archive, or its file, which must be seekable and stays open.
    nested
        Names of archives, each a member of the one before.
    limits
        What is allowed.

    Raises
    ------
    PpgkdError
        If an archive cannot be read, is damaged, has names that lead elsewhere, or breaks a limit.
    """
    if len(nested) >= limits.depth:
        raise PpgkdError(
            f"{_label_of(archive)}: {' > '.join(nested)} lies in {len(nested)} archives; "
            f"at most {limits.depth - 1} are opened. Unpack the outermost one yourself."
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
    """Open one member; of several names all but the last are archives within each other.

    Who reads several members should use `open_archive`, which copies an inner archive only once.
    """
    with (
        open_archive(archive, *names[:-1], limits=limits) as opened,
        opened.open(names[-1], seekable=seekable) as member,
    ):
        yield member


def member_names(
    archive: str | Path | BinaryIO, *nested: str, limits: Limits = LIMITS
) -> tuple[str, ...]:
    """List the files in an archive, or in one within it."""
    with open_archive(archive, *nested, limits=limits) as opened:
        return opened.names


class _Member(io.RawIOBase):
    """A member's bytes, with errors that name it."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        self.name = name
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with _damage_named(self.name):
            block = self._file.read(min(len(buffer), _BLOCK_BYTES))
        buffer[: len(block)] = block
        return len(block)

    def close(self) -> None:
        self._file.close()
        super().close()


class _Guarded:
    """An archive's file that hands over no directory larger than allowed."""

    def __init__(self, file: BinaryIO, label: str, limits: Limits) -> None:
        self._file = file
        self._label = label
        self._max_bytes = limits.directory_bytes
        self.guards = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def read(self, n_bytes: int = -1) -> bytes:
        if self.guards and n_bytes > self._max_bytes:
            raise _refusal(
                self._label, f"a directory of {n_bytes:,} bytes", f"{self._max_bytes:,} bytes"
            )
        return self._file.read(n_bytes)


@contextmanager
def _damage_named(label: str) -> Iterator[None]:
    try:
        yield
    except PpgkdError:
        raise
    except Exception as error:  # damaged bytes make zipfile and zlib raise almost anything
        raise damaged_file(
            f"{label}: it cannot be read, the archive is damaged, cut short or no ZIP archive "
            f"({type(error).__name__}: {error})"
        ) from error


def _read_directory(file: BinaryIO, label: str, limits: Limits) -> zipfile.ZipFile:
    guarded = _Guarded(file, label, limits)
    with _damage_named(label):
        opened = zipfile.ZipFile(cast(BinaryIO, guarded))
    guarded.guards = False
    return opened


def _require_sound_directory(
    opened: zipfile.ZipFile, label: str, limits: Limits, archive_bytes: int
) -> None:
    members = opened.infolist()
    if len(members) > limits.members:
        raise _refusal(label, f"{len(members):,} members", f"{limits.members:,}")
    for info in members:
        _require_sound_member(info, label, limits)
    _require_distinct(members, label)
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


def _require_sound_member(info: zipfile.ZipInfo, label: str, limits: Limits) -> None:
    name = info.orig_filename  # as it stands in the file; `filename` is cut at a zero byte
    label = f"{label} > {name!r}"
    reason = _what_leads_elsewhere(name)
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


def _what_leads_elsewhere(name: str) -> str | None:
    if "\\" in name:
        return "has a backslash in its name"
    if any(ord(character) < 32 for character in name):
        return "has a control character in its name"
    if PureWindowsPath(name).anchor:
        return "has an absolute name"
    if not {"", ".", ".."}.isdisjoint(name.removesuffix("/").split("/")):
        return "has '.', '..' or nothing as a part of its name"
    return None


def _require_distinct(members: list[zipfile.ZipInfo], label: str) -> None:
    (name, count), *_ = Counter(info.filename for info in members).most_common(1) or [("", 0)]
    if count > 1:
        raise damaged_file(
            f"{label} > {name!r}: {count} members have this name, and it is not known which one is "
            "meant; allowed is one"
        )


def _label_of(archive: str | Path | BinaryIO) -> str:
    if isinstance(archive, str | Path):
        return str(archive)
    return str(getattr(archive, "name", "the archive"))


def _refusal(label: str, found: str, allowed: str) -> PpgkdError:
    return damaged_file(f"{label}: found {found}; allowed are at most {allowed}")
