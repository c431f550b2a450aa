"""Error metrics of heart-rate estimates, with intervals over subjects."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ppgkd.evaluation.bootstrap import DRAWS, LEVEL, percentile_interval, resampled_sums

WITHIN_BPM = 5.0
WITHIN_SHARE = 0.1
"""`within_5bpm` and `within_10pct` count estimates that lie this near to the reference."""

HARMONIC_SHARE = 0.1
"""An estimate is at half or double the reference if it lies within this share of that rate.

Such an estimate is at least 45 % of the reference away from it, so never within `WITHIN_SHARE`.
"""

LIMITS_SD = 1.96
"""Standard deviations between the bias and each 95 % limit of agreement."""


def error_metrics(pred_bpm: NDArray[np.floating], hr_bpm: NDArray[np.floating]) -> dict[str, float]:
    """Error metrics over windows.

    Parameters
    ----------
    pred_bpm, hr_bpm
        Estimates and references in BPM, each of shape (n_windows,).

    Returns
    -------
    dict
        ``mae_bpm``, ``median_ae_bpm``, ``rmse_bpm``, ``mape`` (percent), ``bias_bpm`` (estimate
        minus reference); the shares of windows ``within_5bpm``, ``within_10pct`` (of the
        reference), ``half_share`` and ``double_share`` (within 10 % of half or of double the
        reference: a harmonic was taken for the pulse); and ``loa_lower_bpm`` and
        ``loa_upper_bpm``, the 95 % limits of agreement, bias -+ 1.96 standard deviations of the
        error (Bland and Altman, Lancet 327 (1986) 307). These limits take windows as independent;
        `ppgkd.evaluation.agreement.limits_of_agreement` accounts for subjects that differ.

    Raises
    ------
    ValueError
        If there are no windows or the shapes differ.
    """
    errors = window_errors(pred_bpm, hr_bpm)
    absolute_bpm, bias_bpm = errors["mae_bpm"], float(errors["bias_bpm"].mean())
    half_width_bpm = (
        LIMITS_SD * float(errors["bias_bpm"].std(ddof=1)) if absolute_bpm.size > 1 else 0.0
    )
    return {
        **{name: float(of_windows.mean()) for name, of_windows in errors.items()},
        "median_ae_bpm": float(np.median(absolute_bpm)),
        "rmse_bpm": float(np.sqrt(np.square(absolute_bpm).mean())),
        "loa_lower_bpm": bias_bpm - half_width_bpm,
        "loa_upper_bpm": bias_bpm + half_width_bpm,
    }


def window_errors(
    pred_bpm: NDArray[np.floating], hr_bpm: NDArray[np.floating]
) -> dict[str, NDArray[np.float64]]:
    """Error of each window, for those of the `error_metrics` that are means over windows.

    Parameters
    ----------
    pred_bpm, hr_bpm
        Estimates and references in BPM, each of shape (n_windows,).

    Returns
    -------
    dict
        ``mae_bpm, mape, bias_bpm, within_5bpm, within_10pct, half_share, double_share``, each of
        shape (n_windows,); a share is 0 or 1.

    Raises
    ------
    ValueError
        If there are no windows or the shapes differ.
    """
    if pred_bpm.shape != hr_bpm.shape or pred_bpm.ndim != 1 or not pred_bpm.size:
        raise ValueError(
            f"need two equally long, non-empty vectors, found {pred_bpm.shape} and {hr_bpm.shape}"
        )
    pred_bpm, hr_bpm = pred_bpm.astype(np.float64), hr_bpm.astype(np.float64)
    absolute_bpm = np.abs(pred_bpm - hr_bpm)

    def near(rate_bpm: NDArray[np.floating], share: float) -> NDArray[np.float64]:
        return np.asarray(np.abs(pred_bpm - rate_bpm) <= share * rate_bpm, dtype=np.float64)

    return {
        "mae_bpm": absolute_bpm,
        "mape": 100 * absolute_bpm / hr_bpm,
        "bias_bpm": pred_bpm - hr_bpm,
        "within_5bpm": np.asarray(absolute_bpm <= WITHIN_BPM, dtype=np.float64),
        "within_10pct": near(hr_bpm, WITHIN_SHARE),
        "half_share": near(hr_bpm / 2, HARMONIC_SHARE),
        "double_share": near(hr_bpm * 2, HARMONIC_SHARE),
    }


def subject_interval(
    predictions: pd.DataFrame, level: float = LEVEL, draws: int = DRAWS, seed: int = 0
) -> tuple[float, float]:
    """Bootstrap interval of the MAE over windows, resampling subjects.

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
    values = absolute_bpm.to_frame("mae_bpm")
    return subject_intervals(values, predictions["subject"], level, draws, seed)["mae_bpm"]


def subject_intervals(
    values: pd.DataFrame,
    subject: pd.Series,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 0,
) -> dict[str, tuple[float, float]]:
    """Bootstrap intervals of means over windows, resampling subjects.

    Parameters
    ----------
    values
        One row per window; each column is averaged.
    subject
        Whose window it is, in the same order.
    level
        Coverage of each interval.
    draws, seed
        Number of bootstrap draws and the seed of their generator.

    Returns
    -------
    dict
        Lower and upper bound for each column.
    """
    grouped = values.groupby(subject.to_numpy())
    sums, counts = grouped.sum().to_numpy(np.float64), grouped.size().to_numpy(np.float64)
    drawn = resampled_sums(np.column_stack([sums, counts]), draws, seed)[1:]
    bounds = percentile_interval(drawn[:, :-1] / drawn[:, -1:], level)
    return {
        str(name): (float(lower), float(upper))
        for name, lower, upper in zip(values.columns, *bounds, strict=True)
    }
