"""Fingerprints of recordings: which files estimates of them were made from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from ppgkd.datasets.read import DEFINITION_SUFFIXES, find_entries

CHUNK = 1 << 20


def recording_fingerprints(
    dataset: str, names: Sequence[str], files: Sequence[str | Path]
) -> dict[str, str]:
    """SHA-256 of the files of each recording, one after the other in the order of their names.

    Any program can compute it: ``cat FILES | sha256sum``. The YAML file that describes own
    recordings is not one of them.

    Parameters
    ----------
    dataset, names, files
        As of `ppgkd.datasets.read.read_recordings`.
    """
    if dataset == "simulated":
        return dict.fromkeys(names, _joint_sha256((str(files[0]),)))
    entries, raw_dir = find_entries(dataset, names, files)
    paths = {
        entry.name: sorted(str(raw_dir / file.local) for file in entry.files) for entry in entries
    }
    return {
        name: _joint_sha256(tuple(p for p in found if Path(p).suffix not in DEFINITION_SUFFIXES))
        for name, found in paths.items()
    }


@cache
def _joint_sha256(paths: tuple[str, ...]) -> str:
    """Recordings may share their files, which may be large."""
    digest = hashlib.sha256()
    for path in paths:
        with Path(path).open("rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
    return digest.hexdigest()
