"""Figure of the error over people: a panel for each student, its points and its forecast."""

from typing import Any

import pytest
from tests.unit.report.spec_of import Drawn
from tests.unit.scaling.people_tables import tables

from ppgkd.report.figures.people import error_vs_people
from ppgkd.scaling.people import fit_people_laws


@pytest.fixture(scope="module")
def fitted() -> dict[str, Any]:
    return fit_people_laws(
        *tables(
            lambda people, *_: 1 + 4 / people, params=(350, 4_000), strategies=("scratch", "soft")
        )
    )


def test_each_student_has_a_panel_with_points_of_each_strategy(fitted: dict[str, Any]) -> None:
    drawn = Drawn(error_vs_people(fitted))
    assert [title for title, _ in drawn.titles()] == ["spectral_resnet-350", "spectral_resnet-4000"]
    for panel in range(2):
        assert {row["strategy"] for row in drawn.points(panel)} == {"scratch", "soft"}


def test_points_are_the_means_and_say_how_many_people_they_are_of(fitted: dict[str, Any]) -> None:
    rows = [row for row in Drawn(error_vs_people(fitted)).points() if row["strategy"] == "scratch"]
    assert [row["people"] for row in rows] == pytest.approx([2, 4, 8, 12], rel=0.05)
    assert [row["mae_bpm"] for row in rows] == pytest.approx([1 + 4 / n for n in (2, 4, 8, 12)])
    assert rows[0]["name"] == "spectral_resnet-350, from scratch, 2 people"
    assert rows[0]["row"] == "people-spectral_resnet-350-scratch-none"


def test_the_forecast_goes_to_five_times_the_people(fitted: dict[str, Any]) -> None:
    drawn = Drawn(error_vs_people(fitted))
    assert drawn.facts == {"forecasts": True}
    (line,) = drawn.layers(0, "line")
    assert max(row["at_people"] for row in drawn.rows(0, line)) == pytest.approx(60)


def test_without_a_forecast_there_are_points_alone() -> None:
    few = fit_people_laws(*tables(lambda people, *_: 1 + 4 / people, sizes=(4,)))
    drawn = Drawn(error_vs_people(few))
    assert drawn.facts == {"forecasts": False}
    assert drawn.points()
    assert not drawn.layers(0, "line") + drawn.layers(0, "area")


def test_without_curves_there_is_no_figure() -> None:
    assert error_vs_people({"curves": [], "laws": []}) is None
