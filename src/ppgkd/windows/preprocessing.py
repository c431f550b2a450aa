"""Preprocessing of one raw window: band-limiting, resampling and normalisation.

The window is expanded into cosines by the DCT-II, whose even extension has no jump at the window's
ends. The cosines between ``low_hz`` and ``high_hz`` are kept and evaluated at the models' sampling
rate. Detrending, band-limiting and resampling are therefore one matrix per sensor rate. Then each
PPG channel is divided by its standard deviation in the window. There is no filter state and no
statistic of the recording: a device needs one raw window and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ppgkd.errors import PpgkdError

PREPROCESSING_VERSION = 1
"""To be raised with every change that alters the preprocessed window of a raw window."""

TRANSITION_HZ = 0.2
"""Width of the raised-cosine flanks of the pass band; a sharp edge would ring."""

LARGEST_SAMPLE = 1e15
"""Samples of a larger magnitude count as missing; their square would overflow float32."""

AMPLITUDE_FLOOR = 1e-6
"""A PPG channel whose SD is below this fraction of its level has nothing but rounding noise."""


@dataclass(frozen=True)
class WindowSpec:
    """Segmentation and preprocessing of recordings.

    Attributes
    ----------
    length_s, stride_s
        Length of a window, and time from the start of one to that of the next.
    rate_hz
        Sampling rate of the preprocessed window.
    low_hz, high_hz
        Pass band.
    """

    length_s: float
    stride_s: float
    rate_hz: float
    low_hz: float
    high_hz: float

    @property
    def n_samples(self) -> int:
        """Samples of a preprocessed window."""
        return round(self.length_s * self.rate_hz)


class Cosines(NamedTuple):
    """Factors of the resampling matrix.

    Attributes
    ----------
    order
        Orders of the cosines that are kept, shape (n_kept,).
    gain
        Gain of each, shape (n_kept,).
    raw_phase, phase
        Angle of the first order at each raw sample, and at each sample of the preprocessed
        window.
    """

    order: NDArray[np.int64]
    gain: NDArray[np.float64]
    raw_phase: NDArray[np.float64]
    phase: NDArray[np.float64]


def kept_cosines(spec: WindowSpec, raw_rate_hz: float) -> Cosines:
    """Compute the cosines in the pass band, and their gains, for one sensor rate."""
    n_raw = round(spec.length_s * raw_rate_hz)
    top_hz = min(spec.high_hz, raw_rate_hz / 2, spec.rate_hz / 2)
    order = np.arange(1, min(n_raw, spec.n_samples))
    gain = _pass_band(order / (2 * spec.length_s), spec.low_hz, top_hz)
    raw_phase = np.pi * (np.arange(n_raw) + 0.5) / n_raw
    phase = np.pi * (np.arange(spec.n_samples) + 0.5) / spec.n_samples
    kept = gain > 0
    return Cosines(order[kept], gain[kept] * 2 / n_raw, raw_phase, phase)


def resampling_matrix(spec: WindowSpec, raw_rate_hz: float) -> NDArray[np.float64]:
    """Make the matrix that band-limits one raw window and resamples it to the models' rate.

    Parameters
    ----------
    spec
        Window length, target rate and pass band.
    raw_rate_hz
        Sampling rate of the sensor.

    Returns
    -------
    ndarray of shape (spec.n_samples, n_raw_samples)
        To be applied as ``matrix @ raw_window``.
    """
    order, gain, raw_phase, phase = kept_cosines(spec, raw_rate_hz)
    analysis = np.cos(np.outer(order, raw_phase))
    synthesis = np.cos(np.outer(phase, order))
    return np.asarray(synthesis @ (gain[:, None] * analysis))


def preprocess(
    raw: NDArray[np.floating], matrix: NDArray[np.float64], channels: tuple[str, ...]
) -> NDArray[np.float32]:
    """Band-limit, resample and normalise raw windows.

    Each PPG channel is divided by its standard deviation in the window, because sensor counts are
    not comparable across devices. Acceleration stays in g, because the intensity of motion tells a
    model how strong an artefact to expect in the PPG.

    Parameters
    ----------
    raw
        Raw windows, shape (n_windows, n_channels, n_raw_samples); PPG in any unit, acceleration
        in g.
    matrix
        From `resampling_matrix`.
    channels
        Names of the channels; those of the accelerometer start with ``acc``.

    Returns
    -------
    ndarray of shape (n_windows, n_channels, n_samples)
        A flat channel becomes zeros.

    Raises
    ------
    PpgkdError
        If ``raw`` has another shape, or contains NaN or samples beyond `LARGEST_SAMPLE`.
    """
    expected = (len(channels), matrix.shape[1])
    if raw.ndim != 3 or raw.shape[1:] != expected:
        raise PpgkdError(
            f"raw has the shape {raw.shape}; expected (n_windows, {expected[0]}, {expected[1]}) "
            f"for {', '.join(channels)}."
        )
    if not (np.abs(raw) <= LARGEST_SAMPLE).all():
        raise PpgkdError(
            f"raw contains NaN or samples beyond {LARGEST_SAMPLE:g}. Leave such windows out."
        )
    filtered = raw.astype(np.float64) @ matrix.T
    is_ppg = np.array([name.startswith("ppg") for name in channels])
    level = np.abs(raw[:, is_ppg]).max(axis=2)
    filtered[:, is_ppg] = scale_ppg(filtered[:, is_ppg], level)
    return np.asarray(filtered, dtype=np.float32)


def scale_ppg(filtered: NDArray[np.floating], level: NDArray[np.floating]) -> NDArray[np.floating]:
    """Divide PPG by its standard deviation, in place.

    Parameters
    ----------
    filtered
        Band-limited PPG, shape (..., n_samples). Its mean is zero, so its standard deviation is its
        root mean square.
    level
        Largest magnitude of each raw window, shape (...).
    """
    sd = np.sqrt(np.einsum("...s,...s->...", filtered, filtered) / filtered.shape[-1])
    floor = np.maximum(AMPLITUDE_FLOOR * level, np.finfo(np.float32).tiny)
    filtered /= np.maximum(sd, floor)[..., None]
    return filtered


def _pass_band(
    frequency_hz: NDArray[np.float64], low_hz: float, high_hz: float
) -> NDArray[np.float64]:
    rise = np.clip((frequency_hz - low_hz) / TRANSITION_HZ + 0.5, 0, 1)
    fall = np.clip((high_hz - frequency_hz) / TRANSITION_HZ + 0.5, 0, 1)
    return np.asarray(np.sin(np.pi / 2 * rise) ** 2 * np.sin(np.pi / 2 * fall) ** 2)
