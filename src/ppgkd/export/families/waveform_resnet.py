"""The residual network along time (`ppgkd.models.waveform_resnet`) as ONNX operators."""

from __future__ import annotations

from ppgkd.export.along_time import with_entry_and_head
from ppgkd.export.layers import Layers, Weights, fold_normalisation
from ppgkd.models.capacity import KERNEL, STAGES, STEM_KERNEL, InputShape


def layers(weights: Weights, inputs: InputShape) -> Layers:
    """Write the layers from ``window`` (batch, n_channels, n_samples) to ``logits``.

    Parameters
    ----------
    weights
        Of a `ppgkd.models.waveform_resnet.WaveformResNet`, by their names in its ``state_dict``.
    inputs
        Shape of the windows.
    """
    constants, nodes = {}, ""

    def convolution(source: str, name: str, module: str, norm: str, kernel: int, step: int) -> str:
        constants[f"{name}_weight"], constants[f"{name}_bias"] = fold_normalisation(
            weights, module, norm
        )
        return (
            f"{name} = Conv <kernel_shape = [1, {kernel}], strides = [1, {step}], "
            f"pads = [0, {kernel // 2}, 0, {kernel // 2}]> ({source}, {name}_weight, {name}_bias)\n"
        )

    nodes += convolution("entry", "stem", "stem.0", "stem.1", STEM_KERNEL, 2)
    nodes += "hidden = Relu(stem)\n"
    hidden = "hidden"
    for number in range(STAGES):
        block, first, second = f"blocks.{number}", f"first_{number}", f"second_{number}"
        body, skip, passed = f"{block}.body", f"{block}.skip", f"passed_{number}"
        nodes += convolution(hidden, passed, f"{skip}.0", f"{skip}.1", 1, 2)
        nodes += convolution(hidden, first, f"{body}.0", f"{body}.1", KERNEL, 2)
        nodes += f"active_{number} = Relu({first})\n"
        nodes += convolution(f"active_{number}", second, f"{body}.3", f"{body}.4", KERNEL, 1)
        nodes += f"sum_{number} = Add({passed}, {second})\n"
        nodes += f"hidden_{number} = Relu(sum_{number})\n"
        hidden = f"hidden_{number}"
    return with_entry_and_head(Layers(nodes, constants), hidden, weights, inputs)
