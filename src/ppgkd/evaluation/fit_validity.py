"""The bounds of a valid estimate, from validation subjects and from made windows without a rate.

Each kind of evidence must be at least what all but 2 % of the right estimates on validation
subjects have. Where more than 1 % of the estimates on made windows are then valid and wrong, the
bounds are raised one at a time: always the one, and to the level, that removes the most of these
for each right estimate that it costs. No test subject is used.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ppgkd.evaluation.estimators import ESTIMATORS, reasons
from ppgkd.inference.validity import Evidence, ValidityBounds

LEFT_OUT = (0.02, 0.025, 0.03, 0.035, 0.04, 0.05, 0.06, 0.07, 0.085, 0.1, 0.12, 0.15, 0.2, 0.3)
"""Shares of the right estimates that one kind of evidence may turn away, in the order of trial."""

WRONG_ON_MADE = 0.02
"""Largest share of valid and wrong estimates on the made windows of one kind."""

RIGHT_BPM = 10.0
"""Largest error of a right estimate."""

LEARNED_SHARE = 0.99
LEARNED_MARGIN_BPM = 5.0
"""The learned heart rates are the central share of the training windows', and a margin."""


def learned_range_bpm(hr_bpm: NDArray[np.floating]) -> tuple[float, float]:
    """Lowest and highest heart rate that a student has learned.

    Parameters
    ----------
    hr_bpm
        Reference of the training windows, shape (n_windows,).
    """
    tail = (1 - LEARNED_SHARE) / 2
    lowest_bpm, highest_bpm = np.quantile(hr_bpm, [tail, 1 - tail])
    return float(lowest_bpm - LEARNED_MARGIN_BPM), float(highest_bpm + LEARNED_MARGIN_BPM)


def fit_bounds(
    learned_bpm: tuple[float, float], val: pd.DataFrame, made: pd.DataFrame, coverage: float
) -> ValidityBounds:
    """Fit the bounds of a valid estimate.

    Parameters
    ----------
    learned_bpm
        From `learned_range_bpm`.
    val, made
        Tables of `ppgkd.evaluation.filtered.track`, of the validation subjects and of
        `ppgkd.evaluation.made_windows.made_windows`.
    coverage
        Share of the validation windows whose spread is to be narrow enough.
    """
    bounds = ValidityBounds(
        max_sd_bpm=float(val["sd_bpm"].quantile(coverage)),
        max_filtered_sd_bpm=float(val["filtered_sd_bpm"].quantile(coverage)),
        learned_min_bpm=learned_bpm[0],
        learned_max_bpm=learned_bpm[1],
        **{f"min_{name}": 0.0 for name in Evidence._fields},
    )
    right = (val["filtered_bpm"] - val["hr_bpm"]).abs() <= RIGHT_BPM
    # where no estimate is right, there is nothing better to compare with
    chosen = val[right] if right.any() else val
    kept, taken = _of_valid(chosen, "filtered", bounds), _wrong_on_made(made, bounds)
    candidates = np.quantile(_evidence(chosen, "filtered"), LEFT_OUT, axis=0)
    kinds = np.arange(candidates.shape[1])
    step = np.zeros(len(kinds), np.int64)

    def shares(steps: NDArray[np.int64]) -> tuple[float, float]:
        least = candidates[steps, kinds]
        wrong = max((found >= least).all(axis=1).sum() / n for found, n in taken)
        return float(wrong), float((kept >= least).all(axis=1).mean()) if len(kept) else 0.0

    while shares(step)[0] > WRONG_ON_MADE and (step + 1 < len(LEFT_OUT)).any():
        wrong, share = shares(step)
        trials = []
        for kind in kinds:
            for level in range(step[kind] + 1, len(LEFT_OUT)):
                raised = np.where(kinds == kind, level, step)
                wrong_then, share_then = shares(raised)
                gain = (wrong - wrong_then) / (share - share_then + 1 / len(chosen))
                trials.append((gain, -level, tuple(raised)))
        # where no bound alone removes any, all are raised
        gain, _, best = max(trials)
        step = np.array(best) if gain > 0 else np.minimum(step + 1, len(LEFT_OUT) - 1)
    least = candidates[step, kinds].tolist()
    names = [f"min_{name}" for name in Evidence._fields]
    return replace(bounds, **dict(zip(names, least, strict=True)))


def _evidence(tracked: pd.DataFrame, estimator: str) -> NDArray[np.float64]:
    """Shape (n_windows, n_kinds)."""
    return tracked[[f"{estimator}_{name}" for name in Evidence._fields]].to_numpy(np.float64)


def _of_valid(tracked: pd.DataFrame, estimator: str, bounds: ValidityBounds) -> NDArray[np.float64]:
    """Evidence of the estimates that are valid by their spread and rate."""
    valid = reasons(tracked, estimator, bounds.rule(online_filter=estimator == "filtered")) < 0
    return _evidence(tracked, estimator)[valid]


def _wrong_on_made(
    made: pd.DataFrame, bounds: ValidityBounds
) -> list[tuple[NDArray[np.float64], int]]:
    """Evidence of the wrong estimates, and how many windows there are, of each kind of windows."""
    found = []
    for estimator, (bpm, _) in ESTIMATORS.items():
        # noise has no right estimate
        wrong = ~((made[bpm] - made["hr_bpm"]).abs() <= RIGHT_BPM)
        for _, rows in made.groupby("dataset"):
            of_kind = rows[wrong[rows.index]]
            found.append((_of_valid(of_kind, estimator, bounds), len(rows)))
    return found
