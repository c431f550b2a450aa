"""What time stamps say of a recording: its true rate, and where samples are missing.

Heart rate is counted in samples: a sensor of 24 Hz that is taken for one of 25 Hz makes every
estimate 4 % too high. So a declared rate is compared with the time stamps.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ppgkd.errors import PpgkdError

RATE_TOLERANCE = 0.005
"""Largest relative difference between the declared rate and that of the time stamps."""

JITTER = 0.5
"""An interval that is farther from the typical one than this share of it is not counted for the
rate; a longer one may be a gap."""

LONGEST_MISSING_H = 24.0
"""A recording with more missing than this is two recordings, or its time stamps are wrong."""


@dataclass(frozen=True, eq=False)
class Clock:
    """When samples were taken.

    Attributes
    ----------
    first_s
        Time stamp of the first sample.
    rate_hz
        Rate of the sensor.
    place
        Number of each sample when those missing are counted, too, shape (n_samples,).
    """

    first_s: float
    rate_hz: float
    place: NDArray[np.int64]

    @property
    def n_missing(self) -> int:
        """Samples that are missing between the first and the last."""
        return int(self.place[-1]) + 1 - len(self.place)


def require_rate(rate_hz: float) -> None:
    """Refuse what is no rate."""
    if not 0 < rate_hz < np.inf:
        raise PpgkdError(f"The rate is {rate_hz} Hz; it must be a positive number.")


def read_clock(time_s: NDArray[np.float64], declared_rate_hz: float, first_row: int) -> Clock:
    """Check time stamps and find the gaps between them.

    A few late or early ones are no gap: what counts is whether the samples after it stay late.

    Parameters
    ----------
    time_s
        Time stamps in seconds, shape (n_samples,), one sample at least.
    declared_rate_hz
        What the sensor is said to have.
    first_row
        Number of the first row, for the messages.

    Raises
    ------
    PpgkdError
        If they are no numbers, do not increase, contradict the declared rate, or leave out too
        much.
    """
    _require_increasing(time_s, first_row)
    if len(time_s) == 1:
        return Clock(float(time_s[0]), declared_rate_hz, np.zeros(1, np.int64))
    rate_hz = measure_rate(time_s)
    _require_agreement(rate_hz, declared_rate_hz)
    missing_h = (time_s[-1] - time_s[0] - len(time_s) / rate_hz) / 3600
    if missing_h > LONGEST_MISSING_H:
        raise PpgkdError(
            f"the time stamps leave out {missing_h:.3g} h; allowed are {LONGEST_MISSING_H:g} h in "
            "all. Split the recording where its time jumps."
        )
    return Clock(float(time_s[0]), rate_hz, _places(time_s - time_s[0], rate_hz))


def measure_rate(time_s: NDArray[np.float64]) -> float:
    """Rate in Hz that increasing time stamps have, gaps left out.

    The median alone would be wrong where stamps are rounded: in whole milliseconds, most intervals
    of a sensor of 64 Hz are 16 ms long, which is 62.5 Hz. So it is the mean of the intervals around
    the median.
    """
    interval_s = np.diff(time_s)
    typical_s = np.quantile(interval_s, 0.5, method="nearest")  # one that there is
    usual = np.abs(interval_s - typical_s) <= JITTER * typical_s
    return float(1 / interval_s[usual].mean())


def _places(time_s: NDArray[np.float64], rate_hz: float) -> NDArray[np.int64]:
    """Number of each sample: by one more than the one before, and by more after a gap.

    How late a stretch without long intervals is, is the median over its first second.
    """
    late = time_s * rate_hz - np.arange(len(time_s))
    starts = np.flatnonzero(np.diff(time_s) * rate_hz > 1 + JITTER) + 1
    bounds = [0, *starts.tolist(), len(time_s)]
    lateness = np.array(
        [
            np.median(late[start : min(end, start + max(round(rate_hz), 1))])
            for start, end in pairwise(bounds)
        ]
    )
    missing = np.maximum.accumulate(np.round(lateness - lateness[0])).astype(np.int64)
    return np.arange(len(time_s)) + np.repeat(missing, np.diff(bounds))


def _require_increasing(time_s: NDArray[np.float64], first_row: int) -> None:
    unknown = np.flatnonzero(~np.isfinite(time_s))
    if unknown.size:
        raise PpgkdError(
            f"row {first_row + unknown[0]} has no time stamp; give one to every row, or leave the "
            "column out."
        )
    backward = np.flatnonzero(time_s[1:] <= time_s[:-1])
    if backward.size:
        place = int(backward[0])
        what = "repeats" if time_s[place + 1] == time_s[place] else "is before"
        raise PpgkdError(
            f"the time stamp of row {first_row + place + 1}, {time_s[place + 1]:.6f} s, {what} "
            f"that of the row before it, {time_s[place]:.6f} s ({backward.size} such rows in all). "
            "Time stamps must increase: sort the rows and remove the double ones."
        )


def _require_agreement(rate_hz: float, declared_rate_hz: float) -> None:
    error = declared_rate_hz / rate_hz - 1
    if abs(error) <= RATE_TOLERANCE:
        return
    if abs(error) > 10:
        remedy = "Time stamps are in seconds: are these?"
    else:
        remedy = (
            f"Give the rate that the sensor has, and a model for it (ppgkd export ... --rate "
            f"{rate_hz:.4g})."
        )
    raise PpgkdError(
        f"the declared rate is {declared_rate_hz:g} Hz, but the time stamps say {rate_hz:.4g} Hz. "
        f"Every estimate would be {100 * abs(error):.3g} % too {'high' if error > 0 else 'low'}: "
        f"{100 * (1 + error):.4g} for 100 BPM. {remedy}"
    )
