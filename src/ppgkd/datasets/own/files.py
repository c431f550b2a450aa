"""Files of a user's own recordings, which are read in place."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import PurePosixPath

from ppgkd.datasets.manifest import RawFile

SOURCE = "own"

HEADER_SUFFIX = ".hea"
"""Of the header of a WFDB record."""

WAVEFORM_SUFFIXES = (".edf", HEADER_SUFFIX)
"""Suffixes of files of waveforms; own recordings are these or tables."""


@dataclass(frozen=True)
class OwnFile(RawFile):
    """A file that is read in place."""

    @property
    def local(self) -> PurePosixPath:
        """Its path."""
        return PurePosixPath(self.path)

    @property
    def url(self) -> str:
        """Its path, because it is not downloaded."""
        return self.path


@dataclass(frozen=True)
class OwnTable(OwnFile):
    """A table of samples.

    Parameters
    ----------
    rate_hz
        Sampling rate of its recordings.
    """

    rate_hz: float = math.nan
