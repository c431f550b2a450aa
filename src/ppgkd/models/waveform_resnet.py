"""One-dimensional residual networks (He et al., CVPR 2016) along time, which see the waveform."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from ppgkd.grid import N_CLASSES
from ppgkd.models.batched import BatchedModels
from ppgkd.models.capacity import (
    KERNEL,
    STEM_KERNEL,
    InputShape,
    WaveformResNetShape,
)
from ppgkd.models.grouped import group
from ppgkd.models.network import Network, WaveformNetwork
from ppgkd.models.output import Output


def make_network(shape: WaveformResNetShape, inputs: InputShape) -> WaveformResNet:
    """Make a member of the family; `ppgkd.models.build` calls this."""
    network = WaveformResNet(shape, inputs)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


class WaveformResNet(WaveformNetwork):
    """Stem, residual blocks that each halve the positions, mean over time, 180 classes.

    The convolutions have two dimensions, with height one, because their channels-last kernels are
    faster on a CPU.

    Parameters
    ----------
    shape
        Width of the network.
    inputs
        Shape of the windows.
    """

    family = "waveform_resnet"

    def __init__(self, shape: WaveformResNetShape, inputs: InputShape) -> None:
        super().__init__()
        widths = shape.widths
        self.stem = nn.Sequential(*_halving(inputs.channels, widths[0], STEM_KERNEL), nn.ReLU())
        self.blocks = nn.Sequential(*(HalvingBlock(*pair) for pair in pairwise(widths)))
        self.head = nn.Conv2d(shape.width, N_CLASSES, 1)

    def from_seen(self, seen: Tensor) -> Output:
        """Map windows of shape (n_windows, n_channels, n_samples) to logits and features."""
        logits, features = self.from_entry(self.entry(seen))
        return Output(logits[:, 0], features[:, 0])

    def batched_with(self, others: Sequence[Network]) -> BatchedModels | None:
        """Batch this network with others by grouped convolutions, if that is faster."""
        return group([self, *others], width=self.head.in_channels)

    def entry(self, seen: Tensor) -> Tensor:
        """Give the windows a height of one."""
        return seen.unsqueeze(2)

    def from_entry(self, entry: Tensor) -> Output:
        """Map the input of one network, or of several that are groups of the same layers.

        Returns
        -------
        Output
            Logits of shape (n_windows, n_networks, 180), features (n_windows, n_networks,
            n_features, 1): the mean over time, which is what the classes are read from.
        """
        pooled = self.blocks(self.stem(entry)).mean(dim=3, keepdim=True)
        networks = (self.head.groups, -1)
        logits = self.head(pooled).flatten(1).unflatten(1, networks)
        return Output(logits, pooled.squeeze(2).unflatten(1, networks))


class HalvingBlock(nn.Module):
    """Two convolutions, the first of stride two, beside a skip connection of stride two."""

    def __init__(self, entry: int, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *_halving(entry, width, KERNEL),
            nn.ReLU(),
            nn.Conv2d(width, width, (1, KERNEL), padding=(0, KERNEL // 2), bias=False),
            nn.BatchNorm2d(width),
        )
        self.skip = nn.Sequential(*_halving(entry, width, 1))

    def forward(self, hidden: Tensor) -> Tensor:
        """Map and add; shape (n_windows, entry, 1, n) in, (n_windows, width, 1, n / 2) out."""
        return torch.relu(self.skip(hidden) + self.body(hidden))


def _halving(entry: int, width: int, kernel: int) -> tuple[nn.Module, nn.Module]:
    convolution = nn.Conv2d(
        entry, width, (1, kernel), stride=(1, 2), padding=(0, kernel // 2), bias=False
    )
    return convolution, nn.BatchNorm2d(width)
