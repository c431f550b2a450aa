"""Errors by dataset and activity: windows count, people are drawn, and silence is no error."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ppgkd.evaluation.by_dataset import errors_by_dataset
from ppgkd.runtime.artifacts import write_json


def windows(
    dataset: str,
    subject: str,
    error_bpm: list[float],
    valid: list[bool],
    activity: str = "unknown",
    seed: int = 0,
) -> pd.DataFrame:
    """Windows of one recording; the filter halves every error."""
    error = np.asarray(error_bpm)
    return pd.DataFrame(
        {
            "dataset": dataset,
            "subject": subject,
            "recording": f"{subject}-{activity}",
            "window": np.arange(len(error)),
            "activity": activity,
            "hr_bpm": 100.0,
            "pred_bpm": 100 + error,
            "filtered_bpm": 100 + error / 2,
            "filtered_valid": valid,
            "seed": seed,
        }
    )


def figure(estimate: float | None, lower: float | None, upper: float | None) -> Any:
    return pytest.approx({"estimate": estimate, "lower": lower, "upper": upper})


NONE = {"estimate": None, "lower": None, "upper": None}


def test_a_dataset_has_its_errors_and_what_its_valid_estimates_are_worth() -> None:
    table = pd.concat(
        [
            windows("hills", "ada", [2.0, -4.0, 30.0], [True, True, True]),
            windows("hills", "bo", [8.0, -40.0, 4.0], [True, False, True]),
        ]
    )
    (row,) = errors_by_dataset(table)
    assert (row["dataset"], row["activity"]) == ("hills", None)
    assert (row["n_windows"], row["n_subjects"]) == (6, 2)
    # of two people, one in four draws is the first twice and one the second twice
    assert row["mae_bpm"] == figure(88 / 6, 36 / 3, 52 / 3)
    assert row["filtered_mae_bpm"] == figure(44 / 6, 18 / 3, 26 / 3)
    assert row["valid"] == figure(5 / 6, 2 / 3, 1.0)
    assert row["valid_mae_bpm"] == figure((1 + 2 + 15 + 4 + 2) / 5, 6 / 2, 18 / 3)
    assert row["valid_wrong"] == figure(1 / 5, 0.0, 1 / 3)


def test_an_error_of_ten_bpm_is_not_above_ten() -> None:
    (row,) = errors_by_dataset(windows("hills", "ada", [20.0, 20.1], [True, True]))
    assert row["valid_wrong"]["estimate"] == 1 / 2


def test_one_person_has_no_interval() -> None:
    (row,) = errors_by_dataset(windows("hills", "ada", [2.0, 6.0], [True, False]))
    assert row["mae_bpm"] == {"estimate": 4.0, "lower": None, "upper": None}
    assert row["valid"] == {"estimate": 0.5, "lower": None, "upper": None}


def test_valid_estimates_of_one_person_have_no_interval() -> None:
    """All draws that have any valid estimate would have the same ones: a width of zero."""
    table = pd.concat(
        [
            windows("hills", "ada", [2.0, 6.0], [True, False]),
            windows("hills", "bo", [50.0, 60.0], [False, False]),
        ]
    )
    (row,) = errors_by_dataset(table)
    assert row["valid_mae_bpm"] == {"estimate": 1.0, "lower": None, "upper": None}
    assert row["valid_wrong"] == {"estimate": 0.0, "lower": None, "upper": None}
    assert row["valid"] == figure(1 / 4, 0.0, 1 / 2)


def test_where_nothing_is_valid_nothing_is_said_of_valid_estimates() -> None:
    (row,) = errors_by_dataset(windows("hills", "ada", [2.0, 6.0], [False, False]))
    assert row["valid"]["estimate"] == 0.0
    assert row["valid_mae_bpm"] == row["valid_wrong"] == NONE


def test_a_labelled_dataset_has_a_row_for_each_activity_after_its_own() -> None:
    table = pd.concat(
        [
            windows("hills", "ada", [10.0], [True], "run"),
            windows("stairs", "cy", [4.0], [True]),
            windows("hills", "ada", [2.0, 4.0], [True, True], "walk"),
            windows("hills", "bo", [6.0], [True], "unknown"),
        ]
    )
    rows = errors_by_dataset(table)
    assert [(row["dataset"], row["activity"], row["n_windows"]) for row in rows] == [
        ("hills", None, 4),
        ("hills", "walk", 2),
        ("hills", "run", 1),
        ("hills", "unknown", 1),
        ("stairs", None, 1),
    ]
    assert [row["mae_bpm"]["estimate"] for row in rows] == pytest.approx([22 / 4, 3, 10, 6, 4])


def test_a_window_counts_once_and_its_seeds_are_averaged() -> None:
    table = pd.concat(
        [windows("hills", "ada", [2.0 * seed, 4.0], [True, True], seed=seed) for seed in (1, 3)]
    )
    (row,) = errors_by_dataset(table)
    assert row["n_windows"] == 2
    assert row["mae_bpm"]["estimate"] == pytest.approx((2 + 4 + 6 + 4) / 4)


def test_the_rows_are_fit_for_json(tmp_path: Any) -> None:
    rows = errors_by_dataset(windows("hills", "ada", [2.0, 6.0], [False, False]))
    write_json(tmp_path / "errors.json", rows)


PEOPLE = st.lists(
    st.lists(st.tuples(st.floats(-90, 90), st.booleans()), min_size=1, max_size=6),
    min_size=1,
    max_size=5,
)


@settings(max_examples=40, deadline=None)
@given(PEOPLE)
def test_activities_add_up_to_their_dataset_and_every_interval_has_its_estimate(
    people: list[list[tuple[float, bool]]],
) -> None:
    words = ("walk", "run", "rest")
    table = pd.concat(
        [
            windows("hills", f"s{who}", [e for e, _ in own], [v for _, v in own], words[who % 3])
            for who, own in enumerate(people)
        ]
    )
    whole, *parts = errors_by_dataset(table)
    assert sum(row["n_windows"] for row in parts) == whole["n_windows"] == len(table)
    for name in ("mae_bpm", "filtered_mae_bpm", "valid"):
        total = sum(row["n_windows"] * row[name]["estimate"] for row in parts)
        assert total == pytest.approx(whole["n_windows"] * whole[name]["estimate"], abs=1e-6)
    n_valid = sum(valid for own in people for _, valid in own)
    assert (whole["valid_wrong"]["estimate"] is None) == (n_valid == 0)
    for found in (whole[name] for name in ("mae_bpm", "valid", "valid_mae_bpm", "valid_wrong")):
        assert (found["lower"] is None) == (found["upper"] is None)
        if found["lower"] is not None:
            assert found["lower"] - 1e-9 <= found["estimate"] <= found["upper"] + 1e-9
