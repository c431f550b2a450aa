"""Windows as in other distillation code: a Dataset that augments one at a time, in NumPy.

Each window is augmented as in `ppgkd.views.augment`, with the same distribution and other random
numbers. Calling `augmented_view` for one window at a time would be much slower.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.stats import ortho_group
from torch import Tensor
from torch.utils.data import Dataset

from ppgkd.heart_rate import BPM_MAX, BPM_MIN
from ppgkd.models.capacity import InputShape
from ppgkd.views.augment import MOTION_ACC_G, MOTION_HZ, MOTION_PPG_RMS, Augmentation
from ppgkd.views.examples import Examples

Signal = NDArray[np.float32]


class AugmentedWindows(Dataset[tuple[Tensor, float]]):
    """Windows with their references, with a new augmentation at every access."""

    def __init__(self, windows: Examples, inputs: InputShape, augmentation: Augmentation) -> None:
        self.signal, self.hr_bpm = windows.signal.numpy(), windows.hr_bpm.numpy()
        self.inputs, self.augmentation = inputs, augmentation

    def __len__(self) -> int:
        return len(self.signal)

    def __getitem__(self, row: int) -> tuple[Tensor, float]:
        # PyTorch seeds its generator in every worker and epoch; NumPy's would repeat its numbers
        rng = np.random.default_rng(int(torch.randint(2**62, ())))
        signal, hr_bpm = augmented(
            self.signal[row], float(self.hr_bpm[row]), self.inputs, self.augmentation, rng
        )
        return torch.from_numpy(signal), hr_bpm


def augmented(
    signal: Signal, hr_bpm: float, inputs: InputShape, augmentation: Augmentation, rng: Generator
) -> tuple[Signal, float]:
    """Augment one window, shape (n_channels, n_samples)."""
    factor = augmentation.time_stretch ** rng.uniform(-1, 1)
    # fmax and fmin ignore a withheld reference (NaN)
    factor = np.fmax(factor, np.minimum((BPM_MIN + 5) / hr_bpm, 1))
    factor = np.fmin(factor, np.maximum((BPM_MAX - 5) / hr_bpm, 1))
    position = np.linspace(-1, 1, inputs.n_samples)
    speed = -factor if rng.random() < augmentation.time_reversal else factor
    stretched = np.stack(
        [np.interp(speed * position, position, row, left=0, right=0) for row in signal]
    )

    ppg, acc = stretched[: inputs.ppg_channels], stretched[inputs.ppg_channels :]
    if rng.random() < augmentation.motion_artefact:
        rhythm_hz = rng.uniform(*MOTION_HZ)
        gain = MOTION_PPG_RMS * rng.random((inputs.ppg_channels, 1))
        ppg += gain * _wave(rhythm_hz, inputs, rng)
        direction = rng.standard_normal((inputs.acc_channels, 1))
        direction /= max(float(np.linalg.norm(direction)), 1e-12)
        acc += rng.uniform(*MOTION_ACC_G) * direction * _wave(rhythm_hz, inputs, rng)
    if inputs.ppg_channels > 1 and rng.random() < augmentation.channel_dropout:
        lost, stand_in = rng.choice(inputs.ppg_channels, 2, replace=False)
        ppg[lost] = ppg[stand_in]
    level = augmentation.noise_sd * rng.random((inputs.ppg_channels, 1))
    ppg += level * rng.standard_normal(ppg.shape)
    ppg /= np.maximum(np.sqrt(np.square(ppg).mean(axis=1, keepdims=True)), 1e-6)
    if rng.random() < augmentation.polarity:
        ppg *= -1
    if inputs.acc_channels and rng.random() < augmentation.axis_rotation:
        acc[:] = ortho_group.rvs(inputs.acc_channels, random_state=rng) @ acc
    return stretched.astype(np.float32), hr_bpm * float(factor)


def _wave(rhythm_hz: float, inputs: InputShape, rng: Generator) -> NDArray[np.float64]:
    """Rhythm with a harmonic and about unit power, whose amplitude drifts by up to a half."""
    phase, harmonic_phase, harmonic, drift = rng.random(4)
    turns = rhythm_hz * np.arange(inputs.n_samples) / inputs.rate_hz
    wave = np.cos(2 * np.pi * (turns + phase))
    if 2 * rhythm_hz < inputs.rate_hz / 2:
        wave += 0.5 * harmonic * np.cos(2 * np.pi * (2 * turns + harmonic_phase))
    amplitude = 1 + (drift - 0.5) * np.linspace(-1, 1, inputs.n_samples)
    return np.asarray(math.sqrt(2) * amplitude * wave)
