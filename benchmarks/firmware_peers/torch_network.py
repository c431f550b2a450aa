"""A network's layers as a PyTorch module, for peers that take one."""

from __future__ import annotations

from typing import Any

import torch
from onnx import NodeProto, helper
from torch import Tensor, nn

from firmware_peers.network import Network, constants_of


class TorchNetwork(nn.Module):
    """The layers of a network: convolutions along positions, sums, ReLU, and the mean.

    Parameters
    ----------
    network
        Of a student.
    convolution
        ``nn.Conv1d``, or ``nn.Conv2d`` with maps of height 1.
    """

    def __init__(self, network: Network, convolution: type[nn.Conv1d | nn.Conv2d]) -> None:
        super().__init__()
        self.flat = convolution is nn.Conv1d
        graph, constants = network.layers.graph, constants_of(network.layers)
        self.steps = [
            (f"layer_{n}", tuple(i for i in node.input if i not in constants), node.output[0])
            for n, node in enumerate(graph.node)
        ]
        for (name, _, _), node in zip(self.steps, graph.node, strict=True):
            self.add_module(name, self._module(node, constants, convolution))
        self.entry = graph.input[0].name
        channels, _, positions = network.entries.shape[1:]
        self.input_shape = (positions, channels)  # which Qualia wants to know

    def forward(self, x: Tensor) -> Tensor:
        """Map entries to what the last convolution makes."""
        made = {self.entry: x}
        for name, entries, output in self.steps:
            made[output] = getattr(self, name)(*(made[entry] for entry in entries))
        return made[output]

    def _module(
        self, node: NodeProto, constants: dict[str, Any], convolution: type[nn.Conv1d | nn.Conv2d]
    ) -> nn.Module:
        if node.op_type != "Conv":
            pool = nn.AdaptiveAvgPool1d(1) if self.flat else nn.AdaptiveAvgPool2d(1)
            return {"Relu": nn.ReLU(), "Add": _Sum(), "GlobalAveragePool": pool}[node.op_type]
        weight, bias = (torch.tensor(constants[name]) for name in node.input[1:])
        said = {part.name: helper.get_attribute_value(part) for part in node.attribute}
        first = 1 if self.flat else 0
        outputs, inputs, *taps = weight.squeeze(2).shape if self.flat else weight.shape
        layer = convolution(
            inputs,
            outputs,
            tuple(taps),
            stride=tuple(said.get("strides", [1, 1])[first:]),
            padding=tuple(said.get("pads", [0, 0, 0, 0])[first:2]),
            dilation=tuple(said.get("dilations", [1, 1])[first:]),
        )
        layer.weight.data, layer.bias.data = weight.reshape(layer.weight.shape), bias
        return layer


class _Sum(nn.Module):
    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        return first + second
