"""Style of the figures that the command line draws.

Colours are those of seaborn's colour-blind palette.
"""

from __future__ import annotations

from typing import Any

import seaborn as sns

from ppgkd.strategies.registry import STRATEGIES

PALETTE = sns.color_palette("colorblind", 8)
_COLOURS = [PALETTE[i] for i in (7, 1, 0, 2, 4, 5, 3, 6)]
# in the order of the strategies; the last two are for new strategies
COLOURS = dict(zip(STRATEGIES, _COLOURS, strict=False))
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
