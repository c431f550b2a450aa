"""Ordinal: a distance between distributions that knows how far apart two classes are.

To the divergence of soft targets, 71 BPM is as wrong for 72 as 140 is. The squared distance of the
cumulative distributions (Cramér 1928; the continuous ranked probability score when the teacher is
certain) grows with the BPM by which probability was put in the wrong place.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ppgkd.distill.batch import Batch
from ppgkd.distill.teacher_loss import Part
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


class DistillingPart(Part):
    """`ordinal_loss` to what the teacher says."""

    def forward(self, output: Output, batch: Batch, epoch: int) -> Tensor:
        """Loss of one batch."""
        return ordinal_loss(output.logits, self.teacher_logits(output, batch))
