"""Windows on which no estimate is right: noise, and pulses of rates that a student has not learned.

A student is calibrated on them, since its validation subjects all wear the sensor and have a pulse.
They are made, so they need no recordings, and they are the same for all students of a sensor.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.random import Generator
from numpy.typing import NDArray

from ppgkd.datasets.activity import UNKNOWN
from ppgkd.simulation.heart import perfused_pulse
from ppgkd.windows.preprocessing import WindowSpec, preprocess, resampling_matrix
from ppgkd.windows.read import Windows

RATE_HZ = 50.0

NOISE = "noise"
PULSE = "pulse"

COLOURS = {"white": 0.0, "pink": 0.5, "brown": 1.0}
"""Name to the exponent by which the noise's amplitude decreases with frequency."""

NOISE_S = 100.0
PULSE_S = 32.0

RATES_BPM = np.geomspace(22, 240, 26)
"""Rates of the made pulses; neighbours differ by a tenth."""

MARGIN = 1.08
"""A pulse counts as not learned where its rate is beyond the learned ones by this factor."""


def made_windows(
    spec: WindowSpec, channels: tuple[str, ...], learned_bpm: tuple[float, float]
) -> Windows:
    """Make the windows of a watch that lies still, and of still wrists with unlearned rates.

    Parameters
    ----------
    spec
        Segmentation and preprocessing.
    channels
        Channels of the student.
    learned_bpm
        Lowest and highest rate that it has learned.

    Returns
    -------
    Windows
        ``dataset`` is `NOISE`, with ``hr_bpm`` NaN, or `PULSE`.
    """
    rng = np.random.default_rng(0)
    n_ppg = sum(name.startswith("ppg") for name in channels)
    matrix = resampling_matrix(spec, RATE_HZ)
    found = []

    def add(dataset: str, recording: str, bpm: float, sources: NDArray[np.float64]) -> None:
        ppg = np.resize(sources, (n_ppg, sources.shape[1]))
        acc = rng.normal(0, 0.005, (len(channels) - n_ppg, sources.shape[1]))
        index, raw = _cut(np.concatenate([ppg, acc]), spec)
        index = index.assign(dataset=dataset, subject=recording, recording=recording, hr_bpm=bpm)
        found.append((index, preprocess(raw, matrix, channels)))

    for colour, exponent in COLOURS.items():
        for n_sources in sorted({1, n_ppg}):
            add(NOISE, f"{colour} in {n_sources}", np.nan, _noise(n_sources, exponent, rng))
    lowest_bpm, highest_bpm = learned_bpm
    for bpm in RATES_BPM:
        if bpm * MARGIN < lowest_bpm or bpm > highest_bpm * MARGIN:
            add(PULSE, f"{bpm:.0f} BPM", bpm, _pulse(bpm, rng))
    index, signal = zip(*found, strict=True)
    return Windows(
        pd.concat(index, ignore_index=True), np.concatenate(signal), channels, spec.rate_hz
    )


def _noise(n_sources: int, exponent: float, rng: Generator) -> NDArray[np.float64]:
    """Noise of a colour, shape (n_sources, n_samples)."""
    n_samples = round(NOISE_S * RATE_HZ)
    spectrum = np.fft.rfft(rng.normal(size=(n_sources, n_samples)))
    order = np.maximum(np.arange(spectrum.shape[1]), 1)
    return np.asarray(np.fft.irfft(spectrum / order**exponent, n_samples))


def _pulse(bpm: float, rng: Generator) -> NDArray[np.float64]:
    """Pulse of a wrist at rest, shape (3, n_samples)."""
    time_s = np.arange(round(PULSE_S * RATE_HZ)) / RATE_HZ
    n_beats = int(bpm / 60 * (PULSE_S + 20)) + 4
    beats_s = np.cumsum(60 / bpm * (1 + 0.02 * rng.normal(size=n_beats))) - 8
    pulse = perfused_pulse(time_s, beats_s, rng)
    return np.asarray(pulse + 0.02 * rng.normal(size=pulse.shape))


def _cut(signal: NDArray[np.float64], spec: WindowSpec) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """Windows of a recording, and their numbers and times."""
    n_raw = round(spec.length_s * RATE_HZ)
    first = np.arange(0, signal.shape[1] - n_raw + 1, round(spec.stride_s * RATE_HZ))
    index = pd.DataFrame(
        {"window": np.arange(len(first)), "start_s": first / RATE_HZ, "activity": UNKNOWN}
    )
    return index, np.stack([signal[:, start : start + n_raw] for start in first])
