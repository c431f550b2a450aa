"""Constants of the front end of all models: frequencies, times, floor. No PyTorch.

The arithmetic is single precision, as in PyTorch: trained weights depend on the last digit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ppgkd.grid import BPM_MIN, N_CLASSES
from ppgkd.models.capacity import BINS, HARMONICS, PPG_FLOOR, InputShape

BIN_BPM = N_CLASSES // BINS

LOG_SCALE, LOG_SHIFT = 0.5, 1.5
"""Half the log power, shifted so that typical values lie around zero."""


def power_floors(inputs: InputShape) -> NDArray[np.float32]:
    """Floor of each spectrum, shape (n_spectra, 1): the PPG channels, then the accelerometer."""
    floors = [PPG_FLOOR] * inputs.ppg_channels + [inputs.acc_floor] * (inputs.acc_channels > 0)
    return np.array(floors, np.float32)[:, None]


def log_shifts(inputs: InputShape) -> NDArray[np.float32]:
    """What is added to half the log power of each spectrum, shape (n_spectra, 1).

    A channel without power has the same value whatever its floor.
    """
    above = np.log(np.float32(PPG_FLOOR) / power_floors(inputs))
    return np.asarray(LOG_SHIFT + LOG_SCALE * above, dtype=np.float32)


def omega_rad_per_s() -> NDArray[np.float32]:
    """Angular frequency of each bin and then of each bin's harmonic, shape (180,)."""
    centre_bpm = np.float32(BPM_MIN + (BIN_BPM - 1) / 2) + BIN_BPM * np.arange(
        BINS, dtype=np.float32
    )
    frequency_hz = np.concatenate([harmonic * centre_bpm / 60 for harmonic in HARMONICS])
    return np.float32(2 * np.pi) * frequency_hz


def sample_times_s(inputs: InputShape) -> NDArray[np.float32]:
    """Time of each sample from the window's centre, shape (n_samples,)."""
    sample = np.arange(inputs.n_samples) - (inputs.n_samples - 1) / 2
    return (sample / inputs.rate_hz).astype(np.float32)


def power_of_amplitude(inputs: InputShape) -> float:
    """Factor by which a sine of unit amplitude at a bin's frequency has power one."""
    return (2 / inputs.n_samples) ** 2


def position_map() -> NDArray[np.float32]:
    """Linear and quadratic position along frequency, shape (2, 90)."""
    end = np.float32(1.7)
    step = np.float64(2 * end / np.float32(BINS - 1))
    lower = (step * np.arange(BINS // 2) - end).astype(np.float32)
    position = np.concatenate([lower, -lower[::-1]])
    return np.stack([position, position * position - 1])
