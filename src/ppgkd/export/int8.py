"""Static quantisation of a student's layers to eight bits.

Convolutions and matrix products with weights get quantised inputs and weights, one scale for each
channel of the weights. The spectrum, the softmax and the decoding stay in float: they have no
weights, and a logarithm of powers needs its range.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)

from ppgkd.export import WINDOW
from ppgkd.export.subgraphs import merge_graphs, split_graph
from ppgkd.inference.model_card import OUTPUTS
from ppgkd.windows.read import Windows

WEIGHTED = ("Conv", "Gemm")
"""Operators with weights; the front end's matrix products have none, they are formulas."""

BATCH = 128
CALIBRATION_WINDOWS = 1024
"""Enough for the ranges of the activations; they are spread evenly over the training windows."""


class _Batches(CalibrationDataReader):  # type: ignore[misc]
    """Windows for the calibration, a batch at a time."""

    def __init__(self, windows: NDArray[np.float32]) -> None:
        starts = range(0, len(windows), BATCH)
        self._batches: Iterator[dict[str, NDArray[np.float32]]] = iter(
            [{WINDOW: windows[start : start + BATCH]} for start in starts]
        )

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """Give the next batch; None after the last."""
        return next(self._batches, None)


def calibration_windows(train: Windows) -> NDArray[np.float32]:
    """Take evenly from the training windows those that a calibration sees."""
    places = np.linspace(0, len(train) - 1, min(CALIBRATION_WINDOWS, len(train))).round()
    return np.asarray(train.signal[places.astype(int)])


def quantise(model: onnx.ModelProto, windows: NDArray[np.float32]) -> onnx.ModelProto:
    """Quantise the network half of an exported file.

    Parameters
    ----------
    model
        A file of `ppgkd.export.student`, as a model.
    windows
        Preprocessed training windows that tell the ranges of the activations, shape (n_windows,
        n_channels, n_samples).

    Returns
    -------
    ModelProto
        The file with ``QuantizeLinear`` and ``DequantizeLinear`` around its layers, and the same
        metadata.
    """
    front, network = split_graph(model)
    with TemporaryDirectory() as folder, _without_advice():
        plain, quantised = Path(folder, "plain.onnx"), Path(folder, "int8.onnx")
        onnx.save(network, plain)
        quantize_static(
            plain,
            quantised,
            _Batches(windows),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=[*WEIGHTED],
            per_channel=True,
            weight_type=QuantType.QInt8,
            activation_type=QuantType.QUInt8,
            calibrate_method=CalibrationMethod.MinMax,
        )
        smaller = onnx.load(quantised)
    _shorten_names(smaller.graph)
    joined = merge_graphs(front, smaller)
    del joined.metadata_props[:]
    joined.metadata_props.extend(model.metadata_props)
    return joined


def quantisation_cost(
    model: onnx.ModelProto, quantised: onnx.ModelProto, test: Windows, max_loss_bpm: float
) -> dict[str, Any]:
    """What eight bits cost.

    Parameters
    ----------
    model, quantised
        A student's file, and the same with eight bits.
    test
        Preprocessed windows of the test subjects.
    max_loss_bpm
        A student that loses more is marked.

    Returns
    -------
    dict
        ``mae_bpm`` with eight bits, ``loss_bpm`` (that minus the MAE in float), ``moved_bpm`` (mean
        absolute difference between the two estimates), ``max_loss_bpm``, and ``too_costly``. Of
        windows with a signal: of others there is no estimate.
    """
    plain_bpm, int8_bpm = (_estimates(one, test.signal) for one in (model, quantised))
    given = np.isfinite(plain_bpm)
    hr_bpm, plain_bpm, int8_bpm = (
        part[given] for part in (test.index["hr_bpm"].to_numpy(), plain_bpm, int8_bpm)
    )
    mae_bpm = float(np.abs(int8_bpm - hr_bpm).mean())
    loss_bpm = mae_bpm - float(np.abs(plain_bpm - hr_bpm).mean())
    return {
        "mae_bpm": mae_bpm,
        "loss_bpm": loss_bpm,
        "moved_bpm": float(np.abs(int8_bpm - plain_bpm).mean()),
        "max_loss_bpm": max_loss_bpm,
        "too_costly": loss_bpm > max_loss_bpm,
    }


def _estimates(model: onnx.ModelProto, windows: NDArray[np.float32]) -> NDArray[np.float64]:
    _, network = split_graph(model)
    session = onnxruntime.InferenceSession(
        network.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    starts = range(0, len(windows), BATCH)
    parts = [session.run(["bpm"], {WINDOW: windows[s : s + BATCH]})[0] for s in starts]
    return np.asarray(np.concatenate(parts), np.float64)


def _shorten_names(graph: onnx.GraphProto) -> None:
    """Number the tensors: the quantiser's names take more bytes than a small student's weights."""
    short = {name: name for name in ("", WINDOW, *OUTPUTS)}

    def shortened(names: Iterable[str]) -> list[str]:
        return [short.setdefault(name, f"q{len(short)}") for name in names]

    for node in graph.node:
        node.ClearField("name")
        node.input[:], node.output[:] = shortened(node.input), shortened(node.output)
    for constant in graph.initializer:
        (constant.name,) = shortened([constant.name])


@contextmanager
def _without_advice() -> Iterator[None]:
    """Keep the quantiser from advising its user, which it does through the root logger."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        root.setLevel(level)
