"""Interface of an estimator: its input, its estimates, its description."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ppgkd.datasets.recording import Recording
from ppgkd.datasets.resampling import resample
from ppgkd.grid import STRIDE_S, WINDOW_S

Signal = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Segment:
    """A recording, from the window of its first reference on.

    Attributes
    ----------
    ppg, acc
        Shape (n_channels, n_samples), in sensor counts and in g.
    rate_hz
        Sampling rate.
    start_s
        Where it starts, in seconds from the recording's first sample.
    """

    ppg: Signal
    acc: Signal
    rate_hz: int
    start_s: float

    @property
    def n_windows(self) -> int:
        """Whole windows of 8 s, every 2 s."""
        return int((self.ppg.shape[1] / self.rate_hz - WINDOW_S) // STRIDE_S) + 1

    def windows(self) -> Iterator[tuple[Signal, Signal]]:
        """PPG and acceleration of each window."""
        for number in range(self.n_windows):
            yield self.until(number, WINDOW_S)

    def until(self, number: int, length_s: float) -> tuple[Signal, Signal]:
        """PPG and acceleration of the last seconds before a window's end."""
        end = (number * STRIDE_S + WINDOW_S) * self.rate_hz
        part = slice(end - round(length_s * self.rate_hz), end)
        return self.ppg[:, part], self.acc[:, part]

    def resampled(self, rate_hz: int) -> Segment:
        """It at another sampling rate."""
        ppg, acc = (
            resample(signal, self.rate_hz, rate_hz).astype(np.float64)
            for signal in (self.ppg, self.acc)
        )
        return replace(self, ppg=ppg, acc=acc, rate_hz=rate_hz)

    def at_least(self, rate_hz: int) -> Segment:
        """It, at this sampling rate if its own is lower: for an estimator that needs as much."""
        return self if self.rate_hz >= rate_hz else self.resampled(rate_hz)


def segment_of(recording: Recording) -> Segment:
    """Signal of a recording from the window of its first reference on.

    Without an accelerometer, the acceleration is zero.
    """
    start_s = max(float(recording.reference_time_s[0]) - WINDOW_S / 2, 0.0)
    signal = recording.signal[:, round(start_s * recording.rate_hz) :].astype(np.float64)
    is_ppg = np.array([name.startswith("ppg") for name in recording.channels])
    acc = np.zeros((3, signal.shape[1])) if is_ppg.all() else signal[~is_ppg]
    return Segment(signal[is_ppg], acc, round(recording.rate_hz), start_s)


@dataclass(frozen=True, eq=False)
class Estimates:
    """Estimates of the windows of a segment.

    Attributes
    ----------
    bpm
        Shape (n_windows,); NaN without an estimate.
    latency_ms
        Latency of single estimates, shape (n_timed,).
    """

    bpm: NDArray[np.float64]
    latency_ms: NDArray[np.float64]


@dataclass(frozen=True)
class Description:
    """Description of an estimator.

    Attributes
    ----------
    title
        Its name, with the version of its package.
    protocol
        In words: training data, signal that it uses, settings that were selected here.
    signal_s
        Seconds of signal that an estimate needs.
    model_bytes
        Size of the model's files; 0 without learning.
    """

    title: str
    protocol: str
    signal_s: float
    model_bytes: int

    @property
    def first_window(self) -> int:
        """First window that can have an estimate."""
        return round((self.signal_s - WINDOW_S) / STRIDE_S)


@dataclass(frozen=True)
class Peer:
    """An estimator with its description.

    Attributes
    ----------
    description
        In words and sizes.
    estimate
        Estimates the windows of a segment, in order.
    """

    description: Description
    estimate: Callable[[Segment], Estimates]


def timed(steps: Iterator[float]) -> Estimates:
    """Estimates of successive windows, with the latency of each."""
    bpm, latency_ms = [], []
    while True:
        started = time.perf_counter()
        estimate = next(steps, None)
        if estimate is None:
            return Estimates(np.array(bpm), np.array(latency_ms))
        latency_ms.append(1e3 * (time.perf_counter() - started))
        bpm.append(estimate)


def estimate_windows(estimate: Callable[[Signal, int], float], segment: Segment) -> Estimates:
    """Estimates of single windows by a function of their PPG and its sampling rate."""
    return timed(estimate(ppg, segment.rate_hz) for ppg, _ in segment.windows())


def pulse(ppg: Signal) -> Signal:
    """One PPG signal of all channels: their mean, each in units of its standard deviation."""
    centred = ppg - ppg.mean(axis=1, keepdims=True)
    spread = centred.std(axis=1, keepdims=True)
    return np.asarray((centred / np.where(spread > 0, spread, 1)).mean(axis=0))


def upright(wave: Signal) -> Signal:
    """Pulse wave with its peaks up.

    Some sensors count down when the blood volume rises. The volume rises faster than it falls, so
    the skewness of the slope is positive if the peaks are up.
    """
    slope = np.diff(wave)
    skewness = np.power(slope - slope.mean(), 3).mean()
    return wave if skewness >= 0 else -wave
