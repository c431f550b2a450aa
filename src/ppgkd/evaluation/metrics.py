"""How wrong heart-rate estimates are, and how sure one can be of that."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

WITHIN_BPM = 5.0
WITHIN_SHARE = 0.1
"""An estimate this share of the reference away from it still counts as near."""

HARMONIC_SHARE = 0.1
"""An estimate is at half or double the reference if it is this near to it, as a share of it.

So it would count as near if the heart beat at that rate. What is at a harmonic is at least 45 % of
the reference away from it: never within `WITHIN_SHARE`.
"""

LIMITS_SD = 1.96
"""Standard deviations between the bias and each 95 % limit of agreement."""


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
        minus reference); the shares of windows ``within_5bpm``, ``within_10pct`` (of the
        reference), ``half_share`` and ``double_share`` (within 10 % of half or of double the
        reference: a harmonic was taken for the pulse); and ``loa_lower_bpm`` and
        ``loa_upper_bpm``, the 95 % limits of agreement, bias -+ 1.96 standard deviations of the
        error (Bland and Altman, Lancet 327 (1986) 307). They take windows as independent: that
        subjects differ is left out here;
        `ppgkd.evaluation.agreement.limits_of_agreement` accounts for it.

    Raises
    ------
    ValueError
        If there are no windows or the shapes differ.
    """
    errors = window_errors(pred_bpm, hr_bpm)
    absolute_bpm, bias_bpm = errors["mae_bpm"], float(errors["bias_bpm"].mean())
    reach_bpm = LIMITS_SD * float(errors["bias_bpm"].std(ddof=1)) if absolute_bpm.size > 1 else 0.0
    return {
        **{name: float(of_windows.mean()) for name, of_windows in errors.items()},
        "median_ae_bpm": float(np.median(absolute_bpm)),
        "rmse_bpm": float(np.sqrt(np.square(absolute_bpm).mean())),
        "loa_lower_bpm": bias_bpm - reach_bpm,
        "loa_upper_bpm": bias_bpm + reach_bpm,
    }


def window_errors(
    pred_bpm: NDArray[np.floating], hr_bpm: NDArray[np.floating]
) -> dict[str, NDArray[np.float64]]:
    """Error of each window, for the figures of `error_metrics` that are means over windows.

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
    predictions: pd.DataFrame, level: float = 0.95, draws: int = 2000, seed: int = 0
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
    level: float = 0.95,
    draws: int = 2000,
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
    drawn = draw_subjects(np.column_stack([sums, counts]), draws, seed)
    tail = (1 - level) / 2
    bounds = np.quantile(drawn[:, :-1] / drawn[:, -1:], [tail, 1 - tail], axis=0)
    return {
        str(name): (float(lower), float(upper))
        for name, lower, upper in zip(values.columns, *bounds, strict=True)
    }


def draw_subjects(by_subject: NDArray[np.float64], draws: int, seed: int) -> NDArray[np.float64]:
    """Draw as many subjects as there are, with replacement, and add up what they have.

    Windows of one subject are not independent, subjects are; so subjects are what is drawn.

    Parameters
    ----------
    by_subject
        Shape (n_subjects, n_columns).
    draws, seed
        How often, and the seed of the generator.

    Returns
    -------
    ndarray of shape (draws, n_columns)
    """
    rng = np.random.default_rng(seed)
    drawn = by_subject[rng.integers(len(by_subject), size=(draws, len(by_subject)))]
    return np.asarray(drawn.sum(axis=1))
