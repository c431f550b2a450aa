"""Figures of the recommended student: agreement with the reference, calibration, abstention."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import altair as alt
import numpy as np
import pandas as pd

from ppgkd.evaluation.agreement import limits_of_agreement
from ppgkd.evaluation.estimators import as_estimates
from ppgkd.report import numbers
from ppgkd.report.figures.chart import Chart, Panel, Series, Switch, write_figure
from ppgkd.report.figures.layers import (
    SIGNED,
    Layers,
    Named,
    Rows,
    data,
    error_axis,
    haloed,
    looks_of,
    named_line,
)
from ppgkd.report.figures.looks import FAINT, INK, LOOKS, SOFT, STRONG
from ppgkd.report.intervals import are_few, of_quality

Axis = TypeVar("Axis", alt.X, alt.Y)

TILES = 48, 24
"""Number across and up: many thousand windows become some hundred tiles."""

CURVE_LOOKS = (LOOKS[2], LOOKS[1], *LOOKS[3:])
"""Looks of the first curve, the second and so on."""


def draw_quality_figures(
    predictions: pd.DataFrame, quality: Mapping[str, Any], specs: Mapping[str, str | Path]
) -> None:
    """Draw all figures as Vega-Lite and as SVG.

    Parameters
    ----------
    predictions, quality
        Of `ppgkd.evaluation.recommended`.
    specs
        Vega-Lite files for ``bland_altman``, which is of the online filter, ``reliability`` and
        ``risk_coverage``; each has its SVG beside it.
    """
    told = of_quality(quality)
    both = {"single windows": told["single"], "online filter": told["filtered"]}
    figures = {
        "bland_altman": bland_altman(as_estimates(predictions, "filtered")),
        "reliability": reliability(both),
        "risk_coverage": risk_coverage(both),
    }
    for name, figure in figures.items():
        write_figure(figure, specs[name])


def bland_altman(table: pd.DataFrame) -> Chart | None:
    """Error against the mean of estimate and reference, with bias and limits of agreement.

    Parameters
    ----------
    table
        One row per window: ``subject, hr_bpm, pred_bpm``, NaN where no estimate was given.

    Returns
    -------
    Chart or None
        None without any estimate.
    """
    given = table[table["pred_bpm"].notna()]
    if given.empty:
        return None
    mean_bpm = (given["pred_bpm"] + given["hr_bpm"]).to_numpy(float) / 2
    error_bpm = (given["pred_bpm"] - given["hr_bpm"]).to_numpy(float)
    limits = limits_of_agreement(given)
    if are_few(given["subject"].nunique()):
        del limits["intervals"]
    highest = 1.05 * max(*np.abs(error_bpm), -limits["lower_bpm"], limits["upper_bpm"], 1.0)
    x = alt.X(
        "left:Q",
        title="mean of estimate and reference (BPM)",
        scale=alt.Scale(domain=[mean_bpm.min() - 2, mean_bpm.max() + 2], nice=True, zero=False),
    )
    y = alt.Y(
        "lower:Q",
        title="estimate minus reference (BPM)",
        axis=SIGNED,
        scale=alt.Scale(domain=[-highest, highest]),
    )
    colour = alt.Color(
        "windows:Q",
        scale=alt.Scale(type="log", range=[FAINT, STRONG]),
        legend=alt.Legend(title="windows", tickCount=4, gradientLength=180),
    )
    tiles = alt.Chart(data(_tiles(mean_bpm, error_bpm))).mark_rect()
    named = _limit_lines(limits)
    view = alt.layer(
        tiles.encode(x=x, x2="right", y=y, y2="upper", color=colour),
        *named.lines,
        *named.names,
        width=680,
        height=320,
    )
    return Chart([Panel(view)])


def _tiles(mean_bpm: np.ndarray, error_bpm: np.ndarray) -> list[dict[str, Any]]:
    """Number of windows in each tile that has any; tiles are of whole BPM."""
    width_bpm = max(1, round(np.ptp(mean_bpm) / TILES[0]))
    height_bpm = max(1, round(2 * np.abs(error_bpm).max() / TILES[1]))
    across = np.floor(mean_bpm / width_bpm).astype(int) * width_bpm
    up = np.floor(error_bpm / height_bpm + 0.5).astype(int)
    tiles, counts = np.unique(np.stack([across, up]), axis=1, return_counts=True)
    rows = []
    for left, row, windows in zip(*tiles.tolist(), counts.tolist(), strict=True):
        lower, upper = (row - 0.5) * height_bpm, (row + 0.5) * height_bpm
        ends = [numbers.signed(end, 1) for end in (lower, upper)]
        rows.append(
            {
                "left": left,
                "right": left + width_bpm,
                "lower": lower,
                "upper": upper,
                "windows": windows,
                "name": f"{windows:,} window{'' if windows == 1 else 's'}",
                "facts": [
                    ["mean", f"{left} to {left + width_bpm} BPM"],
                    ["error", f"{ends[0]} to {ends[1]} BPM"],
                ],
            }
        )
    return rows


def _limit_lines(limits: Mapping[str, Any]) -> Named:
    lines: Layers = []
    names: Layers = []
    for name, text, dashes, above in (
        ("upper_bpm", "upper limit", (6, 4), True),
        ("bias_bpm", "bias", (1, 0), True),
        ("lower_bpm", "lower limit", (6, 4), False),
    ):
        said = f"{text} {numbers.signed(limits[name], 1)}"
        named = named_line(limits[name], said, above=above, dashes=dashes, left=name == "bias_bpm")
        if "intervals" in limits:
            lower, upper = limits["intervals"][name]
            band = alt.Chart(data([{"from": lower, "to": upper}]))
            lines.append(band.mark_rect(color=INK, opacity=0.1).encode(y="from:Q", y2="to"))
        lines += named.lines
        names += named.names
    return Named(lines, names)


def reliability(assessments: Mapping[str, Mapping[str, Any]]) -> Chart:
    """Observed against nominal coverage of the central intervals.

    Parameters
    ----------
    assessments
        Of `ppgkd.evaluation.quality.assess`, by the name of the curve; six styles differ.
    """
    switch = _curve_switch([*assessments])
    rows = [
        {
            "curve": name,
            **{key: point[key] for key in ("nominal", "coverage", "lower", "upper")},
            "name": f"{name}: interval of {numbers.percent(point['nominal'])}",
            "facts": [
                ["covers", numbers.percent(point["coverage"])],
                *_interval(point),
            ],
        }
        for name, assessment in assessments.items()
        for point in assessment["calibration"]["curve"]
    ]
    x = _share(alt.X, "nominal", "nominal coverage")
    y = _share(alt.Y, "coverage", "observed coverage")
    base = alt.Chart(data(rows))
    ideal = alt.Chart(data([{"nominal": end, "coverage": end} for end in (0, 1)]))
    band = base.mark_area(opacity=0.15).encode(
        x=x, y=alt.Y("lower:Q", title="observed coverage"), y2="upper", color=_colour(switch)
    )
    words = [
        *_corner(0.03, 0.97, "spread too wide", "left"),
        *_corner(0.97, 0.03, "spread too narrow", "right"),
    ]
    view = alt.layer(
        ideal.mark_line(color=SOFT, strokeWidth=1).encode(x=x, y=y),
        band,
        *words,
        *_curves(base, switch, x, y),
        width=380,
        height=340,
    )
    return Chart([Panel(view)], switches=[switch])


def _interval(point: Mapping[str, Any]) -> list[list[str]]:
    """Interval of a point, if it has one."""
    if point["lower"] is None:
        return []
    ends = [numbers.percent(point[end]) for end in ("lower", "upper")]
    return [["95 % interval", " to ".join(ends)]]


def risk_coverage(assessments: Mapping[str, Mapping[str, Any]]) -> Chart:
    """Risk-coverage curve: error of the kept windows against their share.

    Parameters
    ----------
    assessments
        Of `ppgkd.evaluation.quality.assess`, by the name of the curve; six styles differ.
    """
    switch = _curve_switch([*assessments])
    rows = [
        {
            "curve": name,
            **{key: point[key] for key in ("coverage", "mae_bpm", "oracle_mae_bpm")},
            "name": f"{name}: {numbers.percent(point['coverage'])} of the windows kept",
            "facts": [
                ["MAE, smallest spread first", f"{numbers.bpm(point['mae_bpm'])} BPM"],
                ["smallest error first", f"{numbers.bpm(point['oracle_mae_bpm'])} BPM"],
            ],
        }
        for name, assessment in assessments.items()
        for point in assessment["risk_coverage"]["curve"]
    ]
    x = _share(alt.X, "coverage", "share of windows kept, smallest spread first")
    y = error_axis("mae_bpm", "test MAE of the kept windows (BPM)")
    base = alt.Chart(data(rows))
    best = base.mark_line(strokeWidth=1, strokeDash=[2, 3]).encode(
        x=x,
        y=alt.Y("oracle_mae_bpm:Q", title="test MAE of the kept windows (BPM)"),
        color=_colour(switch),
    )
    title = alt.Title(
        "dotted: smallest error first, the best order", fontSize=12, fontWeight="normal"
    )
    view = alt.layer(best, *_curves(base, switch, x, y), title=title, width=620, height=300)
    return Chart([Panel(view)], switches=[switch])


def _curve_switch(names: list[str]) -> Switch:
    looks = [CURVE_LOOKS[at % len(CURVE_LOOKS)] for at in range(len(names))]
    series = [Series(name, name, look) for name, look in zip(names, looks, strict=True)]
    return Switch("curve", "estimates", series)


def _colour(switch: Switch) -> alt.Color:
    colour: alt.Color = looks_of(switch)["color"]
    return colour


def _curves(base: alt.Chart, switch: Switch, x: alt.X, y: alt.Y) -> Layers:
    points = base.mark_point(filled=True, opacity=1, size=34)
    return [
        base.mark_line(strokeWidth=1.6).encode(x=x, y=y, color=_colour(switch)),
        points.encode(x=x, y=y, **looks_of(switch)),
    ]


def _share(channel: type[Axis], column: str, title: str) -> Axis:
    axis = alt.Axis(format=".0%", tickCount=5)
    return channel(f"{column}:Q", title=title, axis=axis, scale=alt.Scale(domain=[0, 1]))


def _corner(x: float, y: float, text: str, align: str) -> Layers:
    at: Rows = [{"nominal": x, "coverage": y}]
    base = alt.Chart(data(at)).encode(x="nominal:Q", y="coverage:Q")
    return haloed(base, {"text": text, "align": align, "fontSize": 12})
