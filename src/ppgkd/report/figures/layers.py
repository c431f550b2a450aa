"""Layers that figures share: points with intervals, lines with their names, axes."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import altair as alt

from ppgkd.report.figures.chart import Switch
from ppgkd.report.figures.looks import INK, PAPER, SOFT

Rows = Sequence[Mapping[str, Any]]
Layers = list[alt.Chart]


class Named(NamedTuple):
    """Lines, which belong below the points, and their names, which belong above them."""

    lines: Layers
    names: Layers


NO_LINES = Named([], [])
POINT_AREA = 55
SIGNED = alt.Axis(labelExpr="datum.value === 0 ? '0' : format(datum.value, '+~f')")
"""Axis of differences: zero has no sign."""

SIZE = "format(datum.value, datum.value < 1000 ? ',~r' : '~s')"
"""Labels of a size or a cost: 0.1, 20, 5k."""

STEPS: tuple[tuple[float, ...], ...] = (
    (1, 2, 5),
    (1, 1.5, 2, 3, 5, 7),
    (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9),
    (1, 1.1, 1.2, 1.4, 1.6, 1.8, 2, 2.2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6, 7, 8, 9),
)
"""Labels within a decade, fewest first."""

LEAST_LABELS = 3
"""Number of labels from which a logarithmic axis can be read."""

ROOM = 0.09
"""Share of an axis that the name of a line needs below the line."""

RIGHT = 0.5
"""Share of a panel beyond which the recommended point's word is left of it, and so are, at the
panel's left end, the names of lines beside it."""

HEIGHT = 260
"""Height of a panel in px."""


def data(rows: Rows) -> alt.InlineData:
    """Rows of a figure; what is not finite is null, which marks leave out."""
    return alt.InlineData(values=[{k: _finite(v) for k, v in row.items()} for row in rows])


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def size_axis(column: str, title: str, domain: tuple[float, float]) -> alt.X:
    """Logarithmic axis of a size or a cost, with labels at 1, 2, 5, 10 and so on."""
    values = [_labels(domain, steps) for steps in STEPS]
    enough = next((some for some in values if len(some) >= LEAST_LABELS), values[-1])
    axis = alt.Axis(values=enough, labelExpr=SIZE, labelOverlap="greedy")
    scale = alt.Scale(type="log", domain=list(domain), nice=False)
    return alt.X(f"{column}:Q", title=title, axis=axis, scale=scale)


def _labels(domain: tuple[float, float], steps: Sequence[float]) -> list[float]:
    decades = range(math.floor(math.log10(domain[0])), math.ceil(math.log10(domain[1])) + 1)
    ticks = [round(step * 10.0**decade, 9) for decade in decades for step in steps]
    return [tick for tick in ticks if domain[0] <= tick <= domain[1]]


def error_axis(column: str, title: str = "test MAE (BPM)", highest: float | None = None) -> alt.Y:
    """Axis of an error, which begins at 0 in every figure."""
    scale = alt.Scale(zero=True, nice=True)
    if highest is not None:
        scale = alt.Scale(domain=[0, highest], nice=True)
    return alt.Y(f"{column}:Q", title=title, axis=alt.Axis(format="~f"), scale=scale)


def wide_domain(values: Sequence[float], around: float = 1.35) -> tuple[float, float]:
    """Ends of a logarithmic axis with some room around the values."""
    return min(values) / around, max(values) * around


def looks_of(switch: Switch) -> dict[str, Any]:
    """Encoding of a switch's field by colour and shape; its legend is for print."""
    values = [one.value for one in switch.series]
    shown = [one.look for one in switch.series if one.look is not None]
    labels = json.dumps({one.value: one.label for one in switch.series})
    legend = alt.Legend(labelExpr=f"({labels})[datum.value]", symbolSize=80, symbolOpacity=1)
    shown_legend = legend if len(values) > 1 else None
    colour = alt.Scale(domain=values, range=[look.colour for look in shown])
    shape = alt.Scale(domain=values, range=[look.marker for look in shown])
    return {
        "color": alt.Color(f"{switch.field}:N", scale=colour, legend=shown_legend),
        "shape": alt.Shape(f"{switch.field}:N", scale=shape, legend=shown_legend),
    }


def dashes_of(switch: Switch) -> dict[str, Any]:
    """Encoding of a switch's field by the colour and dashes of lines."""
    shown = [one.look for one in switch.series if one.look is not None]
    dashes = alt.Scale(
        domain=[one.value for one in switch.series], range=[list(look.dashes) for look in shown]
    )
    return {
        "color": looks_of(switch)["color"],
        "strokeDash": alt.StrokeDash(f"{switch.field}:N", scale=dashes, legend=None),
    }


def named_line(
    value: float, text: str, *, above: bool, dashes: tuple[int, ...], left: bool = False
) -> Named:
    """Line across a panel at a value of its y axis, and its name at one end."""
    base = alt.Chart(data([{"at": value}])).encode(y=alt.Y("at:Q"))
    words = {
        "text": text,
        "fontSize": 12,
        "align": "left" if left else "right",
        "baseline": "bottom" if above else "top",
        "dx": 2 if left else -2,
        "dy": -3 if above else 4,
    }
    at_end = base.encode(x=alt.value(0 if left else "width"))
    return Named([line(base, dashes)], haloed(at_end, words))


def named_bound(value: float, text: str) -> Named:
    """Upright line at a value of a panel's x axis, and its name at the upper end."""
    base = alt.Chart(data([{"bound": value}])).encode(x=alt.X("bound:Q"))
    words = {"text": text, "fontSize": 12, "align": "right", "baseline": "top", "dx": -4, "dy": 2}
    return Named([line(base, (6, 4))], haloed(base.encode(y=alt.value(0)), words))


def line(base: alt.Chart, dashes: tuple[int, ...] = (1, 0)) -> alt.Chart:
    """Line across a panel, which the points lie on."""
    drawn: alt.Chart = base.mark_rule(color=SOFT, strokeWidth=1, strokeDash=list(dashes))
    return drawn


def named_lines(
    lines: Mapping[str, tuple[float, tuple[int, ...]]], top: float, *, left: bool = False
) -> Named:
    """Lines across a panel, with their names at one end.

    The highest has its name above, the others below; one that is close to the panel's lower end,
    where the name would lie on the axis, above and at the other end.

    Parameters
    ----------
    lines
        Name to value and dashes.
    top
        Upper end of the panel's axis, which begins at 0.
    left
        Whether the names are at the left end.
    """
    highest = max((value for value, _ in lines.values()), default=0)
    drawn = []
    for text, (value, dashes) in lines.items():
        below = value < highest and value >= ROOM * top
        at_left = left if below or value == highest else not left
        drawn.append(named_line(value, text, above=not below, dashes=dashes, left=at_left))
    return Named(
        [layer for line in drawn for layer in line.lines],
        [layer for line in drawn for layer in line.names],
    )


def haloed(base: alt.Chart, words: dict[str, Any]) -> Layers:
    """Text that is legible on what it lies on."""
    halo = base.mark_text(**words, stroke=PAPER, strokeWidth=4, strokeJoin="round")
    return [halo, base.mark_text(**words, color=INK)]


def error_points(
    rows: Rows,
    switch: Switch,
    x: alt.X,
    y: alt.Y,
    ends: tuple[str, str],
    *,
    named: Named = NO_LINES,
    only: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> Layers:
    """Points with intervals, and a ring around what is recommended.

    Parameters
    ----------
    rows
        Points, of `ppgkd.report.figures.student_points.student_points`.
    switch
        By which they differ in colour and shape.
    x, y
        Their axes.
    ends
        Columns of the ends of the intervals.
    named
        Lines across the panel.
    only
        Field to the values that are shown.
    """
    interval = _chart(rows, only).mark_rule(strokeWidth=1.2, opacity=0.75)
    lower = alt.Y(f"{ends[0]}:Q", title=y["title"])
    return [
        *named.lines,
        interval.encode(x=x, y=lower, y2=ends[1], color=looks_of(switch)["color"]),
        *named.names,
        *points(rows, switch, x, y, only=only),
    ]


def points(
    rows: Rows,
    switch: Switch,
    x: alt.X,
    y: alt.Y,
    *,
    only: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> Layers:
    """Points without intervals, and a ring around what is recommended."""
    base = _chart(rows, only)
    marks = base.mark_point(filled=True, opacity=1, size=POINT_AREA)
    chosen = base.transform_filter(alt.FieldEqualPredicate(field="recommended", equal=True))
    ring = chosen.mark_point(filled=False, color=INK, size=5 * POINT_AREA, strokeWidth=1.8)
    words = {"text": "recommended", "fontSize": 12, "fontWeight": "bold", "dy": -16}
    words |= _towards_the_middle(rows, x)
    return [
        marks.encode(x=x, y=y, **looks_of(switch)),
        ring.encode(x=x, y=y),
        *haloed(chosen.encode(x=x, y=y), words),
    ]


def _towards_the_middle(rows: Rows, x: alt.X) -> dict[str, Any]:
    """Alignment of the word at the recommended point, which keeps it within the panel."""
    share = recommended_at(rows, x["shorthand"].removesuffix(":Q"), x["scale"]["domain"])
    if share is None:
        return {}
    if share < 0.3:
        return {"align": "left", "dx": -10}
    return {"align": "right", "dx": 10} if share > RIGHT else {}


def recommended_at(rows: Rows, field: str, domain: Sequence[float]) -> float | None:
    """Where the recommended point is across a panel, from 0 to 1; None if it is not there."""
    low, high = domain
    found = (row[field] for row in rows if row["recommended"])
    return next((math.log(value / low) / math.log(high / low) for value in found), None)


def _chart(rows: Rows, only: Mapping[str, Sequence[str]]) -> alt.Chart:
    chart = alt.Chart(data(rows))
    for field, values in only.items():
        chart = chart.transform_filter(alt.FieldOneOfPredicate(field=field, oneOf=[*values]))
    return chart
