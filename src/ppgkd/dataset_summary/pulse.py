"""Contact and sampling rate: whether the PPG of a still wrist has the pulse of the reference."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

NEAR = 0.15
"""A spectral peak is near the reference within this fraction of it."""

MIN_STILL_WINDOWS = 10
MIN_PULSE_SHARE = 0.25
"""Share of still windows whose spectral peak is near the reference. On recordings of BAMI and SPC
with this many still windows it is 0.39 at least; noise has 0.05 to 0.07."""

CONSTANT_WINDOWS = 60
"""No heart keeps one rate for two minutes of usable windows; a strap without contact does."""

SMALLEST_CHANGE_BPM = 0.01
"""Larger than what averaging adds to a constant by rounding."""

PULSE_COLUMNS = ("still_windows", "pulse_windows", "constant_reference")


def count_pulse_windows(
    windows: pd.DataFrame, lag_s: float | Mapping[str, float] | None = None
) -> tuple[pd.DataFrame, float]:
    """Count the windows of a still wrist, and those of them in which the pulse is the reference's.

    Parameters
    ----------
    windows
        ``recording, start_s, hr_bpm, is_still`` and ``pred_bpm`` of the spectral peak.
    lag_s
        Lag of all references, or recording to its own, that is to be corrected. References are
        moved first, because a lag makes a wrong rate of a heart rate that rises or falls.

    Returns
    -------
    counts
        ``recording`` and `PULSE_COLUMNS`; ``constant_reference`` is 1 if all of a recording's
        windows, `CONSTANT_WINDOWS` at least, have one heart rate, else 0.
    ratio
        Median ratio of spectral peak and reference, of the recordings with a pulse; NaN without.
    """
    parts = []
    for name, part in windows.groupby("recording", sort=False):
        own_s = lag_s.get(str(name), 0.0) if isinstance(lag_s, Mapping) else (lag_s or 0.0)
        hr_bpm = part["hr_bpm"]
        if own_s:
            moved = part["start_s"] + own_s
            hr_bpm = np.interp(moved, part["start_s"], hr_bpm, left=np.nan, right=np.nan)
        parts.append(part.assign(ratio=part["pred_bpm"] / hr_bpm))
    still = pd.concat(parts)
    still = still[still["is_still"] & still["ratio"].notna()]
    still = still.assign(near=(still["ratio"] - 1).abs() <= NEAR)
    counts = still.groupby("recording", sort=False)["near"].agg(["size", "sum"]).astype(int)
    counts.columns = pd.Index(PULSE_COLUMNS[:2])
    counts = counts.reindex(windows["recording"].unique(), fill_value=0)
    reference = windows.groupby("recording", sort=False)["hr_bpm"].agg(["min", "max", "count"])
    steady = reference["max"] - reference["min"] < SMALLEST_CHANGE_BPM
    constant = steady & (reference["count"] >= CONSTANT_WINDOWS)
    counts = counts.assign(constant_reference=constant.astype(int)).reset_index()
    without = counts.loc[has_no_pulse(counts), "recording"]
    ratio = still.loc[still["near"] & ~still["recording"].isin(without), "ratio"]
    return counts, float(ratio.median())


def has_no_pulse(counts: pd.DataFrame) -> pd.Series:
    """Which rows of `count_pulse_windows` have no pulse, although the wrist is still."""
    few = counts["pulse_windows"] < MIN_PULSE_SHARE * counts["still_windows"]
    return (counts["still_windows"] >= MIN_STILL_WINDOWS) & few
