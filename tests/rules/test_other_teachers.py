"""Teachers that the study does not train: an ensemble, and an ONNX file of the user's.

The tests share one folder: later ones use what earlier ones made.
"""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
from onnx import TensorProto, helper, numpy_helper
from tests.workflow import Workflow

STUDENT = "spectral_resnet-350/seed0"


def write_linear_teacher(path: Path, n_classes: int = 180) -> None:
    """Write an ONNX model that is a linear function of the window."""
    weights = np.random.default_rng(0).normal(0, 0.01, (6 * 200, n_classes)).astype(np.float32)
    window = helper.make_tensor_value_info("window", TensorProto.FLOAT, ["batch", 6, 200])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", n_classes])
    nodes = [
        helper.make_node("Flatten", ["window"], ["flat"], axis=1),
        helper.make_node("MatMul", ["flat", "weights"], ["logits"]),
    ]
    stored = [numpy_helper.from_array(weights, "weights")]
    graph = helper.make_graph(nodes, "linear", [window], [logits], stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, tiny_config: dict[str, Any]) -> Workflow:
    changes = {
        "simulation": {"n_subjects": 6, "duration_s": 60, "seed": 0},
        "teachers": {
            "spectral_resnet": [3_000],
            "ensembles": ["spectral_resnet-3000"],
            "onnx": {"own": "linear.onnx"},
        },
        "students": {"spectral_resnet": [350], "waveform_resnet": [1_100]},
        "strategies": {"soft": {}, "feature": {}},
        "seeds": [0, 1],
    }
    made = Workflow(tmp_path_factory.mktemp("teachers"), {**tiny_config, **changes})
    write_linear_teacher(made.folder / "linear.onnx")
    return made


def test_the_teachers_of_all_seeds_form_an_ensemble(study: Workflow) -> None:
    student = f"students/feature/spectral_resnet-3000-ensemble/{STUDENT}"
    study.make(f"results/tiny/{student}/metrics.json", cores=2)
    members = [
        study.results / f"teachers/spectral_resnet-3000/seed{seed}/metrics.json" for seed in (0, 1)
    ]
    params = [json.loads(path.read_text())["params"] for path in members]
    ensemble = study.results / "teachers/spectral_resnet-3000-ensemble/seed0"
    metrics = json.loads((ensemble / "metrics.json").read_text())
    assert metrics["params"] == sum(params)
    predictions = pd.read_parquet(ensemble / "predictions.parquet")
    error_bpm = (predictions["pred_bpm"] - predictions["hr_bpm"]).abs().mean()
    assert metrics["mae_bpm"] == pytest.approx(error_bpm, rel=1e-5)
    targets = study.results / "targets/spectral_resnet-3000-ensemble/seed0"
    assert json.loads((targets / "targets.json").read_text())["teacher"] == metrics["sha256"]
    assert (study.results / student / "predictions.parquet").is_file()


def test_teachers_that_see_spectra_teach_a_student_that_sees_the_waveform(study: Workflow) -> None:
    student = "students/feature/spectral_resnet-3000-ensemble/waveform_resnet-1100/seed0"
    study.make(f"results/tiny/{student}/metrics.json", cores=2)
    metrics = json.loads((study.results / student / "metrics.json").read_text())
    assert metrics["family"] == "waveform_resnet"
    assert 0 < metrics["mae_bpm"] < 180


def test_an_onnx_file_of_the_users_can_be_a_teacher(study: Workflow) -> None:
    student = f"students/soft/onnx-own/{STUDENT}"
    done = study.make(f"results/tiny/{student}/metrics.json", cores=2)
    assert "rule teacher:" not in done.stdout
    metrics = json.loads((study.results / "teachers/onnx-own/seed0/metrics.json").read_text())
    assert metrics["params"] == 6 * 200 * 180
    logits = np.load(study.results / "targets/onnx-own/seed0/logits.npy").astype(np.float64)
    weights = numpy_helper.to_array(onnx.load(study.folder / "linear.onnx").graph.initializer[0])
    view = np.load(study.results / "bank/seed0/signal.npy")[0].astype(np.float64)
    expected = view.reshape(len(view), -1) @ weights
    expected -= expected.max(axis=1, keepdims=True)
    np.testing.assert_allclose(logits[0], expected, atol=0.01)


def test_a_student_cannot_learn_features_of_a_teacher_that_has_none(study: Workflow) -> None:
    done = study.run(f"results/tiny/students/feature/onnx-own/{STUDENT}/metrics.json")
    assert done.returncode != 0
    assert "Strategy 'feature' needs a teacher with features, and this one has none" in done.stdout
    assert "Traceback" not in done.stdout


def test_an_onnx_file_without_one_output_per_class_is_refused_by_name(
    study: Workflow,
) -> None:
    path = study.folder / "linear.onnx"
    whole = path.read_bytes()
    try:
        write_linear_teacher(path, n_classes=7)
        done = study.run("results/tiny/teachers/onnx-own/seed0/metrics.json")
    finally:
        path.write_bytes(whole)
    assert done.returncode != 0
    assert re.search(
        r"The first output of the teacher linear.onnx has shape \(\d+, 7\)", done.stdout
    )
    assert "Traceback" not in done.stdout
