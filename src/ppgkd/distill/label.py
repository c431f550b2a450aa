"""Learning from the reference: cross-entropy to the softened label."""

from __future__ import annotations

import torch
from torch import Tensor


def label_loss(student_logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy to a distribution over the classes.

    A window without a reference does not contribute.

    Parameters
    ----------
    student_logits
        Shape (batch, n_classes).
    labels
        Probabilities, shape (batch, n_classes); rows of zeros where there is no reference.

    Returns
    -------
    Tensor
        Mean over the windows of the batch that have a reference; zero if none has.
    """
    log_probabilities = torch.log_softmax(student_logits.float(), dim=1)
    referenced = labels.any(dim=1).sum().clamp_min(1)
    return -(labels.float() * log_probabilities).sum() / referenced
