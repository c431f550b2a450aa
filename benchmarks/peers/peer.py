"""What every estimator is given, what it gives back, and what is said about it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ppgkd.datasets.recording import Recording
from ppgkd.grid import STRIDE_S, WINDOW_S

Signal = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Stretch:
    """A recording from the window of its first reference on.

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


def stretch_of(recording: Recording) -> Stretch:
    """Cut off what comes before the window of the first reference."""
    start_s = max(float(recording.reference_time_s[0]) - WINDOW_S / 2, 0.0)
    signal = recording.signal[:, round(start_s * recording.rate_hz) :].astype(np.float64)
    is_ppg = np.array([name.startswith("ppg") for name in recording.channels])
    return Stretch(signal[is_ppg], signal[~is_ppg], round(recording.rate_hz), start_s)


@dataclass(frozen=True, eq=False)
class Estimates:
    """What an estimator says of a stretch.

    Attributes
    ----------
    bpm
        Shape (n_windows,); NaN where it has no estimate.
    latency_ms
        Time that single estimates took, shape (n_timed,).
    """

    bpm: NDArray[np.float64]
    latency_ms: NDArray[np.float64]


@dataclass(frozen=True)
class About:
    """What is said of an estimator beside its figures.

    Attributes
    ----------
    title
        Its name, with the version of its package.
    protocol
        In words: what it learned from, how far it looks, what was chosen here.
    signal_s
        Seconds of signal behind an estimate; before that there is none.
    model_bytes
        Of what was learned, as its files lie on disk; nothing where nothing is learned.
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
    """An estimator, and what is said of it.

    Attributes
    ----------
    about
        In words and sizes.
    follow
        Estimates the windows of a stretch, in order.
    """

    about: About
    follow: Callable[[Stretch], Estimates]


def timed(steps: Iterator[float]) -> Estimates:
    """Estimates of successive windows, each with the time that it took to come."""
    bpm, latency_ms = [], []
    while True:
        started = time.perf_counter()
        estimate = next(steps, None)
        if estimate is None:
            return Estimates(np.array(bpm), np.array(latency_ms))
        latency_ms.append(1e3 * (time.perf_counter() - started))
        bpm.append(estimate)


def pulse(ppg: Signal) -> Signal:
    """One PPG signal of all channels: their mean, each in units of its standard deviation."""
    centred = ppg - ppg.mean(axis=1, keepdims=True)
    spread = centred.std(axis=1, keepdims=True)
    return np.asarray((centred / np.where(spread > 0, spread, 1)).mean(axis=0))


def upright(wave: Signal) -> Signal:
    """A pulse wave with its peaks up.

    Sensors count up or down as blood comes in. The heart pushes faster than the blood runs off, so
    the right way up is the one with the steeper rise: the slope's skewness is positive.
    """
    slope = np.diff(wave)
    skewness = np.power(slope - slope.mean(), 3).mean()
    return wave if skewness >= 0 else -wave
