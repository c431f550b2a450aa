"""The lag that all references of a dataset share, and the correction to configure.

An average of ten seconds that is stored at its start, or a strap that answers late, shifts every
reference alike. Then no recording differs from the others, and only the lag of all tells.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ppgkd.alignment.lag import (
    LAGS_S,
    MIN_WINDOWS,
    RECORDING_KEYS,
    STEP_S,
    interval_s,
    lag_errors,
    lag_losses,
    why_not_identified,
)
from ppgkd.grid import STRIDE_S

MIN_SHARED_S = 1.5
"""Least lag that must be corrected. All of BAMI-1 is late by 1.0 s, which costs 0.06 BPM."""


@dataclass(frozen=True)
class SharedLag:
    """Lag of all references of a dataset.

    Attributes
    ----------
    n_windows
        Windows that were compared.
    lag_s, lower_s, upper_s
        Lag, positive if the references are late, and its 95 % interval; NaN if not identified.
    mae_bpm, mae_at_lag_bpm
        MAE of the estimates with the references as they are, and moved earlier by the lag.
    note
        Why the lag is not identified, if it is not.
    """

    n_windows: int
    lag_s: float = np.nan
    lower_s: float = np.nan
    upper_s: float = np.nan
    mae_bpm: float = np.nan
    mae_at_lag_bpm: float = np.nan
    note: str = ""

    @property
    def is_shifted(self) -> bool:
        """Whether the references must be corrected: it is 1.5 s, and no chance."""
        return bool(abs(self.lag_s) >= MIN_SHARED_S and self.lower_s * self.upper_s > 0)


def estimate_shared_lag(predictions: pd.DataFrame, seed: int = 0) -> SharedLag:
    """Estimate the lag of all references of one dataset together.

    The windows of all recordings are compared as those of one are in
    `ppgkd.alignment.lag.estimate_lags`, so short recordings count as well.

    Parameters
    ----------
    predictions
        As for `ppgkd.alignment.lag.estimate_lags`, of one dataset.
    seed
        Seed of the bootstrap.
    """
    errors = [
        lag_errors(part.sort_values("window"))
        for _, part in predictions.groupby(RECORDING_KEYS, sort=False)
    ]
    errors = [error_bpm for error_bpm in errors if len(error_bpm)]
    n_windows = sum(map(len, errors))
    if n_windows < MIN_WINDOWS:
        few = f"not identified: fewer than {MIN_WINDOWS} windows with a reference at all lags"
        return SharedLag(n_windows, note=few)
    loss_bpm = np.concatenate([lag_losses(error_bpm) for error_bpm in errors])
    mae_bpm = np.abs(np.concatenate(errors)).mean(axis=0)
    mean_bpm = loss_bpm.mean(axis=0)
    lower_s, upper_s = interval_s(loss_bpm, seed)
    published_bpm = float(mae_bpm[LAGS_S == 0].item())
    if note := why_not_identified(mean_bpm, lower_s, upper_s):
        return SharedLag(n_windows, np.nan, lower_s, upper_s, published_bpm, np.nan, note)
    best = int(mean_bpm.argmin())
    return SharedLag(
        n_windows, float(LAGS_S[best]), lower_s, upper_s, published_bpm, float(mae_bpm[best])
    )


def lag_correction(lags: pd.DataFrame, shared: SharedLag) -> float | dict[str, float]:
    """Value of ``reference_lag_s`` that corrects the references of a dataset.

    Parameters
    ----------
    lags
        Result of `ppgkd.alignment.lag.estimate_lags` for the dataset.
    shared
        Lag of all its references.

    Returns
    -------
    float or dict
        One number for all recordings; or recording to its lag, if some differ from the others; 0 if
        there is nothing to correct.
    """
    common_s = float(shared.lag_s) if shared.is_shifted else 0.0
    own_s = {
        str(row["recording"]): float(row["lag_s"])
        for row in lags.to_dict("records")
        if _differs(row, common_s)
    }
    if not own_s:
        return common_s
    if not common_s:
        return own_s
    return {name: own_s.get(name, common_s) for name in lags["recording"].astype(str)}


def _differs(row: Mapping[Hashable, Any], common_s: float) -> bool:
    """Whether a recording's lag differs from the common one, beyond its interval."""
    if not common_s:
        return bool(row["flagged"])
    outside = row["lower_s"] > common_s + STEP_S or row["upper_s"] < common_s - STEP_S
    return bool(abs(row["lag_s"] - common_s) >= STRIDE_S and outside)
