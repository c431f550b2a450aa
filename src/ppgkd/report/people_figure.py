"""Figure of the error over the number of training people, with its forecast for more."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator, ScalarFormatter

from ppgkd.plots.figure import COLOURS, DASHES, MARKERS, STYLE, save_figure
from ppgkd.strategies.registry import STRATEGIES

COLUMNS = 2


def draw_people_figure(fitted: Mapping[str, Any], path: str | Path) -> None:
    """Draw the figure as SVG.

    Parameters
    ----------
    fitted
        Of `ppgkd.scaling.people.fit_people_laws`.
    path
        File to write.
    """
    with mpl.rc_context(STYLE):
        save_figure(error_vs_people(fitted), path)


def error_vs_people(fitted: Mapping[str, Any]) -> Figure:
    """MAE against training people, one panel for each student and teacher."""
    curves = pd.DataFrame(fitted["curves"])
    if curves.empty:
        return Figure()
    taught = curves[curves["strategy"] != "scratch"]
    panels = (taught if len(taught) else curves)[["student", "teacher", "params"]]
    panels = panels.drop_duplicates().sort_values("params", kind="stable")
    n_columns = min(COLUMNS, len(panels))
    n_rows = -(-len(panels) // n_columns)
    figure = Figure(figsize=(4.6 * n_columns + 0.6, 3.4 * n_rows + 0.5), layout="constrained")
    axes = figure.subplots(n_rows, n_columns, squeeze=False, sharex=True, sharey=True).ravel()
    for unused in axes[len(panels) :]:
        unused.set_axis_off()
    for ax, (student, teacher, params) in zip(
        axes, panels.itertuples(index=False, name=None), strict=False
    ):
        for strategy in STRATEGIES:
            own = (strategy, "none" if strategy == "scratch" else teacher, student)
            _draw_strategy(ax, own, curves, fitted["laws"])
        source = f", from {teacher}" if panels["teacher"].nunique() > 1 else ""
        ax.set_title(f"{student}{source}, {params:,} parameters", fontsize=10)
    sizes = curves["people"].round().astype(int)
    _people_axis(axes[: len(panels)], sorted(set(sizes)))
    for ax in axes[::n_columns]:
        ax.set_ylabel("test MAE (BPM)")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=max(len(handles), 1))
    return figure


def _draw_strategy(
    ax: Axes, key: tuple[str, str, str], curves: pd.DataFrame, laws: list[Mapping[str, Any]]
) -> None:
    strategy = key[0]
    keys = ["strategy", "teacher", "student"]
    own = curves[(curves[keys] == [*key]).all(axis=1)]
    if own.empty:
        return
    colour = COLOURS[strategy]
    half_widths = [own["mae_bpm"] - own["lower_bpm"], own["upper_bpm"] - own["mae_bpm"]]
    ax.errorbar(
        own["people"],
        own["mae_bpm"],
        yerr=np.clip(np.array(half_widths, dtype=float), 0, None),
        fmt=MARKERS[strategy],
        color=colour,
        markersize=5,
        elinewidth=0.8,
        label=strategy,
    )
    law = next((law for law in laws if tuple(law[name] for name in keys) == key), {})
    if forecast := law.get("forecast"):
        ax.plot(
            forecast["people"],
            forecast["mae_bpm"],
            color=colour,
            linewidth=1.3,
            linestyle=DASHES[strategy],
        )
        ax.fill_between(
            forecast["people"],
            forecast["lower_bpm"],
            forecast["upper_bpm"],
            color=colour,
            alpha=0.1,
            linewidth=0,
        )


def _people_axis(axes: np.ndarray, sizes: list[int]) -> None:
    ticks = [*sizes, *(factor * sizes[-1] for factor in (2, 5))]
    kept = ticks[:1]
    for tick in ticks[1:]:
        if tick > 1.25 * kept[-1]:
            kept.append(tick)
    for ax in axes:
        ax.set_xscale("log")
        ax.set_ylim(bottom=0)
        ax.set_xlabel("people to learn from")
        ax.xaxis.set_major_locator(FixedLocator(kept))
        ax.xaxis.set_minor_locator(NullLocator())
        ax.xaxis.set_major_formatter(ScalarFormatter())
        ax.tick_params(labelbottom=True)
