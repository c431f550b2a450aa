"""Alternatives for the engine: compile the network, or train several seeds at once in two ways.

Each is timed in turn with the engine, step by step, so a busy machine slows both.
"""

from __future__ import annotations

import copy
import os
import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from tempfile import TemporaryDirectory

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from training_methods import SEEDS

from ppgkd.distill.soft import soft_loss
from ppgkd.models.build import build_model
from ppgkd.models.capacity import N_CLASSES, InputShape, Shape
from ppgkd.models.grouped import GroupedNetworks
from ppgkd.models.network import Network
from ppgkd.training.step import GRADIENT_NORM, has_fast_bfloat16

STEPS = 15

Step = Callable[[], None]


@dataclass(frozen=True)
class EngineTimes:
    """Times of a step for one network size; a ratio below one is in favour of the alternative.

    Attributes
    ----------
    step_ms
        One step of one network, as in the engine.
    compiled_ratio
        A compiled step relative to that; None if not requested, or without a C++ compiler.
    compile_s
        Until the end of the first compiled step.
    pays_after_steps
        Steps after which compiling has saved time; None if never.
    vmap_ratio
        A step of `SEEDS` networks by `torch.func.vmap`, relative to as many steps of one.
    grouped_ratio
        The same by grouped convolutions; None for a family of other layers.
    """

    n_params: int
    step_ms: float
    compiled_ratio: float | None
    compile_s: float | None
    pays_after_steps: int | None
    vmap_ratio: float
    grouped_ratio: float | None


def time_engine(shape: Shape, inputs: InputShape, batch_size: int, compiling: bool) -> EngineTimes:
    """Time the steps of one student size, in a process that has not compiled anything yet."""
    networks = [build_model(shape, inputs, seed) for seed in range(SEEDS)]
    windows = torch.randn(SEEDS * batch_size, inputs.channels, inputs.n_samples)
    seen = networks[0].see_all(windows).unflatten(0, (SEEDS, batch_size))
    steps = {
        "one": _step(WithoutFrontEnd(copy.deepcopy(networks[0])), seen[0]),
        "vmap": _vmapped_step(copy.deepcopy(networks), seen),
    }
    if not any(isinstance(layer, nn.Linear) for layer in networks[0].modules()):
        steps["grouped"] = _grouped_step(networks, seen)
    compile_s = None
    with TemporaryDirectory() as nothing_compiled_before:
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = nothing_compiled_before
        if compiling and any(map(shutil.which, ("c++", "g++", "clang++"))):
            compiled = WithoutFrontEnd(build_model(shape, inputs, seed=0))
            compiled.compile()
            steps["compiled"] = _step(compiled, seen[0])
            compile_s = _seconds(steps["compiled"])
        step_s = _median_seconds(steps)
    saved_s = step_s["one"] - step_s.get("compiled", float("inf"))
    return EngineTimes(
        n_params=shape.n_params(inputs),
        step_ms=1e3 * step_s["one"],
        compiled_ratio=step_s["compiled"] / step_s["one"] if compile_s else None,
        compile_s=compile_s,
        pays_after_steps=round(compile_s / saved_s) if compile_s and saved_s > 0 else None,
        vmap_ratio=step_s["vmap"] / (SEEDS * step_s["one"]),
        grouped_ratio=step_s["grouped"] / (SEEDS * step_s["one"]) if "grouped" in step_s else None,
    )


class WithoutFrontEnd(nn.Module):
    """A network without its front end."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, seen: Tensor) -> Tensor:
        """Map what is seen to logits."""
        return self.network.from_seen(seen).logits


def _step(network: nn.Module, seen: Tensor) -> Step:
    """Return a function that takes one training step as in the engine."""
    return _learning(lambda: network(seen), network.parameters())


def _grouped_step(networks: Sequence[Network], seen: Tensor) -> Step:
    """Return a function that takes a step of several networks by grouped convolutions."""
    models = GroupedNetworks(networks)
    return _learning(
        lambda: torch.stack([output.logits for output in models([*seen])]), models.parameters()
    )


def _vmapped_step(networks: Sequence[Network], seen: Tensor) -> Step:
    """Return a function that takes a step of several networks by vmap.

    Batch normalisation may update its running statistics under vmap, because they are stacked like
    the weights, one for each network.
    """
    modules = [WithoutFrontEnd(network) for network in networks]
    weights, statistics = stack_module_state([*modules])

    def of_one(weights: dict[str, Tensor], statistics: dict[str, Tensor], part: Tensor) -> Tensor:
        logits: Tensor = functional_call(modules[0], (weights, statistics), (part,))
        return logits

    return _learning(lambda: vmap(of_one)(weights, statistics, seen), weights.values())


def _learning(logits: Callable[[], Tensor], parameters: Iterable[Tensor]) -> Step:
    parameters = [*parameters]
    optimiser = torch.optim.AdamW(parameters, foreach=True)
    fast = has_fast_bfloat16(torch.device("cpu"))
    teacher: Tensor | None = None

    def step() -> None:
        nonlocal teacher
        with torch.autocast("cpu", torch.bfloat16, enabled=fast):
            student = logits().float().reshape(-1, N_CLASSES)
        if teacher is None:
            teacher = torch.randn_like(student)
        loss = soft_loss(student, teacher, temperature=1.0)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(parameters, GRADIENT_NORM)
        optimiser.step()

    return step


def _median_seconds(steps: dict[str, Step]) -> dict[str, float]:
    """Time all steps in turn; the first round does not count."""
    rounds = [{name: _seconds(step) for name, step in steps.items()} for _ in range(1 + STEPS)]
    return {name: median(seconds[name] for seconds in rounds[1:]) for name in steps}


def _seconds(step: Step) -> float:
    started = time.perf_counter()
    step()
    return time.perf_counter() - started
