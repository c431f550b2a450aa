"""The bootstrap interval over subjects, held against the theory of the mean."""

import itertools

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import stats

from ppgkd.evaluation.metrics import subject_interval


def predictions(errors_bpm: dict[str, list[float]]) -> pd.DataFrame:
    rows = [(subject, 80.0, 80 + e) for subject, errors in errors_bpm.items() for e in errors]
    return pd.DataFrame(rows, columns=["subject", "hr_bpm", "pred_bpm"])


def one_window_each(errors_bpm: NDArray[np.float64]) -> pd.DataFrame:
    return predictions({f"s{k:04d}": [float(e)] for k, e in enumerate(errors_bpm)})


def test_with_many_subjects_it_is_that_of_the_mean() -> None:
    errors_bpm = np.random.default_rng(0).exponential(3, 500)
    lower, upper = subject_interval(one_window_each(errors_bpm), draws=4_000)
    margin = 1.96 * errors_bpm.std() / np.sqrt(500)
    assert (lower + upper) / 2 == pytest.approx(errors_bpm.mean(), abs=0.1 * margin)
    assert (upper - lower) / 2 == pytest.approx(margin, rel=0.05)


def test_a_lower_level_is_narrower_as_the_normal_distribution_predicts() -> None:
    table = one_window_each(np.random.default_rng(1).exponential(3, 500))
    wide, narrow = (np.diff(subject_interval(table, level, 4_000))[0] for level in (0.95, 0.5))
    expected = stats.norm.ppf(0.75) / stats.norm.ppf(0.975)
    assert narrow / wide == pytest.approx(expected, rel=0.07)


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


def test_another_seed_draws_other_subjects() -> None:
    table = one_window_each(np.random.default_rng(3).exponential(3, 20))
    assert subject_interval(table, seed=1) != subject_interval(table, seed=2)
