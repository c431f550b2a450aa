"""An ensemble of teachers: the mean of their distributions."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ppgkd.models.output import Output


class Ensemble(nn.Module):
    """Mean distribution of several networks.

    Parameters
    ----------
    members
        Networks for the same windows.
    """

    def __init__(self, members: Sequence[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, window: Tensor) -> Output:
        """Map windows to the logarithm of the members' mean probability, and all their features."""
        outputs = [member(window) for member in self.members]
        each = torch.stack([torch.log_softmax(output.logits, dim=1) for output in outputs])
        mean = torch.logsumexp(each, dim=0) - torch.log(torch.tensor(float(len(outputs))))
        return Output(mean, torch.cat([output.features for output in outputs], dim=1))
