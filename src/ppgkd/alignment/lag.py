"""How late each recording's reference is, by estimates that do not know the time.

What sees single windows, such as a network, says when the heart rate changes in the signal. A
reference that is shifted against its signal fits these estimates best at another lag than the
other recordings' references do. Window and reference are averaged over the same 8 s, so that alone
makes no lag.

One sign throughout: a **positive lag** is a reference that is **late**. Moved earlier by its lag,
it fits; ``reference_lag_s`` of a dataset in the configuration does that, by the same number.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ppgkd.grid import STRIDE_S, WINDOW_S

SEARCHED_S = 20.0
STEP_S = 0.5
LAGS_S = np.arange(-SEARCHED_S, SEARCHED_S + STEP_S / 2, STEP_S)
BOUND_BPM = 10.0
"""An estimate that is further off is a gross error, which tells no lag: it counts as this much."""

LEVEL = 0.95
DRAWS = 1000
BLOCK_WINDOWS = 15
"""Windows that are drawn together: half a minute, within which a network errs alike."""

MIN_WINDOWS = 4 * BLOCK_WINDOWS
MAX_WIDTH_S = 10.0
LOWER_SHARE = 0.1
"""By how much of itself the error must fall to speak for a lag."""

MIN_Z = 3.5
"""Iglewicz and Hoaglin, How to Detect and Handle Outliers (1993)."""

MIN_OTHERS = 3
NORMAL_MAD = 0.6745
"""Median absolute deviation of the standard normal distribution."""

RECORDING_KEYS = ["dataset", "recording"]

# A reference between two published ones is their mean and has less noise than either, so that lags
# of half a stride would always fit better. Averaged over four strides, all lags have the same.
_AVERAGE = np.ones(round(WINDOW_S / STEP_S) + 1)
_AVERAGE[[0, -1]] = 0.5
_AVERAGE /= _AVERAGE.sum()


def estimate_lags(predictions: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Estimate how late each recording's reference is, and which ones stand out.

    For every lag within 20 s, in steps of 0.5 s, the estimates are compared with the reference of
    that much later, averaged over 8 s. The lag is the one at which the mean error is lowest; an
    error counts for at most 10 BPM, after the median error at that lag has been taken out (on a
    heart rate that only rises, a constant error would look like a lag). All lags are judged on the
    same windows: those with a reference at all of them, none of it interpolated across a window
    that was dropped. The interval is the 95 % percentile interval of a circular block bootstrap
    over half minutes of windows, as fine as the steps.

    A reference is flagged if all of this holds: the lag is at least one published value (2 s); the
    MAE is at least a tenth lower at the lag; the interval excludes 0; and the lag is more than 3.5
    robust standard deviations from the median of the dataset's other recordings.

    Parameters
    ----------
    predictions
        ``dataset, subject, recording, role, window, start_s, hr_bpm, pred_bpm``, as
        `ppgkd.alignment.predictions.predict_recordings` makes them.
    seed
        Of the bootstrap.

    Returns
    -------
    DataFrame
        One row per recording: ``dataset, recording, subject, role``; ``n_windows`` judged;
        ``lag_s``, positive for a reference that is late, missing where it is not identified;
        ``mae_bpm`` and ``mae_at_lag_bpm``, of the averaged reference as published and moved
        earlier by the lag; ``lower_s, upper_s``; ``z``, the robust distance from the others;
        ``flagged``; and ``note``, which says what could not be told and why.
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
    table["z"] = table.groupby("dataset")["lag_s"].transform(_distance_from_others)
    table["flagged"] = (
        (table["lag_s"].abs() >= STRIDE_S)
        & (table["mae_at_lag_bpm"] <= (1 - LOWER_SHARE) * table["mae_bpm"])
        & (table["lower_s"] * table["upper_s"] > 0)
        & (table["z"].abs() > MIN_Z)
    )
    alone = table["lag_s"].notna() & table["z"].isna()
    few = f"fewer than {MIN_OTHERS} other recordings to compare with"
    return table.assign(note=note.mask(alone, few))


@dataclass(frozen=True)
class _Lag:
    """What one recording says about its lag; see `estimate_lags`."""

    n_windows: int
    lag_s: float = np.nan
    mae_bpm: float = np.nan
    mae_at_lag_bpm: float = np.nan
    lower_s: float = np.nan
    upper_s: float = np.nan
    note: str = ""


def without_gross_errors(predictions: pd.DataFrame) -> pd.DataFrame:
    """Take out estimates that are right at no lag: nearer than 10 BPM to no reference within 20 s.

    They count the same at every lag and so tell none. Among many of them, as an estimator has that
    learns nothing, the error would hardly fall at the right one.

    Parameters
    ----------
    predictions
        As for `estimate_lags`.

    Returns
    -------
    DataFrame
        The same rows; ``pred_bpm`` is NaN where it was taken out.
    """
    order = predictions.sort_values([*RECORDING_KEYS, "start_s"])
    at = pd.to_timedelta(order["start_s"], unit="s")
    around = order.set_index(at).groupby(RECORDING_KEYS, sort=False)["hr_bpm"]
    found = around.rolling(pd.Timedelta(seconds=2 * SEARCHED_S), center=True, closed="both")
    lowest_bpm, highest_bpm = found.min().to_numpy(), found.max().to_numpy()
    kept = order["pred_bpm"].between(lowest_bpm - BOUND_BPM, highest_bpm + BOUND_BPM)
    return predictions.assign(pred_bpm=predictions["pred_bpm"].where(kept))


def _estimate_lag(part: pd.DataFrame, seed: int) -> _Lag:
    """Estimate the lag of one recording, whose windows are in order."""
    at_s = part["start_s"].to_numpy()[:, None] + LAGS_S
    error_bpm = part["pred_bpm"].to_numpy(float)[:, None] - _averaged_reference(part, at_s)
    error_bpm = error_bpm[np.isfinite(error_bpm).all(axis=1)]
    n_windows = len(error_bpm)
    if n_windows < MIN_WINDOWS:
        few = f"not identified: fewer than {MIN_WINDOWS} windows with a reference at all lags"
        return _Lag(n_windows, note=few)
    mae_bpm = np.abs(error_bpm).mean(axis=0)
    published_bpm = float(mae_bpm[LAGS_S == 0].item())
    loss_bpm = np.abs(error_bpm - np.median(error_bpm, axis=0)).clip(max=BOUND_BPM)
    lower_s, upper_s = _interval_s(loss_bpm, seed)
    mean_bpm = loss_bpm.mean(axis=0)
    if note := _why_not_identified(mean_bpm, lower_s, upper_s):
        return _Lag(n_windows, np.nan, published_bpm, np.nan, lower_s, upper_s, note)
    best = mean_bpm.argmin()
    return _Lag(
        n_windows, float(LAGS_S[best]), published_bpm, float(mae_bpm[best]), lower_s, upper_s
    )


def _averaged_reference(part: pd.DataFrame, time_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean reference of the 8 s around these times; NaN where a window among them was dropped."""
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


def _interval_s(loss_bpm: NDArray[np.float64], seed: int) -> tuple[float, float]:
    """Interval of the best lag, from losses of shape (n_windows, n_lags)."""
    n_windows = len(loss_bpm)
    n_blocks = -(-n_windows // BLOCK_WINDOWS)
    around = np.concatenate([loss_bpm, loss_bpm[: BLOCK_WINDOWS - 1]])
    blocks = sliding_window_view(around, BLOCK_WINDOWS, axis=0).sum(axis=2)
    draws = np.random.default_rng(seed).integers(n_windows, size=(DRAWS, n_blocks))
    # one draw after the other: all together take gigabytes for a recording of a day
    drawn_s = LAGS_S[[blocks[draw].sum(axis=0).argmin() for draw in draws]]
    tail = (1 - LEVEL) / 2
    lower_s, upper_s = np.quantile(drawn_s, [tail, 1 - tail], method="inverted_cdf")
    return float(lower_s), float(upper_s)


def _why_not_identified(mean_bpm: NDArray[np.float64], lower_s: float, upper_s: float) -> str:
    if np.ptp(mean_bpm) <= LOWER_SHARE * mean_bpm.max() or upper_s - lower_s > MAX_WIDTH_S:
        return "not identified: the heart rate changes too little to tell the lag"
    if lower_s == LAGS_S[0] or upper_s == LAGS_S[-1]:
        return f"not identified: no lag within {SEARCHED_S:g} s fits best"
    return ""


def _distance_from_others(lag_s: pd.Series[float]) -> pd.Series[float]:
    """Robust z of each lag among the others of its dataset; NaN where there are too few."""
    known_s = lag_s.dropna()
    if len(known_s) <= MIN_OTHERS:
        return lag_s * np.nan
    z = {}
    for row, own_s in known_s.items():
        others_s = known_s.drop(index=row)
        middle_s = others_s.median()
        # lags are not known more finely than the steps
        sd_s = max((others_s - middle_s).abs().median() / NORMAL_MAD, STEP_S)
        z[row] = (own_s - middle_s) / sd_s
    return pd.Series(z).reindex(lag_s.index)
