"""The view cache: augmented views of the training windows, made once for all students of a seed.

The views are an artifact (``bank/seed<k>/``). Teachers compute their targets for them and students
learn from them, so a student's job never loads a teacher. Fingerprints tie the cache to the windows
it was made from and to the way it was made.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ppgkd.errors import damaged_file
from ppgkd.models.capacity import BINS, HARMONICS, InputShape, Seen
from ppgkd.models.spectrum import Spectrum
from ppgkd.runtime.artifacts import atomic_array, atomic_write, read_json, write_json
from ppgkd.views.augment import Augmentation, augmented_view
from ppgkd.views.examples import Examples, SeenExamples, digest_of, fingerprint
from ppgkd.views.motion_bank import motion_bank

SMALL_ARRAYS = {"hr_bpm": np.float32, "pulse_row": np.int32, "rate_factor": np.float32}
"""Arrays with one number for each window of each view, and their types."""


@dataclass(frozen=True)
class ViewCache:
    """Views on disk, memory-mapped; epoch e uses view e modulo their number.

    Teachers read the signal, students what their family sees: the signal, or the spectra. The front
    end that makes those has no parameters, so it runs once for all students.

    Attributes
    ----------
    signal
        Shape (n_views, n_windows, n_channels, n_samples), float16.
    spectra
        Shape (n_views, n_windows, n_spectra, n_harmonics, 90), float16.

    Either of the two is None if it was not opened.
    hr_bpm
        Shape (n_views, n_windows), float32.
    pulse_row, rate_factor
        As in `ppgkd.views.examples.View`; shape (n_views, n_windows), int32 and float32.
    windows
        Fingerprint of the windows that it was made from.
    fingerprint
        Digest of those and of how the views were made.
    """

    signal: NDArray[np.float16] | None
    spectra: NDArray[np.float16] | None
    hr_bpm: NDArray[np.float32]
    pulse_row: NDArray[np.int32]
    rate_factor: NDArray[np.float32]
    windows: str
    fingerprint: str

    @property
    def n_views(self) -> int:
        """Number of views."""
        return len(self.hr_bpm)

    @property
    def n_windows(self) -> int:
        """Windows in every view."""
        return int(self.hr_bpm.shape[1])

    def view(self, number: int) -> Examples:
        """Read the windows of one view, for a teacher."""
        return Examples(
            self._seen("signal", number), torch.from_numpy(np.array(self.hr_bpm[number]))
        )

    def of_epoch(self, epoch: int, sees: Seen) -> tuple[int, SeenExamples]:
        """Read what a student's family sees of an epoch's view."""
        number = epoch % self.n_views
        hr_bpm = torch.from_numpy(np.array(self.hr_bpm[number]))
        return number, SeenExamples(self._seen(sees, number), hr_bpm)

    def _seen(self, sees: Seen, number: int) -> Tensor:
        array = self.signal if sees == "signal" else self.spectra
        assert array is not None, f"{sees} were not opened"
        return torch.from_numpy(array[number].astype(np.float32))


def write_view_cache(
    windows: Examples,
    inputs: InputShape,
    augmentation: Augmentation,
    folder: str | Path,
    *,
    views: int,
    seed: int,
    spectra: bool = True,
) -> None:
    """Make views: ``signal.npy``, ``spectra.npy``, one of each of `SMALL_ARRAYS`, ``bank.json``.

    Parameters
    ----------
    windows
        The transfer set.
    inputs
        Shape of the windows.
    augmentation
        What may happen to a window in a view.
    folder
        Where the files go. One view at a time is held in memory.
    views
        Number of views.
    seed
        Of the views.
    spectra
        Whether to make ``spectra.npy``, which families that see the signal do not read.
    """
    folder = Path(folder)
    small: dict[str, list[NDArray[Any]]] = {name: [] for name in SMALL_ARRAYS}
    shape = (views, len(windows.signal))
    signal_shape = (*shape, *windows.signal.shape[1:])
    spectra_shape = (*shape, inputs.spectra, len(HARMONICS), BINS)
    front_end = Spectrum(inputs)
    bank = motion_bank(*windows, inputs) if augmentation.real_motion else None
    with (
        atomic_array(folder / "signal.npy", signal_shape, np.float16) as append_signal,
        atomic_array(folder / "spectra.npy", spectra_shape, np.float16)
        if spectra
        else nullcontext() as append_spectra,
    ):
        for number in range(views):
            view = augmented_view(*windows, inputs, augmentation, seed, number, bank)
            append_signal(view.signal.numpy())
            if append_spectra is not None:
                append_spectra(front_end.of_all(view.signal).numpy())
            for name in SMALL_ARRAYS:
                small[name].append(getattr(view, name).numpy())
    for name, dtype in SMALL_ARRAYS.items():
        with atomic_write(folder / f"{name}.npy") as temporary:
            np.save(temporary, np.stack(small[name]).astype(dtype))
    source = fingerprint(windows)
    about = {"windows": source, "bank": digest_of(source, inputs, augmentation, seed, views)}
    write_json(folder / "bank.json", about)


def read_view_cache(
    folder: str | Path, windows: Examples | None = None, sees: Seen | None = None
) -> ViewCache:
    """Open a view cache.

    Parameters
    ----------
    folder
        Where `write_view_cache` wrote it.
    windows
        The transfer set that it must have been made from; with None, this is not checked.
    sees
        What a family sees, which alone is opened; with None, both.

    Raises
    ------
    PpgkdError
        If it is damaged, or was made from other windows.
    """
    folder = Path(folder)
    try:
        about = read_json(folder / "bank.json")
        cache = ViewCache(
            signal=None if sees == "spectra" else np.load(folder / "signal.npy", mmap_mode="r"),
            spectra=None if sees == "signal" else np.load(folder / "spectra.npy", mmap_mode="r"),
            **{name: np.load(folder / f"{name}.npy") for name in SMALL_ARRAYS},
            windows=about["windows"],
            fingerprint=about["bank"],
        )
    except (OSError, ValueError, EOFError, KeyError, TypeError) as error:
        raise damaged_file(f"The view cache {folder} cannot be read: {error}") from error
    if windows is not None and cache.windows != fingerprint(windows):
        raise damaged_file(
            f"The view cache {folder} was made from another window table (other recordings, "
            "subjects, preprocessing or references)"
        )
    return cache
