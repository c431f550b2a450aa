"""Run an estimator on recordings, in a process of its own with one thread."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from peers.beliefppg_peer import beliefppg_online_peer, beliefppg_peer
from peers.heartpy_peer import heartpy_peer
from peers.neurokit2_peer import neurokit2_peer
from peers.peer import Description, Peer
from peers.read import read_segment
from peers.spectral_peer import spectral_peer
from peers.student_peer import student_peer
from ppgkd.errors import PpgkdError

STUDENT, FILTERED = "student", "student-filtered"

OTHERS: dict[str, Callable[[], Peer]] = {
    "heartpy": heartpy_peer,
    "neurokit2": neurokit2_peer,
    "spectral": spectral_peer,
    "beliefppg": beliefppg_peer,
    "beliefppg-online": beliefppg_online_peer,
}

ONE_THREAD = dict.fromkeys(
    (
        *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"),
        *("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"),
    ),
    "1",
)


@dataclass(frozen=True, eq=False)
class PeerEstimates:
    """Estimates and latencies of one estimator.

    Attributes
    ----------
    description
        What the estimator is.
    bpm
        Shape (n_windows,); NaN without an estimate.
    latency_ms
        Latency of single estimates, shape (n_timed,).
    """

    description: Description
    bpm: NDArray[np.float64]
    latency_ms: NDArray[np.float64]


def run(
    name: str, model: Path, windows: pd.DataFrame, raw: Path, rate_hz: int | None = None
) -> PeerEstimates:
    """Estimate windows by one estimator, recording by recording.

    Parameters
    ----------
    name
        One of `OTHERS`, `STUDENT` or `FILTERED`.
    model
        File of the student.
    windows
        ``dataset, recording, window, start_s, hr_bpm``, one row per window.
    raw
        Folder of the raw files.
    rate_hz
        Sampling rate of a slower sensor, to which the recordings are resampled first; None: each
        as it was recorded.

    Raises
    ------
    PpgkdError
        If the estimator is not installed, or a recording cannot be read, has other windows or was
        recorded at a lower rate.
    """
    os.environ.update(ONE_THREAD, TF_CPP_MIN_LOG_LEVEL="3")  # read when libraries are loaded
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_estimate_all, name, model, windows, raw, rate_hz).result()


def _estimate_all(
    name: str, model: Path, windows: pd.DataFrame, raw: Path, rate_hz: int | None
) -> PeerEstimates:
    peer = _make(name, model)
    bpm, latency_ms = np.full(len(windows), np.nan), []
    recordings = windows.groupby(["dataset", "recording"], sort=False)
    for (dataset, recording), rows in tqdm(recordings, desc=name, unit="recording"):
        found = peer.estimate(read_segment(str(dataset), str(recording), rows, raw, rate_hz))
        bpm[rows.index] = found.bpm[rows["window"]]
        latency_ms.append(found.latency_ms)
    return PeerEstimates(peer.description, bpm, np.concatenate(latency_ms))


def _make(name: str, model: Path) -> Peer:
    if name in (STUDENT, FILTERED):
        return student_peer(model, online_filter=name == FILTERED)
    try:
        return OTHERS[name]()
    except ModuleNotFoundError as error:
        raise PpgkdError(
            f"The peer '{name}' needs {error.name}, which is not installed here. Run it by "
            "'make bench-peers', which makes an environment from envs/peers.txt; or leave it out "
            "by --peers."
        ) from error
