"""Temporal convolutional networks, depthwise separable and dilated, which see the waveform.

Burrello et al. (IEEE Access 2022) put dilated ones of 5,000 parameters on a microcontroller;
depthwise-separable convolutions are those of Howard et al. (MobileNets, arXiv 1704.04861).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ppgkd.grid import N_CLASSES
from ppgkd.models.batched import BatchedModels
from ppgkd.models.capacity import (
    STEM_KERNEL,
    TCN_DILATIONS,
    TCN_KERNEL,
    TCN_STRIDE,
    InputShape,
    WaveformTCNShape,
)
from ppgkd.models.grouped import group
from ppgkd.models.network import Network, WaveformNetwork
from ppgkd.models.output import Output


def make_network(shape: WaveformTCNShape, inputs: InputShape) -> WaveformTCN:
    """Make a member of the family; `ppgkd.models.build` calls this."""
    network = WaveformTCN(shape, inputs)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


class WaveformTCN(WaveformNetwork):
    """Stem with a stride, dilated residual blocks, mean over time, 180 classes.

    The convolutions have two dimensions, with height one, as those of the other families.

    Parameters
    ----------
    shape
        Width of the network.
    inputs
        Shape of the windows.
    """

    family = "waveform_tcn"

    def __init__(self, shape: WaveformTCNShape, inputs: InputShape) -> None:
        super().__init__()
        width = shape.width
        self.stem = nn.Sequential(
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
        self.blocks = nn.Sequential(*(SeparableBlock(width, d) for d in TCN_DILATIONS))
        self.head = nn.Conv2d(width, N_CLASSES, 1)

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
