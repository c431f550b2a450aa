"""What BeliefPPG gets of a recording: all its channels at 64 Hz, without missing samples.

Its band-pass filter ends at 18 Hz and refuses rates below 40 Hz. Rates that are not whole numbers
it rounds, which would scale every heart rate. Its network takes 64 Hz, so every recording is
resampled to that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import numpy as np
from numpy.typing import NDArray

from ppgkd.datasets.recording import Recording
from ppgkd.datasets.resampling import resample
from ppgkd.grid import STRIDE_S, WINDOW_S
from ppgkd.runtime.artifacts import atomic_write

RATE_HZ = 64
CONTEXT_S = 20
"""Signal that one estimate needs: seven windows of 8 s, one every 2 s."""

ESTIMATED_S = CONTEXT_S - WINDOW_S / 2
"""Where in these seconds the estimate belongs: to the centre of the last window, whose reference
the network has learned. The package returns the interval from 0 to 2 s of them, 15 s before."""

MOST_MISSING = 0.05
"""Largest share of these seconds that may be missing."""


@dataclass(frozen=True, eq=False)
class BeliefInput:
    """What BeliefPPG gets of one recording.

    Attributes
    ----------
    name
        Of the recording.
    ppg
        Shape (n_samples, n_ppg_channels), in the sensor's counts without their mean.
    acc
        Shape (n_samples, 3); zeros if there is no accelerometer, as the package itself does.
    missing
        Whether a sample was missing in any channel that has some, or in all PPG channels, and is
        interpolated; shape (n_samples,).
    start_s
        Time of the first sample, in seconds from the recording's start. The windows of a study
        begin at this time or a multiple of 2 s later.
    """

    name: str
    ppg: NDArray[np.float32]
    acc: NDArray[np.float32]
    missing: NDArray[np.bool_]
    start_s: float


def belief_input(recording: Recording) -> BeliefInput | None:
    """Prepare one recording; None if it is too short for one estimate."""
    start_s = 0.0
    if len(recording.reference_time_s):
        start_s = max(float(recording.reference_time_s[0]) - WINDOW_S / 2, 0.0) % STRIDE_S
    first = round(start_s * recording.rate_hz)
    signal = recording.signal[:, first:].astype(np.float64)
    missing = np.asarray(~np.isfinite(signal))
    filled = np.stack([_without_gaps(row, gap) for row, gap in zip(signal, missing, strict=True)])
    at_64_hz = resample(filled, recording.rate_hz, RATE_HZ)
    n_samples = at_64_hz.shape[1]
    if n_samples < CONTEXT_S * RATE_HZ:
        return None
    time = np.arange(n_samples) * recording.rate_hz / RATE_HZ
    nearest = np.round(time).astype(np.int64).clip(max=signal.shape[1] - 1)
    is_ppg = np.array([name.startswith("ppg") for name in recording.channels])
    # a channel without any samples is as if it were not there
    some = missing[~missing.all(axis=1)]
    lost = np.asarray(some.any(axis=0) | missing[is_ppg].all(axis=0))
    return BeliefInput(
        recording.name,
        at_64_hz[is_ppg].T,
        at_64_hz[~is_ppg].T if not is_ppg.all() else np.zeros((n_samples, 3), np.float32),
        lost[nearest],
        first / recording.rate_hz,
    )


def _without_gaps(row: NDArray[np.float64], missing: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Interpolate missing samples linearly, and subtract the mean."""
    if missing.all():
        return np.zeros_like(row)
    place = np.arange(len(row))
    filled = np.interp(place, place[~missing], row[~missing]) if missing.any() else row
    return np.asarray(filled - filled.mean())


def estimate_times_s(start_s: float, n_estimates: int) -> NDArray[np.float64]:
    """Time that each estimate belongs to, in seconds from the recording's start."""
    return start_s + ESTIMATED_S + STRIDE_S * np.arange(n_estimates, dtype=np.float64)


def has_signal(missing: NDArray[np.bool_], n_estimates: int) -> NDArray[np.bool_]:
    """Whether enough of the signal of each estimate is there, shape (n_estimates,)."""
    total = np.concatenate([[0], np.cumsum(missing)])
    first = STRIDE_S * RATE_HZ * np.arange(n_estimates)
    n_missing = total[first + CONTEXT_S * RATE_HZ] - total[first]
    return np.asarray(n_missing <= MOST_MISSING * CONTEXT_S * RATE_HZ)


def write_inputs(recordings: Iterable[Recording], path: str | Path) -> list[str]:
    """Write what BeliefPPG gets of some recordings, one by one, as NPZ.

    Returns
    -------
    list of str
        Names of the recordings that are too short.
    """
    too_short = []
    with atomic_write(path) as temporary, ZipFile(temporary, "w") as file:
        for recording in recordings:
            found = belief_input(recording)
            if found is None:
                too_short.append(recording.name)
                continue
            arrays = {
                "ppg": found.ppg,
                "acc": found.acc,
                "missing": found.missing,
                "start_s": np.float64(found.start_s),
            }
            for part, array in arrays.items():
                member = f"{found.name}/{part}.npy"
                with file.open(member, "w", force_zip64=True) as stream:
                    np.lib.format.write_array(stream, np.asarray(array), allow_pickle=False)
    return too_short


def read_gaps(path: str | Path) -> Iterator[tuple[str, float, NDArray[np.bool_]]]:
    """Name, start and missing samples of each recording that `write_inputs` wrote."""
    with np.load(path) as arrays:
        for key in arrays:
            name, _, part = key.rpartition("/")
            if part == "start_s":
                yield name, float(arrays[key]), arrays[f"{name}/missing"]
