"""Compare a study with others on the same test subjects, such as one without the accelerometer.

Subjects differ more than studies do, so two errors side by side do not say what a sensor is worth.
Here the same student of both studies is compared on the same subjects, in the same bootstrap draws.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ppgkd.evaluation.bootstrap import estimate_with_interval
from ppgkd.evaluation.summary import STUDENT, PairedBootstrap
from ppgkd.export.student import model_card_of, read_student
from ppgkd.study.study import COMPARED


@dataclass(frozen=True, eq=False)
class FinishedStudy:
    """What a comparison reads of a study.

    Attributes
    ----------
    channels
        Input channels of its models.
    students, subjects
        Its tables of the same names.
    """

    channels: tuple[str, ...]
    students: pd.DataFrame
    subjects: pd.DataFrame


def read_finished(results: str | Path) -> FinishedStudy:
    """Read a finished study, ``results/<study>``."""
    students, subjects, shipped = (Path(results) / file for file in COMPARED)
    return FinishedStudy(
        model_card_of(read_student(shipped), shipped).channels,
        pd.read_parquet(students),
        pd.read_parquet(subjects),
    )


def compare_studies(
    own: FinishedStudy, others: Mapping[str, FinishedStudy], seed: int = 0
) -> list[dict[str, Any]]:
    """Compare the students that a study has in common with others.

    Parameters
    ----------
    own
        The study.
    others
        Name to study.
    seed
        Of the bootstrap.

    Returns
    -------
    list of dict
        One for each of the others, fit for JSON: ``study``, ``channels`` and ``own_channels``, and
        ``students``: rows of ``strategy, teacher, student, params, mae_bpm`` here, ``other_params,
        other_mae_bpm`` there, and ``difference_bpm``, the other's MAE minus the own, with its 95 %
        interval over subjects, paired, ``lower_bpm, upper_bpm``; ``mean``, the same difference
        over all of them. If there is nothing to compare, ``reason`` says so
        in place of ``students`` and ``mean``.
    """
    return [
        {
            "study": name,
            "channels": list(other.channels),
            "own_channels": list(own.channels),
            **_compare(own, other, seed),
        }
        for name, other in others.items()
    ]


def _compare(own: FinishedStudy, other: FinishedStudy, seed: int) -> dict[str, Any]:
    if not _test_windows(own).equals(_test_windows(other)):
        return {"reason": "it was evaluated on other subjects or other windows"}
    # one seed and the same subjects: the draws are the same in both
    draws, other_draws = (PairedBootstrap(study.subjects, seed) for study in (own, other))
    common = [key for key in draws.students if key in set(other_draws.students)]
    if not common:
        return {"reason": "it has no student of the same strategy, teacher and size"}
    differences = [other_draws.mae_bpm(key) - draws.mae_bpm(key) for key in common]
    params, other_params = (
        study.students.set_index(STUDENT)["params"].to_dict() for study in (own, other)
    )
    rows = [
        {
            **dict(zip(STUDENT, key, strict=True)),
            "params": int(params[key]),
            "mae_bpm": float(draws.mae_bpm(key)[0]),
            "other_params": int(other_params[key]),
            "other_mae_bpm": float(other_draws.mae_bpm(key)[0]),
            **_interval(difference),
        }
        for key, difference in zip(common, differences, strict=True)
    ]
    return {"students": rows, "mean": _interval(np.mean(differences, axis=0))}


def _test_windows(study: FinishedStudy) -> pd.Series[int]:
    """Windows of each test subject, of one student and seed."""
    return study.subjects.groupby("subject")["n_windows"].max().sort_index()


def _interval(drawn_bpm: NDArray[np.float64]) -> dict[str, float]:
    names = ("difference_bpm", "lower_bpm", "upper_bpm")
    return dict(zip(names, estimate_with_interval(drawn_bpm), strict=True))
