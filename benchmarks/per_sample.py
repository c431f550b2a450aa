"""Windows as other distillation code feeds them: a Dataset that augments one at a time, in NumPy.

Each window undergoes what `ppgkd.views.augment` does to all of them at once, with the same
distribution and other random numbers. `augmented_view` of one window at a time would be far slower.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from ppgkd.heart_rate import BPM_MAX, BPM_MIN
from ppgkd.models.capacity import InputShape
from ppgkd.views.augment import MOTION_ACC_G, MOTION_HZ, MOTION_PPG_RMS, Augmentation
from ppgkd.views.cache import Examples

Signal = NDArray[np.float32]


class AugmentedWindows(Dataset[tuple[Tensor, float]]):
    """Windows with their references, augmented anew whenever one is asked for."""

    def __init__(self, windows: Examples, inputs: InputShape, augmentation: Augmentation) -> None:
        self.signal, self.hr_bpm = windows.signal.numpy(), windows.hr_bpm.numpy()
        self.inputs, self.augmentation = inputs, augmentation

    def __len__(self) -> int:
        return len(self.signal)

    def __getitem__(self, row: int) -> tuple[Tensor, float]:
        # PyTorch seeds its own generator in every worker and epoch, NumPy's would repeat itself
        dice = np.random.default_rng(int(torch.randint(2**62, ())))
        signal, hr_bpm = augmented(
            self.signal[row], float(self.hr_bpm[row]), self.inputs, self.augmentation, dice
        )
        return torch.from_numpy(signal), hr_bpm


def augmented(
    signal: Signal, hr_bpm: float, inputs: InputShape, augmentation: Augmentation, dice: Generator
) -> tuple[Signal, float]:
    """Augment one window, shape (n_channels, n_samples)."""
    factor = augmentation.time_stretch ** dice.uniform(-1, 1)
    # a withheld reference (NaN) limits nothing: fmax and fmin pass over it
    factor = np.fmax(factor, np.minimum((BPM_MIN + 5) / hr_bpm, 1))
    factor = np.fmin(factor, np.maximum((BPM_MAX - 5) / hr_bpm, 1))
    place = np.linspace(-1, 1, inputs.n_samples)
    speed = -factor if dice.random() < augmentation.time_reversal else factor
    played = np.stack([np.interp(speed * place, place, row, left=0, right=0) for row in signal])

    ppg, acc = played[: inputs.ppg_channels], played[inputs.ppg_channels :]
    if dice.random() < augmentation.motion_artefact:
        rhythm_hz = dice.uniform(*MOTION_HZ)
        gain = MOTION_PPG_RMS * dice.random((inputs.ppg_channels, 1))
        ppg += gain * _wave(rhythm_hz, inputs, dice)
        direction = dice.standard_normal((inputs.acc_channels, 1))
        direction /= max(float(np.linalg.norm(direction)), 1e-12)
        acc += dice.uniform(*MOTION_ACC_G) * direction * _wave(rhythm_hz, inputs, dice)
    if inputs.ppg_channels > 1 and dice.random() < augmentation.channel_dropout:
        lost, stand_in = dice.choice(inputs.ppg_channels, 2, replace=False)
        ppg[lost] = ppg[stand_in]
    level = augmentation.noise_sd * dice.random((inputs.ppg_channels, 1))
    ppg += level * dice.standard_normal(ppg.shape)
    ppg /= np.maximum(np.sqrt(np.square(ppg).mean(axis=1, keepdims=True)), 1e-6)
    if dice.random() < augmentation.polarity:
        ppg *= -1
    if dice.random() < augmentation.axis_permutation:
        signs = dice.choice([-1.0, 1.0], (inputs.acc_channels, 1))
        acc[:] = signs * acc[dice.permutation(inputs.acc_channels)]
    return played.astype(np.float32), hr_bpm * float(factor)


def _wave(rhythm_hz: float, inputs: InputShape, dice: Generator) -> NDArray[np.float64]:
    """Rhythm with a harmonic, of about unit power, that swells or ebbs by up to a half."""
    phase, harmonic_phase, harmonic, drift = dice.random(4)
    turns = rhythm_hz * np.arange(inputs.n_samples) / inputs.rate_hz
    wave = np.cos(2 * np.pi * (turns + phase))
    if 2 * rhythm_hz < inputs.rate_hz / 2:
        wave += 0.5 * harmonic * np.cos(2 * np.pi * (2 * turns + harmonic_phase))
    swell = 1 + (drift - 0.5) * np.linspace(-1, 1, inputs.n_samples)
    return np.asarray(math.sqrt(2) * swell * wave)
