"""Batched models: networks of one shape that are trained at the same time, the seeds of a cell.

They share no parameter. Training them together is only faster: in small networks most of the time
is the overhead of many short operations, which a batch of networks pays once.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from ppgkd.models.network import Network
from ppgkd.models.output import Output


class BatchedModels(nn.Module, ABC):
    """Several networks of one shape."""

    @abstractmethod
    def forward(self, seen: Sequence[Tensor]) -> list[Output]:
        """Run each network on what it sees, the same number of windows for each."""

    @abstractmethod
    def gradients_of(self, number: int) -> list[Tensor]:
        """Gradients of one network's parameters; changing them in place changes the next step."""

    @abstractmethod
    def state_of(self, number: int) -> dict[str, Tensor]:
        """Copy of the state of one network, for its own ``load_state_dict``."""


def batch_models(networks: Sequence[Network]) -> BatchedModels:
    """Batch networks of one shape in the way in which they are trained fastest."""
    first, *others = networks
    return first.batched_with(others) or SeparateModels(networks)


class SeparateModels(BatchedModels):
    """Networks that run one after the other."""

    def __init__(self, networks: Sequence[Network]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)

    def forward(self, seen: Sequence[Tensor]) -> list[Output]:
        """Run each network on what it sees."""
        pairs = zip(self._networks, seen, strict=True)
        return [network.from_seen(own) for network, own in pairs]

    def gradients_of(self, number: int) -> list[Tensor]:
        """Gradients of one network's parameters."""
        parameters = self._networks[number].parameters()
        return [p.grad for p in parameters if p.grad is not None]

    def state_of(self, number: int) -> dict[str, Tensor]:
        """Copy the state of one network."""
        return copy.deepcopy(self._networks[number].state_dict())

    @property
    def _networks(self) -> list[Any]:
        return [*self.networks]
