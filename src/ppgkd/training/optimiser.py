"""AdamW on a one-cycle schedule, by PyTorch's functional AdamW.

It gives the same numbers as `torch.optim.AdamW` under `torch.optim.lr_scheduler.OneCycleLR`. Those
two import PyTorch's compiler when the first of them is made, which takes as much CPU time as
importing PyTorch itself (torch 2.13, ``findings/torch_optimizer_imports_compiler.sh``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.optim.adamw import adamw

WARMUP_FRACTION = 0.2
"""Part of the steps in which the learning rate rises to its peak."""

INITIAL_DIVISOR, FINAL_DIVISOR = 10, 1000
"""The learning rate starts at peak / 10 and ends at peak / 1000: a one-cycle schedule (Smith and
Topin 2019), which allows a high peak and so few epochs."""

MIN_BETA1, MAX_BETA1 = 0.85, 0.95
"""Momentum is low while the learning rate is high (Smith, arXiv 1803.09820)."""

BETA2 = 0.98
"""The usual 0.999 averages over 1000 steps, which is longer than the training of a small study."""

EPS = 1e-8

MIN_STEPS = 6
"""Steps of the shortest schedule: its warm-up, a fifth of the steps, needs more than one."""


class Rates(NamedTuple):
    """Learning rate and momentum of one step."""

    learning_rate: float
    beta1: float


def one_cycle(step: int, n_steps: int, peak: float) -> Rates:
    """Rates of a step: a rise over the first fifth of the steps, then a long fall, both cosines.

    Parameters
    ----------
    step
        Number of the step, from 0.
    n_steps
        Steps of the whole schedule, at least `MIN_STEPS`.
    peak
        Largest learning rate.
    """
    top, last = WARMUP_FRACTION * n_steps - 1, n_steps - 1
    first_rate, last_rate = peak / INITIAL_DIVISOR, peak / FINAL_DIVISOR
    if step <= top:
        done = step / top
        return Rates(_cosine(first_rate, peak, done), _cosine(MAX_BETA1, MIN_BETA1, done))
    done = (step - top) / (last - top)
    return Rates(_cosine(peak, last_rate, done), _cosine(MIN_BETA1, MAX_BETA1, done))


def _cosine(start: float, end: float, done: float) -> float:
    """Go from start to end along half a cosine; ``done`` is the share of the way."""
    return end + (start - end) / 2 * (1 + math.cos(math.pi * done))


class OneCycleAdamW:
    """AdamW whose learning rate and momentum follow `one_cycle`.

    Parameters
    ----------
    parameters
        Changed by `step`. Those of more than one dimension decay, the others do not.
    peak
        Largest learning rate.
    weight_decay
        Decoupled weight decay.
    n_steps
        Steps of the whole training.
    """

    def __init__(
        self, parameters: Sequence[Tensor], peak: float, weight_decay: float, n_steps: int
    ) -> None:
        matrices = [p for p in parameters if p.ndim > 1]
        vectors = [p for p in parameters if p.ndim <= 1]
        self.groups = [(matrices, weight_decay), (vectors, 0.0)]
        self.parameters = [*matrices, *vectors]
        self.peak, self.n_steps = peak, max(MIN_STEPS, n_steps + 1)
        self.steps_done = 0
        self.means = [torch.zeros_like(p) for p in self.parameters]
        self.squares = [torch.zeros_like(p) for p in self.parameters]
        self.counts = [torch.zeros((), device=p.device) for p in self.parameters]

    @property
    def rates(self) -> Rates:
        """Rates of the next step."""
        return one_cycle(self.steps_done, self.n_steps, self.peak)

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Change the parameters by their gradients; those without one stay."""
        rates, start = self.rates, 0
        for parameters, weight_decay in self.groups:
            end = start + len(parameters)
            rows = [n for n in range(start, end) if self.parameters[n].grad is not None]
            start = end
            if not rows:
                continue
            adamw(
                [self.parameters[n] for n in rows],
                [g for n in rows if (g := self.parameters[n].grad) is not None],
                [self.means[n] for n in rows],
                [self.squares[n] for n in rows],
                [],
                [self.counts[n] for n in rows],
                fused=True,
                amsgrad=False,
                beta1=rates.beta1,
                beta2=BETA2,
                lr=rates.learning_rate,
                weight_decay=weight_decay,
                eps=EPS,
                maximize=False,
            )
        self.steps_done += 1

    def state_dict(self) -> dict[str, Any]:
        """State to go on from."""
        return {
            "steps_done": self.steps_done,
            "means": self.means,
            "squares": self.squares,
            "counts": self.counts,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self.steps_done = state["steps_done"]
        for name in ("means", "squares", "counts"):
            for own, kept in zip(getattr(self, name), state[name], strict=True):
                own.copy_(kept)
