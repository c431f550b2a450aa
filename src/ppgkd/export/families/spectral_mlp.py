"""The perceptron on each sensor's spectrum (`ppgkd.models.spectral_mlp`) as ONNX operators."""

from __future__ import annotations

import numpy as np

from ppgkd.export.layers import Layers, Weights
from ppgkd.export.perceptron import perceptron_layers
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

RESHAPE = """
    entry = Reshape(sensors, entry_shape)
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
    shared = perceptron_layers(weights)
    constants = {
        "sensor_sizes": np.array([inputs.ppg_channels, 1]),
        "channel_axis": np.array([1]),
        "entry_shape": np.array([-1, inputs.sensors * len(HARMONICS) * BINS]),
    }
    nodes = ENTRY[bool(inputs.acc_channels)] + RESHAPE + shared.nodes
    return Layers(nodes, {**constants, **shared.constants})
