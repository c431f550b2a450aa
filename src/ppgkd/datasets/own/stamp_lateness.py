"""How late the time stamps of samples are: the earliest of each block of rows, and their trend.

A stamp may be late, because a sample waits to be read, but it is hardly early. So the earliest of
some stamps tell the sensor's clock.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BLOCK_SIZES = (16, 32, 64, 128, 256, 512, 1024)
"""Numbers of samples whose earliest stamp is taken; the smallest that suffices is used."""

MAX_SPREAD = 0.12
"""Largest spread of these earliest stamps, in periods, with which one lost sample can be told."""

MAX_DRIFT = 0.15
"""Relative difference of the local period from the usual one beyond which samples wait."""

HALF_WIDTHS = (10, 10, 4)
"""Number of blocks to both sides whose median is the local period, in successive refinements."""

INTERVAL_TOLERANCE = 0.5
"""An interval counts as one period if its relative difference from the median is at most this."""

Times = NDArray[np.float64]
Indices = NDArray[np.int64]


def block_starts(n_rows: int, size: int) -> Indices:
    """First rows of blocks of about `size` rows, shape (n_blocks,)."""
    starts = np.arange(0, n_rows, size)
    return starts[:-1] if len(starts) > 1 and n_rows - starts[-1] < size else starts


def rows_per_batch(since_s: Times, period_s: float) -> int:
    """Number of rows that arrive together; 1 if they do not."""
    long = np.diff(since_s) > (1 + INTERVAL_TOLERANCE) * period_s
    return int(np.median(np.diff(np.flatnonzero(long)))) if is_regular(long) else 1


def is_regular(long: NDArray[np.bool_]) -> bool:
    """Whether long intervals recur in the same number of rows, as of batches or a coarse grid."""
    spacing = np.diff(np.flatnonzero(long))
    if len(spacing) < 3:
        return False
    typical = np.median(spacing)
    spread = np.abs(spacing - typical)
    mostly = len(spacing) > 20 and np.mean(spread == 0) >= 0.6
    always = np.mean(spread <= 1) >= 0.6 and spread.max() <= max(0.5 * typical, 2)
    return bool(typical > 1 and (mostly or always))


def earliest_stamps(late_s: Times, starts: Indices, period_s: float) -> Times:
    """Earliest stamp of each block, unless a single one is early by half a period."""
    earliest_s = np.minimum.reduceat(late_s, starts)
    block = np.repeat(np.arange(len(starts)), np.diff([*starts.tolist(), len(late_s)]))
    first = np.unique(block[late_s == earliest_s[block]], return_index=True)[1]
    rest_s = late_s.copy()
    rest_s[np.flatnonzero(late_s == earliest_s[block])[first]] = np.inf
    second_s = np.minimum.reduceat(rest_s, starts)
    alone = np.isfinite(second_s) & (second_s - earliest_s > 0.5 * period_s)
    return np.where(alone, second_s, earliest_s)


def running_median(values: Times, half_width: int) -> Times:
    """Median of each value and its neighbours to both sides, shape (n_values,)."""
    padded = np.pad(values, half_width, mode="reflect" if len(values) > half_width else "edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * half_width + 1)
    return np.asarray(np.median(windows, axis=1))


def spread_of(level: Times) -> float:
    """Robust standard deviation of levels around their trend, from one to the next."""
    step = np.diff(level)
    return float(1.4826 * np.median(np.abs(step - np.median(step))) / np.sqrt(2))


def detrended(since_s: Times, index: Indices, period_s: float) -> tuple[Times, int, float, float]:
    """Lateness of each row against the local period; block size; period; spread in periods.

    The smallest block size is chosen whose earliest stamps spread little enough.
    """
    best: tuple[Times, int, float, float] | None = None
    least_size = 4 * rows_per_batch(since_s, period_s)
    for size in (size for size in BLOCK_SIZES if size >= least_size):
        starts = block_starts(len(index), size)
        if len(starts) < 6:
            break
        late_s, period_s_of_size = since_s - period_s * index, period_s
        for half_width in HALF_WIDTHS:
            # within a block, a wrong period would choose the wrong stamp
            earliest_s = earliest_stamps(late_s, starts, period_s)
            gained_s = np.diff(earliest_s) / np.diff(index[starts])
            local_s = running_median(gained_s, min(half_width, len(gained_s) - 1))
            step = np.abs(gained_s - local_s) * np.diff(index[starts]) > 0.4 * period_s
            local_s = running_median(
                np.where(step, local_s, gained_s), min(half_width, len(gained_s) - 1)
            )
            usual_s = float(np.median(local_s))
            stalled = np.abs(local_s - usual_s) > MAX_DRIFT * period_s
            local_s = np.where(stalled, usual_s, local_s)
            trend_s = np.concatenate([[0], np.cumsum(local_s * np.diff(index[starts]))])
            late_s = late_s - interpolate(index, index[starts].astype(float), trend_s)
            period_s_of_size += float(np.median(local_s))
        spread = spread_of(earliest_stamps(late_s, starts, period_s) / period_s_of_size)
        if best is None or spread < best[-1]:
            best = (late_s, size, period_s_of_size, spread)
        if spread <= MAX_SPREAD:
            break
    if best is None:
        return since_s - period_s * index, len(index), period_s, 0.0
    return best


def interpolate(at: NDArray[np.integer | np.floating], known_at: Times, known: Times) -> Times:
    """Linear interpolation that continues the first and the last line beyond the ends."""
    found = np.interp(at, known_at, known)
    if len(known) < 2:
        return np.asarray(found)
    for end, step in ((0, 1), (-1, -2)):
        slope = (known[step] - known[end]) / (known_at[step] - known_at[end])
        beyond = at < known_at[0] if end == 0 else at > known_at[-1]
        found = np.where(beyond, known[end] + slope * (at - known_at[end]), found)
    return np.asarray(found)
