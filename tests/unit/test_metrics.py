"""Error figures, held against hand-computed ones; the interval, against the theory of the mean."""

import itertools

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import stats

from ppgkd.metrics import error_metrics, mae_by_subject, subject_interval

REFERENCE_BPM = np.array([60, 80, 100, 120], np.float32)
ESTIMATE_BPM = np.array([61, 78, 105, 120], np.float32)  # off by +1, -2, +5 and 0


def predictions(errors_bpm: dict[str, list[float]]) -> pd.DataFrame:
    rows = [(subject, 80.0, 80 + e) for subject, errors in errors_bpm.items() for e in errors]
    return pd.DataFrame(rows, columns=["subject", "hr_bpm", "pred_bpm"])


def one_window_each(errors_bpm: NDArray[np.float64]) -> pd.DataFrame:
    return predictions({f"s{k:04d}": [float(e)] for k, e in enumerate(errors_bpm)})


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mae_bpm", (1 + 2 + 5 + 0) / 4),
        ("median_ae_bpm", (1 + 2) / 2),
        ("rmse_bpm", ((1 + 4 + 25 + 0) / 4) ** 0.5),
        ("mape", 100 * (1 / 60 + 2 / 80 + 5 / 100 + 0) / 4),
        ("bias_bpm", (1 - 2 + 5 + 0) / 4),
    ],
)
def test_a_figure_is_the_one_computed_by_hand(name: str, expected: float) -> None:
    assert error_metrics(ESTIMATE_BPM, REFERENCE_BPM)[name] == pytest.approx(expected, rel=1e-6)


def test_an_error_of_exactly_5_bpm_is_within_5_bpm() -> None:
    reference = np.full(4, 100.0)
    estimate = reference + [5.0, -5.0, 5.001, -30.0]
    assert error_metrics(estimate, reference)["within_5bpm"] == 0.5


@pytest.mark.parametrize(
    ("estimate_shape", "reference_shape"), [((0,), (0,)), ((3,), (4,)), ((2, 2), (2, 2))]
)
def test_what_is_no_pair_of_vectors_is_refused(
    estimate_shape: tuple[int, ...], reference_shape: tuple[int, ...]
) -> None:
    with pytest.raises(ValueError, match="two equally long, non-empty vectors"):
        error_metrics(np.ones(estimate_shape), np.ones(reference_shape))


def test_each_subject_gets_the_mean_of_its_own_windows() -> None:
    table = predictions({"b": [1, -3], "a": [4], "c": [0, 0, 6]})
    assert mae_by_subject(table).to_dict() == {"a": 4, "b": 2, "c": 2}


# The bootstrap interval


def test_with_many_subjects_it_is_that_of_the_mean() -> None:
    errors_bpm = np.random.default_rng(0).exponential(3, 500)
    lower, upper = subject_interval(one_window_each(errors_bpm), draws=4_000)
    margin = 1.96 * errors_bpm.std() / np.sqrt(500)
    assert (lower + upper) / 2 == pytest.approx(errors_bpm.mean(), abs=0.1 * margin)
    assert (upper - lower) / 2 == pytest.approx(margin, rel=0.05)


def test_a_lower_level_is_narrower_as_the_normal_law_says() -> None:
    table = one_window_each(np.random.default_rng(1).exponential(3, 500))
    wide, narrow = (np.diff(subject_interval(table, level, 4_000))[0] for level in (0.95, 0.5))
    expected = stats.norm.ppf(0.75) / stats.norm.ppf(0.975)
    assert narrow / wide == pytest.approx(expected, rel=0.07)


def test_it_covers_the_true_mean_as_often_as_it_says() -> None:
    rng = np.random.default_rng(2)
    covered = []
    for seed in range(200):
        table = one_window_each(np.abs(rng.normal(0, 4, 60)))
        lower, upper = subject_interval(table, level=0.9, draws=400, seed=seed)
        covered.append(lower <= 4 * np.sqrt(2 / np.pi) <= upper)
    # 200 trials at 0.9: the standard deviation is 0.021; the percentile method runs a little short
    assert 0.82 <= np.mean(covered) <= 0.96


def test_few_subjects_give_the_exact_bootstrap_distribution() -> None:
    errors_bpm = {"a": [2.0], "b": [5.0, 7.0, 9.0], "c": [1.0, 3.0]}
    sums, counts = np.array([[2, 1], [21, 3], [4, 2]]).T
    every_draw = [list(draw) for draw in itertools.product(range(3), repeat=3)]
    maes = [sums[draw].sum() / counts[draw].sum() for draw in every_draw]
    expected = np.quantile(maes, [0.1, 0.9], method="inverted_cdf")
    found = subject_interval(predictions(errors_bpm), level=0.8, draws=20_000)
    np.testing.assert_allclose(found, expected)


def test_more_windows_of_the_same_subjects_do_not_narrow_it() -> None:
    errors_bpm = {f"s{k}": [float(k)] for k in range(12)}
    repeated = {subject: errors * 50 for subject, errors in errors_bpm.items()}
    assert subject_interval(predictions(repeated)) == subject_interval(predictions(errors_bpm))


def test_one_subject_tells_nothing_about_others() -> None:
    assert subject_interval(predictions({"a": [1, 2, 6]})) == pytest.approx((3, 3))


def test_the_same_seed_gives_the_same_interval() -> None:
    table = one_window_each(np.random.default_rng(3).exponential(3, 20))
    assert subject_interval(table, seed=1) == subject_interval(table, seed=1)
    assert subject_interval(table, seed=1) != subject_interval(table, seed=2)
