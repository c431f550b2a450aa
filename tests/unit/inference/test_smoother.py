"""The smoother against the sum over all sequences of heart rates."""

import numpy as np
import pytest

from ppgkd.inference.online_filter import Transition, filter_windows
from ppgkd.inference.smoother import smooth_windows

TRANSITION = Transition(sd_bpm=3.0, jump_probability=0.02, stride_s=2.0, evidence=0.5)


def distributions(n: int, seed: int = 0) -> np.ndarray:
    shares = np.random.default_rng(seed).gamma(0.2, size=(n, 180)) + 1e-9
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


@pytest.mark.parametrize("window", [(0, 1, 2), (3, 4, 7)])
def test_it_is_the_sum_over_all_sequences(window: tuple[int, int, int]) -> None:
    said = distributions(3)
    kernel = TRANSITION.kernel
    first, second = (np.linalg.matrix_power(kernel, step) for step in np.diff(window))
    prior = np.full(180, 1 / 180) @ kernel
    a, b, c = said**0.5
    joint = np.einsum("i,i,ij,j,jk,k->ijk", prior, a, first, b, second, c)
    joint /= joint.sum()
    found = smooth_windows(said, np.array(window), TRANSITION)
    np.testing.assert_allclose(found[0], joint.sum(axis=(1, 2)), atol=1e-10)
    np.testing.assert_allclose(found[1], joint.sum(axis=(0, 2)), atol=1e-10)
    np.testing.assert_allclose(found[2], joint.sum(axis=(0, 1)), atol=1e-10)


def test_classes_at_a_frequency_of_motion_count_less() -> None:
    """The discount is a weaker evidence for these classes, and nothing else."""
    said, window = distributions(4), np.arange(4)
    moved = np.random.default_rng(1).random((4, 180)) < 0.2
    discounted = Transition(3.0, 0.02, 2.0, evidence=0.5, motion_discount=0.75)
    lowered = np.where(moved, 0.25 * said, said)
    lowered /= lowered.sum(axis=1, keepdims=True)
    found = smooth_windows(said, window, discounted, moved)
    np.testing.assert_allclose(found, smooth_windows(lowered, window, TRANSITION), atol=1e-12)


def test_the_last_window_has_the_filters_belief() -> None:
    said, window = distributions(6), np.arange(6)
    found = smooth_windows(said, window, TRANSITION)
    np.testing.assert_allclose(found[-1], filter_windows(said, window, TRANSITION)[-1], atol=1e-12)
    np.testing.assert_allclose(found.sum(axis=1), 1)


def test_time_has_no_direction_for_it_where_steps_up_and_down_are_alike() -> None:
    said, window = distributions(5), np.arange(5)
    forward = smooth_windows(said, window, TRANSITION)
    backward = smooth_windows(said[::-1], window, TRANSITION)[::-1]
    middle = slice(40, 140)  # at the ends of the classes the kernel is not symmetric
    difference = np.abs(forward[:, middle] - backward[:, middle]).max()
    assert difference < 0.05 * np.abs(forward).max()


def test_a_hidden_window_is_known_by_those_after_it() -> None:
    flat = np.full(180, 1 / 180)
    clear = np.full(180, 1e-6)
    clear[90] = 1
    said = np.stack([flat, flat, clear / clear.sum()])
    found = smooth_windows(said, np.arange(3), TRANSITION)
    assert found.argmax(axis=1).tolist() == [90, 90, 90]
    online = filter_windows(said, np.arange(3), TRANSITION)
    assert online[0].max() < 0.02
