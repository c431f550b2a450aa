"""The layers that the perceptrons share (`ppgkd.models.perceptron`), as ONNX operators."""

from __future__ import annotations

from ppgkd.export.layers import Layers, Weights, fold_normalisation

LAYERS = """
    first = Gemm <transB = 1> (entry, first_weight, first_bias)
    first_active = Relu(first)
    second = Gemm <transB = 1> (first_active, second_weight, second_bias)
    second_active = Relu(second)
    logits = Gemm <transB = 1> (second_active, head_weight, head_bias)
"""


def perceptron_layers(weights: Weights) -> Layers:
    """Write the layers from ``entry`` (batch, n) to ``logits``.

    Parameters
    ----------
    weights
        Of a perceptron, by their names in its ``state_dict``.
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
