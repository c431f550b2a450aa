"""The graph after constant folding."""

from collections.abc import Callable

import numpy as np
import onnx
import pytest

from ppgkd.errors import PpgkdError
from ppgkd.profile.constant_folding import fold_constants

Make = Callable[..., onnx.ModelProto]


def test_formulas_of_constants_become_constants(student: Make) -> None:
    graph = fold_constants(student())
    assert {"matrix", "basis"} <= graph.constants
    assert "Cos" not in {node.op_type for node in graph.nodes}


def test_stored_constants_are_distinguished_from_computed_ones(student: Make) -> None:
    graph = fold_constants(student())
    assert {"weight", "bias", "head", "classes", "one"} == graph.stored
    assert not {"matrix", "basis"} & graph.stored


def test_all_shapes_are_those_of_one_window(student: Make) -> None:
    tensors = fold_constants(student()).tensors
    assert tensors["raw"].shape == (1, 2, 16)
    assert tensors["window"].shape == (1, 2, 8)
    assert tensors["active"].shape == (1, 4, 6)
    assert tensors["bpm"].shape == (1,)


def test_bytes_depend_on_the_type(student: Make) -> None:
    tensors = fold_constants(student(int8=True)).tensors
    assert tensors["hidden"].n_bytes == 4 * 24
    assert tensors["hidden_q"].n_bytes == 24
    assert tensors["weight"].n_bytes == 24
    assert tensors["bias"].n_bytes == 4 * 4


def test_layers_between_dequantize_and_quantize_run_in_int8(student: Make) -> None:
    graph = fold_constants(student(int8=True))
    found = {node.output[0]: graph.runs_in_int8(node) for node in graph.nodes}
    assert {"hidden", "active", "result"} == {name for name, runs in found.items() if runs}


def test_no_layer_of_a_float_file_runs_in_int8(student: Make) -> None:
    graph = fold_constants(student())
    assert not any(graph.runs_in_int8(node) for node in graph.nodes)


def test_the_batch_may_have_any_name_or_be_fixed(graph: Make) -> None:
    for batch in ("n", "1"):
        text = f"g (float[{batch},3] x) => (float[{batch},3] y) {{ y = Exp(x) }}"
        assert fold_constants(graph(text, {})).tensors["y"].shape == (1, 3)


def test_another_free_dimension_is_refused_with_the_tensor_that_has_it(graph: Make) -> None:
    text = "g (float[batch,2,length] x) => (float[batch,2,length] y) { y = Exp(x) }"
    with pytest.raises(PpgkdError, match="tensor 'x' is unknown for one window"):
        fold_constants(graph(text, {}))


def test_the_model_itself_is_not_changed(student: Make) -> None:
    model = student()
    before = model.SerializeToString()
    fold_constants(model)
    assert model.SerializeToString() == before


def test_constants_written_as_nodes_are_stored_too(graph: Make) -> None:
    text = """g (float[batch,2] x) => (float[batch,2] y) {
        c = Constant <value = float[2] {2.0, 3.0}> ()
        y = Mul(x, c)
    }"""
    folded = fold_constants(graph(text, {}))
    assert folded.stored == {"c"}
    assert folded.tensors["c"].n_bytes == np.dtype(np.float32).itemsize * 2
