"""Intervals over few people are left out of every table, figure and answer of the page."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tests.unit.report.hand_made import (
    LAWS,
    claim_of,
    quality_of_predictions,
    render,
    with_more_people,
)
from tests.unit.report.spec_of import Drawn

from ppgkd.evaluation.few_people import FEW_PEOPLE
from ppgkd.evaluation.quality import HEART_RATE_BANDS
from ppgkd.evaluation.recommendation import Gates, apply_gates
from ppgkd.evaluation.summary import summarise_students
from ppgkd.report import intervals
from ppgkd.report.figures.quality import reliability
from ppgkd.report.figures.sizes import error_vs_size, gain_over_scratch
from ppgkd.report.page import Results
from ppgkd.scaling import effects
from ppgkd.study.study import Study

INTERVAL = r"[+−]?\d[\d.,]* to [+−]?\d[\d.,]*"
CURVE = [{"student": "spectral_resnet-350", "strategy": "soft", "teacher": "none", "params": 302}]


def everything(results: Results) -> Results:
    """Results with a row in every table that has intervals over people."""
    curves = [{**CURVE[0], "people": n, "draw_sd_bpm": None, **interval_bpm()} for n in (4.0, 8.0)]
    gains = {"people": 4.0, "gain_bpm": 0.1, "lower_bpm": 0.05, "upper_bpm": 0.15, "share": 0.5}
    gains |= {"share_lower": 0.25, "share_upper": 0.75, "equal_people": 5.0}
    people = {
        "curves": curves,
        "laws": [{**CURVE[0], "twice": interval_bpm(), "reason": "few"}],
        "joint": [],
        "by_dataset": [{**one, "dataset": "simulated"} for one in curves],
        "gains": [{**CURVE[0], **gains}],
        "tested": [],
        "minutes": [],
        "unlabelled": False,
        "without_curve": [],
    }
    difference = {"difference_bpm": 0.3, "lower_bpm": 0.1, "upper_bpm": 0.5}
    student = {**CURVE[0], "mae_bpm": 2.0, "other_params": 302, "other_mae_bpm": 2.3, **difference}
    compared = {"study": "other", "channels": ["ppg_1"], "own_channels": ["ppg_1", "acc_x"]}
    compared |= {"students": [student], "mean": difference}
    claims = [{**claim_of("holds"), "n_subjects": results.subjects["subject"].nunique()}]
    return replace(results, people=people, compared=[compared], claims=claims)


def interval_bpm() -> dict[str, float]:
    return {"mae_bpm": 2.0, "lower_bpm": 1.5, "upper_bpm": 2.5}


def scientist(study: Study, results: Results, path: Path) -> str:
    text = render(study, results, path).text
    part = text[text.index("For the scientist How size") : text.index("Ways of training a student")]
    prediction = "1.52 to 1.72"  # of a student's error on these people, not over people
    limits = r"−[\d.]+ to \+[\d.]+(?= \d)"  # of agreement, of one window
    data = part.index("Definitions, and the same by subject")
    found = re.sub(limits, "", part[:data].replace(prediction, ""))
    return re.sub("|".join([*HEART_RATE_BANDS, "30 to 210"]), "", found)


def test_few_people_have_no_interval_in_any_table_and_the_part_says_so_first(
    study: Study, results: Results, tmp_path: Path
) -> None:
    few = scientist(study, everything(results), tmp_path / "few.html")
    assert re.findall(INTERVAL, few) == []
    first = "3 test people are too few for intervals over people: with fewer than 5"
    assert first in few[:300]
    many = scientist(study, everything(with_more_people(results)), tmp_path / "many.html")
    assert len(re.findall(INTERVAL, many)) > 40
    assert "too few for intervals" not in many


def test_one_number_says_how_many_people_are_few() -> None:
    assert FEW_PEOPLE == effects.FEW_PEOPLE == 5
    assert intervals.are_few(4)
    assert not intervals.are_few(5)


def test_a_row_of_few_people_has_no_interval_beside_one_of_many() -> None:
    found = {"estimate": 2.0, "lower": 1.0, "upper": 3.0}
    rows = [
        {"dataset": name, "n_subjects": n, "mae_bpm": found} for name, n in (("a", 4), ("b", 5))
    ]
    few, many = intervals.of_datasets(rows)
    assert few["mae_bpm"] == {"estimate": 2.0, "lower": None, "upper": None}
    assert many["mae_bpm"] == found


@pytest.mark.parametrize(("n_people", "has"), [(4, False), (5, True)])
def test_figures_and_what_they_answer_have_intervals_from_five_people_on(
    n_people: int, has: bool, results: Results
) -> None:
    gates = Gates(min_reduction=0.8, max_latency_ms=15.0, max_mae_bpm=2.5)
    students = summarise_students(results.cells, with_more_people(results).subjects)
    gated = apply_gates(intervals.of_table(students, n_people), gates)
    curve: dict[str, Any] = {"params": [300.0, 1_000.0], "mae_bpm": [3.0, 2.0]}
    curve |= {"lower_bpm": [2.0, 1.0], "upper_bpm": [4.0, 3.0]}
    laws = intervals.of_laws(
        {"laws": [{**LAWS[0], "curve": curve, "teacher": "spectral_resnet-50000"}]}, n_people
    )["laws"]
    sizes, gains = Drawn(error_vs_size(gated, laws, gates)), Drawn(gain_over_scratch(gated))
    assert bool(sizes.layers(0, "area")) == has
    for drawn, end in ((sizes, "mae_lower_bpm"), (gains, "gain_lower_bpm")):
        assert {row[end] is not None for row in drawn.points()} == {has}
        assert {" to " in str(row["facts"]) for row in drawn.points()} == {has}


def test_a_calibration_over_three_people_is_drawn_without_its_band() -> None:
    drawn = Drawn(reliability({"single": intervals.of_quality(quality_of_predictions())["single"]}))
    assert all("95 % interval" not in str(row["facts"]) for row in drawn.points())
    (band,) = drawn.layers(0, "area")
    assert {row["lower"] for row in drawn.rows(0, band)} == {None}


def test_a_table_keeps_its_intervals_where_people_are_enough() -> None:
    table = pd.DataFrame({"mae_bpm": [2.0], "mae_lower_bpm": [1.0], "mae_upper_bpm": [3.0]})
    assert intervals.of_table(table, 5).equals(table)
    assert intervals.of_table(table, 4).iloc[0].isna().tolist() == [False, True, True]
