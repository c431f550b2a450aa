"""Cells of one student put together over seeds and folds, with intervals over subjects."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

STUDENT: list[str] = ["strategy", "teacher", "student"]
Key = tuple[str, ...]
LEVEL = 0.95
DRAWS = 2000


def summarise_students(
    cells: pd.DataFrame, subject_errors: pd.DataFrame, seed: int = 0
) -> pd.DataFrame:
    """Make one row per strategy x teacher x student.

    The test subjects are the sample, and the same in every cell. So one set of bootstrap draws of
    subjects serves all rows, and a difference to ``scratch`` is taken draw by draw: paired.

    Parameters
    ----------
    cells
        Table of `ppgkd.cells.collect_cells`.
    subject_errors
        Table of `ppgkd.cells.collect_subject_errors`.
    seed
        Of the bootstrap.

    Returns
    -------
    DataFrame
        ``strategy, teacher, student, family, params, macs, teacher_params, teacher_mae_bpm, seeds,
        val_mae_bpm, mae_bpm, mae_lower_bpm, mae_upper_bpm, gain_bpm, gain_lower_bpm,
        gain_upper_bpm, within_5bpm, latency_p99_ms, onnx_bytes, int8_loss_bpm,
        int8_latency_p99_ms, int8_bytes``. The MAE is over the windows of
        all test subjects, seeds and folds; the latency is the worst. The gain is the MAE of the
        same student from ``scratch`` minus its own.
    """
    table = (
        cells.groupby(STUDENT, sort=False)
        .agg(
            family=("family", "first"),
            params=("params", "first"),
            macs=("macs", "first"),
            teacher_params=("teacher_params", "first"),
            teacher_mae_bpm=("teacher_mae_bpm", "mean"),
            seeds=("seed", "nunique"),
            val_mae_bpm=("val_mae_bpm", "mean"),
            within_5bpm=("within_5bpm", "mean"),
            latency_p99_ms=("latency_p99_ms", "max"),
            onnx_bytes=("onnx_bytes", "max"),
            int8_loss_bpm=("int8_loss_bpm", "mean"),
            int8_latency_p99_ms=("int8_latency_p99_ms", "max"),
            int8_bytes=("int8_bytes", "max"),
        )
        .reset_index()
    )
    drawn = _draw_mae_bpm(subject_errors, seed)
    own = [drawn[key] for key in table[STUDENT].itertuples(index=False, name=None)]
    scratch = {key[2]: draws for key, draws in drawn.items() if key[0] == "scratch"}
    missing = np.full(DRAWS + 1, np.nan)
    gains = [
        missing if strategy == "scratch" else scratch.get(student, missing) - draws
        for strategy, student, draws in zip(table["strategy"], table["student"], own, strict=True)
    ]
    return table.assign(**_interval("mae", own), **_interval("gain", gains))


def summarise_strategies(subject_errors: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Make one row per strategy x teacher: what it gains over scratch, mean over the students.

    Parameters
    ----------
    subject_errors
        Table of `ppgkd.cells.collect_subject_errors`.
    seed
        Of the bootstrap.

    Returns
    -------
    DataFrame
        ``strategy, teacher, students, mae_bpm, mae_lower_bpm, mae_upper_bpm, gain_bpm,
        gain_lower_bpm, gain_upper_bpm``; the gain is paired by student, seed and drawn subject,
        and missing for ``scratch``.
    """
    drawn = _draw_mae_bpm(subject_errors, seed)
    scratch = {key[2]: draws for key, draws in drawn.items() if key[0] == "scratch"}
    keys = list(dict.fromkeys(key[:2] for key in drawn))
    missing = np.full(DRAWS + 1, np.nan)
    own, gains, counts = [], [], []
    for strategy, teacher in keys:
        students = {key[2]: draws for key, draws in drawn.items() if key[:2] == (strategy, teacher)}
        counts.append(len(students))
        own.append(np.mean([*students.values()], axis=0))
        pairs = [scratch[name] - draws for name, draws in students.items() if name in scratch]
        gains.append(np.mean(pairs, axis=0) if pairs and strategy != "scratch" else missing)
    table = pd.DataFrame(keys, columns=["strategy", "teacher"]).assign(students=counts)
    return table.assign(**_interval("mae", own), **_interval("gain", gains))


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
    draws = np.random.default_rng(seed).integers(len(errors), size=(DRAWS, len(errors)))
    drawn = (weights[draws] * means[draws]).sum(axis=1) / weights[draws].sum(axis=1)
    lower, upper = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(np.average(means, weights=weights)), float(lower), float(upper)


def _interval(name: str, draws: Sequence[NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
    """Estimate and interval; the first draw is the sample itself."""
    stacked = np.stack(draws)
    lower, upper = np.quantile(stacked[:, 1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=1)
    return {f"{name}_bpm": stacked[:, 0], f"{name}_lower_bpm": lower, f"{name}_upper_bpm": upper}


def _draw_mae_bpm(subject_errors: pd.DataFrame, seed: int) -> dict[Key, NDArray[np.float64]]:
    """MAE over windows of each student, of all subjects and then of each draw, (1 + DRAWS,)."""
    by_subject = (
        subject_errors.assign(sum_bpm=subject_errors["mae_bpm"] * subject_errors["n_windows"])
        .groupby([*STUDENT, "subject"], sort=False)[["sum_bpm", "n_windows"]]
        .sum()
    )
    subjects = sorted(subject_errors["subject"].unique())
    rng = np.random.default_rng(seed)
    draws = rng.integers(len(subjects), size=(DRAWS, len(subjects)))
    draws = np.concatenate([np.arange(len(subjects))[None], draws])
    result: dict[Key, NDArray[np.float64]] = {}
    for key, part in by_subject.groupby(level=STUDENT, sort=False):
        values = part.droplevel([*STUDENT]).reindex(subjects).to_numpy(np.float64)
        sums = values[draws].sum(axis=1)
        result[tuple(map(str, key))] = sums[:, 0] / sums[:, 1]
    return result
