"""The sample that laws and effects rest on: which cells can be used, and draws from them.

The doubt comes from what was sampled: subjects first, the same for all sizes, for every cell is
measured on them; then, for each size, seeds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ppgkd.evaluation.cells import KEYS

DRAWS = 1000
SIZES = ("params", "macs", "onnx_bytes")
"""What a law may be a function of."""

Array = NDArray[np.float64]
Reasons = Mapping[tuple[str, int], str]


def usable(subject_errors: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Leave out the cells that have an error which is none: missing, infinite, zero or negative.

    A cell is left out whole: with the error of one subject missing, it would be compared on other
    people than the rest.

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
class Ladder:
    """Errors of students of growing size that differ in nothing else.

    Attributes
    ----------
    sizes
        Columns `SIZES`, one row per size, ascending.
    cube
        MAE in BPM by size, seed and subject.
    n_windows
        Of each subject.
    notes
        What is left out.
    """

    sizes: pd.DataFrame
    cube: Array
    n_windows: Array
    notes: tuple[str, ...]

    @property
    def mae_bpm(self) -> Array:
        """MAE over windows of each size, mean over seeds; empty where no seed has all sizes."""
        if not self.cube.size:
            return np.empty(0)
        everybody = np.ones((1, len(self.n_windows)))
        return np.asarray(self._over_windows(everybody)[0].mean(axis=1))

    def draw(self, seed: int) -> Array:
        """MAE of each size for drawn subjects and, for each size, drawn seeds: (DRAWS, n_sizes)."""
        rng = np.random.default_rng(seed)
        n_sizes, n_seeds, n_subjects = self.cube.shape
        counts = rng.multinomial(n_subjects, np.full(n_subjects, 1 / n_subjects), size=DRAWS)
        seeds = rng.integers(n_seeds, size=(DRAWS, n_sizes, n_seeds))
        errors = self._over_windows(counts.astype(np.float64))
        return np.asarray(np.take_along_axis(errors, seeds, axis=2).mean(axis=2))

    def _over_windows(self, counts: Array) -> Array:
        """MAE over windows by draw, size and seed, where a subject is drawn ``counts`` times."""
        weights = counts * self.n_windows
        total = np.einsum("sku,du->dsk", self.cube, weights)
        return np.asarray(total / weights.sum(axis=1)[:, None, None])


def make_ladder(
    errors: pd.DataFrame, cells: pd.DataFrame, seeds: Sequence[int], why: Reasons
) -> Ladder:
    """Put the errors of one strategy, teacher and family together.

    A seed that lacks a size is left out at all sizes: seeds share initial weights and views, so
    sizes would else differ in more than size. A size that no seed has is left out.

    Parameters
    ----------
    errors
        ``params, seed, subject, n_windows, mae_bpm`` of the cells that can be used.
    cells
        ``student, seed`` and `SIZES` of all cells that there should be.
    seeds
        Of the study.
    why
        What is wrong with a cell, by student and seed; any other that lacks is not finished.
    """
    names = cells.groupby("params")["student"].first()
    sizes = cells.groupby("params")[[*SIZES[1:]]].first().reset_index()
    by_subject = errors.set_index(["params", "seed", "subject"])["mae_bpm"].unstack("subject")
    wanted = pd.MultiIndex.from_product([names.index, seeds], names=["params", "seed"])
    by_subject = by_subject.reindex(wanted)
    whole = by_subject.notna().all(axis=1).to_numpy(bool).reshape(len(names), len(seeds))
    whole = whole & (len(by_subject.columns) > 0)
    has_size = np.asarray(whole.any(axis=1))
    complete = whole[has_size].all(axis=0) & has_size.any()
    shape = (len(names), len(seeds), len(by_subject.columns))
    n_windows = errors.groupby("subject")["n_windows"].first().reindex(by_subject.columns)
    return Ladder(
        sizes=sizes.loc[has_size],
        cube=by_subject.to_numpy(np.float64).reshape(shape)[has_size][:, complete],
        n_windows=n_windows.to_numpy(np.float64),
        notes=tuple(_notes([*names], seeds, whole, why)),
    )


def _notes(
    names: Sequence[str], seeds: Sequence[int], whole: NDArray[np.bool_], why: Reasons
) -> list[str]:
    notes = []
    for column, seed in enumerate(seeds):
        if not whole[:, column].any() and not any((name, seed) in why for name in names):
            notes.append(f"{', '.join(names)}, seed {seed}: not finished; the seed is left out")
            continue
        for row in np.flatnonzero(~whole[:, column]).tolist():
            reason = why.get((names[row], seed), "not finished")
            what = (
                "the seed is left out at all sizes" if whole[row].any() else "the size is left out"
            )
            notes.append(f"{names[row]}, seed {seed}: {reason}; {what}")
    return notes
