"""Networks whose layers are convolutions, as groups of the channels of one network."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ppgkd.models.batched import BatchedModels
from ppgkd.models.network import Network
from ppgkd.models.output import Output

GROUPED_UP_TO_WIDTH = 32
"""Wider residual networks along frequency are not faster with grouped convolutions (`make bench`).
Those along time have the same bound, of the width of their last block."""


def group(networks: Sequence[Network], width: int) -> GroupedNetworks | None:
    """Group networks of one shape, where that is faster than a loop.

    Parameters
    ----------
    networks
        As of `GroupedNetworks`.
    width
        Channels of their layers.
    """
    if len(networks) == 1 or width > GROUPED_UP_TO_WIDTH:
        return None
    return GroupedNetworks(networks)


class GroupedNetworks(BatchedModels):
    """Convolutional networks as groups of the channels of one network.

    Grouped convolutions keep the networks separate, and batch normalisation normalises each channel
    separately.

    Parameters
    ----------
    networks
        Of one shape. Their layers are ``Conv2d`` and ``BatchNorm2d`` alone; ``entry`` maps what one
        sees to the input of the first layer, ``from_entry`` that of all networks to their outputs.
    """

    def __init__(self, networks: Sequence[Network]) -> None:
        super().__init__()
        self.n_networks = len(networks)
        self.network: Any = copy.deepcopy(networks[0])
        for batched, *parts in zip(*(n.modules() for n in (self.network, *networks)), strict=True):
            if isinstance(batched, nn.Conv2d):
                batched.groups *= self.n_networks
            elif not isinstance(batched, nn.BatchNorm2d):
                continue
            for name, _ in [*batched.named_parameters()]:
                weights = torch.cat([part.get_parameter(name).detach() for part in parts])
                setattr(batched, name, nn.Parameter(weights))
            for name, statistic in [*batched.named_buffers()]:
                if statistic.ndim:
                    setattr(batched, name, torch.cat([part.get_buffer(name) for part in parts]))
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, seen: Sequence[Tensor]) -> list[Output]:
        """Run each network on what it sees."""
        entries = [*map(self.network.entry, seen)]
        logits, features = self.network.from_entry(torch.cat(entries, dim=1))
        return [*map(Output, logits.unbind(dim=1), features.unbind(dim=1))]

    def gradients_of(self, number: int) -> list[Tensor]:
        """Gradients of one network's parameters."""
        gradients = [p.grad for p in self.network.parameters() if p.grad is not None]
        return [self._part(gradient, number) for gradient in gradients]

    def state_of(self, number: int) -> dict[str, Tensor]:
        """Copy the state of one network."""
        state = self.network.state_dict()
        return {name: self._part(value, number).clone() for name, value in state.items()}

    def _part(self, tensor: Tensor, number: int) -> Tensor:
        """Channels of one network; a scalar, such as a count of batches, is the same for all."""
        return tensor.chunk(self.n_networks)[number] if tensor.ndim else tensor
