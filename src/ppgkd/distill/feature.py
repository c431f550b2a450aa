"""Features: the student's last hidden activations learn to predict the teacher's.

The student's features pass through a learned projection (Romero et al., ICLR 2015). It is trained
with the student and does not become part of it.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn
from torch.nn.functional import mse_loss

from ppgkd.distill.batch import Batch
from ppgkd.distill.loss import DistillationLoss
from ppgkd.distill.targets import TeacherTargets
from ppgkd.models.output import Output


def feature_loss(student_features: Tensor, teacher_features: Tensor) -> Tensor:
    """Mean squared difference of the projected student features from the teacher's.

    Parameters
    ----------
    student_features, teacher_features
        The same shape (batch, n_features, n_positions).

    Returns
    -------
    Tensor
        Mean over the batch and the features.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    if student_features.shape != teacher_features.shape:
        raise ValueError(
            f"features of shape {tuple(student_features.shape)} cannot be compared with "
            f"{tuple(teacher_features.shape)}; project the student's first"
        )
    return mse_loss(student_features.float(), teacher_features.float())


class Projection(nn.Module):
    """Linear map from the student's features to the shape of the teacher's.

    Positions are those along frequency, and a network along time has one, its mean over time. If
    both have the same number of positions, one map is shared by all positions; otherwise all
    features at all positions are mapped together: what a student has seen at any time may tell of
    the teacher's features at every frequency, and the other way round.

    Parameters
    ----------
    student, teacher
        (n_features, n_positions) of each.
    """

    def __init__(self, student: tuple[int, int], teacher: tuple[int, int]) -> None:
        super().__init__()
        self.teacher = teacher
        self.by_position = student[1] == teacher[1]
        self.linear = (
            nn.Linear(student[0], teacher[0])
            if self.by_position
            else nn.Linear(student[0] * student[1], teacher[0] * teacher[1])
        )

    def forward(self, features: Tensor) -> Tensor:
        """Map (batch, *student) to (batch, *teacher)."""
        if self.by_position:
            projected: Tensor = self.linear(features.transpose(1, 2)).transpose(1, 2)
            return projected
        projected = self.linear(features.flatten(1))
        return projected.view(-1, *self.teacher)


class FeatureLoss(DistillationLoss):
    """Weighted `feature_loss` after a projection, which is trained with the student."""

    def __init__(
        self,
        settings: Mapping[str, float],
        targets: TeacherTargets,
        student_features: tuple[int, int],
    ) -> None:
        super().__init__(settings, targets, student_features)
        self.projection = Projection(student_features, targets.feature_shape)

    def distillation_loss(self, output: Output, batch: Batch, epoch: int) -> Tensor:
        """Loss of one batch."""
        teacher = self.targets.features_of(batch.view, batch.rows).to(output.features.device)
        distance = feature_loss(self.projection(output.features), teacher)
        return self.settings["feature_weight"] * distance


LOSS = FeatureLoss
