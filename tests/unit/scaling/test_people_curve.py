"""Curves over training people: means, and draws of people and of test subjects."""

import numpy as np
import pandas as pd
import pytest
from tests.unit.scaling.people_tables import tables

from ppgkd.scaling.people_curve import PeopleCurve, make_people_curves, table_of

KEY = ("scratch", "none", "spectral_resnet-350")


def test_a_curve_has_the_mean_over_windows_and_draws_of_each_number() -> None:
    cells, subjects = tables(lambda people, draw, subject, _: people + draw + 10 * subject)
    curve = make_people_curves(cells, subjects)[0][KEY]
    np.testing.assert_allclose(curve.people, [2, 4, 8, 12])
    # subject k has k + 1 windows: the mean of k weighted by k + 1 over 0 to 5
    mean_subject = sum(k * (k + 1) for k in range(6)) / 21
    np.testing.assert_allclose(curve.mae_bpm, np.array([3, 5, 9, 13]) + 10 * mean_subject)
    np.testing.assert_allclose(curve.draw_sd_bpm, [1, 1, 1, 0])  # of 0, 1, 2, in each fold


def test_the_number_of_all_people_is_the_mean_over_folds() -> None:
    cells, subjects = tables(lambda *_: 2.0, all_people=(11, 12))
    assert make_people_curves(cells, subjects)[0][KEY].people[-1] == 11.5


def test_people_who_train_in_every_draw_are_not_counted() -> None:
    """Ten of another dataset learn beside those who are drawn."""
    cells, subjects = tables(lambda *_: 2.0)
    cells["train_subjects"] += 10
    np.testing.assert_allclose(make_people_curves(cells, subjects)[0][KEY].people, [2, 4, 8, 12])


def test_no_draw_of_the_bootstrap_is_negative() -> None:
    errors = np.repeat([[[2.0], [30.0]]], 3, axis=2)
    curve = PeopleCurve(np.array([2.0]), errors, np.ones(3), np.zeros(3, int), 300, 9)
    assert curve.draw(0).min() > 0


def test_a_curve_without_an_error_is_left_out_and_says_so() -> None:
    cells, subjects = tables(lambda *_: 2.0)
    subjects.loc[3, "mae_bpm"] = np.nan
    curves, left_out = make_people_curves(cells, subjects)
    assert not curves
    assert "missing" in left_out[KEY]


def random_curve(n_draws: int, sd: float, seed: int) -> PeopleCurve:
    """One fold; draws of training people whose errors vary, alike for all test subjects."""
    rng = np.random.default_rng(seed)
    of_draw = 2 + sd * rng.standard_normal((2, n_draws, 1))
    return PeopleCurve(
        np.array([2.0, 4]), np.repeat(of_draw, 5, axis=2), np.ones(5), np.zeros(5, int), 300, 4
    )


@pytest.mark.parametrize("n_draws", [2, 3, 8])
def test_the_variance_over_draws_is_that_of_the_mean_of_so_many(n_draws: int) -> None:
    curves = [random_curve(n_draws, 0.1, seed) for seed in range(300)]
    variance = np.mean([curve.draw(0, subjects=False)[:, 0].var() for curve in curves])
    assert variance == pytest.approx(0.1**2 / n_draws, rel=0.15)


def test_folds_draw_their_people_independently() -> None:
    rng = np.random.default_rng(0)
    variances = []
    for _ in range(300):
        of_fold = 2 + 0.1 * rng.standard_normal((1, 3, 4))  # one test subject for each fold
        curve = PeopleCurve(np.array([2.0]), of_fold, np.ones(4), np.arange(4), 300, 9)
        variances.append(curve.draw(0, subjects=False).var())
    assert np.mean(variances) == pytest.approx(0.1**2 / 3 / 4, rel=0.15)


def test_without_other_subjects_and_with_one_draw_nothing_varies() -> None:
    assert np.ptp(random_curve(1, 0.1, 0).draw(0, subjects=False), axis=0).max() < 1e-12


def test_the_table_has_the_luck_of_one_draw_and_none_with_all_people() -> None:
    cells, subjects = tables(lambda people, draw, *_: people + draw)
    table = table_of(make_people_curves(cells, subjects)[0])
    assert table["draw_sd_bpm"].tolist()[:3] == [1, 1, 1]
    assert pd.isna(table["draw_sd_bpm"].iloc[3])
    assert (table["lower_bpm"] <= table["mae_bpm"]).all()
