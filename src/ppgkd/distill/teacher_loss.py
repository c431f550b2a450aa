"""What the distilling parts of all strategies have in common: settings, and a teacher's answers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from torch import Tensor, nn

from ppgkd.distill.batch import Batch
from ppgkd.distill.targets import TeacherTargets
from ppgkd.models.output import Output


class Part(nn.Module, ABC):
    """The distilling part of one strategy.

    Parameters
    ----------
    settings
        The strategy's settings, as in the configuration.
    targets
        What the teacher says.
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
    def forward(self, output: Output, batch: Batch, epoch: int) -> Tensor:
        """Loss of one batch."""

    def teacher_logits(self, output: Output, batch: Batch) -> Tensor:
        """What the teacher says about the batch, where the student's output is."""
        return self.targets.logits_of(batch.view, batch.rows).to(output.logits.device)
