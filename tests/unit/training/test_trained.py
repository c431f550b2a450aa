"""Results of a training job."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from ppgkd.evaluation.score import score
from ppgkd.models.build import build_model, load_model
from ppgkd.models.capacity import InputShape, SpectralMLPShape
from ppgkd.models.predict import predict
from ppgkd.runtime.artifacts import read_json
from ppgkd.splits.study_windows import StudyWindows
from ppgkd.training.trained import TrainedModel, evaluate, evaluate_teacher
from ppgkd.windows.read import Windows

SHAPE = SpectralMLPShape(6)


@pytest.fixture(scope="module")
def windows(tones: Callable[..., Windows], inputs: InputShape) -> StudyWindows:
    rng = np.random.default_rng(0)
    train, val, test = (tones(rng.uniform(60, 170, n), inputs, seed=n) for n in (16, 12, 14))
    return StudyWindows(train, val, test)


@pytest.fixture(scope="module")
def model(inputs: InputShape) -> nn.Module:
    return build_model(SHAPE, inputs, seed=0).eval()


def history(*stages: list[float]) -> pd.DataFrame:
    """Validation errors of each stage, one second an epoch."""
    rows = [(epoch + 1, error) for errors in stages for epoch, error in enumerate(errors)]
    table = pd.DataFrame(rows, columns=["epoch", "val_mae_bpm"])
    return table.assign(seconds=np.arange(1.0, len(rows) + 1))


@pytest.fixture
def trained(model: nn.Module, inputs: InputShape, windows: StudyWindows) -> TrainedModel:
    return evaluate(model, SHAPE, inputs, history([5.0, 3.0, 4.0]), windows.test, seed=7)


def test_the_metrics_are_those_of_the_test_set_and_of_the_network(
    trained: TrainedModel, model: nn.Module, inputs: InputShape, windows: StudyWindows
) -> None:
    _, expected = score(model, windows.test)
    assert trained.metrics.items() >= expected.items()
    assert trained.metrics["family"] == "spectral_mlp"
    assert trained.metrics["width"] == 6
    assert trained.metrics["params"] == SHAPE.n_params(inputs)
    assert trained.metrics["network_macs"] == SHAPE.macs(inputs)


def test_the_metrics_describe_the_network_and_its_training(trained: TrainedModel) -> None:
    assert trained.metrics["seed"] == 7
    assert trained.metrics["epochs"] == 3
    assert trained.metrics["val_mae_bpm"] == 3.0
    assert trained.metrics["train_s"] == 3.0


def test_the_validation_error_of_a_pretrained_teacher_is_that_of_its_last_stage(
    model: nn.Module, inputs: InputShape, windows: StudyWindows
) -> None:
    """Its weights are from there, though pretraining may have had a better epoch."""
    stages = history([5.0, 2.0], [4.0, 3.0, 3.5])
    metrics = evaluate(model, SHAPE, inputs, stages, windows.test).metrics
    assert metrics["val_mae_bpm"] == 3.0
    assert metrics["epochs"] == 5
    assert metrics["train_s"] == 5.0


def test_the_folder_holds_the_four_files_of_the_contract(
    trained: TrainedModel, tmp_path: Path
) -> None:
    trained.save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "history.parquet",
        "metrics.json",
        "model.safetensors",
        "predictions.parquet",
    ]


def test_saved_results_are_read_back(
    trained: TrainedModel, inputs: InputShape, windows: StudyWindows, tmp_path: Path
) -> None:
    trained.save(tmp_path)
    loaded, shape, found_inputs = load_model(tmp_path / "model.safetensors")
    signal = torch.from_numpy(windows.test.signal)
    assert (shape, found_inputs) == (SHAPE, inputs)
    assert torch.equal(predict(loaded, signal), predict(trained.model, signal))
    found = pd.read_parquet(tmp_path / "predictions.parquet")
    pd.testing.assert_frame_equal(found, trained.predictions)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "history.parquet"), trained.history)
    metrics = read_json(tmp_path / "metrics.json")
    assert metrics.items() >= trained.metrics.items()


def test_the_metrics_name_the_weights_they_belong_to(trained: TrainedModel, tmp_path: Path) -> None:
    trained.save(tmp_path)
    digest = hashlib.sha256((tmp_path / "model.safetensors").read_bytes()).hexdigest()
    assert read_json(tmp_path / "metrics.json")["sha256"] == digest


def test_a_teacher_that_the_study_did_not_train_is_evaluated_alike(
    model: nn.Module, windows: StudyWindows, tmp_path: Path
) -> None:
    evaluate_teacher(model, windows, tmp_path, seed=3, params=99, sha256="of this test")
    predictions, expected = score(model, windows.test)
    _, on_val = score(model, windows.val)
    metrics = read_json(tmp_path / "metrics.json")
    about = {"seed": 3, "params": 99, "sha256": "of this test"}
    assert metrics == {**expected, **about, "val_mae_bpm": on_val["mae_bpm"]}
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "predictions.parquet"), predictions)
    assert len(list(tmp_path.iterdir())) == 2
