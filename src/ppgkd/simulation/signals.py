"""Oscillations and noise for the simulation, all at one sampling rate."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

RATE_HZ = 50.0

N_PPG = 3


Samples = NDArray[np.float64]


def phase_rad(frequency_hz: Samples) -> Samples:
    """Phase of an oscillation whose frequency changes, shape (n_samples,)."""
    return 2 * np.pi * np.cumsum(frequency_hz) / RATE_HZ


def slow_gain(shape: tuple[int, ...], spread: float, corner_hz: float, rng: Generator) -> Samples:
    """Slowly varying factor around 1; `spread` is the standard deviation of its logarithm."""
    return np.asarray(np.exp(spread * band_noise(shape, 0, corner_hz, rng)))


def band_noise(shape: tuple[int, ...], low_hz: float, high_hz: float, rng: Generator) -> Samples:
    """Gaussian noise of mean 0 and variance 1 along the last axis, with second-order flanks."""
    frequency_hz = np.fft.rfftfreq(shape[-1], 1 / RATE_HZ)
    frequency_hz[0] = np.inf  # removes the mean
    gain = 1 / np.sqrt((1 + (frequency_hz / high_hz) ** 4) * (1 + (low_hz / frequency_hz) ** 4))
    noise = np.fft.irfft(gain * np.fft.rfft(rng.normal(0, 1, shape)), shape[-1])
    return np.asarray(noise / noise.std(axis=-1, keepdims=True))
