"""The profile of a student."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper

from ppgkd.profile.machine import cpu_name
from ppgkd.profile.student import architecture, profile_students

Make = Callable[..., onnx.ModelProto]
OF_A_FILE = {
    "p50_ms",
    "p95_ms",
    "p99_ms",
    "mean_ms",
    "spread",
    "clock",
    "busy",
    "rounds",
    "wall",
    "cpu_time",
    "front_end",
    "onnx_bytes",
    "peak_memory_bytes",
    "macs",
    "int8_macs",
    "flash_bytes",
    "ram_bytes",
    "front_end_macs",
    "front_end_flash_bytes",
    "front_end_ram_bytes",
    "parameter_bytes",
    "table_bytes",
    "graph_bytes",
    "input_bytes",
    "peak_activation_bytes",
}
OF_THE_WHOLE = {
    "int8",
    "microcontroller",
    "not_measured",
    "runs",
    "warmup",
    "batch",
    "threads",
    "cpu",
    "onnxruntime",
}
FRONT_END_MACS = 2 * 8 * 16 + 2 * 6 * 8


def profiled(model: Path, int8: Path | None = None) -> dict[str, Any]:
    (found,) = profile_students([model], [int8], runs=50, warmup=5, max_spread=float("inf"))
    return found


@pytest.fixture(scope="module")
def files(student: Make, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("student")
    model, int8 = folder / "model.onnx", folder / "model.int8.onnx"
    onnx.save(student(), model)
    onnx.save(student(int8=True), int8)
    return model, int8


@pytest.fixture(scope="module")
def profile(files: tuple[Path, Path]) -> dict[str, Any]:
    return profiled(*files)


def test_the_profile_has_the_keys_of_the_contract_and_can_be_written(
    profile: dict[str, Any],
) -> None:
    assert set(profile) == OF_A_FILE | OF_THE_WHOLE
    assert set(profile["int8"]) == OF_A_FILE
    assert json.loads(json.dumps(profile, allow_nan=False)) == profile


def test_the_profile_says_how_it_was_measured(profile: dict[str, Any]) -> None:
    assert (profile["runs"], profile["warmup"]) == (50, 5)
    assert (profile["batch"], profile["threads"]) == (1, 1)
    assert profile["onnxruntime"] == onnxruntime.__version__
    assert profile["cpu"] == cpu_name()


@pytest.mark.parametrize("form", ["float", "int8"])
def test_the_file_and_its_front_end_are_timed(profile: dict[str, Any], form: str) -> None:
    of_form = profile if form == "float" else profile["int8"]
    for timed in (of_form, of_form["front_end"]):
        assert 0 < timed["p50_ms"] <= timed["p95_ms"] <= timed["p99_ms"]
        wall, cpu_time = timed["wall"]["p99_ms"], timed["cpu_time"]["p50_ms"]
        assert timed["spread"] == pytest.approx(wall / cpu_time)


def test_the_front_end_ends_at_what_the_network_sees(profile: dict[str, Any]) -> None:
    for of_form in (profile, profile["int8"]):
        assert of_form["front_end_macs"] == FRONT_END_MACS


def test_bytes_on_disk_are_those_of_each_file(
    profile: dict[str, Any], files: tuple[Path, Path]
) -> None:
    sizes = [profile["onnx_bytes"], profile["int8"]["onnx_bytes"]]
    assert sizes == [path.stat().st_size for path in files]


def test_eight_bits_need_fewer_bytes(profile: dict[str, Any]) -> None:
    for key in ("parameter_bytes", "peak_activation_bytes"):
        assert profile["int8"][key] < profile[key]


def test_a_file_that_cannot_be_written_as_c_has_estimates_and_the_reason(
    profile: dict[str, Any],
) -> None:
    assert profile["not_measured"]
    assert not any(row["measured"] for row in profile["microcontroller"])


def test_every_core_has_a_row_for_each_file(profile: dict[str, Any]) -> None:
    rows = [(row["core"], row["precision"]) for row in profile["microcontroller"]]
    cores = ("Cortex-M4F", "Cortex-M33", "Cortex-M55")
    assert rows == [(core, kind) for kind in ("float32", "int8") for core in cores]


def test_without_an_int8_file_its_profile_is_none(files: tuple[Path, Path]) -> None:
    found = profiled(files[0])
    assert found["int8"] is None
    assert {row["precision"] for row in found["microcontroller"]} == {"float32"}


def test_a_file_that_starts_with_the_window_has_a_front_end_without_resampling(
    student: Make, tmp_path: Path
) -> None:
    path = tmp_path / "model.onnx"
    onnx.save(student(preprocessing=False), path)
    found = profiled(path)
    assert found["front_end_macs"] == 2 * 6 * 8
    assert found["front_end"]["p50_ms"] > 0


def test_no_temporary_files_remain(profile: dict[str, Any], files: tuple[Path, Path]) -> None:
    assert set(files[0].parent.iterdir()) == set(files)


def test_files_of_one_architecture_share_what_was_measured_once(
    student: Make, tmp_path: Path
) -> None:
    """They differ in weights and metadata, and so in bytes; a wider one is another architecture."""
    paths = [tmp_path / f"{name}.onnx" for name in ("one", "other", "wider")]
    models = [student(), student(), student(int8=True)]
    for constant in models[1].graph.initializer:
        if constant.name == "weight":
            numbers = 1 + numpy_helper.to_array(constant)
            constant.CopyFrom(numpy_helper.from_array(numbers, constant.name))
    onnx.helper.set_model_props(models[1], {"study": "another"})
    for model, path in zip(models, paths, strict=True):
        onnx.save(model, path)
    one, other, wider = profile_students(
        paths, [None] * 3, runs=50, warmup=5, max_spread=float("inf")
    )
    assert one["onnx_bytes"] < other["onnx_bytes"]
    assert {**one, "onnx_bytes": 0} == {**other, "onnx_bytes": 0}
    assert wider["wall"] != one["wall"]


@pytest.mark.parametrize("change", ["more channels", "another operator", "another shape"])
def test_an_architecture_is_operators_and_shapes(student: Make, change: str) -> None:
    model, changed = student(), student()
    if change == "another operator":
        next(n for n in changed.graph.node if n.op_type == "Relu").op_type = "Sigmoid"
    elif change == "another shape":
        changed.graph.input[0].type.tensor_type.shape.dim[2].dim_value += 1
    else:
        weight = next(c for c in changed.graph.initializer if c.name == "weight")
        wider = np.zeros((5, 2, 3), np.float32)
        weight.CopyFrom(numpy_helper.from_array(wider, "weight"))
    assert architecture(model) == architecture(student())
    assert architecture(changed) != architecture(model)
