"""Models written by hand, whose costs can be counted by hand."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper, parser, shape_inference

HEAD = '<ir_version: 10, opset_import: ["": 18]>'
FLOAT_LAYERS = """
    hidden = Conv <pads = [1, 1]> (spectra, weight, bias)
    active = Relu(hidden)
    logits = Conv(active, head)
"""
INT8_LAYERS = """
    spectra_q = QuantizeLinear(spectra, scale, zero)
    spectra_d = DequantizeLinear(spectra_q, scale, zero)
    weight_d = DequantizeLinear(weight, weight_scale, weight_zero)
    bias_d = DequantizeLinear(bias, bias_scale, bias_zero)
    hidden = Conv <pads = [1, 1]> (spectra_d, weight_d, bias_d)
    hidden_q = QuantizeLinear(hidden, scale, zero)
    hidden_d = DequantizeLinear(hidden_q, scale, zero)
    active = Relu(hidden_d)
    active_q = QuantizeLinear(active, scale, zero)
    active_d = DequantizeLinear(active_q, scale, zero)
    head_d = DequantizeLinear(head, weight_scale, weight_zero)
    result = Conv(active_d, head_d)
    result_q = QuantizeLinear(result, scale, zero)
    logits = DequantizeLinear(result_q, scale, zero)
"""


def model_of(text: str, constants: dict[str, NDArray[np.generic]]) -> onnx.ModelProto:
    model = parser.parse_model(f"{HEAD}\n{text}")
    used = {name for node in model.graph.node for name in node.input}
    model.graph.initializer.extend(
        numpy_helper.from_array(value, name) for name, value in constants.items() if name in used
    )
    onnx.checker.check_model(model, full_check=True)
    return shape_inference.infer_shapes(model)  # an exported file tells the window's shape, too


def small_student(*, int8: bool = False, preprocessing: bool = True) -> onnx.ModelProto:
    """A small student: 16 raw samples of 2 channels, 8 of the window, 6 frequencies."""
    rng = np.random.default_rng(0)

    def some(*shape: int, kind: type = np.float32) -> NDArray[np.generic]:
        return rng.integers(-5, 5, shape).astype(kind)

    folding = "turn = Mul(order, raw_phase) matrix = Cos(turn) window = MatMul(raw, matrix)"
    begin = "raw) => " if preprocessing else "window) => "
    text = f"""
    student (float[batch,2,{16 if preprocessing else 8}] {begin}(float[batch] bpm,
    float[batch] sd_bpm, float[batch,6] probabilities) {{
        {folding if preprocessing else ""}
        angle = Mul(time, omega)
        basis = Cos(angle)
        projected = MatMul(window, basis)
        spectra = Mul(projected, projected)
        {INT8_LAYERS if int8 else FLOAT_LAYERS}
        flat = Squeeze(logits, one)
        probabilities = Softmax(flat)
        weighted = Mul(probabilities, classes)
        bpm = ReduceSum <keepdims = 0> (weighted, one)
        squared = Mul(probabilities, probabilities)
        sd_bpm = ReduceSum <keepdims = 0> (squared, one)
    }}"""
    kind = np.int8 if int8 else np.float32
    return model_of(
        text,
        {
            "order": some(16, 1),
            "raw_phase": some(8),
            "time": some(8, 1),
            "omega": some(6),
            "weight": some(4, 2, 3, kind=kind),
            "bias": some(4, kind=np.int32 if int8 else np.float32),
            "head": some(1, 4, 1, kind=kind),
            "classes": some(6),
            "one": np.array([1]),
            "scale": np.float32(0.1),
            "zero": np.uint8(3),
            "weight_scale": np.float32(0.01),
            "weight_zero": np.int8(0),
            "bias_scale": np.float32(0.001),
            "bias_zero": np.int32(0),
        },
    )


def write_products(path: Path, width: int, products: int = 1) -> Path:
    """``products`` matrix products in a row, for windows of 3 channels and ``width`` samples."""
    names = ["x", *(f"y{step}" for step in range(products))]
    nodes = [
        helper.make_node("MatMul", [entry, "matrix"], [result]) for entry, result in pairwise(names)
    ]
    shape = ["batch", 3, width]
    graph = helper.make_graph(
        nodes,
        "products",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(names[-1], TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(np.eye(width, dtype=np.float32), "matrix")],
    )
    opset = helper.make_opsetid("", 18)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=10), path)
    return path


@pytest.fixture(scope="session")
def graph() -> Callable[..., onnx.ModelProto]:
    """Make a model from a graph's text and its constants: see `model_of`."""
    return model_of


@pytest.fixture(scope="session")
def student() -> Callable[..., onnx.ModelProto]:
    """Make a small student: see `small_student`."""
    return small_student


@pytest.fixture(scope="session")
def products() -> Callable[..., Path]:
    """Write a file of matrix products: see `write_products`."""
    return write_products
