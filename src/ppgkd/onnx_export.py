"""A student as one ONNX file: from a preprocessed window to BPM, its spread and 180 probabilities.

What the file needs to be used is in its metadata. The file is kept only if ONNX Runtime gives on
real windows what PyTorch gives.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
import onnx_ir
import onnxruntime
import torch
from numpy.typing import NDArray
from onnxscript import optimizer
from torch import Tensor, nn

from ppgkd.artifacts import whole
from ppgkd.errors import PpgkdError
from ppgkd.heart_rate import BPM_MAX, BPM_MIN, decode
from ppgkd.models.capacity import InputShape
from ppgkd.preprocessing import PREPROCESSING_VERSION

OPSET = 18
INPUT_NAME = "window"
OUTPUT_NAMES = ("bpm", "sd_bpm", "probabilities")

FOLDED_BYTES = 4096
"""Constants larger than this stay formulas in the file, such as the front end's Fourier basis."""


class Estimator(nn.Module):
    """A network and the decoding of its distribution."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, window: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Map (batch, n_channels, n_samples) to BPM, its spread and the probabilities."""
        probabilities = torch.softmax(self.network(window).logits, dim=1)
        bpm, sd_bpm = decode(probabilities)
        return bpm, sd_bpm, probabilities


def export_onnx(
    network: nn.Module,
    inputs: InputShape,
    channels: Sequence[str],
    windows: NDArray[np.float32],
    path: str | Path,
    *,
    tolerance_bpm: float,
    about: Mapping[str, str],
) -> float:
    """Write a network as ONNX and check it against PyTorch.

    Parameters
    ----------
    network
        In evaluation mode.
    inputs
        Shape of its windows.
    channels
        Names of the channels in their order.
    windows
        Real windows for the check, shape (n_windows, n_channels, n_samples).
    path
        ONNX file to write.
    tolerance_bpm
        Largest difference between the two on any window.
    about
        Further metadata; the keys get the prefix ``ppgkd.``.

    Returns
    -------
    float
        Largest difference in BPM.

    Raises
    ------
    PpgkdError
        If the difference is larger than the tolerance; nothing is kept then.
    """
    estimator = Estimator(network).eval()
    proto = _to_proto(estimator, inputs)
    metadata = {
        "rate_hz": f"{inputs.rate_hz:g}",
        "window_s": f"{inputs.n_samples / inputs.rate_hz:g}",
        "n_samples": str(inputs.n_samples),
        "channels": ",".join(channels),
        "preprocessing_version": str(PREPROCESSING_VERSION),
        "bpm_min": str(BPM_MIN),
        "bpm_max": str(BPM_MAX),
        "opset": str(OPSET),
        **about,
    }
    onnx.helper.set_model_props(proto, {f"ppgkd.{key}": value for key, value in metadata.items()})
    with whole(path) as beside:
        onnx.save(proto, beside)
        difference_bpm = parity_bpm(estimator, beside, windows)
        if not difference_bpm <= tolerance_bpm:
            raise PpgkdError(
                f"ONNX Runtime and PyTorch differ by {difference_bpm:g} BPM on a real window for "
                f"{path}; allowed are {tolerance_bpm:g} (onnx.tolerance_bpm). It was not kept."
            )
    return difference_bpm


@torch.inference_mode()
def parity_bpm(estimator: nn.Module, path: str | Path, windows: NDArray[np.float32]) -> float:
    """Largest difference in BPM between PyTorch and an ONNX file."""
    expected_bpm, _, _ = estimator(torch.from_numpy(windows))
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (found_bpm,) = session.run([OUTPUT_NAMES[0]], {INPUT_NAME: windows})
    return float(np.abs(found_bpm - expected_bpm.numpy()).max())


def _to_proto(estimator: nn.Module, inputs: InputShape) -> onnx.ModelProto:
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    program = torch.onnx.export(
        estimator,
        (torch.randn(2, inputs.channels, inputs.n_samples),),
        dynamo=True,
        optimize=False,
        opset_version=OPSET,
        input_names=[INPUT_NAME],
        output_names=list(OUTPUT_NAMES),
        dynamic_shapes={INPUT_NAME: {0: torch.export.Dim("batch")}},
        verbose=False,
    )
    assert program is not None
    optimizer.optimize_ir(
        program.model, input_size_limit=FOLDED_BYTES, output_size_limit=FOLDED_BYTES
    )
    proto = onnx_ir.to_proto(program.model)
    _strip_traces(proto)
    onnx.checker.check_model(proto, full_check=True)
    return proto


def _strip_traces(proto: onnx.ModelProto) -> None:
    """Remove the exporter's notes, stack traces with local paths among them."""
    del proto.metadata_props[:]
    del proto.graph.metadata_props[:]
    del proto.graph.value_info[:]
    for node in proto.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    for value in [*proto.graph.input, *proto.graph.output, *proto.graph.initializer]:
        del value.metadata_props[:]
