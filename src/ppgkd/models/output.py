"""What every network returns."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

POSITIONS = 18
"""Places along frequency at which a residual network's features are kept, 10 BPM each."""


class Output(NamedTuple):
    """Logits and the features that a student can be taught to imitate.

    Attributes
    ----------
    logits
        Shape (n_windows, 180).
    features
        Last hidden activations, shape (n_windows, n_features, n_positions); a network without a
        frequency axis has one position.
    """

    logits: Tensor
    features: Tensor
