"""The perceptron on all samples (`ppgkd.models.waveform_mlp`) as ONNX operators."""

from __future__ import annotations

from ppgkd.export.layers import Layers, Weights
from ppgkd.export.perceptron import perceptron_layers
from ppgkd.models.capacity import InputShape

ENTRY = """
    entry = Flatten <axis = 1> (window)
"""


def layers(weights: Weights, inputs: InputShape) -> Layers:
    """Write the layers from ``window`` (batch, n_channels, n_samples) to ``logits``.

    Parameters
    ----------
    weights
        Of a `ppgkd.models.waveform_mlp.WaveformMLP`, by their names in its ``state_dict``.
    inputs
        Shape of the windows.
    """
    shared = perceptron_layers(weights)
    return Layers(ENTRY + shared.nodes, shared.constants)
