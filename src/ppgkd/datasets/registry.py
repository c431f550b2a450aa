"""The datasets that a study can name: their files, terms and subjects.

To add one: list its files in ``manifest.tsv``, give its source an origin here, describe it in
`DATASETS`, and let `Dataset.read` call its reader.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import quote

from ppgkd.errors import PpgkdError

if TYPE_CHECKING:  # importing it loads NumPy
    from ppgkd.datasets.recording import Recording

# Pinned at a commit, so that a checksum that no longer matches means damage and never an update.
ORIGINS = {
    "bami": (
        "https://raw.githubusercontent.com/HeewonChung92/CNN_LSTM_HeartRateEstimation/"
        "d83eddc282910ba5bf37ed40aa1cc56bb49fde68"
    ),
    "ieee_spc": (
        "https://raw.githubusercontent.com/mintisan/hr_estimate/"
        "2c2c9a905b1b656e755e471c2e05b401dc48690b"
    ),
}


@dataclass(frozen=True)
class RawFile:
    """One file as its authors publish it.

    Parameters
    ----------
    source
        Key of `ORIGINS`.
    path
        Path below the source's origin.
    n_bytes
        Size in bytes.
    sha256
        Checksum, 64 hexadecimal digits.
    """

    source: str
    path: str
    n_bytes: int
    sha256: str

    @property
    def url(self) -> str:
        """Where the authors publish it."""
        return f"{ORIGINS[self.source]}/{quote(self.path)}"

    @property
    def local(self) -> PurePosixPath:
        """Its path below the folder of raw data, and below a mirror."""
        return PurePosixPath(self.source, self.path)


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
        What its reader needs, in the order of the reader's arguments.
    """

    name: str
    subject: str
    files: tuple[RawFile, ...]


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
    terms
        Under which terms the recordings may be used.
    citation
        What to cite.
    ppg_channels
        Number of PPG channels; three of acceleration follow them.
    rate_hz
        Sampling rate in Hz.
    recordings
        All its recordings.
    """

    name: str
    title: str
    source: str
    terms: str
    citation: str
    ppg_channels: int
    rate_hz: float
    recordings: tuple[RecordingEntry, ...]

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
        paths = [raw_dir / file.local for file in entry.files]
        match self.source:
            case "bami":
                from ppgkd.datasets.bami import read_bami

                (path,) = paths
                return read_bami(path, entry.name, entry.subject)
            case "ieee_spc":
                from ppgkd.datasets.ieee_spc import read_ieee_spc

                signal_path, reference_path = paths
                return read_ieee_spc(signal_path, reference_path, entry.name, entry.subject)
            case _:
                raise PpgkdError(
                    f"recording {entry.name} of the dataset {self.name} has no published files; "
                    f"found the source '{self.source}', files are read from "
                    f"{', '.join(ORIGINS)}. Read it with what made it."
                )


def _read_manifest() -> dict[tuple[str, str], RawFile]:
    text = files(__package__).joinpath("manifest.tsv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines(), delimiter="\t")
    return {
        (row["source"], row["path"]): RawFile(
            row["source"], row["path"], int(row["bytes"]), row["sha256"]
        )
        for row in rows
    }


MANIFEST: Mapping[tuple[str, str], RawFile] = MappingProxyType(_read_manifest())
"""Every published file by source and path."""


def _bami(campaign: int, n_subjects: int) -> Iterator[RecordingEntry]:
    for number in range(1, n_subjects + 1):
        name = f"BAMI{campaign}_{number}"
        file = MANIFEST["bami", f"BAMI-{campaign}/{name}.mat"]
        yield RecordingEntry(name, f"bami{campaign}-{number:02d}", (file,))


def _spc(name: str, subject: str, signal: str, reference: str) -> RecordingEntry:
    paths = (f"datasets/{signal}.mat", f"datasets/{reference}.mat")
    return RecordingEntry(name, subject, tuple(MANIFEST["ieee_spc", path] for path in paths))


def _spc_train() -> Iterator[RecordingEntry]:
    kinds_of_motion = (1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2)
    for number, kind in enumerate(kinds_of_motion, start=1):
        name = f"DATA_{number:02d}_TYPE{kind:02d}"
        signal = f"Training_data/{name}"
        yield _spc(name, f"spc-{number:02d}", signal, f"{signal}_BPMtrace")
    # S04 is in the test set, too. It is the same subject there, so that a split which puts the two
    # recordings on different sides is caught.
    folder = "Extra_TrainingData"
    yield _spc("DATA_S04_T01", "spc-S04", f"{folder}/DATA_S04_T01", f"{folder}/BPM_S04_T01")


def _spc_test() -> Iterator[RecordingEntry]:
    sessions = (
        *("S01_T01", "S02_T01", "S02_T02", "S03_T02", "S04_T02"),
        *("S05_T02", "S06_T01", "S06_T02", "S07_T02", "S08_T01"),
    )
    for session in sessions:
        subject, _ = session.split("_")
        signal, reference = f"TestData/TEST_{session}", f"TrueBPM/True_{session}"
        yield _spc(f"TEST_{session}", f"spc-{subject}", signal, reference)


_BAMI_TERMS = "Free for academic research with citation."
_BAMI_CITATION = (
    "Chung et al., IEEE Access 8 (2020) 63390; Lee et al., IEEE Sensors J. 19.3 (2018) 1166."
)
_SPC_TERMS = "Free for research with citation."
_SPC_CITATION = "Zhang, Pi, Liu, TROIKA, IEEE Trans. Biomed. Eng. 62.2 (2015) 522."

DATASETS: Mapping[str, Dataset] = MappingProxyType(
    {
        dataset.name: dataset
        for dataset in (
            Dataset(
                name="simulated",
                title="Simulated cohort",
                source="simulated",
                terms="Made by this program; free of terms.",
                citation="None; the generator cites what its choices come from.",
                ppg_channels=3,
                rate_hz=50.0,
                recordings=(),
            ),
            Dataset(
                name="bami1",
                title="BAMI-1",
                source="bami",
                terms=_BAMI_TERMS,
                citation=_BAMI_CITATION,
                ppg_channels=3,
                rate_hz=50.0,
                recordings=tuple(_bami(campaign=1, n_subjects=25)),
            ),
            Dataset(
                name="bami2",
                title="BAMI-2",
                source="bami",
                terms=_BAMI_TERMS,
                citation=_BAMI_CITATION,
                ppg_channels=3,
                rate_hz=50.0,
                recordings=tuple(_bami(campaign=2, n_subjects=23)),
            ),
            Dataset(
                name="ieee_spc_train",
                title="IEEE Signal Processing Cup 2015, training set",
                source="ieee_spc",
                terms=_SPC_TERMS,
                citation=_SPC_CITATION,
                ppg_channels=2,
                rate_hz=125.0,
                recordings=tuple(_spc_train()),
            ),
            Dataset(
                name="ieee_spc_test",
                title="IEEE Signal Processing Cup 2015, test set",
                source="ieee_spc",
                terms=_SPC_TERMS,
                citation=_SPC_CITATION,
                ppg_channels=2,
                rate_hz=125.0,
                recordings=tuple(_spc_test()),
            ),
        )
    }
)
"""Every dataset by name. ``simulated`` has no recordings here: see `simulated_dataset`."""


def get_dataset(name: str) -> Dataset:
    """Return the dataset of this name.

    Raises
    ------
    PpgkdError
        If there is none.
    """
    if name not in DATASETS:
        raise PpgkdError(
            f"unknown dataset '{name}'; allowed are {', '.join(DATASETS)}. "
            "Correct the name in the configuration."
        )
    return DATASETS[name]


def simulated_dataset(n_subjects: int) -> Dataset:
    """Return the simulated cohort in the size that a configuration asks for.

    It has one recording per subject, ``sim-01``, ``sim-02``, ..., and no files to download.

    Parameters
    ----------
    n_subjects
        Number of subjects.
    """
    names = [f"sim-{number:02d}" for number in range(1, n_subjects + 1)]
    recordings = tuple(RecordingEntry(name, subject=name, files=()) for name in names)
    return replace(DATASETS["simulated"], recordings=recordings)
