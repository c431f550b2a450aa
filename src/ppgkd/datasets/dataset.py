"""What is known of a dataset before anything of it is downloaded, and the way to its reader.

Snakemake imports this in every job: NumPy is loaded only when a recording is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from ppgkd.datasets.manifest import ORIGINS, RawFile
from ppgkd.errors import PpgkdError

if TYPE_CHECKING:
    from ppgkd.datasets.recording import Recording


@dataclass(frozen=True)
class RecordingEntry:
    """One recording of a dataset, before anything is downloaded.

    Parameters
    ----------
    name
        What the source calls it, such as ``BAMI1_1``.
    subject
        Who wears the sensor, such as ``bami1-01``.
    files
        What its reader needs, in the order that the reader expects. One file may hold many
        recordings.
    member
        Path of the recording inside an archive; empty where a file holds one recording.
    """

    name: str
    subject: str
    files: tuple[RawFile, ...]
    member: str = ""


@dataclass(frozen=True)
class Dataset:
    """A set of recordings made with one sensor under one protocol.

    Parameters
    ----------
    name
        What a configuration calls it.
    title
        What a report calls it.
    source
        Where its files come from, a key of `ORIGINS`; ``simulated`` has none.
    reader
        Name of the module in `ppgkd.datasets` that reads its files, by a function
        ``read(entry, raw_dir)``.
    terms
        Under which terms the recordings may be used.
    citation
        What to cite.
    ppg_channels
        Number of PPG channels; those of acceleration follow them.
    rate_hz
        Sampling rate in Hz of all channels, as its reader gives them.
    recordings
        All its recordings.
    acc_channels
        Number of acceleration channels: three, or none.
    ppg_polarity
        What a systole is in the published PPG: +1, a rise; -1, a fall, as of the light that a
        sensor receives. Readers turn the latter, but for `ppgkd.datasets.bami`, which says why.
    """

    name: str
    title: str
    source: str
    reader: str
    terms: str
    citation: str
    ppg_channels: int
    rate_hz: float
    recordings: tuple[RecordingEntry, ...]
    acc_channels: int = 3
    ppg_polarity: int = 1

    @property
    def subjects(self) -> tuple[str, ...]:
        """Every subject once, in the order of the recordings."""
        return tuple(dict.fromkeys(entry.subject for entry in self.recordings))

    def read(self, entry: RecordingEntry, raw_dir: Path) -> Recording:
        """Read one recording from the raw files.

        Parameters
        ----------
        entry
            One of `recordings`.
        raw_dir
            Folder in which every file lies at its `RawFile.local`.

        Raises
        ------
        PpgkdError
            If a file is missing, damaged or of the wrong shape, or if the dataset has no files.
        """
        if not entry.files:
            raise PpgkdError(
                f"recording {entry.name} of the dataset {self.name} has no published files; "
                f"found the source '{self.source}', files are read from "
                f"{', '.join(ORIGINS)}. Read it with what made it."
            )
        recording: Recording = self._reader().read(entry, raw_dir)
        return recording

    def read_many(self, entries: Sequence[RecordingEntry], raw_dir: Path) -> Iterator[Recording]:
        """Read recordings one by one, in order.

        A reader may have a function ``read_many(entries, raw_dir)``, which does for all of them at
        once what it would have to do for each, such as unpacking an archive.
        """
        many = getattr(self._reader(), "read_many", None)
        if many is not None and all(entry.files for entry in entries):
            yield from many(entries, raw_dir)
        else:
            yield from (self.read(entry, raw_dir) for entry in entries)

    def _reader(self) -> ModuleType:
        return import_module(f"ppgkd.datasets.{self.reader}")
