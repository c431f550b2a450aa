"""The residual network along frequency (`ppgkd.models.spectral_resnet`) as ONNX operators."""

from __future__ import annotations

import numpy as np

from ppgkd.export.layers import Layers, Weights, fold_normalisation
from ppgkd.models.capacity import BINS, DILATIONS, HARMONICS, KERNEL, InputShape
from ppgkd.models.front_end import position_map

ENTRY = """
    spectra_map = Reshape(spectra, spectra_shape)
    batch = Shape <start = 0, end = 1> (spectra)
    position_shape = Concat <axis = 0> (batch, one_position)
    position_map = Expand(position, position_shape)
    entry = Concat <axis = 1> (spectra_map, position_map)
"""

HEAD = """
    head = Conv <kernel_shape = [1, 1]> ({entry}, head_weight, head_bias)
    by_bin = Transpose <perm = [0, 2, 3, 1]> (head)
    logits = Reshape(by_bin, logits_shape)
"""


def layers(weights: Weights, inputs: InputShape) -> Layers:
    """Write the layers from ``spectra`` (batch, n_spectra, n_harmonics x 90) to ``logits``.

    Parameters
    ----------
    weights
        Of a `ppgkd.models.spectral_resnet.SpectralResNet`, by their names in its ``state_dict``.
    inputs
        Shape of the windows.
    """
    position = position_map()[None, :, None]
    constants = {
        "position": position,
        "spectra_shape": np.array([-1, inputs.spectra * len(HARMONICS), 1, BINS]),
        "one_position": np.array(position.shape[1:]),
        "logits_shape": np.array([-1, weights["head.weight"].shape[0] * BINS]),
        "head_weight": weights["head.weight"],
        "head_bias": weights["head.bias"],
    }
    nodes = ENTRY

    def convolution(source: str, name: str, module: str, norm: str, dilation: int) -> str:
        constants[f"{name}_weight"], constants[f"{name}_bias"] = fold_normalisation(
            weights, module, norm
        )
        pad = KERNEL // 2 * dilation
        return (
            f"{name} = Conv <kernel_shape = [1, {KERNEL}], dilations = [1, {dilation}], "
            f"pads = [0, {pad}, 0, {pad}]> ({source}, {name}_weight, {name}_bias)\n"
        )

    nodes += convolution("entry", "stem", "stem.0", "stem.1", 1)
    nodes += "hidden = Relu(stem)\n"
    hidden = "hidden"
    for number, dilation in enumerate(DILATIONS):
        body, first, second = f"blocks.{number}.body", f"first_{number}", f"second_{number}"
        nodes += convolution(hidden, first, f"{body}.0", f"{body}.1", dilation)
        nodes += f"active_{number} = Relu({first})\n"
        nodes += convolution(f"active_{number}", second, f"{body}.3", f"{body}.4", dilation)
        nodes += f"sum_{number} = Add({hidden}, {second})\n"
        nodes += f"hidden_{number} = Relu(sum_{number})\n"
        hidden = f"hidden_{number}"
    return Layers(nodes + HEAD.format(entry=hidden), constants)
