"""Malicious model files: none of their code is executed, and no other file is read."""

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper

from ppgkd.errors import PpgkdError
from ppgkd.export.student import read_student
from ppgkd.inference.stream import HeartRateStream
from ppgkd.models.build import load_model
from ppgkd.models.capacity import InputShape
from ppgkd.runtime.artifacts import write_json
from ppgkd.training.onnx_teacher import OnnxTeacher
from ppgkd.views.cache import SMALL_ARRAYS, read_view_cache

INPUTS = InputShape(ppg_channels=1, acc_channels=3, n_samples=10, rate_hz=25.0)


class Touch:
    """Pickled as a command that makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.path}",)


@pytest.fixture
def touched(tmp_path: Path) -> Path:
    return tmp_path / "touched"


@pytest.fixture
def hostile(touched: Path) -> bytes:
    """A file that PyTorch would execute if it were not told to load weights only."""
    buffer = io.BytesIO()
    torch.save({"state": Touch(touched)}, buffer)
    torch.load(io.BytesIO(buffer.getvalue()), weights_only=False)
    assert touched.exists()
    touched.unlink()
    return buffer.getvalue()


def test_a_pickle_in_place_of_weights_is_refused(
    tmp_path: Path, hostile: bytes, touched: Path
) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(hostile)
    with pytest.raises(PpgkdError, match=r"model\.safetensors cannot be read"):
        load_model(path)
    assert not touched.exists()


@pytest.mark.parametrize("hostile_array", ["signal", "spectra", *SMALL_ARRAYS])
def test_arrays_of_objects_are_not_loaded(
    hostile_array: str, tmp_path: Path, touched: Path
) -> None:
    write_json(tmp_path / "bank.json", {"windows": "these", "bank": "this"})
    for name in ("signal", "spectra", *SMALL_ARRAYS):
        np.save(tmp_path / f"{name}.npy", np.zeros(1))
    read_view_cache(tmp_path)
    np.save(
        tmp_path / f"{hostile_array}.npy", np.array([Touch(touched)], object), allow_pickle=True
    )
    # an array that is mapped cannot be of objects at all
    with pytest.raises(PpgkdError, match=r"allow_pickle=False|Array can't be memory-mapped"):
        read_view_cache(tmp_path)
    assert not touched.exists()


# Weights outside the file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with weights in it, beside weights that are none of its business."""
    folder = tmp_path / "teacher"
    folder.mkdir()
    weights = np.ones((40, 180), np.float32).tobytes()
    (folder / "beside.data").write_bytes(weights)
    (tmp_path / "outside.data").write_bytes(weights)
    (folder / "link.data").symlink_to("../outside.data")
    return folder


def model_with_weights_at(location: str, domain: str = "") -> onnx.ModelProto:
    weights = TensorProto(name="weights", data_type=TensorProto.FLOAT, dims=[40, 180])
    weights.data_location = TensorProto.EXTERNAL
    weights.external_data.add(key="location", value=location)
    graph = helper.make_graph(
        [
            helper.make_node("Flatten", ["window"], ["flat"]),
            helper.make_node("MatMul", ["flat", "weights"], ["logits"], domain=domain),
        ],
        "teacher",
        [helper.make_tensor_value_info("window", TensorProto.FLOAT, ["batch", 4, 10])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 180])],
        [weights],
    )
    opsets = [helper.make_opsetid("", 17)]
    if domain:
        opsets.append(helper.make_opsetid(domain, 1))
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def write(folder: Path, location: str, domain: str = "") -> Path:
    path = folder / "teacher.onnx"
    path.write_bytes(model_with_weights_at(location, domain).SerializeToString())
    return path


def outside(folder: Path) -> list[str]:
    return ["../outside.data", "x/../../outside.data", str(folder.parent / "outside.data")]


def test_a_teachers_weights_may_be_in_its_folder(folder: Path) -> None:
    teacher = OnnxTeacher(write(folder, "beside.data"), INPUTS)
    assert teacher(torch.ones(1, 4, 10)).logits[0, 0] == 40
    assert teacher.n_params() == 40 * 180


@pytest.mark.parametrize("which", range(3))
def test_a_teachers_weights_in_another_folder_are_not_read(folder: Path, which: int) -> None:
    with pytest.raises(PpgkdError, match=r"teacher\.onnx does not run.*External data"):
        OnnxTeacher(write(folder, outside(folder)[which]), INPUTS)


def test_a_link_to_a_teachers_weights_in_another_folder_is_not_followed(folder: Path) -> None:
    with pytest.raises(PpgkdError, match=r"teacher\.onnx does not run.*External data"):
        OnnxTeacher(write(folder, "link.data"), INPUTS)


def test_a_teacher_with_operators_of_its_own_is_refused(folder: Path) -> None:
    with pytest.raises(PpgkdError, match=r"teacher\.onnx does not run"):
        OnnxTeacher(write(folder, "beside.data", domain="evil"), INPUTS)


@pytest.mark.parametrize("which", range(3))
def test_a_students_weights_in_another_file_are_not_read(folder: Path, which: int) -> None:
    path = write(folder, outside(folder)[which])
    with pytest.raises(PpgkdError, match=r"teacher\.onnx cannot be opened"):
        HeartRateStream(path)
    with pytest.raises(PpgkdError, match=r"teacher\.onnx cannot be read"):
        read_student(path)
