"""Reference heart rate from the times of heart beats; NaN where they are unreliable.

The heart rate of a window is 60 s over the mean of the intervals between the beats within it. An
interval is an artefact, and does not count, if

- it is shorter than 0.25 s or longer than 2.4 s, which is 240 to 25 BPM, or
- it is more than 1.6 times the median of the nine intervals around it, or less than 1/1.6 of it. A
  missed beat makes an interval of twice the median, and a false one makes two that together are
  one, so that at least one of them is at most half. Breathing at rest makes 1.4; or
- it is beside such an interval, for it shares a beat with it.

A window whose other intervals last less than half of it has no reference. The bounds are those of
`ppgkd.datasets.ecg_reference`, which refuses a window for one artefact because it has the ECG, and
two detectors of beats.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from ppgkd.datasets.recording import PLAUSIBLE_BPM
from ppgkd.grid import STRIDE_S, WINDOW_S

MAX_RATIO = 1.6
NEIGHBOURHOOD = 9
"""Intervals of which the median is taken: this one and four on each side."""

MIN_COVERAGE = 0.5
"""Fraction of a window that intervals without artefacts must last."""

ROUNDING_S = 1e-6
"""An interval that is outside of a window by this much is outside by rounding only."""

BEAT_SYMBOLS = frozenset("NLRBAaJSVrFejnE/fQ?")
"""Annotations of the WFDB format that are beats; others are of rhythm, noise or waves.

PhysioNet, *Annotations*: https://archive.physionet.org/physiobank/annotations.shtml
"""


def reference_from_beats(
    beat_s: NDArray[np.float64],
    duration_s: float,
    *,
    window_s: float = WINDOW_S,
    stride_s: float = STRIDE_S,
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Heart rate in windows, from the times of beats.

    Parameters
    ----------
    beat_s
        Times of the beats in seconds from the first sample of the signal, ascending, shape
        (n_beats,).
    duration_s, window_s, stride_s
        As for `reference_from_intervals`.

    Returns
    -------
    time_s, bpm
        As of `reference_from_intervals`.
    """
    return reference_from_intervals(
        beat_s[1:], np.diff(beat_s), duration_s, window_s=window_s, stride_s=stride_s
    )


def reference_from_intervals(
    end_s: NDArray[np.float64],
    interval_s: NDArray[np.float64],
    duration_s: float,
    *,
    window_s: float = WINDOW_S,
    stride_s: float = STRIDE_S,
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Heart rate in windows, from intervals between beats.

    Parameters
    ----------
    end_s
        Times of the beats that end the intervals, in seconds from the first sample of the signal,
        in order, shape (n_intervals,). Where intervals were lost, they leave a gap.
    interval_s
        Intervals in seconds, shape (n_intervals,).
    duration_s
        Duration of the signal.
    window_s, stride_s
        Length of a window, and from one to the next; the first begins with the signal.

    Returns
    -------
    time_s : ndarray of shape (n_windows,)
        Centres of the windows, in seconds from the first sample.
    bpm : ndarray of shape (n_windows,)
        NaN where too few intervals are left (see the module).
    """
    n_windows = max(math.floor((duration_s - window_s) / stride_s + 1e-9) + 1, 0)
    start_s = stride_s * np.arange(n_windows, dtype=np.float64)
    bpm = np.full(n_windows, np.nan, np.float32)
    usable = ~is_artefact(interval_s)
    end_s, interval_s = end_s[usable], interval_s[usable]
    first = np.searchsorted(end_s, start_s, "left")
    last = np.searchsorted(end_s, start_s + window_s + ROUNDING_S, "right")
    for window in range(n_windows):
        ends = slice(first[window], last[window])
        kept_s = interval_s[ends][end_s[ends] - interval_s[ends] >= start_s[window] - ROUNDING_S]
        if kept_s.sum() >= MIN_COVERAGE * window_s - ROUNDING_S:
            bpm[window] = 60 / kept_s.mean()
    return start_s + window_s / 2, bpm


def is_artefact(interval_s: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether each interval between beats is an artefact (see the module).

    Parameters
    ----------
    interval_s
        Successive intervals in seconds, shape (n_intervals,).
    """
    if not len(interval_s):
        return np.zeros(0, np.bool_)
    slowest, fastest = PLAUSIBLE_BPM
    usual_s = median_filter(interval_s, NEIGHBOURHOOD, mode="nearest")
    itself = (interval_s < np.maximum(60 / fastest, usual_s / MAX_RATIO)) | (
        interval_s > np.minimum(60 / slowest, usual_s * MAX_RATIO)
    )
    beside = itself.copy()
    beside[1:] |= itself[:-1]
    beside[:-1] |= itself[1:]
    return np.asarray(beside)
