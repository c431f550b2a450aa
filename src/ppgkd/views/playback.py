"""Playing windows back faster or slower: the heart rate and the cadence change with the speed."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from ppgkd.grid import BPM_MAX, BPM_MIN

MARGIN_BPM = 5.0
"""Least distance of a changed heart rate from the ends of the classes."""


def play_back(signal: Tensor, speed: Tensor) -> Tensor:
    """Play windows back about their centre; a negative speed reverses them.

    What lies outside a window that is played back faster is zeros: a mirrored wave would not
    continue the phase.

    Parameters
    ----------
    signal
        Shape (n_windows, n_channels, n_samples).
    speed
        Of each window, shape (n_windows,).
    """
    n_windows, _, n_samples = signal.shape
    # a window is an image one pixel high, whose ends are at -1 and 1
    grid = torch.zeros(n_windows, 1, n_samples, 2)
    grid[:, 0, :, 0] = speed[:, None] * torch.linspace(-1, 1, n_samples)
    return functional.grid_sample(signal[:, :, None], grid, align_corners=True)[:, :, 0]


def factors_within_classes(factor: Tensor, hr_bpm: Tensor) -> Tensor:
    """Limit factors so that no heart rate leaves the classes, or moves closer to their ends.

    Parameters
    ----------
    factor, hr_bpm
        Factors and the heart rates that they change, shape (n_windows,); NaN without a reference.
    """
    # fmax and fmin ignore the NaN limits of an unlabelled window
    lower = ((BPM_MIN + MARGIN_BPM) / hr_bpm).clamp_max(1)
    upper = ((BPM_MAX - MARGIN_BPM) / hr_bpm).clamp_min(1)
    return torch.fmin(torch.fmax(factor, lower), upper)
