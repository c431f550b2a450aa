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

from ppgkd.inference.motion_frequencies import HALF_WIDTH_HZ, is_motion, power_spectrum

MULTIPLES = np.array([1, 2, 3, 1 / 2, 3 / 2, 5 / 2, 1 / 3, 2 / 3, 4 / 3, 5 / 3])
"""Of the estimate: three harmonics, beyond which the pulse at the wrist has little power, and what
lies between them. That is empty, unless the estimate is two or three times the rate."""

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
        pulse of half, or of a third of the rate, would have between them; of the latter, the power
        at frequencies of motion does not count.
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
    power, frequency_hz = power_spectrum(window, rate_hz)
    slope = power[:, is_ppg] * np.square(frequency_hz)
    motion = is_motion(window[:, ~is_ppg], power[:, ~is_ppg], frequency_hz)
    free = slope * ~motion[:, None]
    centre_hz = np.asarray(bpm, np.float64)[:, None] / 60 * MULTIPLES
    around = _power_around(np.concatenate([slope, free], axis=1), centre_hz, frequency_hz)
    n_ppg = slope.shape[1]
    pulse = around[:, n_ppg:, :3].sum(axis=2) / np.maximum(free.sum(axis=2), TINY)
    total = np.maximum(slope.sum(axis=2), TINY)[:, :, None]
    share, free_share = (
        (part / total).sum(axis=1) for part in (around[:, :n_ppg], around[:, n_ppg:])
    )
    harmonics = share[:, :3].sum(axis=1)
    return Support(
        pulse=pulse.max(axis=1),
        not_double=_part(harmonics, free_share[:, 3:6].sum(axis=1)),
        not_triple=_part(harmonics, free_share[:, 6:].sum(axis=1)),
        not_half=_part(share[:, 0], share[:, 1]),
    )


def _power_around(
    power: NDArray[np.float64], centre_hz: NDArray[np.float64], frequency_hz: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Power around each centre, shape (n_windows, n_channels, n_centres)."""
    cumulative = np.zeros((*power.shape[:-1], power.shape[-1] + 1))
    np.cumsum(power, axis=-1, out=cumulative[..., 1:])
    first = np.ceil((centre_hz - HALF_WIDTH_HZ) / frequency_hz[1])
    end = np.floor((centre_hz + HALF_WIDTH_HZ) / frequency_hz[1]) + 1
    edges = np.concatenate([first, end], axis=1).clip(0, power.shape[-1]).astype(np.int64)
    at_edges = np.take_along_axis(cumulative, edges[:, None], axis=-1)
    n_centres = centre_hz.shape[1]
    return np.asarray(at_edges[..., n_centres:] - at_edges[..., :n_centres])


def _part(part: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(part / np.maximum(part + other, TINY))
