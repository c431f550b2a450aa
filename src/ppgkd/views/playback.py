"""Playing windows back faster or slower: the heart rate and the cadence change with the speed."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from ppgkd.grid import BPM_MAX, BPM_MIN, N_CLASSES

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


def scale_distribution(probabilities: Tensor, factor: Tensor) -> tuple[Tensor, Tensor]:
    """Distribution of a heart rate times a factor.

    What is done to a window is done to what a teacher says of it. The probability of a class is
    spread evenly over its 1 BPM, so the mass that lands in every class follows from the cumulative
    distribution, which is then linear between the edges of the classes.

    Parameters
    ----------
    probabilities
        Shape (n_windows, 180).
    factor
        Of each window, above zero, shape (n_windows,).

    Returns
    -------
    scaled
        Probabilities of the classes, which sum to one, shape (n_windows, 180); zero where nothing
        is left within the classes.
    kept
        Share of the mass that stays within the classes, shape (n_windows,).
    """
    below = torch.nn.functional.pad(probabilities.double().cumsum(dim=1), (1, 0))
    edges_bpm = BPM_MIN - 0.5 + torch.arange(N_CLASSES + 1, dtype=torch.float64)
    position = (edges_bpm / factor.double()[:, None] - edges_bpm[0]).clamp(0, N_CLASSES)
    left = position.long().clamp_max(N_CLASSES - 1)
    cumulative = torch.lerp(below.gather(1, left), below.gather(1, left + 1), position - left)
    mass = cumulative.diff(dim=1)
    kept = mass.sum(dim=1)
    scaled = mass / kept.clamp_min(torch.finfo(torch.float64).tiny)[:, None]
    return scaled.to(probabilities.dtype), kept.to(probabilities.dtype)


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
