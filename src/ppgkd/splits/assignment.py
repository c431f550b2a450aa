"""Assignment of subjects to roles. Every subject has one role."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ppgkd.errors import PpgkdError
from ppgkd.study.roles import REQUIRED_ROLES, ROLES, has_other_people


def split_subjects(
    subjects: Mapping[str, Sequence[str]],
    fractions: Mapping[str, Mapping[str, Any]],
    seed: int,
    fold: tuple[int, int] | None = None,
    required: Sequence[str] = REQUIRED_ROLES,
) -> pd.DataFrame:
    """Assign a role to each subject.

    The numbers of subjects follow from the fractions by largest remainder, so they add up; a role
    with a positive fraction gets at least one subject. The shuffled subjects are assigned in this
    order. In fold k of n, the test subjects of a dataset are the k-th of n parts of its shuffled
    subjects; the other subjects are assigned to the other roles, beginning after that part.

    Parameters
    ----------
    subjects
        Subjects with windows, for each dataset.
    fractions
        For each dataset, role to a fraction of the subjects or to a list of them; also ``exclude``.
    seed
        Seed of the shuffle.
    fold
        Index of the fold and number of folds; None without folds.
    required
        Roles that somebody must have.

    Returns
    -------
    DataFrame
        ``dataset, subject, role``.

    Raises
    ------
    PpgkdError
        If a subject would have two roles, a dataset has too few subjects, or a role has none.
    """
    roles_of = {
        dataset: _roles_of_dataset(dataset, present, fractions[dataset], seed, fold)
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
    ambiguous = roles[roles.map(len) > 1]
    if len(ambiguous):
        found = "; ".join(f"'{subject}' in {list(both)}" for subject, both in ambiguous.items())
        raise PpgkdError(
            f"Subjects with two roles: {found}. A subject must have one role: put it into the "
            "'exclude' of one of its datasets, or list the subjects of each role. The same name in "
            "two datasets is the same person; give different persons different names."
        )
    for role in required:
        if role not in set(table["role"]):
            raise PpgkdError(
                f"No subject is left for role '{role}'; the subjects with usable windows are in "
                f"{table['role'].value_counts().to_dict()}. Give the role a larger fraction."
            )
    return table


def leave_one_dataset_out(
    fractions: Mapping[str, Mapping[str, Any]], fold: int
) -> dict[str, dict[str, Any]]:
    """Fractions for a fold that tests on one dataset, which no other role contains.

    Parameters
    ----------
    fractions
        As in `split_subjects`; the datasets with a test fraction are left out in turn.
    fold
        Index of the fold.
    """
    left_out = [dataset for dataset, given in fractions.items() if given.get("test")][fold]
    return {
        dataset: {
            key: value
            for key, value in given.items()
            if key not in ROLES or (key == "test") == (dataset == left_out)
        }
        for dataset, given in fractions.items()
    }


def leave_people_out(
    subjects: Mapping[str, Sequence[str]],
    fractions: Mapping[str, Mapping[str, Any]],
    folds: int,
    people_unknown: Sequence[str] = (),
) -> dict[str, dict[str, Any]]:
    """Fractions for folds by subject over the datasets that `leave_one_dataset_out` leaves out.

    A dataset that has too few people, or in which one person may have several names, is not tested;
    all of it trains in every fold.

    Parameters
    ----------
    subjects, fractions
        As in `split_subjects`.
    folds
        Number of folds.
    people_unknown
        Datasets in which a person may have made several recordings under several names.

    Raises
    ------
    PpgkdError
        If no dataset can be tested.
    """
    people = {
        dataset: 0
        if dataset in people_unknown
        else len(set(present) - set(fractions[dataset].get("exclude", ())))
        for dataset, present in subjects.items()
    }
    tested = {
        dataset
        for dataset, given in fractions.items()
        if given.get("test") and has_other_people(people[dataset], _given(given), folds)
    }
    if not tested:
        raise PpgkdError(
            f"'other_people' is {folds}, but no dataset has people with usable windows to test in "
            f"each of so many folds and others to learn from; found {people}. Take fewer folds, or "
            "leave the key out."
        )
    return {
        dataset: {key: value for key, value in given.items() if key != "test" or dataset in tested}
        for dataset, given in fractions.items()
    }


def leave_nobody_out(
    fractions: Mapping[str, Mapping[str, Any]], by_dataset: bool
) -> dict[str, dict[str, Any]]:
    """Fractions for the final training, in which the subjects tested in the folds learn, too.

    Parameters
    ----------
    fractions
        As in `split_subjects`.
    by_dataset
        Whether the folds leave out one dataset each. The other roles have all subjects then.
        Otherwise, a dataset's test subjects join those in ``train``, if it has any.
    """
    return {
        dataset: {
            key: value + given["test"] if _joined(key, given, by_dataset) else value
            for key, value in given.items()
            if key != "test"
        }
        for dataset, given in fractions.items()
    }


def _given(fractions: Mapping[str, Any]) -> dict[str, Any]:
    """Fraction or list of each role that has any subjects."""
    return {role: fractions[role] for role in ROLES if fractions.get(role)}


def _joined(role: str, given: Mapping[str, Any], by_dataset: bool) -> bool:
    """Whether the test subjects of a dataset join this role."""
    return role == "train" and bool(given.get("test")) and not by_dataset


def _roles_of_dataset(
    dataset: str,
    present: Sequence[str],
    fractions: Mapping[str, Any],
    seed: int,
    fold: tuple[int, int] | None,
) -> dict[str, list[str]]:
    excluded = set(fractions.get("exclude", ()))
    available = [subject for subject in sorted(present) if subject not in excluded]
    given = _given(fractions)
    if all(isinstance(value, list) for value in given.values()):
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
                f"{folds} folds; every fold needs at least one test subject."
            )
        first, end = (round(k * len(shuffled) / folds) for k in (number, number + 1))
        roles["test"] = sorted(shuffled[first:end])
        shuffled = np.concatenate([shuffled[end:], shuffled[:first]])
        # Validation subjects come right after the test subjects, so they rotate over the folds.
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
