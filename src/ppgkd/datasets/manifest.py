"""The published files: their URLs, sizes and checksums.

``manifest.tsv`` lists them. Unknown sizes and checksums are empty columns; the first download fixes
them (`ppgkd.retrieve.checksums`).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import PurePosixPath
from types import MappingProxyType
from urllib.parse import quote

# Pinned to a version where possible, so that a wrong checksum means damage and not an update.
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
    # the user name is the share's number; there is no password
    "wildppg": "https://NWTuyNojU7aya1y:@polybox.ethz.ch/public.php/webdav/data",
    "bidmc": "https://physionet.org/files/bidmc/1.0.0/bidmc_csv",
    # EDF copies of https://physionet.org/content/wrist/1.0.0/
    "wrist_exercise": (
        "https://raw.githubusercontent.com/shishakohle/BSP/a2f990043f96f25df7bb69eeee76ef07d628e577"
    ),
}
"""Base URL of each source. The URL of a file is this and its path."""

URL_OVERRIDES = {
    # UCI's own page of WESAD only links to this share
    ("wesad", "WESAD.zip"): "https://uni-siegen.sciebo.de/s/HGdUkoNlW1Ub0Gx/download",
}
"""URLs of files that do not end in their path, by source and path."""


@dataclass(frozen=True)
class RawFile:
    """One published file.

    Parameters
    ----------
    source
        Key of `ORIGINS`.
    path
        Path below the source's origin.
    n_bytes
        Size in bytes; None if unknown.
    sha256
        Checksum, 64 hexadecimal digits; None if unknown.
    """

    source: str
    path: str
    n_bytes: int | None = None
    sha256: str | None = None

    @property
    def url(self) -> str:
        """Its URL at the origin."""
        found = URL_OVERRIDES.get((self.source, self.path))
        return found or f"{ORIGINS[self.source]}/{quote(self.path, safe='/+')}"

    @property
    def local(self) -> PurePosixPath:
        """Its path in the folder of raw data and in a mirror."""
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
