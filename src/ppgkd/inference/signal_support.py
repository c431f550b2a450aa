"""How well a window's signal supports an estimate: NumPy only, about 0.1 ms for one window.

A pulse repeats: the power of the PPG's slope lies at the heart rate and its harmonics. Noise and
lost samples spread it over all frequencies. An estimate of twice the rate leaves power between its
harmonics, one of half the rate has no power of its own, and one of the steps' rate has it where the
acceleration has power, too.

The slope, not the signal: it flattens noise that is stronger at low frequencies, such as a slow
drift, whose few strong frequencies would look like a pulse.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MULTIPLES = np.array([1, 2, 3, 1 / 2, 3 / 2, 5 / 2, 1 / 3, 2 / 3, 4 / 3, 5 / 3])
"""Of the estimate: three harmonics, beyond which the pulse at the wrist has little power, and what
lies between them. That is empty, unless the estimate is two or three times the rate."""

HALF_WIDTH_HZ = 0.125
"""Half width of a harmonic's band: the resolution of a window of 8 s."""

N_TO_EACH_SIDE = 2
"""Frequencies to each side of a centre within `HALF_WIDTH_HZ`: see `_power`."""

HIGHEST_HZ = 8.0

MOVING_G = 0.03
"""Root mean square from which the acceleration's frequencies are left out; rest is below."""

MOTION_SHARE = 0.05
"""A frequency is one of motion above this share of the highest power of the acceleration, or of its
slope. The slope shows the higher harmonics of steps: weak in the acceleration, strong in a PPG."""

HALF_SHARE = 0.3
"""So is half of a frequency with more than this share of the acceleration's highest power. A wrist
on a handlebar feels both legs, and a swinging arm both feet, at twice their own rate."""

TINY = float(np.finfo(np.float64).tiny)


class Support(NamedTuple):
    """How well each window supports its estimate; each of shape (n_windows,), from 0 to 1.

    Attributes
    ----------
    pulse
        Share of the slope's power at the estimate and its harmonics, among the frequencies that the
        motion leaves free; of the best PPG channel.
    not_double, not_triple
        Power at the estimate's harmonics, as a share of that and the power at the harmonics that a
        pulse of half, or of a third of the rate, would have between them.
    not_half
        The slope's power at the estimate, as a share of that and the power at twice the estimate.
    """

    pulse: NDArray[np.float64]
    not_double: NDArray[np.float64]
    not_triple: NDArray[np.float64]
    not_half: NDArray[np.float64]


def signal_support(
    window: NDArray[np.floating],
    channels: tuple[str, ...],
    rate_hz: float,
    bpm: NDArray[np.floating],
) -> Support:
    """Measure how well windows support estimates.

    Parameters
    ----------
    window
        Preprocessed windows, shape (n_windows, n_channels, n_samples).
    channels
        Names of the channels; those of the accelerometer start with ``acc``.
    rate_hz
        Sampling rate of the windows.
    bpm
        An estimate for each window, shape (n_windows,).
    """
    is_ppg = np.array([name.startswith("ppg") for name in channels])
    power, frequency_hz = _power(window, rate_hz)
    slope_of_power = np.square(frequency_hz)
    slope = power[:, is_ppg] * slope_of_power
    motion = power[:, ~is_ppg].sum(axis=1)
    moves = _root_mean_square(window[:, ~is_ppg]) >= MOVING_G
    free = slope * ~(moves[:, None] & _is_motion(motion, slope_of_power))[:, None]
    centre_hz = np.asarray(bpm, np.float64)[:, None] / 60 * MULTIPLES
    found = _shares(np.concatenate([slope, free], axis=1), centre_hz, frequency_hz)
    share = found[:, : slope.shape[1]].sum(axis=1)
    pulse = found[:, slope.shape[1] :, :3].sum(axis=2)
    harmonics = share[:, :3].sum(axis=1)
    return Support(
        pulse=pulse.max(axis=1),
        not_double=_part(harmonics, share[:, 3:6].sum(axis=1)),
        not_triple=_part(harmonics, share[:, 6:].sum(axis=1)),
        not_half=_part(share[:, 0], share[:, 1]),
    )


def _power(
    window: NDArray[np.floating], rate_hz: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Power up to `HIGHEST_HZ`, shape (n_windows, n_channels, n_frequencies), and the frequencies.

    Twice as many frequencies as the window resolves, so that a band's edges matter less.
    """
    n_fft = 2 * window.shape[2]
    n_kept = min(int(HIGHEST_HZ * n_fft / rate_hz) + 1, n_fft // 2 + 1)
    spectrum = np.fft.rfft(window, n_fft, axis=2)[..., :n_kept]
    power = np.square(spectrum.real, dtype=np.float64) + np.square(spectrum.imag, dtype=np.float64)
    return power, np.arange(n_kept) * (rate_hz / n_fft)


def _shares(
    power: NDArray[np.float64], centre_hz: NDArray[np.float64], frequency_hz: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Share of the power around each centre, shape (n_windows, n_channels, n_centres)."""
    cumulative = np.zeros((*power.shape[:-1], power.shape[-1] + 1))
    np.cumsum(power, axis=-1, out=cumulative[..., 1:])
    first = np.ceil((centre_hz - HALF_WIDTH_HZ) / frequency_hz[1])
    end = np.floor((centre_hz + HALF_WIDTH_HZ) / frequency_hz[1]) + 1
    edges = np.concatenate([first, end], axis=1).clip(0, power.shape[-1]).astype(np.int64)
    at_edges = np.take_along_axis(cumulative, edges[:, None], axis=-1)
    n_centres = centre_hz.shape[1]
    inside = at_edges[..., n_centres:] - at_edges[..., :n_centres]
    return np.asarray(inside / np.maximum(cumulative[..., -1:], TINY))


def _is_motion(
    motion: NDArray[np.float64], slope_of_power: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Frequencies of motion by the acceleration's power, both of shape (n_windows, n_frequencies).

    Those of half a strong one's rate are widened by `HALF_WIDTH_HZ`.
    """
    slope = motion * slope_of_power
    highest = motion.max(axis=1, keepdims=True)
    found = (motion > MOTION_SHARE * highest) | (
        slope > MOTION_SHARE * slope.max(axis=1, keepdims=True)
    )
    half = motion[:, ::2] > HALF_SHARE * highest
    found[:, : half.shape[1]] |= half
    for shift in range(1, N_TO_EACH_SIDE + 1):
        found[:, shift : half.shape[1] + shift] |= half
        found[:, : half.shape[1] - shift] |= half[:, shift:]
    return np.asarray(found)


def _root_mean_square(acc: NDArray[np.floating]) -> NDArray[np.float64]:
    """Of the axes together, shape (n_windows,)."""
    return np.asarray(np.sqrt(np.einsum("wcs,wcs->w", acc, acc, dtype=np.float64) / acc.shape[2]))


def _part(part: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(part / np.maximum(part + other, TINY))
