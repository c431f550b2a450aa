"""What a model costs, read from its file alone: products, bytes of constants, activations."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import onnx

from ppgkd.profile.folded import DEQUANTIZE, FoldedGraph, fold

PRODUCTS = ("Conv", "Gemm", "MatMul")
"""Operators whose multiply-accumulates are counted; all others are small beside them."""

VIEWS = ("Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze")
"""Operators that give the same bytes another shape."""


@dataclass(frozen=True)
class GraphCost:
    """Costs of a graph, for one window.

    Attributes
    ----------
    macs
        Multiply-accumulates of the convolutions and matrix products.
    int8_macs
        Those of them between 8-bit numbers.
    parameter_bytes
        Weights: constants that the file holds and that convolutions and matrix products read, with
        their biases, and with their scales and zero points in an 8-bit file.
    table_bytes
        All other constants: those that are made from formulas when the file is loaded, and small
        ones.
    graph_bytes
        The description of the nodes.
    input_bytes
        What comes in.
    peak_activation_bytes
        See `peak_activation_bytes`.
    """

    macs: int
    int8_macs: int
    parameter_bytes: int
    table_bytes: int
    graph_bytes: int
    input_bytes: int
    peak_activation_bytes: int


def graph_cost(model: onnx.ModelProto) -> GraphCost:
    """Count what a model costs for one window, after ONNX Runtime has folded its constants."""
    graph = fold(model)
    weights = _weights(graph)
    products = [node for node in graph.nodes if node.op_type in PRODUCTS]
    return GraphCost(
        macs=sum(_macs(graph, node) for node in products),
        int8_macs=sum(_macs(graph, node) for node in products if graph.runs_in_int8(node)),
        parameter_bytes=_bytes(graph, weights),
        table_bytes=_bytes(graph, graph.constants - weights),
        graph_bytes=sum(node.ByteSize() for node in graph.nodes),
        input_bytes=_bytes(graph, graph.inputs),
        peak_activation_bytes=peak_activation_bytes(graph),
    )


def peak_activation_bytes(graph: FoldedGraph) -> int:
    """Largest sum of the tensors that are needed at the same time.

    The nodes run in the order of the file that ONNX Runtime writes. A tensor is there from the node
    that makes it to the last node that reads it, both included, an output to the end. No node works
    in place, but a change of the shape alone makes no new tensor. In an 8-bit file, what lies
    between a node that runs in 8 bits and the ``QuantizeLinear`` or ``DequantizeLinear`` beside it
    takes one byte for each number. Inputs and constants are not counted.
    """
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    for step, node in enumerate(graph.nodes):
        for name in filter(None, (*node.input, *node.output)):
            home = _home(graph, name)
            first.setdefault(home, step)
            last[home] = step
    for name in graph.outputs:
        last[_home(graph, name)] = len(graph.nodes) - 1
    homes = first.keys() - graph.inputs - graph.constants
    return max(
        _bytes(graph, (home for home in homes if first[home] <= step <= last[home]))
        for step in range(len(graph.nodes))
    )


def _home(graph: FoldedGraph, name: str) -> str:
    """Tensor in whose memory a tensor lies."""
    maker = graph.maker(name)
    if maker is None:
        return name
    if maker.op_type in VIEWS or (maker.op_type == DEQUANTIZE and _stays_in_int8(graph, name)):
        return _home(graph, maker.input[0])
    if graph.runs_in_int8(maker):
        return _home(graph, graph.readers(name)[0].output[0])
    return name


def _stays_in_int8(graph: FoldedGraph, name: str) -> bool:
    """Whether nothing needs the floats of a dequantised tensor."""
    return name not in graph.outputs and all(map(graph.runs_in_int8, graph.readers(name)))


def _macs(graph: FoldedGraph, node: onnx.NodeProto) -> int:
    results = math.prod(graph.tensors[node.output[0]].shape)
    left, right = (graph.tensors[name].shape for name in node.input[:2])
    if node.op_type == "Conv":
        return results * math.prod(right[1:])
    transposed = any(one.name == "transA" and one.i for one in node.attribute)
    return results * (left[0] if transposed else left[-1])


def _weights(graph: FoldedGraph) -> frozenset[str]:
    read: set[str] = set()
    for node in graph.nodes:
        if node.op_type in PRODUCTS:
            for name in node.input:
                maker = graph.maker(name)
                dequantized = maker is not None and maker.op_type == DEQUANTIZE
                read.update(maker.input if maker is not None and dequantized else [name])
    return graph.stored & read


def _bytes(graph: FoldedGraph, names: Iterable[str]) -> int:
    return sum(graph.tensors[name].n_bytes for name in names)
