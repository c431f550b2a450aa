"""A student as one ONNX file, for its own sensor and for others. Needs no PyTorch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from ppgkd.errors import PpgkdError
from ppgkd.export.layers import Weights
from ppgkd.export.network_graph import network_graph
from ppgkd.export.preprocessing_graph import preprocessing_graph
from ppgkd.export.subgraphs import merge_graphs, split_graph
from ppgkd.inference.model_card import ModelCard, read_model_card
from ppgkd.models.capacity import InputShape
from ppgkd.runtime.artifacts import atomic_write
from ppgkd.windows.preprocessing import PREPROCESSING_VERSION, WindowSpec

RATES_HZ = (10.0, 1000.0)
"""Lowest and highest sensor rate for which a file can be made."""


def student_graph(
    family: str, weights: Weights, inputs: InputShape, card: ModelCard
) -> onnx.ModelProto:
    """Make the model of a file: from raw samples to BPM, with the model card as its metadata.

    Parameters
    ----------
    family, weights, inputs
        The network; see `ppgkd.export.network_graph.network_graph`.
    card
        Its model card.
    """
    preprocessing = preprocessing_graph(
        window_spec_of(card), card.rate_hz, inputs.ppg_channels, inputs.acc_channels
    )
    model = merge_graphs(preprocessing, network_graph(family, weights, inputs))
    onnx.helper.set_model_props(model, card.metadata)
    return model


def change_rate(model: onnx.ModelProto, rate_hz: float) -> onnx.ModelProto:
    """Change the sensor rate of a file: the same weights with another preprocessing graph.

    Parameters
    ----------
    model
        An exported student, in float or int8.
    rate_hz
        Sampling rate of the other sensor.

    Raises
    ------
    PpgkdError
        If the rate is outside `RATES_HZ`, or a window would not have an integer number of samples:
        the rounding would be an error in every BPM.
    """
    if not RATES_HZ[0] <= rate_hz <= RATES_HZ[1]:
        raise PpgkdError(
            f"A sensor's rate of {rate_hz:g} Hz is not supported; allowed are {RATES_HZ[0]:g} to "
            f"{RATES_HZ[1]:g} Hz."
        )
    card = replace(model_card_of(model, "the model"), rate_hz=float(rate_hz))
    if abs(card.window_s * rate_hz - card.n_samples) > 1e-6:
        raise PpgkdError(
            f"At {rate_hz:g} Hz a window of {card.window_s:g} s has {card.window_s * rate_hz:g} "
            f"samples, which must be an integer; the nearest rate is "
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
        If it is missing or not an ONNX file.
    """
    try:
        return onnx.load(path, format="protobuf")  # whatever its suffix
    except (OSError, DecodeError, onnx.checker.ValidationError) as error:
        raise PpgkdError(
            f"{path} cannot be read as an ONNX file: {error}. Name a model.onnx of a study."
        ) from error


def write_student(model: onnx.ModelProto, path: str | Path) -> None:
    """Write an exported file atomically."""
    with atomic_write(path) as temporary:
        onnx.save(model, temporary, format="protobuf")


def model_card_of(model: onnx.ModelProto, path: object) -> ModelCard:
    """Model card of a file that has been read."""
    return read_model_card({entry.key: entry.value for entry in model.metadata_props}, path)


def window_spec_of(card: ModelCard) -> WindowSpec:
    """Segmentation and preprocessing of a file."""
    if card.preprocessing_version != PREPROCESSING_VERSION:
        raise PpgkdError(
            f"The student {card.student} has preprocessing version {card.preprocessing_version}; "
            f"this is version {PREPROCESSING_VERSION}. Export it with this version's workflow."
        )
    return card.window_spec
