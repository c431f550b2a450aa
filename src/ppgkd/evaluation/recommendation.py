"""Gates of size, latency and error, and the recommended student."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from ppgkd.evaluation.summary import STUDENT

VALIDATION_SLACK = 0.05
"""The smallest student whose validation MAE is within this share of the lowest is recommended."""


@dataclass(frozen=True)
class Gates:
    """Bounds that a student must meet.

    Attributes
    ----------
    min_reduction
        Lowest share by which the student has fewer parameters than its teacher.
    max_latency_ms
        Bound on the p99 latency.
    max_mae_bpm
        Bound on the test MAE.
    """

    min_reduction: float
    max_latency_ms: float
    max_mae_bpm: float


def apply_gates(students: pd.DataFrame, gates: Gates) -> pd.DataFrame:
    """Add to every student which gates it passes.

    ``scratch`` has no teacher; its reduction is relative to the study's smallest teacher.

    Parameters
    ----------
    students
        Table of `ppgkd.evaluation.summary.summarise_students`.
    gates
        The bounds.

    Returns
    -------
    DataFrame
        The table with ``reduction`` and, as booleans, ``small``, ``fast``, ``accurate``,
        ``passes``.
    """
    reference = students["teacher_params"].fillna(students["teacher_params"].min())
    reduction = 1 - (students["params"] / reference).astype("Float64")
    table = students.assign(
        reduction=reduction.astype("float64"),
        small=(reduction >= gates.min_reduction).fillna(False).astype(bool),
        fast=students["latency_p99_ms"] < gates.max_latency_ms,
        accurate=students["mae_bpm"] < gates.max_mae_bpm,
    )
    return table.assign(passes=table["small"] & table["fast"] & table["accurate"])


def recommend(gated: pd.DataFrame) -> pd.Series:
    """Select the recommended student, without the test set.

    Of the students that meet the gates of size and latency, it is the smallest whose validation MAE
    is within 5 % of the lowest.

    Parameters
    ----------
    gated
        Table of `apply_gates`.

    Returns
    -------
    Series
        The selected row. If no student meets both gates, it is selected among all.
    """
    candidates = _eligible(gated)
    bound = candidates["val_mae_bpm"].min() * (1 + VALIDATION_SLACK)
    good = candidates[candidates["val_mae_bpm"] <= bound]
    chosen: pd.Series = good.sort_values(["params", "val_mae_bpm"], kind="stable").iloc[0]
    return chosen


def recommend_by_fold(
    gated: pd.DataFrame, cells: pd.DataFrame, subject_errors: pd.DataFrame
) -> pd.DataFrame:
    """Select a student in each fold on validation subjects, and evaluate it on test subjects.

    Over all folds together, a test subject of one fold is a validation subject of another. Here the
    selection uses no test subject of the fold, so the error is an unbiased estimate.

    Parameters
    ----------
    gated
        Table of `apply_gates`.
    cells, subject_errors
        Tables of `ppgkd.evaluation.cells`, of a study with folds.

    Returns
    -------
    DataFrame
        One row per fold and test subject: ``fold, strategy, teacher, student, params, subject,
        n_windows, mae_bpm``, mean over seeds.
    """
    eligible = _eligible(gated)[[*STUDENT, "small", "fast"]]
    by_fold = (
        cells.groupby(["fold", *STUDENT], sort=False)
        .agg(params=("params", "first"), val_mae_bpm=("val_mae_bpm", "mean"))
        .reset_index()
        .merge(eligible, on=STUDENT)
    )
    chosen = pd.DataFrame([recommend(part) for _, part in by_fold.groupby("fold")])
    evaluated = chosen[["fold", *STUDENT, "params"]].merge(subject_errors, on=["fold", *STUDENT])
    keys = ["fold", *STUDENT, "params", "subject", "n_windows"]
    return evaluated.groupby(keys, sort=False)["mae_bpm"].mean().reset_index()


def _eligible(gated: pd.DataFrame) -> pd.DataFrame:
    """Students that meet the gates of size and latency; all students, if none does."""
    eligible = gated[gated["small"] & gated["fast"]]
    return eligible if len(eligible) else gated
