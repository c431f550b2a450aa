"""Figure of the error over the number of training people, with its forecast for more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from ppgkd.report import numbers
from ppgkd.report.figures.chart import Chart, Panel, Switch, write_figure
from ppgkd.report.figures.layers import (
    HEIGHT,
    Layers,
    Rows,
    dashes_of,
    data,
    error_axis,
    error_points,
)
from ppgkd.report.figures.sizes import WIDTHS, beside
from ppgkd.report.figures.student_points import APART, interval_bpm, records, strategy_switch
from ppgkd.report.intervals import of_people
from ppgkd.report.names import student_name
from ppgkd.report.rows import row_id

KEY = ["strategy", "teacher", "student"]


def draw_people_figure(fitted: Mapping[str, Any], spec: str | Path, n_people: int) -> None:
    """Draw the figure as Vega-Lite and as SVG.

    Parameters
    ----------
    fitted
        Of `ppgkd.scaling.people.fit_people_laws`.
    spec
        Vega-Lite file to write; the SVG is beside it.
    n_people
        Number of test people; intervals over few are left out: `ppgkd.report.intervals`.
    """
    write_figure(error_vs_people(of_people(fitted, n_people, {})), spec)


def error_vs_people(fitted: Mapping[str, Any]) -> Chart | None:
    """MAE against training people, one panel for each student and teacher; None without any."""
    curves = pd.DataFrame(fitted["curves"])
    if curves.empty:
        return None
    curves[["lower_bpm", "upper_bpm"]] = curves[["lower_bpm", "upper_bpm"]].astype(float)
    switch = strategy_switch(curves)
    forecasts = _forecasts(
        fitted["laws"], 1.1 * float(curves[["mae_bpm", "upper_bpm"]].max().max())
    )
    panels = _panels_of(curves)
    columns = beside(len(panels))
    x = _people_axis(curves, forecasts)
    rows = _points(curves, [one.value for one in switch.series], x["scale"]["domain"])
    drawn = []
    for student, teacher, params in panels:
        own = {"student": [student], "teacher": [teacher, "none"]}
        shown = [row for row in forecasts if all(row[key] in own[key] for key in own)]
        ends = ("lower_bpm", "upper_bpm")
        layers = [
            *_forecast_layers(shown, switch, x),
            *error_points(rows, switch, x, error_axis("mae_bpm"), ends, only=own),
        ]
        source = "no teacher" if teacher == "none" else f"teacher {teacher}"
        title = alt.Title(student, subtitle=f"{numbers.count(params)} parameters, {source}")
        drawn.append(Panel(alt.layer(*layers, title=title, width=WIDTHS[columns], height=HEIGHT)))
    return Chart(drawn, columns, [switch], {"forecasts": bool(forecasts)})


def _panels_of(curves: pd.DataFrame) -> list[tuple[str, str, int]]:
    taught = curves[curves["strategy"] != "scratch"]
    panels = (taught if len(taught) else curves)[["student", "teacher", "params"]]
    panels = panels.drop_duplicates().sort_values("params", kind="stable")
    return list(panels.itertuples(index=False, name=None))


def _points(
    curves: pd.DataFrame, strategies: Sequence[str], domain: Sequence[float]
) -> list[dict[str, Any]]:
    middle = (len(strategies) - 1) / 2
    step = (domain[1] / domain[0]) ** APART
    return [
        {
            **{key: row[key] for key in KEY},
            "people": float(row["people"] * step ** (strategies.index(row["strategy"]) - middle)),
            **{f"{end}_bpm": float(row[f"{end}_bpm"]) for end in ("mae", "lower", "upper")},
            "recommended": False,
            "name": f"{student_name(row)}, {_people(row['people'])}",
            "row": row_id("people", row["student"], row["strategy"], row["teacher"]),
            "facts": [["MAE", interval_bpm(row["mae_bpm"], row["lower_bpm"], row["upper_bpm"])]],
        }
        for row in records(curves)
    ]


def _people(number: float) -> str:
    rounded = f"{number:.1f}".removesuffix(".0")
    return f"{rounded} {'person' if rounded == '1' else 'people'}"


def _forecasts(laws: Sequence[Mapping[str, Any]], highest: float) -> list[dict[str, Any]]:
    """Points of the forecasts, up to what the figure shows."""
    return [
        {
            **{key: law[key] for key in KEY},
            "at_people": float(f"{people:.4g}"),
            **{
                f"forecast_{name}": float(f"{np.clip(law['forecast'][name][at], 0, highest):.4g}")
                for name in ("mae_bpm", "lower_bpm", "upper_bpm")
                if name in law["forecast"]
            },
        }
        for law in laws
        if law.get("forecast")
        for at, people in enumerate(law["forecast"]["people"])
    ]


def _forecast_layers(rows: Rows, switch: Switch, x: alt.X) -> Layers:
    if not rows:
        return []
    base = alt.Chart(data(rows)).encode(
        x=alt.X("at_people:Q", title=x["title"], axis=x["axis"], scale=x["scale"])
    )
    looks = dashes_of(switch)
    middle = base.mark_line(strokeWidth=1.5, clip=True)
    lines = [middle.encode(y=error_axis("forecast_mae_bpm"), **looks)]
    if "forecast_lower_bpm" not in rows[0]:
        return lines
    band = base.mark_area(opacity=0.12, clip=True)
    lower = error_axis("forecast_lower_bpm")
    return [band.encode(y=lower, y2="forecast_upper_bpm", color=looks["color"]), *lines]


def _people_axis(curves: pd.DataFrame, forecasts: Rows) -> alt.X:
    sizes = sorted(set(curves["people"].round().astype(int)))
    farthest = max([*sizes, *(row["at_people"] for row in forecasts)])
    kept = sizes[:1]
    for tick in [*sizes[1:], *(factor * sizes[-1] for factor in (2, 5))]:
        if 1.25 * kept[-1] < tick <= farthest * 1.01:
            kept.append(tick)
    scale = alt.Scale(type="log", domain=[sizes[0] / 1.15, farthest * 1.05], nice=False)
    axis = alt.Axis(values=[int(tick) for tick in kept], format=",d")
    return alt.X("people:Q", title="people to learn from", axis=axis, scale=scale)
