"""Networks of one shape that are trained at the same time: the seeds of a cell.

They share no number. Training them together is only faster: small networks leave most of the time
to the overhead of many short operations, which a group of them pays once.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from ppgkd.models.network import Network
from ppgkd.models.output import Output


class Together(nn.Module, ABC):
    """Several networks of one shape."""

    @abstractmethod
    def forward(self, spectra: Sequence[Tensor]) -> list[Output]:
        """Give each network its own spectra, as many for each; return what each says."""

    @abstractmethod
    def gradients_of(self, number: int) -> list[Tensor]:
        """Gradients of one network's parameters; to change them changes what is learned."""

    @abstractmethod
    def state_of(self, number: int) -> dict[str, Tensor]:
        """State of one network, as its own ``load_state_dict`` takes it; a copy."""


def together(networks: Sequence[Network]) -> Together:
    """Put networks of one shape together in the way in which they are trained fastest."""
    first, *others = networks
    return first.beside(others) or OneByOne(networks)


class OneByOne(Together):
    """Networks that are computed one after the other."""

    def __init__(self, networks: Sequence[Network]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)

    def forward(self, spectra: Sequence[Tensor]) -> list[Output]:
        """Give each network its own spectra; return what each says."""
        pairs = zip(self._networks, spectra, strict=True)
        return [network.from_spectra(own) for network, own in pairs]

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
