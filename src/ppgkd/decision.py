"""The headline gates, and which student to ship."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

VALIDATION_SLACK = 0.05
"""A smaller student is preferred while its validation MAE is within this share of the lowest."""


@dataclass(frozen=True)
class Gates:
    """What a student must meet.

    Attributes
    ----------
    min_reduction
        Share of the teacher's parameters saved.
    max_latency_ms
        Bound on the p99 latency.
    max_mae_bpm
        Bound on the test MAE.
    """

    min_reduction: float
    max_latency_ms: float
    max_mae_bpm: float


def apply_gates(students: pd.DataFrame, gates: Gates) -> pd.DataFrame:
    """Say of every student which gates it passes.

    ``scratch`` has no teacher; its reduction is counted against the study's smallest.

    Parameters
    ----------
    students
        Table of `ppgkd.summary.summarise_students`.
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
    """Choose the student to ship.

    Among the students that are small and fast enough, validation chooses: the smallest whose
    validation MAE is within 5 % of the lowest. The test set, which judges the result, has no say.

    Parameters
    ----------
    gated
        Table of `apply_gates`.

    Returns
    -------
    Series
        The chosen row. If no student is small and fast enough, it is chosen among all.
    """
    eligible = gated[gated["small"] & gated["fast"]]
    candidates = eligible if len(eligible) else gated
    bound = candidates["val_mae_bpm"].min() * (1 + VALIDATION_SLACK)
    good = candidates[candidates["val_mae_bpm"] <= bound]
    chosen: pd.Series = good.sort_values(["params", "val_mae_bpm"], kind="stable").iloc[0]
    return chosen
