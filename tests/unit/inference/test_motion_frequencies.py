"""Which heart rates are at a frequency of motion: the steps, their harmonics and their half."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ppgkd.inference.motion_frequencies import MOVING_G, classes_on_motion

RATE_HZ = 25.0
TIME_S = np.arange(200) / RATE_HZ
CHANNELS = ("ppg_1", "acc_x", "acc_y", "acc_z")


def window(acc: NDArray[np.float64]) -> NDArray[np.float64]:
    """A window whose PPG is a pulse of 75 BPM, with an acceleration of shape (3, n_samples)."""
    return np.concatenate([np.sin(2 * np.pi * 75 / 60 * TIME_S)[None], acc])[None]


def steps(cadence: float, amplitude_g: float = 0.3) -> NDArray[np.float64]:
    swing = amplitude_g * np.sin(2 * np.pi * cadence / 60 * TIME_S)
    return np.outer([0.8, 0.6, 0.0], swing)


def rates(acc: NDArray[np.float64]) -> set[int]:
    """Heart rates at a frequency of motion, BPM."""
    return set(30 + np.flatnonzero(classes_on_motion(window(acc), CHANNELS, RATE_HZ)[0]))


@given(cadence=st.floats(90, 200))
@settings(max_examples=20)
def test_a_rate_is_on_motion_near_the_cadence_or_its_half_and_not_far_from_both(
    cadence: float,
) -> None:
    found = rates(steps(cadence))
    assert round(cadence) in found
    assert round(cadence / 2) in found
    resolution_bpm = 60 / 8
    assert all(
        min(abs(bpm - cadence), abs(bpm - cadence / 2)) < 2.5 * resolution_bpm for bpm in found
    )


def test_a_harmonic_that_the_acceleration_has_is_on_motion() -> None:
    assert {60, 120, 180} <= rates(steps(60) + steps(120, 0.2) + steps(180, 0.2))


def test_at_rest_no_rate_is_on_motion() -> None:
    assert rates(steps(110, 0.9 * MOVING_G * np.sqrt(2))) == set()
    assert rates(steps(110, 1.1 * MOVING_G * np.sqrt(2))) != set()


def test_without_an_accelerometer_no_rate_is_on_motion() -> None:
    alone = window(steps(110))[:, :1]
    assert not classes_on_motion(alone, CHANNELS[:1], RATE_HZ).any()
    assert classes_on_motion(alone, CHANNELS[:1], RATE_HZ).shape == (1, 180)


def test_a_still_accelerometer_is_none() -> None:
    assert rates(np.zeros((3, 200))) == set()


@pytest.mark.parametrize("order", [(2, 0, 1), (1, 0, 2)])
def test_the_watch_may_be_worn_in_any_orientation(order: tuple[int, ...]) -> None:
    acc = steps(110) + np.random.default_rng(0).normal(0, 0.02, (3, 200))
    assert rates(-acc[list(order)]) == rates(acc)


def test_windows_are_judged_one_by_one() -> None:
    both = np.concatenate([window(steps(100)), window(steps(150))])
    found = classes_on_motion(both, CHANNELS, RATE_HZ)
    for row, cadence in enumerate((100, 150)):
        assert set(30 + np.flatnonzero(found[row])) == rates(steps(cadence))
