"""Write a page from its template and context, as one file."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from ppgkd.report.names import strategy_label, student_name, training_label
from ppgkd.report.numbers import FILTERS
from ppgkd.runtime.artifacts import atomic_write


def write_page(template: str, context: Mapping[str, Any], path: str | Path) -> None:
    """Write a page that needs no network.

    Parameters
    ----------
    template
        Template file in this package.
    context
        Variables of the template; the style sheet is added.
    path
        HTML file to write.
    """
    style = files("ppgkd.report").joinpath("page.css").read_text(encoding="utf-8")
    page = _environment().get_template(template).render(style=style, **context)
    with atomic_write(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


@cache
def _environment() -> Environment:
    """Compiled templates are kept."""
    environment = Environment(
        loader=PackageLoader("ppgkd.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        FILTERS, strategy_label=strategy_label, training_label=training_label
    )
    environment.globals.update(row_id=row_id, student_name=student_name)
    return environment


def row_id(table: str, *key: object) -> str:
    """Name of a table's row in the page's address, to which a figure's point leads.

    Parameters
    ----------
    table
        Word for what its rows are, such as ``student``.
    key
        What identifies the row.
    """
    return "-".join(quote(str(part), safe="") for part in (table, *key))


def data_uri(path: str | Path) -> str:
    """SVG file as a data URI."""
    encoded = base64.b64encode(Path(path).read_bytes()).decode("ascii")
    return f"data:image/svg+xml;base64,{encoded}"
