"""The network of a student as a list of layers, read from its ONNX graph.

Float graphs and quantised ones have the same layers. In the latter `Tensor.quantised` says how a
tensor is stored.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from ppgkd.errors import PpgkdError
from ppgkd.export import SPECTRA


@dataclass(frozen=True)
class Quantised:
    """Scale and zero point of a tensor in eight bits."""

    scale: float
    zero: int


@dataclass
class Tensor:
    """What a layer makes.

    Attributes
    ----------
    channels, positions
        Its shape.
    quantised
        How it is stored; None, in float.
    """

    name: str
    channels: int
    positions: int
    quantised: Quantised | None = None


@dataclass
class Layer:
    """A layer with weights, or the mean over positions.

    Attributes
    ----------
    kind
        A perceptron's layer is a convolution of one position: the first one, with as many taps as
        its input has positions.
    entry
        Tensor that it takes; None for the first layer.
    made
        Tensor that it makes.
    weight, bias
        Shape (outputs, inputs of a group, taps) and (outputs,).
    weight_scale
        Of each output, if the weights are integers.
    before
        How the sum is rounded before path and activation; None, not at all.
    added
        Tensor of the path around a block.
    relu
        Whether negative values become zero.
    """

    kind: Literal["conv", "mean"]
    entry: Tensor | None
    made: Tensor
    weight: NDArray[Any] = field(default_factory=lambda: np.zeros((0, 0, 0)))
    bias: NDArray[Any] = field(default_factory=lambda: np.zeros(0))
    weight_scale: NDArray[np.float32] | None = None
    stride: int = 1
    dilation: int = 1
    padding: int = 0
    groups: int = 1
    before: Quantised | None = None
    added: Tensor | None = None
    relu: bool = False


@dataclass(frozen=True)
class NetworkLayers:
    """A network between what it sees and the logits.

    Attributes
    ----------
    sees
        ``spectra``, with the bins' places; ``mean spectra``, of the PPG channels; ``window``.
    inputs
        Channels of a column of what it sees.
    columns
        How many there are: bins or samples.
    entry
        How a column is quantised; None, not at all.
    layers
        In the order in which they run. The last makes the logits.
    by_bin
        Whether each position of the logits gives the neighbouring classes of its bin.
    floor, shift
        Of each sensor's log power, if the network sees spectra.
    """

    sees: Literal["spectra", "mean spectra", "window"]
    inputs: int
    columns: int
    entry: Quantised | None
    layers: list[Layer]
    by_bin: bool
    floor: tuple[float, ...]
    shift: tuple[float, ...]

    @property
    def n_params(self) -> int:
        """Weights and biases."""
        return sum(layer.weight.size + layer.bias.size for layer in self.layers)

    @property
    def is_quantised(self) -> bool:
        """Whether weights and activations are in eight bits."""
        return any(layer.weight_scale is not None for layer in self.layers)


def read_network(graph: onnx.GraphProto) -> NetworkLayers:
    """Read the layers of a network graph.

    Parameters
    ----------
    graph
        From `ppgkd.export.subgraphs.split_graph`.

    Raises
    ------
    PpgkdError
        If an operator between what the network sees and its logits is not one of a family.
    """
    reader = _Reader(graph)
    first = next(node for node in graph.node if node.op_type in ("Conv", "Gemm"))
    sees_spectra = any(SPECTRA in node.output for node in graph.node)
    by_bin = any(node.op_type == "Transpose" for node in graph.node)
    logits = next(node.input[0] for node in graph.node if node.op_type == "Softmax")
    n_columns = 90 if sees_spectra else int(reader.n_samples)
    reader.read(first, n_columns, logits)
    last = reader.layers[-1]
    if last.made.quantised:  # logits are rounded, and then numbers
        last.before, last.made.quantised = last.made.quantised, None
    floor, shift = _log_constants(graph, reader) if sees_spectra else ((), ())
    weight = reader.layers[0].weight
    is_conv = first.op_type == "Conv"
    sees: Literal["spectra", "mean spectra", "window"] = (
        "window" if not sees_spectra else "spectra" if is_conv else "mean spectra"
    )
    return NetworkLayers(
        sees, weight.shape[1], n_columns, reader.entry, reader.layers, by_bin, floor, shift
    )


class _Reader:
    """Walks through a graph from the first layer to the logits."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self.nodes = list(graph.node)
        self.constants = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
        self.n_samples = graph.input[0].type.tensor_type.shape.dim[2].dim_value
        self.entry: Quantised | None = None
        self.layers: list[Layer] = []
        self._made_by: dict[str, Layer] = {}
        self._scales: dict[str, NDArray[np.float32]] = {}
        self._same_as: dict[str, str] = {}

    def read(self, first: onnx.NodeProto, n_columns: int, logits: str) -> None:
        for node in self.nodes:
            if node.op_type == "DequantizeLinear" and node.input[0] in self.constants:
                self._read_weight(node)
        entry = first.input[0]
        seen = {entry}
        self._entry_names = seen
        self._n_columns = n_columns
        # what the first layer takes may be quantised before it
        for node in reversed(self.nodes[: self.nodes.index(first)]):
            if node.output[0] in seen and node.op_type in ("DequantizeLinear", "QuantizeLinear"):
                if node.op_type == "QuantizeLinear":
                    self.entry = self._quantised(node)
                seen.add(node.input[0])
        for node in self.nodes[self.nodes.index(first) :]:
            if self._root(logits) in self._made_by and node.op_type == "Softmax":
                return
            self._read_node(node)

    def _read_weight(self, node: onnx.NodeProto) -> None:
        value, scale = (self.constants[name] for name in node.input[:2])
        zero = self.constants[node.input[2]] if len(node.input) > 2 else 0
        if np.any(zero):
            raise PpgkdError(
                f"The weights of {node.output[0]} have a zero point that is not zero. Quantise the "
                "student with this version's workflow."
            )
        self.constants[node.output[0]] = value
        self._scales[node.output[0]] = np.atleast_1d(scale)

    def _quantised(self, node: onnx.NodeProto) -> Quantised:
        scale, zero = (self.constants[name] for name in node.input[1:3])
        if zero.dtype != np.uint8:
            raise PpgkdError(
                f"The activations of the student are {zero.dtype}, not uint8. Quantise it with "
                "this version's workflow."
            )
        return Quantised(float(scale), int(zero))

    def _root(self, name: str) -> str:
        while name in self._same_as:
            name = self._same_as[name]
        return name

    def _layer(self, name: str) -> Layer:
        return self._made_by[self._root(name)]

    def _read_node(self, node: onnx.NodeProto) -> None:
        kind, name, made = node.op_type, node.input[0] if node.input else "", node.output[0]
        if kind in ("Conv", "Gemm"):
            self._add(made, self._weighted(node))
        elif kind == "GlobalAveragePool":
            entry = self._layer(name).made
            self._add(made, Layer("mean", entry, Tensor(made, entry.channels, 1)))
        elif self._root(name) not in self._made_by:
            return  # of the front end, or of the decoding
        elif kind == "QuantizeLinear":
            self._same_as[made] = name
            self._layer(name).made.quantised = self._quantised(node)
        elif kind in ("DequantizeLinear", "Flatten", "Reshape", "Transpose"):
            self._same_as[made] = name
        elif kind == "Relu":
            layer = self._layer(name)
            self._begin_activation(layer)
            layer.relu = True
            self._same_as[made] = name
        elif kind == "Add":
            layers = [self._layer(one) for one in node.input]
            layer, path = sorted(layers, key=self.layers.index, reverse=True)
            self._begin_activation(layer)
            layer.added = path.made
            self._same_as[made] = next(one for one in node.input if self._layer(one) is layer)
        else:
            raise PpgkdError(
                f"The network has the operator {kind}, which is not one of a family of ppgkd. Use "
                "a model.onnx that a study has exported."
            )

    def _begin_activation(self, layer: Layer) -> None:
        """Note that the sum, and not what follows it, was rounded so far."""
        if layer.made.quantised:
            layer.before, layer.made.quantised = layer.made.quantised, None

    def _add(self, made: str, layer: Layer) -> None:
        self.layers.append(layer)
        self._made_by[made] = layer

    def _weighted(self, node: onnx.NodeProto) -> Layer:
        values = {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}
        weight, bias = (self.constants[name] for name in node.input[1:3])
        scale = self._scales.get(node.input[1])
        is_first = not self.layers
        entry = None if is_first else self._layer(node.input[0]).made
        positions = self._n_columns if is_first else entry.positions  # type: ignore[union-attr]
        if node.op_type == "Gemm":
            inputs = weight.shape[1]
            taps = positions if is_first else 1
            weight = weight.reshape(len(weight), inputs // taps, taps)
        else:
            weight = weight[:, :, 0]
        outputs, _, taps = weight.shape
        stride = int(values.get("strides", [1, 1])[1])
        dilation = int(values.get("dilations", [1, 1])[1])
        padding = int(values.get("pads", [0, 0, 0, 0])[1])
        found = (positions + 2 * padding - dilation * (taps - 1) - 1) // stride + 1
        return Layer(
            "conv",
            entry,
            Tensor(node.output[0], outputs, found),
            weight,
            bias,
            scale,
            stride,
            dilation,
            padding,
            int(values.get("group", 1)),
        )


def _log_constants(
    graph: onnx.GraphProto, reader: _Reader
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Floor and shift of each sensor's log power."""
    made_by = {node.output[0]: node for node in graph.node}
    shifted = made_by[SPECTRA]
    above_floor = made_by[made_by[made_by[shifted.input[0]].input[0]].input[0]]
    floor, shift = (reader.constants[node.input[1]] for node in (above_floor, shifted))
    return tuple(map(float, floor.ravel())), tuple(map(float, shift.ravel()))
