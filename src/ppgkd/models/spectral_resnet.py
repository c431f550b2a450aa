"""One-dimensional residual networks (He et al., CVPR 2016) along the frequency axis."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ppgkd.grid import N_CLASSES
from ppgkd.models.batched import BatchedModels
from ppgkd.models.capacity import (
    BINS,
    DILATIONS,
    HARMONICS,
    KERNEL,
    POSITION_CHANNELS,
    InputShape,
    SpectralResNetShape,
)
from ppgkd.models.front_end import position_map
from ppgkd.models.grouped import group
from ppgkd.models.network import Network, SpectralNetwork
from ppgkd.models.output import POSITIONS, Output


def make_network(shape: SpectralResNetShape, inputs: InputShape) -> SpectralResNet:
    """Make a member of the family; `ppgkd.models.build` calls this."""
    network = SpectralResNet(shape, inputs)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


class SpectralResNet(SpectralNetwork):
    """Spectrum, stem, residual blocks of growing dilation, and two classes per frequency bin.

    There is no pooling and no stride, so what is learned at one heart rate applies to all others.
    A map of the position tells the network which rates are likely. The convolutions have two
    dimensions, with height one, because their channels-last kernels are faster on a CPU.

    Parameters
    ----------
    shape
        Width of the network.
    inputs
        Shape of the windows.
    """

    family = "spectral_resnet"

    def __init__(self, shape: SpectralResNetShape, inputs: InputShape) -> None:
        super().__init__(inputs)
        width = shape.width
        position = torch.from_numpy(position_map())[None, :, None]
        self.register_buffer("position", position, persistent=False)
        self.position: Tensor
        entry = inputs.spectra * len(HARMONICS) + POSITION_CHANNELS
        self.stem = nn.Sequential(*_conv_norm(entry, width, dilation=1), nn.ReLU())
        self.blocks = nn.Sequential(*(ResidualBlock(width, dilation) for dilation in DILATIONS))
        self.head = nn.Conv2d(width, N_CLASSES // BINS, 1)

    def from_seen(self, seen: Tensor) -> Output:
        """Map spectra of shape (n_windows, n_spectra, n_harmonics, 90) to logits and features."""
        logits, features = self.from_entry(self.entry(seen))
        return Output(logits[:, 0], features[:, 0])

    def batched_with(self, others: Sequence[Network]) -> BatchedModels | None:
        """Batch this network with others by grouped convolutions, if that is faster."""
        return group([self, *others], width=self.head.in_channels)

    def entry(self, seen: Tensor) -> Tensor:
        """Concatenate the spectra and the map of the position along the channels."""
        position = self.position.expand(seen.shape[0], -1, -1, -1)
        return torch.cat([seen.flatten(1, 2).unsqueeze(2), position], dim=1)

    def from_entry(self, entry: Tensor) -> Output:
        """Map the input of one network, or of several that are groups of the same layers.

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
    """Two dilated convolutions with a skip connection."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *_conv_norm(width, width, dilation), nn.ReLU(), *_conv_norm(width, width, dilation)
        )

    def forward(self, hidden: Tensor) -> Tensor:
        """Map and add; shape (n_windows, width, 1, 90) in and out."""
        return torch.relu(hidden + self.body(hidden))


def _conv_norm(entry: int, width: int, dilation: int) -> tuple[nn.Module, nn.Module]:
    padding = KERNEL // 2 * dilation
    convolution = nn.Conv2d(
        entry, width, (1, KERNEL), padding=(0, padding), dilation=(1, dilation), bias=False
    )
    return convolution, nn.BatchNorm2d(width)
