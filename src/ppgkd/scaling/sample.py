"""The sample behind laws and effects: which cells can be used, and bootstrap draws of them.

The bootstrap draws what was sampled: first subjects, the same for all sizes because every cell is
measured on all of them; then seeds, for each size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ppgkd.evaluation.cells import KEYS

DRAWS = 1000
SIZE_COLUMNS = ("params", "macs", "flash_bytes")
"""Measures of size that a law may be a function of."""

Array = NDArray[np.float64]
Reasons = Mapping[tuple[str, int], str]


def usable_cells(subject_errors: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Leave out the cells with an error that is missing, infinite, zero or negative.

    All rows of such a cell are left out. Without the error of one subject, the cell would be
    compared on fewer subjects than the rest.

    Parameters
    ----------
    subject_errors
        Table of `ppgkd.evaluation.cells.collect_subject_errors`.

    Returns
    -------
    usable, left_out
        The rows that remain; and ``strategy, teacher, student, seed, why``, one row per cell.
    """
    error = subject_errors["mae_bpm"].astype(np.float64)
    bad = subject_errors[~(np.isfinite(error) & (error > 0))].drop_duplicates(KEYS)
    why = [
        f"the error of subject {subject} is {mae_bpm:g}"
        for subject, mae_bpm in zip(bad["subject"], bad["mae_bpm"], strict=True)
    ]
    cell, bad_cell = (pd.MultiIndex.from_frame(table[KEYS]) for table in (subject_errors, bad))
    return subject_errors[~cell.isin(bad_cell)], bad[KEYS].assign(why=why)


@dataclass(frozen=True)
class SizeSweep:
    """Errors of students that differ in size alone.

    Attributes
    ----------
    sizes
        Columns `SIZE_COLUMNS`, one row per size, ascending.
    errors_bpm
        MAE of each size, seed and subject, (n_sizes, n_seeds, n_subjects).
    n_windows
        Windows of each subject, (n_subjects,).
    notes
        What was left out, and why.
    """

    sizes: pd.DataFrame
    errors_bpm: Array
    n_windows: Array
    notes: tuple[str, ...]

    @property
    def mae_bpm(self) -> Array:
        """MAE over windows of each size, mean over seeds; empty where no seed has all sizes."""
        if not self.errors_bpm.size:
            return np.empty(0)
        once = np.ones((1, len(self.n_windows)))
        return np.asarray(self._over_windows(once)[0].mean(axis=1))

    def draw(self, seed: int) -> Array:
        """MAE of each size over drawn subjects and, for each size, seeds: (DRAWS, n_sizes)."""
        rng = np.random.default_rng(seed)
        n_sizes, n_seeds, n_subjects = self.errors_bpm.shape
        # counts, and not indices as in `ppgkd.evaluation.bootstrap`: errors of all sizes and seeds
        # are then one product of matrices
        counts = rng.multinomial(n_subjects, np.full(n_subjects, 1 / n_subjects), size=DRAWS)
        seeds = rng.integers(n_seeds, size=(DRAWS, n_sizes, n_seeds))
        errors = self._over_windows(counts.astype(np.float64))
        return np.asarray(np.take_along_axis(errors, seeds, axis=2).mean(axis=2))

    def _over_windows(self, counts: Array) -> Array:
        """MAE over windows by draw, size and seed, where a subject is drawn ``counts`` times."""
        weights = counts * self.n_windows
        total = np.einsum("sku,du->dsk", self.errors_bpm, weights)
        return np.asarray(total / weights.sum(axis=1)[:, None, None])


def make_size_sweep(
    errors: pd.DataFrame, cells: pd.DataFrame, seeds: Sequence[int], why: Reasons
) -> SizeSweep:
    """Collect the errors of one strategy, teacher and family.

    A seed that lacks a size is left out at all sizes: students of one seed share initial weights
    and views, so otherwise sizes would differ in more than size. A size that no seed has is left
    out.

    Parameters
    ----------
    errors
        ``params, seed, subject, n_windows, mae_bpm`` of the cells that can be used.
    cells
        ``student, seed`` and `SIZE_COLUMNS` of all cells of the sweep.
    seeds
        Of the study.
    why
        Reason why a cell cannot be used, by student and seed. Any other missing cell is not
        finished.
    """
    names = cells.groupby("params")["student"].first()
    sizes = cells.groupby("params")[[*SIZE_COLUMNS[1:]]].first().reset_index()
    by_subject = errors.set_index(["params", "seed", "subject"])["mae_bpm"].unstack("subject")
    wanted = pd.MultiIndex.from_product([names.index, seeds], names=["params", "seed"])
    by_subject = by_subject.reindex(wanted)
    complete = by_subject.notna().all(axis=1).to_numpy(bool).reshape(len(names), len(seeds))
    complete = complete & (len(by_subject.columns) > 0)
    has_size = np.asarray(complete.any(axis=1))
    in_all_sizes = complete[has_size].all(axis=0) & has_size.any()
    shape = (len(names), len(seeds), len(by_subject.columns))
    n_windows = errors.groupby("subject")["n_windows"].first().reindex(by_subject.columns)
    return SizeSweep(
        sizes=sizes.loc[has_size],
        errors_bpm=by_subject.to_numpy(np.float64).reshape(shape)[has_size][:, in_all_sizes],
        n_windows=n_windows.to_numpy(np.float64),
        notes=tuple(_notes([*names], seeds, complete, why)),
    )


def _notes(
    names: Sequence[str], seeds: Sequence[int], complete: NDArray[np.bool_], why: Reasons
) -> list[str]:
    notes = []
    for column, seed in enumerate(seeds):
        if not complete[:, column].any() and not any((name, seed) in why for name in names):
            notes.append(f"{', '.join(names)}, seed {seed}: not finished; the seed is left out")
            continue
        for row in np.flatnonzero(~complete[:, column]).tolist():
            reason = why.get((names[row], seed), "not finished")
            what = (
                "the seed is left out at all sizes"
                if complete[row].any()
                else "the size is left out"
            )
            notes.append(f"{names[row]}, seed {seed}: {reason}; {what}")
    return notes
