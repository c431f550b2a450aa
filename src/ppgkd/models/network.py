"""Base classes of all families: what a network sees of a window, and the network behind it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from torch import Tensor, nn

from ppgkd.models.capacity import InputShape, Seen
from ppgkd.models.output import Output
from ppgkd.models.spectrum import Spectrum

if TYPE_CHECKING:
    from ppgkd.models.batched import BatchedModels


class Network(nn.Module, ABC):
    """Maps windows to what the family sees of them, and that to logits and features.

    Training passes what is seen, which is computed once; all other callers pass windows. A family
    is a subclass of `SpectralNetwork` or of `WaveformNetwork`.
    """

    family: str
    """Name of the family, as in `ppgkd.models.capacity.SHAPES`."""

    sees: ClassVar[Seen]
    """What it sees, as in its shape."""

    def forward(self, window: Tensor) -> Output:
        """Map windows of shape (n_windows, n_channels, n_samples) to logits and features."""
        return self.from_seen(self.see(window))

    @abstractmethod
    def see(self, window: Tensor) -> Tensor:
        """Map windows to what the network sees of them; this has no parameters."""

    @abstractmethod
    def see_all(self, windows: Tensor) -> Tensor:
        """Map many windows to what the network sees of them."""

    @abstractmethod
    def from_seen(self, seen: Tensor) -> Output:
        """Map what is seen to logits and features."""

    def batched_with(self, others: Sequence[Network]) -> BatchedModels | None:
        """Batch this network with others of its shape, if the family does so faster than a loop."""
        return None


class SpectralNetwork(Network):
    """Sees spectra, shape (n_windows, n_spectra, n_harmonics, 90).

    Parameters
    ----------
    inputs
        Shape of the windows.
    """

    sees = "spectra"

    def __init__(self, inputs: InputShape) -> None:
        super().__init__()
        self.spectrum = Spectrum(inputs)

    def see(self, window: Tensor) -> Tensor:
        """Transform windows."""
        spectra: Tensor = self.spectrum(window)
        return spectra

    def see_all(self, windows: Tensor) -> Tensor:
        """Transform many windows, a chunk at a time."""
        return self.spectrum.of_all(windows)


class WaveformNetwork(Network):
    """Sees the windows themselves, shape (n_windows, n_channels, n_samples)."""

    sees = "signal"

    def see(self, window: Tensor) -> Tensor:
        """Give the windows."""
        return window

    def see_all(self, windows: Tensor) -> Tensor:
        """Give the windows."""
        return windows
