"""Bootstrap over subjects, and percentile intervals of its draws.

Windows of one subject are not independent, subjects are. So subjects are what is drawn.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

DRAWS = 2000
LEVEL = 0.95
"""Default coverage of an interval."""


def draw_subjects(n_subjects: int, draws: int = DRAWS, seed: int = 0) -> NDArray[np.int64]:
    """Draw as many subjects as there are, with replacement.

    Parameters
    ----------
    n_subjects
        Number of subjects in the sample.
    draws, seed
        Number of draws, and the seed of their generator.

    Returns
    -------
    ndarray of shape (1 + draws, n_subjects)
        Places of the subjects in the sample. The first row is the sample itself.
    """
    drawn = np.random.default_rng(seed).integers(n_subjects, size=(draws, n_subjects))
    return np.concatenate([np.arange(n_subjects)[None], drawn])


def resampled_sums(
    by_subject: NDArray[np.float64], draws: int = DRAWS, seed: int = 0
) -> NDArray[np.float64]:
    """Sums over subjects, of the sample and of each draw.

    Parameters
    ----------
    by_subject
        What each subject adds, shape (n_subjects, n_columns).
    draws, seed
        As in `draw_subjects`.

    Returns
    -------
    ndarray of shape (1 + draws, n_columns)
        The first row is the sample's.
    """
    return np.asarray(by_subject[draw_subjects(len(by_subject), draws, seed)].sum(axis=1))


def percentile_interval(
    drawn: NDArray[np.float64], level: float = LEVEL
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Percentile interval of bootstrap draws.

    Parameters
    ----------
    drawn
        Statistic of each draw, shape (draws, ...); without the sample itself.
    level
        Coverage of the interval; the two tails are equal.

    Returns
    -------
    lower, upper
        Each of shape (...); NaN where a draw is.

    References
    ----------
    Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.
    """
    lower, upper = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return lower, upper


def estimate_with_interval(
    drawn: NDArray[np.float64], level: float = LEVEL
) -> tuple[float, float, float]:
    """Estimate and interval of a statistic.

    Parameters
    ----------
    drawn
        Statistic of the sample and then of each draw, shape (1 + draws,).
    level
        Coverage of the interval.

    Returns
    -------
    estimate, lower, upper
    """
    lower, upper = percentile_interval(drawn[1:], level)
    return float(drawn[0]), float(lower), float(upper)
