"""Read a teacher: one network, an ensemble of several, or an ONNX file of the user's own."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from torch import nn

from ppgkd.errors import damaged_file
from ppgkd.models.build import load_model
from ppgkd.models.capacity import InputShape
from ppgkd.runtime.artifacts import file_fingerprint
from ppgkd.training.ensemble import Ensemble
from ppgkd.training.onnx_teacher import OnnxTeacher


class LoadedTeacher(NamedTuple):
    """A teacher that can be run, and what is known of it.

    Attributes
    ----------
    network
        Maps windows to `ppgkd.models.output.Output`.
    about
        ``params``, ``sha256`` and, unless it is an ONNX file, ``family`` and ``network_macs``.
    """

    network: nn.Module
    about: dict[str, Any]


def read_teacher(
    paths: Sequence[str | Path], inputs: InputShape, threads: int = 1
) -> LoadedTeacher:
    """Read a teacher from its files.

    Parameters
    ----------
    paths
        One ``.safetensors``, several of an ensemble, or one ``.onnx``.
    inputs
        Shape of the study's windows.
    threads
        Threads of the job.

    Raises
    ------
    PpgkdError
        If a file is damaged, or was made for windows of another shape.
    """
    if Path(paths[0]).suffix == ".onnx":
        own = OnnxTeacher(paths[0], inputs, threads)
        return LoadedTeacher(own, {"params": own.n_params(), "sha256": file_fingerprint(paths[0])})
    loaded = [load_model(path) for path in paths]
    for path, (_, _, found) in zip(paths, loaded, strict=True):
        if found != inputs:
            raise damaged_file(
                f"The teacher {path} was trained for {found}, the study has {inputs}"
            )
    shapes = [shape for _, shape, _ in loaded]
    about = {
        "family": shapes[0].family,
        "params": sum(shape.n_params(inputs) for shape in shapes),
        "network_macs": sum(shape.macs(inputs) for shape in shapes),
    }
    digests = [file_fingerprint(path) for path in paths]
    if len(paths) == 1:
        return LoadedTeacher(loaded[0][0], {**about, "sha256": digests[0]})
    joint = hashlib.sha256(" ".join(digests).encode()).hexdigest()
    return LoadedTeacher(
        Ensemble([network for network, _, _ in loaded]), {**about, "sha256": joint}
    )
