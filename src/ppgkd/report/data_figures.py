"""Figures of the data report: heart rates, and difficulty of the recordings."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator, PercentFormatter

from ppgkd.dataset_summary.summary import HISTOGRAM_BPM, HISTOGRAM_COLUMNS, aggregate_recordings
from ppgkd.plots.figure import CURVE_STYLES, STYLE, save_figure

RARE_BPM = 150
"""Heart rates from here on are rare in most datasets, and matter most in sport."""


def draw_data_figures(
    recordings: pd.DataFrame, titles: Mapping[str, str], paths: Mapping[str, str | Path]
) -> None:
    """Draw both figures as SVG.

    Parameters
    ----------
    recordings
        Of `ppgkd.dataset_summary.summary.summarise_dataset`.
    titles
        Dataset to its title.
    paths
        Files for ``heart_rates`` and ``difficulty``.
    """
    with mpl.rc_context(STYLE):
        save_figure(heart_rates(recordings, titles), paths["heart_rates"])
        save_figure(difficulty(recordings, titles), paths["difficulty"])


def heart_rates(recordings: pd.DataFrame, titles: Mapping[str, str]) -> Figure:
    """Share of each dataset's windows in every 10 BPM of the reference, a panel for each."""
    datasets = aggregate_recordings(recordings, ["dataset"])
    figure = Figure(figsize=(7.5, 1.2 + 1.35 * len(datasets)), layout="constrained")
    axes = figure.subplots(len(datasets), sharex=True, sharey=True, squeeze=False)[:, 0]
    centres_bpm = np.array(HISTOGRAM_BPM) + 5
    for ax, (_, row) in zip(axes, datasets.iterrows(), strict=True):
        fraction = row[list(HISTOGRAM_COLUMNS)].to_numpy(float) / max(row["kept"], 1)
        colours = [CURVE_STYLES[1 if bpm >= RARE_BPM else 0].colour for bpm in HISTOGRAM_BPM]
        ax.bar(centres_bpm, fraction, width=9.2, color=colours)
        ax.set_axisbelow(True)
        ax.set_title(titles[row["dataset"]], fontsize=10, loc="left")
        if row["kept"] and not fraction.any():
            ax.set_title(f"no reference in {row['kept']:,} windows", fontsize=9, loc="right")
            continue
        rare = fraction[np.array(HISTOGRAM_BPM) >= RARE_BPM].sum()
        ax.set_title(
            f"{RARE_BPM} BPM and above: {rare:.1%} of {row['kept']:,} windows",
            fontsize=9,
            loc="right",
        )
        ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes[-1].set_xlim(HISTOGRAM_BPM[0], HISTOGRAM_BPM[-1] + 10)
    axes[-1].xaxis.set_major_locator(MultipleLocator(20, offset=HISTOGRAM_BPM[0]))
    axes[-1].set_xlabel("reference (BPM)")
    figure.supylabel("windows", fontsize=10)
    return figure


def difficulty(recordings: pd.DataFrame, titles: Mapping[str, str]) -> Figure:
    """MAE of the spectral peak in each recording, against its motion and its signal quality."""
    figure = Figure(figsize=(9.8, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    for (name, part), look in zip(
        recordings.groupby("dataset", sort=False), cycle(CURVE_STYLES), strict=False
    ):
        for ax, column in ((left, "motion_g"), (right, "good_share")):
            ax.plot(
                part[column],
                part["spectral_peak_mae_bpm"],
                look.marker,
                color=look.colour,
                markersize=5,
                alpha=0.75,
                label=titles[str(name)],
            )
    left.set_ylabel("MAE of the spectral peak (BPM)")
    left.set_ylim(bottom=0)
    _motion_axis(left, known=bool(recordings["motion_g"].notna().any()))
    right.set_xlabel("PPG of good quality")
    right.set_xlim(0, 1)
    right.xaxis.set_major_formatter(PercentFormatter(1))
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=min(len(labels), 3))
    return figure


def _motion_axis(ax: Axes, *, known: bool) -> None:
    ax.set_xlabel("mean motion (g)")
    if known:
        ax.set_xlim(left=0)
    else:
        ax.set_xticks([])
        ax.text(0.5, 0.5, "no accelerometer", transform=ax.transAxes, ha="center", color="0.35")
