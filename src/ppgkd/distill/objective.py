"""What a student minimises: its strategy's distilling part, and the reference's loss beside it.

The part of strategy ``soft`` is the class ``DistillingPart`` of the module `ppgkd.distill.soft`,
and so for every other. It is found by that name and imported alone: what trains by one strategy
does not depend on the code of the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

import torch
from torch import Tensor, nn

from ppgkd.distill.batch import Batch
from ppgkd.distill.label import label_loss
from ppgkd.distill.scratch import LabelObjective
from ppgkd.distill.targets import TeacherTargets
from ppgkd.distill.teacher_loss import Part
from ppgkd.errors import PpgkdError
from ppgkd.models.output import Output

STRATEGIES = ("scratch", "hard", "soft", "dkd", "feature", "ordinal")


class DistillationObjective(nn.Module):
    """A strategy's distilling part, and beside it the reference's loss with its weight.

    Parameters
    ----------
    strategy
        ``hard``, ``soft``, ``dkd``, ``feature`` or ``ordinal``.
    settings
        The strategy's settings, as in the configuration.
    targets
        What the teacher says.
    student_features
        (n_features, n_positions) of the student.

    Raises
    ------
    PpgkdError
        If there is no such strategy.
    """

    def __init__(
        self,
        strategy: str,
        settings: Mapping[str, float],
        targets: TeacherTargets,
        student_features: tuple[int, int],
    ) -> None:
        super().__init__()
        if strategy not in STRATEGIES:
            raise PpgkdError(
                f"Strategy '{strategy}' is unknown; there are {', '.join(STRATEGIES)}."
            )
        part = import_module(f"ppgkd.distill.{strategy}").DistillingPart
        self.part: Part = part(settings, targets, student_features)
        self.label_weight = settings["label_weight"]

    def forward(self, output: Output, batch: Batch, epoch: int) -> Tensor:
        """Loss of one batch."""
        loss: Tensor = self.part(output, batch, epoch)
        weight = self.label_weight
        return loss + weight * label_loss(output.logits, batch.labels) if weight else loss


def make_objective(
    strategy: str,
    settings: Mapping[str, float],
    targets: TeacherTargets | None,
    student: nn.Module,
    window_shape: tuple[int, int],
    seed: int,
) -> nn.Module:
    """Make a strategy's objective; its own initial weights depend on the seed alone.

    Parameters
    ----------
    strategy, settings
        As in the configuration.
    targets
        What the teacher says; None for ``scratch``.
    student
        The network to be trained.
    window_shape
        (n_channels, n_samples) of its windows.
    seed
        Of the projection's initial weights.
    """
    if strategy == "scratch":
        return LabelObjective()
    if targets is None:
        raise PpgkdError(f"Strategy '{strategy}' learns from a teacher; give its targets.")
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        was_training = student.training
        features = student.eval()(torch.zeros(1, *window_shape)).features
        student.train(was_training)
        shape = (features.shape[1], features.shape[2])
        return DistillationObjective(strategy, settings, targets, shape)
