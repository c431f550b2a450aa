"""Error figures, by hand."""

import numpy as np
import pandas as pd
import pytest

from ppgkd.evaluation.metrics import (
    error_metrics,
    subject_interval,
    subject_intervals,
    window_errors,
)

HR_BPM = np.array([50.0, 100.0, 80.0, 200.0])
PRED_BPM = np.array([52.0, 95.0, 80.0, 190.0])


def predictions(errors_bpm: dict[str, list[float]]) -> pd.DataFrame:
    rows = [(who, 100.0, 100.0 + error) for who, all_of in errors_bpm.items() for error in all_of]
    return pd.DataFrame(rows, columns=["subject", "hr_bpm", "pred_bpm"])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mae_bpm", (2 + 5 + 0 + 10) / 4),
        ("median_ae_bpm", 3.5),
        ("rmse_bpm", np.sqrt((4 + 25 + 0 + 100) / 4)),
        ("mape", 100 * (2 / 50 + 5 / 100 + 0 + 10 / 200) / 4),
        ("bias_bpm", (2 - 5 + 0 - 10) / 4),
        ("within_5bpm", 3 / 4),
        ("within_10pct", 4 / 4),
        ("half_share", 0.0),
        ("double_share", 0.0),
        ("loa_lower_bpm", -3.25 - 1.96 * np.sqrt((5.25**2 + 1.75**2 + 3.25**2 + 6.75**2) / 3)),
        ("loa_upper_bpm", -3.25 + 1.96 * np.sqrt((5.25**2 + 1.75**2 + 3.25**2 + 6.75**2) / 3)),
    ],
)
def test_each_metric_agrees_with_its_definition(name: str, expected: float) -> None:
    assert error_metrics(PRED_BPM, HR_BPM)[name] == pytest.approx(expected)


def test_an_error_of_exactly_5_bpm_is_within_5_bpm() -> None:
    reference = np.full(4, 100.0)
    estimate = reference + np.array([5.0, -5.0, 5.001, -30.0])
    assert error_metrics(estimate, reference)["within_5bpm"] == 0.5


def test_an_error_of_exactly_a_tenth_of_the_reference_is_within_10_percent() -> None:
    reference = np.array([50.0, 70.0, 100.0, 200.0, 200.0])
    estimate = np.array([55.0, 63.0, 110.1, 220.0, 179.9])
    assert error_metrics(estimate, reference)["within_10pct"] == 3 / 5


def test_an_estimate_within_a_tenth_of_half_or_double_the_reference_is_a_harmonic_error() -> None:
    """Of 80 BPM: half is 36 to 44, double is 144 to 176."""
    estimate = np.array([35.9, 36, 40, 44, 44.1, 80, 143.9, 144, 160, 176, 176.1])
    errors = window_errors(estimate, np.full(11, 80.0))
    assert errors["half_share"].tolist() == [0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0]
    assert errors["double_share"].tolist() == [0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0]
    assert error_metrics(estimate, np.full(11, 80.0))["half_share"] == pytest.approx(3 / 11)


def test_no_estimate_is_near_and_at_a_harmonic_at_once() -> None:
    reference, estimate = np.meshgrid(np.arange(30.0, 210), np.arange(15.0, 430, 0.5))
    errors = window_errors(estimate.ravel(), reference.ravel())
    together = errors["within_10pct"] + errors["half_share"] + errors["double_share"]
    assert together.max() == 1


def test_limits_of_agreement_are_those_published_of_the_peak_flow_meters() -> None:
    """Bland and Altman, Lancet 327 (1986) 307: mean difference -2.1, SD 38.8 l/min."""
    wright = "494 395 516 434 476 557 413 442 650 433 417 656 267 478 178 423 427"
    mini = "512 430 520 428 500 600 364 380 658 445 432 626 260 477 259 350 451"
    one, other = (np.array(values.split(), dtype=float) for values in (wright, mini))
    metrics = error_metrics(one, other)
    assert metrics["bias_bpm"] == pytest.approx(-2.1, abs=0.05)
    half_width = (metrics["loa_upper_bpm"] - metrics["loa_lower_bpm"]) / 2
    assert half_width / 1.96 == pytest.approx(38.8, abs=0.05)


def test_limits_of_agreement_hold_95_percent_of_normal_errors() -> None:
    error_bpm = np.random.default_rng(0).normal(1.5, 3, 50_000)
    metrics = error_metrics(100 + error_bpm, np.full(50_000, 100.0))
    within = (error_bpm >= metrics["loa_lower_bpm"]) & (error_bpm <= metrics["loa_upper_bpm"])
    assert within.mean() == pytest.approx(0.95, abs=0.003)


def test_a_single_window_has_figures_that_are_numbers() -> None:
    metrics = error_metrics(np.array([83.0]), np.array([80.0]))
    assert np.isfinite(list(metrics.values())).all()
    assert metrics["loa_lower_bpm"] == metrics["loa_upper_bpm"] == 3


@pytest.mark.parametrize(("pred", "hr"), [((0,), (0,)), ((3,), (4,)), ((3, 1), (3, 1))])
def test_vectors_that_do_not_match_or_are_empty_are_refused(
    pred: tuple[int, ...], hr: tuple[int, ...]
) -> None:
    with pytest.raises(ValueError, match="two equally long, non-empty vectors"):
        error_metrics(np.ones(pred), np.ones(hr))


def test_subjects_with_the_same_errors_have_an_interval_of_no_width() -> None:
    table = predictions({"ada": [1, -3], "bo": [3, 1], "cy": [-1, 3]})
    assert subject_interval(table) == (2.0, 2.0)


def test_the_interval_is_of_the_mean_over_windows_of_resampled_subjects() -> None:
    """Of two subjects the draws are: only one (1/4), both (1/2), only the other (1/4)."""
    table = predictions({"ada": [1.0] * 30, "bo": [4.0] * 10})
    assert subject_interval(table, level=0.95) == (1.0, 4.0)
    assert subject_interval(table, level=0.3) == pytest.approx((1.75, 1.75))


def test_the_interval_covers_a_populations_error_at_about_its_nominal_rate() -> None:
    """The percentile bootstrap of 15 subjects is known to fall a little short of its level."""
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(200):
        of_subject = rng.gamma(4, 0.5, size=15)  # a population mean of 2
        table = predictions({str(who): [mae] * 5 for who, mae in enumerate(of_subject)})
        lower, upper = subject_interval(table, level=0.9, draws=300)
        covered += lower <= 2 <= upper
    assert 0.78 <= covered / 200 <= 0.94


def test_a_seed_gives_the_same_interval() -> None:
    table = predictions({str(who): [float(who), 1.0] for who in range(8)})
    assert subject_interval(table, seed=1) == subject_interval(table, seed=1)


def test_intervals_of_several_means_are_those_of_each_alone() -> None:
    rng = np.random.default_rng(0)
    subject = pd.Series(rng.choice(list("abcdef"), 60))
    values = pd.DataFrame(
        {"mae_bpm": rng.exponential(3, 60), "within_5bpm": rng.integers(2, size=60)}
    )
    together = subject_intervals(values, subject)
    assert list(together) == ["mae_bpm", "within_5bpm"]
    for name in values:
        assert together[name] == subject_intervals(values[[name]], subject)[name]


def test_rows_are_matched_to_subjects_by_place_and_not_by_label() -> None:
    values = pd.DataFrame({"mae_bpm": [1.0, 1.0, 5.0]}, index=[7, 8, 9])
    subject = pd.Series(["a", "a", "b"], index=[0, 1, 2])
    assert subject_intervals(values, subject)["mae_bpm"] == (1.0, 5.0)
