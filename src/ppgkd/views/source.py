"""Where a training gets the view of an epoch: a new one each time, or one of a cache."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from ppgkd.models.capacity import InputShape, Seen
from ppgkd.models.spectrum import Spectrum
from ppgkd.views.augment import Augmentation, augmented_view
from ppgkd.views.examples import Examples, SeenExamples, digest_of, fingerprint
from ppgkd.views.motion_bank import MotionBank, motion_bank


class ViewSource(Protocol):
    """Views to learn from: `FreshViews` or `ppgkd.views.cache.ViewCache`."""

    @property
    def n_windows(self) -> int:
        """Windows in every view."""

    @property
    def fingerprint(self) -> str:
        """Digest of the windows and of how the views are made."""

    def of_epoch(self, epoch: int, sees: Seen) -> tuple[int, SeenExamples]:
        """Number of the view that an epoch uses, and what a family sees of it."""


@dataclass(frozen=True)
class FreshViews:
    """A new view for every epoch, made when it is needed."""

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
        return digest_of(fingerprint(self.windows), self.inputs, self.augmentation, self.seed)

    @cached_property
    def bank(self) -> MotionBank | None:
        """Real motion of the windows, if views use it."""
        wanted = self.augmentation.real_motion > 0
        return motion_bank(*self.windows, self.inputs) if wanted else None

    def of_epoch(self, epoch: int, sees: Seen) -> tuple[int, SeenExamples]:
        """Make the view of an epoch."""
        view = augmented_view(
            *self.windows, self.inputs, self.augmentation, self.seed, epoch, self.bank
        )
        seen = view.signal if sees == "signal" else Spectrum(self.inputs).of_all(view.signal)
        return epoch, SeenExamples(seen, view.hr_bpm)
