"""The network graph of an exported file, from the preprocessed window to BPM, as ONNX operators.

It is written from the weights, without PyTorch: the front end (`ppgkd.models.spectrum`) of a family
that sees spectra, the layers of the family (`ppgkd.export.families`), and the decoding
(`ppgkd.heart_rate.decode`). Batch normalisation is folded into the layers before it.
"""

from __future__ import annotations

from importlib import import_module

import numpy as np
import onnx
from onnx import numpy_helper, parser

from ppgkd.export import IR_VERSION, OPSET, WINDOW
from ppgkd.export.layers import Layers, Weights
from ppgkd.grid import BPM_MAX, BPM_MIN, DECODE_HALF_WIDTH_BPM, N_CLASSES
from ppgkd.inference.model_card import OUTPUTS
from ppgkd.models.capacity import SHAPES, InputShape
from ppgkd.models.front_end import (
    LOG_SCALE,
    log_shifts,
    omega_rad_per_s,
    power_floors,
    power_of_amplitude,
    sample_times_s,
)

LEAST_POWER = 0.5
"""Smallest mean square of a channel with a signal: preprocessing gives it unit variance.

A channel with less is below the preprocessing's floor, and contains only rounding noise.
"""

SPECTRUM = """
    phase = Mul(time_s, omega)
    cosine = Cos(phase)
    sine = Sin(phase)
    in_phase = MatMul(window, cosine)
    in_quadrature = MatMul(window, sine)
    squared_in_phase = Mul(in_phase, in_phase)
    squared_in_quadrature = Mul(in_quadrature, in_quadrature)
    squared_amplitude = Add(squared_in_phase, squared_in_quadrature)
    power = Mul(squared_amplitude, power_of_amplitude)
    {sensors}
    above_floor = Add(sensor_power, power_floor)
    log_power = Log(above_floor)
    scaled_log_power = Mul(log_power, log_scale)
    spectra = Add(scaled_log_power, log_shift)
"""
"""The sines and cosines are fast to compute and large to store. So the file contains ``time_s`` and
``omega`` alone, and ONNX Runtime computes the rest once, when it loads the file. At each frequency,
the PPG channels are sorted by power (``TopK``), because their order must not matter."""

PPG_OF_BOTH = """
    ppg_window, acc_window = Split <axis = 1> (window, sensor_channels)
"""

PPG_ALONE = """
    ppg_window = Identity(window)
"""

POWER_OF_BOTH = """
    ppg_power, acc_power = Split <axis = 1> (power, sensor_channels)
    sorted_power, sorted_from = TopK <axis = 1, largest = 0> (ppg_power, ppg_channels)
    acc_sum = ReduceSum(acc_power, channel_axis)
    sensor_power = Concat <axis = 1> (sorted_power, acc_sum)
"""

POWER_OF_PPG = """
    sensor_power, sorted_from = TopK <axis = 1, largest = 0> (power, ppg_channels)
"""

DECODING = """
    softmax = Softmax <axis = 1> (logits)
    ppg_squared = Mul(ppg_window, ppg_window)
    channel_power = ReduceMean <keepdims = 0> (ppg_squared, sample_axis)
    largest_power = ReduceMax <keepdims = 0> (channel_power, channel_axis)
    has_signal = Greater(largest_power, least_power)
    total = ReduceSum <keepdims = 0> (softmax, class_axis)
    has_output = Greater(total, zero)
    known = And(has_signal, has_output)
    known_column = Unsqueeze(known, class_axis)
    probabilities = Where(known_column, softmax, uniform)
    mode_index = ArgMax <axis = 1, keepdims = 1> (probabilities)
    mode_bpm = Gather <axis = 0> (grid_bpm, mode_index)
    from_mode = Sub(grid_bpm, mode_bpm)
    mode_distance = Abs(from_mode)
    is_near = LessOrEqual(mode_distance, half_width_bpm)
    near = Cast <to = 1> (is_near)
    weight = Mul(probabilities, near)
    weighted_bpm = Mul(weight, grid_bpm)
    weighted_sum = ReduceSum(weighted_bpm, class_axis)
    weight_sum = ReduceSum(weight, class_axis)
    mean_bpm = Div(weighted_sum, weight_sum)
    from_mean = Sub(grid_bpm, mean_bpm)
    mean_distance = Mul(from_mean, from_mean)
    weighted_distance = Mul(probabilities, mean_distance)
    variance = ReduceSum <keepdims = 0> (weighted_distance, class_axis)
    sd_bpm = Sqrt(variance)
    estimate_bpm = Squeeze(mean_bpm, class_axis)
    bpm = Where(known, estimate_bpm, missing)
"""
"""As `ppgkd.heart_rate.decode`. A comparison with NaN is false, so NaN logits are not known."""


def network_graph(family: str, weights: Weights, inputs: InputShape) -> onnx.ModelProto:
    """Make the network graph of a file.

    It maps `ppgkd.export.WINDOW` to `ppgkd.inference.model_card.OUTPUTS`. If no PPG channel has
    a signal, or the network's outputs are NaN, all classes are equally likely and the estimate is
    NaN.

    Parameters
    ----------
    family
        Name of the family, which is that of its file in `ppgkd.export.families`.
    weights
        Of the network.
    inputs
        Shape of its windows.
    """
    layers: Layers = import_module(f"ppgkd.export.families.{family}").layers(weights, inputs)
    nodes = PPG_OF_BOTH if inputs.acc_channels else PPG_ALONE
    if SHAPES[family].sees == "spectra":
        sensors = POWER_OF_BOTH if inputs.acc_channels else POWER_OF_PPG
        nodes += SPECTRUM.format(sensors=sensors)
    nodes += layers.nodes + DECODING
    bpm, sd_bpm, probabilities = OUTPUTS
    model = parser.parse_model(
        f'<ir_version: {IR_VERSION}, opset_import: ["": {OPSET}]>\n'
        f"network (float[batch,{inputs.channels},{inputs.n_samples}] {WINDOW}) => "
        f"(float[batch] {bpm}, float[batch] {sd_bpm}, float[batch,{N_CLASSES}] {probabilities}) "
        f"{{{nodes}}}"
    )
    constants = {
        "time_s": sample_times_s(inputs)[:, None],
        "omega": omega_rad_per_s(),
        "power_of_amplitude": np.float32(power_of_amplitude(inputs)),
        "power_floor": power_floors(inputs),
        "log_scale": np.float32(LOG_SCALE),
        "log_shift": log_shifts(inputs),
        "sensor_channels": np.array([inputs.ppg_channels, inputs.acc_channels]),
        "ppg_channels": np.array([inputs.ppg_channels]),
        "channel_axis": np.array([1]),
        "class_axis": np.array([1]),
        "sample_axis": np.array([2]),
        "least_power": np.float32(LEAST_POWER),
        "zero": np.float32(0),
        "uniform": np.float32(1 / N_CLASSES),
        "grid_bpm": np.arange(BPM_MIN, BPM_MAX + 1, dtype=np.float32),
        "half_width_bpm": np.float32(DECODE_HALF_WIDTH_BPM),
        "missing": np.float32("nan"),
        **layers.constants,
    }
    used = {name for node in model.graph.node for name in node.input}
    model.graph.initializer.extend(
        numpy_helper.from_array(np.ascontiguousarray(value), name)
        for name, value in constants.items()
        if name in used
    )
    return model
