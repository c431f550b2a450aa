"""Figures of the error over what a student costs: work and time, and the Pareto front."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from ppgkd.evaluation.costs import COSTS
from ppgkd.evaluation.pareto import pareto_front
from ppgkd.evaluation.recommendation import Gates
from ppgkd.report.figures.chart import Chart, Panel
from ppgkd.report.figures.layers import (
    HEIGHT,
    NO_LINES,
    RIGHT,
    Named,
    Rows,
    dashes_of,
    data,
    error_axis,
    named_bound,
    named_lines,
    points,
    recommended_at,
    size_axis,
    wide_domain,
)
from ppgkd.report.figures.looks import SOFT
from ppgkd.report.figures.student_points import (
    error_lines,
    family_switch,
    strategy_switch,
    student_points,
)


def error_vs_cost(gated: pd.DataFrame, laws: Sequence[Mapping[str, Any]], gates: Gates) -> Chart:
    """MAE against the MACs of one window, with the laws in them, and against the latency."""
    rows, switch = student_points(gated), strategy_switch(gated)
    lines = error_lines(gated, gates)
    curves = _curves_in_macs(laws)
    panels = []
    for column, title, bound in (
        ("macs", "multiply-accumulates of one window", gates.max_macs),
        ("latency_p99_ms", "p99 latency (ms)", gates.max_latency_ms),
    ):
        domain = wide_domain([*gated[column]])
        named = _named(gated, rows, lines, column, domain)
        layers = [*named.lines, *_bound(bound, domain).lines]
        if column == "macs" and curves:
            line = alt.Chart(data(curves)).mark_line(strokeWidth=1.4, clip=True)
            x = size_axis("law_macs", title, domain)
            layers.append(line.encode(x=x, y=_error("law_mae_bpm"), **dashes_of(switch)))
        layers += [*named.names, *_bound(bound, domain).names]
        layers += points(rows, switch, size_axis(column, title, domain), _error("mae_bpm"))
        panels.append(Panel(alt.layer(*layers, width=440, height=HEIGHT)))
    return Chart(panels, 2, [switch, *family_switch([*gated["family"]])], {"laws": bool(curves)})


def pareto(gated: pd.DataFrame, gates: Gates) -> Chart:
    """Cost and error of every student, and the Pareto front of the two."""
    rows, switch = student_points(gated), strategy_switch(gated)
    front = gated[pareto_front(gated)].sort_values(["cost", "mae_bpm"], kind="stable")
    domain = wide_domain([*gated["cost"]])
    title = f"{COSTS[gates.cost]}, from raw samples to BPM"
    steps = [
        {"front_cost": float(cost), "front_mae_bpm": float(mae_bpm)}
        for cost, mae_bpm in zip(front["cost"], front["mae_bpm"], strict=True)
    ]
    steps.append({"front_cost": domain[1], "front_mae_bpm": steps[-1]["front_mae_bpm"]})
    # no other student is below the front: it goes on to the right before it falls
    line = alt.Chart(data(steps)).mark_line(
        color=SOFT, strokeWidth=5, opacity=0.35, interpolate="step-after", clip=True
    )
    named = _named(gated, rows, error_lines(gated, gates), "cost", domain)
    bound = _bound(gates.bounds.get(gates.cost), domain)
    both = Named([*named.lines, *bound.lines], [*named.names, *bound.names])
    x, y = size_axis("cost", title, domain), _error("mae_bpm")
    layers = [
        line.encode(x=size_axis("front_cost", title, domain), y=_error("front_mae_bpm")),
        *both.lines,
        *both.names,
        *points(rows, switch, x, y),
    ]
    return Chart(
        [Panel(alt.layer(*layers, width=680, height=320))],
        switches=[switch, *family_switch([*gated["family"]])],
        facts={"front": len(front)},
    )


def _error(column: str) -> alt.Y:
    return error_axis(column)


def _named(
    gated: pd.DataFrame,
    rows: Rows,
    lines: Mapping[str, tuple[float, tuple[int, ...]]],
    column: str,
    domain: tuple[float, float],
) -> Named:
    """Lines across a panel, with names where the word at the recommended point is not."""
    top = max(gated["mae_bpm"].max(), *(value for value, _ in lines.values()))
    at = recommended_at(rows, column, domain)
    return named_lines(lines, float(top), left=at is not None and at > RIGHT)


def _bound(value: float | None, domain: tuple[float, float]) -> Named:
    """A gate on a cost, where the axis reaches it."""
    if value is None or not domain[0] <= value <= domain[1]:
        return NO_LINES
    return named_bound(value, f"gate {value:,g}")


def _curves_in_macs(laws: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            **{name: law[name] for name in ("strategy", "family", "teacher")},
            "law_macs": float(f"{macs:.5g}"),
            "law_mae_bpm": float(f"{mae_bpm:.5g}"),
        }
        for law in laws
        if (found := law.get("others", {}).get("macs")) and found["status"]["converged"]
        for macs, mae_bpm in zip(found["curve"]["macs"], found["curve"]["mae_bpm"], strict=True)
    ]
