"""A file's two halves: cut apart and joined again without a trace."""

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import parser
from tests.unit.export.conftest import Exported

from ppgkd.errors import PpgkdError
from ppgkd.export.subgraphs import merge_graphs, split_graph


def run(model: onnx.ModelProto, **given: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    content = model.SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return list(session.run(None, given))


def test_cut_and_joined_again_it_gives_the_same_numbers(exported: Exported) -> None:
    joined = merge_graphs(*split_graph(onnx.load(exported.path)))
    for found, expected in zip(
        run(joined, raw=exported.raw), exported.run(exported.raw), strict=True
    ):
        np.testing.assert_array_equal(found, expected)


def test_cut_and_joined_again_it_is_the_same_graph(exported: Exported) -> None:
    model = onnx.load(exported.path)
    assert merge_graphs(*split_graph(model)).graph == model.graph


def test_one_half_after_the_other_gives_what_the_file_gives(exported: Exported) -> None:
    front, network = split_graph(onnx.load(exported.path))
    (window,) = run(front, raw=exported.raw)
    assert window.shape == (20, exported.inputs.channels, exported.inputs.n_samples)
    for found, expected in zip(
        run(network, window=window), exported.run(exported.raw), strict=True
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_each_half_is_a_model_by_itself(exported: Exported) -> None:
    front, network = split_graph(onnx.load(exported.path))
    for half in (front, network):
        onnx.checker.check_model(half, full_check=True)
    assert [one.name for one in front.graph.input] == ["raw"]
    assert [one.name for one in front.graph.output] == ["window"]
    assert [one.name for one in network.graph.input] == ["window"]
    assert [one.name for one in network.graph.output] == ["bpm", "sd_bpm", "probabilities"]


def test_neither_cutting_nor_joining_changes_what_it_is_given(exported: Exported) -> None:
    model = onnx.load(exported.path)
    front, network = split_graph(model)
    front.ir_version = network.ir_version = 9
    before = [one.SerializeToString(deterministic=True) for one in (model, front, network)]
    merge_graphs(front, network)
    after = [one.SerializeToString(deterministic=True) for one in (model, front, network)]
    assert after == before


def test_halves_of_different_opsets_are_refused(exported: Exported) -> None:
    front, network = split_graph(onnx.load(exported.path))
    network.opset_import[0].version = 17
    with pytest.raises(PpgkdError, match=r"versions \[18, 17\]"):
        merge_graphs(front, network)


def test_a_model_of_another_kind_is_not_cut() -> None:
    other = parser.parse_model(
        '<ir_version: 10, opset_import: ["": 18]> g (float[n] x) => (float[n] y) { y = Abs(x) }'
    )
    with pytest.raises(PpgkdError, match="has not the two halves of an exported student"):
        split_graph(other)
