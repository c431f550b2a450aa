"""How wrong everybody is on the same windows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from peers.peer import About
from peers.running import FILTERED, STUDENT, Followed
from ppgkd.errors import PpgkdError
from ppgkd.evaluation.summary import subject_mean_interval

WINDOW = ["dataset", "recording", "window"]
OURS = {STUDENT: "pred_bpm", FILTERED: "filtered_bpm"}
"""Our estimators, with their columns in the study's predictions."""


@dataclass(frozen=True)
class Judged:
    """What came out for one estimator.

    Attributes
    ----------
    about
        Who it is.
    windows, subjects
        How many have an estimate.
    share
        Of the windows that were asked for.
    mae_bpm
        Over these windows, with the bounds of its 95 % interval over subjects.
    above_bpm
        How much larger it is than that of the filtered student on the same windows, with the bounds
        of the interval, paired by subject.
    latency_p50_ms, latency_p99_ms
        Of one estimate.
    """

    about: About
    windows: int
    subjects: int
    share: float
    mae_bpm: tuple[float, float, float]
    above_bpm: tuple[float, float, float]
    latency_p50_ms: float
    latency_p99_ms: float


def read_predictions(path: Path) -> pd.DataFrame:
    """Read what the recommended student said of its test windows.

    Raises
    ------
    PpgkdError
        If the study has no such file.
    """
    if not path.is_file():
        raise PpgkdError(
            f"{path} is not there; peers are compared with a finished study. Run the study first, "
            "or name another one: python benchmarks/peers.py results/<study>"
        )
    return pd.read_parquet(path)


def windows_of(predictions: pd.DataFrame) -> pd.DataFrame:
    """Every test window once, whatever the number of seeds."""
    return predictions.drop_duplicates(WINDOW, ignore_index=True)


def judge(predictions: pd.DataFrame, followed: Mapping[str, Followed]) -> dict[str, Judged]:
    """Compare estimates with the reference.

    Parameters
    ----------
    predictions
        Of the recommended student: ``dataset, subject, recording, window, hr_bpm, seed, pred_bpm,
        filtered_bpm``.
    followed
        What each estimator said of `windows_of` them. Of the student, whose file saw most of the
        subjects, only the latencies are used.

    Returns
    -------
    dict
        For each estimator, over the windows from the first on for which all can have an estimate.

    Raises
    ------
    PpgkdError
        If one of them has no estimate at all.
    """
    windows = windows_of(predictions)
    errors = pd.DataFrame({name: _error_of_student(predictions, name) for name in OURS})
    for name, found in followed.items():
        if name not in OURS:
            errors[name] = np.abs(found.bpm - windows["hr_bpm"])
    first = max(found.about.first_window for found in followed.values())
    asked = windows["window"] >= first
    subjects, errors = windows.loc[asked, "subject"], errors[asked]
    return {
        name: _judge_one(found, errors[name], errors[FILTERED], subjects)
        for name, found in followed.items()
    }


def _error_of_student(predictions: pd.DataFrame, name: str) -> pd.Series:
    """Absolute error of each window, mean over the seeds, in the order of `windows_of`."""
    absolute_bpm = (predictions[OURS[name]] - predictions["hr_bpm"]).abs()
    keys = [predictions[key] for key in WINDOW]
    return absolute_bpm.groupby(keys, sort=False).mean().reset_index(drop=True)


def _judge_one(
    found: Followed, error_bpm: pd.Series, student_bpm: pd.Series, subjects: pd.Series
) -> Judged:
    there = error_bpm.notna()
    if not there.any():
        raise PpgkdError(
            f"{found.about.title} has no estimate for any window. Leave it out by --peers, or "
            "check its version against envs/peers.txt."
        )
    p50_ms, p99_ms = np.quantile(found.latency_ms, [0.5, 0.99])
    return Judged(
        found.about,
        windows=int(there.sum()),
        subjects=int(subjects[there].nunique()),
        share=float(there.mean()),
        mae_bpm=_over_subjects(error_bpm[there], subjects[there]),
        above_bpm=_over_subjects((error_bpm - student_bpm)[there], subjects[there]),
        latency_p50_ms=float(p50_ms),
        latency_p99_ms=float(p99_ms),
    )


def _over_subjects(values_bpm: pd.Series, subjects: pd.Series) -> tuple[float, float, float]:
    by_subject = values_bpm.groupby(subjects).agg(n_windows="size", mae_bpm="mean")
    return subject_mean_interval(by_subject)
