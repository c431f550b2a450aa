"""Augmented views of windows: the same view again for the same (seed, view, window).

A view is made for all windows at once. Its random numbers come from a generator seeded by the
seed and the view's number, one row per window, so a student need not have the views its teacher
labelled: it makes the same ones.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ppgkd.heart_rate import BPM_MAX, BPM_MIN

STRETCH_RANGE = (0.85, 1.18)
"""Factors by which the heart rate, and the cadence with it, is scaled."""

NOISE_SD = 0.2
"""Largest standard deviation of the noise added to a PPG channel of unit variance."""

COPY_PROBABILITY = 0.1
"""How often one PPG channel is lost and another stands in for it."""

AUGMENTATION = (STRETCH_RANGE, NOISE_SD, COPY_PROBABILITY)
"""All that makes one bank of views differ from another of the same seed."""


@dataclass(frozen=True)
class View:
    """Windows and their references after augmentation.

    Attributes
    ----------
    signal
        Shape (n_windows, n_channels, n_samples).
    hr_bpm
        Shape (n_windows,).
    """

    signal: Tensor
    hr_bpm: Tensor


def augmented_view(signal: Tensor, hr_bpm: Tensor, ppg_channels: int, seed: int, view: int) -> View:
    """Make one view of all windows.

    In this order: stretch time, with the heart rate scaled along; lose a PPG channel at times;
    add noise; scale each PPG channel back to unit variance. Polarity, the order of the channels,
    the direction of time and the accelerometer's axes are left alone: the models' front end
    (`ppgkd.models.spectrum`) does not see them.

    Parameters
    ----------
    signal
        Preprocessed windows, shape (n_windows, n_channels, n_samples), PPG channels first.
    hr_bpm
        Reference, shape (n_windows,).
    ppg_channels
        Number of PPG channels.
    seed, view
        What the view depends on, beside the windows.
    """
    generator = torch.Generator().manual_seed((seed << 20) + view)
    signal, hr_bpm = _stretch_time(signal, hr_bpm, generator)
    ppg, acc = signal[:, :ppg_channels], signal[:, ppg_channels:]
    ppg = _lose_a_channel(ppg, generator)
    level = NOISE_SD * torch.rand(*ppg.shape[:2], 1, generator=generator)
    ppg = ppg + level * torch.randn(ppg.shape, generator=generator)
    ppg = ppg / ppg.square().mean(dim=2, keepdim=True).sqrt().clamp_min(1e-6)
    return View(torch.cat([ppg, acc], dim=1), hr_bpm)


def _stretch_time(
    signal: Tensor, hr_bpm: Tensor, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Play each window faster or slower about its centre.

    Where a faster one runs out there is silence: a mirrored wave would not fit the phase of the
    one before.
    """
    low, high = (math.log(factor) for factor in STRETCH_RANGE)
    factor = torch.exp(low + (high - low) * torch.rand(len(signal), generator=generator))
    # never leave the grid of classes, nor move a rate near its end further out
    margin_bpm = 5.0
    lower = ((BPM_MIN + margin_bpm) / hr_bpm).clamp_max(1)
    upper = ((BPM_MAX - margin_bpm) / hr_bpm).clamp_min(1)
    factor = torch.minimum(torch.maximum(factor, lower), upper)

    last = signal.shape[2] - 1
    centred = torch.arange(last + 1) - last / 2
    place = last / 2 + factor[:, None] * centred
    inside = ((place >= 0) & (place <= last))[:, None]
    left = place.floor().long().clamp(0, last - 1)
    weight = (place - left)[:, None]
    left = left[:, None].expand_as(signal)
    stretched = signal.gather(2, left) * (1 - weight) + signal.gather(2, left + 1) * weight
    return stretched * inside, hr_bpm * factor


def _lose_a_channel(ppg: Tensor, generator: torch.Generator) -> Tensor:
    """Put one channel in the place of another, now and then; both are drawn at random."""
    count, channels = ppg.shape[:2]
    lost = torch.rand(count, generator=generator) < COPY_PROBABILITY
    source = torch.arange(channels).repeat(count, 1)
    pair = torch.randint(channels, (2, count), generator=generator)
    row = torch.arange(count)
    source[row[lost], pair[0, lost]] = pair[1, lost]
    return ppg.gather(1, source[:, :, None].expand_as(ppg))
