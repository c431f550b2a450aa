"""The network of a student in C: its weights, and its layers as calls of the runtime's."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ppgkd.firmware.buffers import SUMS, BufferPlan
from ppgkd.firmware.network import Layer, NetworkLayers, Quantised, Tensor
from ppgkd.firmware.source import c_array, c_float


def network_source(network: NetworkLayers, buffers: BufferPlan) -> str:
    """Write weights and network.

    Parameters
    ----------
    network
        Its layers.
    buffers
        Where its tensors lie.
    """
    layers = [_layer(number, layer, network) for number, layer in enumerate(network.layers)]
    return "\n".join([*[text for text in layers if text], _calls(network, buffers)])


def _layer(number: int, layer: Layer, network: NetworkLayers) -> str:
    if layer.kind == "mean":
        return ""
    outputs, inputs, taps = layer.weight.shape
    skip = layer.groups
    steps = layer.stride, layer.dilation, layer.padding
    name = f"layer_{number}"
    is_int8 = layer.weight_scale is not None
    weight = layer.weight
    if is_int8:
        weight = _by_pairs(layer)
        inputs, skip = weight.shape[1], int(_is_by_channel(layer))
    if layer.entry is None:  # by tap first
        weight = np.moveaxis(weight, 2, 0)
    arrays = [
        c_array("int8_t" if is_int8 else "float", f"{name}_weight", weight),
        c_array("int32_t" if is_int8 else "float", f"{name}_bias", layer.bias),
    ]
    members = [f"{name}_weight", f"{name}_bias"]
    entry = layer.entry.quantised if layer.entry else network.entry
    if is_int8:
        assert entry is not None
        arrays.append(c_array("float", f"{name}_scale", _sum_scale(layer, entry)))
        members.append(f"{name}_scale")
    if layer.entry is None:
        kind, label, storage = "ppgkd_first_layer", "ppgkd_first", "const"
        members.append(_listed(outputs, taps, *steps, layer.made.positions))
        rounded = [entry, _sum_steps(layer), layer.made.quantised]
    else:
        kind, label, storage = "ppgkd_layer", name, "static const"
        shape = inputs, outputs, skip, taps, *steps
        members.append(_listed(*shape, layer.entry.positions, layer.made.positions))
        path = layer.added.quantised if layer.added else None
        rounded = [_sum_steps(layer), path, layer.made.quantised]
    if is_int8:
        members += map(_c_steps, rounded)
    if layer.entry is not None:
        members.append("true" if layer.relu else "false")
    text = ", ".join(members)
    return f"{''.join(arrays)}{storage} {kind} {label}\n    = {{{text}}};\n"


def _is_by_channel(layer: Layer) -> bool:
    """Whether each output sees its own channel alone."""
    return layer.groups == len(layer.weight) > 1 and layer.weight.shape[1] == 1


def _by_pairs(layer: Layer) -> NDArray[Any]:
    """Weights by pair of outputs, the pairs of inputs that it sees, tap, input and output.

    What has no partner has one of zeros, and so has what an output of a group does not see.
    """
    outputs, inputs, taps = layer.weight.shape
    n_out, n_in = (-(-n // 2) for n in (outputs, inputs * layer.groups))
    whole = np.zeros((2 * n_out, 2 * n_in, taps), layer.weight.dtype)
    for o, weight in enumerate(layer.weight):
        first = o * layer.groups // outputs * inputs
        whole[o, first : first + inputs] = weight
    pairs = whole.reshape(n_out, 2, n_in, 2, taps).transpose(0, 2, 4, 3, 1)
    if _is_by_channel(layer):
        return pairs[np.arange(n_out), np.arange(n_out), np.newaxis]
    return pairs


def _sum_steps(layer: Layer) -> Quantised | None:
    """Rounding of a sum before what follows it."""
    return layer.before or layer.made.quantised


def _sum_scale(layer: Layer, entry: Quantised) -> NDArray[np.float32]:
    """Steps of a sum's rounding for one of the sum, of each output, as ONNX Runtime computes it."""
    steps = _sum_steps(layer)
    assert steps is not None
    assert layer.weight_scale is not None
    scale = np.float32(entry.scale) * layer.weight_scale / np.float32(steps.scale)
    return np.broadcast_to(scale, (len(layer.weight),))


def _calls(network: NetworkLayers, buffers: BufferPlan) -> str:
    def at(tensor: Tensor | None) -> str:
        if tensor is None:
            return "NULL"
        offset = buffers.offset[tensor.name]
        base, scale = ("step", 2) if tensor.quantised else ("number", 1)
        return f"{base} + {offset * scale}" if offset else base

    first, *rest = network.layers
    assert first.relu, "every family has an activation behind its first layer"
    if network.is_quantised:
        sums = f"sum + {buffers.offset[SUMS]}"
        lines = [
            f"ppgkd_enter(arena->number, {sums});",
            f"ppgkd_finish_first({sums}, {at(first.made)});",
        ]
    else:
        lines = [
            f"ppgkd_enter(arena->number, {at(first.made)});",
            f"ppgkd_finish_first({at(first.made)});",
        ]
    for number, layer in enumerate(rest, start=1):
        assert layer.entry is not None
        entry, made = at(layer.entry), at(layer.made)
        if layer.kind == "mean":
            shape = f"{layer.entry.channels}, {layer.entry.positions}"
            if layer.made.quantised:
                shape += f", (ppgkd_steps){_c_steps(layer.made.quantised)}"
            lines.append(f"ppgkd_mean({entry}, {shape}, {made});")
        elif network.by_bin and layer is network.layers[-1]:
            lines.append(f"ppgkd_by_bin(&layer_{number}, {entry}, {made});")
        else:
            to_float = network.is_quantised and not layer.made.quantised
            call = "ppgkd_conv_to_float" if to_float else "ppgkd_conv"
            lines.append(f"{call}(&layer_{number}, {entry}, {at(layer.added)}, {made});")
    text = "\n".join(f"    {line}" for line in lines)
    bases = {
        "number": "float *number = arena->number",
        "step": "int16_t *step = arena->step",
        "sum": "int32_t *sum = arena->integer",
    }
    used = [
        f"    {base} + {'2 * ' if name == 'step' else ''}PPGKD_COSINES;"
        for name, base in bases.items()
        if re.search(rf"[ (]{name}\b", text)
    ]
    body = "\n".join([*used, text])
    return f"void ppgkd_network(ppgkd_arena *arena)\n{{\n{body}\n}}\n"


def _c_steps(quantised: Quantised | None) -> str:
    if quantised is None:
        return "{1.0f, 0}"
    return f"{{{c_float(quantised.scale)}, {quantised.zero}}}"


def _listed(*numbers: int) -> str:
    return ", ".join(map(str, numbers))
