"""Motion of the wrist, and the artefacts that it causes in the PPG."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator
from scipy.ndimage import uniform_filter1d
from scipy.signal import oaconvolve

from ppgkd.simulation.protocol import Bout, smoothed_property
from ppgkd.simulation.signals import N_PPG, RATE_HZ, Samples, band_noise, phase_rad, slow_gain

# Difficulty of the cohort, in units of the pulse's RMS. With these values the mean error of the
# spectral peak, before and after an FIR noise canceller with the accelerometer, is between those on
# BAMI-1 and on the training set of the Signal Processing Cup.
ARTEFACT = 2.6
ARTEFACT_LIMIT = 2.1
UNSEEN_ARTEFACT = 0.4
WANDER = 2.6


def gait_acceleration(time_s: Samples, bouts: Sequence[Bout], rng: Generator) -> Samples:
    """Acceleration of a walking or running wrist in g, shape (3, n_samples), without gravity.

    The arm swings once in two steps, so the fundamental is half of the step rate. Odd harmonics
    come from the arm swing, even ones from the footfall.
    """
    step_hz = smoothed_property(time_s, bouts, "step_hz") * slow_gain(time_s.shape, 0.03, 0.02, rng)
    stride_rad = phase_rad(step_hz / 2)
    motion = np.zeros((3, len(time_s)))
    for harmonic, typical in enumerate((0.8, 1.0, 0.3, 0.4, 0.15, 0.2), start=1):
        size = typical * rng.lognormal(0, 0.5, (3, 1)) * slow_gain(motion.shape, 0.2, 0.1, rng)
        motion += size * np.sin(harmonic * stride_rad + rng.uniform(0, 2 * np.pi, (3, 1)))
    return smoothed_property(time_s, bouts, "gait_g") * motion / vector_rms(motion)


def gesture_acceleration(time_s: Samples, bouts: Sequence[Bout], rng: Generator) -> Samples:
    """Acceleration of a working hand in g, shape (3, n_samples), without gravity.

    It has irregular and rhythmic bursts (stirring, brushing). The rhythm varies over the range of
    heart rates.
    """
    rhythm_hz = 1.8 * slow_gain(time_s.shape, 0.35, 0.02, rng)
    rhythmic = np.sin(phase_rad(rhythm_hz) + rng.uniform(0, 2 * np.pi, (3, 1)))
    irregular = band_noise(rhythmic.shape, 0.3, 3.0, rng)
    rhythmic_fraction = 1 / (1 + np.exp(-4 * band_noise(time_s.shape, 0, 0.03, rng)))
    bursts = np.maximum(band_noise(time_s.shape, 0, 0.1, rng) + 0.3, 0)
    motion = bursts * (rhythmic_fraction * rhythmic + (1 - rhythmic_fraction) * irregular)
    return smoothed_property(time_s, bouts, "gesture_g") * motion / vector_rms(motion)


def gravity(n_samples: int, rng: Generator) -> Samples:
    """Gravity along the sensor's axes in g, shape (3, n_samples), as the wrist slowly turns."""
    posture = rng.normal(0, 1, (3, 1))
    posture = posture / np.linalg.norm(posture) + 0.3 * band_noise((3, n_samples), 0, 0.02, rng)
    return np.asarray(posture / np.linalg.norm(posture, axis=0))


def draw_coupling(rng: Generator) -> Samples:
    """Draw filters from each axis into each PPG channel, shape (3, 3, n_taps), of unit energy.

    The channels have a part in common. The slow decay favours low frequencies, as in BAMI-1, where
    the strongest artefact is most often the arm swing, at half of the accelerometer's frequency.
    """
    lag_s = np.arange(round(0.5 * RATE_HZ)) / RATE_HZ
    travel = rng.normal(0, 1, (1 + N_PPG, 3, 1))
    detail = rng.normal(0, 1, (1 + N_PPG, 3, len(lag_s)))
    drawn = (travel + 0.7 * detail) * np.exp(-lag_s / 0.15)
    taps = drawn[0] + 0.8 * drawn[1:]
    return np.asarray(taps / np.sqrt(np.sum(taps**2, axis=(1, 2), keepdims=True)))


def motion_artefact(motion_g: Samples, rng: Generator) -> Samples:
    """Artefact in the light, shape (3, n_samples), in units of the pulse's RMS.

    Strap and tissue move by a limited distance, so the artefact grows less than the motion and
    saturates: on BAMI-1, four times the acceleration lowers the pulse's fraction of the PPG from
    0.4 to 0.3 only. The accelerometer does not measure part of it.
    """
    through = oaconvolve(motion_g[None], draw_coupling(rng), axes=-1)[..., : motion_g.shape[1]]
    artefact: Samples = through.sum(axis=1) / (motion_rms(motion_g) + 0.05) ** 0.6
    artefact *= rng.lognormal(np.log(ARTEFACT), 0.4)
    artefact /= np.sqrt(1 + (artefact / ARTEFACT_LIMIT) ** 2)
    unseen = band_noise(motion_g.shape[1:], 0.5, 2.5, rng)
    unseen = unseen + 0.4 * band_noise(artefact.shape, 0.5, 2.5, rng)
    changing = slow_gain(artefact.shape, 0.4, 0.05, rng)
    return changing * artefact + UNSEEN_ARTEFACT * np.sqrt(motion_rms(motion_g)) * unseen


def baseline_wander(motion_g: Samples, rng: Generator) -> Samples:
    """Slow change of the light, shape (3, n_samples), in units of the pulse's RMS."""
    wander = band_noise(motion_g.shape[1:], 0, 0.17, rng)
    wander = wander + 0.3 * band_noise((N_PPG, len(wander)), 0, 0.17, rng)
    amplitude = 0.5 + np.minimum(motion_rms(motion_g), 1)
    return WANDER * rng.lognormal(0, 0.4) * amplitude * wander


def vector_rms(motion: Samples) -> float:
    """Root mean square of the vector's length over all samples."""
    return float(np.sqrt(np.mean(np.sum(motion**2, axis=0))))


def motion_rms(motion_g: Samples) -> Samples:
    """Root mean square of the motion in the 4 s around each sample in g, shape (n_samples,)."""
    power = uniform_filter1d(np.sum(motion_g**2, axis=0), round(4 * RATE_HZ))
    return np.asarray(np.sqrt(np.maximum(power, 0)))  # rounding may make the mean negative
