"""The output of every network."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

POSITIONS = 18
"""Positions along frequency of the features of a residual network, 10 BPM each."""


class Output(NamedTuple):
    """Logits, and features that a student can learn to predict.

    Attributes
    ----------
    logits
        Shape (n_windows, 180).
    features
        Last hidden activations, shape (n_windows, n_features, n_positions). Positions are those
        along frequency; a network without a frequency axis has one.
    """

    logits: Tensor
    features: Tensor
