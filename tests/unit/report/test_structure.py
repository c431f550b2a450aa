"""What holds for every page: no table without rows, no place twice, no link to nowhere."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tests.unit.report.hand_made import (
    CONVERGED,
    FITTED,
    LAWS,
    MEASURED,
    PROFILE,
    Sweep,
    claim_of,
    make_results,
    render,
    study_of,
    with_more_people,
)
from tests.unit.report.page_reader import Outline
from tests.unit.report.test_left_out import ERRORS, render_left_out

from ppgkd.report.page import Results
from ppgkd.scaling.claims import HOLDS, UNKNOWN

TRAINED = {"student": "spectral_resnet-350", "strategy": "soft", "teacher": "spectral_resnet-3000"}
ON_PEOPLE = {**TRAINED, "mae_bpm": 2.5, "lower_bpm": 2.0, "upper_bpm": 3.0, "draw_sd_bpm": 0.1}
LAW_IN_PEOPLE = {
    "formula": "E + B D^-b",
    "parameters": {"E": {"estimate": 2.0, "lower": 1.0, "upper": 3.0}},
    "identified": {"E": True},
    "converged": True,
    "aicc": -3.0,
    "residual_sd": 0.03,
}
PEOPLE: Mapping[str, Any] = {
    "curves": [{**ON_PEOPLE, "people": people} for people in (4.0, 8.0, 16.0)],
    "by_dataset": [],
    "laws": [{**TRAINED, **LAW_IN_PEOPLE}],
    "joint": [{**TRAINED, "family": "spectral_resnet", "reason": "too few points"}],
    "tested": [],
    "gains": [],
    "minutes": [],
    "without_curve": [],
    "unlabelled": False,
}


def as_made(results: Results) -> Results:
    return results


def two_people(results: Results) -> Results:
    kept = results.subjects["subject"].isin(sorted(results.subjects["subject"].unique())[:2])
    return replace(results, subjects=results.subjects[kept])


def measured(results: Results) -> Results:
    profile = {**PROFILE, "microcontroller": [MEASURED], "not_measured": None}
    costs = {"flash_bytes": 25_412, "ram_bytes": 10_184, "instructions": 1_408_564}
    students = results.students.assign(**costs, measured_on="Cortex-M4F")
    return replace(results, students=students, profile=profile)


def nothing_to_plan(results: Results) -> Results:
    constraints = {"max_mae_bpm": 0.3, "max_latency_ms": None, "max_bytes": None}
    return replace(results, plan=[{"constraints": constraints, "reason": "The study has no law."}])


def without_any_law(results: Results) -> Results:
    return replace(results, laws={**FITTED, "laws": LAWS[1:], "skill": None, "joint": []})


def without_microcontrollers(results: Results) -> Results:
    return replace(results, profile={**PROFILE, "microcontroller": []})


def without_figures(results: Results) -> Results:
    return replace(results, figures={})


def with_claims(results: Results) -> Results:
    many = {**claim_of(HOLDS), "comparisons": claim_of(HOLDS)["comparisons"] * 9}
    return replace(results, claims=[many, {**claim_of(UNKNOWN), "comparisons": []}])


def without_a_claim_tested(results: Results) -> Results:
    return replace(results, claims=[{**claim_of(UNKNOWN), "comparisons": []}])


def with_people(results: Results) -> Results:
    return replace(results, people=PEOPLE)


def with_a_plan_of_people_that_cannot_be_told(results: Results) -> Results:
    plan = [{"max_mae_bpm": 0.3, "answer": "cannot be told"}]
    return replace(results, people=PEOPLE, people_plan=plan)


def with_all_files(results: Results) -> Results:
    return replace(results, shipped={"student.onnx": 17_000, "student-25hz.onnx": 16_000})


def with_an_undecided_fit(results: Results) -> Results:
    failed = {**CONVERGED, "converged": False, "reason": "too many evaluations"}
    form = LAWS[0]["forms"]["power_law_floor"] | {"status": failed}
    law = {key: value for key, value in LAWS[0].items() if key not in ("chosen", "held_out")}
    law |= {"forms": {"power_law_floor": form}, "reason": "no fit converged"}
    return replace(results, laws={**FITTED, "laws": [law], "skill": None})


def without_alignment(results: Results) -> Results:
    return replace(results, alignment=pd.DataFrame(columns=["recording", "flagged"]))


VARIANTS: Mapping[str, Callable[[Results], Results]] = {
    change.__name__.replace("_", " "): change
    for change in (
        as_made,
        two_people,
        with_more_people,
        measured,
        nothing_to_plan,
        without_any_law,
        without_microcontrollers,
        without_figures,
        with_claims,
        without_a_claim_tested,
        with_people,
        with_a_plan_of_people_that_cannot_be_told,
        with_all_files,
        with_an_undecided_fit,
        without_alignment,
    )
}
STUDIES: Mapping[str, Mapping[str, Any]] = {"from scratch alone": {"strategies": {"scratch": {}}}}


@pytest.fixture(params=[*VARIANTS, *STUDIES, "datasets left out"])
def outline(request: pytest.FixtureRequest, sweep: Sweep, tmp_path: Path) -> Outline:
    name = request.param
    if name == "datasets left out":
        return Outline(render_left_out(sweep, tmp_path, ERRORS, []).html)
    study = study_of(**STUDIES.get(name, {}))
    results = VARIANTS.get(name, as_made)(make_results(study, sweep, tmp_path))
    return Outline(render(study, results, tmp_path / "report.html").html)


def test_the_page_is_well_made(outline: Outline) -> None:
    empty = [table.label for table in outline.tables if not table.body_rows]
    assert empty == [], "a table that has nothing to say is not there"
    assert [table for table in outline.tables if not table.boxed] == []
    headless = [table.label for table in outline.tables if table.row_heads != table.body_rows]
    assert headless == [], "every row has its head"
    labels = [table.label for table in outline.tables]
    assert len(set(labels)) == len(labels)
    assert all(len(alternative) > 30 for alternative in outline.alternatives)
    steps = [after - before for before, after in pairwise([0, *outline.headings])]
    assert max(steps) == 1, "no level of headings is skipped"
    assert outline.headings.count(1) == 1
    assert len(set(outline.places)) == len(outline.places)
    assert set(outline.links) <= set(outline.places)
