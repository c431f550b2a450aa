"""Description of a dataset, which is available before its files are, and access to its reader.

Snakemake imports this in every job, so NumPy is imported only when a recording is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from ppgkd.datasets.manifest import ORIGINS, RawFile
from ppgkd.errors import PpgkdError

if TYPE_CHECKING:
    from ppgkd.datasets.recording import Recording


@dataclass(frozen=True)
class RecordingEntry:
    """Description of one recording: its name, subject and files.

    Parameters
    ----------
    name
        Name in the source, such as ``BAMI1_1``.
    subject
        Person who wears the sensor, such as ``bami1-01``.
    files
        Files for its reader, in the order that the reader expects. Several recordings may share a
        file.
    member
        Path of the recording inside an archive; empty if a file is one recording.
    doubt
        Why its reference is doubtful. A study uses such a recording only if it includes it by name.
    """

    name: str
    subject: str
    files: tuple[RawFile, ...]
    member: str = ""
    doubt: str = ""


@dataclass(frozen=True)
class Dataset:
    """A set of recordings made with one sensor under one protocol.

    Parameters
    ----------
    name
        Name in a configuration.
    title
        Name in a report.
    source
        Origin of its files, a key of `ORIGINS`; ``simulated`` has none.
    reader
        Name of the module in `ppgkd.datasets` that reads its files. The module has a function
        ``read(entry, raw_dir)`` or, to read several recordings at once, such as of one archive,
        ``read_many(entries, raw_dir)``.
    terms
        Terms of use.
    citation
        Publication to cite.
    ppg_channels
        Number of PPG channels.
    rate_hz
        Sampling rate in Hz of all channels of its recordings.
    recordings
        All its recordings.
    acc_channels
        Number of acceleration channels: three or zero.
    ppg_polarity
        Direction of the published PPG at a systole: +1, it rises; -1, it falls, as the light at the
        sensor does. Readers invert the latter, except `ppgkd.datasets.bami`, which says why.
    people_unknown
        Whether a person may have made several recordings, under several names. Then a study must
        not test on some of its recordings what learned from others.
    has_reference
        Whether its recordings have a reference heart rate.
    left_out
        Recordings that a study does not use because their reference is doubtful.
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
    people_unknown: bool = False
    has_reference: bool = True
    left_out: tuple[RecordingEntry, ...] = ()

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
            Folder that has every file at its `RawFile.local`.

        Raises
        ------
        PpgkdError
            If a file is missing, damaged or of the wrong shape, or if the dataset has no files.
        """
        (recording,) = self.read_many([entry], raw_dir)
        return recording

    def read_many(self, entries: Sequence[RecordingEntry], raw_dir: Path) -> Iterator[Recording]:
        """Read recordings one by one, in order; see `read`."""
        for entry in entries:
            if not entry.files:
                raise PpgkdError(
                    f"recording {entry.name} of the dataset {self.name} has no published files: "
                    f"its source is '{self.source}', and files exist for {', '.join(ORIGINS)}. "
                    "Read it by ppgkd.datasets.read.read_recordings."
                )
        reader = import_module(f"ppgkd.datasets.{self.reader}")
        if hasattr(reader, "read_many"):
            yield from reader.read_many(entries, raw_dir)
        else:
            yield from (reader.read(entry, raw_dir) for entry in entries)
