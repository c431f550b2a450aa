"""Errors of every training run on every test subject, and differences between ways to train."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ppgkd.evaluation.summary import STUDENT

Array = NDArray[np.float64]
Key = tuple[str, str, str]
"""Strategy, teacher and student."""


class RunErrors:
    """Errors by run, which is a student's network and seed, and subject, over seeds and folds.

    Attributes
    ----------
    keys
        Of all students.
    params, family
        Of each network, by the student's name.
    n_windows
        Windows of each subject, (n_subjects,).
    """

    def __init__(self, students: pd.DataFrame, subject_errors: pd.DataFrame) -> None:
        networks = students.groupby("student")[["family", "params"]].first()
        self.params = {str(name): float(n) for name, n in networks["params"].items()}
        self.family = {str(name): str(family) for name, family in networks["family"].items()}
        sums = (
            subject_errors.assign(sum_bpm=subject_errors["mae_bpm"] * subject_errors["n_windows"])
            .groupby([*STUDENT, "seed", "subject"], sort=False)[["sum_bpm", "n_windows"]]
            .sum()
        )
        table = (sums["sum_bpm"] / sums["n_windows"]).unstack("subject").sort_index(axis=1)
        self.n_windows: Array = (
            sums["n_windows"].groupby("subject").first().sort_index().to_numpy(np.float64)
        )
        self._of: dict[Key, pd.DataFrame] = {
            (str(key[0]), str(key[1]), str(key[2])): part.droplevel([*STUDENT])
            for key, part in table.groupby(level=STUDENT, sort=False)
        }
        self.keys = self._of.keys()

    def of(self, key: Key) -> pd.DataFrame:
        """Errors in BPM, seeds by subjects."""
        return self._of[key]

    def gain_bpm(self, key: Key) -> pd.DataFrame | None:
        """Error of the same network from scratch minus that of a distilled one, by seed."""
        scratch = ("scratch", "none", key[2])
        if key[1] == "none" or scratch not in self._of:
            return None
        return self._of[scratch] - self._of[key]


def by_run(differences: Iterable[tuple[str, pd.DataFrame]]) -> tuple[Array, list[str]]:
    """Differences of each run, mean over what shares it.

    Strategies and teachers of one student and seed share its run from scratch, so they are not
    drawn apart.

    Parameters
    ----------
    differences
        Student, and a table of seeds by subjects.

    Returns
    -------
    differences, students
        Shapes (n_runs, n_subjects) and (n_runs,), without runs that lack a subject.
    """
    found: dict[tuple[str, Hashable], list[Array]] = {}
    for student, table in differences:
        for seed, row in table.dropna().iterrows():
            found.setdefault((student, seed), []).append(row.to_numpy(np.float64))
    rows_of_runs = stacked([np.mean(rows, axis=0) for rows in found.values()])
    return rows_of_runs, [student for student, _ in found]


def stacked(rows: Sequence[Array]) -> Array:
    """Rows as one table; without rows, an empty one."""
    return np.stack(rows) if rows else np.empty((0, 0))
