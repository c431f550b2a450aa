"""The figures of the results: what their points, lines and panels are."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.unit.report.spec_of import Drawn, elements

from ppgkd.evaluation.recommendation import Gates, apply_gates, recommend
from ppgkd.evaluation.summary import summarise_students
from ppgkd.report.figures.costs import error_vs_cost, pareto
from ppgkd.report.figures.laws import residuals, teacher_student
from ppgkd.report.figures.sizes import error_vs_size, gain_over_scratch
from ppgkd.report.figures.study import draw_figures
from ppgkd.report.rows import row_id
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
KEY = ["strategy", "teacher", "student"]


def law(strategy: str, teacher: str = "spectral_resnet-50000") -> dict[str, Any]:
    curve = {
        "params": [1_000.0, 2_000.0, 4_000.0],
        "mae_bpm": [4.0, 3.5, 3.25],
        "lower_bpm": [3.5, 3.0, 2.75],
        "upper_bpm": [4.5, 4.0, 3.75],
    }
    return {"strategy": strategy, "teacher": teacher, "family": "spectral_resnet", "curve": curve}


def summarised(sweep: Sweep, **changes: Any) -> pd.DataFrame:
    def error_bpm(strategy: str, params: int, seed: int, who: int) -> float:
        return LEVEL_BPM[who] - GAIN_BPM[strategy] + 1_000 / params

    tables = sweep(error_bpm, **{"strategies": tuple(GAIN_BPM), **changes})
    return apply_gates(summarise_students(*tables), GATES)


@pytest.fixture
def gated(sweep: Sweep) -> pd.DataFrame:
    return summarised(sweep)


def of_table(gated: pd.DataFrame, column: str) -> dict[tuple[str, ...], float]:
    return {tuple(row[KEY]): row[column] for _, row in gated.iterrows()}


def of_points(rows: list[dict[str, Any]], column: str) -> dict[tuple[str, ...], float]:
    return {tuple(row[name] for name in KEY): row[column] for row in rows}


def draw(gated: pd.DataFrame, laws: list[dict[str, Any]], folder: Path) -> dict[str, bytes]:
    specs = {name: folder / f"{name}.json" for name in NAMES}
    draw_figures(gated, {"laws": laws, "joint": []}, EFFECTS, GATES, specs, n_people=5)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_figures_drawn_twice_are_the_same_byte_for_byte(
    gated: pd.DataFrame, tmp_path: Path
) -> None:
    laws = [law("soft")]
    first, again = (draw(gated, laws, tmp_path / name) for name in ("one", "two"))
    assert set(first) == {f"{name}.{kind}" for name in NAMES for kind in ("json", "svg")}
    assert first == again


def test_figures_are_sound_svg_that_loads_nothing(gated: pd.DataFrame, tmp_path: Path) -> None:
    for name, content in draw(gated, [law("soft")], tmp_path).items():
        if name.endswith(".svg"):
            for element in elements(content.decode()):
                for attribute, value in element.attrib.items():
                    assert not attribute.endswith("href") or value.startswith("#")


def test_a_figure_with_nothing_to_show_is_null_and_its_picture_says_so(
    gated: pd.DataFrame, tmp_path: Path
) -> None:
    drawn = draw(gated, [], tmp_path)
    assert json.loads(drawn["teacher_student.json"]) is None, "there is one teacher alone"
    assert b"nothing to show" in drawn["teacher_student.svg"]


def test_the_picture_for_print_has_the_labels(gated: pd.DataFrame) -> None:
    text = Drawn(error_vs_size(gated, [], GATES)).text()
    for word in ("from scratch", "hard targets", "parameters", "test MAE (BPM)", "recommended"):
        assert word in text
    assert "gate 2.5 BPM" in text


def test_every_student_is_a_point_at_its_error_and_interval(gated: pd.DataFrame) -> None:
    drawn = Drawn(error_vs_size(gated, [], GATES))
    assert drawn.titles() == [("spectral_resnet students", "teacher spectral_resnet-50000")]
    for column in ("mae_bpm", "mae_lower_bpm", "mae_upper_bpm"):
        assert of_points(drawn.points(), column) == pytest.approx(of_table(gated, column))
    (interval,) = (layer for layer in drawn.layers(0, "rule") if "y2" in layer["encoding"])
    assert interval["encoding"]["y"]["field"] == "mae_lower_bpm"
    assert interval["encoding"]["y2"]["field"] == "mae_upper_bpm"


def test_points_say_what_they_are_and_where_their_row_is(gated: pd.DataFrame) -> None:
    (found,) = (
        row
        for row in Drawn(error_vs_size(gated, [], GATES)).points()
        if row["strategy"] == "dkd" and row["params"] == 4_000
    )
    row = gated[(gated["strategy"] == "dkd") & (gated["params"] == 4_000)].iloc[0]
    assert found["name"] == (
        "spectral_resnet-4000, decoupled distillation from spectral_resnet-50000"
    )
    assert found["row"] == row_id("student", row["strategy"], row["teacher"], row["student"])
    facts = dict(found["facts"])
    assert facts["MAE"] == (
        f"{row['mae_bpm']:.2f} BPM ({row['mae_lower_bpm']:.2f} to {row['mae_upper_bpm']:.2f})"
    )
    assert facts["parameters"] == "4,000"
    assert facts["gain over scratch"].startswith("+0.50 BPM")


def test_strategies_of_one_size_are_a_little_apart(gated: pd.DataFrame) -> None:
    rows = Drawn(error_vs_size(gated, [], GATES)).points()
    places = [row["params_apart"] for row in rows if row["params"] == 4_000]
    assert len(set(places)) == len(GAIN_BPM)
    np.testing.assert_allclose(places, 4_000, rtol=0.1)


@pytest.mark.parametrize("draw_one", ["size", "cost", "pareto"])
def test_the_recommended_student_alone_is_marked(gated: pd.DataFrame, draw_one: str) -> None:
    chart = {
        "size": error_vs_size(gated, [], GATES),
        "cost": error_vs_cost(gated, [], GATES),
        "pareto": pareto(gated, GATES),
    }[draw_one]
    drawn, chosen = Drawn(chart), recommend(gated)
    for panel in range(len(drawn.panels)):
        (ring,) = (layer for layer in drawn.layers(panel, "point") if not layer["mark"]["filled"])
        (row,) = drawn.rows(panel, ring)
        assert [row[name] for name in KEY] == [*chosen[KEY]]
        assert "recommended" in drawn.words(panel)


def test_gate_and_teacher_are_lines_with_their_names(gated: pd.DataFrame) -> None:
    taught = gated.assign(teacher_mae_bpm=1.75)
    drawn = Drawn(error_vs_size(taught, [], GATES))
    heights = [
        row["at"]
        for layer in drawn.layers(0, "rule")
        for row in drawn.rows(0, layer)
        if "at" in row
    ]
    assert sorted(heights) == [1.75, 2.5]
    assert {"gate 2.5 BPM", "teacher"} <= set(drawn.words())


def test_error_starts_at_zero_and_size_is_logarithmic(gated: pd.DataFrame) -> None:
    for layer in Drawn(error_vs_size(gated, [], GATES)).layers(0, "point"):
        assert layer["encoding"]["y"]["scale"]["domain"][0] == 0
        assert layer["encoding"]["x"]["scale"]["type"] == "log"


def test_panels_have_the_same_range_unless_they_are_very_unlike(sweep: Sweep) -> None:
    students = [("spectral_resnet", 1_000), ("spectral_mlp", 1_000)]
    like = summarised(sweep, students=students)
    factor = np.where(like["family"] == "spectral_mlp", 5.0, 1.0)
    columns = ["mae_bpm", "mae_lower_bpm", "mae_upper_bpm"]
    unlike = like.assign(**{column: like[column] * factor for column in columns})
    for table, same in ((like, True), (unlike, False)):
        drawn = Drawn(error_vs_size(table, [], GATES))
        tops = {
            drawn.layers(panel, "point")[0]["encoding"]["y"]["scale"]["domain"][1]
            for panel in (0, 1)
        }
        assert (len(tops) == 1) == drawn.facts["same_range"] == same


def test_a_fitted_law_is_drawn_with_its_band_and_one_without_is_left_out(
    gated: pd.DataFrame,
) -> None:
    none = {**law("dkd"), "reason": "few"}
    del none["curve"]
    drawn = Drawn(error_vs_size(gated, [law("soft"), none], GATES))
    assert drawn.facts["laws"]
    (line,) = drawn.layers(0, "line")
    assert [row["law_mae_bpm"] for row in drawn.rows(0, line)] == [4.0, 3.5, 3.25]
    (band,) = drawn.layers(0, "area")
    assert [row["law_lower_bpm"] for row in drawn.rows(0, band)] == [3.5, 3.0, 2.75]
    without = Drawn(error_vs_size(gated, [none], GATES))
    assert not without.facts["laws"]
    assert not without.layers(0, "line") + without.layers(0, "area")


def test_every_family_and_teacher_has_a_panel_that_shows_scratch_too(sweep: Sweep) -> None:
    gated = summarised(
        sweep,
        strategies=("scratch", "soft"),
        teachers=("spectral_resnet-50000", "spectral_resnet-90000"),
        students=[("spectral_resnet", 1_000), ("spectral_resnet", 4_000), ("spectral_mlp", 4_000)],
    )
    laws = [law("scratch", "none"), law("soft", "spectral_resnet-90000")]
    drawn = Drawn(error_vs_size(gated, laws, GATES))
    assert sorted(drawn.titles()) == [
        (f"{family} students", f"teacher spectral_resnet-{size}")
        for family in ("spectral_mlp", "spectral_resnet")
        for size in (50_000, 90_000)
    ]
    curves = {}
    for panel, title in enumerate(drawn.titles()):
        assert {row["strategy"] for row in drawn.points(panel)} == {"scratch", "soft"}
        shown = [row for layer in drawn.layers(panel, "line") for row in drawn.rows(panel, layer)]
        curves[title] = {row["strategy"] for row in shown}
    assert curves == {
        ("spectral_resnet students", "teacher spectral_resnet-50000"): {"scratch"},
        ("spectral_resnet students", "teacher spectral_resnet-90000"): {"scratch", "soft"},
        ("spectral_mlp students", "teacher spectral_resnet-50000"): set(),
        ("spectral_mlp students", "teacher spectral_resnet-90000"): set(),
    }
    assert drawn.switches() == {
        "strategy": ["scratch", "soft"],
        "family": ["spectral_resnet", "spectral_mlp"],
    }


def test_the_gain_over_scratch_is_above_zero_where_distilling_helps(gated: pd.DataFrame) -> None:
    rows = Drawn(gain_over_scratch(gated)).points()
    assert {row["strategy"] for row in rows} == set(GAIN_BPM) - {"scratch"}
    for row in rows:
        assert row["gain_bpm"] == pytest.approx(GAIN_BPM[row["strategy"]])


@pytest.mark.parametrize("strategies", [("scratch",), ("soft",)])
def test_without_pairs_there_is_no_figure_of_gains(
    strategies: tuple[str, ...], sweep: Sweep
) -> None:
    assert gain_over_scratch(summarised(sweep, strategies=strategies)) is None


@pytest.mark.parametrize("strategies", [("scratch",), ("soft",), ("soft", "dkd")])
def test_a_study_of_few_strategies_has_its_figures_too(
    strategies: tuple[str, ...], sweep: Sweep, tmp_path: Path
) -> None:
    drawn = draw(summarised(sweep, strategies=strategies), [], tmp_path)
    assert len(drawn) == 2 * len(NAMES)


def test_error_is_shown_against_work_and_time(gated: pd.DataFrame) -> None:
    drawn = Drawn(error_vs_cost(gated, [], GATES))
    for panel, column in enumerate(("macs", "latency_p99_ms")):
        assert of_points(drawn.points(panel), column) == pytest.approx(of_table(gated, column))
        assert drawn.layers(panel, "point")[0]["encoding"]["x"]["field"] == column


def test_a_law_in_work_is_drawn_over_work_alone(gated: pd.DataFrame) -> None:
    curve = {"macs": [1e4, 1e5], "mae_bpm": [3.0, 2.0]}
    one = {**law("soft"), "others": {"macs": {"curve": curve, "status": {"converged": True}}}}
    drawn = Drawn(error_vs_cost(gated, [one, {"strategy": "dkd", "reason": "none"}], GATES))
    (line,) = drawn.layers(0, "line")
    shown = [(row["law_macs"], row["law_mae_bpm"]) for row in drawn.rows(0, line)]
    assert shown == [(1e4, 3.0), (1e5, 2.0)]
    assert not drawn.layers(1, "line")


def test_the_front_is_a_line_through_who_is_on_it(gated: pd.DataFrame) -> None:
    table = gated.head(4).assign(cost=[1, 2, 3, 4], mae_bpm=[5.0, 6.0, 2.0, 3.0])
    drawn = Drawn(pareto(table, GATES))
    (line,) = drawn.layers(0, "line")
    shown = [(row["front_cost"], row["front_mae_bpm"]) for row in drawn.rows(0, line)]
    assert shown[:2] == [(1, 5.0), (3, 2.0)]
    assert shown[2:] == [(pytest.approx(4 * 1.35), 2.0)], "it goes on to the right"


def test_residuals_are_shown_in_percent_of_the_law(gated: pd.DataFrame) -> None:
    sizes, errors = [300, 900, 2_000, 4_000, 8_000], [2.0, 2.0, 2.2, 2.0, 2.0]
    fitted = fit_law("constant", sizes, errors)
    one = {
        **law("soft"),
        "sizes": sizes,
        "mae_bpm": errors,
        "chosen": "constant",
        "forms": {"constant": {"law": fitted.to_dict()}},
    }
    drawn = Drawn(residuals(gated, [one, {**law("dkd"), "reason": "few"}], EFFECTS))
    off = 100 * (np.array(errors) / fitted.parameters["E"] - 1)
    shown = [row["residual_percent"] for row in drawn.points(0)]
    np.testing.assert_allclose(shown, off, atol=0.001)
    assert [row["residual"] for row in drawn.points(1)] == [-1.1, 0.1, 0.9]


def test_residuals_have_the_panels_that_there_are(gated: pd.DataFrame) -> None:
    drawn = Drawn(residuals(gated, [], EFFECTS))
    assert [title for title, _ in drawn.titles()] == ["Mixed model"]
    assert drawn.facts == {"laws": False, "mixed_model": True}
    assert residuals(gated, [], {"reason": "one test subject"}) is None


def test_the_map_has_a_panel_for_each_strategy_and_a_mark_for_each_pair(sweep: Sweep) -> None:
    gated = summarised(
        sweep,
        strategies=("scratch", "soft", "dkd"),
        teachers=("spectral_resnet-50000", "spectral_resnet-90000"),
    )
    sizes = np.tile([500.0, 1_000, 2_000, 4_000], 2)
    fitted = fit_joint_law(
        "additive", 2 + 60 * sizes**-0.6, student=sizes, teacher=np.repeat([5e4, 9e4], 4)
    )
    joint = [
        {
            "strategy": "soft",
            "family": "spectral_resnet",
            "form": "additive",
            "status": {"converged": True},
            "law": fitted.to_dict(),
        },
        {"strategy": "dkd", "family": "spectral_resnet", "form": "capacity_gap", "reason": "none"},
    ]
    drawn = Drawn(teacher_student(gated, joint))
    assert drawn.titles() == [
        ("spectral_resnet students", "soft targets"),
        ("spectral_resnet students", "decoupled distillation"),
    ]
    for panel in (0, 1):
        marks = [(row["params"], row["teacher_params"]) for row in drawn.points(panel)]
        assert sorted(marks) == [
            (student, teacher) for student in (1_000, 4_000) for teacher in (50_000, 90_000)
        ]
    assert [len(drawn.layers(panel, "rect")) for panel in (0, 1)] == [1, 0]
