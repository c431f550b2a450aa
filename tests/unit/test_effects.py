"""The mixed model against sweeps whose effects are known, and against least squares."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ppgkd.effects import fit_effects

Sweep = Callable[..., tuple[pd.DataFrame, pd.DataFrame]]
ErrorBPM = Callable[[str, int, int, int], float]

FIVE = ("scratch", "hard", "soft", "dkd", "feature")
TWO_SIZES = (("resnet", 1_000), ("resnet", 4_000))
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
            6
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


def test_estimates_and_intervals_are_those_of_least_squares_with_a_level_per_subject_and_seed(
    sweep: Sweep,
) -> None:
    """In a balanced design the two are the same, but for the t distribution's wider tails."""
    cells, subjects = sweep(population(), seeds=(0, 1, 2), n_subjects=8)
    table = subjects.merge(cells[["strategy", "student", "seed", "params"]])
    size = np.log2(table["params"].to_numpy(float))
    size -= size.mean()
    soft = (table["strategy"] == "soft").to_numpy(float)
    levels = pd.get_dummies(table["subject"] + "/" + table["seed"].astype(str)).to_numpy(float)
    design = np.column_stack([soft, size, soft * size, levels])
    solution, (squares,), rank, _ = np.linalg.lstsq(design, table["mae_bpm"], rcond=None)
    variance = squares / (len(table) - rank)
    se = np.sqrt(variance * np.diag(np.linalg.inv(design.T @ design)))

    result = fit_effects(cells, subjects)
    terms = terms_of(result)
    names = ("soft", "doubling of capacity", "soft x doubling of capacity")
    for place, name in enumerate(names):
        half = stats.norm.ppf(0.975) * se[place]
        assert terms[name]["estimate_bpm"] == pytest.approx(solution[place], abs=1e-5)
        assert terms[name]["lower_bpm"] == pytest.approx(solution[place] - half, abs=0.01)
        assert terms[name]["upper_bpm"] == pytest.approx(solution[place] + half, abs=0.01)
    assert result["residual_sd_bpm"] == pytest.approx(np.sqrt(variance), rel=0.02)


def test_standard_deviations_of_subjects_seeds_and_residual_are_told_apart(sweep: Sweep) -> None:
    spread = population(subject_sd_bpm=2.0, seed_sd_bpm=0.6, noise_sd_bpm=0.2)
    result = fit_effects(*sweep(spread, seeds=tuple(range(5)), n_subjects=60))
    assert result["subject_sd_bpm"] == pytest.approx(2.0, rel=0.25)
    assert result["seed_sd_bpm"] == pytest.approx(0.6, rel=0.15)
    assert result["residual_sd_bpm"] == pytest.approx(0.2, rel=0.1)


def test_subjects_who_differ_in_what_a_strategy_gives_them_widen_its_interval(
    sweep: Sweep,
) -> None:
    """Subjects are the sample: without noise, the interval is that of a paired t-test over them.

    Half of it is asked for here, since a mixed model takes normal and not t quantiles.
    """
    varied = population(noise_sd_bpm=0.05, seed_sd_bpm=0.05, gain_sd_bpm=0.8)
    cells, subjects = sweep(varied, seeds=(0, 1, 2), n_subjects=10)
    mean = subjects.groupby(["subject", "strategy"])["mae_bpm"].mean().unstack()
    interval = stats.ttest_rel(mean["soft"], mean["scratch"]).confidence_interval(0.95)
    soft = terms_of(fit_effects(cells, subjects))["soft"]
    assert soft["upper_bpm"] - soft["lower_bpm"] > 0.5 * (interval.high - interval.low)


def test_scratch_is_what_strategies_are_compared_with(sweep: Sweep) -> None:
    result = fit_effects(*sweep(population(), strategies=("dkd", "scratch", "soft")))
    assert "Treatment('scratch')" in result["formula"]
    assert {"dkd", "soft"} < set(terms_of(result))


def test_without_scratch_the_first_strategy_is_the_baseline(sweep: Sweep) -> None:
    result = fit_effects(*sweep(population(), strategies=("soft", "dkd"), n_subjects=5))
    assert "Treatment('dkd')" in result["formula"]
    assert "soft" in terms_of(result)


def test_families_get_a_level_of_their_own(sweep: Sweep) -> None:
    students = [*TWO_SIZES, ("mlp", 1_000), ("mlp", 4_000)]
    cells, subjects = sweep(population(), students=students, n_subjects=6)
    subjects.loc[subjects["student"].str.startswith("mlp"), "mae_bpm"] += 3
    terms = terms_of(fit_effects(cells, subjects))
    assert terms["resnet"]["estimate_bpm"] == pytest.approx(-3, abs=0.2)


def test_a_single_subject_is_a_reason_not_to_fit(sweep: Sweep) -> None:
    result = fit_effects(*sweep(population(), n_subjects=1))
    assert result == {"reason": "a mixed model needs at least two test subjects, found one"}


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
@pytest.mark.parametrize("n_subjects", [2, 3, 5])
def test_small_studies_end_with_numbers_or_a_reason(
    n_subjects: int, rng_seed: int, sweep: Sweep
) -> None:
    error_bpm = population(rng_seed, seed_sd_bpm=0.0)
    assert is_sound(fit_effects(*sweep(error_bpm, strategies=FIVE, n_subjects=n_subjects)))


@pytest.mark.parametrize("strategies", [("scratch",), ("scratch", "soft")])
def test_a_family_with_a_single_size_each_ends_with_numbers_or_a_reason(
    strategies: tuple[str, ...], sweep: Sweep
) -> None:
    """Here family and size say the same."""
    students = [("resnet", 1_000), ("mlp", 4_000)]
    tables = sweep(population(), strategies=strategies, students=students, n_subjects=6)
    assert is_sound(fit_effects(*tables))


@pytest.mark.parametrize("rng_seed", range(4))
def test_a_single_student_leaves_nothing_to_compare(rng_seed: int, sweep: Sweep) -> None:
    tables = sweep(
        population(rng_seed), strategies=("scratch",), students=TWO_SIZES[:1], n_subjects=4
    )
    assert "reason" in fit_effects(*tables)
