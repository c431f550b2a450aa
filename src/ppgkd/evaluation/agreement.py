"""Agreement of estimates and reference, with repeated measures of each subject."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ppgkd.evaluation.bootstrap import DRAWS, percentile_interval, resampled_sums
from ppgkd.evaluation.metrics import LIMITS_SD


def limits_of_agreement(table: pd.DataFrame, draws: int = DRAWS, seed: int = 0) -> dict[str, Any]:
    """Bias and 95 % limits of agreement of repeated measures.

    The windows of a subject share that subject's own bias. The variance of one window of one
    subject more is therefore the sum of two, between and within subjects, taken from a one-way
    analysis of variance: Bland and Altman, J Biopharm Stat 17 (2007) 571, section 3, where the
    true value varies. The bias is the mean over windows.

    Parameters
    ----------
    table
        One row per window: ``subject, hr_bpm, pred_bpm``. Windows whose ``pred_bpm`` is NaN are
        left out.
    draws, seed
        Number of bootstrap draws of the subjects and the seed of their generator.

    Returns
    -------
    dict
        ``bias_bpm, lower_bpm, upper_bpm``; ``sd_bpm`` of the error of one window, and its parts
        ``between_sd_bpm`` and ``within_sd_bpm``; ``intervals`` of the first three, 95 % over
        subjects. With one subject the limits are those of that subject alone,
        ``between_sd_bpm`` is None and the intervals have no width.
    """
    given = table[table["pred_bpm"].notna()]
    error_bpm = (given["pred_bpm"] - given["hr_bpm"]).astype("float64")
    by_subject = error_bpm.groupby(given["subject"].to_numpy())
    count, total = by_subject.size().to_numpy(np.float64), by_subject.sum().to_numpy()
    square = error_bpm.pow(2).groupby(given["subject"].to_numpy()).sum().to_numpy()
    sums = np.column_stack([count, total, square, np.square(total) / count, np.square(count)])
    n_subjects = len(sums)
    bias, between, within = _components(resampled_sums(sums, draws, seed), n_subjects)
    sd = np.sqrt(between + within)
    found = {
        "bias_bpm": bias,
        "lower_bpm": bias - LIMITS_SD * sd,
        "upper_bpm": bias + LIMITS_SD * sd,
    }
    return {
        **{name: float(values[0]) for name, values in found.items()},
        "sd_bpm": float(sd[0]),
        "between_sd_bpm": float(np.sqrt(between[0])) if n_subjects > 1 else None,
        "within_sd_bpm": float(np.sqrt(within[0])),
        "intervals": {
            name: [float(bound) for bound in percentile_interval(values[1:])]
            for name, values in found.items()
        },
    }


def _components(
    sums: NDArray[np.float64], n_subjects: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Bias, and the variances between and within subjects, of each row of sums over subjects.

    The columns are sums over subjects of: the number of windows, the sum of their errors, that
    of the errors' squares, the square of the sum over the number, and the square of the number.
    """
    count, total, square, square_of_means, square_count = sums.T
    bias = total / count
    # a difference of sums can come out below zero by rounding, a component of variance by chance
    residual = np.clip(square - square_of_means, 0, None)
    within = residual / np.maximum(count - n_subjects, 1)
    if n_subjects < 2:
        return bias, np.zeros_like(bias), within
    among = np.clip(square_of_means - np.square(total) / count, 0, None) / (n_subjects - 1)
    windows_of_one = (count - square_count / count) / (n_subjects - 1)
    return bias, np.clip((among - within) / windows_of_one, 0, None), within
