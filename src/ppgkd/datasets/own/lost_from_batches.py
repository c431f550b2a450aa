"""Which samples are missing from a sensor that sends batches: rows of one batch share a stamp.

A batch may be late by several samples, so the lateness of its rows tells a loss to within a batch
only. But it is late by less than a batch: the intervals between batches say how many are missing,
and the number of rows of each says what it lacks.
"""

from __future__ import annotations

import numpy as np

from ppgkd.datasets.own.missing_samples import missing_by_intervals, stamp_grid_s
from ppgkd.datasets.own.stamp_lateness import Indices, Times, is_regular

LEAST_BATCHES = 20

MOST_SHORT = 0.1
"""Largest share of batches that lack rows. Where more do, the batches are not of one size."""

COARSE = 0.25
"""Stamps on a grid of more than this part of a period are rounded, not of batches."""


def missing_from_batches(since_s: Times) -> Indices | None:
    """Number of samples missing before each row.

    Parameters
    ----------
    since_s
        Time stamps, shape (n_rows,), none before the one above it.

    Returns
    -------
    ndarray of shape (n_rows,), or None
        None if the rows are not those of batches of one size. What a batch lacks is counted behind
        its rows, since their stamp does not say where it was; before those of the first.
    """
    starts = np.flatnonzero(np.diff(since_s, prepend=-np.inf) > 0)
    stamp_s, count = since_s[starts], np.diff(starts, append=len(since_s))
    size = int(count.max())
    if len(starts) < LEAST_BATCHES or size < 2:
        return None
    short = count[1:-1] < size
    if short.mean() > MOST_SHORT or is_regular(short):
        return None
    period_s = float(np.median(np.diff(stamp_s))) / size
    if stamp_grid_s(stamp_s) > COARSE * period_s:
        return None
    lost_batches = missing_by_intervals(stamp_s)
    if lost_batches is None:
        return None
    place = (np.arange(len(starts)) + lost_batches) * size
    place[0] = size - count[0]
    index = np.repeat(place - starts, count) + np.arange(len(since_s))
    return np.asarray(index - index[0] - np.arange(len(since_s)))
