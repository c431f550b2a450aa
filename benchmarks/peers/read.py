"""Read the recordings that estimators are compared on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from peers.peer import Segment, segment_of
from ppgkd.datasets import get_dataset
from ppgkd.datasets.read import read_recordings
from ppgkd.datasets.recording import Recording
from ppgkd.errors import PpgkdError
from ppgkd.grid import STRIDE_S


def read_segment(
    dataset: str, name: str, rows: pd.DataFrame, raw: Path, rate_hz: int | None = None
) -> Segment:
    """Read a recording that a study tested on.

    Parameters
    ----------
    dataset, name
        Names of its dataset, and its own.
    rows
        ``window, start_s, hr_bpm``, one row per test window.
    raw
        Folder of the raw files.
    rate_hz
        Sampling rate of a slower sensor, to which it is resampled; None: as it was recorded.

    Raises
    ------
    PpgkdError
        If it cannot be read, has other windows, or was recorded at a lower rate.
    """
    segment = segment_of(_read(dataset, name, rows, raw))
    _require_windows(name, rows, segment)
    return segment if rate_hz is None else _slower(name, segment, rate_hz)


def _read(dataset: str, name: str, rows: pd.DataFrame, raw: Path) -> Recording:
    if dataset == "simulated":
        return _read_simulated(name, rows, raw)
    described = get_dataset(dataset)
    for entry in described.recordings:
        if entry.name == name:
            return described.read(entry, raw)
    raise PpgkdError(
        f"The recording '{name}' of the dataset '{dataset}' has no published files. Name a study "
        "whose test subjects are from a published dataset or simulated."
    )


def _read_simulated(name: str, rows: pd.DataFrame, raw: Path) -> Recording:
    """Read it from the study's cohort, which is the one that has these references."""
    numbers = rows["window"].to_numpy()
    for path in sorted(raw.glob("simulated/*.npz")):
        for recording in read_recordings("simulated", [name], [path]):
            known_bpm = recording.reference_bpm
            if len(known_bpm) > numbers.max() and np.allclose(known_bpm[numbers], rows["hr_bpm"]):
                return recording
    raise PpgkdError(
        f"No cohort in {raw / 'simulated'} has the references of the study's recording '{name}'. "
        "Run the study again, or name the folder of its raw files by --raw."
    )


def _slower(recording: str, segment: Segment, rate_hz: int) -> Segment:
    if rate_hz > segment.rate_hz:
        raise PpgkdError(
            f"--rate-hz is {rate_hz}, but the recording '{recording}' was sampled at "
            f"{segment.rate_hz} Hz; name a rate up to this one."
        )
    return segment.resampled(rate_hz)


def _require_windows(recording: str, rows: pd.DataFrame, segment: Segment) -> None:
    expected_s = segment.start_s + STRIDE_S * rows["window"]
    if rows["window"].max() >= segment.n_windows or not np.allclose(rows["start_s"], expected_s):
        raise PpgkdError(
            f"The windows of recording '{recording}' are not those of its reference, 8 s every "
            f"{STRIDE_S} s; peers are compared on these. Name a study with this length and stride."
        )
