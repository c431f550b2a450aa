"""Which subject is in which role. A subject is never on both sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ppgkd.errors import PpgkdError
from ppgkd.study.roles import REQUIRED_ROLES, ROLES


def split_subjects(
    subjects: Mapping[str, Sequence[str]],
    shares: Mapping[str, Mapping[str, Any]],
    seed: int,
    fold: tuple[int, int] | None = None,
) -> pd.DataFrame:
    """Give each subject its role.

    Fractions are dealt out over the shuffled subjects by largest remainder, so that the counts
    add up; a role with a positive fraction gets at least one subject. In fold k of n, the test
    role of a dataset is the k-th of n parts of its shuffled subjects; the others are dealt to its
    other roles, beginning behind that part.

    Parameters
    ----------
    subjects
        Subjects with windows, for each dataset.
    shares
        For each dataset, role to a fraction or to a list of subjects; also ``exclude``.
    seed
        Of the shuffle.
    fold
        Number of the fold, from 0, and count of the folds; None without folds.

    Returns
    -------
    DataFrame
        ``dataset, subject, role``.

    Raises
    ------
    PpgkdError
        If a subject would have two roles, a dataset has too few subjects, or a role is empty.
    """
    roles_of = {
        dataset: _roles_of_dataset(dataset, present, shares[dataset], seed, fold)
        for dataset, present in subjects.items()
    }
    rows = [
        {"dataset": dataset, "subject": subject, "role": role}
        for dataset in subjects
        for role, members in roles_of[dataset].items()
        for subject in members
    ]
    table = pd.DataFrame(rows, columns=["dataset", "subject", "role"])
    roles = table.groupby("subject")["role"].unique()
    twice = roles[roles.map(len) > 1]
    if len(twice):
        found = "; ".join(f"'{subject}' in {list(both)}" for subject, both in twice.items())
        raise PpgkdError(
            f"Subjects with two roles: {found}. A subject has one role: put it into the "
            "'exclude' of one of its datasets, or list the subjects of each role. One name in two "
            "datasets is one person: if they are two, give recordings of your own other names."
        )
    for role in REQUIRED_ROLES:
        if role not in set(table["role"]):
            raise PpgkdError(
                f"No subject is left for role '{role}'; the subjects with usable windows went to "
                f"{table['role'].value_counts().to_dict()}. Give the role a larger share."
            )
    return table


def leaving_out(shares: Mapping[str, Mapping[str, Any]], fold: int) -> dict[str, dict[str, Any]]:
    """Shares of a fold that leaves out one dataset: all of it is tested, and nothing else is.

    Parameters
    ----------
    shares
        As in `split_subjects`; datasets with a share of test are left out in turn.
    fold
        Number of the fold, from 0.
    """
    left_out = [dataset for dataset, given in shares.items() if given.get("test")][fold]
    return {
        dataset: {
            key: value
            for key, value in given.items()
            if key not in ROLES or (key == "test") == (dataset == left_out)
        }
        for dataset, given in shares.items()
    }


def _roles_of_dataset(
    dataset: str,
    present: Sequence[str],
    shares: Mapping[str, Any],
    seed: int,
    fold: tuple[int, int] | None,
) -> dict[str, list[str]]:
    excluded = set(shares.get("exclude", ()))
    available = [subject for subject in sorted(present) if subject not in excluded]
    given = {role: shares[role] for role in ROLES if shares.get(role)}
    if all(isinstance(share, list) for share in given.values()):
        return {
            role: [subject for subject in available if subject in set(members)]
            for role, members in given.items()
        }
    if len(available) < len(given):
        raise PpgkdError(
            f"Dataset '{dataset}' has {len(available)} subjects with usable windows for "
            f"{len(given)} roles {list(given)}; every role needs at least one."
        )
    shuffled = np.random.default_rng(seed).permutation(np.array(available, dtype=object))
    roles: dict[str, list[str]] = {}
    if fold is not None and "test" in given:
        number, folds = fold
        if len(available) < folds:
            raise PpgkdError(
                f"Dataset '{dataset}' has {len(available)} subjects with usable windows for "
                f"{folds} folds; every fold tests at least one."
            )
        first, end = (round(k * len(shuffled) / folds) for k in (number, number + 1))
        roles["test"] = sorted(shuffled[first:end])
        shuffled = np.concatenate([shuffled[end:], shuffled[:first]])
        # validation next to the test part: over the folds it goes round as well
        given = {role: given[role] for role in sorted(given, key="val".__ne__) if role != "test"}
        if len(shuffled) < len(given):
            raise PpgkdError(
                f"Dataset '{dataset}' has {len(available)} subjects with usable windows; fold "
                f"{number} of {folds} tests {len(roles['test'])} of them and leaves "
                f"{len(shuffled)} for {len(given)} roles {list(given)}; every role needs at least "
                "one."
            )
    counts = _largest_remainder(np.array([*given.values()], dtype=float), len(shuffled))
    ends = np.cumsum(counts)
    for role, count, end in zip(given, counts, ends, strict=True):
        roles[role] = sorted(shuffled[end - count : end])
    return roles


def _largest_remainder(fractions: NDArray[np.float64], total: int) -> NDArray[np.int64]:
    quotas = fractions / fractions.sum() * total
    counts: NDArray[np.int64] = np.floor(quotas).astype(np.int64)
    order = np.argsort(counts - quotas, kind="stable")
    counts[order[: total - counts.sum()]] += 1
    while (counts == 0).any():
        counts[counts.argmax()] -= 1
        counts[counts.argmin()] += 1
    return counts
