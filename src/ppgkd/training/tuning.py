"""Tuning: the settings of a strategy are those of the trial with the lowest validation error.

Every strategy has the same number of trials, of the same length, on the same windows. A trial is
evaluated on the validation subjects alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Trial = Mapping[str, Any]


def choose_settings(trials: Sequence[Trial]) -> dict[str, Any]:
    """Choose the settings of one strategy.

    Parameters
    ----------
    trials
        Each with ``settings``, ``val_mae_bpm``, ``student`` and ``teacher``. Of equal trials, the
        first is chosen.

    Returns
    -------
    dict
        ``settings`` of the best trial, its ``val_mae_bpm``, and all ``trials``.
    """
    best = min(trials, key=lambda trial: float(trial["val_mae_bpm"]))
    return {
        "settings": dict(best["settings"]),
        "val_mae_bpm": best["val_mae_bpm"],
        "trials": [dict(trial) for trial in trials],
    }
