"""Colours, markers and dashes of the report's figures.

What differs in colour differs in shape too, so it can be distinguished in grey. Each colour has one
that stands in its place on a dark page; both are legible on their background.
"""

from __future__ import annotations

from dataclasses import dataclass

from ppgkd.strategies.registry import STRATEGIES

INK, SOFT, LINE, PAPER = "#1c2126", "#56616b", "#e3e7ea", "#ffffff"
"""Colours of what is read first, of labels, of grids, and of the background."""

FAINT, STRONG = "#cfe1ee", "#0a4f7d"
"""Ends of the scale of how much there is."""

_PAIRS = {
    "#5f6a75": "#aab4be",  # grey
    "#c05f00": "#f0a13c",  # orange
    "#0173b2": "#5db3f0",  # blue
    "#02805b": "#3fcf9f",  # green
    "#a8459a": "#e58fd2",  # purple
    "#85592c": "#d2a679",  # brown
    "#b3311f": "#ff8f7a",  # red
    "#7d6b00": "#e0cb55",  # ochre
}
DARK = {
    INK: "#e8ecef",
    SOFT: "#a9b4bd",
    LINE: "#343c43",
    PAPER: "#11161a",
    FAINT: "#24465c",
    STRONG: "#9fd3f7",
    **_PAIRS,
}
"""Colour to the one in its place on a dark page."""


@dataclass(frozen=True)
class Look:
    """Colour, marker and dashes of one series of several.

    Attributes
    ----------
    colour
        As ``#rrggbb``.
    marker
        Outline as an SVG path, within -1 to 1 in both directions.
    dashes
        Lengths of strokes and gaps in px.
    """

    colour: str
    marker: str
    dashes: tuple[int, ...]


_MARKERS = (
    "M-.85-.85H.85V.85H-.85Z",
    "M0 1L-1-.8H1Z",
    "M1 0A1 1 0 1 1-1 0A1 1 0 1 1 1 0Z",
    "M0-1L1 .8H-1Z",
    "M0-1.15L1.15 0L0 1.15L-1.15 0Z",
    "M-.4-1H.4V-.4H1V.4H.4V1H-.4V.4H-1V-.4H-.4Z",
    "M-1-.55L-.55-1L0-.45L.55-1L1-.55L.45 0L1 .55L.55 1L0 .45L-.55 1L-1 .55L-.45 0Z",
    "M0-1.2L.35-.4L1.15-.37L.55 .18L.75 1L0 .55L-.75 1L-.55 .18L-1.15-.37L-.35-.4Z",
)
_DASHES = ((1, 0), (2, 2), (6, 3), (8, 3, 2, 3), (6, 2, 1, 2, 1, 2), (10, 3), (3, 3), (10, 3, 3, 3))

LOOKS = tuple(map(Look, _PAIRS, _MARKERS, _DASHES))
"""Looks of the first series, the second and so on."""

STRATEGY_LOOKS = dict(zip(STRATEGIES, LOOKS, strict=False))
"""Strategy to its look, in the order of the strategies; the last two are for new ones."""
