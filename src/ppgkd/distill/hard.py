"""Hard targets: the teacher's most likely class is the label (Hinton et al. 2015)."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import cross_entropy

from ppgkd.distill.batch import Batch
from ppgkd.distill.loss import DistillationLoss
from ppgkd.models.output import Output


def hard_loss(student_logits: Tensor, teacher_logits: Tensor) -> Tensor:
    """Cross-entropy to the teacher's most likely class.

    Parameters
    ----------
    student_logits, teacher_logits
        Shape (batch, n_classes).

    Returns
    -------
    Tensor
        Mean over the batch.
    """
    return cross_entropy(student_logits.float(), teacher_logits.argmax(dim=1))


class HardTargetLoss(DistillationLoss):
    """`hard_loss` to the teacher's logits."""

    def distillation_loss(self, output: Output, batch: Batch, epoch: int) -> Tensor:
        """Loss of one batch."""
        return hard_loss(output.logits, self.teacher_logits(output, batch))


LOSS = HardTargetLoss
