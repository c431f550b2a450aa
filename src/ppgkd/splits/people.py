"""Subsets of the people who train: fewer of them, or fewer minutes of each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ppgkd.errors import PpgkdError
from ppgkd.study.subset import Subset

LEFT_OUT = "left_out"
"""Role of people who train in the fold, but not in a subset of it."""


def take_subset(
    splits: pd.DataFrame,
    subset: Subset,
    *,
    seed: int,
    stride_s: float,
    datasets: Sequence[str] = (),
) -> pd.DataFrame:
    """Take a subset of the people who train.

    Parameters
    ----------
    splits
        Table of `ppgkd.splits.assignment.split_subjects`.
    subset
        What to take.
    seed
        Of the draws.
    stride_s
        Time between starts of windows.
    datasets
        Whose people are drawn, all other people train; empty, all are drawn from.

    Returns
    -------
    DataFrame
        With two more columns: ``full_role``, the role with all people, and ``max_windows``, the
        number of windows to take of each person who trains, missing without a limit.

    Raises
    ------
    PpgkdError
        If no more people train than are to be drawn.
    """
    table = splits.assign(full_role=splits["role"], max_windows=pd.array([pd.NA] * len(splits)))
    trains = table["role"] == "train"
    if subset.minutes is not None:
        table.loc[trains, "max_windows"] = round(subset.minutes * 60 / stride_s)
        return table
    assert subset.people is not None
    drawn_from = trains & (table["dataset"].isin(datasets) if datasets else True)
    # one person may be in several datasets
    people = np.array(sorted(set(table.loc[drawn_from, "subject"])), dtype=object)
    if subset.people >= len(people):
        raise PpgkdError(
            f"'people.sizes' asks for {subset.people} people, but in this fold {len(people)} with "
            f"usable windows train{f' of {[*datasets]}' if datasets else ''}. Give numbers below "
            f"{len(people)}; all of them train in any case."
        )
    order = np.random.default_rng([seed, subset.draw]).permutation(people)
    is_other = trains & table["subject"].isin(order[subset.people :])
    table.loc[is_other, "role"] = "unlabelled" if subset.unlabelled else LEFT_OUT
    return table
