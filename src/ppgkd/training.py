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

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from ppgkd.augment import augmented_view
from ppgkd.errors import PpgkdError
from ppgkd.heart_rate import decode, soft_labels
from ppgkd.models.output import Output
from ppgkd.windows import Windows

log = logging.getLogger(__name__)

AVERAGING_DECAY = 0.995
"""Weights are averaged over about 1 / (1 - decay) steps; the average is what is validated."""

GRADIENT_NORM = 5.0
EVALUATION_BATCH = 1024


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
    """

    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    patience: int
    threads: int = 1


class Batch(NamedTuple):
    """What an objective may know of a batch.

    Attributes
    ----------
    rows
        Training windows in the batch, shape (batch,).
    view
        Number of the view.
    hr_bpm
        Reference in the view, shape (batch,).
    labels
        Softened reference, shape (batch, 180).
    """

    rows: Tensor
    view: int
    hr_bpm: Tensor
    labels: Tensor


class Examples(NamedTuple):
    """Windows as tensors.

    Attributes
    ----------
    signal
        Shape (n_windows, n_channels, n_samples).
    hr_bpm
        Reference, shape (n_windows,).
    """

    signal: Tensor
    hr_bpm: Tensor


def examples(windows: Windows) -> Examples:
    """Make tensors of windows."""
    hr_bpm = windows.index["hr_bpm"].to_numpy(np.float32, copy=True)
    return Examples(torch.from_numpy(windows.signal), torch.from_numpy(hr_bpm))


def fit(
    model: nn.Module,
    objective: nn.Module,
    train: Examples,
    val: Examples,
    budget: Budget,
    *,
    ppg_channels: int,
    label_sd_bpm: float,
    seed: int,
    views: int | None = None,
) -> pd.DataFrame:
    """Train a network; leave it with the averaged weights that validated best.

    Parameters
    ----------
    model
        Maps (batch, n_channels, n_samples) to `Output`. Changed in place.
    objective
        Maps (output, batch, epoch) to a loss; its own parameters are trained along.
    train, val
        Windows to learn from, and those whose error chooses the weights.
    budget
        Length and speed of the training.
    ppg_channels
        Number of PPG channels, for the augmentation.
    label_sd_bpm
        Width of the softened label.
    seed
        Of the order of the windows and of the views.
    views
        Views in the bank; epoch e sees view e modulo this. None: every epoch a fresh one.

    Returns
    -------
    DataFrame
        One row per epoch: ``epoch, view, train_loss, val_mae_bpm, learning_rate, seconds``.

    Raises
    ------
    PpgkdError
        If a loss is not finite; the message names the epoch and the step.
    """
    torch.set_num_threads(budget.threads)
    batch_size = min(budget.batch_size, len(train.signal))
    steps_per_epoch = len(train.signal) // batch_size
    optimiser = _optimiser(model, objective, budget)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser,
        max_lr=budget.learning_rate,
        total_steps=budget.epochs * steps_per_epoch + 1,
        pct_start=0.2,
        div_factor=10,
        final_div_factor=100,
    )
    averaged = copy.deepcopy(model)
    order = torch.Generator().manual_seed(seed)
    best_mae_bpm, best_epoch, best_weights = float("inf"), 0, copy.deepcopy(model.state_dict())
    history: list[dict[str, Any]] = []
    started = time.perf_counter()

    for epoch in range(budget.epochs):
        view = epoch if views is None else epoch % views
        seen = augmented_view(train.signal, train.hr_bpm, ppg_channels, seed, view)
        labels = soft_labels(seen.hr_bpm, label_sd_bpm)
        rows_of_epoch = torch.randperm(len(train.signal), generator=order)
        model.train()
        total = 0.0
        for step in range(steps_per_epoch):
            rows = rows_of_epoch[step * batch_size : (step + 1) * batch_size]
            batch = Batch(rows, view, seen.hr_bpm[rows], labels[rows])
            with torch.autocast("cpu", torch.bfloat16, enabled=has_fast_bfloat16()):
                output = model(seen.signal[rows])
            loss = objective(Output(output.logits.float(), output.features.float()), batch, epoch)
            if not torch.isfinite(loss):
                raise PpgkdError(
                    f"The loss became {loss.item()} in epoch {epoch + 1}, step {step + 1} of "
                    f"{steps_per_epoch}; lower 'learning_rate' or the strategy's weights."
                )
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), GRADIENT_NORM)
            optimiser.step()
            schedule.step()
            _average_into(averaged, model, step=epoch * steps_per_epoch + step)
            total += loss.item()

        bpm, _ = decode(predict(averaged, val.signal))
        val_mae_bpm = float((bpm - val.hr_bpm).abs().mean())
        if val_mae_bpm < best_mae_bpm:
            best_mae_bpm, best_epoch = val_mae_bpm, epoch
            best_weights = copy.deepcopy(averaged.state_dict())
        seconds = time.perf_counter() - started
        history.append(
            {
                "epoch": epoch + 1,
                "view": view,
                "train_loss": total / steps_per_epoch,
                "val_mae_bpm": val_mae_bpm,
                "learning_rate": schedule.get_last_lr()[0],
                "seconds": seconds,
            }
        )
        log.info(
            "epoch %d/%d  loss %.3f  validation MAE %.2f BPM  best %.2f (epoch %d)  %.0f s left",
            epoch + 1,
            budget.epochs,
            history[-1]["train_loss"],
            val_mae_bpm,
            best_mae_bpm,
            best_epoch + 1,
            seconds / (epoch + 1) * (budget.epochs - epoch - 1),
        )
        if epoch - best_epoch >= budget.patience:
            log.info("no better validation MAE for %d epochs: stopped", budget.patience)
            break
    model.load_state_dict(best_weights)
    model.eval()
    return pd.DataFrame(history)


@torch.inference_mode()
def predict(model: nn.Module, signal: Tensor) -> Tensor:
    """Probabilities of the 180 classes, in float32, shape (n_windows, 180)."""
    model.eval()
    parts = [
        torch.softmax(model(part).logits.float(), dim=1)
        for part in torch.split(signal, EVALUATION_BATCH)
    ]
    return torch.cat(parts)


def has_fast_bfloat16() -> bool:
    """Whether this CPU multiplies bfloat16 matrices in hardware; elsewhere float32 is faster."""
    return bool(torch.cpu._is_amx_tile_supported())


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
