"""Figure of the heart rate of one recording."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ppgkd.grid import BPM_MAX, BPM_MIN
from ppgkd.plots.figure import COLOURS, STYLE
from ppgkd.runtime.artifacts import atomic_write

PICTURES = (".png", ".svg", ".pdf")
"""Endings of the pictures that can be written."""

MINUTES_FROM_S = 300
"""Recordings longer than this have their time in minutes."""

MARGIN_BPM = 8
LEAST_RANGE_BPM = 40
ESTIMATE, SINGLE, INVALID = COLOURS["soft"], COLOURS["hard"], "0.88"


def draw_heart_rate(table: pd.DataFrame, path: str | Path, title: str) -> None:
    """Draw the estimates with their spread, the single windows, and where they are not valid.

    Parameters
    ----------
    table
        Of `ppgkd.inference.predict.RecordingPrediction`.
    path
        PNG, SVG or PDF to write.
    title
        What the recording is called.
    """
    with mpl.rc_context(STYLE):
        figure = heart_rate_figure(table, title)
        with atomic_write(path) as temporary:
            figure.savefig(temporary, dpi=150)


def heart_rate_figure(table: pd.DataFrame, title: str) -> Figure:
    """Make the figure of `draw_heart_rate`."""
    figure = Figure(figsize=(9.8, 4.2), layout="constrained")
    axes = figure.subplots()
    centre_s = ((table["start_s"] + table["end_s"]) / 2).to_numpy()
    long = np.ptp(centre_s) > MINUTES_FROM_S
    time = centre_s / 60 if long else centre_s
    bpm, sd_bpm = table["bpm"].to_numpy(), table["sd_bpm"].to_numpy()
    _shade_invalid(axes, time, table["valid"].to_numpy())
    if not table["window_bpm"].equals(table["bpm"]):
        axes.plot(time, table["window_bpm"], ".", color=SINGLE, markersize=4, label="single window")
    axes.fill_between(
        time, bpm - sd_bpm, bpm + sd_bpm, color=ESTIMATE, alpha=0.25, linewidth=0, label="± spread"
    )
    # markers as wide as the line, for an estimate that has no neighbours
    axes.plot(time, bpm, ".-", color=ESTIMATE, lw=1.5, markersize=4, mew=0, label="estimate")
    axes.set_ylim(_range_bpm(table))
    axes.margins(x=0.01)
    axes.set_xlabel(f"time at the window's centre ({'min' if long else 's'})")
    axes.set_ylabel("heart rate (BPM)")
    axes.set_title(title, loc="left", fontsize=10)
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=4, borderaxespad=0.2)
    return figure


def _shade_invalid(axes: Axes, time: NDArray[np.float64], valid: NDArray[np.bool_]) -> None:
    """Shade every stretch of invalid estimates, half a stride around each."""
    half = np.median(np.diff(time)) / 2 if len(time) > 1 else 0.5
    edges = np.flatnonzero(np.diff(np.concatenate([[True], valid, [True]])))
    for number, (first, after) in enumerate(edges.reshape(-1, 2).tolist()):
        label = "not valid" if not number else None
        axes.axvspan(time[first] - half, time[after - 1] + half, color=INVALID, lw=0, label=label)


def _range_bpm(table: pd.DataFrame) -> tuple[float, float]:
    """Limits that show all estimates; the band may leave them where the spread is wide."""
    shown = table[["bpm", "window_bpm"]].to_numpy()
    if not np.isfinite(shown).any():
        return BPM_MIN, BPM_MAX
    low, high = np.nanmin(shown) - MARGIN_BPM, np.nanmax(shown) + MARGIN_BPM
    missing = max(LEAST_RANGE_BPM - (high - low), 0) / 2
    return low - missing, high + missing
