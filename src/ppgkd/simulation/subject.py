"""Simulation of one subject: protocol, heart, motion, and the sensors' output."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ppgkd.grid import STRIDE_S, WINDOW_S, count_windows
from ppgkd.simulation.heart import (
    beat_times,
    draw_heart,
    heart_rate_trajectory,
    perfused_pulse,
    reference_rate,
)
from ppgkd.simulation.motion import (
    baseline_wander,
    gait_acceleration,
    gesture_acceleration,
    gravity,
    motion_artefact,
)
from ppgkd.simulation.protocol import bout_at, draw_protocol
from ppgkd.simulation.signals import N_PPG, RATE_HZ, Samples

CHANNELS = ("ppg_1", "ppg_2", "ppg_3", "acc_x", "acc_y", "acc_z")


MARGIN_S = 4.0
"""Extra time at both ends, which is removed, so that a recording starts and ends within a pulse."""


@dataclass(frozen=True)
class Cohort:
    """Parameters of a simulated cohort."""

    n_subjects: int = 24
    duration_s: float = 360.0
    seed: int = 0


@dataclass(frozen=True, eq=False)  # arrays have no truth value, so a generated == could only raise
class SimulatedSubject:
    """One simulated recording.

    Attributes
    ----------
    signal
        Shape (6, n_samples), rows as in `CHANNELS`: PPG in counts, acceleration in g.
    beat_times_s
        Shape (n_beats,). Times of the R waves in seconds from the first sample.
    reference_bpm
        Shape (n_windows,). 60 over the mean beat interval in each 8 s window, every 2 s.
    activity
        Shape (n_windows,). Code of the longest `Activity` in each window.
    """

    signal: NDArray[np.float32]
    beat_times_s: NDArray[np.float64]
    reference_bpm: NDArray[np.float32]
    activity: NDArray[np.int8]


def simulate_subject(index: int, duration_s: float, seed: int) -> SimulatedSubject:
    """Simulate one subject. The result does not depend on the size of the cohort.

    Parameters
    ----------
    index
        Index of the subject in the cohort.
    duration_s
        Duration of the recording in seconds, at least that of one window.
    seed
        Seed of the cohort.
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, index]))
    n_margin, n_samples = round(MARGIN_S * RATE_HZ), round(duration_s * RATE_HZ)
    time_s = np.arange(-n_margin, n_samples + n_margin) / RATE_HZ
    bouts = draw_protocol(-MARGIN_S, duration_s + MARGIN_S, rng)
    heart = draw_heart(rng)

    rate_bpm = heart_rate_trajectory(time_s, bouts, heart, initial_effort=rng.uniform(0, 0.5))
    beats_s = beat_times(time_s, rate_bpm, heart, rng)
    motion_g = gait_acceleration(time_s, bouts, rng) + gesture_acceleration(time_s, bouts, rng)
    acc_g = gravity(len(time_s), rng) + motion_g + rng.normal(0, 0.008, motion_g.shape)
    light = perfused_pulse(time_s, beats_s, rng) + motion_artefact(motion_g, rng)
    ppg_counts = sensor_counts(light + baseline_wander(motion_g, rng), rng)

    beats_s = beats_s[(beats_s >= 0) & (beats_s < duration_s)]
    start_s = STRIDE_S * np.arange(count_windows(n_samples, round(RATE_HZ)), dtype=np.float64)
    # a bout is longer than a window, so the longest activity of a window is that at its centre
    at_centre = bout_at(start_s + WINDOW_S / 2, bouts)
    return SimulatedSubject(
        signal=np.concatenate([ppg_counts, acc_g])[:, n_margin:-n_margin].astype(np.float32),
        beat_times_s=beats_s,
        reference_bpm=reference_rate(beats_s, start_s),
        activity=np.array([bout.activity for bout in bouts], dtype=np.int8)[at_centre],
    )


def sensor_counts(light: Samples, rng: Generator) -> Samples:
    """Output of the sensor in counts, shape (3, n_samples), with noise.

    Once in 15 minutes on average the contact is lost for 1 to 3 s: the light jumps to a level
    without a pulse, and returns to another baseline.
    """
    n_samples = light.shape[1]
    level = rng.uniform(30_000, 50_000, (N_PPG, 1))
    pulse_counts = level * rng.uniform(0.002, 0.01, (N_PPG, 1))
    noise = rng.uniform(0.2, 1.0, (N_PPG, 1)) * rng.normal(0, 1, light.shape)
    counts = level + pulse_counts * light
    for start in rng.integers(n_samples, size=rng.poisson(n_samples / (900 * RATE_HZ))):
        stop = start + round(rng.uniform(1, 3) * RATE_HZ)
        counts[:, stop:] += level * rng.normal(0, 0.02, (N_PPG, 1))
        counts[:, start:stop] = level * rng.uniform(0.4, 0.8)
    return counts + pulse_counts * noise
