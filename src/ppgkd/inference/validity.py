"""Whether an estimate is valid: one rule for the stream, for tables and for the report.

An estimate is valid if all of these hold:

- its spread is narrow enough;
- it is a heart rate that the student has learned;
- the signal supports it (`ppgkd.inference.signal_support`), on average over the last windows;
- most of the last windows, each by itself, gave nearly the same estimate.

The bounds are in the file's model card. It needs only NumPy, and no window of the future.
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


class Evidence(NamedTuple):
    """What speaks for estimates; each from 0 to 1, a number or of shape (n_windows,).

    Attributes
    ----------
    pulse, pulse_without_motion, not_double, not_triple, not_half
        Means of `ppgkd.inference.signal_support.Support` over the last windows.
    agreement
        Share of the last windows that agree with the estimate.
    """

    pulse: Any
    pulse_without_motion: Any
    not_double: Any
    not_triple: Any
    not_half: Any
    agreement: Any


NO_EVIDENCE = Evidence(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)

REASONS = (
    "no signal",
    "spread",
    "rate not learned",
    "no pulse",
    "motion",
    "perhaps twice the rate",
    "perhaps three times the rate",
    "perhaps half the rate",
    "windows disagree",
)
"""Why an estimate is not valid: the first that applies."""


@dataclass(frozen=True)
class ValidityRule:
    """Bounds within which an estimate is valid.

    Attributes
    ----------
    max_sd_bpm
        Widest spread.
    learned_bpm
        Lowest and highest heart rate that the student has learned.
    least
        Least evidence.
    """

    max_sd_bpm: float
    learned_bpm: tuple[float, float]
    least: Evidence

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
            *(found >= least for found, least in zip(evidence, self.least, strict=True)),
        ]
        failed = ~np.stack(np.broadcast_arrays(*met))
        return np.where(failed.any(axis=0), failed.argmax(axis=0), -1)


@dataclass(frozen=True)
class ValidityBounds:
    """The numbers of the rule, as a model card has them.

    Attributes
    ----------
    max_sd_bpm, max_filtered_sd_bpm
        Widest spread of a single window's estimate, and of the filter's.
    learned_min_bpm, learned_max_bpm
        Heart rates that the student has learned.
    min_pulse, min_pulse_without_motion, min_not_double, min_not_triple, min_not_half, min_agreement
        Least `Evidence`.
    """

    max_sd_bpm: float
    max_filtered_sd_bpm: float
    learned_min_bpm: float
    learned_max_bpm: float
    min_pulse: float
    min_pulse_without_motion: float
    min_not_double: float
    min_not_triple: float
    min_not_half: float
    min_agreement: float

    def rule(self, *, online_filter: bool) -> ValidityRule:
        """When an estimate of the filter, or of a single window, is valid."""
        return ValidityRule(
            max_sd_bpm=self.max_filtered_sd_bpm if online_filter else self.max_sd_bpm,
            learned_bpm=(self.learned_min_bpm, self.learned_max_bpm),
            least=Evidence(*(getattr(self, f"min_{name}") for name in Evidence._fields)),
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
