"""Figure of the error over people: a panel for each student, its points and its forecast."""

from typing import Any

import numpy as np
import pytest
from tests.unit.scaling.people_tables import tables

from ppgkd.report.people_figure import error_vs_people
from ppgkd.scaling.people import fit_people_laws


@pytest.fixture(scope="module")
def fitted() -> dict[str, Any]:
    return fit_people_laws(
        *tables(
            lambda people, *_: 1 + 4 / people, params=(350, 4_000), strategies=("scratch", "soft")
        )
    )


def test_each_student_has_a_panel_with_a_curve_of_each_strategy(fitted: dict[str, Any]) -> None:
    panels = [ax for ax in error_vs_people(fitted).axes if ax.axison]
    assert [ax.get_title().partition(",")[0] for ax in panels] == [
        "spectral_resnet-350",
        "spectral_resnet-4000",
    ]
    for ax in panels:
        assert [str(c.get_label()) for c in ax.containers] == ["scratch", "soft"]


def test_points_are_the_means_and_the_line_goes_to_five_times_the_people(
    fitted: dict[str, Any],
) -> None:
    ax = error_vs_people(fitted).axes[0]
    points = ax.containers[0].lines[0]  # type: ignore[attr-defined]
    np.testing.assert_allclose(np.asarray(points.get_xdata(), float), [2, 4, 8, 12])
    np.testing.assert_allclose(
        np.asarray(points.get_ydata(), float), 1 + 4 / np.array([2, 4, 8, 12])
    )
    assert max(float(line.get_xdata()[-1]) for line in ax.lines) == pytest.approx(60)


def test_without_a_forecast_there_are_points_alone() -> None:
    few = fit_people_laws(*tables(lambda people, *_: 1 + 4 / people, sizes=(4,)))
    (ax,) = error_vs_people(few).axes
    assert len(ax.containers) == 1
    assert not ax.collections[1:]
