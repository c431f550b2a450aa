"""Ordinal: a distance between distributions that grows with the distance between the classes.

The divergence of soft targets is the same whether the student predicts 71 or 140 BPM where the
teacher predicts 72. The squared distance of the cumulative distributions (Cramér 1928; the
continuous ranked probability score if the teacher is certain) grows with the number of BPM by which
probability is misplaced.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ppgkd.distill.batch import Batch
from ppgkd.distill.loss import DistillationLoss
from ppgkd.models.output import Output


def ordinal_loss(student_logits: Tensor, teacher_logits: Tensor) -> Tensor:
    """Squared distance between the cumulative distributions of student and teacher.

    Parameters
    ----------
    student_logits, teacher_logits
        Shape (batch, n_classes), classes in ascending order.

    Returns
    -------
    Tensor
        Sum over the classes, in classes (BPM), mean over the batch.
    """
    student = torch.softmax(student_logits.float(), dim=1)
    teacher = torch.softmax(teacher_logits.float(), dim=1)
    return (student - teacher).cumsum(dim=1).square().sum(dim=1).mean()


class OrdinalLoss(DistillationLoss):
    """`ordinal_loss` to the teacher's logits."""

    def distillation_loss(self, output: Output, batch: Batch, epoch: int) -> Tensor:
        """Loss of one batch."""
        return ordinal_loss(output.logits, self.teacher_logits(output, batch))


LOSS = OrdinalLoss
