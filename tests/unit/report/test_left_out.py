"""Datasets that were left out of training, in the summary and further down."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.unit.report.hand_made import (
    Sweep,
    make_results,
    render,
    study_of,
)
from tests.unit.report.page_reader import Page

from ppgkd.report.page import Results
from ppgkd.study.study import Study

LEFT_OUT: dict[str, Any] = {
    "study": "unseen",
    "folds": "datasets",
    "datasets": {
        "bami1": {"train": 0.8, "val": 0.2, "test": 1},
        "wrist_exercise": {"train": 1, "test": 1},
        "welltory": {"train": 1, "test": 1, "ppg": ["ppg_1"], "acceleration": "still"},
    },
    "inputs": {"ppg_channels": 1},
}


def errors_on(dataset: str, level: float, **changes: Any) -> dict[str, Any]:
    """Row of `ppgkd.evaluation.by_dataset.errors_by_dataset`; its errors follow from a level."""

    def figure(estimate: float) -> dict[str, float]:
        return {"estimate": estimate, "lower": estimate - 0.01, "upper": estimate + 0.01}

    row = {
        "dataset": dataset,
        "activity": None,
        "n_windows": 1_234,
        "n_subjects": 7,
        "mae_bpm": figure(level + 2),
        "filtered_mae_bpm": figure(level),
        "valid": figure(0.5),
        "valid_mae_bpm": figure(level / 2),
        "valid_wrong": figure(level / 100),
    }
    return row | changes


def results_left_out(
    sweep: Sweep,
    folder: Path,
    left_out: list[dict[str, Any]],
    same: list[dict[str, Any]],
    **changes: Any,
) -> tuple[Study, Results]:
    study = study_of(**LEFT_OUT | changes)
    results = make_results(study, sweep, folder)
    quality = {**results.quality, "by_dataset": left_out}
    tested = [
        {"dataset": name, "subject": f"s{who}", "role": "test"}
        for who, name in enumerate(study.tested)
    ]
    splits = pd.DataFrame(tested)
    return study, replace(results, quality=quality, other_people=same, splits=splits)


def render_left_out(sweep: Sweep, folder: Path, *rows: Any, **changes: Any) -> Page:
    return render(*results_left_out(sweep, folder, *rows, **changes), folder / "report.html")


ERRORS = [errors_on("bami1", 3.0), errors_on("wrist_exercise", 30.0), errors_on("welltory", 2.0)]


def test_the_first_box_has_the_worst_dataset_left_out_beside_its_other_people(
    sweep: Sweep, tmp_path: Path
) -> None:
    same = [errors_on("bami1", 1.0), errors_on("wrist_exercise", 9.0, n_subjects=5)]
    page = render_left_out(sweep, tmp_path, ERRORS, same, other_people=3)
    assert "Worst dataset left out of training: wrist_exercise" in page.verdict
    assert "the other datasets alone other people of it, too" in page.verdict
    rows = [
        "people tested 7 5",
        "MAE, single windows 32.00 31.99 to 32.01 11.00 10.99 to 11.01",
        "MAE, online filter 30.00 29.99 to 30.01 9.00 8.99 to 9.01",
        "valid 50 % 49 % to 51 % 50 % 49 % to 51 %",
        "MAE of valid 15.00 14.99 to 15.01 4.50 4.49 to 4.51",
        "of valid, off by over 10 BPM 30 % 29 % to 31 % 9 % 8 % to 10 %",
    ]
    assert " ".join(rows) in page.verdict
    assert "is not known:" not in page.verdict


@pytest.mark.parametrize(
    ("worst", "changes", "reason"),
    [
        ("wrist_exercise", {}, "the study has no folds by subject; the key other_people adds them"),
        ("welltory", {"other_people": 3}, "which of its recordings are of one person"),
        (
            "wrist_exercise",
            {"other_people": 8},
            "it has too few people to test some of them in each",
        ),
    ],
)
def test_where_other_people_are_not_known_the_first_box_says_why(
    worst: str, changes: dict[str, int], reason: str, sweep: Sweep, tmp_path: Path
) -> None:
    rows = [errors_on("bami1", 3.0), errors_on(worst, 30.0)]
    same = [errors_on("bami1", 1.0)] if changes else []
    page = render_left_out(sweep, tmp_path, rows, same, **changes)
    sentence = f"What it errs by on {worst} after learning from other people of it is not known: "
    assert sentence + reason in page.verdict
    assert "other people of it, too" not in page.verdict


def test_few_people_of_the_worst_dataset_are_called_so(sweep: Sweep, tmp_path: Path) -> None:
    rows = [errors_on("bami1", 3.0), errors_on("wrist_exercise", 30.0, n_subjects=3)]
    page = render_left_out(sweep, tmp_path, rows, [])
    assert "3 people say little about others." in page.verdict
    page = render_left_out(sweep, tmp_path, ERRORS, [])
    assert "say little about others" not in page.verdict.split("Worst dataset")[1].split("Gates")[0]


def test_a_dataset_whose_valid_estimates_are_worse_than_the_worsts_is_named(
    sweep: Sweep, tmp_path: Path
) -> None:
    wrong = {"estimate": 0.123, "lower": 0.1, "upper": 0.2}
    rows = [errors_on("bami1", 3.0, valid_wrong=wrong), errors_on("welltory", 5.0)]
    page = render_left_out(sweep, tmp_path, rows, [])
    assert "the share of valid estimates off by over 10 BPM is largest on bami1: 12 %" in (
        page.verdict
    )
    page = render_left_out(sweep, tmp_path, ERRORS, [])
    assert "is largest on" not in page.verdict


def test_silence_on_all_datasets_left_out_is_said(sweep: Sweep, tmp_path: Path) -> None:
    none = {"estimate": None, "lower": None, "upper": None}
    silent = {"valid_mae_bpm": none, "valid_wrong": none}
    page = render_left_out(sweep, tmp_path, [{**row, **silent} for row in ERRORS], [])
    assert "No estimate on any dataset left out is valid." in page.verdict
    assert "MAE of valid – of valid, off by over 10 BPM –" in page.verdict


def test_all_datasets_and_activities_have_their_row_further_down(
    sweep: Sweep, tmp_path: Path
) -> None:
    walk = errors_on("wrist_exercise", 40.0, activity="walk", n_subjects=4)
    same = [errors_on("wrist_exercise", 9.0), {**walk, "n_subjects": 2}]
    page = render_left_out(sweep, tmp_path, [*ERRORS[:2], walk, ERRORS[2]], same, other_people=3)
    table = page.text.split("By dataset and activity")[-1].split("By dataset and strategy")[0]
    found = re.findall(r"(\w*) (all|walk|people of it, too) 1,234 (\d) (\d+\.\d\d)", table)
    assert [(what, n_people, mae) for _, what, n_people, mae in found] == [
        ("all", "7", "5.00"),
        ("all", "7", "32.00"),
        ("people of it, too", "7", "11.00"),
        ("walk", "4", "42.00"),
        ("all", "7", "4.00"),
    ]
    assert "The people of welltory are recordings" in table
    assert page.open == []


def test_a_study_that_leaves_no_dataset_out_has_neither(page: Page) -> None:
    assert "left out of training" not in page.verdict
    assert "By dataset and activity" not in page.text


def test_one_dataset_has_no_table_of_its_own(page: Page) -> None:
    assert "By dataset" not in page.text


def test_errors_are_listed_by_dataset_if_several_are_tested(
    study: Study, results: Results, tmp_path: Path
) -> None:
    names = sorted(set(results.subjects["subject"]))
    rows = [
        {"dataset": "simulated" if name == names[0] else "elsewhere", "subject": name}
        for name in names
    ]
    splits = pd.DataFrame(rows).assign(role="test")
    page = render(study, replace(results, splits=splits), tmp_path / "report.html")
    table = page.text.split("By dataset and strategy")[1]
    rows = re.findall(r"(simulated|elsewhere) from scratch (\d+) (\d+\.\d+)", table)
    assert [(name, int(count)) for name, count, _ in rows] == [
        ("simulated", 1),
        ("elsewhere", len(names) - 1),
    ]
    chosen = re.search(r"(\S+) evaluated on the test subjects", table)
    assert chosen
    own = results.subjects[
        (results.subjects["strategy"] == "scratch") & (results.subjects["student"] == chosen[1])
    ]
    first = own[own["subject"] == names[0]]["mae_bpm"].mean()
    others = own[own["subject"] != names[0]]
    assert [float(mae) for *_, mae in rows] == pytest.approx(
        [first, np.average(others["mae_bpm"], weights=others["n_windows"])], abs=0.006
    )
