"""The views that networks learn on: a bank of some, made once, or a fresh one every epoch.

A bank is an artifact: the teachers label it and the students of the same seed learn from it, so
none of them has to be loaded in a student's job. Its fingerprints tie it to the windows it was
made from and to the way it was made.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ppgkd.errors import PpgkdError
from ppgkd.models.capacity import BINS, HARMONICS, InputShape
from ppgkd.models.spectrum import Spectrum
from ppgkd.runtime.artifacts import atomic_array, atomic_write, read_json, write_json
from ppgkd.views.augment import Augmentation, View, augmented_view
from ppgkd.windows.read import Windows


class Examples(NamedTuple):
    """Windows as tensors.

    Attributes
    ----------
    signal
        Shape (n_windows, n_channels, n_samples).
    hr_bpm
        Reference, shape (n_windows,); NaN where it is withheld.
    """

    signal: Tensor
    hr_bpm: Tensor


class Spectra(NamedTuple):
    """Windows as the networks' front end sees them.

    Attributes
    ----------
    spectra
        Shape (n_windows, n_spectra, n_harmonics, 90).
    hr_bpm
        Reference, shape (n_windows,); NaN where it is withheld.
    """

    spectra: Tensor
    hr_bpm: Tensor


def examples(windows: Windows) -> Examples:
    """Make tensors of windows."""
    hr_bpm = windows.index["hr_bpm"].to_numpy(np.float32, copy=True)
    return Examples(torch.from_numpy(windows.signal), torch.from_numpy(hr_bpm))


class Views(Protocol):
    """Where the windows of an epoch come from."""

    @property
    def n_windows(self) -> int:
        """Windows in every view."""

    @property
    def fingerprint(self) -> str:
        """Digest of the windows and of how the views are made."""

    def of_epoch(self, epoch: int) -> tuple[int, Spectra]:
        """Number of the view that an epoch sees, and its spectra."""


@dataclass(frozen=True)
class FreshViews:
    """Every epoch its own view, made when it is asked for."""

    windows: Examples
    inputs: InputShape
    augmentation: Augmentation
    seed: int

    @property
    def n_windows(self) -> int:
        """Windows in every view."""
        return len(self.windows.signal)

    @property
    def fingerprint(self) -> str:
        """Digest of the windows and of how the views are made."""
        return _digest(fingerprint(self.windows), self.inputs, self.augmentation, self.seed)

    def of_epoch(self, epoch: int) -> tuple[int, Spectra]:
        """Make the view of an epoch."""
        made = augmented_view(*self.windows, self.inputs, self.augmentation, self.seed, epoch)
        return epoch, Spectra(Spectrum(self.inputs).of_all(made.signal), made.hr_bpm)


@dataclass(frozen=True)
class Bank:
    """Views on disk, memory-mapped; epoch e sees view e modulo their number.

    Teachers answer to the signal, students learn from the spectra: their front end has nothing to
    learn, so it runs once for all of them.

    Attributes
    ----------
    signal
        Shape (n_views, n_windows, n_channels, n_samples), float16.
    spectra
        Shape (n_views, n_windows, n_spectra, n_harmonics, 90), float16.
    hr_bpm
        Shape (n_views, n_windows), float32.
    windows
        Fingerprint of the windows that it was made from.
    fingerprint
        Digest of those and of how the views were made.
    """

    signal: NDArray[np.float16]
    spectra: NDArray[np.float16]
    hr_bpm: NDArray[np.float32]
    windows: str
    fingerprint: str

    @property
    def n_views(self) -> int:
        """Number of views."""
        return len(self.signal)

    @property
    def n_windows(self) -> int:
        """Windows in every view."""
        return int(self.signal.shape[1])

    def view(self, number: int) -> View:
        """Read one view as a teacher sees it."""
        signal = torch.from_numpy(self.signal[number].astype(np.float32))
        return View(signal, torch.from_numpy(np.array(self.hr_bpm[number])))

    def of_epoch(self, epoch: int) -> tuple[int, Spectra]:
        """Read the view of an epoch as a student sees it."""
        number = epoch % self.n_views
        spectra = torch.from_numpy(self.spectra[number].astype(np.float32))
        return number, Spectra(spectra, torch.from_numpy(np.array(self.hr_bpm[number])))


def fingerprint(windows: Examples) -> str:
    """Digest of windows and their references."""
    digest = hashlib.sha256(str(tuple(windows.signal.shape)).encode())
    digest.update(np.ascontiguousarray(windows.signal.numpy()).tobytes())
    digest.update(windows.hr_bpm.numpy().tobytes())
    return digest.hexdigest()


def write_bank(
    windows: Examples,
    inputs: InputShape,
    augmentation: Augmentation,
    folder: str | Path,
    *,
    views: int,
    seed: int,
) -> None:
    """Make a bank: ``signal.npy``, ``spectra.npy``, ``hr_bpm.npy`` and ``bank.json``.

    Parameters
    ----------
    windows
        The transfer set.
    inputs
        What the models see.
    augmentation
        What may happen to a window in a view.
    folder
        Where the files go. One view at a time is held in memory.
    views
        How many.
    seed
        Of the views.
    """
    folder = Path(folder)
    references = []
    shape = (views, len(windows.signal))
    signal_shape = (*shape, *windows.signal.shape[1:])
    spectra_shape = (*shape, inputs.spectra, len(HARMONICS), BINS)
    front_end = Spectrum(inputs)
    with (
        atomic_array(folder / "signal.npy", signal_shape, np.float16) as append_signal,
        atomic_array(folder / "spectra.npy", spectra_shape, np.float16) as append_spectra,
    ):
        for number in range(views):
            view = augmented_view(*windows, inputs, augmentation, seed, number)
            append_signal(view.signal.numpy())
            append_spectra(front_end.of_all(view.signal).numpy())
            references.append(view.hr_bpm.numpy())
    with atomic_write(folder / "hr_bpm.npy") as temporary:
        np.save(temporary, np.stack(references).astype(np.float32))
    source = fingerprint(windows)
    about = {"windows": source, "bank": _digest(source, inputs, augmentation, seed, views)}
    write_json(folder / "bank.json", about)


def read_bank(folder: str | Path, windows: Examples | None = None) -> Bank:
    """Open a bank.

    Parameters
    ----------
    folder
        Where `write_bank` put it.
    windows
        The transfer set that it must have been made from; None: any.

    Raises
    ------
    PpgkdError
        If it is damaged, or was made from other windows.
    """
    folder = Path(folder)
    try:
        about = read_json(folder / "bank.json")
        bank = Bank(
            signal=np.load(folder / "signal.npy", mmap_mode="r"),
            spectra=np.load(folder / "spectra.npy", mmap_mode="r"),
            hr_bpm=np.load(folder / "hr_bpm.npy"),
            windows=about["windows"],
            fingerprint=about["bank"],
        )
    except (OSError, ValueError, EOFError, KeyError, TypeError) as error:
        raise PpgkdError(
            f"The bank of views in {folder} cannot be read: {error}. Delete the folder and run "
            "the workflow again."
        ) from error
    if windows is not None and bank.windows != fingerprint(windows):
        raise PpgkdError(
            f"The bank of views in {folder} was made from another window table (other recordings, "
            "subjects, preprocessing or references). Delete the folder and run the workflow again."
        )
    return bank


def _digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()
