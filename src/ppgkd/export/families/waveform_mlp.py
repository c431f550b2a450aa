"""The perceptron on all samples (`ppgkd.models.waveform_mlp`) as ONNX operators."""

from __future__ import annotations

from ppgkd.export.layers import Layers, Weights, fold_normalisation
from ppgkd.models.capacity import InputShape

LAYERS = """
    entry = Flatten <axis = 1> (window)
    first = Gemm <transB = 1> (entry, first_weight, first_bias)
    first_active = Relu(first)
    second = Gemm <transB = 1> (first_active, second_weight, second_bias)
    second_active = Relu(second)
    logits = Gemm <transB = 1> (second_active, head_weight, head_bias)
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
    first_weight, first_bias = fold_normalisation(weights, "hidden.0", "hidden.1")
    second_weight, second_bias = fold_normalisation(weights, "hidden.3", "hidden.4")
    constants = {
        "first_weight": first_weight,
        "first_bias": first_bias,
        "second_weight": second_weight,
        "second_bias": second_bias,
        "head_weight": weights["head.weight"],
        "head_bias": weights["head.bias"],
    }
    return Layers(LAYERS, constants)
