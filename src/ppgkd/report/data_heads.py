"""Heads of the data report's tables."""

from __future__ import annotations

from collections.abc import Sequence

from ppgkd.dataset_summary.spectral_ranks import LOST_BPM

RANK_HEADS = (
    *("windows", "reference on the highest peak", "on the 2nd or 3rd", "on the 4th or 5th"),
    *("on none", "MAE of the highest peak (BPM)", "MAE of the oracle", "by chance"),
    f"oracle errs by more than {LOST_BPM:g} BPM",
)
"""Heads of where the reference lies among the peaks of the spectrum."""

CADENCE_HEADS = (
    "moving windows",
    "reference on the cadence",
    "by chance",
    "highest peak is motion",
)
"""Heads of how often it lies on the cadence."""


def measure_heads(reasons: Sequence[str]) -> list[str]:
    """Heads of the numbers of a dataset, subject or recording.

    Parameters
    ----------
    reasons
        For which any window was rejected.
    """
    return [
        *("minutes", "accepted windows"),
        *(f"rejected: {reason.replace('_', ' ')}" for reason in reasons),
        *("PPG of good quality", "MAE of the spectral peak (BPM)", "motion (g)"),
    ]


def sketch_heads(*, labelled: bool) -> list[str]:
    """Heads of what is drawn of it, and of its activities, where they are labelled."""
    drawn = ["heart rates, 30 to 210 BPM", "share of each intensity"]
    return [*drawn, "activity"] if labelled else drawn
