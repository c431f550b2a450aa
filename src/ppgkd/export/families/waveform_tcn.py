"""The dilated network along time (`ppgkd.models.waveform_tcn`) as ONNX operators."""

from __future__ import annotations

from ppgkd.export.along_time import with_entry_and_head
from ppgkd.export.layers import Layers, Weights, fold_normalisation
from ppgkd.models.capacity import (
    STEM_KERNEL,
    TCN_DILATIONS,
    TCN_KERNEL,
    TCN_STRIDE,
    InputShape,
)


def layers(weights: Weights, inputs: InputShape) -> Layers:
    """Write the layers from ``window`` (batch, n_channels, n_samples) to ``logits``.

    Parameters
    ----------
    weights
        Of a `ppgkd.models.waveform_tcn.WaveformTCN`, by their names in its ``state_dict``.
    inputs
        Shape of the windows.
    """
    width = weights["head.weight"].shape[1]
    constants, nodes = {}, ""

    def convolution(
        source: str,
        name: str,
        module: str,
        norm: str,
        kernel: int,
        more: str = "",
        dilation: int = 1,
    ) -> str:
        constants[f"{name}_weight"], constants[f"{name}_bias"] = fold_normalisation(
            weights, module, norm
        )
        pad = kernel // 2 * dilation
        return (
            f"{name} = Conv <kernel_shape = [1, {kernel}], dilations = [1, {dilation}], "
            f"pads = [0, {pad}, 0, {pad}]{more}> ({source}, {name}_weight, {name}_bias)\n"
        )

    stride, by_channel = f", strides = [1, {TCN_STRIDE}]", f", group = {width}"
    nodes += convolution("entry", "stem", "stem.0", "stem.1", STEM_KERNEL, stride)
    nodes += "hidden = Relu(stem)\n"
    hidden = "hidden"
    for number, dilation in enumerate(TCN_DILATIONS):
        body, first, second = f"blocks.{number}.body", f"first_{number}", f"second_{number}"
        nodes += convolution(
            hidden, first, f"{body}.0", f"{body}.1", TCN_KERNEL, by_channel, dilation
        )
        nodes += f"active_{number} = Relu({first})\n"
        nodes += convolution(f"active_{number}", second, f"{body}.3", f"{body}.4", 1)
        nodes += f"sum_{number} = Add({hidden}, {second})\n"
        nodes += f"hidden_{number} = Relu(sum_{number})\n"
        hidden = f"hidden_{number}"
    return with_entry_and_head(Layers(nodes, constants), hidden, weights, inputs)
