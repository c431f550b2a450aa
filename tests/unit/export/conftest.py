"""Exported students: one whose weights make it find the spectrum's peak, and an untrained one.

To export takes seconds, so each is exported once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray
from tests.unit.datasets.conftest import real_data  # noqa: F401
from torch import nn

from ppgkd.export.student import student_graph, window_spec_of
from ppgkd.export.verify import Estimator, export_student, weights_of, write_verified
from ppgkd.inference.model_card import ModelCard, units_of
from ppgkd.models.build import build_model
from ppgkd.models.capacity import KERNEL, InputShape, nearest_shape
from ppgkd.models.network import Network
from ppgkd.windows.preprocessing import PREPROCESSING_VERSION, preprocess, resampling_matrix

CHANNELS = ("ppg_1", "ppg_2", "acc_x", "acc_y", "acc_z")
INPUTS = InputShape(ppg_channels=2, acc_channels=3, n_samples=200, rate_hz=25.0)


def some_card(**changes: Any) -> ModelCard:
    """Model card of a student for a sensor of 50 Hz, with some entries replaced."""
    card: dict[str, Any] = {
        "rate_hz": 50.0,
        "window_s": 8.0,
        "stride_s": 2.0,
        "channels": CHANNELS,
        "units": units_of(CHANNELS),
        "bpm_min": 30,
        "bpm_max": 209,
        "preprocessing_version": PREPROCESSING_VERSION,
        "model_rate_hz": 25.0,
        "low_hz": 0.4,
        "high_hz": 8.0,
        "filter_sd_bpm": 2.8,
        "filter_jump_probability": 4e-4,
        "filter_evidence": 0.5,
        "filter_motion_discount": 0.7,
        "max_sd_bpm": 10.0,
        "max_filtered_sd_bpm": 6.0,
        "learned_min_bpm": 40.0,
        "learned_max_bpm": 200.0,
        "min_not_double": 0.0,
        "min_not_half": 0.0,
        "min_probability": 0.0,
        "score_intercept": -2.0,
        "score_pulse": 0.8,
        "score_rate": 3.0,
        "score_agreement": 2.0,
        "score_log_sd": -0.7,
        "study": "hand-made",
        "strategy": "soft",
        "teacher": "spectral_resnet-50000",
        "student": "spectral_resnet-350",
        "seed": 0,
        "fold": "0",
        "trained_on": ("simulated",),
        "terms": "Simulated: none.",
        "subjects_held_out": ("ada", "bo"),
        "test_mae_bpm": 2.0,
        "test_mae_lower_bpm": 1.5,
        "test_mae_upper_bpm": 2.5,
        "revision": "abc",
    }
    return ModelCard(**{**card, **changes})


def raw_tones(hr_bpm: NDArray[np.floating], rate_hz: float, seed: int = 0) -> NDArray[np.float32]:
    """Raw windows of 8 s: PPG in counts of a sensor of 16 bits, acceleration in g."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(8 * rate_hz)) / rate_hz
    phase = rng.uniform(0, 2 * np.pi, (len(hr_bpm), 2, 1))
    pulse = np.sin(2 * np.pi * np.asarray(hr_bpm)[:, None, None] / 60 * time_s + phase)
    ppg = np.round(30_000 + 250 * pulse + 20 * rng.standard_normal(pulse.shape))
    acc = 0.1 * rng.standard_normal((len(hr_bpm), 3, len(time_s)))
    acc[:, 2] += 1
    return np.concatenate([ppg, acc], axis=1).astype(np.float32)


@dataclass(frozen=True)
class Exported:
    """A network, and its exported file."""

    network: Network
    inputs: InputShape
    card: ModelCard
    raw: NDArray[np.float32]
    path: Path
    difference_bpm: float

    def run(self, raw: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Outputs of the file for raw windows: bpm, sd_bpm, probabilities."""
        session = onnxruntime.InferenceSession(self.path, providers=["CPUExecutionProvider"])
        return list(session.run(None, {"raw": raw}))

    @torch.inference_mode()
    def expect(self, raw: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Outputs of the package's own preprocessing and the network in PyTorch."""
        matrix = resampling_matrix(window_spec_of(self.card), self.card.rate_hz)
        window = torch.from_numpy(preprocess(raw, matrix, self.card.channels))
        return [part.numpy() for part in Estimator(self.network, self.inputs.ppg_channels)(window)]


def peak_finder() -> Network:
    """A student of 12,000 parameters that takes the strongest frequency of the PPG for the pulse.

    The first filter of the stem adds up the log power of both PPG channels, the blocks pass it
    on, and the head makes it the logits and looks at nothing else; all other filters are random.
    The statistics of each normalisation and its affine part cancel out, but either alone would
    spoil the estimate.
    """
    network = build_model(nearest_shape("spectral_resnet", 12_000, INPUTS), INPUTS, seed=0).eval()
    with torch.no_grad():
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d):
                layer.weight[0] = 0
            if isinstance(layer, nn.BatchNorm2d):
                layer.running_mean.fill_(0.3)
                layer.bias.fill_(0.3)
                layer.running_var.fill_(4)
                layer.weight.fill_(2)
        network.get_parameter("stem.0.weight")[0, [0, 2], 0, KERNEL // 2] = 0.5
        network.get_parameter("head.weight").zero_()[:, 0] = 30
        # of the two classes of a frequency, the first leads: where they are equal, rounding chooses
        network.get_parameter("head.bias")[:] = torch.tensor([0.01, 0.0])
    return network


@cache  # for two fixtures: `tests/unit/conftest.py` takes `peak_student` over
def peak_model() -> tuple[Network, onnx.ModelProto]:
    """`peak_finder` and its ONNX model."""
    network = peak_finder()
    return network, student_graph(network.family, weights_of(network), INPUTS, some_card())


@pytest.fixture(scope="session")
def peak_student(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """A student that finds the spectrum's peak: see `peak_finder`."""
    network, model = peak_model()
    raw = raw_tones(np.linspace(45, 190, 20), 50.0)
    path = tmp_path_factory.mktemp("peak") / "model.onnx"
    difference_bpm = write_verified(model, network, INPUTS, raw, path, tolerance_bpm=0.05)
    return Exported(network, INPUTS, some_card(), raw, path, difference_bpm)


@pytest.fixture(scope="session")
def spectral_mlp_student(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """An untrained perceptron of 12,000 parameters, for one PPG channel alone."""
    inputs = InputShape(ppg_channels=1, acc_channels=0, n_samples=200, rate_hz=25.0)
    network = build_model(nearest_shape("spectral_mlp", 12_000, inputs), inputs, seed=0)
    raw = raw_tones(np.linspace(45, 190, 20), 50.0)[:, :1]
    window = preprocess(raw, resampling_matrix(window_spec_of(some_card()), 50.0), ("ppg_1",))
    for _ in range(10):  # so that normalisation does something
        network.train()(torch.from_numpy(window))
    card = some_card(channels=("ppg_1",), units=("counts",))
    path = tmp_path_factory.mktemp("spectral_mlp") / "folder" / "model.onnx"
    difference_bpm = export_student(network.eval(), inputs, card, raw, path, tolerance_bpm=0.05)
    return Exported(network, inputs, card, raw, path, difference_bpm)


def untrained(family: str, folder: Path) -> Exported:
    """An untrained network of 12,000 parameters that sees the waveform."""
    network = build_model(nearest_shape(family, 12_000, INPUTS), INPUTS, seed=0)
    raw = raw_tones(np.linspace(45, 190, 20), 50.0)
    window = preprocess(raw, resampling_matrix(window_spec_of(some_card()), 50.0), CHANNELS)
    for _ in range(10):  # so that normalisation does something
        network.train()(torch.from_numpy(window))
    path = folder / "model.onnx"
    found = export_student(network.eval(), INPUTS, some_card(), raw, path, tolerance_bpm=0.05)
    return Exported(network, INPUTS, some_card(), raw, path, found)


@pytest.fixture(
    scope="session",
    params=[
        "peak_student",
        "spectral_mlp_student",
        "waveform_resnet",
        "waveform_tcn",
        "waveform_mlp",
    ],
)
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """A student of each family."""
    if request.param.startswith("waveform"):
        return untrained(request.param, tmp_path_factory.mktemp(request.param))
    found: Exported = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session")
def card() -> Callable[..., ModelCard]:
    """Make a model card: see `some_card`."""
    return some_card


@pytest.fixture(scope="session")
def raw() -> Callable[..., NDArray[np.float32]]:
    """Make raw windows of tones: see `raw_tones`."""
    return raw_tones
