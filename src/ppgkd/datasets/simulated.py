"""A simulated wrist-PPG cohort: the study's default data, made in a second without a network.

The recordings that the study is about may not be redistributed, so what has to run out of the box
runs on simulated people. They are hard for the reason that real recordings are hard: arm swing and
footfall leak into the PPG as strongly as the pulse does, at frequencies that the pulse crosses as
it quickens and slows. They are learnable for the reason that real recordings are: the
accelerometer sees the motion too, and three PPG channels see pulse and motion in different
proportions.

From cause to effect: a random protocol of bouts (rest, hand work, walk, run, recovery) asks for an
effort, which heart rate follows with first-order kinetics between the subject's resting and
maximal rate [1]_, [2]_. Respiratory sinus arrhythmia and Mayer waves, fading as the heart speeds
up, modulate it [3]_, [4]_. An integral pulse frequency modulator turns rate into beats [5]_, and
each beat becomes a systolic and a dicrotic Gaussian [6]_ whose timing scales with the square root
of the beat's length, as in [3]_. Gait and gestures drive the accelerometer, and short FIR filters,
the model that adaptive noise cancellers assume [7]_, carry its signal into the PPG. Last come
perfusion changes, baseline wander, sensor noise and lost contact. Effort and cadence are drawn
independently, so neither the activity nor the step rate tells the heart rate.

References
----------
.. [1] H. Tanaka, K. D. Monahan, D. R. Seals, "Age-predicted maximal heart rate revisited",
   J. Am. Coll. Cardiol. 37(1), 153-156, 2001.
.. [2] J. R. Stirling, M. Zakynthinaki, I. Refoyo, J. Sampedro, "A model of heart rate kinetics in
   response to exercise", J. Nonlinear Math. Phys. 15 (suppl. 3), 426-436, 2008.
.. [3] P. E. McSharry, G. D. Clifford, L. Tarassenko, L. A. Smith, "A dynamical model for
   generating synthetic electrocardiogram signals", IEEE Trans. Biomed. Eng. 50(3), 289-294, 2003.
.. [4] Task Force of the European Society of Cardiology and the North American Society of Pacing
   and Electrophysiology, "Heart rate variability: standards of measurement, physiological
   interpretation, and clinical use", Circulation 93(5), 1043-1065, 1996.
.. [5] J. Mateo, P. Laguna, "Improved heart rate variability signal analysis from the beat
   occurrence times according to the IPFM model", IEEE Trans. Biomed. Eng. 47(8), 985-996, 2000.
.. [6] Q. Tang, Z. Chen, R. Ward, M. Elgendi, "Synthetic photoplethysmogram generation using two
   Gaussian functions", Sci. Rep. 10, 13883, 2020.
.. [7] B. Widrow et al., "Adaptive noise cancelling: principles and applications", Proc. IEEE
   63(12), 1692-1716, 1975.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d
from scipy.signal import oaconvolve

from ppgkd.datasets.reference import STRIDE_S, WINDOW_S, count_windows

RATE_HZ = 50.0
CHANNELS = ("ppg_1", "ppg_2", "ppg_3", "acc_x", "acc_y", "acc_z")
N_PPG = 3

MARGIN_S = 4.0
"""Simulated beyond both ends and cut off, so that a recording opens and ends in mid-pulse."""

# How hard the cohort is, in units of the pulse's rms. With these the spectral peak's mean error,
# and what an FIR canceller with the accelerometer leaves of it, lie between those on BAMI-1 and on
# the training set of the Signal Processing Cup.
ARTEFACT = 2.6
ARTEFACT_LIMIT = 2.1
UNSEEN_ARTEFACT = 0.4
WANDER = 2.6

Samples = NDArray[np.float64]
Range = tuple[float, float]


class Activity(IntEnum):
    """What the wearer does."""

    REST = 0
    HANDS = 1
    WALK = 2
    RUN = 3
    RECOVERY = 4


class Habit(NamedTuple):
    """Ranges from which each bout of an activity is drawn, and what may follow.

    Effort is a share of the heart-rate reserve. Activities overlap in it: there are strolls, and
    there are steep hills.
    """

    effort: Range
    followers: tuple[Activity, ...]
    step_hz: Range = (1.8, 1.8)
    gait_g: Range = (0.0, 0.0)
    gesture_g: Range = (0.0, 0.0)


BOUT_S = (30.0, 100.0)
_REST, _HANDS, _WALK, _RUN, _RECOVERY = Activity
HABITS = {
    _REST: Habit((0.0, 0.15), (_HANDS, _WALK, _RUN)),
    _HANDS: Habit((0.0, 0.45), (_REST, _WALK, _RUN), gesture_g=(0.1, 0.4)),
    _WALK: Habit((0.15, 0.75), (_RUN, _RUN, _RUN, _HANDS), (1.45, 2.15), (0.2, 0.5), (0.0, 0.05)),
    _RUN: Habit((0.45, 1.0), (_WALK, _WALK, _WALK, _RECOVERY), (2.1, 3.0), (0.6, 1.4), (0.0, 0.1)),
    _RECOVERY: Habit((0.0, 0.35), (_REST, _HANDS, _WALK, _RUN), gesture_g=(0.02, 0.2)),
}


class Bout(NamedTuple):
    """One stretch of one activity; `gait_g` and `gesture_g` are root mean squares of motion."""

    activity: Activity
    start_s: float
    stop_s: float
    effort: float
    step_hz: float
    gait_g: float
    gesture_g: float


class Heart(NamedTuple):
    """How a heart answers effort; the variabilities are amplitudes relative to the rate."""

    resting_bpm: float
    maximal_bpm: float
    rise_s: float
    fall_s: float
    sinus_arrhythmia: float
    mayer_wave: float


class Wave(NamedTuple):
    """A Gaussian component of the pulse; delay and width are those in a beat of 1 s."""

    height: float
    delay_s: float
    width_s: float


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
        Shape (n_beats,). The beats as an ECG would time them, in seconds from the first sample.
    reference_bpm
        Shape (n_windows,). 60 over the mean beat interval in each 8 s window, every 2 s.
    activity
        Shape (n_windows,). Code of the `Activity` that fills most of each window.
    """

    signal: NDArray[np.float32]
    beat_times_s: NDArray[np.float64]
    reference_bpm: NDArray[np.float32]
    activity: NDArray[np.int8]


def simulate_subject(index: int, duration_s: float, seed: int) -> SimulatedSubject:
    """Simulate one subject, who is the same whatever the size of the cohort.

    Parameters
    ----------
    index
        Number of the subject in the cohort.
    duration_s
        Length of the recording in seconds, at least that of one window.
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
    # a bout outlasts a window, so what fills most of a window is what its centre lies in
    at_centre = bout_at(start_s + WINDOW_S / 2, bouts)
    return SimulatedSubject(
        signal=np.concatenate([ppg_counts, acc_g])[:, n_margin:-n_margin].astype(np.float32),
        beat_times_s=beats_s,
        reference_bpm=reference_rate(beats_s, start_s),
        activity=np.array([bout.activity for bout in bouts], dtype=np.int8)[at_centre],
    )


def draw_protocol(start_s: float, stop_s: float, rng: Generator) -> tuple[Bout, ...]:
    """Draw bouts that fill the recording, in an order and of lengths that are the subject's own."""
    bouts: list[Bout] = []
    activity = Activity(int(rng.integers(len(Activity))))
    while start_s < stop_s:
        habit = HABITS[activity]
        end_s = start_s + rng.uniform(*BOUT_S)
        ranges = (habit.effort, habit.step_hz, habit.gait_g, habit.gesture_g)
        bouts.append(Bout(activity, start_s, end_s, *(rng.uniform(*each) for each in ranges)))
        start_s = end_s
        activity = habit.followers[rng.integers(len(habit.followers))]
    return tuple(bouts)


def draw_heart(rng: Generator) -> Heart:
    """Draw an adult's heart; the maximal rate falls with age as in [1]_."""
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
    """Heart rate in BPM, shape (n_samples,), nearing the effort of each bout exponentially."""
    reserve = np.empty_like(time_s)
    reached = initial_effort
    for bout in bouts:
        tau_s = heart.rise_s if bout.effort > reached else heart.fall_s
        gap = reached - bout.effort
        during = (time_s >= bout.start_s) & (time_s < bout.stop_s)
        reserve[during] = bout.effort + gap * np.exp((bout.start_s - time_s[during]) / tau_s)
        reached = bout.effort + gap * np.exp((bout.start_s - bout.stop_s) / tau_s)
    return heart.resting_bpm + reserve * (heart.maximal_bpm - heart.resting_bpm)


def beat_times(time_s: Samples, rate_bpm: Samples, heart: Heart, rng: Generator) -> Samples:
    """Beats in seconds, shape (n_beats,): where the integral of the modulated rate is whole.

    Breathing quickens with effort. Both modulations fade with the reserve that is left: with its
    square, a choice of ours, for the vagus withdraws mostly in the first half of an effort.
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


def draw_waves(rng: Generator) -> tuple[Wave, Wave]:
    """Draw a subject's pulse, from a stiff artery's single hump to a marked dicrotic wave."""
    return (
        Wave(1.0, rng.uniform(0.18, 0.24), rng.uniform(0.07, 0.10)),
        Wave(rng.uniform(0.1, 0.6), rng.uniform(0.42, 0.52), rng.uniform(0.08, 0.14)),
    )


def pulse_wave(time_s: Samples, beats_s: Samples, waves: Sequence[Wave]) -> Samples:
    """Blood volume, shape (n_samples,): the sum of the waves of all beats.

    Time within a beat scales with the square root of its length. At a high rate the dicrotic wave
    thus moves into the next upstroke, and the pulse nears a sinusoid.
    """
    stretch = np.sqrt(np.diff(beats_s))
    latest = np.searchsorted(beats_s, time_s, side="right") - 1
    volume = np.zeros_like(time_s)
    for neighbour in (-1, 0, 1):  # a beat's waves reach into the beats beside it
        beat = np.clip(latest + neighbour, 0, len(stretch) - 1)
        since_s = (time_s - beats_s[beat]) / stretch[beat]
        for wave in waves:
            volume += wave.height * np.exp(-0.5 * ((since_s - wave.delay_s) / wave.width_s) ** 2)
    return volume


def perfused_pulse(time_s: Samples, beats_s: Samples, rng: Generator) -> Samples:
    """Pulse at the wrist, shape (3, n_samples), rms 1, under changing perfusion."""
    transit_s = 0.15
    systolic, dicrotic = draw_waves(rng)
    pulse = np.empty((N_PPG, len(time_s)))
    for channel in pulse:  # each colour of light returns from another depth
        mixed = dicrotic._replace(height=dicrotic.height * rng.uniform(0.6, 1.4))
        channel[:] = pulse_wave(time_s - transit_s, beats_s, (systolic, mixed))
    pulse -= pulse.mean(axis=1, keepdims=True)
    pulse /= pulse.std(axis=1, keepdims=True)
    return pulse * slow_gain(time_s.shape, 0.25, 0.02, rng)


def gait_acceleration(time_s: Samples, bouts: Sequence[Bout], rng: Generator) -> Samples:
    """Acceleration of a walking or running wrist in g, shape (3, n_samples), without gravity.

    The arm swings once in two steps, so the fundamental is half the step rate: odd harmonics are
    the swing's, even ones the footfall's.
    """
    step_hz = held(time_s, bouts, "step_hz") * slow_gain(time_s.shape, 0.03, 0.02, rng)
    stride_rad = phase_rad(step_hz / 2)
    motion = np.zeros((3, len(time_s)))
    for harmonic, typical in enumerate((0.8, 1.0, 0.3, 0.4, 0.15, 0.2), start=1):
        size = typical * rng.lognormal(0, 0.5, (3, 1)) * slow_gain(motion.shape, 0.2, 0.1, rng)
        motion += size * np.sin(harmonic * stride_rad + rng.uniform(0, 2 * np.pi, (3, 1)))
    return held(time_s, bouts, "gait_g") * motion / overall_rms(motion)


def gesture_acceleration(time_s: Samples, bouts: Sequence[Bout], rng: Generator) -> Samples:
    """Acceleration of a busy hand in g, shape (3, n_samples), without gravity.

    It comes in bursts, some irregular and some rhythmic (stirring, brushing), and the rhythm
    wanders through the range of heart rates.
    """
    rhythm_hz = 1.8 * slow_gain(time_s.shape, 0.35, 0.02, rng)
    rhythmic = np.sin(phase_rad(rhythm_hz) + rng.uniform(0, 2 * np.pi, (3, 1)))
    irregular = band_noise(rhythmic.shape, 0.3, 3.0, rng)
    share = 1 / (1 + np.exp(-4 * band_noise(time_s.shape, 0, 0.03, rng)))
    bursts = np.maximum(band_noise(time_s.shape, 0, 0.1, rng) + 0.3, 0)
    motion = bursts * (share * rhythmic + (1 - share) * irregular)
    return held(time_s, bouts, "gesture_g") * motion / overall_rms(motion)


def gravity(n_samples: int, rng: Generator) -> Samples:
    """Gravity along the sensor's axes in g, shape (3, n_samples), as the wrist slowly turns."""
    posture = rng.normal(0, 1, (3, 1))
    posture = posture / np.linalg.norm(posture) + 0.3 * band_noise((3, n_samples), 0, 0.02, rng)
    return np.asarray(posture / np.linalg.norm(posture, axis=0))


def draw_coupling(rng: Generator) -> Samples:
    """Draw filters from each axis into each PPG channel, shape (3, 3, n_taps), of unit energy.

    Part of each is common to the channels. The slow decay favours low frequencies, as in BAMI-1:
    its PPG locks most often on the arm swing, at half the frequency that its accelerometer shows.
    """
    lag_s = np.arange(round(0.5 * RATE_HZ)) / RATE_HZ
    travel = rng.normal(0, 1, (1 + N_PPG, 3, 1))
    detail = rng.normal(0, 1, (1 + N_PPG, 3, len(lag_s)))
    drawn = (travel + 0.7 * detail) * np.exp(-lag_s / 0.15)
    taps = drawn[0] + 0.8 * drawn[1:]
    return np.asarray(taps / np.sqrt(np.sum(taps**2, axis=(1, 2), keepdims=True)))


def motion_artefact(motion_g: Samples, rng: Generator) -> Samples:
    """Light that motion adds, shape (3, n_samples), in units of the pulse's rms.

    Strap and tissue have a limited travel, so it grows less than the motion does, and saturates:
    on BAMI-1, four times the acceleration lowers the pulse's share of the PPG from 0.4 to 0.3 only.
    Part of it the accelerometer does not see.
    """
    through = oaconvolve(motion_g[None], draw_coupling(rng), axes=-1)[..., : motion_g.shape[1]]
    leaked: Samples = through.sum(axis=1) / (vigour(motion_g) + 0.05) ** 0.6
    leaked *= rng.lognormal(np.log(ARTEFACT), 0.4)
    leaked /= np.sqrt(1 + (leaked / ARTEFACT_LIMIT) ** 2)
    unseen = band_noise(motion_g.shape[1:], 0.5, 2.5, rng)
    unseen = unseen + 0.4 * band_noise(leaked.shape, 0.5, 2.5, rng)
    changing = slow_gain(leaked.shape, 0.4, 0.05, rng)
    return changing * leaked + UNSEEN_ARTEFACT * np.sqrt(vigour(motion_g)) * unseen


def baseline_wander(motion_g: Samples, rng: Generator) -> Samples:
    """Slow change of the light, shape (3, n_samples), in units of the pulse's rms."""
    wander = band_noise(motion_g.shape[1:], 0, 0.17, rng)
    wander = wander + 0.3 * band_noise((N_PPG, len(wander)), 0, 0.17, rng)
    louder = 0.5 + np.minimum(vigour(motion_g), 1)
    return WANDER * rng.lognormal(0, 0.4) * louder * wander


def sensor_counts(light: Samples, rng: Generator) -> Samples:
    """Light as the sensor reports it in counts, shape (3, n_samples), with noise.

    Once in 15 minutes on average the contact is lost for 1 to 3 s: the light jumps to a level
    without a pulse and returns to another baseline.
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


def overall_rms(motion: Samples) -> float:
    """Root mean square of the length of a vector, over all samples."""
    return float(np.sqrt(np.mean(np.sum(motion**2, axis=0))))


def vigour(motion_g: Samples) -> Samples:
    """Root mean square of the motion in the 4 s around each sample in g, shape (n_samples,)."""
    power = uniform_filter1d(np.sum(motion_g**2, axis=0), round(4 * RATE_HZ))
    return np.asarray(np.sqrt(np.maximum(power, 0)))  # rounding in the mean may go below zero


def bout_at(time_s: Samples, bouts: Sequence[Bout]) -> NDArray[np.intp]:
    """Index of the bout at each time, of the shape of `time_s`."""
    starts_s = np.array([bout.start_s for bout in bouts])
    return np.searchsorted(starts_s, time_s, side="right") - 1


def held(time_s: Samples, bouts: Sequence[Bout], name: str) -> Samples:
    """One property of the bouts at every sample, shape (n_samples,), eased over their changes."""
    values = np.array([getattr(bout, name) for bout in bouts])
    return np.asarray(uniform_filter1d(values[bout_at(time_s, bouts)], round(2 * RATE_HZ)))


def phase_rad(frequency_hz: Samples) -> Samples:
    """Phase of an oscillation whose frequency changes, shape (n_samples,)."""
    return 2 * np.pi * np.cumsum(frequency_hz) / RATE_HZ


def slow_gain(shape: tuple[int, ...], spread: float, corner_hz: float, rng: Generator) -> Samples:
    """Factor around 1 that wanders slowly; `spread` is its logarithm's standard deviation."""
    return np.asarray(np.exp(spread * band_noise(shape, 0, corner_hz, rng)))


def band_noise(shape: tuple[int, ...], low_hz: float, high_hz: float, rng: Generator) -> Samples:
    """Gaussian noise of mean 0 and variance 1 along the last axis, with second-order flanks."""
    frequency_hz = np.fft.rfftfreq(shape[-1], 1 / RATE_HZ)
    frequency_hz[0] = np.inf  # leaves no mean
    gain = 1 / np.sqrt((1 + (frequency_hz / high_hz) ** 4) * (1 + (low_hz / frequency_hz) ** 4))
    noise = np.fft.irfft(gain * np.fft.rfft(rng.normal(0, 1, shape)), shape[-1])
    return np.asarray(noise / noise.std(axis=-1, keepdims=True))
