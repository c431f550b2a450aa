"""Activities of windows: from a dataset's labels, and at other times than the published."""

import numpy as np
import pytest

from ppgkd.datasets.activity import ACTIVITIES, activity_at, window_activity

WORDS = {1: "rest", 2: "walk", 3: "rest"}


def test_the_vocabulary() -> None:
    words = "rest walk run cycle stairs drive work eat other unknown"
    assert " ".join(ACTIVITIES) == words


@pytest.mark.parametrize("rate_hz", [1.0, 4.0, 700.0])
def test_a_window_has_the_activity_that_fills_more_than_half_of_it(rate_hz: float) -> None:
    codes = np.repeat([1, 2], round(20 * rate_hz))  # 20 s each
    centre_s = np.array([4.0, 18.0, 19.0, 20.0, 21.0, 36.0])
    found = window_activity(codes, rate_hz, centre_s, WORDS)
    assert list(found) == ["rest", "rest", "rest", "unknown", "walk", "walk"]


def test_labels_with_one_word_count_together() -> None:
    codes = np.array([1, 1, 3, 3, 3, 2, 2, 2])
    assert list(window_activity(codes, 1.0, np.array([4.0]), WORDS)) == ["rest"]


def test_labels_that_are_not_in_the_table_are_unknown() -> None:
    codes = np.full(20, 7)
    assert list(window_activity(codes, 1.0, np.array([4.0, 10.0]), WORDS)) == ["unknown"] * 2


def test_a_window_that_the_labels_hardly_reach_is_unknown() -> None:
    codes = np.ones(20)
    found = window_activity(codes, 1.0, np.array([19.0, 20.0, 40.0]), WORDS)
    assert list(found) == ["rest", "unknown", "unknown"]


def test_another_time_has_the_activity_of_the_nearest_window() -> None:
    activity = np.array(["rest", "walk", "run"])
    known_s = np.array([4.0, 6.0, 8.0])
    found = activity_at(activity, known_s, np.array([2.0, 4.0, 4.9, 5.1, 7.9, 10.0]))
    assert list(found) == ["rest", "rest", "rest", "walk", "run", "run"]


def test_a_time_without_a_window_near_is_unknown() -> None:
    activity, known_s = np.array(["rest", "walk"]), np.array([4.0, 20.0])
    found = activity_at(activity, known_s, np.array([1.9, 12.0, 22.1]))
    assert list(found) == ["unknown"] * 3


@pytest.mark.parametrize("activity", [None, np.array([], dtype="<U7")])
def test_without_labels_all_is_unknown(activity: object) -> None:
    found = activity_at(activity, np.zeros(0), np.array([4.0, 6.0]))  # type: ignore[arg-type]
    assert list(found) == ["unknown"] * 2


def test_one_window_alone() -> None:
    found = activity_at(np.array(["eat"]), np.array([4.0]), np.array([3.0, 4.0, 5.0, 9.0]))
    assert list(found) == ["eat", "eat", "eat", "unknown"]
