"""Which frequencies of a window are those of motion, by its acceleration: NumPy only.

The rule of a valid estimate leaves them out, and the online filter may believe them less.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ppgkd.grid import BPM_MIN, N_CLASSES

HALF_WIDTH_HZ = 0.125
"""Half width of a harmonic's band: the resolution of a window of 8 s."""

N_TO_EACH_SIDE = 2
"""Frequencies to each side of a centre within `HALF_WIDTH_HZ`: see `power_spectrum`."""

HIGHEST_HZ = 8.0

MOVING_G = 0.03
"""Root mean square from which the acceleration's frequencies are left out; rest is below."""

MOTION_SHARE = 0.05
"""A frequency is one of motion above this share of the highest power of the acceleration, or of its
slope. The slope shows the higher harmonics of steps: weak in the acceleration, strong in a PPG."""

HALF_SHARE = 0.3
"""So is half of a frequency with more than this share of the acceleration's highest power. A wrist
on a handlebar feels both legs, and a swinging arm both feet, at twice their own rate."""


def power_spectrum(
    window: NDArray[np.floating], rate_hz: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Power up to `HIGHEST_HZ`, shape (n_windows, n_channels, n_frequencies), and the frequencies.

    Twice as many frequencies as the window resolves, so that a band's edges matter less.
    """
    n_fft = 2 * window.shape[2]
    n_kept = min(int(HIGHEST_HZ * n_fft / rate_hz) + 1, n_fft // 2 + 1)
    spectrum = np.fft.rfft(window, n_fft, axis=2)[..., :n_kept]
    power = np.square(spectrum.real, dtype=np.float64) + np.square(spectrum.imag, dtype=np.float64)
    return power, np.arange(n_kept) * (rate_hz / n_fft)


def is_motion(
    acc: NDArray[np.floating], power: NDArray[np.float64], frequency_hz: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Frequencies of motion, shape (n_windows, n_frequencies).

    Those of half a strong one's rate are widened by `HALF_WIDTH_HZ`. A window at rest has none.

    Parameters
    ----------
    acc
        Acceleration in g, shape (n_windows, n_axes, n_samples).
    power, frequency_hz
        Its `power_spectrum`.
    """
    motion = power.sum(axis=1)
    slope = motion * np.square(frequency_hz)
    highest = motion.max(axis=1, keepdims=True)
    found = (motion > MOTION_SHARE * highest) | (
        slope > MOTION_SHARE * slope.max(axis=1, keepdims=True)
    )
    half = motion[:, ::2] > HALF_SHARE * highest
    found[:, : half.shape[1]] |= half
    for shift in range(1, N_TO_EACH_SIDE + 1):
        found[:, shift : half.shape[1] + shift] |= half
        found[:, : half.shape[1] - shift] |= half[:, shift:]
    return np.asarray(found & (_root_mean_square(acc) >= MOVING_G)[:, None])


def classes_on_motion(
    window: NDArray[np.floating], channels: tuple[str, ...], rate_hz: float
) -> NDArray[np.bool_]:
    """Heart rates whose frequency is one of motion, shape (n_windows, 180).

    Without an accelerometer, or at rest, there is none.

    Parameters
    ----------
    window
        Preprocessed windows, shape (n_windows, n_channels, n_samples).
    channels
        Names of the channels; those of the accelerometer start with ``acc``.
    rate_hz
        Sampling rate of the windows.
    """
    acc = window[:, [name.startswith("acc") for name in channels]]
    if not acc.shape[1]:
        return np.zeros((len(window), N_CLASSES), np.bool_)
    power, frequency_hz = power_spectrum(acc, rate_hz)
    nearest = np.rint((BPM_MIN + np.arange(N_CLASSES)) / 60 / frequency_hz[1]).astype(np.int64)
    return is_motion(acc, power, frequency_hz)[:, nearest]


def _root_mean_square(acc: NDArray[np.floating]) -> NDArray[np.float64]:
    """Of the axes together, shape (n_windows,)."""
    return np.asarray(np.sqrt(np.einsum("wcs,wcs->w", acc, acc, dtype=np.float64) / acc.shape[2]))
