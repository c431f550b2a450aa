"""A file is split into its two subgraphs, and merged again without a difference."""

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


def test_a_file_that_is_split_and_merged_gives_the_same_numbers(exported: Exported) -> None:
    merged = merge_graphs(*split_graph(onnx.load(exported.path)))
    for found, expected in zip(
        run(merged, raw=exported.raw), exported.run(exported.raw), strict=True
    ):
        np.testing.assert_array_equal(found, expected)


def test_a_file_that_is_split_and_merged_has_the_same_graph(exported: Exported) -> None:
    model = onnx.load(exported.path)
    assert merge_graphs(*split_graph(model)).graph == model.graph


def test_the_subgraphs_in_sequence_give_what_the_file_gives(exported: Exported) -> None:
    preprocessing, network = split_graph(onnx.load(exported.path))
    (window,) = run(preprocessing, raw=exported.raw)
    assert window.shape == (20, exported.inputs.channels, exported.inputs.n_samples)
    for found, expected in zip(
        run(network, window=window), exported.run(exported.raw), strict=True
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_each_subgraph_is_a_valid_model(exported: Exported) -> None:
    preprocessing, network = split_graph(onnx.load(exported.path))
    for subgraph in (preprocessing, network):
        onnx.checker.check_model(subgraph, full_check=True)
    assert [one.name for one in preprocessing.graph.input] == ["raw"]
    assert [one.name for one in preprocessing.graph.output] == ["window"]
    assert [one.name for one in network.graph.input] == ["window"]
    assert [one.name for one in network.graph.output] == ["bpm", "sd_bpm", "probabilities"]


def test_splitting_and_merging_do_not_change_their_arguments(exported: Exported) -> None:
    model = onnx.load(exported.path)
    preprocessing, network = split_graph(model)
    preprocessing.ir_version = network.ir_version = 9
    before = [one.SerializeToString(deterministic=True) for one in (model, preprocessing, network)]
    merge_graphs(preprocessing, network)
    after = [one.SerializeToString(deterministic=True) for one in (model, preprocessing, network)]
    assert after == before


def test_subgraphs_of_different_opsets_are_refused(exported: Exported) -> None:
    preprocessing, network = split_graph(onnx.load(exported.path))
    network.opset_import[0].version = 17
    with pytest.raises(PpgkdError, match=r"versions \[18, 17\]"):
        merge_graphs(preprocessing, network)


def test_another_model_is_not_split() -> None:
    other = parser.parse_model(
        '<ir_version: 10, opset_import: ["": 18]> g (float[n] x) => (float[n] y) { y = Abs(x) }'
    )
    with pytest.raises(PpgkdError, match="does not have the two subgraphs of an exported student"):
        split_graph(other)
