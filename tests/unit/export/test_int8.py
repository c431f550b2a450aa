"""Quantisation to int8: the layers, the calibration windows, the cost."""

import logging
from collections.abc import Callable

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
from numpy.typing import NDArray
from onnx import numpy_helper, parser
from tests.unit.export.conftest import Exported

from ppgkd.export.int8 import calibration_windows, quantisation_cost, quantise
from ppgkd.export.student import model_card_of
from ppgkd.export.subgraphs import split_graph
from ppgkd.models.capacity import InputShape
from ppgkd.windows.read import Windows

Signal = NDArray[np.float32]


@pytest.fixture(scope="module")
def model(exported: Exported) -> onnx.ModelProto:
    return onnx.load(exported.path)


@pytest.fixture(scope="module")
def train(exported: Exported, tones: Callable[..., Windows], inputs: InputShape) -> Signal:
    made = tones(np.linspace(45, 190, 40), inputs)
    signal: Signal = made.signal[:, : exported.inputs.channels]
    return signal


@pytest.fixture(scope="module")
def quantised(model: onnx.ModelProto, train: Signal) -> onnx.ModelProto:
    return quantise(model, train)


def layers(model: onnx.ModelProto) -> list[onnx.NodeProto]:
    return [node for node in model.graph.node if node.op_type in ("Conv", "Gemm")]


def constants(model: onnx.ModelProto) -> dict[str, NDArray[np.generic]]:
    return {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}


def dequantised(model: onnx.ModelProto, name: str) -> onnx.NodeProto:
    (node,) = (node for node in model.graph.node if name in node.output)
    assert node.op_type == "DequantizeLinear"
    return node


def run(model: onnx.ModelProto, window: Signal, output: str) -> Signal:
    _, network = split_graph(model)
    content = network.SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    found: Signal = session.run([output], {"window": window})[0]
    return found


# What is quantised


def test_every_layer_has_int8_weights_with_a_scale_for_each_channel(
    model: onnx.ModelProto, quantised: onnx.ModelProto
) -> None:
    known, before = constants(quantised), constants(model)
    assert len(layers(quantised)) == len(layers(model)) > 0
    for layer, plain in zip(layers(quantised), layers(model), strict=True):
        weight, scale, zero = (known[name] for name in dequantised(quantised, layer.input[1]).input)
        expected = before[plain.input[1]]
        assert weight.dtype == np.int8
        assert weight.shape == expected.shape
        assert scale.shape == (len(expected),), "one for each channel that comes out"
        assert not zero.any()
        steps = scale.reshape(-1, *[1] * (weight.ndim - 1))
        assert (np.abs(weight * steps - expected) <= 0.51 * steps).all(), "to half a step"


def test_the_layers_get_int8_activations(quantised: onnx.ModelProto) -> None:
    known = constants(quantised)
    for layer in layers(quantised):
        zero = known[dequantised(quantised, layer.input[0]).input[2]]
        assert zero.dtype == np.uint8
        assert zero.shape == ()


def test_the_spectrum_the_softmax_and_the_decoding_stay_in_float(
    model: onnx.ModelProto, quantised: onnx.ModelProto
) -> None:
    def others(one: onnx.ModelProto) -> list[str]:
        special = ("Conv", "Gemm", "QuantizeLinear", "DequantizeLinear")
        return sorted(node.op_type for node in one.graph.node if node.op_type not in special)

    assert others(quantised) == others(model)
    made = {node.output[0]: node.op_type for node in quantised.graph.node}
    for node in quantised.graph.node:
        if node.op_type in ("MatMul", "Log"):
            assert {made.get(name) for name in node.input}.isdisjoint({"DequantizeLinear"})


def test_the_preprocessing_graph_is_the_same(
    model: onnx.ModelProto, quantised: onnx.ModelProto
) -> None:
    assert split_graph(quantised)[0].graph == split_graph(model)[0].graph


def test_the_metadata_stay(model: onnx.ModelProto, quantised: onnx.ModelProto) -> None:
    assert quantised.metadata_props == model.metadata_props
    assert model_card_of(quantised, "") == model_card_of(model, "")


def test_the_model_itself_is_not_changed(model: onnx.ModelProto, train: Signal) -> None:
    before = model.SerializeToString(deterministic=True)
    quantise(model, train)
    assert model.SerializeToString(deterministic=True) == before


def test_the_model_is_valid_and_all_operators_are_standard(
    quantised: onnx.ModelProto,
) -> None:
    onnx.checker.check_model(quantised, full_check=True)
    assert {node.domain for node in quantised.graph.node} == {""}
    assert [(one.domain, one.version) for one in quantised.opset_import] == [("", 18)]


def test_a_student_of_twelve_thousand_parameters_fits_in_35_kb(
    quantised: onnx.ModelProto,
) -> None:
    assert 11_000 < quantised.ByteSize() < 35_000


def test_the_mean_of_the_distribution_hardly_moves(
    model: onnx.ModelProto, quantised: onnx.ModelProto, train: Signal
) -> None:
    exact, coarse = (run(one, train, "probabilities") for one in (model, quantised))
    assert not np.array_equal(exact, coarse)
    moved_bpm = (coarse - exact) @ np.arange(30, 210)
    assert np.abs(moved_bpm).max() < 0.5


def test_a_window_without_a_signal_still_gives_nan(
    quantised: onnx.ModelProto, train: Signal
) -> None:
    assert np.isnan(run(quantised, np.zeros_like(train[:2]), "bpm")).all()


def test_the_quantisers_advice_is_silenced_and_logging_is_restored(
    spectral_mlp_student: Exported,
    tones: Callable[..., Windows],
    inputs: InputShape,
    caplog: pytest.LogCaptureFixture,
) -> None:
    level = logging.getLogger().level
    with caplog.at_level(logging.WARNING):
        quantise(onnx.load(spectral_mlp_student.path), tones([60.0, 120.0], inputs).signal[:, :1])
        assert logging.getLogger().level == logging.WARNING
    assert caplog.messages == []
    assert logging.getLogger().level == level


# On which windows


def numbered(n_windows: int, tones: Callable[..., Windows], inputs: InputShape) -> Windows:
    """Windows whose first sample is their number."""
    made = tones([60.0], inputs)
    signal = np.repeat(made.signal, n_windows, axis=0)
    signal[:, 0, 0] = np.arange(n_windows)
    index = pd.concat([made.index] * n_windows, ignore_index=True)
    return Windows(index, signal, made.channels, made.rate_hz)


def test_all_of_a_few_training_windows_are_calibration_windows(
    tones: Callable[..., Windows], inputs: InputShape
) -> None:
    train = numbered(70, tones, inputs)
    np.testing.assert_array_equal(calibration_windows(train), train.signal)


def test_the_calibration_windows_are_spread_evenly_from_the_first_to_the_last(
    tones: Callable[..., Windows], inputs: InputShape
) -> None:
    found = calibration_windows(numbered(5_000, tones, inputs))
    number = found[:, 0, 0]
    assert found.shape == (1024, 5, 200)
    assert (number[0], number[-1]) == (0, 4_999)
    assert set(np.diff(number)) == {4, 5}


def test_the_ranges_are_those_of_the_calibration_windows(
    spectral_mlp_student: Exported, tones: Callable[..., Windows], inputs: InputShape
) -> None:
    """The entry of the first layer is quantised over what the calibration's windows reach."""
    model = onnx.load(spectral_mlp_student.path)
    reached = []
    for amplitude in (1.0, 100.0):
        windows = amplitude * tones([60.0, 120.0], inputs).signal[:, :1]
        quantised = quantise(model, windows)
        entry = dequantised(quantised, layers(quantised)[0].input[0])
        reached.append(255 * constants(quantised)[entry.input[1]])
    # the spectrum is half a logarithm of power, and begins at its floor for both
    assert reached[1] - reached[0] == pytest.approx(np.log(100), rel=0.02)


# What it costs


def stub(offset_bpm: float) -> onnx.ModelProto:
    """A student that reads BPM from a window's first sample; NaN where the second is negative."""
    model = parser.parse_model(
        f"""<ir_version: 10, opset_import: ["": 18]>
        stub (float[batch,1,2] raw) =>
            (float[batch] bpm, float[batch] sd_bpm, float[batch,1] probabilities)
        <int64[1] last = {{2}}, int64[1] inner = {{1}}, float offset = {{{offset_bpm}}}> {{
            window = Identity(raw)
            first, second = Split <axis = 2, num_outputs = 2> (window)
            probabilities = Squeeze(first, last)
            flat = Squeeze(probabilities, inner)
            other = Squeeze(second, last)
            root = Sqrt(other)
            nothing = Sub(root, root)
            sd_bpm = Squeeze(nothing, inner)
            moved = Add(flat, offset)
            bpm = Add(moved, sd_bpm)
        }}"""
    )
    window = onnx.helper.make_tensor_value_info("window", onnx.TensorProto.FLOAT, ["batch", 1, 2])
    model.graph.value_info.append(window)
    return model


def reading(first: list[float], second: list[float], hr_bpm: list[float]) -> Windows:
    signal = np.stack([first, second], axis=1)[:, None].astype(np.float32)
    index = pd.DataFrame({"hr_bpm": np.asarray(hr_bpm, np.float32)})
    return Windows(index, signal, ("ppg_1",), 25.0)


TEST = reading([60, 70, 80, 90], [1, 1, 1, 1], [61, 71, 77, 90])
"""Errors of -1, -1, 3 and 0 BPM."""


def test_the_cost_is_the_difference_between_the_two_errors() -> None:
    assert quantisation_cost(stub(0.0), stub(2.0), TEST, max_loss_bpm=1.0) == {
        "mae_bpm": pytest.approx((1 + 1 + 5 + 2) / 4),
        "loss_bpm": pytest.approx((1 + 1 + 5 + 2) / 4 - (1 + 1 + 3 + 0) / 4),
        "moved_bpm": pytest.approx(2.0),
        "max_loss_bpm": 1.0,
        "too_costly": False,
    }


def test_a_student_that_loses_more_than_allowed_is_marked() -> None:
    cost = quantisation_cost(stub(0.0), stub(2.0), TEST, max_loss_bpm=0.99)
    assert cost["too_costly"] is True


def test_a_student_that_happens_to_gain_is_not_marked() -> None:
    cost = quantisation_cost(stub(2.0), stub(0.0), TEST, max_loss_bpm=0.0)
    assert cost["loss_bpm"] == pytest.approx(-1.0)
    assert cost["too_costly"] is False


def test_windows_without_an_estimate_are_left_out() -> None:
    some_lost = reading([60, 70, 80, 90], [1, -1, 1, -1], [61, 71, 77, 90])
    cost = quantisation_cost(stub(0.0), stub(2.0), some_lost, max_loss_bpm=1.0)
    assert cost["mae_bpm"] == pytest.approx((1 + 5) / 2)
    assert cost["loss_bpm"] == pytest.approx((1 + 5) / 2 - (1 + 3) / 2)


def test_more_windows_than_a_batch_are_all_counted() -> None:
    many = reading([60.0] * 300, [1.0] * 300, [60.0] * 299 + [90.0])
    cost = quantisation_cost(stub(0.0), stub(0.0), many, max_loss_bpm=1.0)
    assert cost["mae_bpm"] == pytest.approx(30 / 300)
