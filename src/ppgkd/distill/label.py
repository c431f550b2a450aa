"""Learning from the reference: cross-entropy to the softened label."""

from __future__ import annotations

import torch
from torch import Tensor


def label_loss(student_logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy to a distribution over the classes.

    Parameters
    ----------
    student_logits
        Shape (batch, n_classes).
    labels
        Probabilities, shape (batch, n_classes).

    Returns
    -------
    Tensor
        Mean over the batch.
    """
    log_probabilities = torch.log_softmax(student_logits.float(), dim=1)
    return -(labels.float() * log_probabilities).sum(dim=1).mean()
