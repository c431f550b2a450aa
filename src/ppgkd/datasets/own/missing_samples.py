"""Which samples are missing, by time stamps that may be rounded, late or in batches.

Jitter passes; what is lost, stays lost. So a sample counts as missing only where all later stamps
are late by a period. Where one rate without any loss explains the stamps, nothing is missing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ppgkd.datasets.own.stamp_lateness import (
    BLOCK_SIZES,
    INTERVAL_TOLERANCE,
    MAX_SPREAD,
    Indices,
    Times,
    block_starts,
    detrended,
    earliest_stamps,
    is_regular,
    rows_per_batch,
    running_median,
    spread_of,
)

CLEAN = 0.45
"""If every interval is a whole number of periods to within this part of one, it says by itself how
many samples are missing."""

MAX_RANGE = 0.7
"""Largest range of the earliest stamps around one line, in periods, if nothing is missing."""

LEAST_STEP = 0.7
"""Smallest step of the earliest stamps, in periods, that is a lost sample."""

FASTEST_HZ = 1e5
"""Intervals shorter than this are no period of a sensor."""

AT_END = 0.15
"""How much larger a step has to be among the last blocks."""

RISING = 0.2
"""A step may be spread over several blocks, each of which rises by this, in periods."""

MAX_RUN = 3
"""Largest number of these blocks."""

SURE = 5.0
"""A step must exceed the spread of the earliest stamps by this factor."""

LONG_GAP = 8
"""A gap of more samples is measured by many rows beside it."""

LONGEST_STALL = 4
LONGEST_STALL_S = 10.0
"""Number of blocks, and seconds, that may be late together and still catch up."""


def missing_by_intervals(since_s: Times) -> Indices | None:
    """Number of samples missing before each row; None if the intervals are not clear."""
    interval_s = np.diff(since_s)
    typical_s = _typical_period(since_s)
    if typical_s * FASTEST_HZ <= 1 or _scatter(since_s) >= CLEAN * typical_s:
        return None
    if is_regular(interval_s > (1 + INTERVAL_TOLERANCE) * typical_s):
        return None
    period_s = _local_period(interval_s, typical_s)
    periods = interval_s / period_s
    steps = np.round(periods)
    short = steps <= LONG_GAP  # over a long gap, the error of the local period adds up
    if (steps < 1).any() or (np.abs(periods - steps)[short] >= CLEAN).any():
        return None
    return np.concatenate([[0], np.cumsum(steps.astype(np.int64) - 1)])


def missing_by_lateness(since_s: Times) -> Indices:
    """Number of samples missing before each row of jittered stamps."""
    row = np.arange(len(since_s))
    period_s = _rough_period(since_s)
    missing = _clear_gaps(since_s, period_s)
    if _is_one_line(since_s - period_s * missing, period_s):
        return missing
    for _ in range(4):
        index = row + missing
        late_s, size, period_s, spread = detrended(since_s, index, period_s)
        more = _steps(late_s, index, size, period_s, max(LEAST_STEP, SURE * spread))
        if not more.any():
            break
        missing = missing + more
    return missing


def with_long_gaps(since_s: Times, index: Indices, *, clean: bool) -> Indices:
    """Index of each row, where long gaps are measured by the lines of many rows beside them."""
    gaps = np.flatnonzero(np.diff(index) > LONG_GAP) + 1
    bounds = [0, *gaps.tolist(), len(index)]
    size, reach = (1, 300) if clean else (64, 2_000)
    more = np.zeros(len(index), np.int64)
    for number, gap in enumerate(gaps.tolist(), start=1):
        before = slice(max(bounds[number - 1], gap - reach), gap)
        after = slice(gap, min(bounds[number + 1], gap + reach))
        if min(before.stop - before.start, after.stop - after.start) < 4 * size + 16:
            continue
        origin = index[gap]
        lines = [_line(index[side] - origin, since_s[side], size) for side in (before, after)]
        gap_s = lines[1][1] - lines[0][1]
        more[gap] = round(2 * gap_s / (lines[0][0] + lines[1][0]))
    return index + np.cumsum(more)


def _typical_period(time_s: Times) -> float:
    """Typical interval in seconds: the mean of the intervals near the median.

    The median alone would be wrong for rounded time stamps: in whole milliseconds, most intervals
    of a sensor of 64 Hz are 16 ms, which is 62.5 Hz.
    """
    interval_s = np.diff(time_s)
    median_s = np.quantile(interval_s, 0.5, method="nearest")  # not a mean of two intervals
    near = np.abs(interval_s - median_s) <= INTERVAL_TOLERANCE * median_s
    return float(interval_s[near].mean())


def _scatter(since_s: Times, size: int = 32) -> float:
    """Range of the stamps around lines through few rows each: first quartile, in seconds."""
    size = min(size, len(since_s))
    if size < 4:
        return 0.0
    rows = since_s[: len(since_s) // size * size].reshape(-1, size)
    centred = np.arange(size) - (size - 1) / 2
    slope = rows @ centred / (centred @ centred)
    return float(np.quantile(np.ptp(rows - slope[:, None] * centred, axis=1), 0.25))


def _local_period(interval_s: Times, typical_s: float, half_width: int = 100) -> Times:
    """Mean of the intervals around each that are one period, shape (n_intervals,)."""
    near = np.abs(interval_s - typical_s) <= INTERVAL_TOLERANCE * typical_s
    count = np.concatenate([[0], np.cumsum(near)])
    total_s = np.concatenate([[0], np.cumsum(np.where(near, interval_s, 0.0))])
    place = np.arange(len(interval_s))
    start = np.maximum(place - half_width, 0)
    end = np.minimum(place + half_width + 1, len(interval_s))
    n_near = count[end] - count[start]
    mean_s = (total_s[end] - total_s[start]) / np.maximum(n_near, 1)
    return np.where(n_near >= half_width // 4, mean_s, typical_s)


def _clear_gaps(since_s: Times, period_s: float) -> Indices:
    """Number of samples missing before each row, of long intervals that nothing catches up."""
    interval_s = np.diff(since_s)
    least_s = max(2 * LONG_GAP * period_s, 4 * float(np.quantile(interval_s, 0.99)))
    missing = np.zeros(len(since_s), np.int64)
    for before in np.flatnonzero(interval_s > least_s).tolist():
        n_held = int(interval_s[before] / period_s)  # so many would arrive at once after a stall
        rows = np.arange(before + 1, min(before + 64 + n_held, len(since_s)))
        late_s = (since_s[rows] - since_s[before] - (rows - before) * period_s).min()
        if late_s > 0.5 * interval_s[before]:
            missing[before + 1 :] += round(late_s / period_s)
    return missing


def _rough_period(since_s: Times) -> float:
    lag = max(min(128, len(since_s) // 3), 1)
    period_s = float(np.median(since_s[lag:] - since_s[:-lag])) / lag
    return period_s or float(since_s[-1]) / (len(since_s) - 1)


def _is_one_line(since_s: Times, period_s: float) -> bool:
    """Whether a constant rate without any loss explains the earliest stamps of all blocks."""
    row = np.arange(len(since_s))
    slope, start = np.polyfit(row, since_s, 1)
    late_s = since_s - slope * row - start
    if np.ptp(late_s) <= 1.05 * stamp_grid_s(since_s):
        return True
    best = (np.inf, np.inf)
    least_size = 4 * rows_per_batch(since_s, period_s)
    for size in (size for size in BLOCK_SIZES if size >= least_size):
        starts = block_starts(len(row), size)
        if len(starts) < 8:
            break
        earliest = earliest_stamps(late_s, starts, period_s) / period_s
        earliest -= np.polyval(np.polyfit(starts, earliest, 1), starts)
        best = min(best, (spread_of(earliest), float(np.ptp(earliest))))
        if best[0] <= 2 * MAX_SPREAD:
            break
    if np.isinf(best[0]):
        return bool(np.ptp(late_s) < period_s)
    return best[1] <= max(MAX_RANGE, SURE * best[0])


def stamp_grid_s(since_s: Times) -> float:
    """Grid of rounded stamps: the smallest interval, if all are multiples of it; else zero."""
    interval_s = np.diff(since_s)
    interval_s = interval_s[interval_s > 1e-7]
    grid_s = float(interval_s.min())
    multiples = interval_s / grid_s
    return grid_s if np.abs(multiples - np.round(multiples)).max() < 0.01 else 0.0


def _steps(late_s: Times, index: Indices, size: int, period_s: float, least: float) -> Indices:
    """Number of samples missing before each row, by the steps of the earliest stamps."""
    n_rows = len(late_s)
    missing = np.zeros(n_rows, np.int64)
    starts = block_starts(n_rows, size)
    if len(starts) < 2:
        return missing
    earliest = earliest_stamps(late_s, starts, period_s) / period_s
    level = _opened(earliest, LONGEST_STALL)
    lasting_level = _opened(earliest, max(LONGEST_STALL, round(LONGEST_STALL_S / size / period_s)))
    rise = np.diff(level)
    rise -= running_median(rise, min(5, len(rise) - 1))
    bounds = [*starts.tolist(), n_rows]
    later = np.zeros(n_rows + 1, np.int64)
    for block, last in _runs(rise > RISING):
        if last - block > MAX_RUN:  # a trend that is left; the step is where it is steepest
            steepest = block + int(np.argmax(rise[block:last]))
            block, last = max(block, steepest - 1), min(last, steepest + 2)
        total = float(rise[block:last].sum())
        # near the end, what follows cannot show that it never catches up
        at_end = bounds[last] + LONGEST_STALL * size > n_rows
        if total <= least + (AT_END if at_end else 0) or _is_kink(np.diff(level), block, last):
            continue
        if total > 2 and lasting_level[last] - lasting_level[block] < 0.5 * total:
            continue  # a stall
        n_lost = int(np.round(total))
        first, end = bounds[block], bounds[last + 1]
        if np.diff(index[first:end]).max() > LONG_GAP:
            continue  # measured by its own, see `with_long_gaps`
        # no stamp is early: what comes after a gap is late by it
        above = late_s[first:end] / period_s - level[block]
        lasting = np.minimum.accumulate(above[::-1])[::-1]
        missing[first:end] += np.clip(np.floor(lasting + 0.5), 0, n_lost).astype(np.int64)
        later[end] += n_lost
    return missing + np.cumsum(later[:-1])


def _runs(of: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and end of each run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], of.astype(np.int8), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _opened(level_s: Times, length: int) -> Times:
    """Level without rises that last for at most `length` blocks."""
    length = min(length, len(level_s) - 1)
    after = np.pad(level_s, (0, length), mode="edge")
    low = np.lib.stride_tricks.sliding_window_view(after, length + 1).min(axis=1)
    before = np.pad(low, (length, 0), mode="edge")
    return np.asarray(np.lib.stride_tricks.sliding_window_view(before, length + 1).max(axis=1))


def _is_kink(gained: Times, first: int, end: int) -> bool:
    """Whether the rate changes within some blocks, so that the lines of both sides meet there."""
    left, right = gained[max(first - 5, 0) : first], gained[end : end + 5]
    if len(left) < 2 or len(right) < 2:
        return False
    difference = float(np.median(left) - np.median(right))
    if abs(difference) < 0.2:
        return False
    length = end - first
    meeting = (gained[first:end].sum() - np.median(right) * length) / difference
    return bool(-1 <= meeting <= length + 1)


def _line(index: Indices, since_s: Times, size: int) -> tuple[float, float]:
    """Slope and start of a line through the earliest stamps of blocks."""
    slope, start = np.polyfit(index, since_s, 1)
    if size > 1:
        late_s = since_s - slope * index
        starts = block_starts(len(index), size)
        earliest_s = earliest_stamps(late_s, starts, float(slope))
        tilt, start = np.polyfit(index[starts] + size / 2, earliest_s, 1)
        slope += tilt
    return float(slope), float(start)
