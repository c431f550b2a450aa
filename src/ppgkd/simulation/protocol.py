"""What the wearer does: bouts of rest, hand work, walking, running and recovery."""

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
    """What the wearer does."""

    REST = 0
    HANDS = 1
    WALK = 2
    RUN = 3
    RECOVERY = 4


class Habit(NamedTuple):
    """Ranges from which each bout of an activity is drawn, and what may follow.

    Effort is a share of the heart-rate reserve. Activities overlap in it: there are strolls, and
    there are steep hills.
    """

    effort: Range
    followers: tuple[Activity, ...]
    step_hz: Range = (1.8, 1.8)
    gait_g: Range = (0.0, 0.0)
    gesture_g: Range = (0.0, 0.0)


BOUT_S = (30.0, 100.0)

_REST, _HANDS, _WALK, _RUN, _RECOVERY = Activity

HABITS = {
    _REST: Habit((0.0, 0.15), (_HANDS, _WALK, _RUN)),
    _HANDS: Habit((0.0, 0.45), (_REST, _WALK, _RUN), gesture_g=(0.1, 0.4)),
    _WALK: Habit((0.15, 0.75), (_RUN, _RUN, _RUN, _HANDS), (1.45, 2.15), (0.2, 0.5), (0.0, 0.05)),
    _RUN: Habit((0.45, 1.0), (_WALK, _WALK, _WALK, _RECOVERY), (2.1, 3.0), (0.6, 1.4), (0.0, 0.1)),
    _RECOVERY: Habit((0.0, 0.35), (_REST, _HANDS, _WALK, _RUN), gesture_g=(0.02, 0.2)),
}


class Bout(NamedTuple):
    """One stretch of one activity; `gait_g` and `gesture_g` are root mean squares of motion."""

    activity: Activity
    start_s: float
    stop_s: float
    effort: float
    step_hz: float
    gait_g: float
    gesture_g: float


def draw_protocol(start_s: float, stop_s: float, rng: Generator) -> tuple[Bout, ...]:
    """Draw bouts that fill the recording, in an order and of lengths that are the subject's own."""
    bouts: list[Bout] = []
    activity = Activity(int(rng.integers(len(Activity))))
    while start_s < stop_s:
        habit = HABITS[activity]
        end_s = start_s + rng.uniform(*BOUT_S)
        ranges = (habit.effort, habit.step_hz, habit.gait_g, habit.gesture_g)
        bouts.append(Bout(activity, start_s, end_s, *(rng.uniform(*each) for each in ranges)))
        start_s = end_s
        activity = habit.followers[rng.integers(len(habit.followers))]
    return tuple(bouts)


def bout_at(time_s: Samples, bouts: Sequence[Bout]) -> NDArray[np.intp]:
    """Index of the bout at each time, of the shape of `time_s`."""
    starts_s = np.array([bout.start_s for bout in bouts])
    return np.searchsorted(starts_s, time_s, side="right") - 1


def held(time_s: Samples, bouts: Sequence[Bout], name: str) -> Samples:
    """One property of the bouts at every sample, shape (n_samples,), eased over their changes."""
    values = np.array([getattr(bout, name) for bout in bouts])
    return np.asarray(uniform_filter1d(values[bout_at(time_s, bouts)], round(2 * RATE_HZ)))
