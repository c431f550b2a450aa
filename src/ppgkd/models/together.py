"""Networks of one shape that are trained at the same time: the seeds of a cell.

They share no number. Training them together is only faster: small networks leave most of the time
to the overhead of many short operations, which a group of them pays once.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ppgkd.models.network import Network
from ppgkd.models.output import Output
from ppgkd.models.resnet import ResNet

GROUPED_UP_TO_WIDTH = 32
"""Wider residual networks are no faster as groups of one convolution (`make bench`)."""


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
    first = networks[0]
    small = isinstance(first, ResNet) and first.head.in_channels <= GROUPED_UP_TO_WIDTH
    return Grouped(networks) if small and len(networks) > 1 else OneByOne(networks)


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


class Grouped(Together):
    """Residual networks side by side in the channels of one.

    A grouped convolution keeps them apart, and batch normalisation treats every channel by itself
    anyway.
    """

    def __init__(self, networks: Sequence[Network]) -> None:
        super().__init__()
        self.n_networks = len(networks)
        self.network = copy.deepcopy(networks[0])
        assert isinstance(self.network, ResNet)
        for joined, *parts in zip(*(n.modules() for n in (self.network, *networks)), strict=True):
            if isinstance(joined, nn.Conv2d):
                joined.groups = self.n_networks
            elif not isinstance(joined, nn.BatchNorm2d):
                continue
            for name, _ in [*joined.named_parameters()]:
                weights = torch.cat([part.get_parameter(name).detach() for part in parts])
                setattr(joined, name, nn.Parameter(weights))
            for name, statistic in [*joined.named_buffers()]:
                if statistic.ndim:
                    setattr(joined, name, torch.cat([part.get_buffer(name) for part in parts]))
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, spectra: Sequence[Tensor]) -> list[Output]:
        """Give each network its own spectra; return what each says."""
        network = self.network
        assert isinstance(network, ResNet)
        logits, features = network.from_entry(torch.cat([*map(network.entry, spectra)], dim=1))
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
        """Channels of one network; counts have no dimension and are the same for all."""
        return tensor.chunk(self.n_networks)[number] if tensor.ndim else tensor
