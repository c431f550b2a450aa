"""A student as one ONNX file: its graph, for its own sensor and for others. No PyTorch."""

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
from ppgkd.windows.preprocessing import (
    PREPROCESSING_VERSION,
    WindowSpec,
)

RATES_HZ = (10.0, 1000.0)
"""Sensor rates that a file can be made for."""


def student_graph(
    family: str, weights: Weights, inputs: InputShape, card: ModelCard
) -> onnx.ModelProto:
    """Make a file's content: from raw samples to BPM, with the model card as its metadata.

    Parameters
    ----------
    family, weights, inputs
        The network; see `ppgkd.export.network_graph.network_graph`.
    card
        What the file says about itself.
    """
    front = preprocessing_graph(
        window_spec_of(card), card.rate_hz, inputs.ppg_channels, inputs.acc_channels
    )
    model = merge_graphs(front, network_graph(family, weights, inputs))
    onnx.helper.set_model_props(model, card.metadata)
    return model


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
