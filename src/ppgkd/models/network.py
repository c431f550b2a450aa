"""The base class of all families: a front end without parameters, and a network behind it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

from torch import Tensor, nn

from ppgkd.models.capacity import InputShape
from ppgkd.models.output import Output
from ppgkd.models.spectrum import Spectrum

if TYPE_CHECKING:
    from ppgkd.models.batched import BatchedModels


class Network(nn.Module, ABC):
    """Maps windows to their spectra, and those to logits and features.

    Training passes spectra, which are computed once; all other callers pass windows.

    Parameters
    ----------
    inputs
        Shape of the windows.
    """

    family: str
    """Name of the family, as in `ppgkd.models.capacity.SHAPES`."""

    def __init__(self, inputs: InputShape) -> None:
        super().__init__()
        self.spectrum = Spectrum(inputs)

    def forward(self, window: Tensor) -> Output:
        """Map windows of shape (n_windows, n_channels, n_samples) to logits and features."""
        return self.from_spectra(self.spectrum(window))

    @abstractmethod
    def from_spectra(self, spectra: Tensor) -> Output:
        """Map spectra of shape (n_windows, n_spectra, n_harmonics, 90) to logits and features."""

    def batched_with(self, others: Sequence[Network]) -> BatchedModels | None:
        """Batch this network with others of its shape, if the family does so faster than a loop."""
        return None
