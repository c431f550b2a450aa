"""How good the PPG of a window is: whether its pulses look like each other.

The template-matching index of Orphanidou et al., *Signal-quality indices for the electrocardiogram
and photoplethysmogram*, IEEE J Biomed Health Inform 19.3 (2015) 832. Pulses are found as by
Elgendi et al., *Systolic peak detection in acceleration photoplethysmograms*, PLoS ONE 8.10 (2013)
e76585. It asks for neither the reference nor the polarity of the sensor, and not whose pulses they
are: steps that drown the pulse look like each other, too.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct, idct
from scipy.ndimage import uniform_filter1d

from ppgkd.windows.spectral_peak import BPM_RANGE

GOOD_CORRELATION = 0.86
"""From here on a PPG is good; Orphanidou et al. found it on windows of 10 s."""

MAX_GAP_S = 3.0
MAX_RATIO = 2.2
"""Of the longest interval between pulses to the shortest. Both are rules of Orphanidou et al.; a
third is theirs with other numbers: they allow the 40 to 180 BPM of a ward, here it is 30 to 210."""

PEAK_S = 0.111
BEAT_S = 0.667
OFFSET = 0.02
"""Of Elgendi et al.: lengths of the averages that tell a systole and a beat, and by what share of
the mean energy the one must exceed the other."""

FINE_HZ = 100.0
"""Pulses are laid upon each other at this rate or more."""

BATCH = 512
"""Windows at a time, so that memory does not grow with the recording."""


def template_correlation(ppg: NDArray[np.floating], rate_hz: float) -> NDArray[np.float64]:
    """Mean correlation of a window's pulses with their average.

    Parameters
    ----------
    ppg
        Preprocessed windows, shape (n_windows, n_ppg_channels, n_samples).
    rate_hz
        Sampling rate.

    Returns
    -------
    ndarray of shape (n_windows, n_ppg_channels)
        At most 1; 0 where the pulses that are found cannot be a heart's.
    """
    signal = ppg.reshape(-1, ppg.shape[2])
    found: list[float] = []
    for first in range(0, len(signal), BATCH):
        fine, fine_hz = _finer(signal[first : first + BATCH], rate_hz)
        peaks = pulse_peaks(fine, fine_hz)
        found += [_correlation(*window, fine_hz) for window in zip(fine, peaks, strict=True)]
    return np.array(found).reshape(ppg.shape[:2])


def pulse_peaks(signal: NDArray[np.floating], rate_hz: float) -> list[NDArray[np.int64]]:
    """Find the systolic peaks of windows.

    Parameters
    ----------
    signal
        Band-limited PPG of mean zero, shape (n_windows, n_samples).
    rate_hz
        Sampling rate.

    Returns
    -------
    list of ndarray
        The samples of each window's peaks, ascending.
    """
    energy = np.square(np.clip(signal, 0, None))
    length = round(PEAK_S * rate_hz)
    systole = uniform_filter1d(energy, length, axis=1)
    beat = uniform_filter1d(energy, round(BEAT_S * rate_hz), axis=1)
    above = systole > beat + OFFSET * energy.mean(axis=1, keepdims=True)
    # every stretch has a rise and, in the same row, a fall
    edges = np.argwhere(np.diff(np.pad(above, ((0, 0), (1, 1))), axis=1)).reshape(-1, 2, 2)
    long = edges[edges[:, 1, 1] - edges[:, 0, 1] >= length]
    row, first, end = long[:, 0, 0], long[:, 0, 1], long[:, 1, 1]
    highest = [f + signal[r, f:e].argmax() for r, f, e in zip(row, first, end, strict=True)]
    ends = np.cumsum(np.bincount(row, minlength=len(signal)))[:-1]
    return np.split(np.array(highest, np.int64), ends)


def _finer(windows: NDArray[np.floating], rate_hz: float) -> tuple[NDArray[np.float64], float]:
    """Windows with more samples between those that they have: the cosines that they are made of."""
    factor = int(np.ceil(FINE_HZ / rate_hz))
    cosines = dct(windows.astype(np.float64), axis=1, norm="ortho")
    fine = idct(cosines, n=factor * windows.shape[1], axis=1, norm="ortho")
    return np.asarray(fine * np.sqrt(factor)), factor * rate_hz


def _correlation(signal: NDArray[np.float64], peaks: NDArray[np.int64], rate_hz: float) -> float:
    """Mean correlation of the pulses about the peaks of one window with their average."""
    intervals = np.diff(peaks)
    if not _plausible(intervals / rate_hz):
        return 0.0
    width = int(np.median(intervals))
    first = peaks - width // 2
    first = first[(first >= 0) & (first + width <= len(signal))]
    if len(first) < 2:
        return 0.0
    pulses = signal[first[:, None] + np.arange(width)]
    pulses = pulses - pulses.mean(axis=1, keepdims=True)
    template = pulses.mean(axis=0)
    norms = np.linalg.norm(pulses, axis=1) * np.linalg.norm(template)
    return float((pulses @ template / np.maximum(norms, np.finfo(np.float64).tiny)).mean())


def _plausible(intervals_s: NDArray[np.float64]) -> bool:
    """Whether the intervals between pulses can be those of a heart."""
    if not len(intervals_s):
        return False
    shortest_s, longest_s = intervals_s.min(), intervals_s.max()
    lowest_bpm, highest_bpm = BPM_RANGE
    return bool(
        lowest_bpm <= 60 / intervals_s.mean() <= highest_bpm
        and longest_s <= MAX_GAP_S
        and longest_s <= MAX_RATIO * shortest_s
    )
