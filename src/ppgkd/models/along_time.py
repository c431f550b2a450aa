"""Convolutional networks along time: stem, blocks, mean over time, 180 classes."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ppgkd.grid import N_CLASSES
from ppgkd.models.batched import BatchedModels
from ppgkd.models.grouped import group
from ppgkd.models.network import Network, WaveformNetwork
from ppgkd.models.output import Output


class NetworkAlongTime(WaveformNetwork):
    """Base class of the convolutional waveform families, which differ in their blocks.

    The convolutions have two dimensions, with height one, because their channels-last kernels are
    faster on a CPU.

    Parameters
    ----------
    stem, blocks
        From the channels of the windows to ``width`` channels at some positions.
    width
        Channels of the last block.
    """

    def __init__(self, stem: nn.Module, blocks: Sequence[nn.Module], width: int) -> None:
        super().__init__()
        self.stem = stem
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Conv2d(width, N_CLASSES, 1)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

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
