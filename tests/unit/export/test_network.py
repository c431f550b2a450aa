"""The network graph: folded normalisation, and NaN without a signal."""

from collections.abc import Callable

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray
from tests.unit.export.conftest import Exported, peak_finder
from torch import Tensor, nn

from ppgkd.export.subgraphs import split_graph
from ppgkd.export.verify import Estimator, has_signal
from ppgkd.heart_rate import bpm_grid
from ppgkd.models.capacity import InputShape
from ppgkd.models.output import Output
from ppgkd.windows.preprocessing import WindowSpec, preprocess, resampling_matrix
from ppgkd.windows.read import Windows

Outputs = list[NDArray[np.float32]]

UNIFORM_SD_BPM = np.sqrt(np.mean(np.square(np.arange(30, 210) - 34.0)))
"""About the mean of 30 to 38: where all are equally likely, the first class is the mode."""


class Certain(nn.Module):
    """Says of every window that it is 90 BPM, and nothing else."""

    def __init__(self, logit: float = 0.0) -> None:
        super().__init__()
        self.logit = logit

    def forward(self, window: Tensor) -> Output:
        logits = -((bpm_grid() - 90).square()) + self.logit
        return Output(logits.expand(len(window), -1), window[:, :1, :1])


def estimate(window: Tensor, network: nn.Module | None = None) -> tuple[Tensor, Tensor, Tensor]:
    answers: tuple[Tensor, Tensor, Tensor] = Estimator(network or Certain(), ppg_channels=2)(window)
    return answers


@pytest.fixture
def window(tones: Callable[..., Windows], inputs: InputShape) -> Tensor:
    return torch.from_numpy(tones([70.0, 90.0, 120.0], inputs).signal)


def test_a_window_with_a_signal_gets_the_networks_estimate(window: Tensor) -> None:
    bpm, sd_bpm, probabilities = estimate(window)
    np.testing.assert_allclose(bpm, 90, atol=1e-3)
    np.testing.assert_allclose(sd_bpm, np.sqrt(0.5), atol=1e-3)
    np.testing.assert_allclose(probabilities.sum(dim=1), 1, atol=1e-6)


def test_without_a_signal_all_classes_are_equally_likely(window: Tensor) -> None:
    window[1, :2] = 0  # the acceleration stays
    bpm, sd_bpm, probabilities = estimate(window)
    assert bpm.isnan().tolist() == [False, True, False]
    np.testing.assert_allclose(probabilities[1], 1 / 180, rtol=1e-6)
    np.testing.assert_allclose(sd_bpm[1], UNIFORM_SD_BPM, rtol=1e-5)


def test_one_ppg_channel_with_a_signal_is_enough(window: Tensor) -> None:
    window[0, 0], window[1, 1] = 0, 0
    assert not estimate(window)[0].isnan().any()


@pytest.mark.parametrize("logit", [float("nan"), float("inf"), float("-inf")])
def test_where_the_network_gives_nan_all_classes_are_equally_likely(
    window: Tensor, logit: float
) -> None:
    bpm, sd_bpm, probabilities = estimate(window, Certain(logit))
    assert bpm.isnan().all()
    np.testing.assert_allclose(probabilities, 1 / 180, rtol=1e-6)
    np.testing.assert_allclose(sd_bpm, UNIFORM_SD_BPM, rtol=1e-5)


@pytest.mark.parametrize("level", [0.0, 0.1, 1234.5, 65_535.0])
def test_a_flat_channel_after_the_preprocessing_is_no_signal(level: float) -> None:
    matrix = resampling_matrix(WindowSpec(8.0, 2.0, 25.0, 0.4, 8.0), 50.0)
    flat = preprocess(np.full((1, 1, 400), level, np.float32), matrix, ("ppg_1",))
    assert not has_signal(torch.from_numpy(flat), ppg_channels=1).any()


def test_any_tone_after_the_preprocessing_is_a_signal() -> None:
    matrix = resampling_matrix(WindowSpec(8.0, 2.0, 25.0, 0.4, 8.0), 50.0)
    hr_hz = np.arange(30, 210)[:, None, None] / 60
    raw = (50_000 + np.sin(2 * np.pi * hr_hz * np.arange(400) / 50)).astype(np.float32)
    window = preprocess(raw, matrix, ("ppg_1",))
    assert has_signal(torch.from_numpy(window), ppg_channels=1).all()


# The same in the file


def lost(raw: NDArray[np.float32], kind: str) -> NDArray[np.float32]:
    """Windows of which the second has lost its signal."""
    raw = raw.copy()
    if kind == "dead":
        raw[1] = 1_000
    elif kind == "no acceleration":
        raw[1, 2:, 17] = np.nan
    else:
        raw[1, :, 17] = float(kind)
    return raw


@pytest.mark.parametrize("kind", ["dead", "nan", "inf", "-inf", "1e35", "no acceleration"])
def test_a_file_gives_nan_without_a_signal(peak_student: Exported, kind: str) -> None:
    raw = peak_student.raw[:3]
    bpm, sd_bpm, probabilities = peak_student.run(lost(raw, kind))
    assert np.isnan(bpm).tolist() == [False, True, False]
    np.testing.assert_allclose(probabilities[1], 1 / 180, rtol=1e-6)
    np.testing.assert_allclose(sd_bpm[1], UNIFORM_SD_BPM, rtol=1e-5)
    for found, before in zip((bpm, sd_bpm, probabilities), peak_student.run(raw), strict=True):
        np.testing.assert_allclose(found[[0, 2]], before[[0, 2]], rtol=1e-5, atol=1e-6)


def test_normalisation_is_folded_into_the_layers_and_changes_only_the_rounding(
    exported: Exported,
) -> None:
    _, network_graph = split_graph(onnx.load(exported.path))
    assert "BatchNormalization" not in {node.op_type for node in network_graph.graph.node}
    norms = [
        m for m in exported.network.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)
    ]
    assert norms
    assert all((norm.running_var - 1).abs().median() > 0.1 for norm in norms), "or it were no test"
    rng = np.random.default_rng(0)
    shape = (8, exported.inputs.channels, exported.inputs.n_samples)
    window = rng.standard_normal(shape, dtype=np.float32)
    content = network_graph.SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    found = session.run(["probabilities"], {"window": window})[0]
    with torch.inference_mode():
        logits = exported.network(torch.from_numpy(window)).logits
    np.testing.assert_allclose(found, torch.softmax(logits, dim=1), rtol=1e-3, atol=1e-6)


def test_the_network_itself_is_not_changed(peak_student: Exported) -> None:
    found, before = peak_student.network.state_dict(), peak_finder().state_dict()
    assert list(found) == list(before)
    assert all(torch.equal(found[name], value) for name, value in before.items())
    assert not peak_student.network.training
