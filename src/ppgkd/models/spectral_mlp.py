"""Perceptrons on the spectrum of each sensor."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ppgkd.grid import N_CLASSES
from ppgkd.models.capacity import BINS, HARMONICS, InputShape, SpectralMLPShape
from ppgkd.models.network import SpectralNetwork
from ppgkd.models.output import Output
from ppgkd.models.perceptron import hidden_layers


def make_network(shape: SpectralMLPShape, inputs: InputShape) -> SpectralMLP:
    """Make a member of the family; `ppgkd.models.build` calls this."""
    return SpectralMLP(shape, inputs)


class SpectralMLP(SpectralNetwork):
    """One spectrum per sensor, two hidden layers, 180 classes.

    The spectra of the PPG channels are averaged, because most parameters are in the first layer: a
    network of a thousand parameters could not read them all.

    Parameters
    ----------
    shape
        Width of the hidden layers.
    inputs
        Shape of the windows.
    """

    family = "spectral_mlp"

    def __init__(self, shape: SpectralMLPShape, inputs: InputShape) -> None:
        super().__init__(inputs)
        width = shape.width
        self.ppg_channels = inputs.ppg_channels
        entry = inputs.sensors * len(HARMONICS) * BINS
        self.hidden = hidden_layers(entry, width)
        self.head = nn.Linear(width, N_CLASSES)

    def from_seen(self, seen: Tensor) -> Output:
        """Map spectra of shape (n_windows, n_spectra, n_harmonics, 90) to logits and features."""
        ppg = seen[:, : self.ppg_channels].mean(dim=1, keepdim=True)
        acc = seen[:, self.ppg_channels :]
        hidden = self.hidden(torch.cat([ppg, acc], dim=1).flatten(1))
        return Output(self.head(hidden), hidden.unsqueeze(2))
