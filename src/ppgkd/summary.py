"""Cells of one student put together over seeds, with intervals over subjects."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

STUDENT: list[Hashable] = ["strategy", "teacher", "student"]
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
        ``strategy, teacher, student, family, params, teacher_params, teacher_mae_bpm, seeds,
        val_mae_bpm, mae_bpm, mae_lower_bpm, mae_upper_bpm, gain_bpm, gain_lower_bpm,
        gain_upper_bpm, within_5bpm, latency_p99_ms, onnx_bytes``. Means over seeds; the latency is
        the worst. The gain is the MAE of the same student from ``scratch`` minus its own.
    """
    grouped = cells.groupby(STUDENT, sort=False)
    table = grouped.agg(
        family=("family", "first"),
        params=("params", "first"),
        teacher_params=("teacher_params", "first"),
        teacher_mae_bpm=("teacher_mae_bpm", "mean"),
        seeds=("seed", "nunique"),
        val_mae_bpm=("val_mae_bpm", "mean"),
        mae_bpm=("mae_bpm", "mean"),
        within_5bpm=("within_5bpm", "mean"),
        latency_p99_ms=("latency_p99_ms", "max"),
        onnx_bytes=("onnx_bytes", "max"),
    ).reset_index()
    drawn = _bootstrap_mae_bpm(subject_errors, seed)
    tail = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    own = np.stack([drawn[key] for key in table[STUDENT].itertuples(index=False, name=None)])
    table["mae_lower_bpm"], table["mae_upper_bpm"] = np.quantile(own, tail, axis=1)

    scratch = {key[2]: draws for key, draws in drawn.items() if key[0] == "scratch"}
    scratch_mae_bpm = table[table["strategy"] == "scratch"].set_index("student")["mae_bpm"]
    table["gain_bpm"] = table["student"].map(scratch_mae_bpm).astype(float) - table["mae_bpm"]
    missing = np.full(DRAWS, np.nan)
    gains = np.stack([scratch.get(s, missing) for s in table["student"]]) - own
    table["gain_lower_bpm"], table["gain_upper_bpm"] = np.quantile(gains, tail, axis=1)
    gain_columns = ["gain_bpm", "gain_lower_bpm", "gain_upper_bpm"]
    table.loc[table["strategy"] == "scratch", gain_columns] = np.nan
    return table


def _bootstrap_mae_bpm(subject_errors: pd.DataFrame, seed: int) -> dict[Key, NDArray[np.float64]]:
    """MAE over windows of each student for each draw of subjects, shape (DRAWS,) each."""
    by_subject = (
        subject_errors.assign(sum_bpm=subject_errors["mae_bpm"] * subject_errors["n_windows"])
        .groupby([*STUDENT, "subject"])[["sum_bpm", "n_windows"]]
        .sum()
    )
    subjects = sorted(subject_errors["subject"].unique())
    rng = np.random.default_rng(seed)
    draws = rng.integers(len(subjects), size=(DRAWS, len(subjects)))
    result: dict[Key, NDArray[np.float64]] = {}
    for key, part in by_subject.groupby(level=STUDENT):
        values = part.droplevel(STUDENT).reindex(subjects).to_numpy(np.float64)
        sums = values[draws].sum(axis=1)
        result[tuple(map(str, key))] = sums[:, 0] / sums[:, 1]
    return result
