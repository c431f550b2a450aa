"""Heart rate in response to effort, the beats, and the pulse at the wrist."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ppgkd.grid import WINDOW_S
from ppgkd.simulation.signals import N_PPG, RATE_HZ, Samples, phase_rad, slow_gain

if TYPE_CHECKING:
    from ppgkd.simulation.protocol import Bout


class Heart(NamedTuple):
    """Response of a heart to effort; the last two are modulation depths relative to the rate."""

    resting_bpm: float
    maximal_bpm: float
    rise_s: float
    fall_s: float
    sinus_arrhythmia: float
    mayer_wave: float


class PulseComponent(NamedTuple):
    """Gaussian component of the pulse; delay and width are for a beat interval of 1 s."""

    height: float
    delay_s: float
    width_s: float


def draw_heart(rng: Generator) -> Heart:
    """Draw the parameters of an adult's heart; the maximal rate decreases with age as in [1]_."""
    age_years = rng.uniform(20, 60)
    return Heart(
        resting_bpm=float(np.clip(rng.normal(58, 8), 45, 80)),
        maximal_bpm=float(np.clip(rng.normal(208 - 0.7 * age_years, 10), 155, 200)),
        rise_s=rng.uniform(15, 40),
        fall_s=rng.uniform(25, 60),
        sinus_arrhythmia=rng.uniform(0.02, 0.08),
        mayer_wave=rng.uniform(0.015, 0.045),
    )


def heart_rate_trajectory(
    time_s: Samples, bouts: Sequence[Bout], heart: Heart, initial_effort: float
) -> Samples:
    """Heart rate in BPM, shape (n_samples,): exponential approach to the effort of each bout."""
    reserve = np.empty_like(time_s)
    effort = initial_effort
    for bout in bouts:
        tau_s = heart.rise_s if bout.effort > effort else heart.fall_s
        gap = effort - bout.effort
        during = (time_s >= bout.start_s) & (time_s < bout.stop_s)
        reserve[during] = bout.effort + gap * np.exp((bout.start_s - time_s[during]) / tau_s)
        effort = bout.effort + gap * np.exp((bout.start_s - bout.stop_s) / tau_s)
    return heart.resting_bpm + reserve * (heart.maximal_bpm - heart.resting_bpm)


def beat_times(time_s: Samples, rate_bpm: Samples, heart: Heart, rng: Generator) -> Samples:
    """Times of the beats in seconds, shape (n_beats,): where the integrated rate is a whole number.

    The breathing rate increases with effort. Both modulations decrease with the square of the
    remaining reserve, a choice of ours: vagal withdrawal is mostly in the first half of an effort.
    """
    reserve = (rate_bpm - heart.resting_bpm) / (heart.maximal_bpm - heart.resting_bpm)
    breath_hz = (0.25 + 0.4 * reserve) * slow_gain(time_s.shape, 0.1, 0.02, rng)
    mayer_hz = 0.1 * slow_gain(time_s.shape, 0.1, 0.02, rng)
    modulation = heart.sinus_arrhythmia * np.sin(phase_rad(breath_hz))
    modulation += heart.mayer_wave * np.sin(phase_rad(mayer_hz))
    modulated_bpm = rate_bpm * (1 + (1 - reserve) ** 2 * modulation)
    beats = rng.uniform() + np.cumsum(modulated_bpm) / (60 * RATE_HZ)
    return np.interp(np.arange(1, np.floor(beats[-1]) + 1), beats, time_s)


def reference_rate(beats_s: Samples, start_s: Samples) -> NDArray[np.float32]:
    """60 over the mean interval between the beats in each window, in BPM, shape (n_windows,)."""
    first = np.searchsorted(beats_s, start_s)
    last = np.searchsorted(beats_s, start_s + WINDOW_S) - 1
    return np.asarray(60 * (last - first) / (beats_s[last] - beats_s[first]), dtype=np.float32)


def draw_pulse_components(rng: Generator) -> tuple[PulseComponent, PulseComponent]:
    """Draw the shape of a subject's pulse, with a weak (stiff artery) to a strong dicrotic wave."""
    return (
        PulseComponent(1.0, rng.uniform(0.18, 0.24), rng.uniform(0.07, 0.10)),
        PulseComponent(rng.uniform(0.1, 0.6), rng.uniform(0.42, 0.52), rng.uniform(0.08, 0.14)),
    )


def pulse_wave(time_s: Samples, beats_s: Samples, components: Sequence[PulseComponent]) -> Samples:
    """Blood volume, shape (n_samples,): the sum of the components of all beats.

    Time within a beat scales with the square root of the beat interval. At a high rate the
    dicrotic wave therefore moves into the next upstroke, and the pulse approaches a sinusoid.
    """
    stretch = np.sqrt(np.diff(beats_s))
    latest = np.searchsorted(beats_s, time_s, side="right") - 1
    volume = np.zeros_like(time_s)
    for neighbour in (-1, 0, 1):  # components extend into the neighbouring beats
        beat = np.clip(latest + neighbour, 0, len(stretch) - 1)
        since_s = (time_s - beats_s[beat]) / stretch[beat]
        for part in components:
            volume += part.height * np.exp(-0.5 * ((since_s - part.delay_s) / part.width_s) ** 2)
    return volume


def perfused_pulse(time_s: Samples, beats_s: Samples, rng: Generator) -> Samples:
    """Pulse at the wrist, shape (3, n_samples), rms 1, under changing perfusion."""
    transit_s = 0.15
    systolic, dicrotic = draw_pulse_components(rng)
    pulse = np.empty((N_PPG, len(time_s)))
    for channel in pulse:  # each wavelength penetrates to another depth
        mixed = dicrotic._replace(height=dicrotic.height * rng.uniform(0.6, 1.4))
        channel[:] = pulse_wave(time_s - transit_s, beats_s, (systolic, mixed))
    pulse -= pulse.mean(axis=1, keepdims=True)
    pulse /= pulse.std(axis=1, keepdims=True)
    return pulse * slow_gain(time_s.shape, 0.25, 0.02, rng)
