"""The clock of a sensor, from the time stamps of its samples.

Time stamps are rarely the times of sampling. They are rounded to a grid, or they say when a sample
arrived: several share a stamp, or a queue holds some back. Therefore the rate is the slope of the
earliest stamps over many samples, not that of intervals.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ppgkd.datasets.own.lost_from_batches import missing_from_batches
from ppgkd.datasets.own.missing_samples import (
    missing_by_intervals,
    missing_by_lateness,
    with_long_gaps,
)
from ppgkd.datasets.own.stamp_lateness import (
    BLOCK_SIZES,
    Indices,
    Times,
    block_starts,
    detrended,
    earliest_stamps,
    interpolate,
    running_median,
)

UNEVEN_S = 0.02
"""A sensor's clock is uneven if an even one would be farther off than this, or half a period."""


@dataclass(frozen=True, eq=False)
class Clock:
    """When the samples of a recording were taken.

    Attributes
    ----------
    first_s
        Time of the first sample, in seconds.
    rate_hz
        Sampling rate; the mean one if the clock is uneven.
    rate_uncertainty
        Its relative standard error.
    sample_index
        Index of each row, shape (n_rows,), counting the missing samples as well.
    node_index, node_s
        Points of the clock: index of a sample, and its time in seconds from the first. Two for an
        even clock; between them, and beyond, the clock is linear. Shape (n_nodes,).
    jitter_s
        How far the stamps lie behind the clock: 95th percentile, in seconds.
    """

    first_s: float
    rate_hz: float
    rate_uncertainty: float
    sample_index: Indices
    node_index: Times
    node_s: Times
    jitter_s: float

    @property
    def n_missing(self) -> int:
        """Number of missing samples between the first and the last."""
        return int(self.sample_index[-1]) + 1 - len(self.sample_index)

    @property
    def is_even(self) -> bool:
        """Whether the rate is the same throughout."""
        return len(self.node_s) == 2

    @property
    def local_rate_hz(self) -> Times:
        """Sampling rate between the points of the clock, shape (n_nodes - 1,)."""
        return np.asarray(np.diff(self.node_index) / np.diff(self.node_s))

    def seconds(self, index: NDArray[np.integer | np.floating]) -> Times:
        """Time of samples in seconds from the first, by their index."""
        return interpolate(index, self.node_index, self.node_s)

    def index(self, second: Times) -> Times:
        """Fractional index of samples at times in seconds from the first."""
        return interpolate(second, self.node_s, self.node_index)


def even_clock(first_s: float, rate_hz: float, n_samples: int) -> Clock:
    """Clock of samples without time stamps."""
    return _even(first_s, rate_hz, 0.0, np.arange(n_samples), 0.0)


def fit_clock(time_s: Times) -> Clock:
    """Find the clock of a sensor.

    Parameters
    ----------
    time_s
        Time stamps in seconds, shape (n_rows,), two at least, none before the one above it, and not
        all the same.
    """
    first_s = float(time_s[0])
    since_s = time_s - first_s
    if len(time_s) == 2:
        return _even(first_s, 1 / float(since_s[1]), 0.0, np.arange(2), 0.0)
    missing = missing_by_intervals(since_s)
    clean = missing is not None
    if missing is None:
        missing = missing_from_batches(since_s)
    if missing is None:
        missing = missing_by_lateness(since_s)
    index = with_long_gaps(since_s, np.arange(len(time_s)) + missing, clean=clean)
    return _fit(first_s, since_s, index, clean=clean)


def _fit(first_s: float, since_s: Times, index: Indices, *, clean: bool) -> Clock:
    """Fit an even clock; if that is too far off, one with points about every second."""
    n_rows = len(index)
    period_s = float(since_s[-1]) / max(int(index[-1]), 1)
    if n_rows < 2 * BLOCK_SIZES[0]:
        slope, start = np.polyfit(index, since_s, 1) if n_rows > 2 else (period_s, 0.0)
        late_s = since_s - slope * index - start
        scatter_s = float(np.sqrt(np.square(late_s).sum() / max(n_rows - 2, 1)))
        deviation = np.sqrt(np.square(index - index.mean()).sum())
        start = 0.0 if clean else float(late_s.min() + start)
        jitter_s = float(np.ptp(late_s))
        uncertainty = scatter_s / deviation / slope
        return _even(first_s + start, 1 / float(slope), uncertainty, index, jitter_s)
    place, level_s, size = _levels(since_s, index, period_s, clean=clean)
    slope, start = np.polyfit(place, level_s, 1)
    off_s = level_s - slope * place - start
    scatter_s = float(np.std(np.diff(off_s)) / np.sqrt(2))
    uncertainty = scatter_s / slope / np.sqrt(np.square(place - place.mean()).sum())
    smooth = running_median(off_s, min(2, len(off_s) - 1))
    late_s = since_s - slope * index - start
    jitter_s = float(np.quantile(late_s, 0.95) - np.quantile(late_s, 0.0 if not clean else 0.05))
    begins_s = 0.0 if clean else float(start)
    limit_s = max(UNEVEN_S, 0.5 * slope, 4 * scatter_s)
    if len(smooth) < 5 or np.abs(smooth).max() <= limit_s:
        return _even(first_s + begins_s, 1 / float(slope), float(uncertainty), index, jitter_s)
    return _uneven(first_s, since_s, place, level_s, index, size, float(uncertainty))


def _levels(
    since_s: Times, index: Indices, period_s: float, *, clean: bool
) -> tuple[Times, Times, int]:
    """Points of the clock: mean index and time of blocks of rows; the earliest if jittered."""
    if clean:
        size = BLOCK_SIZES[0]
        starts = block_starts(len(index), size)
        count = np.diff([*starts.tolist(), len(index)])
        return (
            np.add.reduceat(index, starts) / count,
            np.add.reduceat(since_s, starts) / count,
            size,
        )
    late_s, size, period_s, _ = detrended(since_s, index, period_s)
    trend_s = since_s - late_s
    starts = block_starts(len(index), min(size, len(index) // 2))
    earliest_s = earliest_stamps(late_s, starts, period_s)
    count = np.diff([*starts.tolist(), len(index)])
    place = np.add.reduceat(index, starts) / count
    return place, np.interp(place, index, trend_s) + earliest_s, size


def _even(
    first_s: float, rate_hz: float, uncertainty: float, index: Indices, jitter_s: float
) -> Clock:
    nodes = np.array([0.0, max(float(index[-1]), 1.0)])
    return Clock(first_s, rate_hz, uncertainty, index, nodes, nodes / rate_hz, jitter_s)


def _uneven(
    first_s: float,
    since_s: Times,
    place: Times,
    level_s: Times,
    index: Indices,
    size: int,
    uncertainty: float,
) -> Clock:
    """Clock through the means of neighbouring points."""
    width = max(1, 32 // size)
    kept = np.arange(0, len(place), width)
    if len(kept) > 1 and len(place) - kept[-1] < width:
        kept = kept[:-1]
    count = np.diff([*kept.tolist(), len(place)])
    node_index = np.add.reduceat(place, kept) / count
    node_s = np.add.reduceat(level_s, kept) / count
    begins_s, ends_s = interpolate(np.array([0.0, float(index[-1])]), node_index, node_s).tolist()
    node_index = np.array([0.0, *node_index, float(index[-1])])
    node_s = np.array([begins_s, *node_s, ends_s])
    rising = np.concatenate([[True], np.diff(node_index) > 0]) & np.concatenate(
        [[True], node_s[1:] > np.maximum.accumulate(node_s)[:-1]]
    )
    node_index, node_s = node_index[rising], node_s[rising]
    rate_hz = float(index[-1]) / (ends_s - begins_s)
    clock = Clock(first_s + begins_s, rate_hz, uncertainty, index, node_index, node_s - begins_s, 0)
    late_s = since_s - begins_s - clock.seconds(index)
    return replace(clock, jitter_s=float(np.quantile(late_s, 0.95) - np.quantile(late_s, 0.05)))
