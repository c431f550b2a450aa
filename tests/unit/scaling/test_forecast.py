"""Forecasts of more people: near a known law, with intervals that hold, better than naive rules."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ppgkd.scaling.forecast import FARTHEST, Forecast, forecast_people
from ppgkd.scaling.people_curve import PeopleCurve

Array = NDArray[np.float64]
SIZES = np.array([2.0, 4, 6, 8, 10])
LAWS = [(0.5, 0.4), (1.0, 0.5), (1.2, 1.0), (2.0, 0.7)]
"""Floor and exponent; at one person the error is 2 BPM above the floor."""

N_PEOPLE, N_FOLDS, N_DRAWS = 12, 6, 2


def law(people: float | Array, floor: float, exponent: float) -> Array:
    return np.asarray(floor + 2 * np.asarray(people) ** -exponent)


def study(
    floor: float, exponent: float, seed: int, sd: float = 0.4, sizes: Array = SIZES
) -> tuple[PeopleCurve, float]:
    """Curve of a pilot of twelve people in six folds, and the error with twenty other people.

    Each person makes whoever learns from them better or worse, by a factor of spread ``sd``; of
    several people the mean counts. Folds and draws share their people.
    """
    rng = np.random.default_rng(seed)
    fold = np.arange(N_PEOPLE) % N_FOLDS
    level = np.exp(0.4 * rng.standard_normal(N_PEOPLE))
    level /= level.mean()
    worth = sd * rng.standard_normal(N_PEOPLE)
    errors = np.empty((len(sizes), N_DRAWS, N_PEOPLE))
    for number in range(N_FOLDS):
        others = np.flatnonzero(fold != number)
        for draw in range(N_DRAWS):
            order = rng.permutation(others)
            for at, size in enumerate(sizes):
                of_all = size == len(others)
                factor = np.exp(worth[others if of_all else order[: int(size)]].mean())
                noise = 1.0 if of_all else np.exp(0.05 * sd * rng.standard_normal())
                own = fold == number
                errors[at, draw, own] = law(size, floor, exponent) * factor * noise * level[own]
    measured = law(20, floor, exponent) * np.exp(sd * rng.standard_normal() / np.sqrt(20))
    curve = PeopleCurve(sizes, errors, np.ones(N_PEOPLE), fold, 300, len(others))
    return curve, float(measured)


@pytest.mark.parametrize(("floor", "exponent"), LAWS)
def test_without_noise_twice_the_people_are_forecast_within_six_percent(
    floor: float, exponent: float
) -> None:
    curve, _ = study(floor, exponent, 0, sd=0)
    middle, lower, upper = forecast_people(curve, other_people=False).predict([4, 10, 20])
    np.testing.assert_allclose(middle, law(np.array([4, 10, 20]), floor, exponent), rtol=0.06)
    assert (lower < middle).all()
    assert (middle < upper).all()


@pytest.mark.parametrize(("sd", "within"), [(0.1, 0.05), (0.2, 0.07), (0.4, 0.12)])
def test_twenty_other_people_are_forecast_better_than_by_naive_rules(
    sd: float, within: float
) -> None:
    """From pilots of 2 to 10 people, over all laws; intervals hold in nine of ten of 80 studies."""
    errors, covered = [], []
    for number, (floor, exponent) in enumerate(LAWS * 20):
        curve, measured = study(floor, exponent, number, sd=sd)
        forecast = forecast_people(curve, other_people=False)
        truth = law(20, floor, exponent)
        slope, base = np.polyfit(np.log(curve.people), np.log(curve.mae_bpm), 1)
        line = np.exp(base + slope * np.log(20))
        estimates = np.array([forecast.predict(20)[0][0], curve.mae_bpm[-1], line])
        errors.append(np.abs(estimates / truth - 1))
        _, lower, upper = forecast.predict(20, measured=True)
        covered.append(lower[0] <= measured <= upper[0])
    off, last, straight = np.mean(errors, axis=0)
    assert off < min(within, last, straight)
    assert np.mean(covered) >= 0.85


def test_for_other_people_the_interval_is_wider() -> None:
    curve, _ = study(1.0, 0.5, 0, sd=0.1)
    same, others = (
        forecast_people(curve, other_people=other).predict(20) for other in (False, True)
    )
    assert np.log(others[2] / others[1]) > 1.2 * np.log(same[2] / same[1])


def certain(floor: float, exponent: float) -> Forecast:
    ones = np.ones(100)
    return Forecast(10.0, 2.0 * ones, floor * ones, exponent * ones, 0 * ones)


@pytest.mark.parametrize("bound_bpm", [1.2, 1.5, 1.9, 2.0, 3.0])
def test_with_the_people_for_a_bound_the_error_is_the_bound(bound_bpm: float) -> None:
    forecast = certain(0.5, 0.7)
    people, lower, upper = forecast.people_for(bound_bpm)
    np.testing.assert_allclose(forecast.sample_bpm(people), bound_bpm)
    assert lower == people == upper


def test_a_bound_below_the_floor_needs_infinitely_many() -> None:
    assert certain(0.5, 0.7).people_for(0.99) == (np.inf, np.inf, np.inf)


def test_where_some_curves_never_fall_so_low_only_the_upper_end_is_infinite() -> None:
    ones = np.ones(100)
    floor = np.where(np.arange(100) < 80, 0.2, 0.9)
    middle, lower, upper = Forecast(10.0, 2 * ones, floor, ones, 0 * ones).people_for(1.5)
    assert lower <= middle < FARTHEST * 10
    assert upper == np.inf


def test_two_numbers_of_people_say_nothing_of_the_bend() -> None:
    curve, _ = study(1.0, 0.5, 0, sizes=np.array([4.0, 8.0]))
    with pytest.raises(ValueError, match=r"needs 3 numbers of people.*\[4.0, 8.0\]"):
        forecast_people(curve)
