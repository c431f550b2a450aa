"""Resampling of signals."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

HALF_WIDTH = 10
"""Samples to both sides that an interpolated one depends on."""

KAISER_BETA = 5.0
"""Shape of the window, as of `scipy.signal.resample_poly`."""

MAX_FACTOR = 1_000
"""Largest denominator of the ratio of the rates."""


def resample(signal: NDArray[np.floating], from_hz: float, to_hz: float) -> NDArray[np.float32]:
    """Resample along the last axis with a short zero-phase filter.

    The polyphase filter is a Kaiser window of 10 periods of the slower rate to both sides, so NaN
    spreads by this much and at most one period more. The signal is extended by its first and last
    value.

    Parameters
    ----------
    signal
        Shape (..., n_samples).
    from_hz, to_hz
        Sampling rates before and after.

    Returns
    -------
    ndarray of shape (..., ceil(n_samples * to_hz / from_hz))
        The first sample keeps its time.
    """
    ratio = Fraction(to_hz / from_hz).limit_denominator(MAX_FACTOR)
    if ratio == 1:
        return signal.astype(np.float32)
    resampled = resample_poly(signal, ratio.numerator, ratio.denominator, axis=-1, padtype="edge")
    return np.asarray(resampled, np.float32)


def resample_at(signal: NDArray[np.floating], place: NDArray[np.float64]) -> NDArray[np.float32]:
    """Interpolate along the last axis by a sinc with a Kaiser window.

    NaN spreads by `HALF_WIDTH` samples. The signal is extended by its first and last value.

    Parameters
    ----------
    signal
        Shape (..., n_samples).
    place
        Fractional indices between 0 and ``n_samples - 1``, shape (n_places,). Their density must
        be about that of the samples: frequencies are not limited.

    Returns
    -------
    ndarray of shape (..., n_places)
    """
    last = signal.shape[-1] - 1
    below = np.floor(place).astype(np.int64)
    found = np.zeros((*signal.shape[:-1], len(place)))
    total = np.zeros(len(place))
    for tap in range(1 - HALF_WIDTH, HALF_WIDTH + 1):
        distance = place - (below + tap)
        inside = np.sqrt(np.clip(1 - np.square(distance / HALF_WIDTH), 0, None))
        weight = np.sinc(distance) * np.i0(KAISER_BETA * inside)
        total += weight
        # where a weight is zero, NaN must not count: the place is that of a sample
        weighted = weight * signal[..., np.clip(below + tap, 0, last)]
        found += np.where(np.abs(np.sinc(distance)) < 1e-9, 0.0, weighted)
    return (found / total).astype(np.float32)
