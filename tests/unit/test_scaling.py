"""The law from size to error: points made from a known law, and what their doubt covers."""

import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from ppgkd import scaling
from ppgkd.scaling import PowerLawFloor, fit_laws, fit_power_law_floor

Sweep = Callable[..., tuple[pd.DataFrame, pd.DataFrame]]

SIZES = np.array([500.0, 1_000, 2_000, 4_000, 8_000, 16_000])
STUDENTS = [("resnet", int(size)) for size in SIZES]


def law_bpm(
    params: NDArray[np.float64] | float, floor: float, scale: float, exponent: float, at: float
) -> NDArray[np.float64]:
    """Error = floor + scale (params / at)^-exponent."""
    return floor + scale * (np.asarray(params, float) / at) ** -exponent


@pytest.mark.parametrize(
    ("floor", "scale", "exponent"), [(2.0, 3.0, 0.7), (0.5, 10.0, 0.3), (3.0, 0.5, 2.0)]
)
def test_points_on_a_law_give_that_law(floor: float, scale: float, exponent: float) -> None:
    found = fit_power_law_floor(SIZES, law_bpm(SIZES, floor, scale, exponent, at=2_000))
    # the scale is told at the geometric mean of the sizes
    middle = float(np.exp(np.log(SIZES).mean()))
    assert found.reference_params == pytest.approx(middle)
    assert found.floor_bpm == pytest.approx(floor, rel=1e-3)
    assert found.exponent == pytest.approx(exponent, rel=1e-3)
    assert found.scale_bpm == pytest.approx(scale * (middle / 2_000) ** -exponent, rel=1e-3)


def test_a_law_predicts_its_formula() -> None:
    law = PowerLawFloor(floor_bpm=2.0, scale_bpm=3.0, exponent=0.5, reference_params=1_000.0)
    np.testing.assert_allclose(law.predict(np.array([1_000.0, 4_000.0])), [2 + 3, 2 + 3 / 2])


def test_the_order_of_the_points_does_not_matter() -> None:
    errors = law_bpm(SIZES, 2.0, 3.0, 0.7, at=2_000)
    forward, backward = (fit_power_law_floor(SIZES[::d], errors[::d]) for d in (1, -1))
    assert forward.exponent == pytest.approx(backward.exponent, rel=1e-4)


@pytest.mark.parametrize("rng_seed", range(5))
def test_noisy_points_give_about_the_law(rng_seed: int) -> None:
    noise = np.exp(0.01 * np.random.default_rng(rng_seed).standard_normal(len(SIZES)))
    found = fit_power_law_floor(SIZES, noise * law_bpm(SIZES, 2.0, 3.0, 0.7, at=2_000))
    assert found.floor_bpm == pytest.approx(2.0, abs=0.4)
    assert found.exponent == pytest.approx(0.7, abs=0.2)
    np.testing.assert_allclose(
        found.predict(SIZES), law_bpm(SIZES, 2.0, 3.0, 0.7, at=2_000), rtol=0.03
    )


def test_one_run_that_went_wrong_does_not_bend_the_law() -> None:
    errors = law_bpm(SIZES, 2.0, 3.0, 0.7, at=2_000)
    errors[2] *= 1.5
    others = np.delete(np.arange(len(SIZES)), 2)
    found = fit_power_law_floor(SIZES, errors)
    np.testing.assert_allclose(found.predict(SIZES[others]), errors[others], rtol=0.05)


def test_errors_that_do_not_fall_with_size_are_fitted_by_a_flat_law() -> None:
    found = fit_power_law_floor(SIZES, np.full(len(SIZES), 2.5))
    np.testing.assert_allclose(found.predict(SIZES), 2.5, rtol=0.02)


@pytest.mark.parametrize("sizes", [[1_000.0], [1_000.0, 2_000.0, 4_000.0], [1e3, 1e3, 2e3, 4e3]])
def test_fewer_than_four_sizes_are_refused(sizes: list[float]) -> None:
    with pytest.raises(ValueError, match=rf"at least 4 sizes, found {len(set(sizes))}"):
        fit_power_law_floor(np.array(sizes), np.ones(len(sizes)))


@pytest.mark.parametrize("bad", [0.0, -1.0, float("nan"), float("inf")])
def test_errors_that_are_not_positive_and_finite_are_refused(bad: float) -> None:
    errors = law_bpm(SIZES, 2.0, 3.0, 0.7, at=2_000)
    errors[3] = bad
    with pytest.raises(ValueError, match="errors must be positive and finite"):
        fit_power_law_floor(SIZES, errors)


def of_subjects(
    rng_seed: int, *, floor: float = 2.0, scale: float = 2.0, exponent: float = 0.8
) -> Callable[[str, int, int, int], float]:
    """Subjects are some factor better or worse at every size; so are runs, by a little."""
    rng = np.random.default_rng(rng_seed)
    sd = 0.4
    level = np.exp(sd * rng.standard_normal(99) - sd**2 / 2)

    def error_bpm(strategy: str, params: int, seed: int, who: int) -> float:
        noise = np.exp(0.1 * rng.standard_normal())
        return float(level[who] * noise * law_bpm(params, floor, scale, exponent, at=2_000))

    return error_bpm


@pytest.fixture
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enough to find an interval's ends roughly; the full number takes seconds for each law."""
    monkeypatch.setattr(scaling, "DRAWS", 20)


@pytest.mark.usefixtures("few_draws")
def test_intervals_cover_the_law_about_as_often_as_they_say(sweep: Sweep) -> None:
    middle = float(np.exp(np.log(SIZES[:5]).mean()))
    truth = {"floor_bpm": 2.0, "scale_bpm": 2.0 * (middle / 2_000) ** -0.8, "exponent": 0.8}
    covered = []
    for rng_seed in range(10):
        (law,) = fit_laws(
            *sweep(
                of_subjects(rng_seed),
                strategies=("soft",),
                students=STUDENTS[:5],
                seeds=(0, 1, 2),
                n_subjects=12,
            )
        )
        found = law["parameters"]
        covered += [
            found[name]["lower"] <= value <= found[name]["upper"] for name, value in truth.items()
        ]
        assert found["floor_bpm"]["upper"] - found["floor_bpm"]["lower"] < 2.5
    assert 0.6 <= np.mean(covered) <= 0.99, "nominally 0.9, less for few draws of few subjects"


@pytest.mark.usefixtures("few_draws")
def test_every_strategy_teacher_and_family_has_its_law(sweep: Sweep) -> None:
    laws = fit_laws(
        *sweep(
            lambda s, p, k, who: float(law_bpm(p, 2.0, 2.0, 0.8, at=2_000)) + (s == "scratch"),
            teachers=("resnet-50000", "resnet-90000"),
            students=[*STUDENTS[:4], ("mlp", 4_000)],
        )
    )
    found = [(law["strategy"], law["teacher"], law["family"]) for law in laws]
    assert sorted(found) == sorted(
        (strategy, teacher, family)
        for strategy, teachers in (
            ("scratch", ["none"]),
            ("soft", ["resnet-50000", "resnet-90000"]),
        )
        for teacher in teachers
        for family in ("resnet", "mlp")
    )
    floors = {law["strategy"]: law["parameters"]["floor_bpm"] for law in laws if "aicc" in law}
    assert floors["scratch"]["estimate"] == pytest.approx(3.0, rel=1e-3)
    assert floors["soft"]["estimate"] == pytest.approx(2.0, rel=1e-3)


@pytest.mark.usefixtures("few_draws")
def test_a_law_comes_with_points_curve_criterion_and_held_out_error(sweep: Sweep) -> None:
    tables = sweep(of_subjects(0), strategies=("soft",), students=STUDENTS, n_subjects=6)
    (law,) = fit_laws(*tables)
    json.dumps(law, allow_nan=False)
    cells = tables[0]
    assert law["form"] == "power_law_floor"
    assert law["sizes"] == SIZES.astype(int).tolist()
    np.testing.assert_allclose(law["mae_bpm"], cells.sort_values("params")["mae_bpm"])
    curve = {name: np.array(values) for name, values in law["curve"].items()}
    assert curve["params"][[0, -1]].tolist() == pytest.approx([500, 16_000])
    assert (curve["lower_bpm"] <= curve["upper_bpm"]).all()
    fitted = {name: value["estimate"] for name, value in law["parameters"].items()}
    np.testing.assert_allclose(
        curve["mae_bpm"],
        law_bpm(
            curve["params"],
            fitted["floor_bpm"],
            fitted["scale_bpm"],
            fitted["exponent"],
            at=law["reference_params"],
        ),
    )
    assert 0 < law["held_out_ape"] < 20
    residual = np.log(np.interp(SIZES, curve["params"], curve["mae_bpm"]) / law["mae_bpm"])
    n, k = len(SIZES), 4
    aicc = n * np.log(np.mean(residual**2)) + 2 * k + 2 * k * (k + 1) / (n - k - 1)
    assert law["aicc"] == pytest.approx(aicc, abs=1.5), "the curve is sampled, so roughly"


@pytest.mark.usefixtures("few_draws")
def test_the_held_out_error_is_nothing_for_points_on_a_law(sweep: Sweep) -> None:
    (law,) = fit_laws(
        *sweep(
            lambda s, p, k, who: float(law_bpm(p, 2.0, 2.0, 0.8, at=2_000)),
            strategies=("soft",),
            students=STUDENTS,
        )
    )
    assert law["held_out_ape"] == pytest.approx(0, abs=0.1)


@pytest.mark.usefixtures("few_draws")
def test_the_held_out_error_is_of_laws_that_have_not_seen_the_size(sweep: Sweep) -> None:
    cells, subjects = sweep(of_subjects(3), strategies=("soft",), students=STUDENTS)
    (law,) = fit_laws(cells, subjects)
    errors = cells.sort_values("params")["mae_bpm"].to_numpy()
    misses = []
    for inner in range(1, len(SIZES) - 1):
        without = fit_power_law_floor(np.delete(SIZES, inner), np.delete(errors, inner))
        misses.append(abs(without.predict(SIZES[inner]) / errors[inner] - 1))
    assert law["held_out_ape"] == pytest.approx(100 * np.mean(misses), rel=1e-3)
    assert np.mean(misses) > 0.005


@pytest.mark.usefixtures("few_draws")
def test_with_four_sizes_there_is_a_law_but_no_criterion_and_no_held_out_error(
    sweep: Sweep,
) -> None:
    (law,) = fit_laws(*sweep(of_subjects(0), strategies=("soft",), students=STUDENTS[:4]))
    assert "parameters" in law
    assert (law["aicc"], law["held_out_ape"]) == (None, None)


def test_with_three_sizes_there_is_a_reason_instead_of_a_law(sweep: Sweep) -> None:
    (law,) = fit_laws(*sweep(of_subjects(0), strategies=("soft",), students=STUDENTS[:3]))
    assert law["reason"] == "a power law with a floor needs at least 4 sizes, found 3"
    assert law["sizes"] == [500, 1_000, 2_000]
    assert "parameters" not in law


@pytest.mark.usefixtures("few_draws")
def test_the_points_are_errors_over_windows(sweep: Sweep) -> None:
    cells, subjects = sweep(
        of_subjects(0), strategies=("soft",), students=STUDENTS[:4], n_windows=[10, 50, 200]
    )
    (law,) = fit_laws(cells, subjects)
    np.testing.assert_allclose(law["mae_bpm"], cells["mae_bpm"])


@pytest.mark.usefixtures("few_draws")
@pytest.mark.parametrize("n_windows", [[10, 10, 10, 10], [10, 200, 10, 10]])
def test_subjects_with_equal_errors_leave_no_doubt_however_many_windows_they_have(
    n_windows: list[int], sweep: Sweep
) -> None:
    (law,) = fit_laws(
        *sweep(
            lambda s, p, k, who: float(law_bpm(p, 2.0, 2.0, 0.8, at=2_000)),
            strategies=("soft",),
            students=STUDENTS[:4],
            n_subjects=4,
            n_windows=n_windows,
        )
    )
    for found in law["parameters"].values():
        assert found["lower"] == pytest.approx(found["estimate"], rel=0.01)
        assert found["upper"] == pytest.approx(found["estimate"], rel=0.01)


@pytest.mark.usefixtures("few_draws")
def test_a_seed_gives_the_same_intervals(sweep: Sweep) -> None:
    tables = sweep(of_subjects(0), strategies=("soft",), students=STUDENTS[:4], n_subjects=5)
    first, again, other = (fit_laws(*tables, seed=seed) for seed in (0, 0, 1))
    assert first == again
    assert first[0]["parameters"] != other[0]["parameters"]


@pytest.mark.parametrize(("scale_bpm", "identified"), [(3.0, True), (0.0, False)])
def test_an_exponent_is_identified_where_the_error_falls_and_not_where_it_is_flat(
    sweep: Sweep, scale_bpm: float, identified: bool
) -> None:
    rng = np.random.default_rng(0)

    def error_bpm(_: str, params: int, __: int, ___: int) -> float:
        noise = np.exp(0.01 * rng.standard_normal())
        return float(noise * law_bpm(params, 2.0, scale_bpm, 0.8, at=1_000))

    tables = sweep(error_bpm, strategies=["scratch"], students=STUDENTS, seeds=range(3))
    (law,) = fit_laws(*tables)
    assert law["identified"] is identified
