"""The sampling rate of a recording and its missing samples, by its time stamps.

An estimate of the heart rate is proportional to the assumed sampling rate: if a sensor of 24 Hz is
declared as one of 25 Hz, every estimate is 4 % too high. Therefore the declared rate is compared
with the time stamps.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ppgkd.errors import PpgkdError

RATE_TOLERANCE = 0.005
"""Largest relative difference between the declared rate and the measured one."""

INTERVAL_TOLERANCE = 0.5
"""An interval does not count for the rate if its relative difference from the median is larger. A
long one may be a gap."""

MAX_MISSING_H = 24.0
"""If more is missing, the table has two recordings, or its time stamps are wrong."""


@dataclass(frozen=True, eq=False)
class Clock:
    """When the samples of a recording were taken.

    Attributes
    ----------
    first_s
        Time stamp of the first sample, in seconds.
    rate_hz
        Sampling rate.
    sample_index
        Index of each sample, shape (n_samples,), counting the missing samples as well.
    """

    first_s: float
    rate_hz: float
    sample_index: NDArray[np.int64]

    @property
    def n_missing(self) -> int:
        """Number of missing samples between the first and the last."""
        return int(self.sample_index[-1]) + 1 - len(self.sample_index)


def require_rate(rate_hz: float) -> None:
    """Refuse a rate that is not a positive number."""
    if not 0 < rate_hz < np.inf:
        raise PpgkdError(f"The rate is {rate_hz} Hz; it must be a positive number.")


def read_clock(time_s: NDArray[np.float64], declared_rate_hz: float, first_row: int) -> Clock:
    """Check time stamps and find the gaps between them.

    Single late or early time stamps are not gaps. A gap is where all later samples are late.

    Parameters
    ----------
    time_s
        Time stamps in seconds, shape (n_samples,), one sample at least.
    declared_rate_hz
        Sampling rate according to the user.
    first_row
        Number of the first row, for the messages.

    Raises
    ------
    PpgkdError
        If the time stamps contain NaN, do not increase, contradict the declared rate, or have gaps
        of more than `MAX_MISSING_H` in total.
    """
    _require_increasing(time_s, first_row)
    if len(time_s) == 1:
        return Clock(float(time_s[0]), declared_rate_hz, np.zeros(1, np.int64))
    rate_hz = measure_rate(time_s)
    _require_agreement(rate_hz, declared_rate_hz)
    missing_h = (time_s[-1] - time_s[0] - len(time_s) / rate_hz) / 3600
    if missing_h > MAX_MISSING_H:
        raise PpgkdError(
            f"{missing_h:.3g} h are missing between the time stamps; at most {MAX_MISSING_H:g} h "
            "are allowed in total. Split the recording where its time jumps."
        )
    return Clock(float(time_s[0]), rate_hz, _sample_indices(time_s - time_s[0], rate_hz))


def measure_rate(time_s: NDArray[np.float64]) -> float:
    """Measure the sampling rate in Hz from increasing time stamps, without gaps.

    It is the inverse of the mean of the intervals near the median. The median alone would be wrong
    for rounded time stamps: in whole milliseconds, most intervals of a sensor of 64 Hz are 16 ms,
    which is 62.5 Hz.
    """
    interval_s = np.diff(time_s)
    median_s = np.quantile(interval_s, 0.5, method="nearest")  # not a mean of two intervals
    near = np.abs(interval_s - median_s) <= INTERVAL_TOLERANCE * median_s
    return float(1 / interval_s[near].mean())


def _sample_indices(time_s: NDArray[np.float64], rate_hz: float) -> NDArray[np.int64]:
    """Index of each sample: one more than the sample before, and more than one after a gap.

    The recording is divided at long intervals. The lateness of each part is the median over its
    first second.
    """
    late_samples = time_s * rate_hz - np.arange(len(time_s))
    starts = np.flatnonzero(np.diff(time_s) * rate_hz > 1 + INTERVAL_TOLERANCE) + 1
    bounds = [0, *starts.tolist(), len(time_s)]
    lateness = np.array(
        [
            np.median(late_samples[start : min(end, start + max(round(rate_hz), 1))])
            for start, end in pairwise(bounds)
        ]
    )
    missing = np.maximum.accumulate(np.round(lateness - lateness[0])).astype(np.int64)
    return np.arange(len(time_s)) + np.repeat(missing, np.diff(bounds))


def _require_increasing(time_s: NDArray[np.float64], first_row: int) -> None:
    not_finite = np.flatnonzero(~np.isfinite(time_s))
    if not_finite.size:
        raise PpgkdError(
            f"row {first_row + not_finite[0]} has no time stamp; give one to every row, or remove "
            "the column."
        )
    backward = np.flatnonzero(time_s[1:] <= time_s[:-1])
    if backward.size:
        last = int(backward[0])
        relation = "repeats" if time_s[last + 1] == time_s[last] else "is before"
        raise PpgkdError(
            f"the time stamp of row {first_row + last + 1}, {time_s[last + 1]:.6f} s, {relation} "
            f"that of the row before it, {time_s[last]:.6f} s ({backward.size} such rows in "
            "total). Time stamps must increase: sort the rows and remove duplicates."
        )


def _require_agreement(rate_hz: float, declared_rate_hz: float) -> None:
    error = declared_rate_hz / rate_hz - 1
    if abs(error) <= RATE_TOLERANCE:
        return
    if abs(error) > 10:
        remedy = "Time stamps must be in seconds."
    else:
        remedy = (
            f"Give the rate of the sensor, and a model for it (ppgkd export ... --rate "
            f"{rate_hz:.4g})."
        )
    raise PpgkdError(
        f"the declared rate is {declared_rate_hz:g} Hz, but the time stamps give {rate_hz:.4g} Hz. "
        f"Every estimate would be {100 * abs(error):.3g} % too {'high' if error > 0 else 'low'}: "
        f"{100 * (1 + error):.4g} for 100 BPM. {remedy}"
    )
