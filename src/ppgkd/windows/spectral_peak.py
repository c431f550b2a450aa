"""Baselines without learning: the highest peak of the PPG's spectrum, with or without motion.

Their error measures how difficult data are. On a treadmill the steps are often stronger in the PPG
than the pulse is, and the peak is then the step rate.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ppgkd.windows.motion import MOTION_BANDS, motion_intensity_g

PULSE_RANGE_BPM = (30.0, 210.0)
"""Frequencies at which a pulse is looked for."""

RESOLUTION_BPM = 1.0

BATCH = 512
"""Windows per batch, whose spectra fit in the processor's cache."""


def spectral_peak_bpm(ppg: NDArray[np.floating], rate_hz: float) -> NDArray[np.float64]:
    """Frequency of the highest peak of the mean spectrum of the PPG channels.

    Parameters
    ----------
    ppg
        Windows, shape (n_windows, n_ppg_channels, n_samples).
    rate_hz
        Sampling rate.

    Returns
    -------
    ndarray of shape (n_windows,)
        Estimates in BPM, between 30 and 210.
    """
    bpm, cosine, sine = _spectrum_matrices(ppg.shape[2], rate_hz)
    peak = np.zeros(len(ppg), np.int64)
    for first in range(0, len(ppg), BATCH):
        batch = slice(first, first + BATCH)
        peak[batch] = _power(ppg[batch], cosine, sine).argmax(axis=1)
    return np.asarray(bpm[peak])


def largest_peaks_bpm(
    signal: NDArray[np.floating], rate_hz: float, count: int
) -> NDArray[np.float64]:
    """Frequencies of the largest peaks of the mean spectrum of some channels.

    A peak is higher than what is beside it; the ends of the range count as well, so that the first
    peak is that of `spectral_peak_bpm`.

    Parameters
    ----------
    signal
        Windows, shape (n_windows, n_channels, n_samples).
    rate_hz
        Sampling rate.
    count
        Number of peaks.

    Returns
    -------
    ndarray of shape (n_windows, count)
        In BPM, the largest peak first; NaN where a spectrum has fewer peaks, and where it is zero.
    """
    bpm, cosine, sine = _spectrum_matrices(signal.shape[2], rate_hz)
    found = np.full((len(signal), count), np.nan)
    for first in range(0, len(signal), BATCH):
        batch = slice(first, first + BATCH)
        power = _power(signal[batch], cosine, sine)
        beside = np.pad(power, ((0, 0), (1, 1)), constant_values=-1.0)
        is_peak = (power > beside[:, :-2]) & (power >= beside[:, 2:]) & (power > 0)
        heights = np.where(is_peak, power, 0.0)
        order = np.argsort(-heights, axis=1, kind="stable")[:, :count]
        exists = np.take_along_axis(is_peak, order, axis=1)
        found[batch] = np.where(exists, bpm[order], np.nan)
    return found


def motion_corrected_peak_bpm(
    ppg: NDArray[np.floating], acc: NDArray[np.floating], rate_hz: float
) -> NDArray[np.float64]:
    """Frequency at which the PPG's spectrum exceeds that of the acceleration most.

    Each spectrum is divided by its highest peak. Where the wrist is still, or without an
    accelerometer, this equals `spectral_peak_bpm`.

    Parameters
    ----------
    ppg
        Windows, shape (n_windows, n_ppg_channels, n_samples).
    acc
        The same windows, shape (n_windows, n_acc_channels, n_samples), in g.
    rate_hz
        Sampling rate.

    Returns
    -------
    ndarray of shape (n_windows,)
        Estimates in BPM, between 30 and 210.
    """
    bpm, cosine, sine = _spectrum_matrices(ppg.shape[2], rate_hz)
    moves = motion_intensity_g(acc, ("acc",) * acc.shape[1]) >= MOTION_BANDS["still"][1]
    peak = np.zeros(len(ppg), np.int64)
    for first in range(0, len(ppg), BATCH):
        batch = slice(first, first + BATCH)
        power = _relative_to_peak(_power(ppg[batch], cosine, sine))
        if moves[batch].any():
            motion = _relative_to_peak(_power(acc[batch], cosine, sine))
            power -= np.where(moves[batch, None], motion, 0)
        peak[batch] = power.argmax(axis=1)
    return np.asarray(bpm[peak])


def _power(
    signal: NDArray[np.floating], cosine: NDArray[np.float64], sine: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Power of windows, summed over their channels, shape (n_windows, n_frequencies)."""
    half = len(cosine)
    part = signal.swapaxes(0, 1)
    first, reversed_second = part[..., :half], part[..., : -half - 1 : -1]
    power = np.square(np.add(first, reversed_second, dtype=np.float64) @ cosine)
    power += np.square(np.subtract(first, reversed_second, dtype=np.float64) @ sine)
    return np.asarray(power.sum(axis=0))


def _relative_to_peak(power: NDArray[np.float64]) -> NDArray[np.float64]:
    highest = power.max(axis=1, keepdims=True)
    return np.asarray(power / np.maximum(highest, np.finfo(np.float64).tiny))


@lru_cache(maxsize=8)
def _spectrum_matrices(
    n_samples: int, rate_hz: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Frequencies in BPM, and matrices from half a window to its spectrum at these frequencies.

    They are the Fourier transform of the window without its mean, under a Hann taper, at the
    frequencies of a pulse only. About the window's centre the cosines are even and the sines odd,
    so one half of the window is multiplied after the other half was added or subtracted.

    Returns
    -------
    bpm
        Shape (n_frequencies,).
    cosine, sine
        Shape (half_window, n_frequencies).
    """
    n_fft = int(np.ceil(60 * rate_hz / RESOLUTION_BPM))
    bpm: NDArray[np.float64] = np.asarray(60 * np.fft.rfftfreq(n_fft, d=1 / rate_hz), np.float64)
    bpm = bpm[(bpm >= PULSE_RANGE_BPM[0]) & (bpm <= PULSE_RANGE_BPM[1])]
    half = (n_samples + 1) // 2
    from_centre_s = (np.arange(n_samples) - (n_samples - 1) / 2) / rate_hz
    angle = np.outer(from_centre_s, 2 * np.pi * bpm / 60)
    taper = np.hanning(n_samples)[:, None]
    cosine = taper * np.cos(angle)
    cosine -= cosine.mean(axis=0)  # removes the window's mean
    sine = taper * np.sin(angle)
    if n_samples % 2:
        cosine[half - 1] /= 2  # the sample in the middle is added to itself
    return bpm, cosine[:half], sine[:half]
