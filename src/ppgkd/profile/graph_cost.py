"""The cost of a model from its file alone: multiply-accumulates, constants, activations."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import onnx

from ppgkd.export.subgraphs import front_end_output
from ppgkd.profile.constant_folding import DEQUANTIZE, FoldedGraph, fold_constants

MAC_OPERATORS = ("Conv", "Gemm", "MatMul")
"""Operators whose multiply-accumulates are counted. Those of all others are few in comparison."""

RESHAPES = ("Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze")
"""Operators that change the shape of a tensor and not its bytes."""


@dataclass(frozen=True)
class GraphCost:
    """Costs of a graph, for one window.

    Attributes
    ----------
    macs
        Multiply-accumulates of the convolutions and matrix products.
    int8_macs
        The multiply-accumulates between 8-bit numbers.
    parameter_bytes
        Weights: constants in the file that are inputs of convolutions and matrix products, with the
        biases, and in an 8-bit file with the scales and zero points.
    table_bytes
        All other constants: small ones, and those computed from formulas when the file is loaded.
    graph_bytes
        The description of the nodes.
    input_bytes
        The input of one window.
    peak_activation_bytes
        Largest total size of the tensors that are in memory at the same time.
    flash_bytes
        Weights, tables and graph; without the code of a runtime.
    ram_bytes
        The input, and the peak of the activations.
    front_end_macs, front_end_flash_bytes
        The part of the front end (`ppgkd.export.subgraphs.front_end_output`) of these.
    front_end_ram_bytes
        RAM while the front end runs. That of the whole is this or, if it is more, what is needed
        while the network runs.
    """

    macs: int
    int8_macs: int
    parameter_bytes: int
    table_bytes: int
    graph_bytes: int
    input_bytes: int
    peak_activation_bytes: int
    flash_bytes: int
    ram_bytes: int
    front_end_macs: int
    front_end_flash_bytes: int
    front_end_ram_bytes: int


def graph_cost(model: onnx.ModelProto) -> GraphCost:
    """Count the cost of a model for one window, after constant folding by ONNX Runtime."""
    graph = fold_constants(model)
    weights = _weights(graph)
    front_end = _front_end(graph)
    by_step = [(step in front_end, node) for step, node in enumerate(graph.nodes)]
    of_network = {name for in_front, node in by_step if not in_front for name in node.input}
    front_end_nodes = [node for in_front, node in by_step if in_front]
    peak, front_end_peak = _peaks(graph, front_end)
    input_bytes, constant_bytes = _bytes(graph, graph.inputs), _bytes(graph, graph.constants)
    graph_bytes = sum(node.ByteSize() for node in graph.nodes)
    return GraphCost(
        macs=sum(_macs(graph, node) for node in graph.nodes),
        int8_macs=sum(_macs(graph, node) for node in graph.nodes if graph.runs_in_int8(node)),
        parameter_bytes=_bytes(graph, weights),
        table_bytes=_bytes(graph, graph.constants - weights),
        graph_bytes=graph_bytes,
        input_bytes=input_bytes,
        peak_activation_bytes=peak,
        flash_bytes=constant_bytes + graph_bytes,
        ram_bytes=input_bytes + peak,
        front_end_macs=sum(_macs(graph, node) for node in front_end_nodes),
        front_end_flash_bytes=_bytes(graph, graph.constants - of_network)
        + sum(node.ByteSize() for node in front_end_nodes),
        front_end_ram_bytes=input_bytes + front_end_peak if front_end else 0,
    )


def _front_end(graph: FoldedGraph) -> frozenset[int]:
    """Numbers of the nodes whose outputs the front end's output is computed from."""
    step_of = {name: step for step, node in enumerate(graph.nodes) for name in node.output}
    waiting = [front_end_output(graph.nodes)]
    found: set[int] = set()
    while waiting:
        step = step_of.get(waiting.pop() or "")
        if step is not None and step not in found:
            found.add(step)
            waiting += graph.nodes[step].input
    return frozenset(found)


def _peaks(graph: FoldedGraph, front_end: frozenset[int]) -> tuple[int, int]:
    """Largest total size of the tensors in memory at a time, ever and while the front end runs.

    The nodes run in the order of the file that ONNX Runtime writes. A tensor is in memory from the
    node that computes it to the last node that uses it, both included; an output to the end. No
    node works in place, but a reshape makes no new tensor. In an 8-bit file, a tensor between a
    node that runs in 8 bits and its ``QuantizeLinear`` or ``DequantizeLinear`` takes one byte per
    number. Inputs and constants are not counted.
    """
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    for step, node in enumerate(graph.nodes):
        for name in filter(None, (*node.input, *node.output)):
            buffer = _buffer_of(graph, name)
            first.setdefault(buffer, step)
            last[buffer] = step
    for name in graph.outputs:
        last[_buffer_of(graph, name)] = len(graph.nodes) - 1
    buffers = first.keys() - graph.inputs - graph.constants
    in_memory = [
        _bytes(graph, (buffer for buffer in buffers if first[buffer] <= step <= last[buffer]))
        for step in range(len(graph.nodes))
    ]
    return max(in_memory), max((in_memory[step] for step in front_end), default=0)


def _buffer_of(graph: FoldedGraph, name: str) -> str:
    """Tensor whose memory a tensor uses."""
    producer = graph.producer(name)
    if producer is None:
        return name
    if producer.op_type in RESHAPES or (
        producer.op_type == DEQUANTIZE and _stays_in_int8(graph, name)
    ):
        return _buffer_of(graph, producer.input[0])
    if graph.runs_in_int8(producer):
        return _buffer_of(graph, graph.consumers(name)[0].output[0])
    return name


def _stays_in_int8(graph: FoldedGraph, name: str) -> bool:
    """Whether no node needs the floats of a dequantised tensor."""
    return name not in graph.outputs and all(map(graph.runs_in_int8, graph.consumers(name)))


def _macs(graph: FoldedGraph, node: onnx.NodeProto) -> int:
    if node.op_type not in MAC_OPERATORS:
        return 0
    results = math.prod(graph.tensors[node.output[0]].shape)
    left, right = (graph.tensors[name].shape for name in node.input[:2])
    if node.op_type == "Conv":
        return results * math.prod(right[1:])
    transposed = any(one.name == "transA" and one.i for one in node.attribute)
    return results * (left[0] if transposed else left[-1])


def _weights(graph: FoldedGraph) -> frozenset[str]:
    read: set[str] = set()
    for node in graph.nodes:
        if node.op_type in MAC_OPERATORS:
            for name in node.input:
                producer = graph.producer(name)
                dequantized = producer is not None and producer.op_type == DEQUANTIZE
                read.update(producer.input if producer is not None and dequantized else [name])
    return graph.stored & read


def _bytes(graph: FoldedGraph, names: Iterable[str]) -> int:
    return sum(graph.tensors[name].n_bytes for name in names)
