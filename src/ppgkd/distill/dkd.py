"""Decoupled knowledge distillation (Zhao et al., CVPR 2022).

The divergence of the student from the teacher is a sum of two terms: one over {target, not target}
(TCKD), and one over the other classes among themselves (NCKD), which has the weight 1 - p_t, where
p_t is the teacher's probability of the target class. Here each term has a weight of its own.

Heart-rate classes are ordinal and the reference lies between two of them. The *target class* is
the class nearest to the reference (`ppgkd.heart_rate.class_of`): the mode of the softened label.
Neighbouring classes count as other classes.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import kl_div

from ppgkd.distill.batch import Batch
from ppgkd.distill.loss import DistillationLoss
from ppgkd.heart_rate import class_of
from ppgkd.models.output import Output


def dkd_loss(
    student_logits: Tensor,
    teacher_logits: Tensor,
    target: Tensor,
    alpha: float,
    beta: float,
    temperature: float,
) -> Tensor:
    """Equation 7 of the paper: (alpha TCKD + beta NCKD) T².

    Parameters
    ----------
    student_logits, teacher_logits
        Shape (batch, n_classes).
    target
        Class indices, shape (batch,).
    alpha, beta
        Weights of the target-class and of the non-target-class term.
    temperature
        Divisor of both logits.

    Returns
    -------
    Tensor
        Mean over the batch.
    """
    student = student_logits.float() / temperature
    teacher = teacher_logits.float() / temperature
    is_target = torch.zeros_like(student, dtype=torch.bool).scatter_(1, target[:, None], True)
    tckd = _divergence(_target_or_not(student, is_target), _target_or_not(teacher, is_target))
    nckd = _divergence(_among_others(student, is_target), _among_others(teacher, is_target))
    return (alpha * tckd + beta * nckd) * temperature**2


def _target_or_not(logits: Tensor, is_target: Tensor) -> Tensor:
    """Log probabilities of the target class and of all others together, shape (batch, 2)."""
    others = logits.masked_fill(is_target, -torch.inf).logsumexp(dim=1)
    return torch.log_softmax(torch.stack([logits[is_target], others], dim=1), dim=1)


def _among_others(logits: Tensor, is_target: Tensor) -> Tensor:
    """Log probabilities of the other classes among themselves, shape (batch, n_classes - 1)."""
    return torch.log_softmax(logits[~is_target].view(len(logits), -1), dim=1)


def _divergence(student: Tensor, teacher: Tensor) -> Tensor:
    return kl_div(student, teacher, reduction="batchmean", log_target=True)


def target_class(hr_bpm: Tensor, teacher_logits: Tensor) -> Tensor:
    """Target class of DKD: the class nearest to the reference.

    In an unlabelled window, it is the teacher's most likely class.

    Parameters
    ----------
    hr_bpm
        Reference, shape (batch,); NaN in unlabelled windows.
    teacher_logits
        Shape (batch, 180).
    """
    return torch.where(hr_bpm.isnan(), teacher_logits.argmax(dim=1), class_of(hr_bpm.nan_to_num()))


class DKDLoss(DistillationLoss):
    """`dkd_loss` to the teacher's logits; its weight grows linearly during the warm-up epochs."""

    def distillation_loss(self, output: Output, batch: Batch, epoch: int) -> Tensor:
        """Loss of one batch."""
        settings, teacher = self.settings, self.teacher_logits(output, batch)
        warmup = min(1.0, (epoch + 1) / (settings["warmup_epochs"] + 1))
        return warmup * dkd_loss(
            output.logits,
            teacher,
            target_class(batch.hr_bpm, teacher),
            alpha=settings["alpha"],
            beta=settings["beta"],
            temperature=settings["temperature"],
        )


LOSS = DKDLoss
