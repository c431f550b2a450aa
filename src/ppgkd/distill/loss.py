"""The loss of a student: the distillation loss of its strategy plus the weighted label loss."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import torch
from torch import Tensor, nn

from ppgkd.distill.batch import Batch
from ppgkd.distill.label import label_loss
from ppgkd.distill.targets import TeacherTargets
from ppgkd.errors import PpgkdError
from ppgkd.models.output import Output
from ppgkd.strategies.registry import STRATEGIES


class DistillationLoss(nn.Module, ABC):
    """Loss of a strategy that has a teacher.

    Each strategy is a subclass in a module of its own. To add one: write ``ppgkd.distill.<name>``
    with a subclass that computes `distillation_loss`, name it ``LOSS`` there, and add an entry to
    `ppgkd.strategies.registry.STRATEGIES`.

    Parameters
    ----------
    settings
        Settings of the strategy, as in the configuration. ``label_weight`` is that of the label
        loss.
    targets
        The teacher's outputs for the view cache.
    student_features
        (n_features, n_positions) of the student.
    """

    def __init__(
        self,
        settings: Mapping[str, float],
        targets: TeacherTargets,
        student_features: tuple[int, int],
    ) -> None:
        super().__init__()
        self.settings, self.targets = settings, targets

    @abstractmethod
    def distillation_loss(self, output: Output, batch: Batch, epoch: int) -> Tensor:
        """Distance of the student's output from the teacher's, mean over the windows of a batch.

        The teacher says something of all these windows.
        """

    def forward(self, output: Output, batch: Batch, epoch: int) -> Tensor:
        """Distillation loss plus ``label_weight`` times the label loss, for one batch.

        A window that the teacher says nothing of contributes to the label loss alone.
        """
        taught = self.targets.taught(batch.view, batch.rows)
        if taught.all():
            loss = self.distillation_loss(output, batch, epoch)
        elif taught.any():
            chosen = taught.nonzero()[:, 0]
            on_device = chosen.to(output.logits.device)
            of_taught = Output(output.logits[on_device], output.features[on_device])
            loss = self.distillation_loss(of_taught, batch.take(chosen), epoch)
        else:
            loss = 0 * output.logits.sum()
        weight = self.settings["label_weight"]
        return loss + weight * label_loss(output.logits, batch.labels) if weight else loss

    def teacher_logits(self, output: Output, batch: Batch) -> Tensor:
        """Logits of the teacher for the batch, on the device of the student's output."""
        return self.targets.logits_of(batch.view, batch.rows).to(output.logits.device)


def make_loss(
    strategy: str,
    settings: Mapping[str, float],
    targets: TeacherTargets | None,
    student: nn.Module,
    window_shape: tuple[int, int],
    seed: int,
) -> nn.Module:
    """Make the loss of a strategy.

    Its class is ``LOSS`` in the module of the strategy (`ppgkd.strategies.registry`). Only this
    module is imported, so the training by one strategy does not depend on the code of the others.

    Parameters
    ----------
    strategy, settings
        As in the configuration.
    targets
        The teacher's outputs; None for a strategy without a teacher.
    student
        The network to be trained.
    window_shape
        (n_channels, n_samples) of its windows.
    seed
        Of the loss's own initial weights, if it has any.

    Raises
    ------
    PpgkdError
        If there is no such strategy, or it needs a teacher and there are no targets.
    """
    if strategy not in STRATEGIES:
        raise PpgkdError(f"Strategy '{strategy}' is unknown; there are {', '.join(STRATEGIES)}.")
    entry = STRATEGIES[strategy]
    loss_class = import_module(f"ppgkd.{entry.module}").LOSS
    arguments: tuple[Any, ...] = ()
    if entry.needs_teacher:
        if targets is None:
            raise PpgkdError(f"Strategy '{strategy}' learns from a teacher; give its targets.")
        arguments = (settings, targets, _features_shape(student, window_shape))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        loss: nn.Module = loss_class(*arguments)
        return loss


@torch.no_grad()
def _features_shape(student: nn.Module, window_shape: tuple[int, int]) -> tuple[int, int]:
    """(n_features, n_positions) of a network."""
    was_training = student.training
    features = student.eval()(torch.zeros(1, *window_shape)).features
    student.train(was_training)
    return features.shape[1], features.shape[2]
