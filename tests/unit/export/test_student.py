"""A student as a file: read back with onnx and ONNX Runtime, and compared with PyTorch."""

import copy
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from tests.unit.export.conftest import Exported
from torch import nn

from ppgkd.errors import PpgkdError
from ppgkd.export import OPSET
from ppgkd.export.student import (
    change_rate,
    model_card_of,
    read_student,
    write_student,
)
from ppgkd.export.subgraphs import split_graph
from ppgkd.export.verify import export_student, write_verified
from ppgkd.inference.model_card import ModelCard

Raw = NDArray[np.float32]

TOLERANCE_BPM = 0.05
HR_BPM = np.linspace(42, 198, 40)


# What it computes


@pytest.mark.parametrize("batch", [1, 2, 20])
def test_a_batch_of_any_size_gives_what_pytorch_gives(exported: Exported, batch: int) -> None:
    raw = exported.raw[:batch]
    bpm, sd_bpm, probabilities = exported.run(raw)
    expected_bpm, expected_sd_bpm, expected_probabilities = exported.expect(raw)
    np.testing.assert_allclose(bpm, expected_bpm, atol=1e-2)
    np.testing.assert_allclose(sd_bpm, expected_sd_bpm, atol=1e-2)
    np.testing.assert_allclose(probabilities, expected_probabilities, atol=1e-4)


def test_the_difference_returned_is_the_largest_of_the_windows(exported: Exported) -> None:
    bpm, expected_bpm = (f(exported.raw)[0] for f in (exported.run, exported.expect))
    assert exported.difference_bpm == pytest.approx(np.abs(bpm - expected_bpm).max(), abs=1e-6)
    assert 0 <= exported.difference_bpm <= TOLERANCE_BPM


def test_tones_in_counts_give_their_rate(peak_student: Exported, raw: Callable[..., Raw]) -> None:
    bpm, sd_bpm, _ = peak_student.run(raw(HR_BPM, 50.0))
    np.testing.assert_allclose(bpm, HR_BPM, atol=1.5)
    assert (sd_bpm < 5).all()


# What it looks like


def test_the_input_is_a_batch_of_raw_windows(exported: Exported) -> None:
    (entry,) = onnxruntime.InferenceSession(exported.path).get_inputs()
    assert (entry.name, entry.type) == ("raw", "tensor(float)")
    assert entry.shape == ["batch", exported.inputs.channels, 8 * 50]


def test_the_outputs_are_the_estimate_its_spread_and_the_probabilities(exported: Exported) -> None:
    outputs = onnxruntime.InferenceSession(exported.path).get_outputs()
    assert [output.name for output in outputs] == ["bpm", "sd_bpm", "probabilities"]
    bpm, sd_bpm, probabilities = exported.run(exported.raw)
    assert (bpm.shape, sd_bpm.shape, probabilities.shape) == ((20,), (20,), (20, 180))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert ((bpm >= 30) & (bpm <= 209)).all()


def test_the_model_is_valid_and_states_one_opset(exported: Exported) -> None:
    model = onnx.load(exported.path)
    onnx.checker.check_model(model, full_check=True)
    assert [(one.domain, one.version) for one in model.opset_import] == [("", OPSET)]


def test_only_standard_operators_are_used(exported: Exported) -> None:
    model = onnx.load(exported.path)
    assert {node.domain for node in model.graph.node} <= {"", "ai.onnx"}
    assert not model.functions


def test_the_file_contains_nothing_of_the_machine_that_made_it(exported: Exported) -> None:
    content = exported.path.read_bytes()
    for trace in (str(Path.home()), sys.prefix, str(Path.cwd()), "site-packages", ".py", "ppgkd/"):
        assert trace.encode() not in content, trace


def test_a_student_of_twelve_thousand_parameters_fits_in_100_kb(exported: Exported) -> None:
    assert 4 * 11_000 < exported.path.stat().st_size < 100_000


def test_the_weights_are_in_the_file_and_there_is_no_other_file(exported: Exported) -> None:
    assert list(exported.path.parent.iterdir()) == [exported.path]


# Kept only if it is right


def write(model: onnx.ModelProto, student: Exported, raw: Raw, path: Path) -> float:
    return write_verified(
        model, student.network, student.inputs, raw, path, tolerance_bpm=TOLERANCE_BPM
    )


def changed(model: onnx.ModelProto, **changes: Callable[[Raw], Raw]) -> onnx.ModelProto:
    """The same file with other numbers in its last layer: ``weight``, ``bias``."""
    other = onnx.ModelProto()
    other.CopyFrom(model)
    constants = {one.name: one for one in other.graph.initializer}
    for name, change in changes.items():
        constant = constants[f"head_{name}"]
        new = np.asarray(change(numpy_helper.to_array(constant)), np.float32)
        constant.CopyFrom(numpy_helper.from_array(new, constant.name))
    return other


def changed_too(network: nn.Module, **changes: Callable[[Raw], Raw]) -> nn.Module:
    """A network with the same changes."""
    other = copy.deepcopy(network)
    for name, change in changes.items():
        parameter = other.get_parameter(f"head.{name}")
        parameter.data = torch.from_numpy(change(parameter.detach().numpy()))
    return other


def test_a_file_beyond_the_tolerance_is_not_kept(
    spectral_mlp_student: Exported, tmp_path: Path
) -> None:
    path = tmp_path / "model.onnx"
    skewed = changed(
        onnx.load(spectral_mlp_student.path), bias=lambda bias: bias + np.arange(180) % 7
    )
    with pytest.raises(PpgkdError) as caught:
        write(skewed, spectral_mlp_student, spectral_mlp_student.raw, path)
    message = str(caught.value)
    assert "ONNX Runtime and PyTorch differ by" in message
    assert str(path) in message
    assert "allowed are 0.05 (onnx.tolerance_bpm)" in message
    assert list(tmp_path.iterdir()) == []


def test_a_network_that_gives_nan_is_not_kept(
    spectral_mlp_student: Exported, tmp_path: Path
) -> None:
    nowhere: dict[str, Callable[[Raw], Raw]] = {"bias": lambda bias: np.full_like(bias, np.nan)}
    broken = replace(
        spectral_mlp_student, network=changed_too(spectral_mlp_student.network, **nowhere)
    )
    model = changed(onnx.load(spectral_mlp_student.path), **nowhere)
    with pytest.raises(PpgkdError, match="differ by nan BPM"):
        write(model, broken, spectral_mlp_student.raw, tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("lead", "kept"), [(1e-7, True), (1e-3, False)])
def test_the_file_may_have_another_mode_only_if_two_classes_are_tied(
    spectral_mlp_student: Exported, tmp_path: Path, lead: float, kept: bool
) -> None:
    """Two peaks, at 70 and 150 BPM; the network takes one for the higher, the file the other."""

    def peaks(first: float, second: float) -> dict[str, Callable[[Raw], Raw]]:
        def bias(old: Raw) -> Raw:
            new = np.zeros_like(old)
            new[[40, 120]] = 10 + first, 10 + second
            return new

        return {"weight": np.zeros_like, "bias": bias}

    student = replace(
        spectral_mlp_student, network=changed_too(spectral_mlp_student.network, **peaks(lead, 0))
    )
    model = changed(onnx.load(spectral_mlp_student.path), **peaks(0, lead))
    path = tmp_path / "model.onnx"
    if kept:
        assert write(model, student, spectral_mlp_student.raw, path) <= TOLERANCE_BPM
    else:
        with pytest.raises(PpgkdError, match=r"differ by 80(\.\d+)? BPM"):
            write(model, student, spectral_mlp_student.raw, path)
    assert path.exists() == kept


def test_windows_without_a_signal_are_left_out(
    spectral_mlp_student: Exported, tmp_path: Path
) -> None:
    raw = spectral_mlp_student.raw.copy()
    raw[[3, 7]] = 512.0
    difference_bpm = write(
        onnx.load(spectral_mlp_student.path), spectral_mlp_student, raw, tmp_path / "model.onnx"
    )
    assert difference_bpm <= TOLERANCE_BPM
    assert (tmp_path / "model.onnx").read_bytes() == spectral_mlp_student.path.read_bytes()


def test_an_estimate_without_a_signal_is_not_kept(
    spectral_mlp_student: Exported, tmp_path: Path
) -> None:
    raw, model = spectral_mlp_student.raw.copy(), onnx.load(spectral_mlp_student.path)
    raw[3] = 512.0
    # the guard's condition, which comes first among the inputs of the last Where, is always true
    guard = next(node for node in reversed(model.graph.node) if node.op_type == "Where")
    comparison = next(node for node in model.graph.node if guard.input[0] in node.output)
    assert comparison.op_type == "And"
    comparison.op_type = "Or"
    with pytest.raises(PpgkdError, match="differ by nan BPM"):
        write(model, spectral_mlp_student, raw, tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


def test_preprocessing_of_another_version_is_not_exported(
    spectral_mlp_student: Exported, card: Callable[..., ModelCard], tmp_path: Path
) -> None:
    other = replace(spectral_mlp_student.card, preprocessing_version=99)
    with pytest.raises(PpgkdError, match="preprocessing version 99; this is version 1"):
        export_student(
            spectral_mlp_student.network,
            spectral_mlp_student.inputs,
            other,
            spectral_mlp_student.raw,
            tmp_path / "model.onnx",
            tolerance_bpm=TOLERANCE_BPM,
        )
    assert list(tmp_path.iterdir()) == []


# For another sensor


def estimates(model: onnx.ModelProto, raw: Raw) -> Raw:
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    bpm: Raw = session.run(["bpm"], {"raw": raw})[0]
    return bpm


@pytest.mark.parametrize("rate_hz", [25.0, 32.0, 64.0, 100.0, 125.0])
def test_a_tone_has_the_same_rate_at_any_sensor_rate(
    peak_student: Exported, rate_hz: float
) -> None:
    """To 0.1 BPM: at each rate the ends of the window are sampled at other places."""

    def tones(rate_hz: float) -> Raw:
        time_s = (np.arange(round(8 * rate_hz)) + 0.5) / rate_hz
        pulse = np.sin(2 * np.pi * HR_BPM[:, None, None] / 60 * time_s + [[0.3], [1.7]])
        return np.pad(30_000 + 250 * pulse, ((0, 0), (0, 3), (0, 0))).astype(np.float32)

    changed = change_rate(onnx.load(peak_student.path), rate_hz)
    expected = peak_student.run(tones(50.0))[0]
    np.testing.assert_allclose(estimates(changed, tones(rate_hz)), expected, atol=0.1)
    np.testing.assert_allclose(expected, HR_BPM, atol=1.5)


def test_changed_back_to_its_own_rate_it_is_the_same_file(exported: Exported) -> None:
    model = onnx.load(exported.path)
    there_and_back = change_rate(change_rate(model, 125.0), 50.0)
    assert there_and_back.SerializeToString(deterministic=True) == model.SerializeToString(
        deterministic=True
    )


def test_only_the_rate_changes_in_the_model_card_and_the_weights_do_not(exported: Exported) -> None:
    model = onnx.load(exported.path)
    changed = change_rate(model, 32)
    assert model_card_of(changed, "") == replace(model_card_of(model, ""), rate_hz=32.0)
    assert split_graph(changed)[1] == split_graph(model)[1]
    (entry,) = changed.graph.input
    assert entry.type.tensor_type.shape.dim[2].dim_value == 256
    onnx.checker.check_model(changed, full_check=True)


@pytest.mark.parametrize("rate_hz", [0.0, -50.0, 9.9, 1000.5, float("nan"), float("inf")])
def test_a_rate_out_of_range_is_refused(spectral_mlp_student: Exported, rate_hz: float) -> None:
    with pytest.raises(PpgkdError, match=r"not supported; allowed are 10 to 1000 Hz"):
        change_rate(onnx.load(spectral_mlp_student.path), rate_hz)


def test_a_rate_at_which_a_window_has_a_fraction_of_a_sample_is_refused(
    spectral_mlp_student: Exported,
) -> None:
    with pytest.raises(PpgkdError) as caught:
        change_rate(onnx.load(spectral_mlp_student.path), 25.7)
    assert "a window of 8 s has 205.6 samples" in str(caught.value)
    assert "the nearest rate is 25.75 Hz" in str(caught.value)


# Files


def test_a_file_is_read_as_it_was_written(spectral_mlp_student: Exported, tmp_path: Path) -> None:
    model = read_student(spectral_mlp_student.path)
    write_student(model, tmp_path / "folder" / "other.onnx")
    assert (
        tmp_path / "folder" / "other.onnx"
    ).read_bytes() == spectral_mlp_student.path.read_bytes()


@pytest.mark.parametrize("content", [None, b"no ONNX file", b"\xff" * 100])
def test_a_file_that_is_not_onnx_is_refused_by_name(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "model.onnx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(PpgkdError, match="cannot be read as an ONNX file") as caught:
        read_student(path)
    assert str(path) in str(caught.value)


def test_another_onnx_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    write_student(onnx.ModelProto(), path)
    with pytest.raises(
        PpgkdError, match=r"is not a student of this version of ppgkd.*ppgkd.rate_hz"
    ):
        model_card_of(read_student(path), path)
