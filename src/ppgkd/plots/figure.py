"""Style of all figures, and how they are saved.

Colours are those of seaborn's colour-blind palette; strategies differ in markers and dashes, too,
so they can be distinguished in grey.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import seaborn as sns
from matplotlib.figure import Figure

from ppgkd.runtime.artifacts import atomic_write
from ppgkd.strategies.registry import STRATEGIES

PALETTE = sns.color_palette("colorblind", 8)
_COLOURS = [PALETTE[i] for i in (7, 1, 0, 2, 4, 5, 3, 6)]
_MARKERS = ("s", "v", "o", "^", "D", "P", "X", "*")
_DASHES: tuple[Any, ...] = (
    *("-", (0, (1, 1)), "--", "-.", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2))),
    *((0, (3, 3)), (0, (8, 2, 1, 2))),
)
# in the order of the strategies; the last two of each are for new strategies
COLOURS = dict(zip(STRATEGIES, _COLOURS, strict=False))
MARKERS = dict(zip(STRATEGIES, _MARKERS, strict=False))
DASHES = dict(zip(STRATEGIES, _DASHES, strict=False))
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "ppgkd",
    # a dollar sign in a file's or a subject's name is a dollar sign
    "text.parse_math": False,
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "0.92",
    "legend.frameon": False,
}


class CurveStyle(NamedTuple):
    """Colour, marker and dashes of one curve of several."""

    colour: tuple[float, float, float]
    marker: str
    dashes: str


CURVE_STYLES = tuple(
    CurveStyle(PALETTE[colour], marker, dashes)
    for colour, marker, dashes in (
        (0, "o", "-"),
        (1, "s", "--"),
        (2, "^", "-."),
        (4, "D", ":"),
        (5, "v", "-"),
        (7, "P", "--"),
    )
)
"""Styles of the first curve, the second and so on; they can be distinguished in grey."""


def save_figure(figure: Figure, path: str | Path) -> None:
    """Write a figure atomically, and without the time at which it was drawn."""
    with atomic_write(path) as temporary:
        figure.savefig(temporary, metadata={"Date": None}, bbox_inches="tight")
