"""Figures of students over their size: error, with laws and gate, and gain over scratch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from ppgkd.evaluation.recommendation import Gates
from ppgkd.report.figures.chart import Chart, Panel, Switch
from ppgkd.report.figures.layers import (
    HEIGHT,
    RIGHT,
    SIGNED,
    Named,
    Rows,
    dashes_of,
    data,
    error_axis,
    error_points,
    line,
    named_lines,
    recommended_at,
    size_axis,
)
from ppgkd.report.figures.student_points import (
    error_lines,
    family_switch,
    parameter_domain,
    strategy_switch,
    student_points,
)

WIDTHS = {1: 620, 2: 440, 3: 290}
"""Width of a panel in px by the number beside each other."""

UNLIKE = 3
"""Panels share the range of an axis unless their largest values differ by more than this factor."""


def error_vs_size(gated: pd.DataFrame, laws: Sequence[Mapping[str, Any]], gates: Gates) -> Chart:
    """MAE against parameters, one panel for each family and teacher, with the fitted laws."""
    domain = parameter_domain(gated)
    points = student_points(gated)
    curves = _curves(laws, 1.1 * gated["mae_upper_bpm"].fillna(gated["mae_bpm"]).max())
    switch = strategy_switch(gated)
    panels = panels_of(gated)
    columns = beside(len(panels))
    tops = shared_tops([_highest(gated, panel, gates) for panel in panels])
    drawn = []
    for (family, teacher), top in zip(panels, tops, strict=True):
        shown = [row for row in curves if _in_panel(row, family, teacher)]
        y = error_axis("mae_bpm", highest=top)
        taught = gated[(gated["family"] == family) & (gated["teacher"] == teacher)]
        own = _only(family, teacher)
        at = recommended_at(
            [row for row in points if all(row[key] in own[key] for key in own)],
            "params_apart",
            domain,
        )
        lines = error_lines(taught, gates)
        named = named_lines(lines, top, left=at is not None and at > RIGHT)
        x = size_axis("params_apart", "parameters", domain)
        ends = ("mae_lower_bpm", "mae_upper_bpm")
        marks = error_points(points, switch, x, y, ends, named=named, only=own)
        layers = [*_law_layers(shown, switch, domain), *marks]
        drawn.append(_panel(layers, family, teacher, columns))
    return Chart(
        drawn,
        columns=columns,
        switches=[switch, *family_switch([family for family, _ in panels])],
        facts={"laws": bool(curves), "same_range": len(set(tops)) == 1},
    )


def gain_over_scratch(gated: pd.DataFrame) -> Chart | None:
    """Gain of each strategy over the same student from scratch; None without any."""
    compared = gated[gated["gain_bpm"].notna()]
    if compared.empty:
        return None
    domain = parameter_domain(gated)
    points = student_points(gated)
    switch = strategy_switch(compared)
    panels = panels_of(compared)
    columns = beside(len(panels))
    y = alt.Y(
        "gain_bpm:Q",
        title="gain over scratch (BPM), above 0: better",
        axis=SIGNED,
        scale=alt.Scale(domain=_ends(compared), nice=True),
    )
    drawn = []
    for family, teacher in panels:
        zero = Named([line(alt.Chart(data([{"at": 0}])).encode(y="at:Q"))], [])
        x = size_axis("params_apart", "parameters", domain)
        ends = ("gain_lower_bpm", "gain_upper_bpm")
        own = _only(family, teacher)
        layers = error_points(points, switch, x, y, ends, named=zero, only=own)
        drawn.append(_panel(layers, family, teacher, columns))
    return Chart(
        drawn, columns=columns, switches=[switch, *family_switch([name for name, _ in panels])]
    )


def panels_of(students: pd.DataFrame) -> list[tuple[str, str]]:
    """Family and teacher of each panel; students from scratch are shown beside the others."""
    taught = students[students["strategy"] != "scratch"]
    table = taught if len(taught) else students
    return list(dict.fromkeys(table[["family", "teacher"]].itertuples(index=False, name=None)))


def beside(n_panels: int) -> int:
    """How many panels are beside each other where there is room."""
    return n_panels if n_panels <= 3 else 2 if n_panels == 4 else 3


def shared_tops(highest: Sequence[float]) -> list[float]:
    """Upper ends of the panels' axes: one for all, unless the panels are very unlike."""
    unlike = max(highest) > UNLIKE * min(highest)
    return list(highest) if unlike else [max(highest)] * len(highest)


def _highest(gated: pd.DataFrame, panel: tuple[str, str], gates: Gates) -> float:
    shown = gated[(gated["family"] == panel[0]) & gated["teacher"].isin([panel[1], "none"])]
    ends = shown["mae_upper_bpm"].fillna(shown["mae_bpm"])
    return float(max(ends.max(), gates.max_mae_bpm, shown["teacher_mae_bpm"].max()))


def _ends(compared: pd.DataFrame) -> list[float]:
    lower = compared["gain_lower_bpm"].fillna(compared["gain_bpm"])
    upper = compared["gain_upper_bpm"].fillna(compared["gain_bpm"])
    return [min(0.0, float(lower.min())), max(0.0, float(upper.max()))]


def _curves(laws: Sequence[Mapping[str, Any]], highest: float) -> list[dict[str, Any]]:
    """Points of the laws' curves, up to what the figure shows."""
    return [
        {
            **{name: law[name] for name in ("strategy", "family", "teacher")},
            "law_params": _rounded(params),
            **{
                f"law_{name}": _rounded(np.clip(values[at], 0, highest))
                for name, values in law["curve"].items()
                if name != "params"
            },
        }
        for law in laws
        if "curve" in law
        for at, params in enumerate(law["curve"]["params"])
    ]


def _rounded(value: float) -> float:
    """What a pixel needs."""
    return float(f"{value:.5g}")


def _law_layers(curves: Rows, switch: Switch, domain: tuple[float, float]) -> list[alt.Chart]:
    if not curves:
        return []
    base = alt.Chart(data(curves))
    x, looks = size_axis("law_params", "parameters", domain), dashes_of(switch)
    title = "test MAE (BPM)"
    line = base.mark_line(strokeWidth=1.6, clip=True)
    lines = [line.encode(x=x, y=alt.Y("law_mae_bpm:Q", title=title), **looks)]
    if "law_lower_bpm" not in curves[0]:
        return lines
    lower = alt.Y("law_lower_bpm:Q", title=title)
    band = base.mark_area(opacity=0.1, clip=True)
    return [band.encode(x=x, y=lower, y2="law_upper_bpm", color=looks["color"]), *lines]


def _in_panel(row: Mapping[str, Any], family: str, teacher: str) -> bool:
    return row["family"] == family and row["teacher"] in (teacher, "none")


def _panel(layers: Sequence[alt.Chart], family: str, teacher: str, columns: int) -> Panel:
    subtitle = "no teacher" if teacher == "none" else f"teacher {teacher}"
    title = alt.Title(f"{family} students", subtitle=subtitle)
    view = alt.layer(*layers, title=title, width=WIDTHS[columns], height=HEIGHT)
    return Panel(view, {"family": family})


def _only(family: str, teacher: str) -> dict[str, list[str]]:
    return {"family": [family], "teacher": [teacher, "none"]}
