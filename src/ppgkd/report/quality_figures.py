"""Figures of the recommended student: agreement with the reference, calibration, abstention."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import cycle
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MultipleLocator, PercentFormatter, StrMethodFormatter

from ppgkd.evaluation.agreement import limits_of_agreement
from ppgkd.evaluation.estimators import as_estimates
from ppgkd.plots.figure import CURVE_STYLES, PALETTE, STYLE, CurveStyle, save_figure

HEXAGONS = 50
"""Number across the panel: many thousand windows become some hundred shapes."""


def draw_quality_figures(
    predictions: pd.DataFrame, quality: Mapping[str, Any], paths: Mapping[str, str | Path]
) -> None:
    """Draw all figures as SVG.

    Parameters
    ----------
    predictions, quality
        Of `ppgkd.evaluation.recommended`.
    paths
        Files for ``bland_altman``, which is of the online filter, ``reliability`` and
        ``risk_coverage``.
    """
    both = {"single windows": quality["single"], "online filter": quality["filtered"]}
    with mpl.rc_context(STYLE):
        figures = {
            "bland_altman": bland_altman(as_estimates(predictions, "filtered")),
            "reliability": reliability(both),
            "risk_coverage": risk_coverage(both),
        }
        for name, figure in figures.items():
            save_figure(figure, paths[name])


def bland_altman(table: pd.DataFrame) -> Figure:
    """Error against the mean of estimate and reference, with bias and limits of agreement.

    Parameters
    ----------
    table
        One row per window: ``subject, hr_bpm, pred_bpm``, NaN where no estimate was given.
    """
    given = table[table["pred_bpm"].notna()]
    mean_bpm = (given["pred_bpm"] + given["hr_bpm"]).to_numpy(float) / 2
    error_bpm = (given["pred_bpm"] - given["hr_bpm"]).to_numpy(float)
    limits = limits_of_agreement(given)
    figure = Figure(figsize=(7.5, 4.4), layout="constrained")
    ax = figure.subplots()
    limit_bpm = 1.08 * max(*np.abs(error_bpm), -limits["lower_bpm"], limits["upper_bpm"], 1.0)
    left, right = mean_bpm.min() - 3, mean_bpm.max() + 3
    bins = ax.hexbin(
        mean_bpm,
        error_bpm,
        gridsize=(HEXAGONS, HEXAGONS // 2),
        extent=(left, right, -limit_bpm, limit_bpm),
        bins="log",
        mincnt=1,
        cmap=sns.blend_palette(["#c6dcec", PALETTE[0]], as_cmap=True),
        linewidths=0,
    )
    ax.set_axisbelow(True)
    for name, text, dashes, shift in (
        ("upper_bpm", "upper limit", "--", 6),
        ("bias_bpm", "bias", "-", 0),
        ("lower_bpm", "lower limit", "--", -6),  # apart, where the limits are near the bias
    ):
        ax.axhline(limits[name], color="black", linewidth=1, linestyle=dashes)
        ax.axhspan(*limits["intervals"][name], color="black", alpha=0.1, linewidth=0)
        ax.annotate(
            f"{text} {limits[name]:+.1f}".replace("-", "\N{MINUS SIGN}"),
            (1, limits[name]),
            xytext=(4, shift),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
    ax.set_xlim(left, right)
    ax.set_ylim(-limit_bpm, limit_bpm)
    ax.set_xlabel("mean of estimate and reference (BPM)")
    ax.set_ylabel("estimate minus reference (BPM)")
    figure.colorbar(bins, label="windows", pad=0.02, format=StrMethodFormatter("{x:,.0f}"))
    return figure


def reliability(assessments: Mapping[str, Mapping[str, Any]]) -> Figure:
    """Observed against nominal coverage of the central intervals.

    Parameters
    ----------
    assessments
        Of `ppgkd.evaluation.quality.assess`, by the name of the curve; six styles differ.
    """
    figure = Figure(figsize=(5.2, 5.0), layout="constrained")
    ax = figure.subplots()
    ax.set_axisbelow(True)
    ax.plot([0, 1], [0, 1], color="0.35", linewidth=1)
    for name, assessment, look in _curves(assessments):
        curve = pd.DataFrame(assessment["calibration"]["curve"])
        ax.fill_between(
            curve["nominal"], curve["lower"], curve["upper"], color=look.colour, alpha=0.15, lw=0
        )
        _draw(ax, curve["nominal"], curve["coverage"], name, look)
    for position, text in (((0.04, 0.96), "spread too wide"), ((0.96, 0.04), "spread too narrow")):
        ax.text(
            *position,
            text,
            ha="left" if position[0] < 0.5 else "right",
            va="center",
            color="0.35",
            fontsize=9,
        )
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1)
    ax.set_aspect("equal")
    ax.set_xlabel("nominal coverage")
    ax.set_ylabel("observed coverage")
    _percent(ax, "x")
    _percent(ax, "y")
    _legend(figure, ax, 2)
    return figure


def risk_coverage(assessments: Mapping[str, Mapping[str, Any]]) -> Figure:
    """Risk-coverage curve: error of the kept windows against their share.

    Parameters
    ----------
    assessments
        Of `ppgkd.evaluation.quality.assess`, by the name of the curve; six styles differ.
    """
    figure = Figure(figsize=(7.5, 4.2), layout="constrained")
    ax = figure.subplots()
    for name, assessment, look in _curves(assessments):
        curve = pd.DataFrame(assessment["risk_coverage"]["curve"])
        ax.plot(curve["coverage"], curve["oracle_mae_bpm"], ":", color=look.colour, linewidth=1)
        _draw(ax, curve["coverage"], curve["mae_bpm"], name, look)
    ax.set_xlim(0, 1.02)
    ax.set_ylim(bottom=0)
    ax.set_xlabel("share of windows kept, smallest spread first")
    ax.set_ylabel("test MAE of the kept windows (BPM)")
    _percent(ax, "x")
    best = Line2D([], [], color="0.35", linestyle=":", linewidth=1, label="smallest error first")
    _legend(figure, ax, 3, best)
    return figure


def _curves(
    assessments: Mapping[str, Mapping[str, Any]],
) -> Iterator[tuple[str, Mapping[str, Any], CurveStyle]]:
    for (name, assessment), look in zip(assessments.items(), cycle(CURVE_STYLES), strict=False):
        yield name, assessment, look


def _draw(ax: Axes, x: pd.Series, y: pd.Series, name: str, look: CurveStyle) -> None:
    ax.plot(
        x,
        y,
        color=look.colour,
        marker=look.marker,
        linestyle=look.dashes,
        markersize=4,
        linewidth=1.4,
        label=name,
    )


def _percent(ax: Axes, axis: str) -> None:
    shown = ax.xaxis if axis == "x" else ax.yaxis
    shown.set_major_locator(MultipleLocator(0.2))
    shown.set_major_formatter(PercentFormatter(1))


def _legend(figure: Figure, ax: Axes, columns: int, *more: Line2D) -> None:
    handles = [*ax.get_legend_handles_labels()[0], *more]
    figure.legend(handles=handles, loc="outside upper center", ncols=min(len(handles), columns))
