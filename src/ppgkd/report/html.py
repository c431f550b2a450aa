"""Write a page from its template and context, as one file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ppgkd.report.assets import asset
from ppgkd.report.names import bounds_text, student_name, term_label, turning_point
from ppgkd.report.numbers import FILTERS
from ppgkd.report.page_figures import page_figures
from ppgkd.report.rows import row_id
from ppgkd.report.templates import FOLDER
from ppgkd.runtime.artifacts import atomic_write
from ppgkd.strategies.labels import strategy_label, training_label

STYLES = ("page.css", "figure.css")
WORDS = (strategy_label, training_label, term_label, bounds_text, turning_point)
"""Filters of all templates beside those of numbers."""


def write_page(
    template: str,
    context: Mapping[str, Any],
    figures: Mapping[str, str | Path | None],
    path: str | Path,
    filters: tuple[Callable[..., Any], ...] = (),
) -> None:
    """Write a page that needs no network.

    Parameters
    ----------
    template
        Name of a file of `ppgkd.report.templates`.
    context
        Variables of the template; the style sheet and the figures are added.
    figures
        Vega-Lite files by the figure's name: `ppgkd.report.page_figures.page_figures`.
    path
        HTML file to write.
    filters
        Filters of its templates alone, by their own names.
    """
    drawn, interactive = page_figures(figures)
    page = (
        _environment(filters)
        .get_template(template)
        .render(style=asset(STYLES), figures=drawn, interactive=interactive, **context)
    )
    with atomic_write(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


@cache
def _environment(filters: tuple[Callable[..., Any], ...]) -> Environment:
    """Compiled templates are kept."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    environment.filters.update((words.__name__, words) for words in (*WORDS, *filters))
    environment.globals.update(row_id=row_id, student_name=student_name)
    return environment
