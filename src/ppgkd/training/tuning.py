"""Which settings a strategy is to have: those whose trial has the lowest validation error.

Every strategy has the same number of trials, of the same length, on the same windows. A trial is
judged on the validation subjects alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Trial = Mapping[str, Any]


def choose_settings(trials: Sequence[Trial]) -> dict[str, Any]:
    """Choose among the trials of one strategy.

    Parameters
    ----------
    trials
        Each with ``settings``, ``val_mae_bpm``, ``student`` and ``teacher``. On a tie the earlier
        one wins.

    Returns
    -------
    dict
        ``settings`` of the winner, its ``val_mae_bpm``, and all ``trials``.
    """
    winner = min(trials, key=lambda trial: float(trial["val_mae_bpm"]))
    return {
        "settings": dict(winner["settings"]),
        "val_mae_bpm": winner["val_mae_bpm"],
        "trials": [dict(trial) for trial in trials],
    }
