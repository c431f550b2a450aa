"""Activity labels, with the same words for all datasets.

The reader of a dataset with labels maps them to these words. Without labels the activity is
``unknown``.
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
    """Activity of 8 s windows: the one that lasts for more than half of the window.

    Parameters
    ----------
    codes
        Labels of the dataset, shape (n_codes,).
    rate_hz
        Sampling rate of the labels.
    centre_s
        Centres of the windows, shape (n_windows,), in seconds from the first label.
    words
        Label to one of `ACTIVITIES`. Other labels are unknown.

    Returns
    -------
    ndarray of shape (n_windows,)
        Words of `ACTIVITIES`.
    """
    # with the cumulative counts of each word, a window takes two look-ups
    first = np.round((centre_s - WINDOW_S / 2) * rate_hz).astype(int).clip(0, len(codes))
    last = np.round((centre_s + WINDOW_S / 2) * rate_hz).astype(int).clip(0, len(codes))
    half = WINDOW_S * rate_hz / 2
    found = np.full(len(centre_s), UNKNOWN, dtype=f"<U{max(map(len, ACTIVITIES))}")
    for word in dict.fromkeys(words.values()):
        is_word = np.isin(codes, [code for code, of_code in words.items() if of_code == word])
        count = np.concatenate([[0], np.cumsum(is_word)])
        found[count[last] - count[first] > half] = word
    return found


def activity_at(
    activity: NDArray[np.str_] | None,
    reference_s: NDArray[np.float64],
    time_s: NDArray[np.float64],
) -> NDArray[np.str_]:
    """Activity of the nearest published window, at most one stride away.

    Parameters
    ----------
    activity
        Shape (n_references,); None if it is unknown throughout.
    reference_s
        Centres of the published windows, shape (n_references,), ascending.
    time_s
        Times at which the activity is wanted, shape (n_times,).

    Returns
    -------
    ndarray of shape (n_times,)
        Words of `ACTIVITIES`.
    """
    if activity is None or not len(activity):
        return np.full(len(time_s), UNKNOWN)
    after = np.searchsorted(reference_s, time_s).clip(1, max(len(reference_s) - 1, 1))
    before = after - 1
    after = after.clip(max=len(reference_s) - 1)
    nearest = np.where(time_s - reference_s[before] <= reference_s[after] - time_s, before, after)
    near = np.abs(time_s - reference_s[nearest]) <= STRIDE_S
    return np.where(near, activity[nearest], UNKNOWN)
