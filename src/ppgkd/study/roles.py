"""The roles that subjects have in a study."""

from __future__ import annotations

import math
from collections.abc import Mapping

REQUIRED_ROLES = ("train", "val", "test")
ROLES = (*REQUIRED_ROLES, "pretrain", "unlabelled")
"""Teachers first learn from ``pretrain``; students see ``unlabelled`` without the reference."""

BY_DATASET = "datasets"
"""Value of the key ``folds`` for folds that leave out one dataset each."""


def has_other_people(n_people: int, given: Mapping[str, object], folds: int) -> bool:
    """Whether a dataset has people to test in each of some folds, and others to learn from.

    Parameters
    ----------
    n_people
        Number of its subjects; 0 where it is not known which recordings are of one person.
    given
        Fraction or list of each of its roles, ``test`` among them.
    folds
        Number of folds by subject.
    """
    other_roles = sum(bool(given.get(role)) for role in ROLES if role != "test")
    left = n_people - math.ceil(n_people / folds)
    return bool(given.get("train")) and n_people >= folds and left >= other_roles
