"""Figures of the data report: heart rates, and difficulty of the recordings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from ppgkd.dataset_summary.summary import HISTOGRAM_BPM, HISTOGRAM_COLUMNS, aggregate_recordings
from ppgkd.report import numbers
from ppgkd.report.figures.chart import Chart, Panel, Series, Switch, write_figure
from ppgkd.report.figures.layers import POINT_AREA, Rows, data, error_axis, looks_of
from ppgkd.report.figures.looks import LOOKS
from ppgkd.report.rows import row_id

RARE_BPM = 150
"""Heart rates from here on are rare in most datasets, and matter most in sport."""

BIN_BPM = 10


def draw_data_figures(
    recordings: pd.DataFrame, titles: Mapping[str, str], specs: Mapping[str, str | Path]
) -> None:
    """Draw both figures as Vega-Lite and as SVG.

    Parameters
    ----------
    recordings
        Of `ppgkd.dataset_summary.summary.summarise_dataset`.
    titles
        Dataset to its title.
    specs
        Vega-Lite files for ``heart_rates`` and ``difficulty``; each has its SVG beside it.
    """
    write_figure(heart_rates(recordings, titles), specs["heart_rates"])
    write_figure(difficulty(recordings, titles), specs["difficulty"])


def heart_rates(recordings: pd.DataFrame, titles: Mapping[str, str]) -> Chart | None:
    """Share of each dataset's windows in every 10 BPM of the reference, a panel for each.

    A dataset without a reference has no panel; without any the figure is None.
    """
    panels = []
    datasets = [
        row
        for row in aggregate_recordings(recordings, ["dataset"]).to_dict("records")
        if sum(row[column] for column in HISTOGRAM_COLUMNS)
    ]
    bars = {row["dataset"]: _bars(row) for row in datasets}
    highest = max((bar["share"] for rows in bars.values() for bar in rows), default=0.0)
    width = 620 if len(datasets) == 1 else 440
    for row in datasets:
        title = alt.Title(titles[row["dataset"]], subtitle=_rare(row))
        panels.append(Panel(_histogram(bars[row["dataset"]], highest, title, width)))
    return Chart(panels, min(len(panels), 2)) if panels else None


def _bars(row: Mapping[Any, Any]) -> list[dict[str, Any]]:
    return [
        {
            "from": bpm,
            "to": bpm + BIN_BPM,
            "share": float(row[column] / row["kept"]),
            "is_rare": bpm >= RARE_BPM,
            "name": f"{bpm} to {bpm + BIN_BPM} BPM",
            "facts": [
                ["windows", numbers.count(row[column])],
                ["share", numbers.percent(row[column] / row["kept"])],
            ],
        }
        for bpm, column in zip(HISTOGRAM_BPM, HISTOGRAM_COLUMNS, strict=True)
        if row[column]
    ]


def _rare(row: Mapping[Any, Any]) -> str:
    rare = sum(
        row[column]
        for bpm, column in zip(HISTOGRAM_BPM, HISTOGRAM_COLUMNS, strict=True)
        if bpm >= RARE_BPM
    )
    share = numbers.percent(rare / row["kept"])
    return f"{RARE_BPM} BPM and above: {share} of {numbers.count(row['kept'])} windows"


def _histogram(bars: Rows, highest: float, title: alt.TitleParams, width: int) -> alt.Chart:
    ends = [HISTOGRAM_BPM[0], HISTOGRAM_BPM[-1] + BIN_BPM]
    scale = alt.Scale(domain=[False, True], range=[LOOKS[2].colour, LOOKS[1].colour])
    chart: alt.Chart = (
        alt.Chart(data(bars), title=title, width=width, height=150)
        .mark_rect(stroke=None)
        .encode(
            x=alt.X(
                "from:Q",
                title="reference (BPM)",
                scale=alt.Scale(domain=ends, nice=False),
                axis=alt.Axis(values=[*range(ends[0], ends[1] + 1, 20)]),
            ),
            x2="to",
            y=alt.Y(
                "share:Q",
                title="share of windows",
                scale=alt.Scale(domain=[0, highest], nice=True),
                axis=alt.Axis(format=".0%", tickCount=4),
            ),
            y2=alt.datum(0),
            color=alt.Color("is_rare:N", scale=scale, legend=None),
        )
    )
    return chart


def difficulty(recordings: pd.DataFrame, titles: Mapping[str, str]) -> Chart | None:
    """MAE of the spectral peak in each recording, against its motion and its signal quality.

    Without an accelerometer there is no panel of motion; without a reference the figure is None.
    """
    known = recordings[recordings["spectral_peak_mae_bpm"].notna()]
    if known.empty:
        return None
    names = [str(name) for name in dict.fromkeys(known["dataset"])]
    switch = Switch(
        "dataset",
        "datasets",
        [Series(name, titles[name], LOOKS[(at + 2) % len(LOOKS)]) for at, name in enumerate(names)],
    )
    rows = _recordings(known, titles)
    has_motion = bool(known["motion_g"].notna().any())
    columns = 2 if has_motion else 1
    motion = alt.X("motion_g:Q", title="mean motion (g)", scale=alt.Scale(zero=True, nice=True))
    good = alt.X(
        "good_share:Q",
        title="PPG of good quality",
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(format=".0%", tickCount=5),
    )
    marks = alt.Chart(data(rows), width=440, height=260).mark_point(
        filled=True, opacity=0.8, size=POINT_AREA
    )
    y = error_axis("spectral_peak_mae_bpm", "MAE of the spectral peak (BPM)")
    panels = [
        Panel(marks.encode(x=x, y=y, **looks_of(switch)))
        for x in ([motion, good] if has_motion else [good])
    ]
    switches = [switch] if len(names) > 1 else []
    return Chart(panels, columns, switches, {"motion": has_motion})


def _recordings(known: pd.DataFrame, titles: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "dataset": str(row["dataset"]),
            "motion_g": _rounded(row["motion_g"]),
            "good_share": _rounded(row["good_share"]),
            "spectral_peak_mae_bpm": _rounded(row["spectral_peak_mae_bpm"]),
            "name": f"{row['recording']}, {titles[row['dataset']]}",
            "row": row_id("recording", row["dataset"], row["recording"]),
            "facts": _recording_facts(row),
        }
        for row in known.to_dict("records")
    ]


def _recording_facts(row: Mapping[Any, Any]) -> Sequence[list[str]]:
    facts = [["MAE of the spectral peak", f"{row['spectral_peak_mae_bpm']:.1f} BPM"]]
    if not np.isnan(row["motion_g"]):
        facts.append(["mean motion", f"{row['motion_g']:.2f} g"])
    if not np.isnan(row["good_share"]):
        facts.append(["PPG of good quality", numbers.percent(row["good_share"])])
    return [*facts, ["windows", numbers.count(row["kept"])]]


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else float(f"{value:.5g}")
