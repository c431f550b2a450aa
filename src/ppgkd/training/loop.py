"""One training loop for teachers and students.

What differs between them is the objective, a module that turns the network's output for a batch
into a loss. Data order, views, steps, optimiser, schedule and initial weights do not depend on
it, so that two strategies of one seed differ in the loss alone.
"""

from __future__ import annotations

import copy
import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd
import torch
from torch import Tensor, nn

from ppgkd.distill.batch import Batch
from ppgkd.errors import PpgkdError
from ppgkd.heart_rate import decode, soft_labels
from ppgkd.models.batched import Together, together
from ppgkd.models.network import Network
from ppgkd.models.output import Output
from ppgkd.models.predict import EVALUATION_BATCH
from ppgkd.training.checkpoint import Checkpoint
from ppgkd.views.cache import Examples, Spectra, Views

log = logging.getLogger(__name__)

AVERAGING_DECAY = 0.995
"""Weights are averaged over about 1 / (1 - decay) steps; the average is what is validated."""

BALANCED_BPM = 10
"""Width of the ranges of heart rate that `sampling_weights` evens out."""

GRADIENT_NORM = 5.0


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
    balance
        How far rare heart rates are evened out: with 0 a pass sees every window once; otherwise
        windows are drawn with replacement, each with the weight that `sampling_weights` gives it.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    patience: int
    threads: int = 1
    device: str = "cpu"
    balance: float = 0.0


def fit(
    model: Network,
    objective: nn.Module,
    views: Views,
    val: Examples,
    budget: Budget,
    *,
    label_sd_bpm: float,
    seed: int,
    checkpoint: Checkpoint | None = None,
) -> pd.DataFrame:
    """Train one network; see `fit_together`."""
    (history,) = fit_together(
        [Trainee(model, objective, views, seed)],
        val,
        budget,
        label_sd_bpm=label_sd_bpm,
        checkpoint=checkpoint,
    )
    return history


class Trainee(NamedTuple):
    """A network, and what is its own in a training.

    Attributes
    ----------
    model
        Changed in place.
    objective
        Maps (output, batch, epoch) to a loss; its own parameters are trained along.
    views
        Windows to learn from.
    seed
        Of the order of the windows.
    """

    model: Network
    objective: nn.Module
    views: Views
    seed: int


def fit_together(
    trainees: Sequence[Trainee],
    val: Examples,
    budget: Budget,
    *,
    label_sd_bpm: float,
    checkpoint: Checkpoint | None = None,
) -> list[pd.DataFrame]:
    """Train networks of one shape; leave each with its averaged weights that validated best.

    Parameters
    ----------
    trainees
        The networks; they have the same shape and as many windows to learn from, and share no
        number.
    val
        Windows whose error chooses the weights.
    budget
        Length and speed of the training.
    label_sd_bpm
        Width of the softened label.
    checkpoint
        Where the state is kept after every epoch, and the result in the end. A training that finds
        its own state there goes on from it, and ends with the numbers that it would have had
        without the interruption.

    Returns
    -------
    list of DataFrame
        For each network, one row per epoch: ``epoch, view, train_loss, val_mae_bpm,
        learning_rate, seconds``, the last being its share of the time.

    Raises
    ------
    PpgkdError
        If a loss or a validation error is not finite; the message names the seed, the epoch and,
        of a loss, step and batch, and the checkpoint of the epoch before is kept. If CUDA is asked
        for and not there.
    """
    torch.set_num_threads(budget.threads)
    state = _State(trainees, budget)
    if checkpoint is not None and (kept := checkpoint.load()) is not None:
        state.restore(kept)
        log.info("going on after epoch %d of %d", state.epochs_done, budget.epochs)
    seen = trainees[0].model.spectrum.of_all(val.signal)
    while state.epochs_done < budget.epochs and any(state.running):
        _train_epoch(state, Spectra(seen, val.hr_bpm), budget, label_sd_bpm)
        if checkpoint is not None:
            checkpoint.save(state.keep())
    if checkpoint is not None:
        checkpoint.save(state.result())
    if not any(state.running):
        log.info("no better validation MAE for %d epochs: stopped", budget.patience)
    for trainee, best in zip(trainees, state.best, strict=True):
        trainee.model.load_state_dict(best.weights)
        trainee.model.to("cpu").eval()
    return [pd.DataFrame(history) for history in state.histories]


class _Best(NamedTuple):
    """What a network had when it validated best."""

    mae_bpm: float
    epoch: int
    weights: dict[str, Tensor]


class _State:
    """Everything that changes while networks are trained."""

    def __init__(self, trainees: Sequence[Trainee], budget: Budget) -> None:
        self.trainees, self.patience = trainees, budget.patience
        self.device = _device(budget)
        n_windows = trainees[0].views.n_windows
        self.batch_size = min(budget.batch_size, n_windows)
        self.steps_per_epoch = n_windows // self.batch_size
        self.models = together([trainee.model for trainee in trainees]).to(self.device)
        objectives = [trainee.objective for trainee in trainees]
        self.objectives = nn.ModuleList(objectives).to(self.device)
        self.optimiser = _optimiser(self.models, self.objectives, budget)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimiser,
            max_lr=budget.learning_rate,
            # PyTorch divides by zero where a rise of a fifth of the steps is one step
            total_steps=max(6, budget.epochs * self.steps_per_epoch + 1),
            pct_start=0.2,
            div_factor=10,
            final_div_factor=100,
        )
        self.averaged = copy.deepcopy(self.models)
        self.orders = [torch.Generator().manual_seed(trainee.seed) for trainee in trainees]
        self.best = [
            _Best(float("inf"), 0, self.models.state_of(number)) for number in range(len(trainees))
        ]
        self.histories: list[list[dict[str, Any]]] = [[] for _ in trainees]

    @property
    def epochs_done(self) -> int:
        return max(map(len, self.histories))

    @property
    def running(self) -> list[bool]:
        """Whether each network still has patience; one that has not changes no more."""
        pairs = zip(self.best, self.histories, strict=True)
        return [len(history) - best.epoch < self.patience for best, history in pairs]

    @property
    def _modules(self) -> dict[str, Any]:
        names = ("models", "objectives", "averaged", "optimiser", "schedule")
        return {name: getattr(self, name) for name in names}

    def keep(self) -> dict[str, Any]:
        return {
            **{name: module.state_dict() for name, module in self._modules.items()},
            "orders": [order.get_state() for order in self.orders],
            **self.result(),
        }

    def result(self) -> dict[str, Any]:
        """What is kept of a training that has ended: a fraction of what it takes to go on."""
        return {"best": [tuple(best) for best in self.best], "histories": self.histories}

    def restore(self, kept: dict[str, Any]) -> None:
        if "orders" in kept:
            for name, module in self._modules.items():
                module.load_state_dict(kept[name])
            for order, state in zip(self.orders, kept["orders"], strict=True):
                order.set_state(state)
        self.best = [_Best(*best) for best in kept["best"]]
        self.histories = kept["histories"]


class _Lesson(NamedTuple):
    """What one network learns from in one epoch."""

    view: int
    spectra: Tensor
    hr_bpm: Tensor
    labels: Tensor
    order: Tensor

    def batch(self, step: int, size: int) -> tuple[Tensor, Batch]:
        """Spectra of a step, and what else there is to know of it."""
        rows = self.order[step * size : (step + 1) * size]
        here = rows.to(self.spectra.device)
        return self.spectra[here], Batch(rows, self.view, self.hr_bpm[here], self.labels[here])


def _train_epoch(state: _State, val: Spectra, budget: Budget, label_sd_bpm: float) -> None:
    started, epoch, running = time.perf_counter(), state.epochs_done, state.running
    pairs = zip(state.trainees, state.orders, strict=True)
    lessons = [
        _lesson(trainee, order, state, label_sd_bpm, budget.balance) for trainee, order in pairs
    ]
    totals = torch.zeros(len(lessons))
    state.models.train()
    for step in range(state.steps_per_epoch):
        spectra, batches = zip(
            *(lesson.batch(step, state.batch_size) for lesson in lessons), strict=True
        )
        with _autocast(state.device):
            outputs = state.models(spectra)
        losses = torch.stack(
            [
                objective(Output(*(part.float() for part in output)), batch, epoch)
                for objective, output, batch in zip(state.objectives, outputs, batches, strict=True)
            ]
        )
        found = losses.detach().cpu()
        for trainee, batch, loss, runs in zip(
            state.trainees, batches, found.tolist(), running, strict=True
        ):
            if runs and not math.isfinite(loss):
                raise PpgkdError(_not_finite(loss, state, trainee.seed, batch, step))
        state.optimiser.zero_grad(set_to_none=True)
        losses.sum().backward()  # type: ignore[no-untyped-call]
        for number in range(len(lessons)):
            _clip(state.models.gradients_of(number))
        state.optimiser.step()
        state.schedule.step()
        _average_into(state.averaged, state.models, epoch * state.steps_per_epoch + step)
        totals += found

    errors_bpm = _errors_bpm(state.averaged, val, len(lessons))
    for trainee, error_bpm, runs in zip(state.trainees, errors_bpm, running, strict=True):
        if runs and not math.isfinite(error_bpm):
            raise PpgkdError(_no_numbers(error_bpm, state, trainee.seed))
    share_s = (time.perf_counter() - started) / len(lessons)
    for number, (lesson, history) in enumerate(zip(lessons, state.histories, strict=True)):
        if not running[number]:
            continue
        if errors_bpm[number] < state.best[number].mae_bpm:
            weights = state.averaged.state_of(number)
            state.best[number] = _Best(errors_bpm[number], epoch + 1, weights)
        history.append(
            {
                "epoch": epoch + 1,
                "view": lesson.view,
                "train_loss": float(totals[number]) / state.steps_per_epoch,
                "val_mae_bpm": errors_bpm[number],
                "learning_rate": state.schedule.get_last_lr()[0],
                "seconds": share_s + (history[-1]["seconds"] if history else 0.0),
            }
        )
    _log_epoch(state, budget)


def _lesson(
    trainee: Trainee, order: torch.Generator, state: _State, label_sd_bpm: float, balance: float
) -> _Lesson:
    number, (spectra, hr_bpm) = trainee.views.of_epoch(state.epochs_done)
    spectra, hr_bpm = spectra.to(state.device), hr_bpm.to(state.device)
    n_windows = trainee.views.n_windows
    if balance:
        weights = sampling_weights(hr_bpm.cpu(), balance)
        shuffled = torch.multinomial(weights, n_windows, replacement=True, generator=order)
    else:
        shuffled = torch.randperm(n_windows, generator=order)
    return _Lesson(number, spectra, hr_bpm, soft_labels(hr_bpm, label_sd_bpm), shuffled)


def sampling_weights(hr_bpm: Tensor, balance: float) -> Tensor:
    """How often a window is drawn, relative to the others: more often where its heart rate is rare.

    Parameters
    ----------
    hr_bpm
        Reference of each window, shape (n_windows,); NaN where it is withheld.
    balance
        0 draws all alike; 1 draws all tens of BPM alike that have a window. In between, a window's
        weight is the number of windows in its ten to the power of ``-balance``.

    Returns
    -------
    Tensor
        Shape (n_windows,), with a mean of 1. Windows without a reference have the mean of the
        others.
    """
    known = ~hr_bpm.isnan()
    weights = torch.ones(len(hr_bpm), dtype=torch.float64)
    if not known.any():
        return weights
    tens = (hr_bpm[known] / BALANCED_BPM).long()
    weights[known] = torch.bincount(tens)[tens].double() ** -balance
    weights[known] /= weights[known].mean()
    return weights


def _log_epoch(state: _State, budget: Budget) -> None:
    longest = max(state.histories, key=len)
    epochs, seconds = len(longest), longest[-1]["seconds"] * len(state.histories)
    log.info(
        "epoch %d/%d  loss %s  validation MAE %s BPM  best %s  %.0f s left",
        epochs,
        budget.epochs,
        ", ".join(f"{history[-1]['train_loss']:.3f}" for history in state.histories),
        ", ".join(f"{history[-1]['val_mae_bpm']:.2f}" for history in state.histories),
        ", ".join(f"{best.mae_bpm:.2f} (epoch {best.epoch})" for best in state.best),
        seconds / epochs * (budget.epochs - epochs),
    )


def _not_finite(loss: float, state: _State, seed: int, batch: Batch, step: int) -> str:
    first = ", ".join(map(str, batch.rows[:5].tolist()))
    epoch = state.epochs_done + 1
    return (
        f"The loss of seed {seed} became {loss} in epoch {epoch}, step {step + 1} of "
        f"{state.steps_per_epoch}: batch of {len(batch.rows)} windows of view {batch.view}, rows "
        f"{first}, .... Nothing of this epoch is kept; a checkpoint holds the state after epoch "
        f"{epoch - 1} if there was one. Lower 'learning_rate' or the strategy's weights."
    )


def _no_numbers(error_bpm: float, state: _State, seed: int) -> str:
    epoch = state.epochs_done + 1
    return (
        f"The validation error of seed {seed} became {error_bpm} in epoch {epoch}: its weights, or "
        "a validation window, are no numbers. Nothing of this epoch is kept; a checkpoint has the "
        f"state after epoch {epoch - 1} if there was one. Lower 'learning_rate' or the strategy's "
        "weights, and look for missing values among the validation windows."
    )


@torch.inference_mode()
def _errors_bpm(models: Together, val: Spectra, n_networks: int) -> list[float]:
    """Mean absolute error of each network on the validation windows."""
    models.eval()
    device = next(models.parameters()).device
    answers: list[list[Tensor]] = [[] for _ in range(n_networks)]
    for part in torch.split(val.spectra, EVALUATION_BATCH):
        for known, output in zip(answers, models([part.to(device)] * n_networks), strict=True):
            known.append(torch.softmax(output.logits.float(), dim=1).cpu())
    estimates = (decode(torch.cat(known))[0] for known in answers)
    return [float((bpm - val.hr_bpm).abs().mean()) for bpm in estimates]


def has_fast_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 matrices are multiplied in hardware; elsewhere float32 is faster."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported())


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


def _optimiser(models: nn.Module, objectives: nn.Module, budget: Budget) -> torch.optim.Optimizer:
    parameters = [*models.parameters(), *objectives.parameters()]
    matrices = [p for p in parameters if p.ndim > 1]
    vectors = [p for p in parameters if p.ndim <= 1]
    groups = [
        {"params": matrices, "weight_decay": budget.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=budget.learning_rate, betas=(0.9, 0.98), fused=True)


def _clip(gradients: list[Tensor]) -> None:
    """Bring the norm of all gradients together down to `GRADIENT_NORM` if it is larger."""
    norm = nn.utils.get_total_norm(gradients)
    torch._foreach_mul_(gradients, (GRADIENT_NORM / (norm + 1e-6)).clamp_max(1.0))


@torch.no_grad()
def _average_into(averaged: nn.Module, model: nn.Module, step: int) -> None:
    """Move the averaged weights towards the current ones; the first steps forget faster."""
    decay = min(AVERAGING_DECAY, (1 + step) / (10 + step))
    torch._foreach_lerp_([*averaged.parameters()], [*model.parameters()], 1 - decay)
    for mean, current in zip(averaged.buffers(), model.buffers(), strict=True):
        mean.copy_(current)
