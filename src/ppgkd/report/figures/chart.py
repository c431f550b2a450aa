"""A figure as Vega-Lite, and its two files: the picture for print, and what a page can be asked.

A figure is a row of panels, which a narrow page puts one below the other. Rows of its data that can
be asked have these fields, which the page's script reads:

``name``, ``facts``
    What the point is, and pairs of what is known of it and the number, as text.
``row``
    Name of the table's row that it leads to: `ppgkd.report.rows.row_id`.
``strategy``, ``family`` and other fields of `Switch`
    By which it can be switched off.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import altair as alt
import vl_convert

from ppgkd.report.figures.looks import DARK, INK, LINE, PAPER, SOFT, Look
from ppgkd.runtime.artifacts import atomic_write

VEGA_LITE = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
AXIS_WIDTH = 46
"""Room in px to the left of a panel, for the labels of its axis."""

GAP = 22
"""Room in px between panels."""

NOTHING = "null\n"
"""Content of the JSON file of a figure that has nothing to show."""

CONFIG: dict[str, Any] = {
    "aria": False,  # the page and the picture have their own text alternatives
    "background": PAPER,
    "font": "sans-serif",
    "padding": {"left": 2, "right": 6, "top": 6, "bottom": 4},
    "view": {"stroke": None},
    "concat": {"spacing": GAP},
    "axis": {
        "labelColor": SOFT,
        "titleColor": INK,
        "gridColor": LINE,
        "domainColor": SOFT,
        "tickColor": SOFT,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "labelPadding": 4,
    },
    # a name above the axis and not beside it is read without turning the head, and is never cut
    "axisY": {
        "minExtent": AXIS_WIDTH,
        "maxExtent": AXIS_WIDTH,
        "titleAngle": 0,
        "titleAlign": "left",
        "titleAnchor": "end",
        "titleBaseline": "bottom",
        "titleX": -AXIS_WIDTH + 4,
        "titleY": -8,
        "domain": False,
        "ticks": False,
        "tickSize": 0,
        "tickCount": 6,
    },
    "axisX": {"grid": False, "titlePadding": 6, "tickSize": 4},
    "title": {
        "color": INK,
        "subtitleColor": SOFT,
        "fontSize": 13,
        "subtitleFontSize": 12,
        "subtitlePadding": 4,
        "anchor": "start",
        "frame": "group",
        "offset": 8,
        "dx": -AXIS_WIDTH + 4,
    },
    "legend": {
        "orient": "top",
        "direction": "horizontal",
        "title": None,
        "titleColor": INK,
        "labelColor": INK,
        "labelFontSize": 12,
        "labelLimit": 400,
        "symbolStrokeWidth": 0,
        "columnPadding": 18,
        "offset": 14,
    },
}


@dataclass(frozen=True)
class Series:
    """One of the values of a switch: its identifier, what it is called, and its look."""

    value: str
    label: str
    look: Look | None = None


@dataclass(frozen=True)
class Switch:
    """What of a figure can be switched on and off.

    Attributes
    ----------
    field
        Field of the data.
    title
        What its values are, such as ``strategies``.
    series
        Its values, in order.
    """

    field: str
    title: str
    series: Sequence[Series]


View = alt.Chart | alt.LayerChart | alt.FacetChart


@dataclass(frozen=True)
class Panel:
    """One panel of a figure.

    Attributes
    ----------
    view
        Its layers, with the width that it has where there is room.
    of
        Field of a switch to its value that the whole panel shows; it goes when this is off.
    """

    view: View
    of: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Chart:
    """A figure.

    Attributes
    ----------
    panels
        Its panels.
    columns
        How many are beside each other there.
    switches
        What can be switched on and off.
    facts
        What a caption must know, such as whether there are lines.
    """

    panels: Sequence[Panel]
    columns: int = 1
    switches: Sequence[Switch] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


def vega_lite(chart: Chart) -> dict[str, Any]:
    """Vega-Lite of a figure, with its data."""
    views = [panel.view for panel in chart.panels]
    joined = alt.concat(*views, columns=chart.columns).properties(
        usermeta={
            "facts": dict(chart.facts),
            "panels": [dict(panel.of) for panel in chart.panels],
            "switches": [asdict(switch) for switch in chart.switches],
            "axis_width": AXIS_WIDTH,
            "gap": GAP,
            "dark": DARK,
        }
    )
    joined = joined.resolve_scale(x="independent", y="independent", color="shared", shape="shared")
    found: dict[str, Any] = joined.to_dict()
    return {**found, "config": CONFIG}


def write_figure(chart: Chart | None, spec: str | Path) -> None:
    """Write a figure as Vega-Lite and as SVG, each atomically; the same bytes each time.

    Parameters
    ----------
    chart
        The figure; None if it has nothing to show. Then the SVG says so, and the JSON is ``null``.
    spec
        JSON file to write; the SVG is beside it.
    """
    drawn = None if chart is None else vega_lite(chart)
    with atomic_write(Path(spec).with_suffix(".svg")) as temporary:
        temporary.write_text(EMPTY_SVG if drawn is None else static_svg(drawn), encoding="utf-8")
    with atomic_write(spec) as temporary:
        text = NOTHING if drawn is None else json.dumps(drawn, sort_keys=True, allow_nan=False)
        temporary.write_text(text, encoding="utf-8")


def static_svg(spec: Mapping[str, Any]) -> str:
    """Picture of a figure, for print."""
    drawn: str = vl_convert.vegalite_to_svg(dict(spec), vl_version=VEGA_LITE, allowed_base_urls=[])
    return _renumbered(drawn)


def _renumbered(svg: str) -> str:
    """Number the identifiers from one: the converter numbers on from one figure to the next."""
    numbers: dict[str, str] = {}

    def renumber(found: re.Match[str]) -> str:
        word, number = found.groups()
        return word + numbers.setdefault(word + number, str(len(numbers) + 1))

    return re.sub(r"(?<=[\"#])(clip|gradient_)(\d+)(?=[\")])", renumber, svg)


EMPTY_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="420" height="40" role="img">'
    f'<text x="0" y="24" font-family="sans-serif" font-size="13" fill="{SOFT}">'
    "This study has nothing to show in this figure.</text></svg>\n"
)
