"""Beliefs along time are those of a hidden Markov model, and lose nothing on our classes."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ppgkd.grid import BPM_MIN, N_CLASSES
from ppgkd.published.belief import decode_each, decode_online, decode_with_hindsight, on_classes

RATES_BPM = 30 + 180 * np.arange(64) / 64
"""Those of BeliefPPG: 0.5 to 3.5 Hz in 64 steps (its layer `PriorLayer.hr`)."""

Array = NDArray[np.float64]


def some_model(seed: int, n_times: int = 4, n_rates: int = 3) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    return rng.random((n_times, n_rates)) + 0.01, rng.random((n_rates, n_rates)) + 0.01


def by_all_paths(likelihood: Array, transition: Array, until: int) -> Array:
    """Belief at each time by the definition: the sum over all paths of rates.

    The package starts from an even belief and takes a step before the first time, too.
    """
    n_rates = likelihood.shape[1]
    found = np.zeros(n_rates)
    for path in product(range(n_rates), repeat=len(likelihood) + 1):
        weight = 1.0
        for time in range(len(likelihood)):
            weight *= transition[path[time + 1], path[time]] * likelihood[time, path[time + 1]]
        found[path[until + 1]] += weight
    return found / found.sum()


@pytest.mark.parametrize("seed", range(3))
def test_online_is_the_belief_given_what_came_before(seed: int) -> None:
    likelihood, transition = some_model(seed)
    found = decode_online(likelihood, transition)
    for time in range(len(likelihood)):
        expected = by_all_paths(likelihood[: time + 1], transition, time)
        assert found[time] == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(3))
def test_with_hindsight_is_the_belief_given_everything(seed: int) -> None:
    likelihood, transition = some_model(seed)
    found = decode_with_hindsight(likelihood, transition)
    for time in range(len(likelihood)):
        assert found[time] == pytest.approx(by_all_paths(likelihood, transition, time))


def test_undecoded_is_the_belief_given_its_time_alone() -> None:
    likelihood, transition = some_model(3)
    found = decode_each(likelihood, transition)
    expected = likelihood[2] / likelihood[2].sum()
    assert found[2] == pytest.approx(expected)
    assert found.sum(axis=1) == pytest.approx(np.ones(len(found)))


def test_hindsight_ends_as_online() -> None:
    likelihood, transition = some_model(5)
    online = decode_online(likelihood, transition)
    assert decode_with_hindsight(likelihood, transition)[-1] == pytest.approx(online[-1])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 1000), min_size=62, max_size=62).filter(any))
def test_the_classes_keep_the_mean_of_every_belief(inner: list[int]) -> None:
    """But for the rates at both ends, of which a part lies outside of the classes."""
    belief = np.array([0, *inner, 0]) / sum(inner)
    (found,) = on_classes(belief[None], RATES_BPM)
    classes_bpm = BPM_MIN + np.arange(N_CLASSES)
    assert found.sum() == pytest.approx(1, abs=1e-5)
    assert found.min() >= 0
    assert found @ classes_bpm == pytest.approx(belief @ RATES_BPM, abs=1e-3)


@pytest.mark.parametrize("rate", range(64))
def test_a_sure_belief_lies_on_the_classes_around_its_rate(rate: int) -> None:
    (found,) = on_classes(np.eye(64)[[rate]], RATES_BPM)
    classes_bpm = BPM_MIN + np.arange(N_CLASSES)
    assert found.sum() == pytest.approx(1, abs=1e-6)
    assert abs(classes_bpm[found.argmax()] - RATES_BPM[rate]) <= 1.5
    assert np.abs(classes_bpm[found > 0] - RATES_BPM[rate]).max() < 2.5
