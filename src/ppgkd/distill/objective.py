"""The loss of each strategy, put together from its parts and its settings."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ppgkd.distill.dkd import dkd_loss
from ppgkd.distill.feature import Projection, feature_loss
from ppgkd.distill.hard import hard_loss
from ppgkd.distill.label import label_loss
from ppgkd.distill.ordinal import ordinal_loss
from ppgkd.distill.soft import soft_loss
from ppgkd.errors import PpgkdError
from ppgkd.heart_rate import class_of
from ppgkd.models.output import Output
from ppgkd.targets import TeacherTargets
from ppgkd.training import Batch


class LabelObjective(nn.Module):
    """``scratch``, and how teachers are trained: the reference alone."""

    def forward(self, output: Output, batch: Batch, epoch: int) -> Tensor:
        """Loss of one batch."""
        return label_loss(output.logits, batch.labels)


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
    """

    def __init__(
        self,
        strategy: str,
        settings: Mapping[str, float],
        targets: TeacherTargets,
        student_features: tuple[int, int],
    ) -> None:
        super().__init__()
        self.strategy, self.settings, self.targets = strategy, settings, targets
        self.projection = (
            Projection(student_features, targets.feature_shape) if strategy == "feature" else None
        )

    def forward(self, output: Output, batch: Batch, epoch: int) -> Tensor:
        """Loss of one batch."""
        loss = self._distilling_part(output, batch, epoch)
        weight = self.settings["label_weight"]
        return loss + weight * label_loss(output.logits, batch.labels) if weight else loss

    def _distilling_part(self, output: Output, batch: Batch, epoch: int) -> Tensor:
        settings = self.settings
        if self.projection is not None:
            teacher_features = self.targets.features_of(batch.view, batch.rows).to(
                output.features.device
            )
            distance = feature_loss(self.projection(output.features), teacher_features)
            return settings["feature_weight"] * distance
        teacher = self.targets.logits_of(batch.view, batch.rows).to(output.logits.device)
        match self.strategy:
            case "hard":
                return hard_loss(output.logits, teacher)
            case "soft":
                return soft_loss(output.logits, teacher, settings["temperature"])
            case "dkd":
                grown = min(1.0, (epoch + 1) / (settings["warmup_epochs"] + 1))
                return grown * dkd_loss(
                    output.logits,
                    teacher,
                    target_class(batch.hr_bpm, teacher),
                    alpha=settings["alpha"],
                    beta=settings["beta"],
                    temperature=settings["temperature"],
                )
            case "ordinal":
                return ordinal_loss(output.logits, teacher)
        raise PpgkdError(
            f"Strategy '{self.strategy}' is unknown; there are scratch, hard, soft, dkd, feature, "
            "ordinal."
        )


def target_class(hr_bpm: Tensor, teacher_logits: Tensor) -> Tensor:
    """Target class of DKD: the class nearest to the reference.

    Where the reference is withheld, it is the teacher's most likely class.

    Parameters
    ----------
    hr_bpm
        Shape (batch,); NaN where it is withheld.
    teacher_logits
        Shape (batch, 180).
    """
    return torch.where(hr_bpm.isnan(), teacher_logits.argmax(dim=1), class_of(hr_bpm.nan_to_num()))


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
