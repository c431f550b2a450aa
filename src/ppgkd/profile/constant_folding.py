"""A model's graph after constant folding, with all shapes known for one window.

A student's file contains formulas in place of large tables (`ppgkd.export`). ONNX Runtime computes
them once, when it loads the file, and can write the graph that it then runs. That graph is read
here. Only the basic optimisations are used: they fold constants, remove nodes without effect, and
use only operators of ONNX.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import onnx
import onnxruntime
from onnx import helper, shape_inference

from ppgkd.errors import PpgkdError

QUANTIZE, DEQUANTIZE = "QuantizeLinear", "DequantizeLinear"


class TensorSize(NamedTuple):
    """Shape and size of a tensor, for one window."""

    shape: tuple[int, ...]
    n_bytes: int


@dataclass(frozen=True)
class FoldedGraph:
    """A graph without nodes whose outputs do not depend on the window.

    Attributes
    ----------
    nodes
        In the order in which they run.
    inputs, outputs
        Names of the graph's inputs and outputs.
    constants
        Names of all constants.
    stored
        The constants that the file itself contains; the others are computed when it is loaded.
    tensors
        All tensors by name, constants among them.
    """

    nodes: Sequence[onnx.NodeProto]
    inputs: frozenset[str]
    outputs: frozenset[str]
    constants: frozenset[str]
    stored: frozenset[str]
    tensors: dict[str, TensorSize]

    @cached_property
    def _producers(self) -> dict[str, onnx.NodeProto]:
        return {name: node for node in self.nodes for name in node.output}

    @cached_property
    def _consumers(self) -> dict[str, list[onnx.NodeProto]]:
        consumers: dict[str, list[onnx.NodeProto]] = {}
        for node in self.nodes:
            for name in node.input:
                consumers.setdefault(name, []).append(node)
        return consumers

    def producer(self, name: str) -> onnx.NodeProto | None:
        """Node whose output a tensor is; None for inputs and constants."""
        return self._producers.get(name)

    def consumers(self, name: str) -> list[onnx.NodeProto]:
        """Nodes that have a tensor as an input."""
        return self._consumers.get(name, [])

    def is_dequantized(self, name: str) -> bool:
        """Whether a tensor is a dequantised one."""
        producer = self.producer(name)
        return producer is not None and producer.op_type == DEQUANTIZE

    def runs_in_int8(self, node: onnx.NodeProto) -> bool:
        """Whether all inputs and outputs of a node are 8-bit tensors.

        A quantised file (QDQ) has ``DequantizeLinear`` before all inputs of such a node and
        ``QuantizeLinear`` after all its outputs. Runtimes replace the three nodes by one.
        """
        reads = [name for name in node.input if name]
        return (
            bool(reads)
            and all(self.is_dequantized(name) for name in reads)
            and all(self._is_only_quantized(name) for name in node.output if name)
        )

    def _is_only_quantized(self, name: str) -> bool:
        consumers = self.consumers(name)
        return (
            bool(consumers)
            and name not in self.outputs
            and all(consumer.op_type == QUANTIZE for consumer in consumers)
        )


def fold_constants(model: onnx.ModelProto) -> FoldedGraph:
    """Fold a model's constants and infer its shapes, for one window.

    Parameters
    ----------
    model
        A graph whose inputs have no free dimension but the first, the batch.

    Raises
    ------
    PpgkdError
        If the shape of a tensor remains unknown.
    """
    optimised = _optimised(model)
    del optimised.graph.value_info[:]  # the file's own shapes may leave the batch open
    graph = shape_inference.infer_shapes(optimised, strict_mode=True, data_prop=True).graph
    tensors = {
        value.name: _tensor(value) for value in (*graph.value_info, *graph.input, *graph.output)
    }
    for constant in graph.initializer:
        item_bytes = helper.tensor_dtype_to_np_dtype(constant.data_type).itemsize
        shape = tuple(constant.dims)
        tensors[constant.name] = TensorSize(shape, item_bytes * math.prod(shape))
    for node in graph.node:
        for name in node.output:
            if name and name not in tensors:
                raise _unknown_shape(name)
    constants = frozenset(constant.name for constant in graph.initializer)
    return FoldedGraph(
        nodes=list(graph.node),
        inputs=frozenset(value.name for value in graph.input) - constants,
        outputs=frozenset(value.name for value in graph.output),
        constants=constants,
        stored=constants & _stored(model),
        tensors=tensors,
    )


def _optimised(model: onnx.ModelProto) -> onnx.ModelProto:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.intra_op_num_threads = 1  # nothing is run
    options.log_severity_level = 3  # it warns that the graph is made for this machine
    for value in model.graph.input:
        batch = value.type.tensor_type.shape.dim[0]
        if batch.dim_param:
            options.add_free_dimension_override_by_name(batch.dim_param, 1)
    with TemporaryDirectory() as folder:
        path = Path(folder, "folded.onnx")
        options.optimized_model_filepath = str(path)
        onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        return onnx.load(path)


def _stored(model: onnx.ModelProto) -> frozenset[str]:
    graph = model.graph
    written = [name for node in graph.node if node.op_type == "Constant" for name in node.output]
    return frozenset([*written, *(constant.name for constant in graph.initializer)])


def _tensor(value: onnx.ValueInfoProto) -> TensorSize:
    kind = value.type.tensor_type
    if not kind.HasField("shape") or not all(dim.HasField("dim_value") for dim in kind.shape.dim):
        raise _unknown_shape(value.name)
    shape = tuple(dim.dim_value for dim in kind.shape.dim)
    item_bytes = helper.tensor_dtype_to_np_dtype(kind.elem_type).itemsize
    return TensorSize(shape, item_bytes * math.prod(shape))


def _unknown_shape(name: str) -> PpgkdError:
    return PpgkdError(
        f"The shape of tensor '{name}' is unknown for one window. Export the model with all "
        "dimensions fixed except the batch, which is the first of every input."
    )
