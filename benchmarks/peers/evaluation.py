"""Errors of all estimators on the same windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from peers.peer import Description
from peers.process import FILTERED, STUDENT, PeerEstimates
from ppgkd.errors import PpgkdError
from ppgkd.evaluation.summary import subject_mean_interval

WINDOW = ["dataset", "recording", "window"]
OURS = {STUDENT: "pred_bpm", FILTERED: "filtered_bpm"}
"""Our estimators, with their columns in the study's predictions."""


@dataclass(frozen=True)
class PeerResult:
    """Error and latency of one estimator.

    Attributes
    ----------
    description
        What the estimator is.
    windows, subjects
        Number of windows with an estimate, and of their subjects.
    share
        Share of the windows that have an estimate.
    mae_bpm
        MAE over these windows, with the bounds of its 95 % interval over subjects.
    difference_bpm
        MAE minus that of the filtered student on the same windows, with the bounds of its 95 %
        interval, paired by subject.
    latency_p50_ms, latency_p99_ms
        Latency of one estimate.
    """

    description: Description
    windows: int
    subjects: int
    share: float
    mae_bpm: tuple[float, float, float]
    difference_bpm: tuple[float, float, float]
    latency_p50_ms: float
    latency_p99_ms: float


def read_predictions(path: Path) -> pd.DataFrame:
    """Read the recommended student's predictions of its test windows.

    Raises
    ------
    PpgkdError
        If the study has no such file.
    """
    if not path.is_file():
        raise PpgkdError(
            f"{path} is missing; peers are compared with a finished study. Run the study first, "
            "or name another one: python benchmarks/peers.py results/<study>"
        )
    return pd.read_parquet(path)


def of_datasets(predictions: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Predictions on these datasets; on all without a name.

    Raises
    ------
    PpgkdError
        If the study tests on none of this name.
    """
    tested = predictions["dataset"].unique()
    if unknown := [name for name in names if name not in tested]:
        raise PpgkdError(
            f"The study does not test on {', '.join(unknown)}; it tests on {', '.join(tested)}. "
            "Name some of these by --datasets."
        )
    kept = predictions["dataset"].isin(names if names else tested)
    return predictions[kept].reset_index(drop=True)


def windows_of(predictions: pd.DataFrame) -> pd.DataFrame:
    """Every test window once, for any number of seeds."""
    return predictions.drop_duplicates(WINDOW, ignore_index=True)


def evaluate(
    predictions: pd.DataFrame, estimates: Mapping[str, PeerEstimates]
) -> dict[str, PeerResult]:
    """Compare estimates with the reference.

    Parameters
    ----------
    predictions
        Of the recommended student: ``dataset, subject, recording, window, hr_bpm, seed, pred_bpm,
        filtered_bpm``.
    estimates
        Of each estimator, for the windows of `windows_of`. Of the student only the latencies are
        used, because its file was trained on most of the subjects.

    Returns
    -------
    dict
        For each estimator, from the first window on for which all can have an estimate.

    Raises
    ------
    PpgkdError
        If an estimator has no estimate at all.
    """
    windows = windows_of(predictions)
    errors = pd.DataFrame({name: _error_of_student(predictions, name) for name in OURS})
    for name, found in estimates.items():
        if name not in OURS:
            errors[name] = np.abs(found.bpm - windows["hr_bpm"])
    first = max(found.description.first_window for found in estimates.values())
    asked = windows["window"] >= first
    subjects, errors = windows.loc[asked, "subject"], errors[asked]
    return {
        name: _evaluate_one(found, errors[name], errors[FILTERED], subjects)
        for name, found in estimates.items()
    }


def _error_of_student(predictions: pd.DataFrame, name: str) -> pd.Series:
    """Absolute error of each window, mean over the seeds, in the order of `windows_of`."""
    absolute_bpm = (predictions[OURS[name]] - predictions["hr_bpm"]).abs()
    keys = [predictions[key] for key in WINDOW]
    return absolute_bpm.groupby(keys, sort=False).mean().reset_index(drop=True)


def _evaluate_one(
    found: PeerEstimates, error_bpm: pd.Series, student_bpm: pd.Series, subjects: pd.Series
) -> PeerResult:
    there = error_bpm.notna()
    if not there.any():
        raise PpgkdError(
            f"{found.description.title} has no estimate for any window. Leave it out by --peers, "
            "or check its version against envs/peers.txt."
        )
    p50_ms, p99_ms = np.quantile(found.latency_ms, [0.5, 0.99])
    return PeerResult(
        found.description,
        windows=int(there.sum()),
        subjects=int(subjects[there].nunique()),
        share=float(there.mean()),
        mae_bpm=_over_subjects(error_bpm[there], subjects[there]),
        difference_bpm=_over_subjects((error_bpm - student_bpm)[there], subjects[there]),
        latency_p50_ms=float(p50_ms),
        latency_p99_ms=float(p99_ms),
    )


def _over_subjects(values_bpm: pd.Series, subjects: pd.Series) -> tuple[float, float, float]:
    by_subject = values_bpm.groupby(subjects).agg(n_windows="size", mae_bpm="mean")
    return subject_mean_interval(by_subject)
