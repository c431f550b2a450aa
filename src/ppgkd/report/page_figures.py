"""Figures as a page has them: pictures, Vega-Lite with data that they share, and the script."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import vl_convert

from ppgkd.report.assets import asset
from ppgkd.report.figures.chart import VEGA_LITE
from ppgkd.runtime.artifacts import read_json

SCRIPTS = ("rows.js", "switches.js", "spec.js", "points.js", "answer.js", "figures.js")
"""Files of the page's script, in the order in which they need each other."""


@dataclass(frozen=True)
class PageFigure:
    """A figure of a page.

    Attributes
    ----------
    image
        Its picture, as a data URI.
    spec
        Its Vega-Lite, without data, as JSON that may stand in a page.
    facts
        What its caption must know: `ppgkd.report.figures.chart.Chart.facts`.
    """

    image: str
    spec: str
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Interactive:
    """What all figures of a page share: their data, Vega, and the page's script.

    Attributes
    ----------
    data
        JSON that may stand in a page: datasets by name.
    vega
        Script of Vega and Vega-Lite.
    script
        The page's own.
    """

    data: str
    vega: str
    script: str


def page_figures(
    specs: Mapping[str, str | Path | None],
) -> tuple[dict[str, PageFigure | None], Interactive]:
    """Read the figures of a page.

    Parameters
    ----------
    specs
        Vega-Lite files by the figure's name, each with its SVG beside it:
        `ppgkd.report.figures.chart.write_figure`. None: the study has no such figure.

    Returns
    -------
    dict
        The figures by name; None for one that has nothing to show.
    Interactive
        What they share.
    """
    figures: dict[str, PageFigure | None] = {}
    datasets: dict[str, Any] = {}
    for name, path in specs.items():
        spec = None if path is None else read_json(path)
        if path is None or spec is None:
            figures[name] = None
            continue
        datasets.update(spec.pop("datasets", {}))
        image = data_uri(Path(path).with_suffix(".svg"))
        figures[name] = PageFigure(image, json_for_page(spec), spec["usermeta"]["facts"])
    return figures, Interactive(json_for_page(datasets), vega_script(), page_script())


def json_for_page(content: Any) -> str:
    """JSON that no text in it can end, wherever it comes from."""
    text = json.dumps(content, separators=(",", ":"), sort_keys=True, allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def data_uri(path: str | Path) -> str:
    """SVG file as a data URI."""
    encoded = base64.b64encode(Path(path).read_bytes()).decode("ascii")
    return f"data:image/svg+xml;base64,{encoded}"


@cache
def vega_script() -> str:
    """Vega-Embed as one script, with Vega and Vega-Lite, which sets ``vegaEmbed``."""
    script: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", VEGA_LITE)
    return script


@cache
def page_script() -> str:
    """The page's own script."""
    return asset(SCRIPTS)
