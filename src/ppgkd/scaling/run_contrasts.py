"""Contrasts of errors between training runs, on the same test subjects, with their uncertainty.

Test subjects and training runs are both samples: other people, and another seed, would give another
difference. Errors are measured on all pairs of both, so the variance of a contrast is that between
subjects plus that between runs, minus that of single pairs, which is in both. Without the runs, two
ways of training that do not differ seem to differ, as each network is good or bad for all subjects.
Networks are not drawn where one has several runs: a contrast is then of the networks that the study
has. The interval is Student's, with Satterthwaite's degrees of freedom: with few subjects, a
percentile interval of the bootstrap is too narrow (Hesterberg 2015, The American Statistician 69,
371-386).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

ROUNDING_BPM = 6
"""Decimals of an error that are kept: estimates are stored in float32."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Contrast:
    """An estimated contrast.

    Attributes
    ----------
    value, standard_error
        In BPM.
    degrees_of_freedom
        Of the standard error.
    """

    value: float
    standard_error: float
    degrees_of_freedom: float

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Confidence interval."""
        if self.standard_error == 0:
            return self.value, self.value
        half = self.standard_error * stats.t.ppf((1 + level) / 2, self.degrees_of_freedom)
        return self.value - float(half), self.value + float(half)

    def p_value(self, value: float) -> float:
        """Two-sided p-value that the contrast is ``value``."""
        if self.standard_error == 0:
            return float(self.value == value)
        t = abs(self.value - value) / self.standard_error
        return float(2 * stats.t.sf(t, self.degrees_of_freedom))


def estimate_contrast(
    errors_bpm: Array,
    n_windows: Array,
    log_sizes: Array | None = None,
    *,
    groups: Sequence[str] | None = None,
    draw_runs: bool = True,
) -> Contrast | None:
    """Estimate a mean over runs, or how far the error falls from the smallest size to the largest.

    Parameters
    ----------
    errors_bpm
        Errors or differences of errors, (n_runs, n_subjects).
    n_windows
        Windows of each subject, which weight it, (n_subjects,).
    log_sizes
        Of each run, (n_runs,). If given, the contrast is the fall of a straight line in them.
    groups
        Of each run, what other runs do not change, such as its network, (n_runs,). Runs vary around
        the mean of their group, or around that of all if each is a group of its own. None: all are
        one group.
    draw_runs
        Whether other runs might have been drawn; if not, the contrast is of these networks.

    Returns
    -------
    Contrast or None
        None with too few runs or subjects for a standard error.
    """
    errors = np.round(errors_bpm, ROUNDING_BPM)
    n_runs, n_subjects = errors.shape
    design, weights = np.ones((n_runs, 1)), np.full(n_runs, 1 / max(n_runs, 1))
    if log_sizes is not None:
        from_mean = log_sizes - log_sizes.mean()
        design = np.column_stack([design, from_mean])
        weights = -from_mean * np.ptp(log_sizes) / (from_mean @ from_mean)
    elif groups is not None and len(set(groups)) < n_runs:
        design = (np.array(groups)[:, None] == np.unique(groups)).astype(np.float64)
    free_runs = n_runs - design.shape[1]
    if n_subjects < 2 or n_runs < 1 or (draw_runs and free_runs < 1):
        return None
    share = n_windows / n_windows.sum()
    concentration = float(share @ share)  # the inverse of the effective number of subjects
    by_subject = weights @ errors
    value = float(share @ by_subject)
    subjects = float(share**2 @ (by_subject - value) ** 2) / (1 - concentration)
    parts = [(subjects, 1 / concentration - 1)]
    if draw_runs:
        residual = errors - design @ np.linalg.lstsq(design, errors, rcond=None)[0]
        of_run = residual @ share
        free_pairs = free_runs * (n_subjects - 1)
        pair = float(((residual - of_run[:, None]) ** 2).sum()) / free_pairs * concentration
        scale = float(weights @ weights)
        parts.append((scale * float(of_run @ of_run) / free_runs, free_runs))
        parts.append((-scale * pair, free_pairs))
    # a negative component of the variance counts as none
    variance = max(sum(part for part, _ in parts), *(part for part, _ in parts))
    spread = sum(part**2 / free for part, free in parts)
    return Contrast(value, float(np.sqrt(variance)), variance**2 / spread if spread else np.inf)
