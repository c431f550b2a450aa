"""The style sheet of all pages."""

from __future__ import annotations

from importlib.resources import files


def style_sheet() -> str:
    """Give the text of the style sheet."""
    return files("ppgkd.report").joinpath("page.css").read_text(encoding="utf-8")
