"""Axes and the names of lines: enough labels, and none on another."""

import pytest

from ppgkd.report.figures.layers import LEAST_LABELS, named_lines, size_axis

GATE, TEACHER = {"gate": (2.5, (6, 4))}, {"teacher": (2.0, (2, 3))}


def names_of(
    lines: dict[str, tuple[float, tuple[int, ...]]], top: float, left: bool = False
) -> dict[str, tuple[str, str]]:
    """Side and place of each name: ``right`` or ``left``, ``bottom`` of the text above its line."""
    marks = [layer.to_dict()["mark"] for layer in named_lines(lines, top, left=left).names]
    return {mark["text"]: (mark["align"], mark["baseline"]) for mark in marks}


@pytest.mark.parametrize("ratio", [1.82, 2.2, 2.9, 3.1, 5.0, 9.5, 12.0, 80.0, 3_000.0])
@pytest.mark.parametrize("lowest", [0.034, 0.071, 1.9, 310.0, 2_040.0, 407_000.0, 6.7e6])
def test_a_logarithmic_axis_has_labels_enough_to_be_read(lowest: float, ratio: float) -> None:
    labels = size_axis("cost", "cost", (lowest, lowest * ratio))["axis"]["values"]
    assert LEAST_LABELS <= len(labels) <= 14
    assert all(lowest <= label <= lowest * ratio for label in labels)


def test_the_highest_line_has_its_name_above_and_the_other_below() -> None:
    assert names_of(GATE | TEACHER, top=5.0) == {
        "gate": ("right", "bottom"),
        "teacher": ("right", "top"),
    }


def test_no_name_lies_on_the_axis_below_a_line_where_errors_are_large() -> None:
    assert names_of(GATE | TEACHER, top=40.0) == {
        "gate": ("right", "bottom"),
        "teacher": ("left", "bottom"),
    }


def test_names_of_lines_are_at_the_end_where_no_other_word_is() -> None:
    assert names_of(GATE, top=5.0, left=True) == {"gate": ("left", "bottom")}
