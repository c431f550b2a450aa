"""Perceptrons on the spectrum of each sensor."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ppgkd.models.capacity import BINS, HARMONICS, N_CLASSES, InputShape, MLPShape
from ppgkd.models.output import Output
from ppgkd.models.spectrum import Spectrum


class MLP(nn.Module):
    """One spectrum per sensor, two hidden layers, 180 classes.

    The PPG channels' spectra are averaged because the first layer holds most of the parameters:
    a network of a thousand could not read them all.

    Parameters
    ----------
    shape
        Width of the hidden layers.
    inputs
        Shape of the windows.
    """

    def __init__(self, shape: MLPShape, inputs: InputShape) -> None:
        super().__init__()
        width = shape.width
        self.ppg_channels = inputs.ppg_channels
        self.spectrum = Spectrum(inputs)
        entry = inputs.sensors * len(HARMONICS) * BINS
        self.hidden = nn.Sequential(
            nn.Linear(entry, width, bias=False),
            nn.BatchNorm1d(width),
            nn.ReLU(),
            nn.Linear(width, width, bias=False),
            nn.BatchNorm1d(width),
            nn.ReLU(),
        )
        self.head = nn.Linear(width, N_CLASSES)

    def forward(self, window: Tensor) -> Output:
        """Map windows of shape (n_windows, n_channels, n_samples) to logits and features."""
        spectrum = self.spectrum(window)
        ppg = spectrum[:, : self.ppg_channels].mean(dim=1, keepdim=True)
        acc = spectrum[:, self.ppg_channels :]
        hidden = self.hidden(torch.cat([ppg, acc], dim=1).flatten(1))
        return Output(self.head(hidden), hidden.unsqueeze(2))
