"""Figures of the fits: residuals of laws and mixed model, and the law of both sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from ppgkd.report import numbers
from ppgkd.report.figures.chart import Chart, Panel
from ppgkd.report.figures.layers import (
    HEIGHT,
    POINT_AREA,
    SIGNED,
    Rows,
    data,
    haloed,
    line,
    looks_of,
    size_axis,
    wide_domain,
)
from ppgkd.report.figures.looks import FAINT, LOOKS, PAPER, STRONG
from ppgkd.report.figures.student_points import (
    family_switch,
    parameter_domain,
    strategy_switch,
    student_points,
)
from ppgkd.report.names import student_name
from ppgkd.report.rows import row_id
from ppgkd.scaling import JointLaw, Law
from ppgkd.strategies.labels import strategy_label

GRID = 24
"""Tiles of the law's map across and up."""


def residuals(
    gated: pd.DataFrame, laws: Sequence[Mapping[str, Any]], effects: Mapping[str, Any]
) -> Chart | None:
    """Residuals of the students from their laws, and of the mixed model; None without either."""
    panels, switches = [], []
    rows = _residuals(gated, laws)
    if rows:
        lawful = pd.DataFrame(rows)
        switch = strategy_switch(lawful)
        switches = [switch, *family_switch([*lawful["family"]])]
        panels.append(_law_panel(rows, gated, switches))
    if "checks" in effects:
        panels.append(_quantile_panel(effects["checks"]["quantiles"]))
    facts = {"laws": bool(rows), "mixed_model": "checks" in effects}
    return Chart(panels, 2, switches, facts) if panels else None


def _law_panel(rows: Rows, gated: pd.DataFrame, switches: Sequence[Any]) -> Panel:
    y = alt.Y("residual_percent:Q", title="residual from the law (%)", axis=SIGNED)
    marks = alt.Chart(data(rows)).mark_point(filled=True, opacity=1, size=POINT_AREA)
    x = size_axis("params", "parameters", parameter_domain(gated))
    zero = line(alt.Chart(data([{"at": 0}])).encode(y="at:Q"))
    view = alt.layer(
        zero,
        marks.encode(x=x, y=y, **looks_of(switches[0])),
        title=alt.Title("Scaling laws"),
        width=440,
        height=HEIGHT,
    )
    return Panel(view)


def _quantile_panel(quantiles: Mapping[str, Sequence[float]]) -> Panel:
    rows = [
        {
            "normal": round(normal, 4),
            "residual": round(residual, 4),
            "name": "quantile of the mixed model's residuals",
            "facts": [
                ["normal distribution", numbers.signed(normal)],
                ["residuals", numbers.signed(residual)],
            ],
        }
        for normal, residual in zip(quantiles["normal"], quantiles["residual"], strict=True)
    ]
    axis = alt.Axis(labelExpr=SIGNED["labelExpr"], tickCount=5)
    x = alt.X("normal:Q", title="quantile of the normal distribution", axis=axis)
    y = alt.Y("residual:Q", title="quantile of the residuals", axis=SIGNED)
    ends = [min(quantiles["normal"]), max(quantiles["normal"])]
    same = alt.Chart(data([{"normal": end, "residual": end} for end in ends]))
    marks = alt.Chart(data(rows)).mark_point(filled=True, opacity=1, size=22)
    view = alt.layer(
        same.mark_line(color=LOOKS[0].colour, strokeWidth=1).encode(x=x, y=y),
        marks.encode(x=x, y=y, color=alt.value(LOOKS[2].colour)),
        title=alt.Title("Mixed model"),
        width=440,
        height=HEIGHT,
    )
    return Panel(view)


def _residuals(gated: pd.DataFrame, laws: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Difference of each student from the law that was selected for it."""
    rows = []
    for law in laws:
        if "chosen" not in law:
            continue
        expected = Law.from_dict(law["forms"][law["chosen"]]["law"]).predict(law["sizes"]).mean
        key = {name: law[name] for name in ("strategy", "teacher", "family")}
        own = gated[(gated[[*key]] == [*key.values()]).all(axis=1)]
        for params, mae_bpm, law_bpm in zip(law["sizes"], law["mae_bpm"], expected, strict=True):
            student = next(iter(own.loc[own["params"] == params, "student"]), f"{params:,.0f}")
            off_percent = 100 * (mae_bpm / law_bpm - 1)
            rows.append(
                {
                    **key,
                    "name": student_name({**key, "student": student}),
                    "row": row_id("student", key["strategy"], key["teacher"], student),
                    "params": params,
                    "residual_percent": round(float(off_percent), 3),
                    "facts": [
                        ["MAE", f"{numbers.bpm(mae_bpm)} BPM"],
                        ["law", f"{numbers.bpm(law_bpm)} BPM"],
                        ["residual", f"{numbers.signed(off_percent, 0)} %"],
                        ["parameters", numbers.count(params)],
                    ],
                }
            )
    return rows


def teacher_student(gated: pd.DataFrame, joint: Sequence[Mapping[str, Any]]) -> Chart | None:
    """Map of the error over the sizes of teacher and student, a panel for each strategy.

    None with one size of teacher alone, where there is nothing to map.
    """
    taught = gated.dropna(subset=["teacher_params"])
    if taught["teacher_params"].nunique() < 2:
        return None
    panels = list(dict.fromkeys(taught[["family", "strategy"]].itertuples(index=False, name=None)))
    rows = student_points(gated)
    scale = alt.Scale(
        domain=[float(taught["mae_bpm"].min()), float(taught["mae_bpm"].max())],
        range=[FAINT, STRONG],
        clamp=True,
    )
    drawn, with_law = [], False
    for family, strategy in panels:
        part = taught[(taught["family"] == family) & (taught["strategy"] == strategy)]
        law = _additive_law(joint, family, strategy)
        with_law = with_law or law is not None
        drawn.append(_map_panel(rows, part, law, scale))
    return Chart(drawn, min(len(panels), 2), [], {"law": with_law})


def _additive_law(
    joint: Sequence[Mapping[str, Any]], family: str, strategy: str
) -> JointLaw | None:
    for one in joint:
        ours = one["form"] == "additive" and (one["strategy"], one["family"]) == (strategy, family)
        if ours and "law" in one and one["status"]["converged"]:
            return JointLaw.from_dict(one["law"])
    return None


def _map_panel(rows: Rows, part: pd.DataFrame, law: JointLaw | None, scale: alt.Scale) -> Panel:
    students = wide_domain([*part["params"]], 1.6)
    teachers = wide_domain([*part["teacher_params"].astype(float)], 2)
    x = size_axis("params", "parameters of the student", students)
    family, strategy = part[["family", "strategy"]].iloc[0]
    y = size_axis("teacher_params", "parameters of the teacher", teachers)
    up = alt.Y("teacher_params:Q", title=y["title"], axis=alt.Axis(format="~s"), scale=y["scale"])
    colour = alt.Color("mae_bpm:Q", scale=scale, legend=alt.Legend(title="test MAE (BPM)"))
    base = alt.Chart(data(rows))
    for field, value in (("family", family), ("strategy", strategy)):
        base = base.transform_filter(alt.FieldEqualPredicate(field=field, equal=value))
    base = base.encode(x=x, y=up)
    layers = [] if law is None else [_surface(law, students, teachers, colour)]
    marks = base.mark_point(
        filled=True, shape="square", size=260, opacity=1, stroke=PAPER, strokeWidth=1.5
    )
    layers.append(marks.encode(color=colour))
    number = haloed(
        base.encode(text=alt.Text("mae_bpm:Q", format=".2f")), {"dy": -17, "fontSize": 12}
    )
    title = alt.Title(f"{family} students", subtitle=strategy_label(str(strategy)))
    view = alt.layer(*layers, *number, title=title, width=440, height=HEIGHT)
    return Panel(view, {"family": str(family), "strategy": str(strategy)})


def _surface(
    law: JointLaw,
    students: tuple[float, float],
    teachers: tuple[float, float],
    colour: alt.Color,
) -> alt.Chart:
    """What the law predicts, as tiles."""
    s, t = (np.geomspace(*ends, GRID + 1) for ends in (students, teachers))
    across, up = np.meshgrid(np.sqrt(s[:-1] * s[1:]), np.sqrt(t[:-1] * t[1:]))
    mae_bpm = law.predict(student=across.ravel(), teacher=up.ravel()).mean
    tiles = [
        {
            "left": float(f"{s[at % GRID]:.5g}"),
            "right": float(f"{s[at % GRID + 1]:.5g}"),
            "lower": float(f"{t[at // GRID]:.5g}"),
            "upper": float(f"{t[at // GRID + 1]:.5g}"),
            "mae_bpm": round(float(value), 3),
        }
        for at, value in enumerate(mae_bpm)
    ]
    tile = alt.Chart(data(tiles)).mark_rect(clip=True)
    # an outline in its colour, so that no seams show between the tiles
    edge = alt.Stroke("mae_bpm:Q", scale=colour["scale"], legend=None)
    drawn: alt.Chart = tile.encode(
        x="left:Q", x2="right", y="lower:Q", y2="upper", color=colour, stroke=edge
    )
    return drawn
