"""One training step: forward, loss, backward, clipped gradients, AdamW, averaged weights.

The networks of a cell (its seeds) take the step at the same time. They share no parameter, and each
one's gradients are clipped on their own, so each learns what it would learn alone.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ppgkd.distill.batch import Batch
from ppgkd.models.batched import batch_models
from ppgkd.models.network import Network
from ppgkd.models.output import Output
from ppgkd.training.optimiser import OneCycleAdamW

GRADIENT_NORM = 5.0
"""Larger gradients are scaled down to this norm, so that one bad batch cannot undo the training."""

AVERAGING_DECAY = 0.995
"""Weights are averaged over about 1 / (1 - decay) = 200 steps. The average is validated and kept:
its error varies less from epoch to epoch than that of the weights of the last step."""


class TrainingStep:
    """Networks, their losses, and everything that a step changes.

    Parameters
    ----------
    models
        Networks of one shape.
    losses
        The loss of each. It maps (output, batch, epoch) to a scalar; its own parameters, such as a
        projection of features, are trained with the network.
    learning_rate
        Peak of the schedule.
    weight_decay
        Decoupled weight decay of AdamW, on matrices and kernels.
    n_steps
        Steps of the whole training.
    device
        Where it runs.

    Attributes
    ----------
    models
        The networks as they are trained.
    averaged
        The same networks with averaged weights.
    """

    def __init__(
        self,
        models: Sequence[Network],
        losses: Sequence[nn.Module],
        *,
        learning_rate: float,
        weight_decay: float,
        n_steps: int,
        device: torch.device,
    ) -> None:
        self.device = device
        self.models = batch_models(models).to(device)
        self.losses = nn.ModuleList(losses).to(device)
        self.averaged = copy.deepcopy(self.models)
        parameters = [*self.models.parameters(), *self.losses.parameters()]
        self.optimiser = OneCycleAdamW(
            parameters, peak=learning_rate, weight_decay=weight_decay, n_steps=n_steps
        )

    @property
    def learning_rate(self) -> float:
        """Learning rate of the next step."""
        return self.optimiser.rates.learning_rate

    def forward(self, seen: Sequence[Tensor], batches: Sequence[Batch], epoch: int) -> Tensor:
        """Compute the loss of each network, shape (n_networks,).

        Parameters
        ----------
        seen
            One batch for each network, of what it sees.
        batches
            What each loss may know of its batch.
        epoch
            Number of the epoch, from 0, for losses that change during the training.
        """
        # bfloat16 where it is faster; losses are always computed in float32
        fast = has_fast_bfloat16(self.device)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=fast):
            outputs = self.models(seen)
        return torch.stack(
            [
                loss(Output(output.logits.float(), output.features.float()), batch, epoch)
                for loss, output, batch in zip(self.losses, outputs, batches, strict=True)
            ]
        )

    def backward(self, losses: Tensor) -> None:
        """Change the weights by the gradients of the losses that `forward` returned."""
        self.optimiser.zero_grad()
        losses.sum().backward()  # type: ignore[no-untyped-call]
        for number in range(len(losses)):
            _clip(self.models.gradients_of(number))
        self.optimiser.step()
        _average(self.averaged, self.models, self.optimiser.steps_done - 1)

    def state_dict(self) -> dict[str, Any]:
        """Everything that `load_state_dict` needs to go on."""
        return {name: part.state_dict() for name, part in self._parts().items()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state that `state_dict` returned."""
        for name, part in self._parts().items():
            part.load_state_dict(state[name])

    def _parts(self) -> dict[str, Any]:
        names = ("models", "losses", "averaged", "optimiser")
        return {name: getattr(self, name) for name in names}


def has_fast_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 matrices are multiplied in hardware; elsewhere float32 is faster."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported())


def _clip(gradients: list[Tensor]) -> None:
    """Scale gradients down to `GRADIENT_NORM` if their joint norm is larger."""
    norm = nn.utils.get_total_norm(gradients)
    torch._foreach_mul_(gradients, (GRADIENT_NORM / (norm + 1e-6)).clamp_max(1.0))


@torch.no_grad()
def _average(averaged: nn.Module, models: nn.Module, steps_before: int) -> None:
    """Move the averaged weights towards the current ones, by larger shares in the first steps."""
    decay = min(AVERAGING_DECAY, (1 + steps_before) / (10 + steps_before))
    torch._foreach_lerp_([*averaged.parameters()], [*models.parameters()], 1 - decay)
    for mean, current in zip(averaged.buffers(), models.buffers(), strict=True):
        mean.copy_(current)
