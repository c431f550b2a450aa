"""Samples of a sensor on an even grid at the rate of the dataset, by the sensor's own clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ppgkd.datasets.gaps import bridge_short_gaps
from ppgkd.datasets.own.clock import Clock
from ppgkd.datasets.resampling import resample, resample_at

SAME_RATE = 5e-4
"""Relative difference between two rates that need no resampling: 0.05 BPM of 100."""

ROUNDING = 1e-6
"""Part of a sample by which its place may be off by rounding alone: repeated values, of a forward
fill, begin just one sample before the first one that is new."""

TOLD_JITTER = 0.5
"""Jitter of the time stamps that the user is told of, in periods."""

TOLD_UNCERTAINTY = 1e-3
"""Relative standard error of a rate that the user is told of."""


@dataclass(frozen=True, eq=False)
class EvenGrid:
    """Even times at which the samples of a recording are given.

    Parameters
    ----------
    clock
        The sensor's clock.
    rate_hz
        Sampling rate to use.
    """

    clock: Clock
    rate_hz: float

    @property
    def is_own(self) -> bool:
        """Whether the sensor's samples are used as they are, because their rate is the same."""
        error = abs(self.clock.rate_hz / self.rate_hz - 1)
        return self.clock.is_even and error <= max(SAME_RATE, 2 * self.clock.rate_uncertainty)

    @property
    def true_rate_hz(self) -> float:
        """Rate of the samples on the grid; not quite `rate_hz` if they are the sensor's own."""
        return self.clock.rate_hz if self.is_own else self.rate_hz

    def seconds(self, true_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Times from the first sample, as if the samples had the rate `rate_hz`."""
        return np.asarray(true_s * (self.true_rate_hz / self.rate_hz))

    def put(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Put samples on the grid.

        Parameters
        ----------
        values
            Samples of the rows, shape (n_channels, n_rows).

        Returns
        -------
        ndarray of shape (n_channels, n_samples)
            NaN where samples are missing.
        """
        return self.resampled(fill_gaps(values, self.clock))

    def resampled(self, signal: NDArray[np.float32]) -> NDArray[np.float32]:
        """Put the sensor's samples, shape (n_channels, n_ticks) with NaN, on the grid."""
        if self.is_own:
            return signal
        signal, _ = bridge_short_gaps(signal, self.clock.rate_hz)  # resampling spreads NaN
        if self.clock.is_even:
            return resample(signal, self.clock.rate_hz, self.rate_hz)
        return resample_at(signal, self._place())

    def joined(self, sensors: Sequence[tuple[NDArray[np.float32], Clock]]) -> NDArray[np.float32]:
        """Put the samples of several sensors on the grid, and their channels below each other.

        Parameters
        ----------
        sensors
            Samples with NaN, shape (n_channels, n_ticks), and clock; the first has the clock of the
            grid.
        """
        (first, _), *others = sensors
        signal = self.resampled(first)
        parts = [self._aligned(other, clock, signal.shape[1]) for other, clock in others]
        return np.concatenate([signal, *parts])

    def _aligned(
        self, signal: NDArray[np.float32], clock: Clock, n_samples: int
    ) -> NDArray[np.float32]:
        """Put samples of another sensor on the grid; NaN before its first sample and after."""
        signal, _ = bridge_short_gaps(signal, clock.rate_hz)
        second = np.arange(n_samples) / self.true_rate_hz + (self.clock.first_s - clock.first_s)
        last = signal.shape[1] - 1
        place = clock.index(second)
        outside = (place < -1 - ROUNDING) | (place > last + 1 + ROUNDING)
        if clock.rate_hz <= self.true_rate_hz * (1 + SAME_RATE):
            found = resample_at(signal, np.clip(place, 0, last))
        else:  # a lower rate needs a filter, and an even grid of the sensor's own rate before it
            n_own = int(np.ceil(n_samples * clock.rate_hz / self.true_rate_hz)) + 1
            own = clock.index(second[0] + np.arange(n_own) / clock.rate_hz)
            even = resample_at(signal, np.clip(own, 0, last))
            found = resample(even, clock.rate_hz, self.true_rate_hz)[:, :n_samples]
        found[:, outside] = np.nan
        return found

    def nearest(self, codes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Put codes of the rows, shape (n_rows,), on the grid; -1 where samples are missing."""
        filled = np.full(int(self.clock.sample_index[-1]) + 1, -1)
        filled[self.clock.sample_index] = codes
        if self.is_own:
            return filled
        return np.asarray(filled[np.round(self._place()).astype(np.int64)])

    def _place(self) -> NDArray[np.float64]:
        """Fractional index of the sensor's sample at each time of the grid."""
        last = float(self.clock.sample_index[-1])
        end_s = float(self.clock.seconds(np.array([last]))[0])
        second = np.arange(int(end_s * self.rate_hz + 1e-6) + 1) / self.rate_hz
        return np.clip(self.clock.index(second), 0, last)

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes for the user."""
        clock, found = self.clock, []
        if not clock.is_even:
            slowest_hz, fastest_hz = clock.local_rate_hz.min(), clock.local_rate_hz.max()
            found.append(
                f"the sensor's rate is not constant, {slowest_hz:.4g} to {fastest_hz:.4g} Hz: by "
                f"the time stamps, its samples are put on an even grid of {self.rate_hz:.4g} Hz"
            )
        elif not self.is_own:
            found.append(
                f"resampled from its own rate, {clock.rate_hz:.5g} Hz, to {self.rate_hz:.4g} Hz"
            )
        if clock.jitter_s * clock.rate_hz > TOLD_JITTER:
            found.append(
                f"time stamps lie up to {1e3 * clock.jitter_s:.3g} ms behind the samples (batches, "
                "queues or rounding); only samples that never arrive count as missing"
            )
        if clock.rate_uncertainty > TOLD_UNCERTAINTY:
            found.append(
                f"its rate, {clock.rate_hz:.4g} Hz, is known to {2 * clock.rate_uncertainty:.1%}; "
                "a longer recording would tell it better"
            )
        return tuple(found)


def fill_gaps(values: NDArray[np.float32], clock: Clock) -> NDArray[np.float32]:
    """Insert NaN for missing samples.

    Parameters
    ----------
    values
        Samples of the rows, shape (n_channels, n_rows).
    clock
        When they were sampled.

    Returns
    -------
    ndarray of shape (n_channels, n_samples)
        One sample for each tick of the clock.
    """
    signal = np.full((len(values), int(clock.sample_index[-1]) + 1), np.nan, np.float32)
    signal[:, clock.sample_index] = values
    return signal
