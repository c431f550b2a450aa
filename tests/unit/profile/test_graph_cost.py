"""Costs of graphs, against counts by hand and the families' closed formulas."""

from collections.abc import Callable

import numpy as np
import onnx
import pytest
import torch

from ppgkd.export.network_graph import network_graph
from ppgkd.export.verify import weights_of
from ppgkd.models.build import build_model
from ppgkd.models.capacity import (
    BINS,
    DILATIONS,
    HARMONICS,
    TCN_DILATIONS,
    InputShape,
    Shape,
    SpectralMLPShape,
    SpectralResNetShape,
    WaveformMLPShape,
    WaveformResNetShape,
    WaveformTCNShape,
)
from ppgkd.profile.graph_cost import graph_cost

Make = Callable[..., onnx.ModelProto]


def ones(*shape: int) -> np.ndarray:
    return np.ones(shape, np.float32)


@pytest.mark.parametrize(
    ("text", "weight", "macs"),
    [
        # 5 rows of 6 results, 4 products each
        ("(float[n,5,4] x) => (float[n,5,6] y) { y = MatMul(x, w) }", (4, 6), 5 * 6 * 4),
        ("(float[n,5,4] x) => (float[n,5,5] y) { t = Transpose<perm=[0,2,1]>(x) y = MatMul(x,t) }",
         (), 5 * 5 * 4),
        ("(float[n,4] x) => (float[n,6] y) { y = Gemm(x, w) }", (4, 6), 6 * 4),
        ("(float[n,4] x) => (float[n,6] y) { y = Gemm<transB=1>(x, w) }", (6, 4), 6 * 4),
        ("(float[n,4] x) => (float[4,6] y) { y = Gemm<transA=1>(x, w) }", (1, 6), 4 * 6 * 1),
        # 8 results in each of 6 places, 3 channels and 5 taps each
        ("(float[n,3,10] x) => (float[n,8,6] y) { y = Conv(x, w) }", (8, 3, 5), 8 * 6 * 3 * 5),
        ("(float[n,3,10] x) => (float[n,8,3] y) { y = Conv<strides=[2]>(x, w) }", (8, 3, 5),
         8 * 3 * 3 * 5),
        ("(float[n,4,10] x) => (float[n,8,6] y) { y = Conv<group=2>(x, w) }", (8, 2, 5),
         8 * 6 * 2 * 5),
        ("(float[n,2,7,9] x) => (float[n,4,5,7] y) { y = Conv(x, w) }", (4, 2, 3, 3),
         4 * 5 * 7 * 2 * 9),
        ("(float[n,4] x) => (float[n,4] y) { y = Mul(x, x) }", (), 0),
    ],
)  # fmt: skip
def test_multiply_accumulates_as_counted_by_hand(
    graph: Make, text: str, weight: tuple[int, ...], macs: int
) -> None:
    cost = graph_cost(graph(f"g {text}", {"w": ones(*weight)}))
    assert cost.macs == macs
    assert cost.int8_macs == 0


def test_the_costs_of_a_small_student_as_counted_by_hand(student: Make) -> None:
    cost = graph_cost(student())
    resampling, spectrum = 2 * 8 * 16, 2 * 6 * 8
    layers = 4 * 6 * (2 * 3) + 6 * 4
    assert cost.macs == resampling + spectrum + layers
    assert cost.int8_macs == 0
    assert cost.parameter_bytes == 4 * (4 * 2 * 3 + 4 + 4), "weight, bias, head"
    assert cost.table_bytes == 4 * (16 * 8 + 8 * 6 + 6) + 8, "matrix, basis, classes, an axis"
    assert cost.input_bytes == 4 * 2 * 16
    assert cost.peak_activation_bytes == 4 * (24 + 24), "before and after the ReLU"
    assert cost.ram_bytes == cost.input_bytes + cost.peak_activation_bytes
    assert cost.flash_bytes == cost.parameter_bytes + cost.table_bytes + cost.graph_bytes


@pytest.mark.parametrize("int8", [False, True])
def test_the_front_end_of_a_small_student_as_counted_by_hand(student: Make, int8: bool) -> None:
    cost = graph_cost(student(int8=int8))
    assert cost.front_end_macs == 2 * 8 * 16 + 2 * 6 * 8, "resampling and spectra"
    tables_bytes = 4 * (16 * 8 + 8 * 6)
    assert tables_bytes < cost.front_end_flash_bytes < tables_bytes + cost.graph_bytes
    assert cost.front_end_ram_bytes == cost.input_bytes + 4 * (16 + 12), "window and products"
    assert cost.ram_bytes == max(cost.front_end_ram_bytes, cost.ram_bytes)


def test_a_graph_without_front_end_has_no_part_of_it(graph: Make) -> None:
    cost = graph_cost(graph("g (float[n,5,4] x) => (float[n,5,6] y) { y = MatMul(x, w) }",
                            {"w": ones(4, 6)}))  # fmt: skip
    parts = (cost.front_end_macs, cost.front_end_flash_bytes, cost.front_end_ram_bytes)
    assert parts == (0, 0, 0)


def test_the_costs_of_its_8_bit_form_as_counted_by_hand(student: Make) -> None:
    cost = graph_cost(student(int8=True))
    assert cost.macs == graph_cost(student()).macs
    assert cost.int8_macs == 4 * 6 * (2 * 3) + 6 * 4
    weights, bias, scales = 4 * 2 * 3 + 4, 4 * 4, (4 + 1) + (4 + 1) + (4 + 4)
    assert cost.parameter_bytes == weights + bias + scales
    assert cost.table_bytes == graph_cost(student()).table_bytes
    assert cost.peak_activation_bytes == 4 * (16 + 12), "the window and its spectrum, in float"


def test_a_chain_has_two_tensors_in_memory(graph: Make) -> None:
    text = """g (float[n,10] x) => (float[n,30] d) {
        a = MatMul(x, u)  b = Exp(a)  c = MatMul(b, v)  d = Sin(c)
    }"""
    cost = graph_cost(graph(text, {"u": ones(10, 20), "v": ones(20, 30)}))
    assert cost.peak_activation_bytes == 4 * (30 + 30)


def test_a_tensor_that_is_read_later_stays(graph: Make) -> None:
    text = """g (float[n,10] x) => (float[n,10] d) {
        a = Exp(x)  b = Sin(a)  c = Cos(b)  d = Add(a, c)
    }"""
    assert graph_cost(graph(text, {})).peak_activation_bytes == 4 * 3 * 10


def test_an_output_stays_to_the_end(graph: Make) -> None:
    text = """g (float[n,10] x) => (float[n,10] a, float[n,10] d) {
        a = Exp(x)  b = Sin(a)  c = Cos(b)  d = Tan(c)
    }"""
    assert graph_cost(graph(text, {})).peak_activation_bytes == 4 * 3 * 10


def test_a_reshape_takes_no_memory(graph: Make) -> None:
    text = """g (float[n,10] x) => (float[n,5,2] d) {
        a = Exp(x)  b = Reshape(a, shape)  d = Sin(b)
    }"""
    cost = graph_cost(graph(text, {"shape": np.array([-1, 5, 2])}))
    assert cost.peak_activation_bytes == 4 * 2 * 10


def chain_of_convolutions(graph: Make, *, int8: bool) -> onnx.ModelProto:
    """Three convolutions of 8 channels on 100 positions."""
    quantize = "{0}q = QuantizeLinear({0}, s, z) {0}d = DequantizeLinear({0}q, s, z) "
    if int8:
        layers = quantize.format("x") + "wd = DequantizeLinear(w, s, wz) "
        layers += "a = Conv(xd, wd) " + quantize.format("a")
        layers += "b = Conv(ad, wd) " + quantize.format("b")
        layers += "c = Conv(bd, wd) " + quantize.format("c") + "y = Identity(cd)"
    else:
        layers = "a = Conv(x, w) b = Conv(a, w) y = Conv(b, w)"
    text = f"g (float[n,8,100] x) => (float[n,8,100] y) {{ {layers} }}"
    weight = np.ones((8, 8, 1), np.int8 if int8 else np.float32)
    constants = {"w": weight, "s": np.float32(1), "z": np.uint8(0), "wz": np.int8(0)}
    return graph(text, constants)


def test_float_activations_take_four_bytes(graph: Make) -> None:
    cost = graph_cost(chain_of_convolutions(graph, int8=False))
    assert cost.peak_activation_bytes == 4 * (800 + 800)


def test_quantised_activations_take_one_byte_until_they_are_floats_again(graph: Make) -> None:
    cost = graph_cost(chain_of_convolutions(graph, int8=True))
    assert cost.peak_activation_bytes == 800 + 4 * 800, "the last step makes floats of bytes"
    assert cost.int8_macs == cost.macs == 3 * 800 * 8


def spectrum_macs(inputs: InputShape) -> int:
    """A cosine and a sine for each channel, sample, frequency and harmonic."""
    return 2 * inputs.channels * inputs.n_samples * BINS * len(HARMONICS)


@pytest.mark.parametrize(
    ("shape", "normalised"),
    [
        (SpectralResNetShape(5), 5 * (1 + 2 * len(DILATIONS))),
        (SpectralMLPShape(7), 7 * 2),
        (WaveformResNetShape(5), 2 + 3 * (2 + 4 + 5 + 5)),
        (WaveformTCNShape(5), 5 * (1 + 2 * len(TCN_DILATIONS))),
        (WaveformMLPShape(7), 7 * 2),
    ],
    ids=lambda value: getattr(value, "family", ""),
)
def test_an_exported_network_costs_what_its_formula_says(
    shape: Shape, normalised: int, inputs: InputShape
) -> None:
    network = build_model(shape, inputs, seed=0)
    network(torch.randn(20, inputs.channels, inputs.n_samples))  # so that normalisation shifts
    cost = graph_cost(network_graph(network.family, weights_of(network.eval()), inputs))
    front_end = spectrum_macs(inputs) if shape.sees == "spectra" else 0
    assert cost.front_end_macs == front_end
    assert cost.macs == shape.macs(inputs) + front_end
    # of a normalised channel's scale and shift, only the shift is left
    assert cost.parameter_bytes == 4 * (shape.n_params(inputs) - normalised)
    if shape.sees == "spectra":
        basis_bytes = 4 * 2 * inputs.n_samples * BINS * len(HARMONICS)
        assert basis_bytes < cost.table_bytes < 1.02 * basis_bytes
    else:
        assert cost.table_bytes < 2_000, "the classes, and no front end"
