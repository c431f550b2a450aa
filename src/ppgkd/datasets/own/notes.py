"""Notes for the user about a recording: gaps, lost cells, implausible units."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ppgkd.datasets.own.time_stamps import Clock

GRAVITY_MS2 = 9.81
USUAL_G = (0.25, 4.0)
"""Range of the median magnitude of a worn accelerometer; gravity alone is 1 g."""


def unused_column_notes(unused: Sequence[str]) -> list[str]:
    """Name the columns that are not used."""
    return [f"columns not used: {', '.join(unused)}"] if unused else []


def gap_notes(clock: Clock) -> list[str]:
    """Say how many samples are missing."""
    if not clock.n_missing:
        return []
    gaps = np.diff(clock.sample_index) - 1
    longest_s = gaps.max() / clock.rate_hz
    return [
        f"samples missing: {clock.n_missing}, gaps: {np.count_nonzero(gaps)}, longest gap: "
        f"{longest_s:.3g} s; windows that overlap a gap are not valid"
    ]


def lost_cell_notes(values: NDArray[np.float32]) -> list[str]:
    """Say how many cells of shape (n_channels, n_rows) have no finite number."""
    n_lost = int((~np.isfinite(values)).sum())
    return [f"cells without a number, which count as missing samples: {n_lost}"] if n_lost else []


def unit_notes(values: NDArray[np.float32], channels: tuple[str, ...]) -> list[str]:
    """Say if the acceleration, in the channels ``acc_*``, cannot be in g."""
    acceleration = values[[name.startswith("acc") for name in channels]].astype(np.float64)
    magnitude = np.sqrt(np.square(acceleration).sum(axis=0))
    magnitude = magnitude[np.isfinite(magnitude)]
    if not len(acceleration) or not magnitude.size:
        return []
    median = float(np.median(magnitude))
    if USUAL_G[0] <= median <= USUAL_G[1]:
        return []
    if 0.8 * GRAVITY_MS2 < median < 1.25 * GRAVITY_MS2:
        guess = "this looks like m/s²: divide it by 9.80665"
    elif 800 < median < 1250:
        guess = "this looks like mg: divide it by 1000"
    elif median > USUAL_G[1]:
        guess = "divide raw counts by the counts per g"
    else:
        guess = "was gravity removed, or is the unit another one?"
    return [
        f"the acceleration must be in g, but its median magnitude is {median:.3g}, and gravity "
        f"alone is 1: {guess}"
    ]
