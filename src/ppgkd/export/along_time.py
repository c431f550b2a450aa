"""What the networks along time (`ppgkd.models.along_time`) share, as ONNX operators."""

from __future__ import annotations

import numpy as np

from ppgkd.export.layers import Layers, Weights
from ppgkd.models.capacity import InputShape

ENTRY = """
    entry = Reshape(window, entry_shape)
"""

HEAD = """
    pooled = GlobalAveragePool({hidden})
    head = Conv <kernel_shape = [1, 1]> (pooled, head_weight, head_bias)
    logits = Flatten <axis = 1> (head)
"""


def with_entry_and_head(
    blocks: Layers, hidden: str, weights: Weights, inputs: InputShape
) -> Layers:
    """Put the entry before stem and blocks, and mean and classes behind them.

    Parameters
    ----------
    blocks
        From ``entry``, (batch, n_channels, 1, n_samples), to ``hidden``.
    hidden
        Name of the last block's output.
    weights
        Of the network.
    inputs
        Shape of the windows.
    """
    constants = {
        "entry_shape": np.array([-1, inputs.channels, 1, inputs.n_samples]),
        "head_weight": weights["head.weight"],
        "head_bias": weights["head.bias"],
    }
    nodes = ENTRY + blocks.nodes + HEAD.format(hidden=hidden)
    return Layers(nodes, {**constants, **blocks.constants})
