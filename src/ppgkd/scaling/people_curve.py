"""The error of a student over the number of people it learned from, and bootstrap draws of it.

Test subjects and training people are both samples. Each fold draws its own training people, so what
is drawn again are the draws of each fold; one draw goes through all numbers of people, as it does
in the study, where fewer people are some of the more. All draws are from those who were recorded:
that others might have been is in `ppgkd.scaling.forecast`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ppgkd.scaling.sample import DRAWS

SMALLEST_SHARE = 0.01
"""Of the error in a sample, that a bootstrap draw may have."""

STUDENT = ["strategy", "teacher", "student"]
Array = NDArray[np.float64]
Key = tuple[str, str, str]


@dataclass(frozen=True)
class PeopleCurve:
    """Errors of one student over the number of training people.

    Attributes
    ----------
    people
        Number of people, ascending, (n_sizes,); the last is that of all, mean over the folds.
    errors_bpm
        MAE of each draw on each subject, mean over seeds, (n_sizes, n_draws, n_subjects). All
        draws of the last number are the same.
    n_windows
        Windows of each subject, (n_subjects,).
    fold
        In which each subject is tested, (n_subjects,).
    params
        Parameters of the student.
    recorded
        Number of people that draws are from.
    """

    people: Array
    errors_bpm: Array
    n_windows: Array
    fold: NDArray[np.int64]
    params: int
    recorded: float

    @property
    def mae_bpm(self) -> Array:
        """MAE over windows, mean over draws, (n_sizes,)."""
        return np.asarray(self.errors_bpm.mean(axis=1) @ self.n_windows / self.n_windows.sum())

    @property
    def draw_sd_bpm(self) -> Array:
        """Standard deviation of the MAE of one fold over its draws, mean over folds, (n_sizes,)."""
        if self.errors_bpm.shape[1] < 2:
            return np.full(len(self.people), np.nan)
        variances = []
        for fold in np.unique(self.fold):
            own = self.fold == fold
            of_draw = self.errors_bpm[:, :, own] @ self.n_windows[own] / self.n_windows[own].sum()
            variances.append(of_draw.var(axis=1, ddof=1))
        return np.asarray(np.sqrt(np.mean(variances, axis=0)))

    def up_to(self, people: float) -> PeopleCurve:
        """Make the curve without the larger numbers of people."""
        seen = self.people <= people
        return replace(self, people=self.people[seen], errors_bpm=self.errors_bpm[seen])

    def draw(self, seed: int, *, subjects: bool = True) -> Array:
        """Curves over drawn training people and, unless they are kept, test subjects.

        Parameters
        ----------
        seed
            Of the bootstrap; curves of the same study and seed are paired.
        subjects
            Whether test subjects are drawn, too.

        Returns
        -------
        ndarray, shape (DRAWS, n_sizes)
        """
        rng = np.random.default_rng(seed)
        _, n_draws, n_subjects = self.errors_bpm.shape
        counts = np.ones((DRAWS, n_subjects))
        if subjects:
            share = np.full(n_subjects, 1 / n_subjects)
            counts = rng.multinomial(n_subjects, share, size=DRAWS).astype(np.float64)
        weights = counts * self.n_windows
        folds, of_subject = np.unique(self.fold, return_inverse=True)
        drawn = rng.multinomial(n_draws, np.full(n_draws, 1 / n_draws), size=(DRAWS, len(folds)))
        # the variance of a bootstrap of n draws is too small by (n - 1) / n
        widened = np.sqrt(n_draws / max(n_draws - 1, 1))
        share_of_draw = 1 / n_draws + widened * (drawn / n_draws - 1 / n_draws)
        curves = np.einsum(
            "sku,duk,du->ds", self.errors_bpm, share_of_draw[:, of_subject], weights, optimize=True
        )
        curves = curves / weights.sum(axis=1)[:, None]
        # few draws, made wider, may reach below zero
        return np.asarray(np.maximum(curves, SMALLEST_SHARE * self.mae_bpm))


def make_people_curves(
    cells: pd.DataFrame, subject_errors: pd.DataFrame
) -> tuple[dict[Key, PeopleCurve], dict[Key, str]]:
    """Make the curve of every student.

    Parameters
    ----------
    cells
        Table of `ppgkd.evaluation.people.collect_people_cells`.
    subject_errors
        Table of `ppgkd.evaluation.people.collect_people_subjects`.

    Returns
    -------
    curves, left_out
        By strategy, teacher and student; and why a student has none.
    """
    is_drawn = subject_errors["minutes"].isna()
    errors = subject_errors[is_drawn].assign(
        people=subject_errors["people"].fillna(0), draw=subject_errors["draw"].fillna(0)
    )
    all_people = cells[cells["people"].isna() & cells["minutes"].isna()]
    # people of datasets that are not drawn from train in every draw, and are not counted
    few = cells[cells["people"].notna()]
    always = float((few["train_subjects"] - few["people"]).mean()) if len(few) else 0.0
    curves, left_out = {}, {}
    for key, part in errors.groupby(STUDENT, sort=False):
        student: Key = (str(key[0]), str(key[1]), str(key[2]))
        own = all_people[(all_people[STUDENT] == [*key]).all(axis=1)]
        mean = part.groupby(["people", "draw", "subject"])["mae_bpm"].mean()
        table = mean.unstack("subject").sort_index(axis=1)
        if not np.isfinite(table.to_numpy(np.float64)).all() or (table <= 0).any(axis=None):
            left_out[student] = "an error of it is missing, infinite or zero"
            continue
        sizes = [int(size) for size in table.index.unique("people") if size > 0]
        of_size = [table.loc[size].to_numpy(np.float64) for size in sizes]
        of_all = table.loc[0].to_numpy(np.float64)
        n_draws = max((len(rows) for rows in of_size), default=1)
        rows = [*of_size, np.repeat(of_all, n_draws, axis=0)]
        recorded = float(own["train_subjects"].mean()) - always
        of_subject = part.groupby("subject")[["n_windows", "fold"]].first().sort_index()
        curves[student] = PeopleCurve(
            people=np.array([*sizes, recorded], np.float64),
            errors_bpm=np.stack(rows),
            n_windows=of_subject["n_windows"].to_numpy(np.float64),
            fold=of_subject["fold"].to_numpy(np.int64),
            params=int(own["params"].iloc[0]),
            recorded=recorded,
        )
    return curves, left_out


def table_of(curves: Mapping[Key, PeopleCurve], seed: int = 0) -> pd.DataFrame:
    """Make one row per student and number of people.

    Returns
    -------
    DataFrame
        ``strategy, teacher, student, params, people, mae_bpm, lower_bpm, upper_bpm`` (95 %, over
        test subjects and draws of those who were recorded), ``draw_sd_bpm`` of the draws of one
        fold, None with all people; by parameters.
    """
    rows = []
    for key, curve in sorted(curves.items(), key=lambda item: item[1].params):
        lower, upper = np.quantile(curve.draw(seed), [0.025, 0.975], axis=0)
        for at, people in enumerate(curve.people):
            draw_sd_bpm = float(curve.draw_sd_bpm[at])
            rows.append(
                {
                    **dict(zip(STUDENT, key, strict=True)),
                    "params": curve.params,
                    "people": float(people),
                    "mae_bpm": float(curve.mae_bpm[at]),
                    "lower_bpm": float(lower[at]),
                    "upper_bpm": float(upper[at]),
                    "draw_sd_bpm": draw_sd_bpm if draw_sd_bpm > 1e-9 else None,
                }
            )
    return pd.DataFrame(rows, dtype=object)
