"""Make a network, save it, load it."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from ppgkd.errors import PpgkdError, damaged_file
from ppgkd.models.capacity import SHAPES, InputShape, Shape
from ppgkd.models.network import Network
from ppgkd.runtime.artifacts import atomic_write


def build_model(shape: Shape, inputs: InputShape, seed: int) -> Network:
    """Make a network whose initial weights depend on the shape and the seed alone.

    Only the module of the family is imported, so a job does not depend on the code of the others.
    """
    family = import_module(f"ppgkd.models.{shape.family}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network: Network = family.make_network(shape, inputs)
        return network


def save_model(path: str | Path, model: Network, shape: Shape, inputs: InputShape) -> None:
    """Write weights and shape as safetensors: data, never code."""
    about = {"family": shape.family, "width": shape.width, "inputs": asdict(inputs)}
    weights = {name: value.contiguous() for name, value in model.state_dict().items()}
    with atomic_write(path) as temporary:
        save_file(weights, temporary, metadata={"ppgkd": json.dumps(about, sort_keys=True)})


def load_model(path: str | Path) -> tuple[Network, Shape, InputShape]:
    """Read a network that `save_model` wrote, ready for inference.

    Raises
    ------
    PpgkdError
        If the file is damaged, or was not written by `save_model`.
    """
    try:
        with safe_open(str(path), framework="pt") as file:
            metadata = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise damaged_file(f"Model file {path} cannot be read: {error}") from error
    if "ppgkd" not in metadata:
        raise PpgkdError(f"{path} is not a model of ppgkd: its metadata are missing.")
    about = json.loads(metadata["ppgkd"])
    if about["family"] not in SHAPES:
        raise PpgkdError(
            f"{path} holds a model of family '{about['family']}'; there are {sorted(SHAPES)}."
        )
    shape, inputs = SHAPES[about["family"]](about["width"]), InputShape(**about["inputs"])
    model = build_model(shape, inputs, seed=0)
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise damaged_file(f"The weights in {path} do not fit a {shape}") from error
    return model.eval(), shape, inputs
