"""Windows and their references as tensors, which networks learn from and are evaluated on."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ppgkd.windows.read import Windows


class Examples(NamedTuple):
    """Windows with their references.

    Attributes
    ----------
    signal
        Shape (n_windows, n_channels, n_samples).
    hr_bpm
        Reference, shape (n_windows,); NaN in unlabelled windows.
    """

    signal: Tensor
    hr_bpm: Tensor


class View(NamedTuple):
    """Augmented windows, and what happened to the pulse of each.

    Attributes
    ----------
    signal, hr_bpm
        As in `Examples`, after the augmentation.
    pulse_row
        Row of the window whose pulse it is, shape (n_windows,), int64: another one's where real
        motion was mixed.
    rate_factor
        Heart rate in the view, relative to that of the window whose pulse it is; shape
        (n_windows,). It is known of unlabelled windows, too.
    """

    signal: Tensor
    hr_bpm: Tensor
    pulse_row: Tensor
    rate_factor: Tensor


class SeenExamples(NamedTuple):
    """What a family of networks sees of windows, with the references.

    Attributes
    ----------
    seen
        Spectra of shape (n_windows, n_spectra, n_harmonics, 90), or the windows themselves, shape
        (n_windows, n_channels, n_samples).
    hr_bpm
        Reference, shape (n_windows,); NaN in unlabelled windows.
    """

    seen: Tensor
    hr_bpm: Tensor


def examples(windows: Windows) -> Examples:
    """Convert windows of a table to tensors."""
    hr_bpm = windows.index["hr_bpm"].to_numpy(np.float32, copy=True)
    return Examples(torch.from_numpy(windows.signal), torch.from_numpy(hr_bpm))


def dataset_numbers(windows: Windows) -> Tensor:
    """Number the dataset of each window, shape (n_windows,)."""
    return torch.from_numpy(windows.index["dataset"].factorize()[0])


def fingerprint(windows: Examples) -> str:
    """SHA-256 of windows and their references."""
    digest = hashlib.sha256(str(tuple(windows.signal.shape)).encode())
    digest.update(np.ascontiguousarray(windows.signal.numpy()).tobytes())
    digest.update(windows.hr_bpm.numpy().tobytes())
    return digest.hexdigest()


def digest_of(*parts: object) -> str:
    """SHA-256 of what some objects print as, such as how views are made."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()
