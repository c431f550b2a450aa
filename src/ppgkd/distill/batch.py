"""The inputs of a loss other than the network's output."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Batch(NamedTuple):
    """What a loss may know of a batch in addition to the network's output.

    Attributes
    ----------
    rows
        Windows in the batch, shape (batch,).
    view
        Number of the view.
    hr_bpm
        Reference in the view, shape (batch,); NaN in unlabelled windows.
    labels
        Softened reference, shape (batch, 180); zero in unlabelled windows.
    """

    rows: Tensor
    view: int
    hr_bpm: Tensor
    labels: Tensor

    def take(self, chosen: Tensor) -> Batch:
        """Some windows of the batch, by their positions in it, which are on the CPU."""
        on_device = chosen.to(self.hr_bpm.device)
        return Batch(self.rows[chosen], self.view, self.hr_bpm[on_device], self.labels[on_device])
