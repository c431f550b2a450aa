"""Draw the figures of the results."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ppgkd.evaluation.recommendation import Gates, apply_gates
from ppgkd.report import intervals
from ppgkd.report.figures.chart import write_figure
from ppgkd.report.figures.costs import error_vs_cost, pareto
from ppgkd.report.figures.laws import residuals, teacher_student
from ppgkd.report.figures.sizes import error_vs_size, gain_over_scratch


def draw_figures(
    students: pd.DataFrame,
    fitted: Mapping[str, Any],
    effects: Mapping[str, Any],
    gates: Gates,
    specs: Mapping[str, str | Path],
    n_people: int,
) -> None:
    """Draw all figures as Vega-Lite and as SVG.

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
    specs
        Vega-Lite files for ``error_vs_size``, ``error_vs_cost``, ``gain_over_scratch``, ``pareto``,
        ``residuals`` and ``teacher_student``; each has its SVG beside it.
    n_people
        Number of test people; intervals over few are left out: `ppgkd.report.intervals`.
    """
    gated = apply_gates(intervals.of_table(students, n_people), gates)
    laws = intervals.of_laws(fitted, n_people)["laws"]
    figures = {
        "error_vs_size": error_vs_size(gated, laws, gates),
        "error_vs_cost": error_vs_cost(gated, laws, gates),
        "gain_over_scratch": gain_over_scratch(gated),
        "pareto": pareto(gated, gates),
        "residuals": residuals(gated, laws, effects),
        "teacher_student": teacher_student(gated, fitted["joint"]),
    }
    for name, figure in figures.items():
        write_figure(figure, specs[name])
