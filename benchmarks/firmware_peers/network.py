"""The network of a student as its peers take it: from spectra, or a window, to logits.

A peer takes a graph of constant shapes: that of one window, in which ONNX Runtime folds constants.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import numpy_helper, shape_inference, utils

from ppgkd.errors import PpgkdError
from ppgkd.export.subgraphs import front_end_graph, front_end_output
from ppgkd.inference.model_card import RAW

Values = NDArray[np.float32]


@dataclass(frozen=True)
class Network:
    """The network of a student.

    Attributes
    ----------
    name
        Family and number of parameters.
    model, quantised_model
        The student's files in float and in eight bits.
    graph, quantised
        The parts of these from `inputs` to logits.
    layers
        The part of ``graph`` from the first convolution to the last, for peers that know few
        operators. It takes `entries`. What it makes has the logits in order if channels are last.
    raw
        Raw windows, shape (n_windows, n_channels, n_samples).
    inputs
        What the front end makes of them, shape (n_windows, ...): spectra, or windows.
    entries
        The same as maps of the first convolution, shape (n_windows, channels, 1, positions), with
        the channels that the graph has as a constant.
    calibration
        More of these, which a peer that quantises takes the ranges of.
    """

    name: str
    model: onnx.ModelProto
    quantised_model: onnx.ModelProto
    graph: onnx.ModelProto
    quantised: onnx.ModelProto
    layers: onnx.ModelProto
    raw: Values
    inputs: Values
    entries: Values
    calibration: Values


def read_network(
    model: onnx.ModelProto,
    quantised_model: onnx.ModelProto,
    raw: Values,
    n_calibration: int,
    name: str = "network",
) -> Network:
    """Cut the network out of an exported student.

    Parameters
    ----------
    model, quantised_model
        The student's files in float and in eight bits.
    raw
        Raw windows that the student's front end makes `Network.inputs` of, shape (n_windows,
        n_channels, n_samples).
    n_calibration
        How many of them, the first ones, are for `Network.calibration`.

    Raises
    ------
    PpgkdError
        If the file has no front end.
    """
    front_end, entry = front_end_graph(model), front_end_output(model.graph.node)
    if front_end is None or entry is None:
        raise PpgkdError(f"{name} has no front end. Name a student that a study has exported.")
    session = onnxruntime.InferenceSession(front_end.SerializeToString())
    (inputs,) = session.run(None, {RAW: raw})
    graph = _network_graph(model, entry)
    layers, constant = _layers(graph)
    maps = inputs.reshape(len(inputs), -1, 1, constant.shape[-1])
    entries = np.concatenate([maps, np.repeat(constant, len(inputs), axis=0)], axis=1)
    return Network(
        name=name,
        model=model,
        quantised_model=quantised_model,
        graph=graph,
        quantised=_network_graph(quantised_model, entry),
        layers=layers,
        raw=raw[n_calibration:],
        inputs=inputs[n_calibration:],
        entries=np.ascontiguousarray(entries[n_calibration:]),
        calibration=np.ascontiguousarray(entries[:n_calibration]),
    )


def run_onnx(graph: onnx.ModelProto, inputs: Values) -> Values:
    """Logits of a graph in ONNX Runtime, shape (n_windows, n_classes)."""
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    name = graph.graph.input[0].name
    return np.concatenate([session.run(None, {name: row[None]})[0] for row in inputs])


def constants_of(graph: onnx.ModelProto) -> dict[str, NDArray[np.generic]]:
    """Constants of a graph by name."""
    return {part.name: numpy_helper.to_array(part) for part in graph.graph.initializer}


def _network_graph(model: onnx.ModelProto, entry: str) -> onnx.ModelProto:
    """The graph from a tensor to the logits, of one window."""
    known = shape_inference.infer_shapes(model)
    logits = next(node.input[0] for node in model.graph.node if node.op_type == "Softmax")
    return with_constants_folded(utils.Extractor(known).extract_model([entry], [logits]))


def with_constants_folded(model: onnx.ModelProto) -> onnx.ModelProto:
    """A graph of one window, in which all that does not depend on it is a constant."""
    graph = onnx.ModelProto()
    graph.CopyFrom(model)
    for value in (*graph.graph.input, *graph.graph.output):
        batch = value.type.tensor_type.shape.dim[0]
        batch.Clear()
        batch.dim_value = 1
    with TemporaryDirectory() as folder:
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(Path(folder, "folded.onnx"))
        onnxruntime.InferenceSession(graph.SerializeToString(), options)
        folded = onnx.load(options.optimized_model_filepath)
    del folded.opset_import[1:]  # names of ONNX Runtime's own operators, none of which is used
    return shape_inference.infer_shapes(folded)


def _layers(graph: onnx.ModelProto) -> tuple[onnx.ModelProto, Values]:
    """Cut out what is between the first and last convolution, and the first one's constants."""
    convolutions = [node for node in graph.graph.node if node.op_type == "Conv"]
    entry, made = convolutions[0].input[0], convolutions[-1].output[0]
    layers = utils.Extractor(graph).extract_model([entry], [made])
    (n_positions,) = (part.type.tensor_type.shape.dim[3].dim_value for part in layers.graph.input)
    constants = constants_of(graph)
    joined = next((node for node in graph.graph.node if node.op_type == "Concat"), None)
    if joined is None:
        return layers, np.zeros((1, 0, 1, n_positions), np.float32)
    (name,) = (name for name in joined.input if name in constants)
    return layers, np.asarray(constants[name], np.float32)
