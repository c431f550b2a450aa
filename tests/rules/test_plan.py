"""Planned students are trained, and the report compares them with what was predicted."""

import json

import onnxruntime
import pandas as pd
import pytest
from tests.workflow import Workflow

from ppgkd.inference.model_card import read_model_card

STRATEGIES = {"scratch": {}}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Workflow:
    config = {
        "study": "tiny",
        "datasets": {"simulated": {"train": 0.5, "val": 0.17, "test": 0.33}},
        "simulation": {"n_subjects": 6, "duration_s": 60, "seed": 0},
        "teachers": {"spectral_resnet": [3_000]},
        "students": {"spectral_resnet": [350, 700, 1_000, 1_500, 2_500]},
        "strategies": STRATEGIES,
        "seeds": [0],
        "views": 1,
        "training": {"teacher": {"epochs": 1}, "student": {"epochs": 2}},
        "latency": {"max_spread": 1e9},  # tests run in parallel
        "plan": [{"max_bytes": 21_000, "max_latency_ms": 10_000}, {"max_mae_bpm": 0.001}],
    }
    return Workflow(tmp_path_factory.mktemp("plan"), config)


def test_the_planned_students_are_trained_and_compared_with_what_was_predicted(
    study: Workflow,
) -> None:
    study.make("results/tiny/report/report.html", cores=2)
    answers = json.loads((study.results / "plan/answers.json").read_text())
    compared = json.loads((study.results / "plan/compared.json").read_text())
    assert [answer["met"] for answer in answers] == [True, False]
    cells = pd.read_parquet(study.results / "cells.parquet")
    for answer, row in zip(answers, compared, strict=True):
        folder = study.results / "students/scratch/none" / answer["student"] / "seed0"
        metrics = json.loads((folder / "metrics.json").read_text())
        latency = json.loads((folder / "latency.json").read_text())
        assert metrics["params"] == answer["params"]
        assert row["measured"]["mae_bpm"] == pytest.approx(metrics["mae_bpm"], rel=1e-5)
        assert row["measured"]["onnx_bytes"] == latency["onnx_bytes"]
        assert answer["onnx_bytes"] == pytest.approx(latency["onnx_bytes"], rel=0.05)
        assert answer["in_sweep"] == (answer["student"] in set(cells["student"]))
    assert compared[0]["measured"]["onnx_bytes"] <= 21_000
    report = (study.results / "report/report.html").read_text()
    assert "Planned students" in report


def test_a_student_that_is_not_in_the_sweep_is_exported_and_timed(study: Workflow) -> None:
    folder = study.results / "students/scratch/none/spectral_resnet-500/seed0"
    study.make(f"{folder.relative_to(study.folder)}/latency.json", cores=2)
    session = onnxruntime.InferenceSession(folder / "model.onnx")
    card = read_model_card(session.get_modelmeta().custom_metadata_map, folder)
    assert card.student == "spectral_resnet-500"
    metrics = json.loads((folder / "metrics.json").read_text())
    assert card.test_mae_bpm == pytest.approx(metrics["mae_bpm"])


def test_a_study_without_constraints_plans_nothing(study: Workflow) -> None:
    without = Workflow(study.folder, {**study.config, "plan": []})
    done = without.run("results/tiny/report/report.html", options=("--dry-run",))
    assert "compare_plan" not in done.stdout


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ([{"max_mae": 2.0}], "unknown keys ['max_mae']"),
        ([{}], "'plan.0' must not be empty"),
        ([{"max_bytes": 0}], "'plan.0.max_bytes'"),
    ],
)
def test_invalid_constraints_are_refused_before_any_job(
    study: Workflow, plan: list[dict[str, float]], message: str
) -> None:
    done = Workflow(study.folder, {**study.config, "plan": plan}).run()
    assert done.returncode != 0
    assert message in done.stdout
