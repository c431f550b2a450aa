"""Resampling of signals."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

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
