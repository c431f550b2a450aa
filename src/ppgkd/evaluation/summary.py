"""Summaries of students and strategies over seeds and folds, with intervals over subjects."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ppgkd.evaluation.bootstrap import (
    DRAWS,
    draw_subjects,
    estimate_with_interval,
    resampled_sums,
)
from ppgkd.evaluation.costs import COUNTED, DEVICE

STUDENT: list[str] = ["strategy", "teacher", "student"]
Key = tuple[str, ...]


def summarise_students(
    cells: pd.DataFrame, subject_errors: pd.DataFrame, seed: int = 0
) -> pd.DataFrame:
    """Make one row per strategy x teacher x student.

    Every cell is measured on the same test subjects. So one set of bootstrap draws of subjects
    serves all rows, and a difference to ``scratch`` is taken draw by draw: paired.

    Parameters
    ----------
    cells
        Table of `ppgkd.evaluation.cells.collect_cells`.
    subject_errors
        Table of `ppgkd.evaluation.cells.collect_subject_errors`.
    seed
        Of the bootstrap.

    Returns
    -------
    DataFrame
        ``strategy, teacher, student, family, params, macs, flash_bytes, ram_bytes, instructions,
        measured_on, front_end_macs, front_end_flash_bytes, front_end_ram_bytes, teacher_params,
        teacher_mae_bpm, seeds, val_mae_bpm, mae_bpm, mae_lower_bpm, mae_upper_bpm, gain_bpm,
        gain_lower_bpm, gain_upper_bpm, within_5bpm, latency_p99_ms, front_end_latency_p99_ms,
        latency_busy, onnx_bytes, int8_loss_bpm, int8_latency_p99_ms, int8_bytes``. The MAE is over
        the windows of all test subjects, seeds and folds; the latency is the worst. The gain is the
        MAE of the same student from ``scratch`` minus its own.
    """
    table = (
        cells.groupby(STUDENT, sort=False)
        .agg(
            family=("family", "first"),
            params=("params", "first"),
            **{name: (name, "first") for name in (*COUNTED, *DEVICE)},
            teacher_params=("teacher_params", "first"),
            teacher_mae_bpm=("teacher_mae_bpm", "mean"),
            seeds=("seed", "nunique"),
            val_mae_bpm=("val_mae_bpm", "mean"),
            within_5bpm=("within_5bpm", "mean"),
            latency_p99_ms=("latency_p99_ms", "max"),
            front_end_latency_p99_ms=("front_end_latency_p99_ms", "max"),
            latency_busy=("latency_busy", "any"),
            onnx_bytes=("onnx_bytes", "max"),
            int8_loss_bpm=("int8_loss_bpm", "mean"),
            int8_latency_p99_ms=("int8_latency_p99_ms", "max"),
            int8_bytes=("int8_bytes", "max"),
        )
        .reset_index()
    )
    bootstrap = PairedBootstrap(subject_errors, seed)
    missing = np.full(DRAWS + 1, np.nan)
    own, gains = [], []
    for key in table[STUDENT].itertuples(index=False, name=None):
        drawn = bootstrap.mae_bpm(key)
        own.append(estimate_with_interval(drawn))
        scratch = None if key[0] == "scratch" else bootstrap.from_scratch(key[2])
        gains.append(estimate_with_interval(missing if scratch is None else scratch - drawn))
    return table.assign(**_columns("mae", own), **_columns("gain", gains))


def summarise_strategies(subject_errors: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Make one row per strategy x teacher: its gain over scratch, mean over the students.

    Parameters
    ----------
    subject_errors
        Table of `ppgkd.evaluation.cells.collect_subject_errors`.
    seed
        Of the bootstrap.

    Returns
    -------
    DataFrame
        ``strategy, teacher, students, mae_bpm, mae_lower_bpm, mae_upper_bpm, gain_bpm,
        gain_lower_bpm, gain_upper_bpm``; the gain is paired by student, seed and drawn subject,
        and missing for ``scratch``.
    """
    bootstrap = PairedBootstrap(subject_errors, seed)
    students: dict[Key, list[Key]] = {}
    for key in bootstrap.students:
        students.setdefault(key[:2], []).append(key)
    own, gains = [], []
    for (strategy, _), keys in students.items():
        total, gain, pairs = np.zeros(DRAWS + 1), np.zeros(DRAWS + 1), 0
        for key in keys:
            drawn, scratch = bootstrap.mae_bpm(key), bootstrap.from_scratch(key[2])
            total += drawn
            if scratch is not None:
                gain += scratch - drawn
                pairs += 1
        known = pairs and strategy != "scratch"
        own.append(estimate_with_interval(total / len(keys)))
        gains.append(estimate_with_interval(gain / pairs if known else np.full(DRAWS + 1, np.nan)))
    table = pd.DataFrame([*students], columns=["strategy", "teacher"])
    table = table.assign(students=[len(keys) for keys in students.values()])
    return table.assign(**_columns("mae", own), **_columns("gain", gains))


def subject_mean_interval(errors: pd.DataFrame, seed: int = 0) -> tuple[float, float, float]:
    """MAE over the windows of some subjects, with its interval over subjects.

    Parameters
    ----------
    errors
        ``n_windows, mae_bpm``, one row per subject.
    seed
        Of the bootstrap.
    """
    weights, means = errors["n_windows"].to_numpy(float), errors["mae_bpm"].to_numpy(float)
    total_bpm, n_windows = resampled_sums(np.column_stack([weights * means, weights]), seed=seed).T
    return estimate_with_interval(total_bpm / n_windows)


class PairedBootstrap:
    """Bootstrap over test subjects, with the same draws for all students.

    A student's draws are computed when they are used: those of ten thousand students together
    would take half a gigabyte.

    Attributes
    ----------
    students
        Strategy, teacher and student of each, in the order of the table.
    """

    def __init__(self, subject_errors: pd.DataFrame, seed: int) -> None:
        by_subject = (
            subject_errors.assign(sum_bpm=subject_errors["mae_bpm"] * subject_errors["n_windows"])
            .groupby([*STUDENT, "subject"], sort=False)[["sum_bpm", "n_windows"]]
            .sum()
            .reset_index()
        )
        names = sorted(subject_errors["subject"].unique())
        subjects = pd.Index(names).get_indexer(by_subject["subject"])
        student = by_subject.groupby(STUDENT, sort=False).ngroup().to_numpy()
        unique = by_subject[STUDENT].drop_duplicates().itertuples(index=False, name=None)
        sums = np.full((student.max() + 1, len(names), 2), np.nan)
        sums[student, subjects] = by_subject[["sum_bpm", "n_windows"]].to_numpy(np.float64)
        self.students: list[Key] = [tuple(map(str, key)) for key in unique]
        self._sums = dict(zip(self.students, sums, strict=True))
        self._subjects = draw_subjects(len(names), seed=seed)
        self._from_scratch = {
            key[2]: self.mae_bpm(key) for key in self.students if key[0] == "scratch"
        }

    def mae_bpm(self, student: Key) -> NDArray[np.float64]:
        """MAE over windows of the sample and then of each draw, shape (1 + DRAWS,)."""
        sums = self._sums[student][self._subjects].sum(axis=1)
        return np.asarray(sums[:, 0] / sums[:, 1])

    def from_scratch(self, student: str) -> NDArray[np.float64] | None:
        """PairedBootstrap of the same network trained from scratch, if the study has it."""
        return self._from_scratch.get(student)


def _columns(name: str, rows: Sequence[tuple[float, float, float]]) -> dict[str, Sequence[float]]:
    names = (f"{name}_bpm", f"{name}_lower_bpm", f"{name}_upper_bpm")
    return dict(zip(names, zip(*rows, strict=True), strict=True))
