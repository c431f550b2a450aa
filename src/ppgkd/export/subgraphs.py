"""The subgraphs of an exported file: merge two into one model, split a model into them."""

from __future__ import annotations

from collections.abc import Iterable

import onnx
from onnx import compose, shape_inference, utils

from ppgkd.errors import PpgkdError
from ppgkd.export import IR_VERSION, SPECTRA, WINDOW
from ppgkd.inference.model_card import OUTPUTS, RAW


def merge_graphs(preprocessing: onnx.ModelProto, network: onnx.ModelProto) -> onnx.ModelProto:
    """Connect a preprocessing graph and a network graph. The arguments are not changed.

    Raises
    ------
    PpgkdError
        If they use different versions of ONNX's operators.
    """
    opsets = [graph.opset_import[0].version for graph in (preprocessing, network)]
    if opsets[0] != opsets[1]:
        raise PpgkdError(
            f"The subgraphs of the student use versions {opsets} of ONNX's operators, which must "
            "be the same. Export the student again with this version's workflow."
        )
    merged = compose.merge_models(
        _with_ir_version(preprocessing),
        _with_ir_version(network),
        io_map=[(WINDOW, WINDOW)],
        name="ppgkd",
        producer_name="ppgkd",
    )
    del merged.opset_import[1:]  # each subgraph names the same operators
    merged.graph.ClearField("doc_string")  # which says how it was merged
    # `split_graph` needs the shape of the tensor between the subgraphs
    del merged.graph.value_info[:]
    merged.graph.value_info.append(preprocessing.graph.output[0])
    onnx.checker.check_model(merged, full_check=True)
    return merged


def split_graph(model: onnx.ModelProto) -> tuple[onnx.ModelProto, onnx.ModelProto]:
    """Split a file into its preprocessing graph and its network graph.

    Raises
    ------
    PpgkdError
        If the file was not made by `merge_graphs`.
    """
    try:
        extractor = utils.Extractor(model)
        subgraphs = (
            extractor.extract_model([RAW], [WINDOW]),
            extractor.extract_model([WINDOW], list(OUTPUTS)),
        )
    except ValueError as error:
        raise PpgkdError(
            f"The model does not have the two subgraphs of an exported student: {error}. Use a "
            "model.onnx that a study has exported."
        ) from error
    for subgraph in subgraphs:
        del subgraph.graph.value_info[:]
    return subgraphs


def front_end_output(nodes: Iterable[onnx.NodeProto]) -> str | None:
    """Tensor that the front end makes of the input and the network takes; None without front end.

    The front end is resampling and filter and, for a network that sees spectra, these.
    """
    made = {name for node in nodes for name in node.output}
    return next((name for name in (SPECTRA, WINDOW) if name in made), None)


def front_end_graph(model: onnx.ModelProto) -> onnx.ModelProto | None:
    """Cut the front end out of a file; None if the file has none."""
    output = front_end_output(model.graph.node)
    if output is None:
        return None
    extractor = utils.Extractor(shape_inference.infer_shapes(model))
    front_end = extractor.extract_model([model.graph.input[0].name], [output])
    del front_end.graph.value_info[:]
    return front_end


def _with_ir_version(model: onnx.ModelProto) -> onnx.ModelProto:
    """Copy a model, in the version of the format that all files have."""
    copied = onnx.ModelProto()
    copied.CopyFrom(model)
    copied.ir_version = IR_VERSION
    return copied
