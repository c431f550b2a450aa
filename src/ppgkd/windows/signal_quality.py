"""Signal quality of the PPG in a window: the correlation of its pulses with their average.

The template-matching index of Orphanidou et al., *Signal-quality indices for the electrocardiogram
and photoplethysmogram*, IEEE J Biomed Health Inform 19.3 (2015) 832. Pulses are found as by
Elgendi et al., *Systolic peak detection in acceleration photoplethysmograms*, PLoS ONE 8.10 (2013)
e76585. It needs neither the reference nor the polarity of the sensor. It cannot tell a pulse from
steps: steps that mask the pulse are as regular as a pulse.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct, idct
from scipy.ndimage import uniform_filter1d

from ppgkd.windows.spectral_peak import PULSE_RANGE_BPM

GOOD_CORRELATION = 0.86
"""A PPG is good from this correlation on; Orphanidou et al. found it on windows of 10 s."""

MAX_GAP_S = 3.0
MAX_RATIO = 2.2
"""Largest ratio of the longest interval between pulses to the shortest. Both limits are of
Orphanidou et al. Their third rule is used with another range: 30 to 210 BPM, in place of the 40 to
180 BPM of patients in a ward."""

SYSTOLE_S = 0.111
BEAT_S = 0.667
OFFSET = 0.02
"""Of Elgendi et al.: lengths of the moving averages for a systole and for a beat, and the fraction
of the mean energy by which the first must exceed the second."""

TEMPLATE_RATE_HZ = 100.0
"""Pulses are averaged at this sampling rate or a higher one."""

BATCH = 512
"""Windows per batch, so that memory does not grow with the recording."""


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
        At most 1; 0 where the intervals between the pulses are not plausible for a heart.
    """
    signal = ppg.reshape(-1, ppg.shape[2])
    found: list[float] = []
    for first in range(0, len(signal), BATCH):
        fine, fine_hz = _upsample(signal[first : first + BATCH], rate_hz)
        peaks = pulse_peaks(fine, fine_hz)
        found += [_correlation(*window, fine_hz) for window in zip(fine, peaks, strict=True)]
    return np.array(found).reshape(ppg.shape[:2])


def pulse_peaks(signal: NDArray[np.floating], rate_hz: float) -> list[NDArray[np.int64]]:
    """Find the systolic peaks of windows.

    Parameters
    ----------
    signal
        Band-limited PPG with a mean of zero, shape (n_windows, n_samples).
    rate_hz
        Sampling rate.

    Returns
    -------
    list of ndarray
        Sample indices of each window's peaks, ascending.
    """
    energy = np.square(np.clip(signal, 0, None))
    length = round(SYSTOLE_S * rate_hz)
    systole = uniform_filter1d(energy, length, axis=1)
    beat = uniform_filter1d(energy, round(BEAT_S * rate_hz), axis=1)
    above = systole > beat + OFFSET * energy.mean(axis=1, keepdims=True)
    # each run of samples above the threshold has a start and an end in the same row
    edges = np.argwhere(np.diff(np.pad(above, ((0, 0), (1, 1))), axis=1)).reshape(-1, 2, 2)
    long = edges[edges[:, 1, 1] - edges[:, 0, 1] >= length]
    row, first, end = long[:, 0, 0], long[:, 0, 1], long[:, 1, 1]
    highest = [f + signal[r, f:e].argmax() for r, f, e in zip(row, first, end, strict=True)]
    ends = np.cumsum(np.bincount(row, minlength=len(signal)))[:-1]
    return np.split(np.array(highest, np.int64), ends)


def _upsample(windows: NDArray[np.floating], rate_hz: float) -> tuple[NDArray[np.float64], float]:
    """Upsample windows by their cosine series to at least `TEMPLATE_RATE_HZ`."""
    factor = int(np.ceil(TEMPLATE_RATE_HZ / rate_hz))
    cosines = dct(windows.astype(np.float64), axis=1, norm="ortho")
    fine = idct(cosines, n=factor * windows.shape[1], axis=1, norm="ortho")
    return np.asarray(fine * np.sqrt(factor)), factor * rate_hz


def _correlation(signal: NDArray[np.float64], peaks: NDArray[np.int64], rate_hz: float) -> float:
    """Mean correlation of the pulses of one window with their average."""
    intervals = np.diff(peaks)
    if not _are_plausible(intervals / rate_hz):
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


def _are_plausible(intervals_s: NDArray[np.float64]) -> bool:
    """Whether the intervals between pulses are plausible for a heart."""
    if not len(intervals_s):
        return False
    shortest_s, longest_s = intervals_s.min(), intervals_s.max()
    lowest_bpm, highest_bpm = PULSE_RANGE_BPM
    return bool(
        lowest_bpm <= 60 / intervals_s.mean() <= highest_bpm
        and longest_s <= MAX_GAP_S
        and longest_s <= MAX_RATIO * shortest_s
    )
