"""The perceptron on each sensor's spectrum (`ppgkd.models.spectral_mlp`) as ONNX operators."""

from __future__ import annotations

import numpy as np

from ppgkd.export.layers import Layers, Weights, fold_normalisation
from ppgkd.models.capacity import BINS, HARMONICS, InputShape

ENTRY = {
    True: """
    ppg_spectra, acc_spectra = Split <axis = 1> (spectra, sensor_sizes)
    ppg_mean = ReduceMean(ppg_spectra, channel_axis)
    sensors = Concat <axis = 1> (ppg_mean, acc_spectra)
""",
    False: """
    sensors = ReduceMean(spectra, channel_axis)
""",
}
"""With an accelerometer, and without."""

LAYERS = """
    entry = Reshape(sensors, entry_shape)
    first = Gemm <transB = 1> (entry, first_weight, first_bias)
    first_active = Relu(first)
    second = Gemm <transB = 1> (first_active, second_weight, second_bias)
    second_active = Relu(second)
    logits = Gemm <transB = 1> (second_active, head_weight, head_bias)
"""


def layers(weights: Weights, inputs: InputShape) -> Layers:
    """Write the layers from ``spectra`` (batch, n_spectra, n_harmonics x 90) to ``logits``.

    Parameters
    ----------
    weights
        Of a `ppgkd.models.spectral_mlp.SpectralMLP`, by their names in its ``state_dict``.
    inputs
        Shape of the windows.
    """
    first_weight, first_bias = fold_normalisation(weights, "hidden.0", "hidden.1")
    second_weight, second_bias = fold_normalisation(weights, "hidden.3", "hidden.4")
    constants = {
        "sensor_sizes": np.array([inputs.ppg_channels, 1]),
        "channel_axis": np.array([1]),
        "entry_shape": np.array([-1, inputs.sensors * len(HARMONICS) * BINS]),
        "first_weight": first_weight,
        "first_bias": first_bias,
        "second_weight": second_weight,
        "second_bias": second_bias,
        "head_weight": weights["head.weight"],
        "head_bias": weights["head.bias"],
    }
    return Layers(ENTRY[bool(inputs.acc_channels)] + LAYERS, constants)
