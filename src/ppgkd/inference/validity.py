"""Whether an estimate is valid: one rule for the stream, for tables and for the report.

An estimate is valid if it is a heart rate that the student has learned, its spread is narrow, the
PPG has little power between its harmonics (a rate that is doubled has much) and some at its odd
ones (a rate that is halved has none), and a score is high enough. The score is a logistic
regression on four terms:

- the pulse: how much of the PPG's power, beside the motion's, is at the estimate and its harmonics;
- the rate: whether the PPG could be one of half, a third or twice of it;
- agreement: how many of the last windows, each by itself, gave nearly the same estimate;
- the estimate's spread.

Its weights are the same for all students: they come from datasets that were left out of training in
turn (``benchmarks/validity_weights.py``). Bounds and weights are in the file's model card. The rule
needs only NumPy, and no window of the future.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ppgkd.inference.signal_support import Support

RECENT = 8
"""Strides of which the evidence is the mean. One window of noise may look like a pulse, by chance;
eight, which begin within 14 s, do not."""

AGREEMENT_BPM = 10.0
"""A window agrees with an estimate if its own is within this distance."""

SMALLEST_SHARE = 0.03
"""Added to both shares of log odds, which are finite so."""

SMALLEST_SD_BPM = 1e-3


class Evidence(NamedTuple):
    """What speaks for estimates; each from 0 to 1, a number or of shape (n_windows,).

    Attributes
    ----------
    pulse, not_double, not_triple, not_half
        Means of `ppgkd.inference.signal_support.Support` over the last windows.
    agreement
        Share of the last windows that agree with the estimate.
    """

    pulse: Any
    not_double: Any
    not_triple: Any
    not_half: Any
    agreement: Any


NO_EVIDENCE = Evidence(0.0, 0.0, 0.0, 0.0, 0.0)

REASONS = (
    "no signal",
    "spread",
    "rate not learned",
    "perhaps twice the rate",
    "perhaps half the rate",
    "no pulse beside motion",
    "perhaps a multiple of the rate",
    "windows disagree",
)
"""Why an estimate is not valid: the first of the first five that applies or, if its score is too
low, what lowers it most."""

REASON_OF_TERM = np.array([5, 6, 7, 1])
"""Index into `REASONS` for each term of the score."""

TYPICAL = np.array([0.0, 0.7, 1.0, 0.6])
"""Terms of a right estimate, roughly. They name a reason, and decide nothing."""


class Score(NamedTuple):
    """Weights of the score: what each term adds to the log odds of a right estimate.

    Attributes
    ----------
    intercept
        The log odds if all terms are zero.
    pulse
        Of the log odds of `Evidence.pulse`.
    rate
        Of the least of `Evidence.not_double`, ``not_triple`` and ``not_half``.
    agreement
        Of `Evidence.agreement`.
    log_sd
        Of the logarithm of the estimate's spread in BPM.
    """

    intercept: float
    pulse: float
    rate: float
    agreement: float
    log_sd: float

    def probability(self, terms: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probability of a right estimate, where half of all estimates are right.

        Parameters
        ----------
        terms
            From `score_terms`, shape (..., 4).
        """
        log_odds = self.intercept + terms @ np.array(self[1:])
        return np.asarray(1 / (1 + np.exp(-log_odds)))


def score_terms(sd_bpm: NDArray[np.floating], evidence: Evidence) -> NDArray[np.float64]:
    """Terms of the score of each estimate, shape (n_windows, 4)."""
    pulse = np.asarray(evidence.pulse, np.float64)
    odds = (pulse + SMALLEST_SHARE) / (1 - pulse + SMALLEST_SHARE)
    rate = np.minimum(np.minimum(evidence.not_double, evidence.not_triple), evidence.not_half)
    log_sd = np.log(np.maximum(sd_bpm, SMALLEST_SD_BPM))
    return np.stack(np.broadcast_arrays(np.log(odds), rate, evidence.agreement, log_sd), axis=-1)


@dataclass(frozen=True)
class ValidityRule:
    """Bounds within which an estimate is valid.

    Attributes
    ----------
    max_sd_bpm
        Widest spread.
    learned_bpm
        Lowest and highest heart rate that the student has learned.
    min_not_double, min_not_half
        Least `Evidence.not_double` and `Evidence.not_half`.
    score, min_probability
        The score's weights, and the least probability of a right estimate by it.
    """

    max_sd_bpm: float
    learned_bpm: tuple[float, float]
    min_not_double: float
    min_not_half: float
    score: Score
    min_probability: float

    def reason(
        self, bpm: NDArray[np.floating], sd_bpm: NDArray[np.floating], evidence: Evidence
    ) -> NDArray[np.int64]:
        """Find why estimates are not valid.

        Parameters
        ----------
        bpm, sd_bpm
            Estimates and their spreads, shape (n_windows,); NaN without a signal.
        evidence
            Of each estimate.

        Returns
        -------
        ndarray of shape (n_windows,)
            Index into `REASONS`; -1 for a valid estimate.
        """
        lowest_bpm, highest_bpm = self.learned_bpm
        met = [
            np.isfinite(bpm),
            sd_bpm <= self.max_sd_bpm,
            (bpm >= lowest_bpm) & (bpm <= highest_bpm),
            evidence.not_double >= self.min_not_double,
            evidence.not_half >= self.min_not_half,
        ]
        failed = ~np.stack(np.broadcast_arrays(*met))
        terms = score_terms(sd_bpm, evidence)
        is_low = ~(self.score.probability(terms) >= self.min_probability)
        lacking = ((TYPICAL - terms) * np.array(self.score[1:])).argmax(axis=-1)
        of_score = np.where(is_low, REASON_OF_TERM[lacking], -1)
        return np.asarray(np.where(failed.any(axis=0), failed.argmax(axis=0), of_score))


@dataclass(frozen=True)
class ValidityBounds:
    """The numbers of the rule, as a model card has them.

    Attributes
    ----------
    max_sd_bpm, max_filtered_sd_bpm
        Widest spread of a single window's estimate, and of the filter's.
    learned_min_bpm, learned_max_bpm
        Heart rates that the student has learned.
    min_not_double, min_not_half, min_probability
        See `ValidityRule`.
    score_intercept, score_pulse, score_rate, score_agreement, score_log_sd
        See `Score`.
    """

    max_sd_bpm: float
    max_filtered_sd_bpm: float
    learned_min_bpm: float
    learned_max_bpm: float
    min_not_double: float
    min_not_half: float
    min_probability: float
    score_intercept: float
    score_pulse: float
    score_rate: float
    score_agreement: float
    score_log_sd: float

    def rule(self, *, online_filter: bool) -> ValidityRule:
        """When an estimate of the filter, or of a single window, is valid."""
        return ValidityRule(
            max_sd_bpm=self.max_filtered_sd_bpm if online_filter else self.max_sd_bpm,
            learned_bpm=(self.learned_min_bpm, self.learned_max_bpm),
            min_not_double=self.min_not_double,
            min_not_half=self.min_not_half,
            score=Score(*(getattr(self, f"score_{name}") for name in Score._fields)),
            min_probability=self.min_probability,
        )


class RecentEvidence:
    """Evidence over the last windows of one recording.

    Its state is at most `RECENT` windows.
    """

    def __init__(self) -> None:
        self._windows: deque[tuple[int, NDArray[np.float64], float]] = deque()

    def update(self, number: int, support: Support, window_bpm: float, bpm: float) -> Evidence:
        """Add a window that has a signal, and give the evidence for its estimate.

        Parameters
        ----------
        number
            Of the window, in strides; larger than that of the window before.
        support
            Of the estimate by this window; each of shape (1,).
        window_bpm
            Estimate of this window alone.
        bpm
            The estimate.
        """
        self._windows.append((number, np.array(support)[:, 0], window_bpm))
        while self._windows[0][0] <= number - RECENT:
            self._windows.popleft()
        own_bpm = np.array([window for _, _, window in self._windows])
        mean = np.mean([found for _, found, _ in self._windows], axis=0)
        agreement = np.mean(np.abs(own_bpm - bpm) <= AGREEMENT_BPM)
        return Evidence._make([*mean.tolist(), float(agreement)])


def evidence_of_windows(
    number: NDArray[np.integer],
    support: Support,
    window_bpm: NDArray[np.floating],
    bpm: NDArray[np.floating],
) -> Evidence:
    """Evidence for the estimates of one recording, as `RecentEvidence` gives it.

    Parameters
    ----------
    number
        Of each window in strides, ascending, shape (n_windows,).
    support, window_bpm, bpm
        As for `RecentEvidence.update`, each of shape (n_windows,).
    """
    recent, found = RecentEvidence(), []
    for row in range(len(number)):
        of_window = Support(*(part[row : row + 1] for part in support))
        found.append(
            recent.update(int(number[row]), of_window, float(window_bpm[row]), float(bpm[row]))
        )
    return Evidence._make(np.array(found).reshape(-1, len(Evidence._fields)).T)
