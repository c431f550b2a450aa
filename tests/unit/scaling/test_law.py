"""Laws from points: known parameters, what intervals cover, and an independent optimiser."""

import json
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize

from ppgkd.scaling import Law, fit_law
from ppgkd.scaling.forms import FORMS
from ppgkd.scaling.solver import HUBER_DELTA

Array = NDArray[np.float64]

SIZES = np.array([300.0, 900, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000])
TRUTH: dict[str, tuple[dict[str, float], Callable[[Array], Array]]] = {
    "constant": ({"E": 2.0}, lambda n: np.full(n.shape, 2.0)),
    "power_law_floor": (
        {"E": 2.0, "A": 300.0, "a": 0.7},
        lambda n: 2 + 300 * n**-0.7,
    ),
    "exponential": (
        {"E": 2.0, "A": 8.0, "k": 0.05, "b": 0.5},
        lambda n: 2 + 8 * np.exp(-0.05 * n**0.5),
    ),
    "exponential_log_size": (
        {"E": 2.0, "A": 5.0, "k": 0.002, "b": 3.0},
        lambda n: 2 + 5 * np.exp(-0.002 * np.log(n) ** 3),
    ),
}
NOISE = 0.02
"""Between trainings of one size, of the logarithm of the error."""


def broken(
    size: Array, error: float = 3, before: float = 0.4, after: float = 0.1, place: float = 4_000
) -> Array:
    """Slopes that meet at a place; the turn takes some quarter of a logarithm of size."""
    past, width = np.log(size / place), 0.25
    turn = width * np.logaddexp(0, past / width)
    return np.asarray(error * np.exp(-before * past + (before - after) * turn))


TRUTH["broken_power_law"] = ({"A": 3.0, "a1": 0.4, "a2": 0.1, "B": 4_000.0}, broken)


def noisy(errors: Array, seed: int, noise: float = NOISE) -> Array:
    rng = np.random.default_rng(seed)
    return np.asarray(errors * np.exp(noise * rng.standard_normal(errors.shape)))


@pytest.mark.parametrize("form", FORMS)
def test_the_gradient_is_that_of_finite_differences(form: str) -> None:
    reference = float(np.log(SIZES).mean())
    size = np.log(SIZES) - reference
    for theta in FORMS[form].starts(size, np.log(TRUTH[form][1](SIZES))):
        _, slope = FORMS[form].curve(theta, size, reference)
        for column, unit in enumerate(1e-6 * np.eye(len(theta))):
            above, below = (
                FORMS[form].curve(theta + s * unit, size, reference)[0] for s in (1, -1)
            )
            np.testing.assert_allclose(slope[:, column], (above - below) / 2e-6, atol=1e-6)


@pytest.mark.parametrize("form", FORMS)
def test_points_on_a_law_give_its_parameters(form: str) -> None:
    parameters, error = TRUTH[form]
    law = fit_law(form, SIZES, error(SIZES))
    assert law.form == form
    assert law.parameters == pytest.approx(parameters, rel=1e-4)
    assert law.residual_sd == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(law.predict(SIZES).mean, error(SIZES), rtol=1e-6)


def test_noisy_points_give_the_parameters_within_their_errors() -> None:
    parameters, error = TRUTH["power_law_floor"]
    laws = [fit_law("power_law_floor", SIZES, noisy(error(SIZES), seed)) for seed in range(100)]
    for index, (name, truth) in enumerate(parameters.items()):
        estimates = np.array([law.parameters[name] for law in laws])
        errors = np.array([np.sqrt(law.covariance[index, index]) for law in laws])
        assert np.median(estimates) == pytest.approx(truth, rel=0.15)
        # t of five degrees of freedom; A spreads over decades, so that its error is rough
        assert 0.75 <= np.mean(np.abs(estimates - truth) <= 2.57 * errors) <= 1.0


@pytest.mark.parametrize("form", FORMS)
def test_prediction_intervals_have_their_nominal_coverage_of_new_students(form: str) -> None:
    _, error = TRUTH[form]
    new = np.array([500.0, 3_000, 12_000, 50_000])
    held: dict[float, list[Array]] = {0.9: [], 0.5: []}
    for seed in range(250):
        law = fit_law(form, SIZES, noisy(error(SIZES), seed))
        actual = noisy(error(new), 10_000 + seed)
        for level, hits in held.items():
            said = law.predict(new, level)
            hits.append((said.lower <= actual) & (actual <= said.upper))
    # 1,000 of them: the standard error is one percent, and one and a half
    assert 0.85 <= np.mean(held[0.9]) <= 0.95
    assert 0.43 <= np.mean(held[0.5]) <= 0.57


def test_a_higher_level_gives_a_wider_interval() -> None:
    law = fit_law("power_law_floor", SIZES, noisy(TRUTH["power_law_floor"][1](SIZES), 0))
    narrow, wide = (law.predict([1_000.0, 1e5], level) for level in (0.5, 0.95))
    assert (wide.lower < narrow.lower).all()
    assert (narrow.lower < narrow.mean).all()
    assert (narrow.upper < wide.upper).all()


def test_an_extrapolation_is_less_sure() -> None:
    law = fit_law("power_law_floor", SIZES[2:], noisy(TRUTH["power_law_floor"][1](SIZES[2:]), 0))
    said = law.predict([8_000.0, 300.0])
    inside, outside = np.log(said.upper / said.lower)
    assert outside > 1.5 * inside


FORMULAS: dict[str, Callable[..., Array]] = {
    "constant": lambda floor: floor + 0 * SIZES,
    "power_law_floor": lambda floor, scale, a: floor + scale * SIZES**-a,
    "exponential": lambda floor, scale, k, b: floor + scale * np.exp(-k * SIZES**b),
    "exponential_log_size": lambda floor, scale, k, b: (
        floor + scale * np.exp(-k * np.log(SIZES) ** b)
    ),
    "broken_power_law": lambda *parameters: broken(SIZES, *parameters),
}


@pytest.mark.parametrize("form", FORMS)
def test_an_independent_optimiser_finds_nothing_better(form: str) -> None:
    errors = noisy(TRUTH[form][1](SIZES), 7, noise=0.04)
    errors[3] *= 1.3
    law = fit_law(form, SIZES, errors)

    def loss(log_parameters: Array) -> float:
        predicted = FORMULAS[form](*np.exp(log_parameters))
        size = np.abs(np.log(predicted) - np.log(errors))
        huber = np.where(size <= HUBER_DELTA, size**2 / 2, HUBER_DELTA * (size - HUBER_DELTA / 2))
        return float(huber.sum())

    mine = np.log([*law.parameters.values()])
    options = {"xatol": 1e-10, "fatol": 1e-14, "maxiter": 20_000}
    other = minimize(loss, mine, method="Nelder-Mead", options=options)
    assert loss(mine) == pytest.approx(other.fun, rel=1e-5)


def test_one_outlier_does_not_change_the_law() -> None:
    errors = TRUTH["power_law_floor"][1](SIZES)
    spoilt = errors.copy()
    spoilt[2] *= 1.5
    law = fit_law("power_law_floor", SIZES, spoilt)
    others = np.delete(np.arange(len(SIZES)), 2)
    np.testing.assert_allclose(law.predict(SIZES[others]).mean, errors[others], rtol=0.03)


def test_a_point_of_zero_weight_does_not_affect_the_fit() -> None:
    errors = noisy(TRUTH["power_law_floor"][1](SIZES), 3)
    spoilt = errors.copy()
    spoilt[4] *= 9
    weights = np.ones(len(SIZES))
    weights[4] = 0
    with_it = fit_law("power_law_floor", SIZES, spoilt, weights)
    without = fit_law("power_law_floor", np.delete(SIZES, 4), np.delete(errors, 4))
    assert with_it.parameters == pytest.approx(without.parameters, rel=1e-3)
    assert with_it.n_points == 7


def test_the_order_of_the_points_does_not_matter() -> None:
    errors = noisy(TRUTH["power_law_floor"][1](SIZES), 3)
    forward, backward = (fit_law("power_law_floor", SIZES[::d], errors[::d]) for d in (1, -1))
    assert forward.parameters == pytest.approx(backward.parameters, rel=1e-6)


def test_a_law_in_another_unit_of_size_predicts_the_same() -> None:
    errors = noisy(TRUTH["power_law_floor"][1](SIZES), 3)
    in_params, in_macs = (fit_law("power_law_floor", unit * SIZES, errors) for unit in (1, 90))
    np.testing.assert_allclose(
        in_params.predict(SIZES).mean, in_macs.predict(90 * SIZES).mean, rtol=1e-6
    )
    assert in_params.parameters["a"] == pytest.approx(in_macs.parameters["a"], rel=1e-5)


def test_parameters_are_identified_where_the_points_tell_them() -> None:
    law = fit_law("power_law_floor", SIZES, noisy(TRUTH["power_law_floor"][1](SIZES), 1))
    assert law.identified == {"E": True, "A": True, "a": True}
    assert law.is_identified


@pytest.mark.parametrize(
    "error",
    [lambda n: np.full(n.shape, 2.0), lambda n: 300 * n**-0.3],
    ids=["flat", "far from the floor"],
)
def test_points_in_one_regime_leave_parameters_unidentified(
    error: Callable[[Array], Array],
) -> None:
    law = fit_law("power_law_floor", SIZES, noisy(error(SIZES), 1))
    assert not law.is_identified
    assert "not identified" in law.describe()


def test_sizes_without_a_break_seldom_identify_one() -> None:
    def identified_share(error: Array) -> float:
        laws = [fit_law("broken_power_law", SIZES, noisy(error, seed)) for seed in range(20)]
        return float(np.mean([law.identified["B"] for law in laws]))

    assert identified_share(300 * SIZES**-0.3) <= 0.3
    assert identified_share(broken(SIZES)) == 1


def test_a_law_describes_itself_in_a_line() -> None:
    law = fit_law("power_law_floor", SIZES, noisy(TRUTH["power_law_floor"][1](SIZES), 1))
    said = law.describe()
    assert said.startswith("E + A N^-a, E = ")
    assert "±" in said
    assert "residual SD" in said


def test_the_corrected_akaike_criterion_is_that_of_its_formula() -> None:
    errors = noisy(TRUTH["constant"][1](SIZES), 2)
    law = fit_law("constant", SIZES, errors)
    n, k = len(SIZES), 2
    squares = np.square(np.log(errors) - np.log(law.parameters["E"])).mean()
    expected = n * np.log(squares) + 2 * k + 2 * k * (k + 1) / (n - k - 1)
    assert law.aicc == pytest.approx(expected, rel=1e-6)
    assert fit_law("power_law_floor", SIZES[:5], errors[:5]).aicc is None


def test_with_as_many_points_as_parameters_nothing_is_sure() -> None:
    law = fit_law("exponential", SIZES[:4], noisy(TRUTH["constant"][1](SIZES[:4]), 0))
    said = law.predict(1_000.0)
    assert (said.lower, said.upper) == (0, np.inf)
    assert not law.is_identified


def test_an_interval_of_a_hopeless_extrapolation_is_still_a_number() -> None:
    law = fit_law("broken_power_law", SIZES[:5], noisy(TRUTH["constant"][1](SIZES[:5]), 0))
    said = law.predict(1e30)
    assert np.isfinite([said.mean, said.lower, said.upper]).all()


def test_a_law_survives_json() -> None:
    law = fit_law("exponential", SIZES, noisy(TRUTH["exponential"][1](SIZES), 1))
    again = Law.from_dict(json.loads(json.dumps(law.to_dict())))
    assert again.parameters == law.parameters
    for mine, theirs in zip(again.predict(SIZES), law.predict(SIZES), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("sizes", [[1e3], [1e3, 2e3, 4e3], [1e3, 1e3, 2e3, 4e3]])
def test_fewer_than_four_sizes_are_refused(sizes: list[float]) -> None:
    with pytest.raises(ValueError, match=rf"at least 4 sizes, found {len(set(sizes))}"):
        fit_law("power_law_floor", sizes, np.ones(len(sizes)))


@pytest.mark.parametrize("bad", [0.0, -1.0, float("nan"), float("inf")])
def test_errors_that_are_not_positive_and_finite_are_refused_with_their_sizes(bad: float) -> None:
    errors = TRUTH["power_law_floor"][1](SIZES)
    errors[3] = bad
    with pytest.raises(ValueError, match=r"errors must be finite and above 0, .* sizes \[4000.0\]"):
        fit_law("power_law_floor", SIZES, errors)


def test_an_unknown_form_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ValueError, match=r"'cubic' is unknown; there are .*'power_law_floor'"):
        fit_law("cubic", SIZES, SIZES)


def test_vectors_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match=r"one length, found shapes \(8,\), \(7,\)"):
        fit_law("constant", SIZES, SIZES[:7])


@pytest.mark.parametrize("bad", [0.0, -5.0, float("nan"), float("inf")])
def test_a_size_that_is_none_has_no_prediction(bad: float) -> None:
    law = fit_law("constant", SIZES, TRUTH["constant"][1](SIZES))
    with pytest.raises(ValueError, match="sizes must be finite and above 1"):
        law.predict([1_000.0, bad])


@pytest.mark.parametrize("bad", [0.0, 1.0, 90.0, float("nan")])
def test_a_level_that_is_none_is_refused(bad: float) -> None:
    law = fit_law("constant", SIZES, TRUTH["constant"][1](SIZES))
    with pytest.raises(ValueError, match="level must lie between 0 and 1"):
        law.predict(1_000.0, bad)
