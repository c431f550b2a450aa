"""A teacher of the user's own: an ONNX file that maps windows to logits."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

from ppgkd.errors import PpgkdError
from ppgkd.grid import N_CLASSES
from ppgkd.models.capacity import InputShape
from ppgkd.models.output import Output

PROBE_WINDOWS = 7
"""An unusual batch size: a file exported for a fixed batch size fails with it."""


class OnnxTeacher(nn.Module):
    """An ONNX file with the interface of a network of the study.

    Its input is a batch of preprocessed windows (batch, n_channels, n_samples), float32. Its first
    output contains the logits (batch, 180) of the classes 30 to 209 BPM. A second output, if there
    is one, contains features (batch, n_features, n_positions) or (batch, n_features).

    Parameters
    ----------
    path
        The file.
    inputs
        Shape of the study's windows.
    threads
        Threads of the job.

    Raises
    ------
    PpgkdError
        If the file cannot be run, or its outputs do not have these shapes.
    """

    def __init__(self, path: str | Path, inputs: InputShape, threads: int = 1) -> None:
        super().__init__()
        self.path = Path(path)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 4
        try:
            self.session = onnxruntime.InferenceSession(
                str(self.path), options, providers=["CPUExecutionProvider"]
            )
            output = self._run(torch.zeros(PROBE_WINDOWS, inputs.channels, inputs.n_samples))
        except Exception as error:  # ONNX Runtime has no common class of its own
            raise PpgkdError(
                f"The teacher {self.path} does not run on windows of shape (batch, "
                f"{inputs.channels}, {inputs.n_samples}), float32: {error}. Export it for these "
                "channels and this rate, with a free batch dimension, or change 'inputs' and "
                "'windows'."
            ) from error
        shapes = [np.shape(array) for array in output]  # an output may be a list or a mapping
        if shapes[0] != (PROBE_WINDOWS, N_CLASSES):
            raise PpgkdError(
                f"The first output of the teacher {self.path} has shape {shapes[0]} for "
                f"{PROBE_WINDOWS} windows; it must be ({PROBE_WINDOWS}, {N_CLASSES}): logits of "
                "30 to 209 BPM."
            )
        if len(shapes) > 1 and (shapes[1][:1] != (PROBE_WINDOWS,) or len(shapes[1]) not in (2, 3)):
            raise PpgkdError(
                f"The second output of the teacher {self.path} has shape {shapes[1]} for "
                f"{PROBE_WINDOWS} windows; features must be (batch, n_features) or (batch, "
                "n_features, n_positions)."
            )

    def forward(self, window: Tensor) -> Output:
        """Map windows to logits and features; without features, an empty tensor."""
        logits, *rest = (torch.from_numpy(array) for array in self._run(window))
        features = rest[0] if rest else torch.empty(len(logits), 0, 0)
        return Output(logits, features if features.ndim == 3 else features.unsqueeze(2))

    def n_params(self) -> int:
        """Count the parameters stored in the file."""
        graph = onnx.load(self.path, load_external_data=False).graph
        return sum(math.prod(tensor.dims) for tensor in graph.initializer)

    def _run(self, window: Tensor) -> list[Any]:
        name = self.session.get_inputs()[0].name
        outputs = self.session.run(None, {name: window.numpy().astype(np.float32)})
        return list(outputs)
