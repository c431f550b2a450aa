"""Time stamps of a recording: checked, and compared with the declared sampling rate.

An estimate of the heart rate is proportional to the assumed sampling rate: if a sensor of 24 Hz is
declared as one of 25 Hz, every estimate is 4 % too high. Therefore the declared rate is compared
with the time stamps.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ppgkd.datasets.own.clock import Clock, even_clock, fit_clock
from ppgkd.errors import PpgkdError

RATE_TOLERANCE = 0.005
"""Largest relative difference between the declared rate and the measured one."""

MAX_UNCERTAINTY = 0.05
"""Beyond this relative standard error, time stamps tell no rate."""

RATES_HZ = (10.0, 1_000.0)
"""Sampling rates that a sensor may have."""

MAX_CHANGE = 1.25
"""Largest ratio between the rates within a recording."""

MAX_MISSING_H = 24.0
"""If more is missing, the table has two recordings, or its time stamps are wrong."""

MAX_SECOND = 1e11
"""Seconds since 1970 reach this after 3,000 years; milliseconds passed it in 1973."""

HOUR_S = 3_600.0


def require_rate(rate_hz: float) -> None:
    """Refuse a rate that is not a positive number."""
    if not 0 < rate_hz < np.inf:
        raise PpgkdError(f"The rate is {rate_hz} Hz; it must be a positive number.")


def read_clock(
    time_s: NDArray[np.float64],
    declared_rate_hz: float | None,
    first_row: int,
    rows: NDArray[np.int64] | None = None,
) -> Clock:
    """Check time stamps, and find the clock of the sensor that they belong to.

    Parameters
    ----------
    time_s
        Time stamps in seconds, shape (n_samples,), one sample at least.
    declared_rate_hz
        Sampling rate according to the user; None if it is not declared.
    first_row
        Number of the first row, for the messages.
    rows
        Number of each sample's row, counted from the first, shape (n_samples,); None: they follow
        one another.

    Raises
    ------
    PpgkdError
        If the time stamps contain NaN, step back, contradict the declared rate, tell none, belong
        to sensors of different rates, or have gaps of more than `MAX_MISSING_H` in total.
    """
    require_order(time_s, first_row)
    span_s, fastest_hz = time_s[-1] - time_s[0], 10 * RATES_HZ[1]
    if len(time_s) == 1 or not span_s * fastest_hz > len(time_s) - 1:
        if declared_rate_hz is None or len(time_s) > 1:
            raise PpgkdError(
                f"its {len(time_s)} rows have the same time stamp, {time_s[0]:.6f} s, or lie "
                f"within {span_s:.2g} s, which tells no sampling rate. Give the time of each "
                "sample, or leave the times out and declare the rate."
            )
        return even_clock(float(time_s[0]), declared_rate_hz, 1)
    clock = fit_clock(time_s)
    if declared_rate_hz is None:
        _require_told(clock)
    else:
        clock = _agreed(clock, declared_rate_hz)
    _require_one_sensor(clock, first_row + (np.arange(len(time_s)) if rows is None else rows))
    missing_h = clock.n_missing / clock.rate_hz / HOUR_S
    if missing_h > MAX_MISSING_H:
        raise PpgkdError(
            f"{missing_h:.3g} h are missing between the time stamps; at most {MAX_MISSING_H:g} h "
            "are allowed in total. Split the recording where its time jumps."
        )
    return clock


def measure_rate(time_s: NDArray[np.float64]) -> float:
    """Measure the sampling rate in Hz from time stamps, shape (n_samples,), without gaps."""
    return read_clock(time_s, None, 1).rate_hz


def require_order(time_s: NDArray[np.float64], first_row: int) -> None:
    """Refuse time stamps that are missing, no seconds, or step back."""
    not_finite = np.flatnonzero(~np.isfinite(time_s))
    if not_finite.size:
        raise PpgkdError(
            f"row {first_row + not_finite[0]} has no time stamp; give one to every row, or remove "
            "the column."
        )
    if np.abs(time_s).max() > MAX_SECOND:
        raise PpgkdError(
            f"its time stamps reach {np.abs(time_s).max():.4g} s, which are no seconds. For "
            "milliseconds or microseconds, since 1970 too, name the column and its unit ('time' "
            "in the YAML file)."
        )
    interval_s = np.diff(time_s)
    backward = np.flatnonzero(interval_s < 0)
    if backward.size:
        last = int(backward[0])
        raise PpgkdError(
            f"the time stamp of row {first_row + last + 1}, {time_s[last + 1]:.6f} s, is before "
            f"that of the row before it, {time_s[last]:.6f} s ({backward.size} such rows in "
            f"total). {_remedy(time_s, backward)}"
        )


def _remedy(time_s: NDArray[np.float64], backward: NDArray[np.intp]) -> str:
    """What to do about time stamps that step back."""
    interval_s = np.diff(time_s)
    typical_s = float(np.median(interval_s))
    step_s = float(interval_s[backward[0]]) - typical_s
    hours = round(-step_s / HOUR_S)
    if backward.size <= 2 and hours and abs(step_s + hours * HOUR_S) < max(1.0, 5 * typical_s):
        return (
            f"The clock was set back by {hours} h there, as at the end of summer time. Nothing is "
            "wrong with the samples: write the times with their offset (+02:00, +01:00), or in "
            "UTC, or name their zone ('timezone' in the YAML file)."
        )
    in_order_s = np.diff(np.sort(time_s))
    if backward.size > 2 and in_order_s.min() > 0 and in_order_s.max() < 3 * np.median(in_order_s):
        return "The rows are out of order: sort them by their time."
    return (
        "The clock was set back there, or two recordings are in one table: split the recording "
        "there, or correct the times. Sorting would mix samples of different times."
    )


def _require_told(clock: Clock) -> None:
    lowest_hz, highest_hz = RATES_HZ
    if not lowest_hz <= clock.rate_hz <= highest_hz:
        raise PpgkdError(
            f"the time stamps give {clock.rate_hz:.4g} Hz; a sensor has {lowest_hz:g} to "
            f"{highest_hz:g} Hz. Time stamps must be in seconds; for others, name the column and "
            "its unit ('time' in the YAML file)."
        )
    if clock.rate_uncertainty > MAX_UNCERTAINTY:
        raise PpgkdError(
            f"the time stamps scatter so much that they give {clock.rate_hz:.4g} Hz to no better "
            f"than {clock.rate_uncertainty:.0%}. Declare the rate, and leave the times out."
        )


def _agreed(clock: Clock, declared_rate_hz: float) -> Clock:
    """The clock, with the declared rate where the time stamps tell no better one."""
    error = declared_rate_hz / clock.rate_hz - 1
    if abs(error) <= RATE_TOLERANCE:
        return clock
    if abs(error) <= 2 * min(clock.rate_uncertainty, MAX_UNCERTAINTY):
        end_s = clock.node_index[[0, -1]] / declared_rate_hz
        return replace(
            clock, rate_hz=declared_rate_hz, node_index=clock.node_index[[0, -1]], node_s=end_s
        )
    if abs(error) > 10:
        remedy = (
            "Time stamps must be in seconds; for others, name the column and its unit ('time' in "
            "the YAML file)."
        )
    else:
        remedy = f"Declare {clock.rate_hz:.4g} Hz if the times are right, or correct the times."
    uncertainty = ""
    if clock.rate_uncertainty > 1e-3:
        uncertainty = f", to within {2 * clock.rate_uncertainty:.1%}"
    raise PpgkdError(
        f"the declared rate is {declared_rate_hz:g} Hz, but the time stamps give "
        f"{clock.rate_hz:.4g} Hz{uncertainty}. Every estimate would be {100 * abs(error):.3g} % "
        f"too {'high' if error > 0 else 'low'}: {100 * (1 + error):.4g} for 100 BPM. {remedy}"
    )


def _require_one_sensor(clock: Clock, rows: NDArray[np.int64]) -> None:
    """Refuse a recording whose rate jumps, such as of a sensor that was set to half its rate."""
    step = np.diff(clock.sample_index)
    size = max(round(10 * clock.rate_hz), 20)
    if len(step) >= 2 * size:
        typical = np.median(step[: len(step) // size * size].reshape(-1, size), axis=1)
        slower = np.flatnonzero(typical >= 2)
        if slower.size:
            _refuse_change(clock, clock.rate_hz / float(typical[slower[0]]), rows, slower[0] * size)
    if not clock.is_even:
        local_hz = clock.local_rate_hz
        jump = np.maximum(local_hz, clock.rate_hz) / np.minimum(local_hz, clock.rate_hz)
        if local_hz.max() / local_hz.min() > MAX_CHANGE:
            place = int(np.argmax(jump))
            row = int(np.searchsorted(clock.sample_index, clock.node_index[place]))
            _refuse_change(clock, float(local_hz[place]), rows, row)


def _refuse_change(clock: Clock, to_hz: float, rows: NDArray[np.int64], row: int) -> None:
    second = float(clock.seconds(clock.sample_index[[row]])[0])
    raise PpgkdError(
        f"the sampling rate changes: it is {clock.rate_hz:.4g} Hz in the mean, and {to_hz:.4g} Hz "
        f"about row {rows[row]}, {second:.0f} s from the first sample. Split the recording "
        "where its rate changes, or correct the times."
    )
