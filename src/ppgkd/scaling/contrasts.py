"""Differences between strategies, from the fixed effects of the mixed model."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from statsmodels.stats.multitest import multipletests

BASELINE = "scratch"
NORMAL_95 = float(stats.norm.ppf(0.975))
MAX_DOUBLINGS = 40
"""Intervals of a crossing end here: beyond the sizes of any network."""

Row = NDArray[np.float64]


def compare_strategies(fit: Any, table: pd.DataFrame) -> dict[str, Any]:
    """Compare strategies by the mixed model.

    Parameters
    ----------
    fit
        Of statsmodels, by the formula of `ppgkd.scaling.effects`.
    table
        The rows that were fitted: ``strategy, params, log2_params``, which is centred.

    Returns
    -------
    dict
        ``contrasts`` of every pair of strategies at the mean log capacity and, in
        ``at_capacity``, of every strategy to the ``baseline`` at each capacity: ``strategy, to,
        difference_bpm``, ``lower_bpm`` and ``upper_bpm`` at 95 %, ``p_value``, and ``p_holm``,
        corrected for all comparisons of the list; ``crossings``: the capacity at which a
        strategy's difference to the baseline changes its sign. All are empty with one strategy.
    """
    strategies = sorted(table["strategy"].unique(), key=lambda name: (name != BASELINE, name))
    if len(strategies) < 2:
        return {"contrasts": [], "at_capacity": [], "crossings": []}
    names = [*fit.fe_params.index]
    estimates = fit.fe_params.to_numpy(float)
    covariance = fit.cov_params().loc[names, names].to_numpy(float)

    def row_of(strategy: str, log2_params: float) -> Row:
        row = np.zeros(len(names))
        for index, name in enumerate(names):
            if f"[T.{strategy}]" in name and "strategy" in name:
                row[index] = log2_params if "log2_params" in name else 1.0
        return row

    def difference(one: str, other: str, log2_params: float) -> dict[str, Any]:
        row = row_of(one, log2_params) - row_of(other, log2_params)
        estimate, sd = float(row @ estimates), float(np.sqrt(row @ covariance @ row))
        half_width = NORMAL_95 * sd
        return {
            "strategy": one,
            "to": other,
            "difference_bpm": estimate,
            "lower_bpm": estimate - half_width,
            "upper_bpm": estimate + half_width,
            "p_value": float(2 * stats.norm.sf(abs(estimate) / sd)) if sd > 0 else 1.0,
        }

    pairs = [difference(one, other, 0.0) for other, one in combinations(strategies, 2)]
    baseline, others = strategies[0], strategies[1:]
    log2_params = table.groupby("params")["log2_params"].first()
    at_capacity = [
        {"params": params, **difference(strategy, baseline, size)}
        for strategy in others
        for params, size in zip(log2_params.index.tolist(), log2_params.tolist(), strict=True)
    ]
    return {
        "baseline": baseline,
        "contrasts": _holm(pairs),
        "at_capacity": _holm(at_capacity),
        "crossings": [
            _crossing(strategy, row_of(strategy, 0.0), row_of, estimates, covariance, log2_params)
            for strategy in others
        ],
    }


def _crossing(
    strategy: str,
    at_mean: Row,
    row_of: Callable[[str, float], Row],
    estimates: Row,
    covariance: Row,
    log2_params: pd.Series,
) -> dict[str, Any]:
    """Capacity at which a strategy's difference to the baseline changes its sign."""
    per_doubling = row_of(strategy, 1.0) - at_mean
    difference, slope = float(at_mean @ estimates), float(per_doubling @ estimates)
    none = {"strategy": strategy, "params": None, "lower_params": None, "upper_params": None}
    if slope == 0:
        return {**none, "says": "the difference does not change with capacity"}
    crossing = -difference / slope
    gradient = -(at_mean + crossing * per_doubling) / slope
    sd = float(np.sqrt(gradient @ covariance @ gradient))
    offset = float(np.log2(log2_params.index.to_numpy(float)).mean()) - float(log2_params.mean())
    if not log2_params.min() <= crossing <= log2_params.max():
        better = difference + slope * float(log2_params.mean()) < 0
        return {**none, "says": f"{'better' if better else 'worse'} at all capacities tried"}
    bounds = [crossing - NORMAL_95 * sd, crossing + NORMAL_95 * sd]
    lower, upper = np.clip(bounds, -MAX_DOUBLINGS, MAX_DOUBLINGS)
    return {
        "strategy": strategy,
        "params": float(2 ** (offset + crossing)),
        "lower_params": float(2 ** (offset + lower)),
        "upper_params": float(2 ** (offset + upper)),
        "says": "better below it" if slope > 0 else "better above it",
    }


def _holm(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Correct the p-values of a family of comparisons (Holm 1979)."""
    corrected = multipletests([row["p_value"] for row in rows], method="holm")[1]
    return [{**row, "p_holm": float(value)} for row, value in zip(rows, corrected, strict=True)]
