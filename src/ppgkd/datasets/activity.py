"""What a subject does, in one small vocabulary for all datasets.

Each reader of a dataset with labels has a table from its labels to these words. A dataset without
labels has ``unknown`` throughout.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ppgkd.grid import STRIDE_S, WINDOW_S

ACTIVITIES = (
    "rest",  # lying, sitting or standing still: reading, watching, meditating
    "walk",
    "run",
    "cycle",
    "stairs",
    "drive",
    "work",  # at a desk
    "eat",
    "other",  # labelled, but with none of these words
    "unknown",  # not labelled, or no label for more than half of the window
)
UNKNOWN = "unknown"


def window_activity(
    codes: NDArray[Any],
    rate_hz: float,
    centre_s: NDArray[np.float64],
    words: Mapping[int, str],
) -> NDArray[np.str_]:
    """Activity of windows of 8 s: the one that fills more than half of the window.

    Parameters
    ----------
    codes
        Shape (n_codes,): a dataset's label at every tick.
    rate_hz
        Of the labels.
    centre_s
        Shape (n_windows,): centres of the windows, in seconds from the first label.
    words
        Label to one of `ACTIVITIES`. Labels that are not in it are unknown.

    Returns
    -------
    ndarray of shape (n_windows,)
        Words of `ACTIVITIES`.
    """
    # from the counts of each word up to every tick, so that a window costs two look-ups
    first = np.round((centre_s - WINDOW_S / 2) * rate_hz).astype(int).clip(0, len(codes))
    last = np.round((centre_s + WINDOW_S / 2) * rate_hz).astype(int).clip(0, len(codes))
    half = WINDOW_S * rate_hz / 2
    found = np.full(len(centre_s), UNKNOWN, dtype=f"<U{max(map(len, ACTIVITIES))}")
    for word in dict.fromkeys(words.values()):
        is_word = np.isin(codes, [code for code, of_code in words.items() if of_code == word])
        until = np.concatenate([[0], np.cumsum(is_word)])
        found[until[last] - until[first] > half] = word
    return found


def activity_at(
    activity: NDArray[np.str_] | None,
    known_s: NDArray[np.float64],
    time_s: NDArray[np.float64],
) -> NDArray[np.str_]:
    """Activity of the published window whose centre is nearest, no more than a stride away.

    Parameters
    ----------
    activity
        Shape (n_references,); None if it is unknown throughout.
    known_s
        Shape (n_references,): times of these, ascending.
    time_s
        Shape (n_times,).

    Returns
    -------
    ndarray of shape (n_times,)
        Words of `ACTIVITIES`.
    """
    if activity is None or not len(activity):
        return np.full(len(time_s), UNKNOWN)
    after = np.searchsorted(known_s, time_s).clip(1, max(len(known_s) - 1, 1))
    before = after - 1
    after = after.clip(max=len(known_s) - 1)
    nearest = np.where(time_s - known_s[before] <= known_s[after] - time_s, before, after)
    near = np.abs(time_s - known_s[nearest]) <= STRIDE_S
    return np.where(near, activity[nearest], UNKNOWN)
