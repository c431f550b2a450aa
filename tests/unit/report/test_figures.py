"""The figures: the Pareto front by brute force, and what is drawn."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ppgkd.evaluation.recommendation import Gates, apply_gates, recommend
from ppgkd.evaluation.summary import summarise_students
from ppgkd.report.figures import (
    DASHES,
    STRATEGIES,
    draw_figures,
    error_vs_cost,
    error_vs_size,
    gain_over_scratch,
    pareto,
    pareto_front,
    residuals,
    teacher_student,
)
from ppgkd.scaling import fit_joint_law, fit_law

Sweep = Callable[..., tuple[pd.DataFrame, pd.DataFrame]]

GATES = Gates(min_reduction=0.8, max_latency_ms=15.0, max_mae_bpm=2.5)
NAMES = (
    "error_vs_size",
    "error_vs_cost",
    "gain_over_scratch",
    "pareto",
    "residuals",
    "teacher_student",
)
EFFECTS = {"checks": {"quantiles": {"normal": [-1.0, 0.0, 1.0], "residual": [-1.1, 0.1, 0.9]}}}
LEVEL_BPM = [1.0, 2.0, 6.0]
GAIN_BPM = {"scratch": 0.0, "hard": -0.5, "soft": 0.25, "dkd": 0.5, "feature": 0.125}


def law(strategy: str, teacher: str = "spectral_resnet-50000") -> dict[str, Any]:
    curve = {
        "params": [1_000.0, 2_000.0, 4_000.0],
        "mae_bpm": [4.0, 3.5, 3.25],
        "lower_bpm": [3.5, 3.0, 2.75],
        "upper_bpm": [4.5, 4.0, 3.75],
    }
    return {"strategy": strategy, "teacher": teacher, "family": "spectral_resnet", "curve": curve}


@pytest.fixture
def students(sweep: Sweep) -> pd.DataFrame:
    return summarise_students(
        *sweep(
            lambda strategy, p, k, who: LEVEL_BPM[who] - GAIN_BPM[strategy] + 1_000 / p,
            strategies=tuple(GAIN_BPM),
        )
    )


def titles(figure: Figure) -> list[str]:
    return [ax.get_title() for ax in figure.axes if ax.axison]


def points(ax: Axes) -> dict[str, tuple[list[float], list[float]]]:
    """Sizes and heights of the markers of each strategy."""
    found = {}
    for container in ax.containers:
        line = container.lines[0]  # type: ignore[attr-defined]
        found[str(container.get_label())] = (list(line.get_xdata()), list(line.get_ydata()))
    return found


def beaten(one: tuple[float, ...], others: list[tuple[float, ...]]) -> bool:
    return any(
        other != one and all(o <= mine for o, mine in zip(other, one, strict=True))
        for other in others
    )


@pytest.mark.parametrize("rng_seed", range(5))
def test_the_front_is_who_no_other_beats_in_cost_and_error(rng_seed: int) -> None:
    rng = np.random.default_rng(rng_seed)
    cost = rng.integers(0, 20, size=(60, 2)).astype(float)  # coarse, so that there are ties
    table = pd.DataFrame(cost, columns=["cost", "mae_bpm"])
    rows = [tuple(row) for row in cost]
    expected = [not beaten(row, rows) for row in rows]
    assert pareto_front(table).tolist() == expected
    assert 0 < sum(expected) < 60


def test_students_that_are_equal_in_everything_share_the_front() -> None:
    table = pd.DataFrame({"cost": [5, 5, 9], "mae_bpm": [2, 2, 2]})
    assert pareto_front(table).tolist() == [True, True, False]


def test_the_best_in_one_respect_is_on_the_front_however_bad_in_the_other() -> None:
    table = pd.DataFrame({"cost": [1, 9, 9], "mae_bpm": [90, 2, 3]})
    assert pareto_front(table).tolist() == [True, True, False]


@pytest.mark.parametrize("best", [0, 3, 7])
def test_the_label_of_the_recommended_student_leaves_the_axes_their_room(
    students: pd.DataFrame, best: int
) -> None:
    table = students.head(8).assign(
        params=100, macs=np.geomspace(1_000, 9_000, 8), val_mae_bpm=3.0, teacher_params=60_000
    )
    table.loc[table.index[best], "val_mae_bpm"] = 1.0
    gated = apply_gates(table, GATES)
    assert recommend(gated)["macs"] == table["macs"].iloc[best]
    figure = pareto(gated, "multiply-accumulates")
    figure.draw_without_rendering()
    axes = figure.axes[0]
    assert axes.get_position().width > 0.7
    label = next(
        text for text in axes.texts if "recommended" in text.get_text()
    ).get_window_extent()
    assert 0 < label.x0 < label.x1 < figure.bbox.width
    assert label.y1 < figure.bbox.height


def draw(students: pd.DataFrame, laws: list[dict[str, Any]], folder: Path) -> dict[str, bytes]:
    paths = {name: folder / f"{name}.svg" for name in NAMES}
    draw_figures(students, {"laws": laws, "joint": []}, EFFECTS, GATES, paths)
    return {name: path.read_bytes() for name, path in paths.items()}


def test_figures_drawn_twice_are_the_same_byte_for_byte(
    students: pd.DataFrame, tmp_path: Path
) -> None:
    laws = [law("soft")]
    assert draw(students, laws, tmp_path / "one") == draw(students, laws, tmp_path / "two")


def test_figures_are_sound_svg_that_loads_nothing(students: pd.DataFrame, tmp_path: Path) -> None:
    for content in draw(students, [law("soft")], tmp_path).values():
        root = ElementTree.fromstring(content)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        for element in root.iter():
            for name, value in element.attrib.items():
                assert not name.endswith("href") or value.startswith(("#", "data:"))


def test_words_in_figures_stay_words(students: pd.DataFrame, tmp_path: Path) -> None:
    drawn = draw(students, [], tmp_path)
    for name in ("error_vs_size", "gain_over_scratch"):
        text = " ".join(ElementTree.fromstring(drawn[name]).itertext())
        for strategy in ("hard", "soft", "dkd", "feature"):
            assert strategy in text
    words = " ".join(" ".join(ElementTree.fromstring(drawn["pareto"]).itertext()).split())
    assert "recommended: spectral_resnet-" in words


def test_every_student_is_a_point_at_its_error(students: pd.DataFrame) -> None:
    figure = error_vs_size(students, [], GATES)
    assert titles(figure) == ["spectral_resnet students, teacher spectral_resnet-50000"]
    found = points(figure.axes[0])
    assert set(found) == set(GAIN_BPM)
    for strategy, (sizes, errors) in found.items():
        rows = students[students["strategy"] == strategy].sort_values("params")
        np.testing.assert_allclose(sizes, rows["params"], rtol=0.06)  # moved apart a little
        np.testing.assert_allclose(errors, rows["mae_bpm"])


def test_the_gate_is_a_line_across(students: pd.DataFrame) -> None:
    (ax,) = error_vs_size(students, [], GATES).axes
    heights = [set(line.get_ydata()) for line in ax.lines if len(line.get_xdata()) == 2]
    assert {2.5} in heights
    assert any("gate 2.5 BPM" in text.get_text() for text in ax.texts)


def test_error_starts_at_zero_and_size_is_logarithmic(students: pd.DataFrame) -> None:
    (ax,) = error_vs_size(students, [], GATES).axes
    assert ax.get_ylim()[0] == 0
    assert ax.get_xscale() == "log"


def test_a_fitted_law_is_drawn_as_a_curve_and_one_without_is_left_out(
    students: pd.DataFrame,
) -> None:
    reason = {
        "strategy": "dkd",
        "teacher": "spectral_resnet-50000",
        "family": "spectral_resnet",
        "reason": "few",
    }
    plain, drawn = (error_vs_size(students, laws, GATES) for laws in ([], [law("soft"), reason]))
    curves = [line for line in drawn.axes[0].lines if len(line.get_xdata()) == 3]
    assert len(drawn.axes[0].lines) == len(plain.axes[0].lines) + 1
    assert [list(curve.get_ydata()) for curve in curves] == [[4.0, 3.5, 3.25]]


def test_every_family_and_teacher_has_a_panel_that_shows_scratch_too(sweep: Sweep) -> None:
    students = summarise_students(
        *sweep(
            lambda strategy, p, k, who: LEVEL_BPM[who],
            teachers=("spectral_resnet-50000", "spectral_resnet-90000"),
            students=[
                ("spectral_resnet", 1_000),
                ("spectral_resnet", 4_000),
                ("spectral_mlp", 4_000),
            ],
        )
    )
    laws = [law("scratch", "none"), law("soft", "spectral_resnet-90000")]
    figure = error_vs_size(students, laws, GATES)
    assert sorted(titles(figure)) == [
        f"{family} students, teacher spectral_resnet-{size}"
        for family in ("spectral_mlp", "spectral_resnet")
        for size in (50_000, 90_000)
    ]
    curves = {}
    for ax in figure.axes:
        assert set(points(ax)) == {"scratch", "soft"}
        curves[ax.get_title()] = sum(len(line.get_xdata()) == 3 for line in ax.lines)
    assert curves == {
        "spectral_resnet students, teacher spectral_resnet-50000": 1,
        "spectral_resnet students, teacher spectral_resnet-90000": 2,
        "spectral_mlp students, teacher spectral_resnet-50000": 0,
        "spectral_mlp students, teacher spectral_resnet-90000": 0,
    }


def test_the_gain_over_scratch_is_above_zero_where_distilling_helps(
    students: pd.DataFrame,
) -> None:
    (ax,) = gain_over_scratch(students).axes
    found = points(ax)
    assert "scratch" not in found
    for strategy, (_, gains) in found.items():
        np.testing.assert_allclose(gains, GAIN_BPM[strategy])


@pytest.mark.parametrize("strategies", [("scratch",), ("soft",), ("soft", "dkd")])
def test_a_study_of_few_strategies_has_its_figures_too(
    strategies: tuple[str, ...], sweep: Sweep, tmp_path: Path
) -> None:
    tables = sweep(lambda s, p, k, who: LEVEL_BPM[who], strategies=strategies)
    drawn = draw(summarise_students(*tables), [], tmp_path)
    assert all(content.startswith(b"<?xml") for content in drawn.values())


def test_error_is_shown_against_work_and_time(students: pd.DataFrame) -> None:
    work, time = error_vs_cost(students, []).axes
    for ax, column in ((work, "macs"), (time, "latency_p99_ms")):
        for line in ax.lines:
            rows = students[students["strategy"] == line.get_label()].sort_values("params")
            np.testing.assert_allclose(np.asarray(line.get_xdata()), rows[column])
            np.testing.assert_allclose(np.asarray(line.get_ydata()), rows["mae_bpm"])


def test_a_law_in_work_is_drawn_among_the_students_that_it_was_fitted_to(
    students: pd.DataFrame,
) -> None:
    curve = {"macs": [1e4, 1e5], "mae_bpm": [3.0, 2.0]}
    law = {"strategy": "soft", "others": {"macs": {"curve": curve, "status": {"converged": True}}}}
    work, time = error_vs_cost(students, [law, {"strategy": "dkd", "reason": "none"}]).axes
    assert len(work.lines) == len(time.lines) + 1
    np.testing.assert_allclose(work.lines[0].get_xydata(), [[1e4, 3.0], [1e5, 2.0]])


def test_residuals_are_shown_in_percent_of_the_law() -> None:
    sizes = [300, 900, 2_000, 4_000, 8_000]
    fitted = fit_law("constant", sizes, [2.0, 2.0, 2.2, 2.0, 2.0])
    one = {
        "strategy": "soft",
        "sizes": sizes,
        "mae_bpm": [2.0, 2.0, 2.2, 2.0, 2.0],
        "chosen": "constant",
        "forms": {"constant": {"law": fitted.to_dict()}},
    }
    left, right = residuals([one, {"strategy": "dkd", "reason": "few"}], EFFECTS).axes
    off = 100 * (np.array(one["mae_bpm"]) / fitted.parameters["E"] - 1)
    np.testing.assert_allclose(np.asarray(left.lines[0].get_ydata()), off)
    np.testing.assert_allclose(np.asarray(right.lines[0].get_ydata()), [-1.1, 0.1, 0.9])


def test_the_map_has_a_panel_for_each_strategy_and_a_mark_for_each_pair(sweep: Sweep) -> None:
    tables = sweep(
        lambda strategy, p, k, who: LEVEL_BPM[who] + 1_000 / p,
        strategies=("scratch", "soft", "dkd"),
        teachers=("spectral_resnet-50000", "spectral_resnet-90000"),
    )
    sizes = np.tile([500.0, 1_000, 2_000, 4_000], 2)
    law = fit_joint_law(
        "additive", 2 + 60 * sizes**-0.6, student=sizes, teacher=np.repeat([5e4, 9e4], 4)
    )
    joint = [
        {
            "strategy": "soft",
            "family": "spectral_resnet",
            "form": "additive",
            "status": {"converged": True},
            "law": law.to_dict(),
        },
        {"strategy": "dkd", "family": "spectral_resnet", "form": "capacity_gap", "reason": "none"},
    ]
    figure = teacher_student(summarise_students(*tables), joint)
    panels = [ax for ax in figure.axes if "students" in ax.get_title()]
    assert [ax.get_title() for ax in panels] == [
        "soft, spectral_resnet students",
        "dkd, spectral_resnet students",
    ]
    for ax in panels:
        marks = np.asarray(ax.collections[-1].get_offsets())
        assert sorted(map(tuple, marks.tolist())) == sorted(
            (student, teacher) for student in (1_000, 4_000) for teacher in (50_000, 90_000)
        )


def test_the_curves_of_the_strategies_differ_in_grey() -> None:
    assert set(DASHES) == set(STRATEGIES)
    assert len({str(dashes) for dashes in DASHES.values()}) == len(STRATEGIES)
