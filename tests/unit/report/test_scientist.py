"""The scientist's part: claims, students, teachers, tuning and data."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tests.unit.report.hand_made import (
    REAL,
    TEACHER_METRICS,
    Sweep,
    alignment_of,
    claim_of,
    make_results,
    recordings_of,
    render,
    study_of,
)
from tests.unit.report.page_reader import Page

from ppgkd.report.page import Results
from ppgkd.report.tables import maybe_seen
from ppgkd.scaling.claims import FAILS, HOLDS, UNKNOWN
from ppgkd.study.study import Study


def test_the_claims_have_their_verdicts_and_what_these_rest_on(
    study: Study, results: Results, tmp_path: Path
) -> None:
    without = {"estimate": None, "lower": None, "upper": None, "p_holm": None}
    claims = [
        claim_of(HOLDS),
        claim_of(FAILS, estimate=-0.2, p_holm=0.04),
        claim_of(UNKNOWN, **without),
    ]
    page = render(study, replace(results, claims=claims), tmp_path / "report.html")
    for verdict in (HOLDS, FAILS, UNKNOWN):
        assert (
            f"A claim that {verdict}: {verdict} . Gain over scratch; 19 test subjects." in page.text
        )
    assert "all of them: +0.31 BPM (+0.11 to +0.51), p < 0.01" in page.text
    assert "all of them: −0.20 BPM (+0.11 to +0.51), p 0.04" in page.text
    assert "all of them: one run" in page.text


def test_claims_are_no_table_which_a_phone_would_have_to_scroll(
    study: Study, results: Results, tmp_path: Path
) -> None:
    html = render(study, replace(results, claims=[claim_of(HOLDS)]), tmp_path / "report.html").html
    claims = html[html.index('<h3 id="claims">') : html.index("<h4>The cheapest student")]
    assert "<table" not in claims
    assert "white-space: nowrap" not in claims


def test_the_cheapest_student_of_each_family_has_its_costs_or_is_said_to_lack(
    study: Study, results: Results, tmp_path: Path
) -> None:
    students = results.students.assign(val_mae_bpm=9.0, macs=results.students["params"])
    good = students["student"].isin(["spectral_resnet-350", "spectral_resnet-1000"])
    students.loc[good, "val_mae_bpm"] = 2.4
    told = replace(results, students=students, claims=[claim_of(HOLDS)])
    page = render(study, told, tmp_path / "report.html")
    part = page.text[page.text.index("The cheapest student of each family") :]
    assert "spectral_resnet-350, from scratch 350" in part
    assert "No student of spectral_mlp is so accurate on validation subjects." in part


def test_there_is_a_row_for_every_student_and_every_cell(page: Page, results: Results) -> None:
    students, cells = (
        page.html.split(f'<h3 id="{name}">')[1].split("</table>")[0]
        for name in ("students", "cells")
    )
    assert students.count("<tr") == 1 + len(results.students)
    assert cells.count("<tr") == 1 + len(results.cells)


def test_the_costs_of_a_student_have_the_front_ends_part_beside_them(
    study: Study, results: Results, tmp_path: Path
) -> None:
    costs = {"macs": 950_001, "front_end_macs": 860_002, "flash_bytes": 640_030}
    costs |= {"ram_bytes": 9_100, "instructions": 1_234_567, "measured_on": "Cortex-M33"}
    times = {"latency_p99_ms": 0.7654, "front_end_latency_p99_ms": 0.4321}
    told = replace(results, students=results.students.assign(**costs, **times))
    page = render(study, told, tmp_path / "report.html")
    row = "950,001 860,002 640 9.1 1,234,567 0.77 0.43"
    assert page.text.count(row) > len(results.students), "all students, and those on the front"


def test_a_teacher_that_its_own_students_beat_is_flagged(
    study: Study, results: Results, tmp_path: Path
) -> None:
    def page_of(mae_bpm: float) -> Page:
        teachers = [("spectral_resnet-50000", {**TEACHER_METRICS, "mae_bpm": mae_bpm})]
        name = f"{mae_bpm}.html"
        return render(study, replace(results, teachers=teachers), tmp_path / name)

    flag = "✗ worse than its students"
    assert flag not in page_of(0.5).text
    assert flag in page_of(9.0).text
    assert "12 of its 12" in page_of(9.0).text, "four strategies learn from it, three students each"


def test_a_teacher_has_one_row_weighted_by_windows(
    study: Study, results: Results, tmp_path: Path
) -> None:
    metrics = [{**TEACHER_METRICS, "mae_bpm": e, "n_windows": n} for e, n in ((1, 30), (5, 10))]
    teachers = [("spectral_resnet-50000", one) for one in metrics]
    page = render(study, replace(results, teachers=teachers), tmp_path / "report.html")
    assert "spectral_resnet-50000 2 50,123 1.90 2.00" in page.text


def trained_on(*datasets: str) -> dict[str, Any]:
    """Metrics of a teacher that was trained elsewhere."""
    return {**TEACHER_METRICS, "estimates": {"simulated": {"trained_on": [*datasets]}}}


def test_rows_of_a_teacher_that_may_have_seen_the_tested_people_are_marked(
    study: Study, results: Results, tmp_path: Path
) -> None:
    """`spectral_resnet-50000` is the teacher of the sweep's students."""

    def text_of(metrics: dict[str, Any]) -> str:
        marked = replace(results, teachers=[("spectral_resnet-50000", metrics)])
        return render(study, marked, tmp_path / "report.html").text

    assert "†" not in text_of(TEACHER_METRICS)
    assert "†" not in text_of(trained_on("bami1"))
    seen = text_of(trained_on("bami1", "simulated"))
    assert (
        "spectral_resnet-50000† may have learned from simulated, on which it and its students"
        in seen
    )
    assert "Rows with † are not results on unseen people." in seen
    assert "soft targets from spectral_resnet-50000†" in seen
    assert "spectral_resnet-50000† 1 50,123" in seen
    tables = seen.split("By the figures that")[0].split("Students")[-1]
    assert not re.search(r"from spectral_resnet-50000(?!†)", tables)


@pytest.mark.parametrize(
    ("learned", "seen"),
    [(["a"], ["a"]), (["c"], None), (["b", "a"], ["a", "b"]), (None, ["a", "b"])],
)
def test_a_tested_dataset_is_unseen_only_if_that_is_known(
    learned: list[str] | None, seen: list[str] | None
) -> None:
    roles = {"dataset": ["a", "b", "c"], "role": ["test", "test", "train"]}
    metrics = {"estimates": {"a": {"trained_on": learned}}}
    found = maybe_seen([("theirs", metrics), ("ours", {})], pd.DataFrame(roles))
    assert found == ({} if seen is None else {"theirs": seen})


def test_every_trial_of_the_tuning_is_shown_with_its_error(sweep: Sweep, tmp_path: Path) -> None:
    tuning = {"student": "spectral_resnet-350", "teacher": "spectral_resnet-3000"}
    study = study_of(tuning=tuning)
    trials = [
        {"settings": {"temperature": t, "label_weight": 0}, "val_mae_bpm": e}
        for t, e in ((1, 2.25), (4, 3.5))
    ]
    won = {"settings": trials[0]["settings"], "trials": trials}
    results = replace(make_results(study, sweep, tmp_path), tuning=[("soft", won)])
    page = render(study, results, tmp_path / "report.html")
    assert "temperature 1, label weight 0 2.25 ✓" in page.text
    assert "temperature 4, label weight 0 3.50" in page.text
    assert "each on the student spectral_resnet-350 from spectral_resnet-3000" in page.text


def test_a_real_study_lists_its_raw_files_with_their_checksums(
    sweep: Sweep, tmp_path: Path
) -> None:
    study = study_of(**REAL)
    page = render(study, make_results(study, sweep, tmp_path), tmp_path / "report.html")
    files = [file for entry in study.recordings("bami1") for file in entry.files]
    assert len(files) == 25
    for file in files:
        assert f"{file.sha256} {file.local}" in page.text


def test_every_dataset_has_its_terms_and_citation(page: Page, study: Study) -> None:
    for dataset in study.datasets:
        assert " ".join(dataset.title.split()) in page.text
        assert " ".join(dataset.citation.split()) in page.text
        assert " ".join(dataset.terms.split()) in page.text


def test_rejected_windows_are_counted_by_reason(
    study: Study, results: Results, tmp_path: Path
) -> None:
    assert "No window was rejected." in render(study, results, tmp_path / "one.html").text
    some = replace(results, recordings=recordings_of(study, clipped=7, no_reference=2))
    page = render(study, some, tmp_path / "two.html")
    assert "rejected: clipped" in page.text
    assert "rejected: no reference" in page.text
    assert "rejected: flat" not in page.text
    found = "3 0.75 120 21 6 65 % 0.50 11.50"
    assert found in page.text, "recordings, hours, kept, clipped, no reference, good, motion, peak"


def test_activities_are_listed_if_any_are_labelled(
    study: Study, results: Results, tmp_path: Path
) -> None:
    assert "Activity of the windows" not in render(study, results, tmp_path / "one.html").text
    changes = {"windows_unknown": 10, "windows_walk": 30}
    some = replace(results, recordings=recordings_of(study, **changes))
    assert "walk 75 %, unknown 25 %" in render(study, some, tmp_path / "two.html").text


def test_a_shifted_reference_is_named(study: Study, results: Results, tmp_path: Path) -> None:
    shifted = alignment_of(recording="BAMI1_5", lag_s=8.0, flagged=True)
    text = render(study, replace(results, alignment=shifted), tmp_path / "report.html").text
    assert "BAMI1_5 is shifted: the reference fits the signal better at another lag." in text
    assert "The references are used as published" in text


def test_where_none_is_shifted_the_page_says_so(page: Page) -> None:
    assert "none is shifted." in page.text
