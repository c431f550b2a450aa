"""Checks of a raw window's samples: lost ones, flat channels and a clipped sensor.

They need NumPy and the window alone, so segmentation, a stream and a device can use the same ones.
All take the sensor's own samples, before preprocessing, in arrays of any leading shape.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LOST_GAP = 3.0
"""Equal samples are lost if they are farther from all others than this many times their range."""

LONE_GAP = 10.0
"""The same for a single sample. In the recordings of BAMI and SPC, which have no lost samples, a
heel strike in the acceleration reaches 3.7 and a loss of contact in the PPG 5.2. A zero in place of
a PPG of 20,000 reaches 40."""

MIN_RAIL_RUN = 3
"""Equal samples in a row, at the extreme of the channel, from which on a sensor is clipped."""


def lost_samples(raw: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Find samples that were written in place of lost ones, such as zeros.

    They have one value, below or above all others, and are isolated from them (`LOST_GAP`,
    `LONE_GAP`). At most half of the samples can be lost.

    Parameters
    ----------
    raw
        Raw windows, shape (..., n_samples).

    Returns
    -------
    ndarray of the shape of `raw`
        Samples that are not finite are ignored, and are not lost here.
    """
    known = np.isfinite(raw)
    lost = np.zeros(raw.shape, np.bool_)
    for sign in (1.0, -1.0):
        value = np.where(known & ~lost, sign * raw, np.inf)
        extreme = value.min(axis=-1, keepdims=True)
        at_extreme = value == extreme
        others = known & ~lost & ~at_extreme
        nearest = np.where(others, value, np.inf).min(axis=-1, keepdims=True)
        farthest = np.where(others, value, -np.inf).max(axis=-1, keepdims=True)
        count = np.count_nonzero(at_extreme, axis=-1, keepdims=True)
        wanted = np.where(count == 1, LONE_GAP, LOST_GAP)
        # where there are no others, nearest is infinite; a constant channel isolates nothing
        found = (farthest > nearest) & (count <= np.count_nonzero(others, axis=-1, keepdims=True))
        with np.errstate(over="ignore", invalid="ignore"):
            found &= nearest - extreme > wanted * (farthest - nearest)
        lost |= at_extreme & found
    return lost


def flat_channels(raw: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Find channels whose samples are all equal, shape (...,) without the samples' axis."""
    return np.asarray(raw.min(axis=-1) == raw.max(axis=-1))


def clipped_fraction(raw: NDArray[np.floating]) -> NDArray[np.float64]:
    """Fraction of samples in flat tops: at a channel's minimum or maximum, three in a row at least.

    Parameters
    ----------
    raw
        Raw windows, shape (..., n_samples).

    Returns
    -------
    ndarray of shape (...,)
        The larger of the fractions at the minimum and at the maximum; 1 for a flat channel.
    """
    fractions = [
        _in_long_runs(raw == extreme(axis=-1, keepdims=True)).mean(axis=-1)
        for extreme in (raw.min, raw.max)
    ]
    return np.asarray(np.maximum(*fractions))


def _in_long_runs(hit: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which true samples are in runs of `MIN_RAIL_RUN` or more."""
    n_samples = hit.shape[-1]
    centre = np.ones((*hit.shape[:-1], max(n_samples - MIN_RAIL_RUN + 1, 0)), np.bool_)
    for shift in range(MIN_RAIL_RUN):
        centre &= hit[..., shift : shift + centre.shape[-1]]
    inside = np.zeros_like(hit)
    for shift in range(MIN_RAIL_RUN):
        inside[..., shift : shift + centre.shape[-1]] |= centre
    return inside
