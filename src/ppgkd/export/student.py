"""A student written as ONNX, kept only if ONNX Runtime gives on real windows what PyTorch gives."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from numpy.typing import NDArray
from torch import nn

from ppgkd.errors import PpgkdError
from ppgkd.export.network import Estimator, has_signal, network_graph
from ppgkd.export.preprocessing_graph import preprocessing_graph
from ppgkd.export.subgraphs import merge_graphs, split_graph
from ppgkd.inference.model_card import OUTPUTS, RAW, ModelCard, read_model_card
from ppgkd.models.capacity import InputShape
from ppgkd.runtime.artifacts import atomic_write
from ppgkd.windows.preprocessing import (
    PREPROCESSING_VERSION,
    WindowSpec,
    preprocess,
    resampling_matrix,
)

RATES_HZ = (10.0, 1000.0)
"""Sensor rates that a file can be made for."""

TIE = 1e-5
"""Where the likeliest class leads by less than this share, rounding may choose the second."""


def export_student(
    network: nn.Module,
    inputs: InputShape,
    card: ModelCard,
    raw: NDArray[np.float32],
    path: str | Path,
    *,
    tolerance_bpm: float,
) -> float:
    """Write a network as ONNX and check it against PyTorch.

    Parameters
    ----------
    network
        In evaluation mode.
    inputs
        Shape of its windows.
    card
        What the file says about itself.
    raw
        Real raw windows for the check, shape (n_windows, n_channels, card.n_samples).
    path
        ONNX file to write.
    tolerance_bpm
        Largest difference between the two on any window, but for those where two classes are tied
        for the mode: the estimate is the mean about either.

    Returns
    -------
    float
        Largest difference in BPM.

    Raises
    ------
    PpgkdError
        If the difference is larger than the tolerance; nothing is kept then.
    """
    model = student_graph(network, inputs, card)
    return write_verified(model, network, inputs, raw, path, tolerance_bpm=tolerance_bpm)


def student_graph(network: nn.Module, inputs: InputShape, card: ModelCard) -> onnx.ModelProto:
    """Make a file's content: from raw samples to BPM, with the card as its metadata."""
    front = preprocessing_graph(
        window_spec_of(card), card.rate_hz, inputs.ppg_channels, inputs.acc_channels
    )
    model = merge_graphs(front, network_graph(network, inputs))
    onnx.helper.set_model_props(model, card.metadata)
    return model


def write_verified(
    model: onnx.ModelProto,
    network: nn.Module,
    inputs: InputShape,
    raw: NDArray[np.float32],
    path: str | Path,
    *,
    tolerance_bpm: float,
) -> float:
    """Write a student, but only if it says what its network says; see `export_student`."""
    with atomic_write(path) as temporary:
        onnx.save(model, temporary)
        difference_bpm = _difference_bpm(
            network, inputs, model_card_of(model, path), raw, temporary
        )
        if not difference_bpm <= tolerance_bpm:
            raise PpgkdError(
                f"ONNX Runtime and PyTorch differ by {difference_bpm:g} BPM on a real window for "
                f"{path}; allowed are {tolerance_bpm:g} (onnx.tolerance_bpm). It was not kept."
            )
    return difference_bpm


def change_rate(model: onnx.ModelProto, rate_hz: float) -> onnx.ModelProto:
    """Fit a file to another sensor: the same weights behind another front.

    Parameters
    ----------
    model
        An exported student, in float or with eight bits.
    rate_hz
        Sampling rate of the other sensor.

    Raises
    ------
    PpgkdError
        If the rate is none that a sensor of this kind has, or a window would not hold a whole
        number of samples: the part that is cut off would be an error in every BPM.
    """
    if not RATES_HZ[0] <= rate_hz <= RATES_HZ[1]:
        raise PpgkdError(
            f"A sensor's rate of {rate_hz:g} Hz is not supported; allowed are {RATES_HZ[0]:g} to "
            f"{RATES_HZ[1]:g} Hz."
        )
    card = replace(model_card_of(model, "the model"), rate_hz=float(rate_hz))
    if abs(card.window_s * rate_hz - card.n_samples) > 1e-6:
        raise PpgkdError(
            f"At {rate_hz:g} Hz a window of {card.window_s:g} s holds {card.window_s * rate_hz:g} "
            f"samples, which must be a whole number; the nearest rate is "
            f"{card.n_samples / card.window_s:g} Hz."
        )
    acc_channels = sum(name.startswith("acc") for name in card.channels)
    ppg_channels = len(card.channels) - acc_channels
    _, network = split_graph(model)
    preprocessing = preprocessing_graph(window_spec_of(card), rate_hz, ppg_channels, acc_channels)
    changed = merge_graphs(preprocessing, network)
    onnx.helper.set_model_props(changed, card.metadata)
    return changed


def read_student(path: str | Path) -> onnx.ModelProto:
    """Read an exported file.

    Raises
    ------
    PpgkdError
        If it is missing, or no ONNX file.
    """
    try:
        return onnx.load(path, format="protobuf")  # whatever it is called
    except (OSError, DecodeError, onnx.checker.ValidationError) as error:
        raise PpgkdError(
            f"{path} cannot be read as an ONNX file: {error}. Name a model.onnx of a study."
        ) from error


def write_student(model: onnx.ModelProto, path: str | Path) -> None:
    """Write an exported file, whole or not at all."""
    with atomic_write(path) as temporary:
        onnx.save(model, temporary, format="protobuf")


def model_card_of(model: onnx.ModelProto, path: object) -> ModelCard:
    """ModelCard of a file that has been read."""
    return read_model_card({entry.key: entry.value for entry in model.metadata_props}, path)


def window_spec_of(card: ModelCard) -> WindowSpec:
    """How the preprocessing in a file cuts and filters."""
    if card.preprocessing_version != PREPROCESSING_VERSION:
        raise PpgkdError(
            f"The student {card.student} has preprocessing version {card.preprocessing_version}; "
            f"this is version {PREPROCESSING_VERSION}. Export it again by this version's workflow."
        )
    return WindowSpec(card.window_s, card.stride_s, card.model_rate_hz, card.low_hz, card.high_hz)


@torch.inference_mode()
def _difference_bpm(
    network: nn.Module, inputs: InputShape, card: ModelCard, raw: NDArray[np.float32], path: Path
) -> float:
    """Largest difference in BPM between the package's own way from raw samples and a file.

    Where there is no signal, both must give no number.
    """
    matrix = resampling_matrix(window_spec_of(card), card.rate_hz)
    window = torch.from_numpy(preprocess(raw, matrix, card.channels))
    expected_bpm, _, probabilities = Estimator(network, inputs.ppg_channels)(window)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (found_bpm,) = session.run([OUTPUTS[0]], {RAW: raw})
    difference_bpm = np.abs(found_bpm - expected_bpm.numpy())
    likeliest, second = probabilities.topk(2).values.numpy().T
    tied = likeliest - second < TIE * likeliest
    dead = ~has_signal(window, inputs.ppg_channels).numpy()
    difference_bpm[(tied & np.isfinite(difference_bpm)) | (dead & np.isnan(found_bpm))] = 0
    return float(difference_bpm.max())
