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
    assert "Int8 changes the MAE of this file by +0.01 BPM on the same test windows" in page.text


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


def test_the_commands_name_the_students_file_and_the_sensors_rate(page: Page) -> None:
    model = "results/tiny/recommended/student.onnx"
    assert f"ppgkd predict recording.csv --rate 50 --model {model} --output hr.csv" in page.text
    assert f"ppgkd export {model} --rate 64 --output student-64hz.onnx" in page.text
    assert f"ppgkd export {model} --c firmware" in page.text
    assert "../demo/index.html" not in page.html


def test_the_demonstration_is_linked_where_there_is_one(
    study: Study, results: Results, tmp_path: Path
) -> None:
    page = render(study, replace(results, demo=True), tmp_path / "report.html")
    assert '<a href="../demo/index.html">' in page.html
    assert "ppgkd demo results/tiny" in page.text


def test_every_file_has_its_rate_and_size(study: Study, results: Results, tmp_path: Path) -> None:
    shipped = {"student-125hz.onnx": 19_400, "student-25hz.onnx": 16_200}
    shipped |= {"student.int8.onnx": 18_800, "student.onnx": 17_000}
    page = render(study, replace(results, shipped=shipped), tmp_path / "report.html")
    rows = [
        "student.onnx float32 50 17.0",
        "student.int8.onnx int8 50 18.8",
        "student-25hz.onnx float32 25 16.2",
        "student-125hz.onnx float32 125 19.4",
    ]
    assert " ".join(rows) in page.text
