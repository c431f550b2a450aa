"""Figures of the report: error against size and cost, gain, Pareto front, residuals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from ppgkd.evaluation.costs import COSTS
from ppgkd.evaluation.recommendation import Gates, apply_gates, recommend
from ppgkd.plots.figure import COLOURS, DASHES, MARKERS, STYLE, save_figure
from ppgkd.scaling import JointLaw, Law
from ppgkd.strategies.registry import STRATEGIES

CONTOURED_BPM = 0.02
"""Contours of a joint law are drawn if its range over the map is larger than this."""


def draw_figures(
    students: pd.DataFrame,
    fitted: Mapping[str, Any],
    effects: Mapping[str, Any],
    gates: Gates,
    paths: Mapping[str, str | Path],
) -> None:
    """Draw all figures as SVG.

    Parameters
    ----------
    students
        Table of `ppgkd.evaluation.summary.summarise_students`.
    fitted
        Of `ppgkd.scaling.fit_laws`.
    effects
        Of `ppgkd.scaling.effects.fit_effects`.
    gates
        The bounds.
    paths
        Files for ``error_vs_size``, ``error_vs_cost``, ``gain_over_scratch``, ``pareto``,
        ``residuals`` and ``teacher_student``.
    """
    with mpl.rc_context(STYLE):
        figures = {
            "error_vs_size": error_vs_size(students, fitted["laws"], gates),
            "error_vs_cost": error_vs_cost(students, fitted["laws"]),
            "gain_over_scratch": gain_over_scratch(students),
            "pareto": pareto(apply_gates(students, gates), COSTS[gates.cost]),
            "residuals": residuals(fitted["laws"], effects),
            "teacher_student": teacher_student(students, fitted["joint"]),
        }
        for name, figure in figures.items():
            save_figure(figure, paths[name])


def error_vs_size(
    students: pd.DataFrame, laws: Sequence[Mapping[str, Any]], gates: Gates
) -> Figure:
    """MAE against parameters, one panel for each family and teacher, with the fitted laws."""
    panels = _panels(students)
    figure, axes = _grid(panels)
    for ax, (family, teacher) in zip(axes, panels, strict=True):
        for law in laws:
            if law["family"] == family and law["teacher"] in (teacher, "none") and "curve" in law:
                _draw_law(ax, law)
        shown = _of_panel(students, family, teacher)
        for position, (strategy, part) in enumerate(_by_strategy(shown)):
            shift = 1 + 0.025 * (position - 2)  # so that the intervals do not overlap in the figure
            half_widths = [
                part["mae_bpm"] - part["mae_lower_bpm"],
                part["mae_upper_bpm"] - part["mae_bpm"],
            ]
            ax.errorbar(
                part["params"] * shift,
                part["mae_bpm"],
                yerr=np.clip(np.array(half_widths, dtype=float), 0, None),
                fmt=MARKERS[strategy],
                color=COLOURS[strategy],
                markersize=5,
                elinewidth=0.8,
                label=strategy,
            )
        teacher_mae_bpm = shown["teacher_mae_bpm"].mean()
        if np.isfinite(teacher_mae_bpm):
            ax.axhline(teacher_mae_bpm, color="0.35", linewidth=1, linestyle=":")
            _on_line(ax, teacher_mae_bpm, "teacher", right=False)
        ax.axhline(gates.max_mae_bpm, color="0.35", linewidth=1, linestyle="--")
        _on_line(ax, gates.max_mae_bpm, f"gate {gates.max_mae_bpm:g} BPM", right=True)
        _size_axis(ax, f"{family} students, teacher {teacher}")
        ax.set_ylim(bottom=0)
    _finish(figure, axes, "test MAE (BPM)")
    return figure


def error_vs_cost(students: pd.DataFrame, laws: Sequence[Mapping[str, Any]]) -> Figure:
    """MAE against the MACs of one window, with the laws in them, and against the latency."""
    figure = Figure(figsize=(9.8, 3.9), layout="constrained")
    axes = list(figure.subplots(1, 2, sharey=True))
    sides = (("macs", "multiply-accumulates of one window"), ("latency_p99_ms", "p99 latency (ms)"))
    for law in laws:
        in_macs = law.get("others", {}).get("macs")
        if in_macs is not None and in_macs["status"]["converged"]:
            curve, strategy = in_macs["curve"], law["strategy"]
            axes[0].plot(
                curve["macs"],
                curve["mae_bpm"],
                color=COLOURS[strategy],
                linewidth=1.1,
                linestyle=DASHES[strategy],
            )
    for ax, (column, label) in zip(axes, sides, strict=True):
        for strategy, part in _by_strategy(students):
            ax.plot(
                part[column],
                part["mae_bpm"],
                MARKERS[strategy],
                color=COLOURS[strategy],
                markersize=5,
                alpha=0.8,
                label=strategy,
            )
        _size_axis(ax, "")
        ax.set_xlabel(label)
    _finish(figure, axes, "test MAE (BPM)", None)
    return figure


def residuals(laws: Sequence[Mapping[str, Any]], effects: Mapping[str, Any]) -> Figure:
    """Residuals of the students from their laws, and of the mixed model."""
    figure = Figure(figsize=(9.8, 3.9), layout="constrained")
    axes = list(figure.subplots(1, 2))
    for law in laws:
        if "chosen" not in law:
            continue
        chosen = Law.from_dict(law["forms"][law["chosen"]]["law"])
        expected = chosen.predict(law["sizes"]).mean
        axes[0].plot(
            law["sizes"],
            100 * (np.array(law["mae_bpm"]) / expected - 1),
            MARKERS[law["strategy"]],
            color=COLOURS[law["strategy"]],
            markersize=5,
            alpha=0.8,
            label=law["strategy"],
        )
    axes[0].axhline(0, color="0.35", linewidth=1)
    _size_axis(axes[0], "laws")
    axes[1].set_title("mixed model", fontsize=10)
    if "checks" in effects:
        quantiles = effects["checks"]["quantiles"]
        axes[1].plot(quantiles["normal"], quantiles["residual"], ".", color=COLOURS["soft"])
        axes[1].axline((0, 0), slope=1, color="0.35", linewidth=1)
    _finish(figure, axes, "residual from the law (%)")
    axes[1].set_xlabel("quantile of the normal distribution")
    axes[1].set_ylabel("quantile of the residuals")
    return figure


def teacher_student(students: pd.DataFrame, joint: Sequence[Mapping[str, Any]]) -> Figure:
    """Map of the error over the sizes of teacher and student, a panel for each strategy."""
    taught = students.dropna(subset=["teacher_params"])
    panels = list(dict.fromkeys(taught[["family", "strategy"]].itertuples(index=False, name=None)))
    figure, axes = _grid(panels or [("", "")])
    lowest, highest = students["mae_bpm"].min(), students["mae_bpm"].max()
    colours = {"vmin": lowest, "vmax": max(highest, lowest * 1.01), "cmap": "cividis"}
    points = None
    for ax, (family, strategy) in zip(axes, panels, strict=False):
        part = taught[(taught["family"] == family) & (taught["strategy"] == strategy)]
        law = next(
            (
                one
                for one in joint
                if one["form"] == "additive"
                and (one["strategy"], one["family"]) == (strategy, family)
                and "law" in one
                and one["status"]["converged"]
            ),
            None,
        )
        if law is not None:
            _draw_surface(ax, JointLaw.from_dict(law["law"]), part)
        points = ax.scatter(
            part["params"],
            part["teacher_params"].astype(float),
            c=part["mae_bpm"],
            s=70,
            marker="s",
            edgecolors="black",
            linewidths=0.5,
            zorder=3,
            **colours,
        )
        _size_axis(ax, f"{strategy}, {family} students")
        ax.set_yscale("log")
        ax.yaxis.set_major_formatter(FuncFormatter(_thousands))
        ax.yaxis.set_minor_formatter(NullFormatter())
        ax.set_xlim(part["params"].min() / 1.5, part["params"].max() * 1.5)
        teachers = part["teacher_params"].astype(float)
        ax.set_ylim(teachers.min() / 2, teachers.max() * 2)
        ax.set_xlabel("parameters of the student")
    axes[0].set_ylabel("parameters of the teacher")
    if points is not None:
        figure.colorbar(points, ax=axes, label="test MAE (BPM)")
    return figure


def _draw_surface(ax: Axes, law: JointLaw, part: pd.DataFrame) -> None:
    sizes = part["params"].astype(float), part["teacher_params"].astype(float)
    student, teacher = (np.geomspace(size.min(), size.max(), 40) for size in sizes)
    s, t = np.meshgrid(student, teacher)
    mae_bpm = law.predict(student=s.ravel(), teacher=t.ravel()).mean.reshape(s.shape)
    if np.ptp(mae_bpm) > CONTOURED_BPM:
        lines = ax.contour(s, t, mae_bpm, levels=6, colors="0.5", linewidths=0.8)
        ax.clabel(lines, fontsize=7, fmt="%.2f")


def gain_over_scratch(students: pd.DataFrame) -> Figure:
    """Gain of each strategy over the same student from scratch, with paired intervals."""
    panels = _panels(students)
    figure, axes = _grid(panels)
    for ax, (family, teacher) in zip(axes, panels, strict=True):
        shown = _of_panel(students, family, teacher)
        ax.axhline(0, color=COLOURS["scratch"], linewidth=1)
        for position, (strategy, part) in enumerate(_by_strategy(shown)):
            part = part.dropna(subset=["gain_bpm"])
            if part.empty:
                continue
            gain = part["gain_bpm"].astype(float)
            half_widths = [gain - part["gain_lower_bpm"], part["gain_upper_bpm"] - gain]
            ax.errorbar(
                part["params"] * (1 + 0.06 * (position - 2.5)),
                gain,
                yerr=np.clip(np.array(half_widths, dtype=float), 0, None),
                fmt=MARKERS[strategy],
                color=COLOURS[strategy],
                markersize=5,
                elinewidth=1,
                label=strategy,
            )
        _size_axis(ax, f"{family} students, teacher {teacher}")
    _finish(figure, axes, "gain over scratch (BPM)\nabove 0: better than scratch")
    return figure


def pareto(gated: pd.DataFrame, cost: str) -> Figure:
    """Cost, error and latency of every student, with the Pareto front of the first two outlined."""
    on_front = pareto_front(gated)
    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    ax = figure.subplots()
    points = ax.scatter(
        gated["cost"],
        gated["mae_bpm"],
        c=gated["latency_p99_ms"],
        s=np.where(on_front, 70, 22),
        edgecolors=["black" if on else "none" for on in on_front],
        cmap="cividis",
        zorder=3,
    )
    chosen = recommend(gated)
    # towards the middle, and no part of the layout, which would take the label's room from the axes
    is_right = chosen["cost"] > np.sqrt(gated["cost"].min() * gated["cost"].max())
    label = ax.annotate(
        f"recommended:\n{chosen['student']}, {chosen['strategy']}",
        (chosen["cost"], chosen["mae_bpm"]),
        xytext=(-12 if is_right else 12, 26),
        ha="right" if is_right else "left",
        textcoords="offset points",
        arrowprops={"arrowstyle": "-", "color": "0.3"},
    )
    label.set_in_layout(False)
    figure.colorbar(points, label="p99 latency (ms)")
    _size_axis(ax, "")
    ax.set_ylabel("test MAE (BPM)")
    ax.set_xlabel(f"{cost}, from raw samples to BPM")
    return figure


def pareto_front(gated: pd.DataFrame) -> np.ndarray:
    """Whether no other student is as good in cost and error, and better in one.

    Returns
    -------
    ndarray of bool, shape (n_students,)
    """
    cost = gated[["cost", "mae_bpm"]].to_numpy(float)
    no_worse = (cost[:, None] <= cost[None]).all(axis=2)
    better = (cost[:, None] < cost[None]).any(axis=2)
    return np.asarray(~(no_worse & better).any(axis=0))


def _draw_law(ax: Axes, law: Mapping[str, Any]) -> None:
    curve, colour = law["curve"], COLOURS[law["strategy"]]
    ax.plot(
        curve["params"],
        curve["mae_bpm"],
        color=colour,
        linewidth=1.4,
        linestyle=DASHES[law["strategy"]],
    )
    ax.fill_between(
        curve["params"],
        curve["lower_bpm"],
        curve["upper_bpm"],
        color=colour,
        alpha=0.08,
        linewidth=0,
    )


def _panels(students: pd.DataFrame) -> list[tuple[str, str]]:
    taught = students[students["strategy"] != "scratch"]
    table = taught if len(taught) else students
    return list(dict.fromkeys(table[["family", "teacher"]].itertuples(index=False, name=None)))


def _of_panel(students: pd.DataFrame, family: str, teacher: str) -> pd.DataFrame:
    return students[(students["family"] == family) & students["teacher"].isin([teacher, "none"])]


def _by_strategy(students: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    return [
        (strategy, students[students["strategy"] == strategy].sort_values("params"))
        for strategy in STRATEGIES
        if (students["strategy"] == strategy).any()
    ]


def _grid(panels: list[tuple[str, str]]) -> tuple[Figure, list[Axes]]:
    columns = min(len(panels), 2)
    rows = -(-len(panels) // columns)
    width = 7.5 if columns == 1 else 4.6 * columns + 0.6
    figure = Figure(figsize=(width, 3.4 * rows + 0.5), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, sharex=True).ravel()
    for unused in axes[len(panels) :]:
        unused.set_axis_off()
    return figure, list(axes[: len(panels)])


def _size_axis(ax: Axes, title: str) -> None:
    ax.set_xscale("log")
    ax.tick_params(labelbottom=True)  # also above a panel that is not used
    ax.set_title(title, fontsize=10)
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.xaxis.set_major_formatter(FuncFormatter(_thousands))
    ax.xaxis.set_minor_formatter(NullFormatter())


def _thousands(value: float, _: object) -> str:
    if value >= 1e6:
        return f"{value / 1e6:g}M"
    return f"{value / 1e3:g}k" if value >= 1e3 else f"{value:g}"


def _on_line(ax: Axes, height: float, text: str, *, right: bool) -> None:
    ax.text(
        0.995 if right else 0.005,
        height,
        text,
        transform=ax.get_yaxis_transform(),
        ha="right" if right else "left",
        va="top" if right else "bottom",
        fontsize=8,
        color="0.35",
    )


def _finish(figure: Figure, axes: list[Axes], label: str, below: str | None = "parameters") -> None:
    for ax in axes:
        if below is not None:
            ax.set_xlabel(below)
    axes[0].set_ylabel(label)
    handles = {
        text: handle
        for ax in axes
        for handle, text in zip(*ax.get_legend_handles_labels(), strict=True)
    }
    figure.legend(
        handles.values(),
        handles.keys(),
        loc="outside upper center",
        ncols=len(handles),
    )
