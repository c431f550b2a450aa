"""The preprocessing graph of an exported file: `windows.preprocessing` as ONNX operators.

The file contains formulas for the cosines whose product is the resampling matrix, because the
matrix is large to store. ONNX Runtime computes it once, when it loads the file.
"""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import compose, numpy_helper, parser

from ppgkd.export import IR_VERSION, OPSET, WINDOW
from ppgkd.inference.model_card import RAW
from ppgkd.windows.preprocessing import AMPLITUDE_FLOOR, WindowSpec, kept_cosines

EXPORT_SAMPLE_LIMIT = 1e30
"""Samples beyond this are not a signal; a comparison with it is false for NaN, too.

Larger than the limit of recordings that a study reads (`ppgkd.windows.preprocessing`): the file
normalises in float32 before it squares, and a device's own counts may have any scale.
"""

MATRIX = """
    raw_product = Mul(order, raw_odd)
    raw_part = Mod <fmod = 1> (raw_product, raw_period)
    raw_angle = Mul(raw_part, raw_step)
    raw_cosine = Cos(raw_angle)
    analysis = Mul(gain, raw_cosine)
    product = Mul(order, odd)
    part = Mod <fmod = 1> (product, period)
    angle = Mul(part, step)
    synthesis = Cos(angle)
    transposed = Transpose <perm = [1, 0]> (analysis)
    matrix = MatMul(transposed, synthesis)
    first = Slice(raw, start, end, last_axis)
    moved = Sub(raw, first)
    mean = ReduceMean(moved, last_axis)
    centred = Sub(moved, mean)
    filtered = MatMul(centred, matrix)
"""
"""The angle of order k at sample i of n is k (2i + 1) pi / 2n. Whole turns are removed while the
numbers are integers, because float32 represents an angle of 400 radians poorly.

The cosines are orthogonal to a constant, so subtracting one changes only the rounding. After the
first sample is subtracted, a flat channel is exactly zero.
"""

PPG = """
    {ppg_raw}
    magnitude = Abs(ppg_raw)
    level = ReduceMax(magnitude, last_axis)
    known = Max(level, least)
    relative = Div(ppg, known)
    squared = Mul(relative, relative)
    power = ReduceMean(squared, last_axis)
    deviation = Sqrt(power)
    divisor = Max(deviation, floor)
    scaled = Div(relative, divisor)
    bounded = Less(level, largest)
    finite = Less(power, largest)
    sane_ppg = And(bounded, finite)
"""
"""Signals are divided by their level first, so that the square of a small one fits in float32."""

WITH_ACCELERATION = """
    ppg, acc = Split <axis = 1> (filtered, sizes)
    {ppg_part}
    clean = Where(sane_ppg, scaled, zero)
    acc_squared = Mul(acc, acc)
    energy = ReduceSum(acc_squared, both_axes)
    sane_acc = Less(energy, largest)
    together = Concat <axis = 1> (clean, acc)
    window = Where(sane_acc, together, zero)
"""

PPG_ALONE = """
    ppg = Identity(filtered)
    {ppg_part}
    window = Where(sane_ppg, scaled, zero)
"""


def preprocessing_graph(
    spec: WindowSpec, raw_rate_hz: float, ppg_channels: int, acc_channels: int
) -> onnx.ModelProto:
    """Make the preprocessing graph for a sensor.

    It maps `RAW` (batch, n_channels, n_raw_samples), float32, to `WINDOW` (batch, n_channels,
    n_samples), with the values of `ppgkd.windows.preprocessing.preprocess`. A PPG channel that
    contains NaN, or samples beyond `EXPORT_SAMPLE_LIMIT`, becomes zeros; so does the whole window
    if its acceleration contains such samples.

    Parameters
    ----------
    spec
        Window length, target rate and pass band.
    raw_rate_hz
        Sampling rate of the sensor.
    ppg_channels, acc_channels
        Channels of each sensor, PPG first, acceleration in g.
    """
    cosines = kept_cosines(spec, raw_rate_hz)
    channels = ppg_channels + acc_channels
    if acc_channels:
        ppg_raw = "ppg_raw, acc_raw = Split <axis = 1> (raw, sizes)"
        tail = WITH_ACCELERATION
    else:
        ppg_raw, tail = "ppg_raw = Identity(raw)", PPG_ALONE
    nodes = MATRIX + tail.format(ppg_part=PPG.format(ppg_raw=ppg_raw))
    shapes = f"{channels},{len(cosines.raw_phase)}", f"{channels},{len(cosines.phase)}"
    model = parser.parse_model(
        f'<ir_version: {IR_VERSION}, opset_import: ["": {OPSET}]>\n'
        f"preprocessing (float[batch,{shapes[0]}] {RAW}) => (float[batch,{shapes[1]}] {WINDOW}) "
        f"{{{nodes}}}"
    )
    constants = {
        "order": cosines.order[:, None].astype(np.float32),
        "gain": cosines.gain[:, None].astype(np.float32),
        **_angles("raw_", len(cosines.raw_phase)),
        **_angles("", len(cosines.phase)),
        "floor": np.float32(AMPLITUDE_FLOOR),
        "least": np.finfo(np.float32).tiny,
        "largest": np.float32(EXPORT_SAMPLE_LIMIT),
        "zero": np.float32(0),
        "sizes": np.array([ppg_channels, acc_channels]),
        "start": np.array([0]),
        "end": np.array([1]),
        "last_axis": np.array([2]),
        "both_axes": np.array([1, 2]),
    }
    used = {name for node in model.graph.node for name in node.input}
    model.graph.initializer.extend(
        numpy_helper.from_array(np.asarray(value), name)
        for name, value in constants.items()
        if name in used
    )
    # so that no name occurs in the network graph, too
    return compose.add_prefix(model, "input_", rename_inputs=False, rename_outputs=False)


def _angles(prefix: str, n_samples: int) -> dict[str, np.floating | NDArray[np.floating]]:
    """Constants from which `MATRIX` computes the angles of n samples."""
    return {
        f"{prefix}odd": 2 * np.arange(n_samples, dtype=np.float32) + 1,
        f"{prefix}period": np.float32(4 * n_samples),
        f"{prefix}step": np.float32(np.pi / (2 * n_samples)),
    }
