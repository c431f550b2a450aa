"""From scratch: the reference alone, without a teacher. Teachers are trained in this way, too."""

from __future__ import annotations

from torch import Tensor, nn

from ppgkd.distill.batch import Batch
from ppgkd.distill.label import label_loss
from ppgkd.models.output import Output


class LabelLoss(nn.Module):
    """Cross-entropy to the softened reference."""

    def forward(self, output: Output, batch: Batch, epoch: int) -> Tensor:
        """Loss of one batch."""
        return label_loss(output.logits, batch.labels)


LOSS = LabelLoss
