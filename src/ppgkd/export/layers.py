"""Layers of a trained network as ONNX text: what the families' files have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Weights = Mapping[str, NDArray[np.float32]]
"""Weights of a network by their names in its ``state_dict``."""

NORM_EPS = 1e-5
"""What PyTorch's batch normalisation adds to a variance."""


class Layers(NamedTuple):
    """Part of a graph.

    Attributes
    ----------
    nodes
        In ONNX's text format.
    constants
        Arrays that the nodes name.
    """

    nodes: str
    constants: dict[str, NDArray[Any]]


def fold_normalisation(
    weights: Weights, layer: str, norm: str
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Fold a batch normalisation into the layer without bias before it.

    Parameters
    ----------
    weights
        Of the network.
    layer, norm
        Names of the two modules.

    Returns
    -------
    weight, bias
        Of one layer that computes both.
    """
    kernel = weights[f"{layer}.weight"]
    scale = weights[f"{norm}.weight"] / np.sqrt(weights[f"{norm}.running_var"] + NORM_EPS)
    by_output = scale.reshape(-1, *[1] * (kernel.ndim - 1))
    bias = weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * scale
    return (kernel * by_output).astype(np.float32), bias.astype(np.float32)
