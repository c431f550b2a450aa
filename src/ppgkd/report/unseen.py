"""Errors on datasets left out of training, beside those on other people of the same datasets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ppgkd.study.roles import BY_DATASET
from ppgkd.study.study import Study

Row = Mapping[str, Any]


def compare_unseen(
    study: Study, left_out: Sequence[Row], other_people: Sequence[Row]
) -> dict[str, Any] | None:
    """Select what the report's first box says of datasets that were left out.

    Parameters
    ----------
    study
        The study.
    left_out, other_people
        Rows of `ppgkd.evaluation.by_dataset.errors_by_dataset`: of the folds that each leave out a
        dataset, and of those by subject; empty if the study has none of these.

    Returns
    -------
    dict
        None if the study does not leave out datasets. ``worst``, the row of the dataset with the
        largest MAE with the online filter; ``most_wrong``, that of the largest share of valid
        estimates off by more than 10 BPM, None if no estimate is valid; ``same``, the row of other
        people of the worst dataset, None with the ``reason`` why there is none.
    """
    if study.config["folds"] != BY_DATASET:
        return None
    whole = [row for row in left_out if row["activity"] is None]
    worst = max(whole, key=lambda row: row["filtered_mae_bpm"]["estimate"])
    judged = [row for row in whole if row["valid_wrong"]["estimate"] is not None]
    same = other_people_of(worst["dataset"], other_people)
    return {
        "worst": worst,
        "most_wrong": max(judged, key=lambda row: row["valid_wrong"]["estimate"], default=None),
        "same": same,
        "reason": None if same else _why_not_known(study, worst["dataset"]),
    }


def other_people_of(dataset: str, other_people: Sequence[Row]) -> Row | None:
    """Row of a whole dataset in the folds by subject, None if they did not test it."""
    found = (row for row in other_people if row["dataset"] == dataset and row["activity"] is None)
    return next(found, None)


def _why_not_known(study: Study, dataset: str) -> str:
    folds = study.config["other_people"]
    if folds is None:
        return "the study has no folds by subject; the key other_people adds them"
    if study.dataset(dataset).people_unknown:
        return "which of its recordings are of one person is not published"
    return (
        f"it has too few people to test some of them in each of {folds} folds and to learn from "
        "others"
    )
