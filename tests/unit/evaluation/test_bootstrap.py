"""Bootstrap over subjects against what can be counted by hand."""

import numpy as np
import pytest

from ppgkd.evaluation.bootstrap import (
    draw_subjects,
    estimate_with_interval,
    percentile_interval,
    resampled_sums,
)


def test_the_first_row_is_the_sample_itself() -> None:
    drawn = draw_subjects(5, draws=10)
    assert drawn.shape == (11, 5)
    assert drawn[0].tolist() == [0, 1, 2, 3, 4]


def test_every_subject_is_drawn_equally_often() -> None:
    counts = np.bincount(draw_subjects(4, draws=20_000)[1:].ravel())
    assert counts / counts.sum() == pytest.approx(0.25, abs=0.005)


def test_a_seed_gives_the_same_draws_and_another_seed_other_ones() -> None:
    assert (draw_subjects(6, seed=1) == draw_subjects(6, seed=1)).all()
    assert (draw_subjects(6, seed=1) != draw_subjects(6, seed=2)).any()


def test_sums_are_over_the_drawn_subjects() -> None:
    by_subject = np.array([[1.0, 10.0], [2.0, 20.0], [4.0, 40.0]])
    sums = resampled_sums(by_subject, draws=50, seed=3)
    expected = [by_subject[row].sum(axis=0) for row in draw_subjects(3, draws=50, seed=3)]
    np.testing.assert_array_equal(sums, expected)


def test_an_interval_leaves_out_equal_tails() -> None:
    lower, upper = percentile_interval(np.arange(101.0), level=0.9)
    assert (lower, upper) == pytest.approx((5, 95))


def test_several_statistics_have_an_interval_each() -> None:
    drawn = np.stack([np.arange(101.0), 2 * np.arange(101.0)], axis=1)
    lower, upper = percentile_interval(drawn)
    assert lower.tolist() == pytest.approx([2.5, 5])
    assert upper.tolist() == pytest.approx([97.5, 195])


def test_the_sample_gives_the_estimate_and_is_not_among_the_draws() -> None:
    estimate, lower, upper = estimate_with_interval(np.array([99.0, *[1.0] * 20]))
    assert (estimate, lower, upper) == (99, 1, 1)
