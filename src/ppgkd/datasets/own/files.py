"""Files of the user's own, which are read where they are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import PurePosixPath

from ppgkd.datasets.manifest import RawFile

SOURCE = "own"


@dataclass(frozen=True)
class OwnFile(RawFile):
    """A file of the user's own, which is read in place."""

    @property
    def local(self) -> PurePosixPath:
        """Where it lies."""
        return PurePosixPath(self.path)

    @property
    def url(self) -> str:
        """The same: it comes from nowhere."""
        return self.path


@dataclass(frozen=True)
class OwnTable(OwnFile):
    """A table with samples.

    Parameters
    ----------
    rate_hz
        Rate that its recordings go by.
    """

    rate_hz: float = math.nan
