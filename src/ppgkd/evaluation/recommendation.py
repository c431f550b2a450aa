"""Gates of size, cost, latency and error, and the recommended student."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from ppgkd.evaluation.costs import CORES, require_measured
from ppgkd.evaluation.summary import STUDENT

VALIDATION_SLACK = 0.05
"""The cheapest student whose validation MAE is within this share of the lowest is recommended."""


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
    max_macs, max_flash_bytes, max_ram_bytes, max_instructions
        Bounds on costs from raw samples to BPM; None: no bound.
    core
        Processor that flash, RAM and instructions are of.
    cost
        What students are ranked by: a key of `ppgkd.evaluation.costs.COSTS`.
    """

    min_reduction: float
    max_latency_ms: float
    max_mae_bpm: float
    max_macs: float | None = None
    max_flash_bytes: float | None = None
    max_ram_bytes: float | None = None
    max_instructions: float | None = None
    core: str = CORES[0]
    cost: str = "macs"

    @property
    def bounds(self) -> dict[str, float]:
        """The bounds on costs, by column; without those that are not given."""
        given = {
            "macs": self.max_macs,
            "flash_bytes": self.max_flash_bytes,
            "ram_bytes": self.max_ram_bytes,
            "instructions": self.max_instructions,
        }
        return {name: bound for name, bound in given.items() if bound is not None}


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
        The table with ``reduction``, ``cost`` (what it is ranked by) and, as booleans, ``small``,
        ``fast``, ``fits`` (the bounds on costs), ``accurate``, ``passes``.

    Raises
    ------
    PpgkdError
        If the gates need instructions, and a student was not measured.
    """
    if gates.max_instructions is not None or gates.cost == "instructions":
        asked = "gates.cost" if gates.max_instructions is None else "gates.max_instructions"
        require_measured(asked, int(students["instructions"].isna().sum()))
    reference = students["teacher_params"].fillna(students["teacher_params"].min())
    reduction = 1 - (students["params"] / reference).astype("Float64")
    table = students.assign(
        reduction=reduction.astype("float64"),
        small=(reduction >= gates.min_reduction).fillna(False).astype(bool),
        fast=students["latency_p99_ms"] < gates.max_latency_ms,
        fits=(students[[*gates.bounds]] <= [*gates.bounds.values()]).all(axis=1),
        cost=students[gates.cost],
        accurate=students["mae_bpm"] < gates.max_mae_bpm,
    )
    return table.assign(passes=_affordable(table) & table["accurate"])


def recommend(gated: pd.DataFrame) -> pd.Series:
    """Select the recommended student, without the test set.

    Of the students that meet the gates of size, cost and latency, it is the cheapest (by
    `Gates.cost`) whose validation MAE is within 5 % of the lowest.

    Parameters
    ----------
    gated
        Table of `apply_gates`.

    Returns
    -------
    Series
        The selected row. If no student meets these gates, it is selected among all.
    """
    candidates = _eligible(gated)
    bound = candidates["val_mae_bpm"].min() * (1 + VALIDATION_SLACK)
    good = candidates[candidates["val_mae_bpm"] <= bound]
    chosen: pd.Series = good.sort_values(["cost", "val_mae_bpm"], kind="stable").iloc[0]
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
    eligible = _eligible(gated)[[*STUDENT, "small", "fast", "fits", "cost"]]
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


def cheapest_by_family(gated: pd.DataFrame, max_mae_bpm: float) -> pd.DataFrame:
    """Select the cheapest student of each family that errs little enough, without the test set.

    Parameters
    ----------
    gated
        Table of `apply_gates`.
    max_mae_bpm
        Bound on the validation MAE.

    Returns
    -------
    DataFrame
        One row of ``gated`` for each family that has such a student, by cost.
    """
    good = gated[gated["val_mae_bpm"] < max_mae_bpm]
    return good.sort_values(["cost", "val_mae_bpm"], kind="stable").drop_duplicates("family")


def _affordable(table: pd.DataFrame) -> pd.Series:
    return table["small"] & table["fast"] & table["fits"]


def _eligible(gated: pd.DataFrame) -> pd.DataFrame:
    """Students that meet the gates of size, cost and latency; all students, if none does."""
    eligible = gated[_affordable(gated)]
    return eligible if len(eligible) else gated
