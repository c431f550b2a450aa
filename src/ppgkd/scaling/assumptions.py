"""Checks of the mixed model's assumptions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from ppgkd.scaling.contrasts import BASELINE

QUANTILES = 99


def check_assumptions(fit: Any, table: pd.DataFrame) -> dict[str, Any]:
    """Check the residuals of the mixed model, and the influence of single subjects.

    Parameters
    ----------
    fit
        Of statsmodels.
    table
        The rows that were fitted: ``subject, strategy, mae_bpm``.

    Returns
    -------
    dict
        ``skewness`` and ``excess_kurtosis`` of the residuals (0 if normal);
        ``spread_with_level``, rank correlation of the residuals' size with the fitted error;
        ``quantiles`` of the standardised residuals beside the normal ones; ``influence``, for each
        strategy, its mean difference to the baseline, the range of that difference when each
        subject in turn is left out, and the subject that changes it most.
    """
    residual = np.asarray(fit.resid, float)
    probability = (np.arange(QUANTILES) + 0.5) / QUANTILES
    standardised = (residual - residual.mean()) / residual.std()
    spread = stats.spearmanr(np.abs(residual), np.asarray(fit.fittedvalues)).statistic
    return {
        "skewness": float(stats.skew(residual)),
        "excess_kurtosis": float(stats.kurtosis(residual)),
        "spread_with_level": float(spread),
        "quantiles": {
            "normal": stats.norm.ppf(probability).tolist(),
            "residual": np.quantile(standardised, probability).tolist(),
        },
        "influence": _influence(table),
    }


def _influence(table: pd.DataFrame) -> list[dict[str, Any]]:
    means = table.pivot_table("mae_bpm", "subject", "strategy")
    if BASELINE not in means or len(means.columns) < 2:
        return []
    rows = []
    for strategy in means.columns.drop(BASELINE):
        difference = (means[strategy] - means[BASELINE]).dropna()
        without = (difference.sum() - difference) / (len(difference) - 1)
        most = int((without - difference.mean()).abs().argmax())
        rows.append(
            {
                "strategy": str(strategy),
                "difference_bpm": float(difference.mean()),
                "lowest_bpm": float(without.min()),
                "highest_bpm": float(without.max()),
                "subject": str(without.index[most]),
                "without_bpm": float(without.iloc[most]),
            }
        )
    return rows
