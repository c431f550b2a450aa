"""One training loop for teachers and students.

What differs between them is the objective, a module that turns the network's output for a batch
into a loss. Data order, views, steps, optimiser, schedule and initial weights do not depend on
it, so that two strategies of one seed differ in the loss alone.
"""

from __future__ import annotations

import copy
import logging
import time
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd
import torch
from torch import Tensor, nn

from ppgkd.bank import Examples, Views
from ppgkd.checkpoint import Checkpoint
from ppgkd.errors import PpgkdError
from ppgkd.heart_rate import decode, soft_labels
from ppgkd.models.output import Output

log = logging.getLogger(__name__)

AVERAGING_DECAY = 0.995
"""Weights are averaged over about 1 / (1 - decay) steps; the average is what is validated."""

GRADIENT_NORM = 5.0
EVALUATION_BATCH = 128
"""Larger ones fall out of the cache where the network is large."""


@dataclass(frozen=True)
class Budget:
    """How long and how fast one network is trained.

    Attributes
    ----------
    epochs
        Passes over the training windows at most.
    batch_size
        Windows per step.
    learning_rate
        Peak of the one-cycle schedule.
    weight_decay
        Decoupled weight decay of AdamW, on matrices and kernels.
    patience
        Epochs without a better validation error before stopping.
    threads
        Threads of the job.
    device
        ``cpu`` or ``cuda``.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    patience: int
    threads: int = 1
    device: str = "cpu"


class Batch(NamedTuple):
    """What an objective may know of a batch.

    Attributes
    ----------
    rows
        Windows in the batch, shape (batch,).
    view
        Number of the view.
    hr_bpm
        Reference in the view, shape (batch,); NaN where it is withheld.
    labels
        Softened reference, shape (batch, 180); zero where it is withheld.
    """

    rows: Tensor
    view: int
    hr_bpm: Tensor
    labels: Tensor


def fit(
    model: nn.Module,
    objective: nn.Module,
    views: Views,
    val: Examples,
    budget: Budget,
    *,
    label_sd_bpm: float,
    seed: int,
    checkpoint: Checkpoint | None = None,
) -> pd.DataFrame:
    """Train a network; leave it with the averaged weights that validated best.

    Parameters
    ----------
    model
        Maps (batch, n_channels, n_samples) to `Output`. Changed in place.
    objective
        Maps (output, batch, epoch) to a loss; its own parameters are trained along.
    views
        Windows to learn from.
    val
        Windows whose error chooses the weights.
    budget
        Length and speed of the training.
    label_sd_bpm
        Width of the softened label.
    seed
        Of the order of the windows.
    checkpoint
        Where the state is kept after every epoch. A training that finds its own state there goes
        on from it, and ends with the numbers that it would have had without the interruption.

    Returns
    -------
    DataFrame
        One row per epoch: ``epoch, view, train_loss, val_mae_bpm, learning_rate, seconds``.

    Raises
    ------
    PpgkdError
        If a loss is not finite; the message names the step and the batch, and the checkpoint of
        the epoch before is kept. If CUDA is asked for and not there.
    """
    torch.set_num_threads(budget.threads)
    state = _State(model, objective, budget, views.n_windows, seed)
    if checkpoint is not None and (kept := checkpoint.load()) is not None:
        state.restore(kept)
        log.info("going on after epoch %d of %d", state.epochs_done, budget.epochs)
    while state.epochs_done < budget.epochs and state.epochs_waited < budget.patience:
        _train_epoch(state, views, val, budget, label_sd_bpm)
        if checkpoint is not None:
            checkpoint.save(state.keep())
    if state.epochs_done < budget.epochs:
        log.info("no better validation MAE for %d epochs: stopped", budget.patience)
    model.load_state_dict(state.best_weights)
    model.to("cpu").eval()
    return pd.DataFrame(state.history)


class _State:
    """Everything that changes while a network is trained."""

    def __init__(
        self, model: nn.Module, objective: nn.Module, budget: Budget, n_windows: int, seed: int
    ) -> None:
        self.device = _device(budget)
        self.model, self.objective = model.to(self.device), objective.to(self.device)
        self.batch_size = min(budget.batch_size, n_windows)
        self.steps_per_epoch = n_windows // self.batch_size
        self.optimiser = _optimiser(model, objective, budget)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimiser,
            max_lr=budget.learning_rate,
            # PyTorch divides by zero where a rise of a fifth of the steps is one step
            total_steps=max(6, budget.epochs * self.steps_per_epoch + 1),
            pct_start=0.2,
            div_factor=10,
            final_div_factor=100,
        )
        self.averaged = copy.deepcopy(model)
        self.order = torch.Generator().manual_seed(seed)
        self.best_mae_bpm, self.best_epoch = float("inf"), 0
        self.best_weights = copy.deepcopy(model.state_dict())
        self.history: list[dict[str, Any]] = []

    @property
    def epochs_done(self) -> int:
        return len(self.history)

    @property
    def epochs_waited(self) -> int:
        return self.epochs_done - self.best_epoch

    @property
    def _modules(self) -> dict[str, Any]:
        names = ("model", "objective", "averaged", "optimiser", "schedule")
        return {name: getattr(self, name) for name in names}

    def keep(self) -> dict[str, Any]:
        return {
            **{name: module.state_dict() for name, module in self._modules.items()},
            "order": self.order.get_state(),
            "best": (self.best_mae_bpm, self.best_epoch, self.best_weights),
            "history": self.history,
        }

    def restore(self, kept: dict[str, Any]) -> None:
        for name, module in self._modules.items():
            module.load_state_dict(kept[name])
        self.order.set_state(kept["order"])
        self.best_mae_bpm, self.best_epoch, self.best_weights = kept["best"]
        self.history = kept["history"]


def _train_epoch(
    state: _State, views: Views, val: Examples, budget: Budget, label_sd_bpm: float
) -> None:
    started, epoch, size = time.perf_counter(), state.epochs_done, state.batch_size
    number, view = views.of_epoch(epoch)
    signal = view.signal.to(state.device)
    hr_bpm = view.hr_bpm.to(state.device)
    labels = soft_labels(hr_bpm, label_sd_bpm)
    order = torch.randperm(views.n_windows, generator=state.order)
    state.model.train()
    total = 0.0
    for step in range(state.steps_per_epoch):
        rows = order[step * size : (step + 1) * size]
        here = rows.to(state.device)
        with _autocast(state.device):
            output = state.model(signal[here])
        batch = Batch(rows, number, hr_bpm[here], labels[here])
        loss = state.objective(Output(*(part.float() for part in output)), batch, epoch)
        if not torch.isfinite(loss):
            raise PpgkdError(_not_finite(loss.item(), state, batch, step))
        state.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(state.model.parameters(), GRADIENT_NORM)
        state.optimiser.step()
        state.schedule.step()
        _average_into(state.averaged, state.model, epoch * state.steps_per_epoch + step)
        total += loss.item()

    bpm, _ = decode(predict(state.averaged, val.signal))
    val_mae_bpm = float((bpm - val.hr_bpm).abs().mean())
    if val_mae_bpm < state.best_mae_bpm:
        state.best_mae_bpm, state.best_epoch = val_mae_bpm, epoch + 1
        state.best_weights = copy.deepcopy(state.averaged.state_dict())
    before_s = state.history[-1]["seconds"] if state.history else 0.0
    seconds = before_s + time.perf_counter() - started
    state.history.append(
        {
            "epoch": epoch + 1,
            "view": number,
            "train_loss": total / state.steps_per_epoch,
            "val_mae_bpm": val_mae_bpm,
            "learning_rate": state.schedule.get_last_lr()[0],
            "seconds": seconds,
        }
    )
    log.info(
        "epoch %d/%d  loss %.3f  validation MAE %.2f BPM  best %.2f (epoch %d)  %.0f s left",
        epoch + 1,
        budget.epochs,
        state.history[-1]["train_loss"],
        val_mae_bpm,
        state.best_mae_bpm,
        state.best_epoch,
        seconds / (epoch + 1) * (budget.epochs - epoch - 1),
    )


def _not_finite(loss: float, state: _State, batch: Batch, step: int) -> str:
    first = ", ".join(map(str, batch.rows[:5].tolist()))
    epoch = state.epochs_done + 1
    return (
        f"The loss became {loss} in epoch {epoch}, step {step + 1} of {state.steps_per_epoch}: "
        f"batch of {len(batch.rows)} windows of view {batch.view}, rows {first}, .... Nothing of "
        f"this epoch is kept; a checkpoint holds the state after epoch {epoch - 1} if there was "
        "one. Lower 'learning_rate' or the strategy's weights."
    )


@torch.inference_mode()
def predict(model: nn.Module, signal: Tensor) -> Tensor:
    """Probabilities of the 180 classes, in float32 on the CPU, shape (n_windows, 180)."""
    model.eval()
    parameter = next(model.parameters(), None)
    device = torch.device("cpu") if parameter is None else parameter.device
    parts = [
        torch.softmax(model(part.to(device)).logits.float(), dim=1).cpu()
        for part in torch.split(signal, EVALUATION_BATCH)
    ]
    return torch.cat(parts)


def has_fast_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 matrices are multiplied in hardware; elsewhere float32 is faster."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.cpu._is_amx_tile_supported())


def _autocast(device: torch.device) -> torch.autocast:
    """Compute in bfloat16 where that is faster."""
    return torch.autocast(device.type, torch.bfloat16, enabled=has_fast_bfloat16(device))


def _device(budget: Budget) -> torch.device:
    if budget.device == "cuda" and not torch.cuda.is_available():
        raise PpgkdError(
            "The configuration asks for 'device: cuda', but PyTorch sees no CUDA device here; "
            "use 'device: cpu', or run where there is one with a CUDA build of PyTorch."
        )
    return torch.device(budget.device)


def _optimiser(model: nn.Module, objective: nn.Module, budget: Budget) -> torch.optim.Optimizer:
    parameters = [*model.parameters(), *objective.parameters()]
    matrices = [p for p in parameters if p.ndim > 1]
    vectors = [p for p in parameters if p.ndim <= 1]
    groups = [
        {"params": matrices, "weight_decay": budget.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=budget.learning_rate, betas=(0.9, 0.98), foreach=True)


@torch.no_grad()
def _average_into(averaged: nn.Module, model: nn.Module, step: int) -> None:
    """Move the averaged weights towards the current ones; the first steps forget faster."""
    decay = min(AVERAGING_DECAY, (1 + step) / (10 + step))
    torch._foreach_lerp_([*averaged.parameters()], [*model.parameters()], 1 - decay)
    for mean, current in zip(averaged.buffers(), model.buffers(), strict=True):
        mean.copy_(current)
