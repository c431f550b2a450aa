"""The mixed model against sweeps whose effects are known, and against least squares."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ppgkd.scaling.effects import LEFT_OUT, fit_effects

Sweep = Callable[..., tuple[pd.DataFrame, pd.DataFrame]]
ErrorBPM = Callable[[str, int, int, int], float]

FIVE = ("scratch", "hard", "soft", "dkd", "feature")
TWO_SIZES = (("spectral_resnet", 1_000), ("spectral_resnet", 4_000))
TRUTH_BPM = {"scratch": 0.0, "hard": 0.4, "soft": -1.0, "dkd": -0.5, "feature": 0.0}
SLOPE_BPM = -0.5
"""Per doubling of the capacity."""


def population(
    rng_seed: int = 0,
    *,
    subject_sd_bpm: float = 1.0,
    seed_sd_bpm: float = 0.3,
    noise_sd_bpm: float = 0.2,
    gain_sd_bpm: float = 0.0,
) -> ErrorBPM:
    """Subjects with a level of their own, seeds with a smaller one within them, and noise."""
    rng = np.random.default_rng(rng_seed)
    level, run = rng.standard_normal(99), rng.standard_normal((99, 9))
    gain = {name: rng.standard_normal(99) * (name != "scratch") for name in FIVE}

    def error_bpm(strategy: str, params: int, seed: int, who: int) -> float:
        return float(
            16
            + TRUTH_BPM[strategy]
            + gain_sd_bpm * gain[strategy][who]
            + SLOPE_BPM * np.log2(params / 2_000)
            + subject_sd_bpm * level[who]
            + seed_sd_bpm * run[who, seed]
            + noise_sd_bpm * rng.standard_normal()
        )

    return error_bpm


def terms_of(result: dict[str, Any]) -> dict[str, dict[str, float]]:
    return {term["name"]: term for term in result["terms"]}


def test_strategies_and_capacity_have_the_effects_that_were_put_in(sweep: Sweep) -> None:
    tables = sweep(population(), strategies=FIVE, seeds=(0, 1, 2), n_subjects=20)
    terms = terms_of(fit_effects(*tables))
    for strategy, truth_bpm in TRUTH_BPM.items():
        if strategy != "scratch":
            assert terms[strategy]["estimate_bpm"] == pytest.approx(truth_bpm, abs=0.1)
            assert terms[f"{strategy} x doubling of capacity"]["estimate_bpm"] == pytest.approx(
                0, abs=0.1
            )
    assert terms["doubling of capacity"]["estimate_bpm"] == pytest.approx(SLOPE_BPM, abs=0.1)
    assert terms["soft"]["p_value"] < 0.001
    assert terms["soft"]["upper_bpm"] < 0


def test_of_a_balanced_sweep_a_strategys_effect_is_the_mean_paired_difference(
    sweep: Sweep,
) -> None:
    cells, subjects = sweep(population(), seeds=(0, 1), n_subjects=6)
    by_strategy = subjects.groupby("strategy")["mae_bpm"].mean()
    found = terms_of(fit_effects(cells, subjects))["soft"]["estimate_bpm"]
    assert found == pytest.approx(by_strategy["soft"] - by_strategy["scratch"], abs=1e-6)


def interval_of(estimate: float, se: float) -> tuple[float, float]:
    half = stats.norm.ppf(0.975) * se
    return estimate - half, estimate + half


def test_a_strategys_interval_is_that_of_the_subjects_paired_differences(sweep: Sweep) -> None:
    """Subjects are the sample, so in a balanced design seeds and sizes add nothing but precision.

    The model takes normal quantiles where a paired t-test takes wider ones.
    """
    tables = sweep(population(gain_sd_bpm=0.5), seeds=(0, 1, 2), n_subjects=10)
    mean = tables[1].groupby(["subject", "strategy"])["mae_bpm"].mean().unstack()
    difference = mean["soft"] - mean["scratch"]
    lower, upper = interval_of(difference.mean(), difference.std() / np.sqrt(10))
    soft = terms_of(fit_effects(*tables))["soft"]
    assert soft["lower_bpm"] == pytest.approx(lower, abs=0.02)
    assert soft["upper_bpm"] == pytest.approx(upper, abs=0.02)


def test_capacitys_interval_is_that_of_least_squares_within_subjects(sweep: Sweep) -> None:
    """With a level for each subject and seed, and for each subject and strategy."""
    cells, subjects = sweep(population(gain_sd_bpm=0.5), seeds=(0, 1, 2), n_subjects=8)
    table = subjects.merge(cells[["strategy", "student", "seed", "params"]].drop_duplicates())
    size = np.log2(table["params"].to_numpy(float))
    size -= size.mean()
    soft = (table["strategy"] == "soft").to_numpy(float)
    levels = [
        pd.get_dummies(table["subject"] + table[by].astype(str)) for by in ("seed", "strategy")
    ]
    design = np.column_stack([size, soft * size, *levels]).astype(float)
    solution, _, rank, _ = np.linalg.lstsq(design, table["mae_bpm"], rcond=None)
    squares = np.square(table["mae_bpm"] - design @ solution).sum()
    variance = squares / (len(table) - rank)
    se = np.sqrt(variance * np.diag(np.linalg.pinv(design.T @ design)))

    result = fit_effects(cells, subjects)
    terms = terms_of(result)
    for place, name in enumerate(("doubling of capacity", "soft x doubling of capacity")):
        lower, upper = interval_of(solution[place], se[place])
        assert terms[name]["lower_bpm"] == pytest.approx(lower, abs=0.01)
        assert terms[name]["upper_bpm"] == pytest.approx(upper, abs=0.01)
    assert result["residual_sd_bpm"] == pytest.approx(np.sqrt(variance), rel=0.05)


def test_variances_between_subjects_strategies_and_seeds_are_separated(sweep: Sweep) -> None:
    spread = population(
        subject_sd_bpm=2.0, seed_sd_bpm=0.6, noise_sd_bpm=0.2, gain_sd_bpm=np.sqrt(2) * 0.4
    )
    result = fit_effects(*sweep(spread, seeds=tuple(range(4)), n_subjects=40))
    assert result["subject_sd_bpm"] == pytest.approx(2.0, rel=0.3)
    # a difference of two strategies, each with its own variance
    assert result["strategy_sd_bpm"] == pytest.approx(0.4, rel=0.3)
    assert result["seed_sd_bpm"] == pytest.approx(0.6, rel=0.2)
    assert result["residual_sd_bpm"] == pytest.approx(0.2, rel=0.1)


def test_scratch_is_what_strategies_are_compared_with(sweep: Sweep) -> None:
    result = fit_effects(*sweep(population(), strategies=("dkd", "scratch", "soft"), n_subjects=5))
    assert "Treatment('scratch')" in result["formula"]
    assert {"dkd", "soft"} < set(terms_of(result))


def test_without_scratch_the_first_strategy_is_the_baseline(sweep: Sweep) -> None:
    result = fit_effects(*sweep(population(), strategies=("soft", "dkd"), n_subjects=5))
    assert "Treatment('dkd')" in result["formula"]
    assert "soft" in terms_of(result)


def test_families_get_a_level_of_their_own(sweep: Sweep) -> None:
    students = [*TWO_SIZES, ("spectral_mlp", 1_000), ("spectral_mlp", 4_000)]
    cells, subjects = sweep(population(), students=students, n_subjects=6)
    subjects.loc[subjects["student"].str.startswith("spectral_mlp"), "mae_bpm"] += 3
    terms = terms_of(fit_effects(cells, subjects))
    assert terms["spectral_resnet"]["estimate_bpm"] == pytest.approx(-3, abs=0.2)


@pytest.mark.parametrize(("n_subjects", "said"), [(1, "1 test subject"), (4, "4 test subjects")])
def test_few_subjects_are_a_reason_not_to_fit(n_subjects: int, said: str, sweep: Sweep) -> None:
    result = fit_effects(*sweep(population(), n_subjects=n_subjects))
    why = "cannot tell the variance between people, which needs at least 5"
    assert result == {"reason": f"{said} {why}"}


def test_with_one_strategy_only_capacity_is_left(sweep: Sweep) -> None:
    tables = sweep(population(), strategies=("scratch",), seeds=(0, 1), n_subjects=12)
    terms = terms_of(fit_effects(*tables))
    assert set(terms) == {"Intercept", "doubling of capacity"}
    assert terms["doubling of capacity"]["estimate_bpm"] == pytest.approx(SLOPE_BPM, abs=0.15)


def test_with_one_size_only_strategies_are_left(sweep: Sweep) -> None:
    terms = terms_of(fit_effects(*sweep(population(), students=TWO_SIZES[:1], n_subjects=8)))
    assert set(terms) == {"Intercept", "soft"}
    assert terms["soft"]["estimate_bpm"] == pytest.approx(-1, abs=0.3)


def test_with_one_seed_nothing_is_said_about_seeds(sweep: Sweep) -> None:
    result = fit_effects(*sweep(population(), seeds=(3,), n_subjects=8))
    assert (result["n_seeds"], result["seed_sd_bpm"]) == (1, None)
    assert terms_of(result)["soft"]["estimate_bpm"] == pytest.approx(-1, abs=0.2)


def test_rows_subjects_and_seeds_are_counted(sweep: Sweep) -> None:
    result = fit_effects(*sweep(population(), seeds=(0, 1), n_subjects=5))
    assert (result["n_rows"], result["n_subjects"], result["n_seeds"]) == (2 * 2 * 2 * 5, 5, 2)


def is_sound(result: dict[str, Any]) -> bool:
    """Either a reason, or finite numbers that JSON can hold."""
    json.dumps(result, allow_nan=False)
    return "reason" in result or all(
        term["lower_bpm"] < term["estimate_bpm"] < term["upper_bpm"] for term in result["terms"]
    )


@pytest.mark.parametrize("rng_seed", range(6))
@pytest.mark.parametrize("n_subjects", [2, 5, 6])
def test_small_studies_end_with_numbers_or_a_reason(
    n_subjects: int, rng_seed: int, sweep: Sweep
) -> None:
    error_bpm = population(rng_seed, seed_sd_bpm=0.0)
    assert is_sound(fit_effects(*sweep(error_bpm, strategies=FIVE, n_subjects=n_subjects)))


ONE_SIZE_EACH = [("spectral_resnet", 1_000), ("spectral_mlp", 4_000)]


@pytest.mark.parametrize("strategies", [("scratch",), FIVE])
@pytest.mark.parametrize("rng_seed", range(3))
def test_where_family_and_size_say_the_same_it_ends_with_numbers_or_a_reason(
    rng_seed: int, strategies: tuple[str, ...], sweep: Sweep
) -> None:
    tables = sweep(
        population(rng_seed), strategies=strategies, students=ONE_SIZE_EACH, n_subjects=5
    )
    assert is_sound(fit_effects(*tables))


def test_where_family_and_size_say_the_same_strategies_are_compared_all_the_same(
    sweep: Sweep,
) -> None:
    cells, subjects = sweep(population(), students=ONE_SIZE_EACH, n_subjects=6)
    by_strategy = subjects.groupby("strategy")["mae_bpm"].mean()
    result = fit_effects(cells, subjects)
    assert "terms" in result, result
    expected = by_strategy["soft"] - by_strategy["scratch"]
    assert terms_of(result)["soft"]["estimate_bpm"] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("rng_seed", range(4))
def test_a_single_student_leaves_nothing_to_compare(rng_seed: int, sweep: Sweep) -> None:
    tables = sweep(
        population(rng_seed), strategies=("scratch",), students=TWO_SIZES[:1], n_subjects=5
    )
    assert "reason" in fit_effects(*tables)


def test_what_had_to_be_left_out_of_the_model_is_said(sweep: Sweep) -> None:
    """Subjects who answer exactly alike leave the further levels without a solution."""

    def alike(strategy: str, params: int, _: int, __: int) -> float:
        return 3.0 + 0.1 * ((params > 2_000) ^ (strategy == "soft"))

    result = fit_effects(*sweep(alike, n_subjects=8, seeds=(0,)))
    assert LEFT_OUT in result["warnings"]
    assert result["strategy_sd_bpm"] is None
    assert result["seed_sd_bpm"] is None


def contrast(result: dict[str, Any], one: str, other: str) -> dict[str, float]:
    found = {frozenset((row["strategy"], row["to"])): row for row in result["contrasts"]}
    row = found[frozenset((one, other))]
    sign = 1 if row["strategy"] == one else -1
    return {**row, "difference_bpm": sign * row["difference_bpm"]}


def test_every_pair_of_strategies_is_compared(sweep: Sweep) -> None:
    tables = sweep(population(), strategies=FIVE, seeds=(0, 1, 2), n_subjects=20)
    result = fit_effects(*tables)
    assert result["baseline"] == "scratch"
    assert len(result["contrasts"]) == 10
    for one, other in (("soft", "scratch"), ("hard", "soft"), ("dkd", "feature")):
        truth_bpm = TRUTH_BPM[one] - TRUTH_BPM[other]
        found = contrast(result, one, other)
        assert found["difference_bpm"] == pytest.approx(truth_bpm, abs=0.1)


def test_of_a_balanced_sweep_a_contrast_is_the_mean_paired_difference(sweep: Sweep) -> None:
    cells, subjects = sweep(population(), strategies=FIVE, seeds=(0, 1), n_subjects=6)
    mean_bpm = subjects.groupby("strategy")["mae_bpm"].mean()
    result = fit_effects(cells, subjects)
    for one, other in (("soft", "scratch"), ("hard", "dkd")):
        expected = mean_bpm[one] - mean_bpm[other]
        assert contrast(result, one, other)["difference_bpm"] == pytest.approx(expected, abs=1e-6)


def test_p_values_are_corrected_as_holm_does(sweep: Sweep) -> None:
    result = fit_effects(*sweep(population(3), strategies=FIVE, n_subjects=8))
    rows = sorted(result["contrasts"], key=lambda row: row["p_value"])
    largest = 0.0
    for rank, row in enumerate(rows):
        largest = max(largest, min(1.0, row["p_value"] * (len(rows) - rank)))
        assert row["p_holm"] == pytest.approx(largest)


def test_strategies_that_do_nothing_are_seldom_found_to_differ(sweep: Sweep) -> None:
    flags = 0
    for rng_seed in range(20):
        rng = np.random.default_rng(rng_seed)
        tables = sweep(
            lambda s, p, k, who, rng=rng: float(4 + 0.2 * who + 0.3 * rng.standard_normal()),
            strategies=FIVE,
            students=TWO_SIZES,
            n_subjects=6,
        )
        flags += any(row["p_holm"] < 0.05 for row in fit_effects(*tables)["contrasts"])
    assert flags <= 4, "one in twenty, with ten comparisons each"


def test_each_capacity_has_its_difference(sweep: Sweep) -> None:
    def error_bpm(strategy: str, params: int, seed: int, who: int) -> float:
        gain = 0.5 * np.log2(params / 2_000) if strategy == "soft" else 0.0
        return float(5 + who + gain)

    sizes = [("spectral_resnet", 500), ("spectral_resnet", 2_000), ("spectral_resnet", 8_000)]
    result = fit_effects(*sweep(error_bpm, students=sizes, n_subjects=5))
    found = {row["params"]: row["difference_bpm"] for row in result["at_capacity"]}
    assert found == pytest.approx({500: -1.0, 2_000: 0.0, 8_000: 1.0}, abs=1e-4)


@pytest.mark.parametrize(("sign", "says"), [(1, "better below it"), (-1, "better above it")])
def test_the_crossing_is_where_the_difference_changes_its_sign(
    sweep: Sweep, sign: int, says: str
) -> None:
    rng = np.random.default_rng(0)

    def error_bpm(strategy: str, params: int, seed: int, who: int) -> float:
        gain = sign * 0.5 * np.log2(params / 3_000) if strategy == "soft" else 0.0
        return float(5 + who + gain + 0.05 * rng.standard_normal())

    sizes = [("spectral_resnet", size) for size in (500, 1_000, 2_000, 4_000, 8_000)]
    (row,) = fit_effects(*sweep(error_bpm, students=sizes, n_subjects=9))["crossings"]
    assert row["says"] == says
    assert row["params"] == pytest.approx(3_000, rel=0.1)
    assert row["lower_params"] < 3_000 < row["upper_params"]


def test_there_is_no_crossing_outside_the_sizes_of_the_sweep(sweep: Sweep) -> None:
    result = fit_effects(*sweep(population(), strategies=("scratch", "soft"), n_subjects=8))
    (row,) = result["crossings"]
    assert row["params"] is None
    assert row["says"] == "better at all capacities tried"


def test_a_subject_on_whom_everything_hangs_is_named(sweep: Sweep) -> None:
    def error_bpm(strategy: str, params: int, seed: int, who: int) -> float:
        return 14.0 + who - (8.0 if (strategy, who) == ("soft", 2) else 0.0)

    result = fit_effects(*sweep(error_bpm, n_subjects=5))
    (row,) = result["checks"]["influence"]
    assert row["subject"] == "s2"
    assert row["difference_bpm"] == pytest.approx(-1.6)
    assert row["without_bpm"] == pytest.approx(0)
    assert row["highest_bpm"] == pytest.approx(0)


def test_the_checks_tell_normal_residuals_from_skewed_ones(sweep: Sweep) -> None:
    rng = np.random.default_rng(0)

    def with_noise(draw: Callable[[], float]) -> dict[str, Any]:
        tables = sweep(lambda s, p, k, who: 16 + who + draw(), seeds=(0, 1, 2), n_subjects=20)
        checks: dict[str, Any] = fit_effects(*tables)["checks"]
        return checks

    normal = with_noise(lambda: float(0.3 * rng.standard_normal()))
    skewed = with_noise(lambda: float(0.3 * rng.exponential()))
    assert abs(normal["skewness"]) < 0.6 < skewed["skewness"]
    quantiles = normal["quantiles"]
    np.testing.assert_allclose(quantiles["residual"], quantiles["normal"], atol=0.5)


def test_contrasts_and_checks_are_json(sweep: Sweep) -> None:
    result = fit_effects(*sweep(population(), strategies=FIVE, n_subjects=5))
    json.dumps(result, allow_nan=False)


@pytest.mark.parametrize("bad", [0.0, -1.0, float("nan"), float("inf")])
def test_a_cell_whose_error_is_none_is_left_out_and_named(sweep: Sweep, bad: float) -> None:
    cells, subjects = sweep(population(), seeds=(0, 1), n_subjects=6)
    subjects = subjects.copy()
    subjects.loc[subjects.index[0], "mae_bpm"] = bad
    result = fit_effects(cells, subjects)
    first = subjects.iloc[0]
    name = f"{first['strategy']}, {first['teacher']}, {first['student']}, seed {first['seed']}"
    assert any(name in said and "left out" in said for said in result["warnings"])


def with_teachers(sweep: Sweep) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A sweep with two teachers, whose students differ by 0.25 BPM."""
    cells, subjects = sweep(
        population(subject_sd_bpm=0.0, seed_sd_bpm=0.0, noise_sd_bpm=0.05),
        teachers=("spectral_resnet-130000", "spectral_resnet-1000000"),
        seeds=(0, 1),
        n_subjects=8,
    )
    better = subjects["teacher"] == "spectral_resnet-1000000"
    subjects["mae_bpm"] -= 0.25 * better
    return cells, subjects


def test_a_larger_teachers_effect_is_its_difference_to_the_smallest(sweep: Sweep) -> None:
    terms = terms_of(fit_effects(*with_teachers(sweep)))
    found = terms["spectral_resnet-1000000 instead of spectral_resnet-130000"]
    assert found["estimate_bpm"] == pytest.approx(-0.25, abs=0.02)
    assert found["upper_bpm"] < 0


def test_with_several_teachers_a_strategys_effect_is_the_mean_over_them(sweep: Sweep) -> None:
    cells, subjects = with_teachers(sweep)
    by_strategy = subjects.groupby("strategy")["mae_bpm"].mean()
    found = terms_of(fit_effects(cells, subjects))["soft"]["estimate_bpm"]
    assert found == pytest.approx(by_strategy["soft"] - by_strategy["scratch"], abs=0.005)


def test_one_teacher_has_no_term(sweep: Sweep) -> None:
    terms = terms_of(fit_effects(*sweep(population(), seeds=(0, 1), n_subjects=6)))
    assert not [name for name in terms if "instead of" in name]
