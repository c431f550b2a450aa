"""The files as their authors publish them: where, and with what checksum.

They are listed in ``manifest.tsv``. Where size and checksum are not known yet, the columns are
empty, and the first download fixes them: see `ppgkd.retrieve.checksums`.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import PurePosixPath
from types import MappingProxyType
from urllib.parse import quote

# Pinned where the origin can be, so that a checksum that no longer matches means damage and never
# an update.
ORIGINS = {
    "bami": (
        "https://raw.githubusercontent.com/HeewonChung92/CNN_LSTM_HeartRateEstimation/"
        "d83eddc282910ba5bf37ed40aa1cc56bb49fde68"
    ),
    "ieee_spc": (
        "https://raw.githubusercontent.com/mintisan/hr_estimate/"
        "2c2c9a905b1b656e755e471c2e05b401dc48690b"
    ),
    "ppg_dalia": "https://archive.ics.uci.edu/static/public/495",
    "wesad": "https://uni-siegen.sciebo.de/s/HGdUkoNlW1Ub0Gx",
    # the share's number is its user name; it has no password
    "wildppg": "https://NWTuyNojU7aya1y:@polybox.ethz.ch/public.php/webdav/data",
    "bidmc": "https://physionet.org/files/bidmc/1.0.0/bidmc_csv",
}
"""Base URL of each source, below which a file is found at its path."""

ADDRESSES = {
    # what UCI has under WESAD's number is a note that names this share
    ("wesad", "WESAD.zip"): "https://uni-siegen.sciebo.de/s/HGdUkoNlW1Ub0Gx/download",
}
"""URLs of the files whose path is not part of it, by source and path."""


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
        Size in bytes; None where it is not known yet.
    sha256
        Checksum, 64 hexadecimal digits; None where it is not known yet.
    """

    source: str
    path: str
    n_bytes: int | None = None
    sha256: str | None = None

    @property
    def url(self) -> str:
        """Where the authors publish it."""
        found = ADDRESSES.get((self.source, self.path))
        return found or f"{ORIGINS[self.source]}/{quote(self.path, safe='/+')}"

    @property
    def local(self) -> PurePosixPath:
        """Its path below the folder of raw data, and below a mirror."""
        return PurePosixPath(self.source, self.path)


def _read_manifest() -> dict[tuple[str, str], RawFile]:
    text = files(__package__).joinpath("manifest.tsv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines(), delimiter="\t")
    return {
        (row["source"], row["path"]): RawFile(
            row["source"],
            row["path"],
            int(row["bytes"]) if row["bytes"] else None,
            row["sha256"] or None,
        )
        for row in rows
    }


MANIFEST: Mapping[tuple[str, str], RawFile] = MappingProxyType(_read_manifest())
"""Every published file by source and path."""
