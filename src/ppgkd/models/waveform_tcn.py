"""Temporal convolutional networks, depthwise separable and dilated, which see the waveform.

Burrello et al. (IEEE Access 2022) put dilated ones of 5,000 parameters on a microcontroller;
depthwise-separable convolutions are those of Howard et al. (MobileNets, arXiv 1704.04861).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ppgkd.models.along_time import NetworkAlongTime
from ppgkd.models.capacity import (
    STEM_KERNEL,
    TCN_DILATIONS,
    TCN_KERNEL,
    TCN_STRIDE,
    InputShape,
    WaveformTCNShape,
)


def make_network(shape: WaveformTCNShape, inputs: InputShape) -> WaveformTCN:
    """Make a member of the family; `ppgkd.models.build` calls this."""
    return WaveformTCN(shape, inputs)


class WaveformTCN(NetworkAlongTime):
    """Stem with a stride, and dilated residual blocks.

    Parameters
    ----------
    shape
        Width of the network.
    inputs
        Shape of the windows.
    """

    family = "waveform_tcn"

    def __init__(self, shape: WaveformTCNShape, inputs: InputShape) -> None:
        width = shape.width
        stem = nn.Sequential(
            nn.Conv2d(
                inputs.channels,
                width,
                (1, STEM_KERNEL),
                stride=(1, TCN_STRIDE),
                padding=(0, STEM_KERNEL // 2),
                bias=False,
            ),
            nn.BatchNorm2d(width),
            nn.ReLU(),
        )
        super().__init__(stem, [SeparableBlock(width, d) for d in TCN_DILATIONS], width)


class SeparableBlock(nn.Module):
    """A dilated convolution of each channel, then one across channels, beside a skip connection."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(
                width,
                width,
                (1, TCN_KERNEL),
                padding=(0, TCN_KERNEL // 2 * dilation),
                dilation=(1, dilation),
                groups=width,
                bias=False,
            ),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 1, bias=False),
            nn.BatchNorm2d(width),
        )

    def forward(self, hidden: Tensor) -> Tensor:
        """Map and add; shape (n_windows, width, 1, n_positions) in and out."""
        return torch.relu(hidden + self.body(hidden))
