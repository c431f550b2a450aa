"""Static quantisation of a student's layers to int8.

Convolutions and matrix products with weights get quantised inputs and weights, with one scale per
channel of the weights. The spectrum, the softmax and the decoding remain in float: they have no
weights, and the logarithm of a power needs a large range.
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

from ppgkd.export import SPECTRA, WINDOW
from ppgkd.export.subgraphs import merge_graphs, split_graph
from ppgkd.inference.model_card import OUTPUTS
from ppgkd.windows.read import Windows

QUANTISED_OPERATORS = ("Conv", "Gemm")
"""Operators with weights. The matrix products of the spectral front end have none."""

BATCH = 128
CALIBRATION_WINDOWS = 1024
"""Enough for the ranges of the activations. They are spread evenly over the training windows."""


class _Batches(CalibrationDataReader):  # type: ignore[misc]
    """Batches of windows for the calibration."""

    def __init__(self, windows: NDArray[np.float32]) -> None:
        starts = range(0, len(windows), BATCH)
        self._batches: Iterator[dict[str, NDArray[np.float32]]] = iter(
            [{WINDOW: windows[start : start + BATCH]} for start in starts]
        )

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """Give the next batch; None after the last."""
        return next(self._batches, None)


def calibration_windows(train: Windows) -> NDArray[np.float32]:
    """Select the training windows for the calibration, evenly spaced."""
    rows = np.linspace(0, len(train) - 1, min(CALIBRATION_WINDOWS, len(train))).round()
    return np.asarray(train.signal[rows.astype(int)])


def quantise(model: onnx.ModelProto, windows: NDArray[np.float32]) -> onnx.ModelProto:
    """Quantise the network graph of an exported file.

    Parameters
    ----------
    model
        Content of a file that `ppgkd.export.student` wrote.
    windows
        Preprocessed training windows, which determine the ranges of the activations, shape
        (n_windows, n_channels, n_samples).

    Returns
    -------
    ModelProto
        The model with ``QuantizeLinear`` and ``DequantizeLinear`` around its layers, and the same
        metadata.
    """
    preprocessing, network = split_graph(model)
    with TemporaryDirectory() as folder, _warnings_silenced():
        float_path, int8_path = Path(folder, "float.onnx"), Path(folder, "int8.onnx")
        onnx.save(network, float_path)
        quantize_static(
            float_path,
            int8_path,
            _Batches(windows),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=[*QUANTISED_OPERATORS],
            per_channel=True,
            weight_type=QuantType.QInt8,
            activation_type=QuantType.QUInt8,
            calibrate_method=CalibrationMethod.MinMax,
        )
        quantised = onnx.load(int8_path)
    _shorten_names(quantised.graph)
    merged = merge_graphs(preprocessing, quantised)
    del merged.metadata_props[:]
    merged.metadata_props.extend(model.metadata_props)
    return merged


def quantisation_cost(
    model: onnx.ModelProto, quantised: onnx.ModelProto, test: Windows, max_loss_bpm: float
) -> dict[str, Any]:
    """Compare the error in int8 with that in float.

    Parameters
    ----------
    model, quantised
        A student's model in float and in int8.
    test
        Preprocessed windows of the test subjects.
    max_loss_bpm
        A student that loses more is marked as too costly.

    Returns
    -------
    dict
        ``mae_bpm`` in int8, ``loss_bpm`` (that minus the MAE in float), ``moved_bpm`` (mean
        absolute difference between the two estimates), ``max_loss_bpm``, and ``too_costly``.
        Windows without a signal have no estimate and are left out.
    """
    float_bpm, int8_bpm = (_estimates(one, test.signal) for one in (model, quantised))
    has_estimate = np.isfinite(float_bpm)
    hr_bpm, float_bpm, int8_bpm = (
        part[has_estimate] for part in (test.index["hr_bpm"].to_numpy(), float_bpm, int8_bpm)
    )
    mae_bpm = float(np.abs(int8_bpm - hr_bpm).mean())
    loss_bpm = mae_bpm - float(np.abs(float_bpm - hr_bpm).mean())
    return {
        "mae_bpm": mae_bpm,
        "loss_bpm": loss_bpm,
        "moved_bpm": float(np.abs(int8_bpm - float_bpm).mean()),
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
    short_names = {name: name for name in ("", WINDOW, SPECTRA, *OUTPUTS)}

    def shortened(names: Iterable[str]) -> list[str]:
        return [short_names.setdefault(name, f"q{len(short_names)}") for name in names]

    for node in graph.node:
        node.ClearField("name")
        node.input[:], node.output[:] = shortened(node.input), shortened(node.output)
    for constant in graph.initializer:
        (constant.name,) = shortened([constant.name])


@contextmanager
def _warnings_silenced() -> Iterator[None]:
    """Silence the quantiser's advice to its user, which it gives through the root logger."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        root.setLevel(level)
