"""A signal of one sampling rate brought to another."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

LARGEST_FACTOR = 1_000
"""Of the two whole numbers whose ratio is that of the rates."""


def to_rate(signal: NDArray[np.floating], from_hz: float, to_hz: float) -> NDArray[np.float32]:
    """Resample along the last axis, with a short filter that has no phase.

    Polyphase filtering by a Kaiser window that reaches 10 periods of the slower rate to both sides:
    a sample depends on its neighbourhood alone, and one that is missing (NaN) costs that and at
    most a period more. Beyond its ends the signal stays what it is there.

    Parameters
    ----------
    signal
        Shape (..., n_samples).
    from_hz, to_hz
        Sampling rate of the signal, and the one wanted.

    Returns
    -------
    ndarray of shape (..., ceil(n_samples * to_hz / from_hz))
        Its first sample has the time of the signal's first.
    """
    ratio = Fraction(to_hz / from_hz).limit_denominator(LARGEST_FACTOR)
    if ratio == 1:
        return signal.astype(np.float32)
    resampled = resample_poly(signal, ratio.numerator, ratio.denominator, axis=-1, padtype="edge")
    return np.asarray(resampled, np.float32)
