"""Soft targets: the teacher's whole distribution, softened (Hinton et al. 2015)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import kl_div

from ppgkd.distill.batch import Batch
from ppgkd.distill.loss import DistillationLoss
from ppgkd.models.output import Output


def soft_loss(student_logits: Tensor, teacher_logits: Tensor, temperature: float) -> Tensor:
    """Divergence of the student's distribution from the teacher's, KL(teacher || student) T².

    With the factor T², the size of the gradients does not depend on the temperature T.

    Parameters
    ----------
    student_logits, teacher_logits
        Shape (batch, n_classes).
    temperature
        Divisor of both logits.

    Returns
    -------
    Tensor
        Mean over the batch.
    """
    student = torch.log_softmax(student_logits.float() / temperature, dim=1)
    teacher = torch.log_softmax(teacher_logits.float() / temperature, dim=1)
    return kl_div(student, teacher, reduction="batchmean", log_target=True) * temperature**2


class SoftTargetLoss(DistillationLoss):
    """`soft_loss` to the teacher's logits."""

    def distillation_loss(self, output: Output, batch: Batch, epoch: int) -> Tensor:
        """Loss of one batch."""
        teacher = self.teacher_logits(output, batch)
        return soft_loss(output.logits, teacher, self.settings["temperature"])


LOSS = SoftTargetLoss
