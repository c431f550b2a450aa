"""A student as a file: read back with onnx and ONNX Runtime, and compared with PyTorch."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from ppgkd.errors import PpgkdError
from ppgkd.heart_rate import decode
from ppgkd.models.build import build_model
from ppgkd.models.capacity import InputShape, nearest_shape
from ppgkd.onnx_export import OPSET, export_onnx
from ppgkd.preprocessing import PREPROCESSING_VERSION
from ppgkd.windows import Windows

TOLERANCE_BPM = 0.01
HR_BPM = np.linspace(45, 190, 20)


@dataclass(frozen=True)
class Exported:
    """A network, and the file that was made of it."""

    network: nn.Module
    windows: Windows
    path: Path
    difference_bpm: float

    def run(self, signal: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        session = onnxruntime.InferenceSession(self.path, providers=["CPUExecutionProvider"])
        return list(session.run(None, {"window": signal}))

    def expect(self, signal: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        with torch.inference_mode():
            probabilities = torch.softmax(self.network(torch.from_numpy(signal)).logits, dim=1)
            return [part.numpy() for part in (*decode(probabilities), probabilities)]


def some_network(family: str, capacity: int, windows: Windows, inputs: InputShape) -> nn.Module:
    network = build_model(nearest_shape(family, capacity, inputs), inputs, seed=0)
    network.train()(torch.from_numpy(windows.signal))  # so that normalisation does something
    return network.eval()


@pytest.fixture(scope="module", params=[("resnet", 12_000), ("mlp", 12_000)], ids=lambda p: p[0])
def exported(
    request: pytest.FixtureRequest,
    tones: Callable[..., Windows],
    inputs: InputShape,
    tmp_path_factory: pytest.TempPathFactory,
) -> Exported:
    windows = tones(HR_BPM, inputs)
    network = some_network(*request.param, windows, inputs)
    path = tmp_path_factory.mktemp("onnx") / "folder" / "model.onnx"
    difference_bpm = export_onnx(
        network,
        inputs,
        windows.channels,
        windows.signal,
        path,
        tolerance_bpm=TOLERANCE_BPM,
        about={"study": "tones", "strategy": "soft"},
    )
    return Exported(network, windows, path, difference_bpm)


@pytest.mark.parametrize("batch", [1, 2, 20])
def test_a_batch_of_any_size_gives_what_pytorch_gives(exported: Exported, batch: int) -> None:
    signal = exported.windows.signal[:batch]
    bpm, sd_bpm, probabilities = exported.run(signal)
    expected_bpm, expected_sd_bpm, expected_probabilities = exported.expect(signal)
    np.testing.assert_allclose(bpm, expected_bpm, atol=1e-3)
    np.testing.assert_allclose(sd_bpm, expected_sd_bpm, atol=1e-2)
    np.testing.assert_allclose(probabilities, expected_probabilities, atol=1e-5)


def test_the_difference_told_is_the_largest_on_the_windows(exported: Exported) -> None:
    bpm, expected_bpm = (f(exported.windows.signal)[0] for f in (exported.run, exported.expect))
    assert exported.difference_bpm == pytest.approx(np.abs(bpm - expected_bpm).max(), abs=1e-6)
    assert 0 <= exported.difference_bpm <= TOLERANCE_BPM


def test_extreme_windows_give_finite_estimates_that_agree(exported: Exported) -> None:
    typical = exported.windows.signal[:1]
    signal = np.concatenate([0 * typical, 1e4 * typical, np.ones_like(typical)])
    for found, expected in zip(exported.run(signal), exported.expect(signal), strict=True):
        assert np.isfinite(found).all()
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)


def test_the_input_is_a_batch_of_windows(exported: Exported, inputs: InputShape) -> None:
    (entry,) = onnxruntime.InferenceSession(exported.path).get_inputs()
    assert (entry.name, entry.type) == ("window", "tensor(float)")
    assert entry.shape == ["batch", inputs.channels, inputs.n_samples]


def test_the_outputs_are_the_estimate_its_spread_and_the_probabilities(exported: Exported) -> None:
    outputs = onnxruntime.InferenceSession(exported.path).get_outputs()
    assert [output.name for output in outputs] == ["bpm", "sd_bpm", "probabilities"]
    bpm, sd_bpm, probabilities = exported.run(exported.windows.signal)
    assert (bpm.shape, sd_bpm.shape, probabilities.shape) == ((20,), (20,), (20, 180))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert ((bpm >= 30) & (bpm <= 209)).all()


def test_the_metadata_say_all_that_a_device_must_know(exported: Exported) -> None:
    found = {one.key: one.value for one in onnx.load(exported.path).metadata_props}
    assert found == {
        "ppgkd.rate_hz": "25",
        "ppgkd.window_s": "8",
        "ppgkd.n_samples": "200",
        "ppgkd.channels": "ppg_1,ppg_2,acc_x,acc_y,acc_z",
        "ppgkd.preprocessing_version": str(PREPROCESSING_VERSION),
        "ppgkd.bpm_min": "30",
        "ppgkd.bpm_max": "209",
        "ppgkd.opset": str(OPSET),
        "ppgkd.study": "tones",
        "ppgkd.strategy": "soft",
    }


def test_onnx_itself_finds_no_fault(exported: Exported) -> None:
    model = onnx.load(exported.path)
    onnx.checker.check_model(model, full_check=True)
    assert [(one.domain, one.version) for one in model.opset_import if not one.domain] == [
        ("", OPSET)
    ]


def test_only_standard_operators_are_used(exported: Exported) -> None:
    model = onnx.load(exported.path)
    assert {node.domain for node in model.graph.node} <= {"", "ai.onnx"}
    assert not model.functions


def test_the_file_tells_nothing_of_the_machine_that_made_it(exported: Exported) -> None:
    content = exported.path.read_bytes()
    for trace in (str(Path.home()), sys.prefix, str(Path.cwd()), "site-packages", ".py", "ppgkd/"):
        assert trace.encode() not in content, trace


def test_a_student_of_twelve_thousand_parameters_fits_in_100_kb(exported: Exported) -> None:
    assert 4 * 11_000 < exported.path.stat().st_size < 100_000


def test_the_weights_are_in_the_file_and_nothing_lies_beside_it(exported: Exported) -> None:
    assert list(exported.path.parent.iterdir()) == [exported.path]


def test_a_file_beyond_the_tolerance_is_not_kept(
    tones: Callable[..., Windows], tmp_path: Path
) -> None:
    inputs = InputShape(1, 0, 200, 25.0)
    windows = tones([80.0, 120.0], inputs)
    path = tmp_path / "model.onnx"
    with pytest.raises(PpgkdError) as caught:
        export_onnx(
            some_network("mlp", 4_000, windows, inputs),
            inputs,
            windows.channels,
            windows.signal,
            path,
            tolerance_bpm=-1.0,
            about={},
        )
    message = str(caught.value)
    assert "ONNX Runtime and PyTorch differ by" in message
    assert str(path) in message
    assert "allowed are -1 (onnx.tolerance_bpm)" in message
    assert list(tmp_path.iterdir()) == []


def test_a_network_that_gives_no_numbers_is_not_kept(
    tones: Callable[..., Windows], tmp_path: Path
) -> None:
    inputs = InputShape(1, 0, 200, 25.0)
    windows = tones([80.0, 120.0], inputs)
    network = some_network("mlp", 4_000, windows, inputs)
    with torch.no_grad():
        network.get_submodule("head").bias[3] = float("nan")
    with pytest.raises(PpgkdError, match="differ by nan BPM"):
        export_onnx(
            network,
            inputs,
            windows.channels,
            windows.signal,
            tmp_path / "model.onnx",
            tolerance_bpm=TOLERANCE_BPM,
            about={},
        )
    assert list(tmp_path.iterdir()) == []
