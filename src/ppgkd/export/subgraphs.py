"""The two halves of an exported file: joined, and cut apart again."""

from __future__ import annotations

import onnx
from onnx import compose, utils

from ppgkd.errors import PpgkdError
from ppgkd.export import IR_VERSION, WINDOW
from ppgkd.inference.model_card import OUTPUTS, RAW


def merge_graphs(front: onnx.ModelProto, network: onnx.ModelProto) -> onnx.ModelProto:
    """Put a front and a network behind each other; they stay as they are.

    Raises
    ------
    PpgkdError
        If they are written in different versions of the operators.
    """
    opsets = [half.opset_import[0].version for half in (front, network)]
    if opsets[0] != opsets[1]:
        raise PpgkdError(
            f"The halves of the student use versions {opsets} of ONNX's operators, which must be "
            "the same. Export the student again by this version's workflow."
        )
    joined = compose.merge_models(
        _of_one_version(front),
        _of_one_version(network),
        io_map=[(WINDOW, WINDOW)],
        name="ppgkd",
        producer_name="ppgkd",
    )
    del joined.opset_import[1:]  # of the same operators, named by each half
    joined.graph.ClearField("doc_string")  # which tells how it was put together
    # the shape of the tensor at the seam, by which the halves can be cut apart again
    del joined.graph.value_info[:]
    joined.graph.value_info.append(front.graph.output[0])
    onnx.checker.check_model(joined, full_check=True)
    return joined


def split_graph(model: onnx.ModelProto) -> tuple[onnx.ModelProto, onnx.ModelProto]:
    """Cut a file into its front and its network; as `merge_graphs` takes them.

    Raises
    ------
    PpgkdError
        If the file was not made by `merge_graphs`.
    """
    try:
        extractor = utils.Extractor(model)
        halves = (
            extractor.extract_model([RAW], [WINDOW]),
            extractor.extract_model([WINDOW], list(OUTPUTS)),
        )
    except ValueError as error:
        raise PpgkdError(
            f"The model has not the two halves of an exported student: {error}. Use a model.onnx "
            "that a study has exported."
        ) from error
    for half in halves:
        del half.graph.value_info[:]
    return halves


def _of_one_version(half: onnx.ModelProto) -> onnx.ModelProto:
    """Copy a half, in the version of the format that all files have."""
    copied = onnx.ModelProto()
    copied.CopyFrom(half)
    copied.ir_version = IR_VERSION
    return copied
