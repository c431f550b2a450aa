"""One-dimensional residual networks (He et al., CVPR 2016) along the frequency axis."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ppgkd.grid import N_CLASSES
from ppgkd.models.capacity import (
    BINS,
    DILATIONS,
    HARMONICS,
    KERNEL,
    POSITION_CHANNELS,
    InputShape,
    ResNetShape,
)
from ppgkd.models.network import Network
from ppgkd.models.output import POSITIONS, Output


class ResNet(Network):
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
        super().__init__(inputs)
        width = shape.width
        self.register_buffer("position", _position_map(), persistent=False)
        self.position: Tensor
        entry = inputs.spectra * len(HARMONICS) + POSITION_CHANNELS
        self.stem = nn.Sequential(*_conv_norm(entry, width, dilation=1), nn.ReLU())
        self.blocks = nn.Sequential(*(ResidualBlock(width, dilation) for dilation in DILATIONS))
        self.head = nn.Conv2d(width, N_CLASSES // BINS, 1)

    def from_spectra(self, spectra: Tensor) -> Output:
        """Map spectra of shape (n_windows, n_spectra, n_harmonics, 90) to logits and features."""
        logits, features = self.from_entry(self.entry(spectra))
        return Output(logits[:, 0], features[:, 0])

    def entry(self, spectra: Tensor) -> Tensor:
        """Lay the spectra and the map of the position on top of each other."""
        position = self.position.expand(spectra.shape[0], -1, -1, -1)
        return torch.cat([spectra.flatten(1, 2).unsqueeze(2), position], dim=1)

    def from_entry(self, entry: Tensor) -> Output:
        """Map the entries of one network, or of several that share its layers as groups.

        Returns
        -------
        Output
            Logits of shape (n_windows, n_networks, 180), features (n_windows, n_networks,
            n_features, n_positions).
        """
        hidden = self.blocks(self.stem(entry))
        networks = (self.head.groups, -1)
        logits = self.head(hidden).squeeze(2).unflatten(1, networks)
        features = hidden.squeeze(2).unflatten(1, networks).unflatten(3, (POSITIONS, -1))
        return Output(logits.transpose(2, 3).flatten(2), features.mean(dim=4))


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
