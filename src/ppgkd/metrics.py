"""How wrong heart-rate estimates are."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

WITHIN_BPM = 5.0


def error_metrics(pred_bpm: NDArray[np.floating], hr_bpm: NDArray[np.floating]) -> dict[str, float]:
    """Error figures over windows.

    Parameters
    ----------
    pred_bpm, hr_bpm
        Estimates and references in BPM, each of shape (n_windows,).

    Returns
    -------
    dict
        ``mae_bpm``, ``median_ae_bpm``, ``rmse_bpm``, ``mape`` (percent), ``bias_bpm`` (estimate
        minus reference) and ``within_5bpm`` (share of windows).

    Raises
    ------
    ValueError
        If there are no windows or the shapes differ.
    """
    if pred_bpm.shape != hr_bpm.shape or pred_bpm.ndim != 1 or not pred_bpm.size:
        raise ValueError(
            f"need two equally long, non-empty vectors, found {pred_bpm.shape} and {hr_bpm.shape}"
        )
    error_bpm = pred_bpm.astype(np.float64) - hr_bpm.astype(np.float64)
    absolute_bpm = np.abs(error_bpm)
    return {
        "mae_bpm": float(absolute_bpm.mean()),
        "median_ae_bpm": float(np.median(absolute_bpm)),
        "rmse_bpm": float(np.sqrt(np.square(error_bpm).mean())),
        "mape": float(100 * (absolute_bpm / hr_bpm).mean()),
        "bias_bpm": float(error_bpm.mean()),
        "within_5bpm": float((absolute_bpm <= WITHIN_BPM).mean()),
    }


def subject_interval(
    predictions: pd.DataFrame, level: float = 0.95, draws: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """Bootstrap interval of the MAE over windows, resampling subjects.

    Windows of one subject are not independent, subjects are; so subjects are what is drawn.

    Parameters
    ----------
    predictions
        Columns ``subject``, ``hr_bpm``, ``pred_bpm``.
    level
        Coverage of the interval.
    draws, seed
        Number of bootstrap draws and the seed of their generator.

    Returns
    -------
    tuple of float
        Lower and upper bound in BPM.
    """
    absolute_bpm = (predictions["pred_bpm"] - predictions["hr_bpm"]).abs()
    by_subject = absolute_bpm.groupby(predictions["subject"]).agg(["sum", "count"]).to_numpy()
    rng = np.random.default_rng(seed)
    drawn = by_subject[rng.integers(len(by_subject), size=(draws, len(by_subject)))].sum(axis=1)
    tail = (1 - level) / 2
    lower, upper = np.quantile(drawn[:, 0] / drawn[:, 1], [tail, 1 - tail])
    return float(lower), float(upper)
