"""What a reader meets in a page: measured once for each page, width and scheme."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_MEASURE = (Path(__file__).parent / "measure.js").read_text(encoding="utf-8")

HANGS_MS = 300_000
"""Time in ms after which a figure is taken to be never drawn; it takes a second."""

RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
"""Sets of axe-core's rules that a page must keep; none of their rules is left out."""

HEADER = (
    f"{'study':>15} {'page':>6} {'width':>5} {'scheme':>6} {'scroll width':>12} "
    f"{'tables':>6} {'cut':>3} {'smallest text':>13} {'lowest contrast':>15} {'axe':>3}"
)
"""Heads of the lines that `Measured.line` gives; widths and sizes are in px."""


@dataclass(frozen=True)
class Measured:
    """A page in one width and scheme.

    Attributes
    ----------
    facts
        Of ``measure.js``.
    findings
        Of `findings`; None where axe-core was not asked, which takes seconds.
    """

    facts: dict[str, Any]
    findings: list[str] | None

    @cached_property
    def smallest_text(self) -> tuple[float, str]:
        """Size in px of the smallest text, and the text."""
        return min((text["px"], text["words"]) for text in self.facts["texts"])

    @cached_property
    def lowest_contrast(self) -> tuple[float, str]:
        """Lowest ratio of a text's luminance and its background's, and the text."""
        known = [text for text in self.facts["texts"] if text["contrast"] is not None]
        return min((text["contrast"], text["words"]) for text in known)

    def line(self, study: str, page: str, width: int, scheme: str) -> str:
        """Line of the table of all pages."""
        tables = self.facts["tables"]
        found = "" if self.findings is None else str(len(self.findings))
        return (
            f"{study:>15} {page:>6} {width:5d} {scheme:>6} {self.facts['scroll_width_px']:12d} "
            f"{len(tables):6d} {sum(table['cut'] for table in tables):3d} "
            f"{self.smallest_text[0]:13.1f} {self.lowest_contrast[0]:15.2f} {found:>3}"
        )


def measure(page: Page, *, ask_axe: bool) -> Measured:
    """Measure a page as it is laid out now; its folded parts are unfolded."""
    settle(page)
    return Measured(page.evaluate(_MEASURE), findings(page) if ask_axe else None)


def settle(page: Page) -> None:
    """Unfold a page, and wait until its script has drawn all figures, each when it is seen."""
    page.wait_for_load_state("networkidle")
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    for figure in page.query_selector_all("figure:has(script.figure-spec)"):
        figure.evaluate("(figure) => figure.scrollIntoView({ block: 'center' })")
        drawn = "(figure) => figure.classList.contains('live')"
        page.wait_for_function(drawn, arg=figure, timeout=HANGS_MS)
    page.evaluate("() => { scrollTo(0, 0); return document.fonts.ready; }")


def findings(page: Page) -> list[str]:
    """What axe-core finds against its rules, each with the elements concerned."""
    options = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": list(RULES)}}
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{rule['id']}: {rule['help']}: "
        + "; ".join(node["html"][:160] for node in rule["nodes"][:5])
        for rule in found
    ]
