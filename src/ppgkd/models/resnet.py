"""One-dimensional residual networks (He et al., CVPR 2016) along the frequency axis."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ppgkd.models.capacity import (
    BINS,
    DILATIONS,
    HARMONICS,
    KERNEL,
    N_CLASSES,
    POSITION_CHANNELS,
    InputShape,
    ResNetShape,
)
from ppgkd.models.output import POSITIONS, Output
from ppgkd.models.spectrum import Spectrum


class ResNet(nn.Module):
    """Spectrum, stem, residual blocks of growing dilation, and two classes per frequency bin.

    There is no pooling and no stride: what was learned at one heart rate holds at every other,
    and a map of the position lets the network know which rates are likely. Convolutions are
    written in two dimensions with height one, because their channels-last kernels are the
    faster ones on a CPU.

    Parameters
    ----------
    shape
        Width of the network.
    inputs
        Shape of the windows.
    """

    def __init__(self, shape: ResNetShape, inputs: InputShape) -> None:
        super().__init__()
        width = shape.width
        self.spectrum = Spectrum(inputs)
        self.register_buffer("position", _position_map(), persistent=False)
        self.position: Tensor
        entry = inputs.spectra * len(HARMONICS) + POSITION_CHANNELS
        self.stem = nn.Sequential(*_conv_norm(entry, width, dilation=1), nn.ReLU())
        self.blocks = nn.Sequential(*(ResidualBlock(width, dilation) for dilation in DILATIONS))
        self.head = nn.Conv2d(width, N_CLASSES // BINS, 1)

    def forward(self, window: Tensor) -> Output:
        """Map windows of shape (n_windows, n_channels, n_samples) to logits and features."""
        spectrum = self.spectrum(window).flatten(1, 2).unsqueeze(2)
        position = self.position.expand(spectrum.shape[0], -1, -1, -1)
        entry = torch.cat([spectrum, position], dim=1)
        hidden = self.blocks(self.stem(entry))
        logits = self.head(hidden).squeeze(2).transpose(1, 2).flatten(1)
        features = hidden.squeeze(2).reshape(*hidden.shape[:2], POSITIONS, -1).mean(dim=3)
        return Output(logits, features)


class ResidualBlock(nn.Module):
    """Two dilated convolutions around which the signal also passes unchanged."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *_conv_norm(width, width, dilation), nn.ReLU(), *_conv_norm(width, width, dilation)
        )

    def forward(self, hidden: Tensor) -> Tensor:
        """Map and add; shape (n_windows, width, 1, 90) in and out."""
        return torch.relu(hidden + self.body(hidden))


def _conv_norm(entry: int, width: int, dilation: int) -> tuple[nn.Module, nn.Module]:
    reach = KERNEL // 2 * dilation
    convolution = nn.Conv2d(
        entry, width, (1, KERNEL), padding=(0, reach), dilation=(1, dilation), bias=False
    )
    return convolution, nn.BatchNorm2d(width)


def _position_map() -> Tensor:
    """Linear and quadratic position along frequency, shape (1, 2, 1, 90)."""
    place = torch.linspace(-1.7, 1.7, BINS)
    return torch.stack([place, place.square() - 1])[None, :, None]
