"""The protocol of a recording: bouts of rest, hand work, walking, running and recovery."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from ppgkd.simulation.signals import RATE_HZ, Samples

Range = tuple[float, float]


class Activity(IntEnum):
    """Activity of a bout."""

    REST = 0
    HANDS = 1
    WALK = 2
    RUN = 3
    RECOVERY = 4


class BoutRanges(NamedTuple):
    """Ranges for the bouts of an activity, and the activities that may follow.

    Effort is a fraction of the heart-rate reserve. The ranges of activities overlap in it: one can
    walk slowly on the flat or fast uphill.
    """

    effort: Range
    followers: tuple[Activity, ...]
    step_hz: Range = (1.8, 1.8)
    gait_g: Range = (0.0, 0.0)
    gesture_g: Range = (0.0, 0.0)


BOUT_S = (30.0, 100.0)

_REST, _HANDS, _WALK, _RUN, _RECOVERY = Activity

BOUT_RANGES = {
    _REST: BoutRanges((0.0, 0.15), (_HANDS, _WALK, _RUN)),
    _HANDS: BoutRanges((0.0, 0.45), (_REST, _WALK, _RUN), gesture_g=(0.1, 0.4)),
    _WALK: BoutRanges(
        (0.15, 0.75), (_RUN, _RUN, _RUN, _HANDS), (1.45, 2.15), (0.2, 0.5), (0.0, 0.05)
    ),
    _RUN: BoutRanges(
        (0.45, 1.0), (_WALK, _WALK, _WALK, _RECOVERY), (2.1, 3.0), (0.6, 1.4), (0.0, 0.1)
    ),
    _RECOVERY: BoutRanges((0.0, 0.35), (_REST, _HANDS, _WALK, _RUN), gesture_g=(0.02, 0.2)),
}


class Bout(NamedTuple):
    """Continuous period of one activity; `gait_g` and `gesture_g` are RMS accelerations."""

    activity: Activity
    start_s: float
    stop_s: float
    effort: float
    step_hz: float
    gait_g: float
    gesture_g: float


def draw_protocol(start_s: float, stop_s: float, rng: Generator) -> tuple[Bout, ...]:
    """Draw bouts that fill the recording, with random order and durations."""
    bouts: list[Bout] = []
    activity = Activity(int(rng.integers(len(Activity))))
    while start_s < stop_s:
        limits = BOUT_RANGES[activity]
        end_s = start_s + rng.uniform(*BOUT_S)
        ranges = (
            limits.effort,
            limits.step_hz,
            limits.gait_g,
            limits.gesture_g,
        )
        bouts.append(Bout(activity, start_s, end_s, *(rng.uniform(*each) for each in ranges)))
        start_s = end_s
        activity = limits.followers[rng.integers(len(limits.followers))]
    return tuple(bouts)


def bout_at(time_s: Samples, bouts: Sequence[Bout]) -> NDArray[np.intp]:
    """Index of the bout at each time, of the shape of `time_s`."""
    starts_s = np.array([bout.start_s for bout in bouts])
    return np.searchsorted(starts_s, time_s, side="right") - 1


def smoothed_property(time_s: Samples, bouts: Sequence[Bout], name: str) -> Samples:
    """One property of the bouts at each sample, shape (n_samples,), smoothed at the changes."""
    values = np.array([getattr(bout, name) for bout in bouts])
    return np.asarray(uniform_filter1d(values[bout_at(time_s, bouts)], round(2 * RATE_HZ)))
