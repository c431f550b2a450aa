"""One-dimensional residual networks (He et al., CVPR 2016) along time, which see the waveform."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from ppgkd.models.along_time import NetworkAlongTime
from ppgkd.models.capacity import KERNEL, STEM_KERNEL, InputShape, WaveformResNetShape


def make_network(shape: WaveformResNetShape, inputs: InputShape) -> WaveformResNet:
    """Make a member of the family; `ppgkd.models.build` calls this."""
    return WaveformResNet(shape, inputs)


class WaveformResNet(NetworkAlongTime):
    """Stem and residual blocks, each of which halves the positions.

    Parameters
    ----------
    shape
        Width of the network.
    inputs
        Shape of the windows.
    """

    family = "waveform_resnet"

    def __init__(self, shape: WaveformResNetShape, inputs: InputShape) -> None:
        widths = shape.widths
        stem = nn.Sequential(*_halving(inputs.channels, widths[0], STEM_KERNEL), nn.ReLU())
        super().__init__(stem, [HalvingBlock(*pair) for pair in pairwise(widths)], shape.width)


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
