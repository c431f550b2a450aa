"""The engineer's part: files, costs on a device, and validity."""

from dataclasses import replace
from pathlib import Path

from tests.unit.report.hand_made import (
    PROFILE,
    render,
)
from tests.unit.report.page_reader import Page

from ppgkd.report.page import Results
from ppgkd.study.study import Study


def test_the_page_has_the_reduction_of_the_error_by_the_filter(page: Page) -> None:
    assert "It reduces the MAE by 50 %" in page.text


def test_the_page_has_both_files_with_what_they_cost(page: Page) -> None:
    assert "float32 15.4 0.11 0.11 0.11 0.057 2.3 1,234,567 98,765 3,688 45,678" in page.text
    assert "int8 21.1 0.11" in page.text
    assert "Int8 changes the MAE by +0.01 BPM on the same test windows" in page.text


def test_the_estimate_for_microcontrollers_is_called_one(page: Page) -> None:
    assert "Not measured : the compiler is at lunch. These are estimates" in page.text
    assert "Cortex-M4F float32 120 20.5 40.5 11,000,000 92" in page.text


def test_a_recommended_student_that_eight_bits_spoil_is_marked(
    study: Study, results: Results, tmp_path: Path
) -> None:
    quantised = {"loss_bpm": 0.4, "max_loss_bpm": 0.1, "too_costly": True}
    spoilt = replace(results, profile=PROFILE | {"quantised": quantised})
    text = render(study, spoilt, tmp_path / "report.html").text
    assert "by +0.40 BPM – more than the 0.1 that the study allows" in text


def test_any_student_that_eight_bits_spoil_is_marked(
    study: Study, results: Results, tmp_path: Path
) -> None:
    students = results.students.assign(int8_loss_bpm=[0.5, *[0.0] * (len(results.students) - 1)])
    page = render(study, replace(results, students=students), tmp_path / "report.html")
    assert ("no", "+0.50 ✗") in page.spans
