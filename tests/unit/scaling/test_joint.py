"""Laws in two sizes: recovered from points made of published and chosen parameters."""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ppgkd.scaling import JointLaw, fit_joint_law
from ppgkd.scaling.joint import FORMS, resample_joint_law

Array = NDArray[np.float64]

# Besiroglu et al. 2024 (arXiv 2404.10102), table 1: the corrected parametric fit of Hoffmann et al.
CHINCHILLA = {"E": 1.8172, "A": 482.01, "a": 0.3478, "B": 2085.43, "b": 0.3658}
CHINCHILLA_ERRORS = {"E": 0.03, "A": 124.58, "a": 0.02, "B": 1293.23, "b": 0.02}
CHINCHILLA_DELTA = 1e-3


def chinchilla_points(seed: int, noise: float) -> tuple[Array, Array, Array]:
    """As many runs as were published, over their range of sizes, on the published surface."""
    rng = np.random.default_rng(seed)
    n = np.exp(rng.uniform(np.log(5.7e7), np.log(1.6e10), 240))
    d = np.exp(rng.uniform(np.log(3e8), np.log(3e11), 240))
    loss = 1.8172 + 482.01 / n**0.3478 + 2085.43 / d**0.3658
    return n, d, loss * np.exp(noise * rng.standard_normal(240))


def gap_points() -> dict[str, Array]:
    student = np.tile([300.0, 900, 2_000, 4_000, 8_000, 16_000, 32_000], 2)
    teacher_error = np.repeat([1.5, 1.2], 7)
    return {
        "student": student,
        "teacher_error": teacher_error,
        "student_error": 1.4 + 60 * student**-0.5,
    }


def gap_errors(points: dict[str, Array]) -> Array:
    """Busbridge et al. 2025, equation 8, with one amount of data."""
    c0, d, f, c1, scale, a = 0.8, 1.1, 0.3, 1.5, 40.0, 0.5
    teacher, alone = points["teacher_error"], points["student_error"]
    gap = (1 + (teacher / (alone * d)) ** (1 / f)) ** (-c1 * f)
    return np.asarray(teacher + teacher**-c0 * gap * scale * points["student"] ** -a)


@pytest.mark.parametrize("form", FORMS)
def test_the_gradient_is_that_of_finite_differences(form: str) -> None:
    points = gap_points() | {"teacher": np.repeat([1.3e5, 1e6], 7), "people": np.arange(2.0, 16)}
    count = len(FORMS[form].parameters)
    theta = np.random.default_rng(0).normal(0, 0.3, (1, count))
    _, slope = FORMS[form].curve(theta, points)
    for column, unit in enumerate(1e-6 * np.eye(count)):
        above, below = (FORMS[form].curve(theta + s * unit, points)[0] for s in (1, -1))
        np.testing.assert_allclose(slope[0, :, column], (above - below)[0] / 2e-6, atol=1e-6)


def test_the_published_points_give_the_published_fit() -> None:
    """With the published fit's own loss, and within a tenth of its standard errors."""
    path = Path(__file__).with_name("chinchilla.csv")
    n, flop, loss = np.loadtxt(path, delimiter=",", skiprows=3).T * [[1e6], [1e18], [1]]
    law = fit_joint_law(
        "additive", loss, student=n, teacher=flop / (6 * n), huber_delta=CHINCHILLA_DELTA
    )
    for name, published in CHINCHILLA.items():
        assert abs(law.parameters[name] - published) < 0.1 * CHINCHILLA_ERRORS[name], name


def test_points_on_the_published_chinchilla_surface_give_its_parameters() -> None:
    n, d, loss = chinchilla_points(seed=0, noise=0.0)
    law = fit_joint_law("additive", loss, student=n, teacher=d)
    assert law.parameters == pytest.approx(CHINCHILLA, rel=1e-3)


def test_noisy_points_give_the_published_parameters_within_their_errors() -> None:
    covered = []
    for seed in range(20):
        n, d, loss = chinchilla_points(seed, noise=0.003)
        law = fit_joint_law("additive", loss, student=n, teacher=d)
        errors = np.sqrt(np.diag(law.covariance))
        pairs = zip(law.parameters.items(), errors, strict=True)
        covered += [
            abs(value - CHINCHILLA[name]) <= 1.645 * error for (name, value), error in pairs
        ]
    assert 0.8 <= np.mean(covered) <= 1.0


def test_points_on_a_capacity_gap_give_its_parameters() -> None:
    points = gap_points()
    law = fit_joint_law("capacity_gap", gap_errors(points), **points)
    expected = {"c0": 0.8, "d": 1.1, "f": 0.3, "c1": 1.5, "A": 40.0, "a": 0.5}
    assert law.parameters == pytest.approx(expected, rel=1e-2)
    np.testing.assert_allclose(law.predict(**points).mean, gap_errors(points), rtol=1e-4)


def test_two_teachers_do_not_tell_the_exponent_of_the_teacher() -> None:
    points = gap_points()
    student, teacher = points["student"], np.repeat([1.3e5, 1e6], 7)
    rng = np.random.default_rng(0)
    errors = (2 + 60 * student**-0.6) * np.exp(0.02 * rng.standard_normal(14))
    law = fit_joint_law("additive", errors, student=student, teacher=teacher)
    assert law.identified["a"]
    assert not law.identified["b"]
    assert "b not identified" in law.describe()


def test_students_better_than_their_teacher_have_no_capacity_gap() -> None:
    points = gap_points()
    errors = gap_errors(points)
    errors[:3] = 1.0
    with pytest.raises(ValueError, match="3 of 14 students are as good as their teacher or better"):
        fit_joint_law("capacity_gap", errors, **points)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ValueError, match=r"needs \['student', 'teacher'\], \['teacher'\] are miss"):
        fit_joint_law("additive", np.ones(9), student=np.arange(1.0, 10))


def test_as_many_points_as_parameters_are_too_few() -> None:
    sizes = np.arange(1.0, 6)
    with pytest.raises(ValueError, match="5 parameters and needs more points, found 5"):
        fit_joint_law("additive", np.ones(5), student=sizes, teacher=sizes)
    sizes, weights = np.arange(1.0, 9), [1, 1, 1, 1, 1, 0, 0, 0]
    with pytest.raises(ValueError, match="5 parameters and needs more points, found 5"):
        fit_joint_law("additive", np.ones(8), weights, student=sizes, teacher=sizes)


@pytest.mark.parametrize("teacher", [[1e5], np.full(8, 1e5)])
def test_columns_of_different_lengths_are_refused_with_their_shapes(teacher: Array) -> None:
    message = r"one length, found .*'student': \(9,\), 'teacher': \((1|8),\)"
    with pytest.raises(ValueError, match=message):
        fit_joint_law("additive", np.ones(9), student=np.arange(1.0, 10), teacher=teacher)


@pytest.mark.parametrize("bad", [-1.0, float("nan"), float("inf")])
def test_weights_that_are_none_are_refused(bad: float) -> None:
    sizes, weights = np.arange(1.0, 10), [1.0] * 8 + [bad]
    with pytest.raises(ValueError, match="weights must be finite and not negative"):
        fit_joint_law("additive", np.ones(9), weights, student=sizes, teacher=sizes)


@pytest.mark.parametrize("bad", [0.0, 1.0, 90.0, float("nan")])
def test_a_level_that_is_none_is_refused(bad: float) -> None:
    n, d, loss = chinchilla_points(seed=0, noise=0.01)
    law = fit_joint_law("additive", loss, student=n, teacher=d)
    with pytest.raises(ValueError, match="level must lie between 0 and 1"):
        law.predict(bad, student=n, teacher=d)


def test_ninety_percent_intervals_hold_85_to_95_percent_of_new_pairs() -> None:
    student, teacher = (
        part.ravel()
        for part in np.meshgrid([300.0, 1_000, 3_000, 10_000, 30_000], [6e4, 2.5e5, 1e6, 4e6])
    )
    new = {"student": np.array([600.0, 5_000, 20_000]), "teacher": np.array([1e5, 5e5, 2e6])}

    def errors(s: Array, t: Array, seed: int) -> Array:
        noise = np.exp(0.02 * np.random.default_rng(seed).standard_normal(s.shape))
        return np.asarray((1 + 60 * s**-0.6 + 100 * t**-0.4) * noise)

    held = []
    for seed in range(150):
        law = fit_joint_law(
            "additive", errors(student, teacher, seed), student=student, teacher=teacher
        )
        said = law.predict(0.9, **new)
        actual = errors(new["student"], new["teacher"], 10_000 + seed)
        held.append((said.lower <= actual) & (actual <= said.upper))
    # 450 of them: the standard error is 1.4 percent
    assert 0.85 <= np.mean(held) <= 0.95


def test_samples_of_the_points_are_fitted_as_the_points_are() -> None:
    n, d, loss = chinchilla_points(seed=0, noise=0.003)
    law = fit_joint_law("additive", loss, student=n, teacher=d)
    # a tenth more of everything: E, A and B grow with it, the exponents stay
    refits = resample_joint_law(law, np.stack([loss, 1.1 * loss]), student=n, teacher=d)
    found = np.exp(refits.coordinates)
    assert found[0] == pytest.approx([*law.parameters.values()], rel=1e-3)
    grown = [1.1, 1.1, 1, 1.1, 1]
    assert found[1] / found[0] == pytest.approx(grown, rel=1e-2)


def test_a_joint_law_survives_json() -> None:
    n, d, loss = chinchilla_points(seed=0, noise=0.01)
    law = fit_joint_law("additive", loss, student=n, teacher=d)
    again = JointLaw.from_dict(json.loads(json.dumps(law.to_dict())))
    np.testing.assert_array_equal(
        again.predict(student=n, teacher=d).upper, law.predict(student=n, teacher=d).upper
    )
