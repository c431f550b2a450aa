"""Heart rate as a distribution over 180 classes of 1 BPM, 30 to 209 BPM.

Soft targets are distributions over classes, and the spread of a distribution is the uncertainty
that the user of a watch gets. Arora et al. (arXiv 2511.18829) use the same classes.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ppgkd.grid import BPM_MAX, BPM_MIN, DECODE_HALF_WIDTH_BPM, N_CLASSES


def bpm_grid() -> Tensor:
    """Centres of the classes in BPM, shape (180,)."""
    return torch.arange(BPM_MIN, BPM_MAX + 1, dtype=torch.float32)


def class_of(hr_bpm: Tensor) -> Tensor:
    """Index of the nearest class; a rate outside the range gets the first or last class."""
    return (hr_bpm.round().long() - BPM_MIN).clamp(0, N_CLASSES - 1)


def soft_labels(hr_bpm: Tensor, sd_bpm: float | Tensor) -> Tensor:
    """Labels as Gaussian distributions over the classes.

    Parameters
    ----------
    hr_bpm
        Reference, shape (n_windows,); NaN where there is none.
    sd_bpm
        Standard deviation of the Gaussian; one for all, or of shape (n_windows, 1).

    Returns
    -------
    Tensor of shape (n_windows, 180)
        Probabilities. A row sums to one, or is zero where there is no reference.
    """
    distance_sd = (bpm_grid().to(hr_bpm.device) - hr_bpm[:, None]) / sd_bpm
    return torch.softmax(-0.5 * distance_sd.square(), dim=1).nan_to_num()


def decode(probabilities: Tensor) -> tuple[Tensor, Tensor]:
    """Estimate the heart rate and its spread from a distribution.

    The estimate is the expectation over the classes within `DECODE_HALF_WIDTH_BPM` of the mode. It
    is finer than a class and independent of a second mode. The spread is the root mean square
    distance of the whole distribution from the estimate, so a second mode increases it.

    Parameters
    ----------
    probabilities
        Shape (n_windows, 180).

    Returns
    -------
    bpm, sd_bpm
        Each of shape (n_windows,).
    """
    grid = bpm_grid().to(probabilities)
    mode = grid[probabilities.argmax(dim=1)]
    near = (grid - mode[:, None]).abs() <= DECODE_HALF_WIDTH_BPM
    weight = probabilities * near
    bpm = (weight * grid).sum(dim=1) / weight.sum(dim=1)
    sd_bpm = (probabilities * (grid - bpm[:, None]).square()).sum(dim=1).sqrt()
    return bpm, sd_bpm
