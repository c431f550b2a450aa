"""The training loop of teachers and students: epochs, validation, early stopping, checkpoints.

Teachers and students differ in the loss alone, a module that maps the network's output for a batch
to a scalar. Order of the windows, views, steps, optimiser, schedule and initial weights do not
depend on the loss, so two strategies of one seed differ in nothing else.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import pandas as pd
import torch
from torch import Tensor, nn

from ppgkd.distill.batch import Batch
from ppgkd.errors import PpgkdError
from ppgkd.heart_rate import decode
from ppgkd.models.batched import BatchedModels
from ppgkd.models.network import Network
from ppgkd.models.predict import EVALUATION_BATCH
from ppgkd.training.checkpoint import Checkpoint
from ppgkd.training.sampling import epoch_data
from ppgkd.training.step import TrainingStep
from ppgkd.views.examples import Examples
from ppgkd.views.source import ViewSource

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingConfig:
    """How long and how fast a network is trained; ``training.*`` of a study.

    Attributes
    ----------
    epochs
        Largest number of passes over the training windows.
    batch_size
        Windows per step.
    learning_rate
        Peak of the one-cycle schedule.
    weight_decay
        Decoupled weight decay of AdamW, on matrices and kernels.
    patience
        Epochs without a lower validation error after which the training stops.
    threads
        Threads of the job.
    device
        ``cpu`` or ``cuda``.
    balance
        How far rare heart rates are balanced: with 0, an epoch uses each window once; otherwise
        windows are drawn with replacement, with the weights of
        `ppgkd.training.sampling.sampling_weights`.
    balance_datasets
        How far small datasets are balanced, in the same way:
        `ppgkd.training.sampling.dataset_weights`.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    patience: int
    threads: int = 1
    device: str = "cpu"
    balance: float = 0.0
    balance_datasets: float = 0.0

    def for_fewer_windows(self, n_windows: int, of: int | None) -> TrainingConfig:
        """Make the training on some of so many windows that has about as many steps as on all.

        Parameters
        ----------
        n_windows
            To learn from.
        of
            Number of all windows; None, these are all.
        """
        if of is None:
            return self
        ratio = self.steps_per_epoch(of) / self.steps_per_epoch(n_windows)
        epochs, patience = math.ceil(self.epochs * ratio), math.ceil(self.patience * ratio)
        return replace(self, epochs=epochs, patience=patience)

    def steps_per_epoch(self, n_windows: int) -> int:
        """Steps of one pass: an incomplete last batch is left out."""
        return max(n_windows // self.batch_size, 1)


class TrainingJob(NamedTuple):
    """One network to be trained.

    Attributes
    ----------
    model
        The network; it is changed in place.
    loss
        Maps (output, batch, epoch) to a scalar; its own parameters are trained with the network.
    views
        Augmented views of the training windows.
    seed
        Of the order of the windows.
    dataset
        Number of the dataset of each window, shape (n_windows,), for
        `TrainingConfig.balance_datasets`; None, all are of one dataset.
    """

    model: Network
    loss: nn.Module
    views: ViewSource
    seed: int
    dataset: Tensor | None = None


def fit(
    model: Network,
    loss: nn.Module,
    views: ViewSource,
    val: Examples,
    config: TrainingConfig,
    *,
    label_sd_bpm: float,
    seed: int,
    checkpoint: Checkpoint | None = None,
    dataset: Tensor | None = None,
) -> pd.DataFrame:
    """Train one network; see `fit_together`."""
    (history,) = fit_together(
        [TrainingJob(model, loss, views, seed, dataset)],
        val,
        config,
        label_sd_bpm=label_sd_bpm,
        checkpoint=checkpoint,
    )
    return history


def fit_together(
    jobs: Sequence[TrainingJob],
    val: Examples,
    config: TrainingConfig,
    *,
    label_sd_bpm: float,
    checkpoint: Checkpoint | None = None,
) -> list[pd.DataFrame]:
    """Train networks of one shape; leave each with its averaged weights that validated best.

    Parameters
    ----------
    jobs
        The networks. They have the same shape and the same number of windows to learn from, and
        share no parameter.
    val
        Validation windows: their error selects the epoch whose weights are kept.
    config
        Length and speed of the training.
    label_sd_bpm
        Standard deviation of the softened label.
    checkpoint
        Where the state is kept after every epoch, and the result at the end. A training that finds
        its own state there continues from it, and ends with the numbers that it would have had
        without the interruption.

    Returns
    -------
    list of DataFrame
        For each network, one row per epoch: ``epoch, view, train_loss, val_mae_bpm,
        learning_rate, seconds``. ``seconds`` is its share of the time so far.

    Raises
    ------
    PpgkdError
        If a loss or a validation error is not finite. The message names the seed, the epoch and,
        for a loss, the step and the batch; the checkpoint of the epoch before is kept. If the
        configuration asks for CUDA and there is none.
    """
    torch.set_num_threads(config.threads)
    n_windows = jobs[0].views.n_windows
    # an incomplete last batch is left out; the order of the windows differs between epochs
    batch_size = min(config.batch_size, n_windows)
    steps_per_epoch = config.steps_per_epoch(n_windows)
    state = _State(jobs, config, config.epochs * steps_per_epoch)
    if checkpoint is not None and (kept := checkpoint.load()) is not None:
        state.restore(kept)
        log.info("going on after epoch %d of %d", state.epochs_done, config.epochs)
    val_seen = jobs[0].model.see_all(val.signal)

    # Networks are stopped early one by one. A stopped network still takes the steps of the others,
    # because all are one batch, but its result no longer changes.
    while state.epochs_done < config.epochs and any(state.active):
        started, epoch, active = time.perf_counter(), state.epochs_done, state.active
        data = [
            epoch_data(
                job.views,
                job.model.sees,
                epoch,
                generator,
                state.step.device,
                balance=config.balance,
                label_sd_bpm=label_sd_bpm,
                dataset=job.dataset,
                balance_datasets=config.balance_datasets,
            )
            for job, generator in zip(jobs, state.generators, strict=True)
        ]
        loss_sums = torch.zeros(len(jobs))
        state.step.models.train()
        for number in range(steps_per_epoch):
            seen, batches = zip(*(d.batch(number, batch_size) for d in data), strict=True)
            losses = state.step.forward(seen, batches, epoch)
            values = losses.detach().cpu()
            # before the weights change: the checkpoint must never hold NaN
            where = f"in epoch {epoch + 1}, step {number + 1} of {steps_per_epoch}"
            _check_losses(values.tolist(), jobs, batches, active, where, epoch)
            state.step.backward(losses)
            loss_sums += values
        train_losses = [loss_sum / steps_per_epoch for loss_sum in loss_sums.tolist()]

        errors_bpm = _validation_mae_bpm(state.step.averaged, val_seen, val.hr_bpm, len(jobs))
        _check_validation(errors_bpm, jobs, active, epoch)
        share_s = (time.perf_counter() - started) / len(jobs)
        state.end_epoch([d.view for d in data], train_losses, errors_bpm, share_s)
        _log_epoch(state.progress, config.epochs)
        if checkpoint is not None:
            checkpoint.save(state.state_dict())

    if checkpoint is not None:
        checkpoint.save(state.result())
    if not any(state.active):
        log.info("no lower validation MAE for %d epochs: stopped", config.patience)
    for job, progress in zip(jobs, state.progress, strict=True):
        job.model.load_state_dict(progress.best.weights)
        job.model.to("cpu").eval()
    return [pd.DataFrame(progress.history) for progress in state.progress]


class _Best(NamedTuple):
    """The epoch in which a network had its lowest validation error, and its weights then."""

    mae_bpm: float
    epoch: int
    weights: dict[str, Tensor]


@dataclass
class _Progress:
    """One row per epoch of a network's training, and its best epoch so far."""

    best: _Best
    history: list[dict[str, Any]] = field(default_factory=list)


class _State:
    """Everything that changes while networks are trained, which is what a checkpoint keeps."""

    def __init__(self, jobs: Sequence[TrainingJob], config: TrainingConfig, n_steps: int) -> None:
        self.patience = config.patience
        self.step = TrainingStep(
            [job.model for job in jobs],
            [job.loss for job in jobs],
            learning_rate=config.learning_rate,
            weight_decay=config.weight_decay,
            n_steps=n_steps,
            device=_device(config.device),
        )
        self.generators = [torch.Generator().manual_seed(job.seed) for job in jobs]
        self.progress = [
            _Progress(_Best(float("inf"), 0, self.step.models.state_of(number)))
            for number in range(len(jobs))
        ]

    @property
    def epochs_done(self) -> int:
        return max(len(progress.history) for progress in self.progress)

    @property
    def active(self) -> list[bool]:
        """Whether each network still has patience. If it has none, its result is final."""
        return [len(p.history) - p.best.epoch < self.patience for p in self.progress]

    def end_epoch(
        self,
        views: Sequence[int],
        train_losses: Sequence[float],
        errors_bpm: Sequence[float],
        share_s: float,
    ) -> None:
        """Add an epoch to the history of each active network, and keep its weights if better."""
        epoch, active = self.epochs_done + 1, self.active
        for number, progress in enumerate(self.progress):
            if not active[number]:
                continue
            before_s = progress.history[-1]["seconds"] if progress.history else 0.0
            progress.history.append(
                {
                    "epoch": epoch,
                    "view": views[number],
                    "train_loss": train_losses[number],
                    "val_mae_bpm": errors_bpm[number],
                    "learning_rate": self.step.learning_rate,
                    "seconds": share_s + before_s,
                }
            )
            if errors_bpm[number] < progress.best.mae_bpm:
                weights = self.step.averaged.state_of(number)
                progress.best = _Best(errors_bpm[number], epoch, weights)

    def state_dict(self) -> dict[str, Any]:
        return {
            "step": self.step.state_dict(),
            "generators": [generator.get_state() for generator in self.generators],
            **self.result(),
        }

    def result(self) -> dict[str, Any]:
        """What is kept of a finished training: the best weights and the history."""
        return {
            "best": [tuple(progress.best) for progress in self.progress],
            "histories": [progress.history for progress in self.progress],
        }

    def restore(self, kept: dict[str, Any]) -> None:
        if "step" in kept:  # a finished training has kept its `result` only
            self.step.load_state_dict(kept["step"])
            for generator, state in zip(self.generators, kept["generators"], strict=True):
                generator.set_state(state)
        pairs = zip(kept["best"], kept["histories"], strict=True)
        self.progress = [_Progress(_Best(*best), history) for best, history in pairs]


@torch.inference_mode()
def _validation_mae_bpm(
    models: BatchedModels, seen: Tensor, hr_bpm: Tensor, n_networks: int
) -> list[float]:
    """Mean absolute error of each network on the validation windows."""
    models.eval()
    device = next(models.parameters()).device
    probabilities: list[list[Tensor]] = [[] for _ in range(n_networks)]
    for chunk in torch.split(seen, EVALUATION_BATCH):
        outputs = models([chunk.to(device)] * n_networks)
        for parts, output in zip(probabilities, outputs, strict=True):
            parts.append(torch.softmax(output.logits.float(), dim=1).cpu())
    estimates_bpm = (decode(torch.cat(parts))[0] for parts in probabilities)
    return [float((bpm - hr_bpm).abs().mean()) for bpm in estimates_bpm]


def _device(name: str) -> torch.device:
    if name == "cuda" and not torch.cuda.is_available():
        raise PpgkdError(
            "The configuration asks for 'device: cuda', but PyTorch sees no CUDA device here; "
            "use 'device: cpu', or run where there is one with a CUDA build of PyTorch."
        )
    return torch.device(name)


def _log_epoch(progress: Sequence[_Progress], n_epochs: int) -> None:
    histories = [one.history for one in progress]
    longest = max(histories, key=len)
    epochs, seconds = len(longest), longest[-1]["seconds"] * len(histories)
    log.info(
        "epoch %d/%d  loss %s  validation MAE %s BPM  best %s  %.0f s left",
        epochs,
        n_epochs,
        ", ".join(f"{history[-1]['train_loss']:.3f}" for history in histories),
        ", ".join(f"{history[-1]['val_mae_bpm']:.2f}" for history in histories),
        ", ".join(f"{one.best.mae_bpm:.2f} (epoch {one.best.epoch})" for one in progress),
        seconds / epochs * (n_epochs - epochs),
    )


def _check_losses(
    values: Sequence[float],
    jobs: Sequence[TrainingJob],
    batches: Sequence[Batch],
    active: Sequence[bool],
    where: str,
    epochs_done: int,
) -> None:
    for job, batch, value, is_active in zip(jobs, batches, values, active, strict=True):
        if is_active and not math.isfinite(value):
            first = ", ".join(map(str, batch.rows[:5].tolist()))
            raise PpgkdError(
                f"The loss of seed {job.seed} became {value} {where}: batch of {len(batch.rows)} "
                f"windows of view {batch.view}, rows {first}, .... {_nothing_kept(epochs_done)} "
                "Lower 'learning_rate' or the loss weights of the strategy."
            )


def _check_validation(
    errors_bpm: Sequence[float],
    jobs: Sequence[TrainingJob],
    active: Sequence[bool],
    epochs_done: int,
) -> None:
    for job, error_bpm, is_active in zip(jobs, errors_bpm, active, strict=True):
        if is_active and not math.isfinite(error_bpm):
            raise PpgkdError(
                f"The validation error of seed {job.seed} became {error_bpm} in epoch "
                f"{epochs_done + 1}: the weights, or a validation window, contain NaN. "
                f"{_nothing_kept(epochs_done)} Lower 'learning_rate' or the loss weights of "
                "the strategy, and look for missing values in the validation windows."
            )


def _nothing_kept(epochs_done: int) -> str:
    return (
        "Nothing of this epoch is kept; a checkpoint, if there is one, holds the state after epoch "
        f"{epochs_done}."
    )
