"""Units and columns of the acceleration, by gravity: an accelerometer at rest measures 1 g."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

STILL_G = (0.8, 1.2)
"""Magnitude at rest. On BAMI-1, BAMI-2 and SPC it is 0.85 to 1.07 g in every recording."""

STILLEST = 0.2
"""Fraction of the seconds that counts as rest: those in which the magnitude varies least."""

MAX_SECONDS = 2_000
"""More than twice as many are thinned evenly, for memory."""

STANDARD_G = 9.80665
UNIT_TOLERANCE = 0.15

MIN_STEADINESS = 1.5
"""Gravity is in the acceleration if in a still second its mean is this many times its SD."""


def still_magnitude(acc: NDArray[np.floating], rate_hz: float) -> float:
    """Median magnitude of the acceleration in the stillest fifth of the seconds.

    Parameters
    ----------
    acc
        Shape (n_axes, n_samples); NaN where a sample is missing.
    rate_hz
        Sampling rate.

    Returns
    -------
    float
        In the unit of ``acc``; NaN if no second is complete, or if gravity is not in it.
    """
    length = max(round(rate_hz), 2)
    n_seconds = acc.shape[1] // length
    seconds = acc[:, : n_seconds * length].reshape(len(acc), n_seconds, length)
    seconds = seconds[:, :: n_seconds // MAX_SECONDS + 1].astype(np.float64)
    seconds = seconds[:, np.isfinite(seconds).all(axis=(0, 2))]
    if not seconds.size:
        return float("nan")
    magnitude = np.median(np.sqrt(np.square(seconds).sum(axis=0)), axis=1)
    mean = np.sqrt(np.square(seconds.mean(axis=2)).sum(axis=0))
    sd = np.sqrt(seconds.var(axis=2).sum(axis=0))
    ratio = sd / np.maximum(mean, np.finfo(float).tiny)
    still = ratio <= np.quantile(ratio, STILLEST)
    if np.median(ratio[still]) > 1 / MIN_STEADINESS:
        return float("nan")
    return float(np.median(magnitude[still]))


def is_gravity(magnitude_g: float) -> bool:
    """Whether this is the magnitude of an accelerometer at rest."""
    return STILL_G[0] <= magnitude_g <= STILL_G[1]


def swapped_columns(
    signal: NDArray[np.floating], channels: tuple[str, ...], rate_hz: float
) -> list[tuple[str, str]]:
    """Find a PPG channel and an axis that were named in place of each other.

    Parameters
    ----------
    signal
        Shape (n_channels, n_samples); acceleration in g by the declared unit.
    channels
        Names of the channels.
    rate_hz
        Sampling rate.

    Returns
    -------
    list of pairs
        The pairs of a PPG channel and an axis after whose exchange the acceleration at rest is 1 g,
        if it is not as declared; empty if there are none.
    """
    ppg = [row for row, name in enumerate(channels) if name.startswith("ppg")]
    acc = [row for row, name in enumerate(channels) if name.startswith("acc")]
    if not acc or is_gravity(still_magnitude(signal[acc], rate_hz)):
        return []
    for exchanged in _exchanges(ppg, acc):
        ppg_of = {axis: channel for channel, axis in exchanged}
        rows = [ppg_of.get(row, row) for row in acc]
        if is_gravity(still_magnitude(signal[rows], rate_hz)):
            return [(channels[a], channels[b]) for a, b in exchanged]
    return []


def _exchanges(ppg: list[int], acc: list[int]) -> Iterator[list[tuple[int, int]]]:
    yield from ([(a, b)] for a in ppg for b in acc)
    if len(ppg) >= len(acc):
        yield list(zip(ppg, acc, strict=False))


def unit_correction(magnitude_g: float, g_per_count: float) -> dict[str, str | float]:
    """Keys of ``channels`` that would make the magnitude at rest 1 g.

    Parameters
    ----------
    magnitude_g
        Magnitude at rest by the declared unit.
    g_per_count
        g for each unit of the columns, as declared.
    """
    raw = magnitude_g / g_per_count
    for unit, per_g in (("g", 1.0), ("m/s2", STANDARD_G), ("mg", 1000.0)):
        if abs(raw / per_g - 1) <= UNIT_TOLERANCE:
            return {"acceleration_unit": unit}
    # accelerometers have a power of two of counts per g
    power = 2 ** round(np.log2(raw))
    counts = power if abs(raw / power - 1) <= UNIT_TOLERANCE else float(f"{raw:.3g}")
    return {"acceleration_unit": "counts", "counts_per_g": counts}
