"""The bounds of a valid estimate.

The score's weights and its least value are constants: ``benchmarks/validity_weights.py`` chooses
them on datasets that were left out of training in turn. A student adds the rates that it has
learned and the spread of its estimates on validation subjects. No test subject is used.

Where more than 2 % of the estimates on made windows without a rate would be valid and wrong, a
student's estimates must score higher.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ppgkd.evaluation.estimators import ESTIMATORS, evidence_of, reasons
from ppgkd.inference.validity import Score, ValidityBounds, score_terms

SCORE = Score(intercept=-1.53, pulse=0.55, rate=1.91, agreement=2.49, log_sd=-0.88)
MIN_PROBABILITY = 0.65
"""At which 5 % of the wrong estimates on a dataset that was left out are valid, in the mean."""

MIN_NOT_DOUBLE = 0.6
"""Clean pulses that are read at twice their rate have up to 0.59."""

MIN_NOT_HALF = 0.1
"""Clean pulses that are read at half their rate have 0.00. No right estimate has so little, on any
of six datasets that were left out of training in turn (``benchmarks/validity_weights.py``)."""

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
        min_not_double=MIN_NOT_DOUBLE,
        min_not_half=MIN_NOT_HALF,
        min_probability=MIN_PROBABILITY,
        **{f"score_{name}": weight for name, weight in SCORE._asdict().items()},
    )
    return replace(bounds, min_probability=_safe_probability(made, bounds))


def _safe_probability(made: pd.DataFrame, bounds: ValidityBounds) -> float:
    """Least probability at which few estimates on made windows are valid and wrong."""
    found = bounds.min_probability
    for estimator, (bpm, sd_bpm) in ESTIMATORS.items():
        valid = reasons(made, estimator, bounds.rule(online_filter=estimator == "filtered")) < 0
        # noise has no right estimate
        taken = valid & ~((made[bpm] - made["hr_bpm"]).abs() <= RIGHT_BPM).to_numpy()
        terms = score_terms(made[sd_bpm].to_numpy(np.float64), evidence_of(made, estimator))
        probability = SCORE.probability(terms)
        for rows in made.groupby("dataset").indices.values():
            highest = np.sort(probability[rows][taken[rows]])[::-1]
            allowed = int(WRONG_ON_MADE * len(rows))
            if len(highest) > allowed:
                found = max(found, float(np.nextafter(highest[allowed], 1.0)))
    return found
