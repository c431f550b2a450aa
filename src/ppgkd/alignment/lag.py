"""Lag of each recording's reference behind its signal, by estimates from single windows.

An estimator of single windows, such as a network, follows the heart rate in the signal and does not
know the time of the reference. If the reference of a recording is shifted, it fits these estimates
best at another lag than the references of the other recordings do. Windows and reference are both
averaged over 8 s, which by itself causes no lag.

A **positive lag** is a reference that is **late**: it fits after it was moved earlier by its lag.
``reference_lag_s`` of a dataset in the configuration does this, with the same number.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ppgkd.grid import STRIDE_S, WINDOW_S

MAX_LAG_S = 20.0
STEP_S = 0.5
LAGS_S = np.arange(-MAX_LAG_S, MAX_LAG_S + STEP_S / 2, STEP_S)
MAX_ERROR_BPM = 10.0
"""A larger error is a gross error without information on the lag, and counts as this much."""

CONFIDENCE = 0.95
N_RESAMPLES = 1000
BLOCK_WINDOWS = 15
"""Length of a bootstrap block: half a minute, within which the errors are correlated."""

MIN_WINDOWS = 4 * BLOCK_WINDOWS
MAX_WIDTH_S = 10.0
MIN_IMPROVEMENT = 0.1
"""Fraction by which the error must be lower at the lag."""

MIN_Z = 3.5
"""Iglewicz and Hoaglin, How to Detect and Handle Outliers (1993)."""

MIN_OTHERS = 3
NORMAL_MAD = 0.6745
"""Median absolute deviation of the standard normal distribution."""

RECORDING_KEYS = ["dataset", "recording"]

# A reference interpolated between two values has less noise than either, so lags of half a stride
# would always fit better. After averaging over four strides the noise is the same at all lags.
_AVERAGE = np.ones(round(WINDOW_S / STEP_S) + 1)
_AVERAGE[[0, -1]] = 0.5
_AVERAGE /= _AVERAGE.sum()


def estimate_lags(predictions: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Estimate the lag of each recording's reference, and flag outliers.

    For every lag within 20 s, in steps of 0.5 s, the estimates are compared with the reference at
    this later time, averaged over 8 s. The result is the lag with the lowest mean error. The median
    error at each lag is subtracted first, because a constant error would look like a lag if the
    heart rate only rises; then an error counts for at most 10 BPM. All lags are compared on the
    same windows, which have a reference at every lag that was not interpolated across a rejected
    window. The interval is the 95 % percentile interval of a circular block bootstrap with blocks
    of half a minute, at the resolution of the steps.

    A reference is flagged if all of these hold: the lag is at least one stride (2 s); the MAE is at
    least a tenth lower at the lag; the interval excludes 0; and the lag is more than 3.5 robust
    standard deviations from the median of the dataset's other recordings, if there are three others
    at least. A lag that all recordings share is not flagged: see `ppgkd.alignment.shared_lag`.

    Parameters
    ----------
    predictions
        ``dataset, subject, recording, role, window, start_s, hr_bpm, pred_bpm``, as
        `ppgkd.alignment.predictions.predict_recordings` makes them.
    seed
        Seed of the bootstrap.

    Returns
    -------
    DataFrame
        One row per recording: ``dataset, recording, subject, role``; ``n_windows`` compared;
        ``lag_s``, positive for a late reference, missing if not identified; ``mae_bpm`` and
        ``mae_at_lag_bpm``, of the averaged reference as published and moved earlier by the lag;
        ``lower_s, upper_s``; ``z``, the robust z-score among the others; ``flagged``; and
        ``note``, the reason if the lag or the z-score is missing.
    """
    rows = [
        {
            "dataset": dataset,
            "recording": recording,
            "subject": part["subject"].iloc[0],
            "role": part["role"].iloc[0],
            **asdict(_estimate_lag(part.sort_values("window"), seed)),
        }
        for (dataset, recording), part in predictions.groupby(RECORDING_KEYS, sort=False)
    ]
    table = pd.DataFrame(rows)
    note = table.pop("note")
    table["z"] = table.groupby("dataset")["lag_s"].transform(_z_among_others)
    table["flagged"] = (
        (table["lag_s"].abs() >= STRIDE_S)
        & (table["mae_at_lag_bpm"] <= (1 - MIN_IMPROVEMENT) * table["mae_bpm"])
        & (table["lower_s"] * table["upper_s"] > 0)
        & ~(table["z"].abs() <= MIN_Z)  # also where there are too few others
    )
    alone = table["lag_s"].notna() & table["z"].isna()
    few = f"fewer than {MIN_OTHERS} other recordings to compare with"
    return table.assign(note=note.mask(alone, few))


@dataclass(frozen=True)
class _Lag:
    """Lag of one recording; see `estimate_lags`."""

    n_windows: int
    lag_s: float = np.nan
    mae_bpm: float = np.nan
    mae_at_lag_bpm: float = np.nan
    lower_s: float = np.nan
    upper_s: float = np.nan
    note: str = ""


def without_gross_errors(predictions: pd.DataFrame) -> pd.DataFrame:
    """Remove estimates that fit at no lag: no reference within 20 s is within 10 BPM of them.

    They have the same error at every lag. A baseline without learning makes many of them, and they
    would hide the decrease of the error at the right lag.

    Parameters
    ----------
    predictions
        As for `estimate_lags`.

    Returns
    -------
    DataFrame
        The same rows; removed estimates are NaN.
    """
    order = predictions.sort_values([*RECORDING_KEYS, "start_s"])
    at = pd.to_timedelta(order["start_s"], unit="s")
    by_recording = order.set_index(at).groupby(RECORDING_KEYS, sort=False)["hr_bpm"]
    nearby = by_recording.rolling(pd.Timedelta(seconds=2 * MAX_LAG_S), center=True, closed="both")
    lowest_bpm, highest_bpm = nearby.min().to_numpy(), nearby.max().to_numpy()
    kept = order["pred_bpm"].between(lowest_bpm - MAX_ERROR_BPM, highest_bpm + MAX_ERROR_BPM)
    return predictions.assign(pred_bpm=predictions["pred_bpm"].where(kept))


def _estimate_lag(part: pd.DataFrame, seed: int) -> _Lag:
    """Estimate the lag of one recording, whose windows are in order."""
    error_bpm = lag_errors(part)
    n_windows = len(error_bpm)
    if n_windows < MIN_WINDOWS:
        few = f"not identified: fewer than {MIN_WINDOWS} windows with a reference at all lags"
        return _Lag(n_windows, note=few)
    mae_bpm = np.abs(error_bpm).mean(axis=0)
    published_bpm = float(mae_bpm[LAGS_S == 0].item())
    loss_bpm = lag_losses(error_bpm)
    lower_s, upper_s = interval_s(loss_bpm, seed)
    mean_bpm = loss_bpm.mean(axis=0)
    if note := why_not_identified(mean_bpm, lower_s, upper_s):
        return _Lag(n_windows, np.nan, published_bpm, np.nan, lower_s, upper_s, note)
    best = mean_bpm.argmin()
    return _Lag(
        n_windows, float(LAGS_S[best]), published_bpm, float(mae_bpm[best]), lower_s, upper_s
    )


def lag_errors(part: pd.DataFrame) -> NDArray[np.float64]:
    """Error of one recording's estimates at each lag, in BPM, shape (n_windows, n_lags).

    The windows, which are in order, have a reference at every lag.
    """
    at_s = part["start_s"].to_numpy()[:, None] + LAGS_S
    error_bpm = part["pred_bpm"].to_numpy(float)[:, None] - _averaged_reference(part, at_s)
    return np.asarray(error_bpm[np.isfinite(error_bpm).all(axis=1)])


def lag_losses(error_bpm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Absolute errors without their median at each lag, 10 BPM at most, shape as given."""
    return np.abs(error_bpm - np.median(error_bpm, axis=0)).clip(max=MAX_ERROR_BPM)


def _averaged_reference(part: pd.DataFrame, time_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean reference of the 8 s around these times; NaN where a window in them was rejected."""
    found_bpm = np.full(time_s.shape, np.nan)
    for _, run in part.groupby((part["window"].diff() != 1).cumsum()):
        start_s = run["start_s"].to_numpy()
        fine_s = np.arange(start_s[0], start_s[-1] + STEP_S / 2, STEP_S)
        if len(fine_s) < len(_AVERAGE):
            continue
        averaged_bpm = np.convolve(np.interp(fine_s, start_s, run["hr_bpm"]), _AVERAGE, "valid")
        margin = len(_AVERAGE) // 2
        inner_s = fine_s[margin : len(fine_s) - margin]
        bpm = np.interp(time_s, inner_s, averaged_bpm, left=np.nan, right=np.nan)
        found_bpm = np.where(np.isnan(found_bpm), bpm, found_bpm)
    return found_bpm


def interval_s(loss_bpm: NDArray[np.float64], seed: int) -> tuple[float, float]:
    """95 % interval of the best lag, from losses of shape (n_windows, n_lags)."""
    n_windows = len(loss_bpm)
    n_blocks = -(-n_windows // BLOCK_WINDOWS)
    circular = np.concatenate([loss_bpm, loss_bpm[: BLOCK_WINDOWS - 1]])
    blocks = sliding_window_view(circular, BLOCK_WINDOWS, axis=0).sum(axis=2)
    draws = np.random.default_rng(seed).integers(n_windows, size=(N_RESAMPLES, n_blocks))
    # one resample after the other: all at once would take gigabytes for a recording of a day
    drawn_s = LAGS_S[[blocks[draw].sum(axis=0).argmin() for draw in draws]]
    tail = (1 - CONFIDENCE) / 2
    lower_s, upper_s = np.quantile(drawn_s, [tail, 1 - tail], method="inverted_cdf")
    return float(lower_s), float(upper_s)


def why_not_identified(mean_bpm: NDArray[np.float64], lower_s: float, upper_s: float) -> str:
    """Why the mean losses at each lag do not tell the lag; empty if they do."""
    if np.ptp(mean_bpm) <= MIN_IMPROVEMENT * mean_bpm.max() or upper_s - lower_s > MAX_WIDTH_S:
        return "not identified: the heart rate changes too little to tell the lag"
    if lower_s == LAGS_S[0] or upper_s == LAGS_S[-1]:
        return f"not identified: no lag within {MAX_LAG_S:g} s fits best"
    return ""


def _z_among_others(lag_s: pd.Series[float]) -> pd.Series[float]:
    """Robust z-score of each lag among the others of its dataset; NaN if there are too few."""
    known_s = lag_s.dropna()
    if len(known_s) <= MIN_OTHERS:
        return lag_s * np.nan
    z = {}
    for row, own_s in known_s.items():
        others_s = known_s.drop(index=row)
        median_s = others_s.median()
        # the resolution of lags is one step
        sd_s = max((others_s - median_s).abs().median() / NORMAL_MAD, STEP_S)
        z[row] = (own_s - median_s) / sd_s
    return pd.Series(z).reindex(lag_s.index)
