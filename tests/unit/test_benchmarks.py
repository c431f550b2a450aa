"""The benchmarks run where there is nothing but the package, and leave what they measured."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ppgkd.datasets.cohort import read_cohort, write_cohort
from ppgkd.models.build import build_model, save_model
from ppgkd.models.capacity import InputShape, nearest_shape
from ppgkd.runtime.artifacts import read_json, write_csv
from ppgkd.simulation.subject import Cohort
from ppgkd.splits.assignment import split_subjects
from ppgkd.windows.preprocessing import WindowSpec
from ppgkd.windows.table import subjects_with_windows
from ppgkd.windows.write import write_windows

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
SMALL = ["--subjects", "4", "--duration-s", "60", "--batch-size", "16", "--teacher-epochs", "1"]


def run(script: str, output: Path, *options: str) -> tuple[Any, str]:
    """Give the JSON that a benchmark wrote, and what it printed."""
    command = [sys.executable, str(BENCHMARKS / script), "--output", str(output), *SMALL, *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return read_json(output), done.stdout


@pytest.fixture(scope="module")
def training(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, str]:
    sizes = ["--students", "1500", "--teachers", "2000", "--epochs", "2", "--no-compile"]
    output = tmp_path_factory.mktemp("train") / "train.json"
    return run("train.py", output, *sizes, "--student-family", "waveform_resnet")


def test_every_method_that_is_installed_trains_the_same_student(
    training: tuple[Any, str],
) -> None:
    rows = {row["method"]: row for row in training[0]["students"]}
    needed = ("torchdistill", "torchvision")
    optional = {"torchdistill"} if all(map(importlib.util.find_spec, needed)) else set()
    assert set(rows) == {"plain loop", "engine"} | optional
    assert len({(row["student_params"], row["teacher_params"]) for row in rows.values()}) == 1
    for row in rows.values():
        assert row["outcome"]["cost"]["wall_s"] > 0
        assert row["outcome"]["val_mae_bpm"] > 0
        assert row["outcome"]["peak_mib"] >= row["outcome"]["start_mib"] > 10


def test_students_and_teachers_are_of_the_families_that_were_asked_for(
    training: tuple[Any, str],
) -> None:
    inputs = InputShape(ppg_channels=3, acc_channels=3, n_samples=200, rate_hz=25)
    student = nearest_shape("waveform_resnet", 1500, inputs).n_params(inputs)
    teacher = nearest_shape("spectral_resnet", 2000, inputs).n_params(inputs)
    assert {row["student_params"] for row in training[0]["students"]} == {student}
    assert [prepared["n_params"] for prepared in training[0]["teachers"]] == [teacher]


def test_the_training_of_a_teacher_is_a_share_of_the_rate_of_each_number_type(
    training: tuple[Any, str],
) -> None:
    (teacher,) = training[0]["teachers"]
    rates = training[0]["machine"]["matmul_flop_per_s"]
    assert set(teacher["training_share"]) == set(rates) == {"float32", "bfloat16"}
    done = [share * rates[name] for name, share in teacher["training_share"].items()]
    steps_of_16 = training[0]["setting"]["windows"] // 16
    operations = 2 * 3 * teacher["macs"] * 16 * steps_of_16
    assert done == pytest.approx(2 * [operations / teacher["training"]["cpu_s"]])


def test_only_the_engine_has_costs_per_teacher_and_they_are_shared(
    training: tuple[Any, str],
) -> None:
    for row in training[0]["students"]:
        totals = {n: of["total"]["wall_s"] for n, of in row["students_per_teacher"].items()}
        one_s, fixed_s = row["outcome"]["cost"]["wall_s"], row["fixed"]["wall_s"]
        assert (fixed_s > 0) == (row["method"] == "engine")
        assert totals["25"] == pytest.approx(fixed_s + 25 * one_s)
        if row["method"] == "engine":
            assert row["students_per_teacher"]["5"]["to_engine"]["wall_s"] == 1


def test_the_questions_about_the_engine_are_answered_by_ratios(training: tuple[Any, str]) -> None:
    (found,) = training[0]["engine"]
    assert found["grouped_ratio"] > 0
    assert found["vmap_ratio"] > 0
    assert found["compiled_ratio"] is None
    assert "| not tried |" in training[1]


def test_few_views_are_compared_with_fresh_ones_at_the_same_epochs(
    tmp_path: Path,
) -> None:
    sweep = ["--views", "1", "2", "--epochs", "2", "4", "--seeds", "2"]
    sizes = ["--student", "500", "--teacher", "1000"]
    content, printed = run("views.py", tmp_path / "views.json", *sweep, *sizes)
    rows = content["rows"]
    found = [(row["strategy"], row["epochs"], row["views"], row["fresh"]) for row in rows]
    of_each = [(2, 1, False), (2, 2, True), (4, 1, False), (4, 2, False), (4, 4, True)]
    assert found == [(name, *row) for name in ("scratch", "soft") for row in of_each]
    assert all(len(row["val_mae_bpm"]) == 2 for row in rows)
    assert "soft, 2 to 4 epochs" in printed


def test_recipes_of_waveform_students_are_compared_with_the_first(tmp_path: Path) -> None:
    results, cohort = tmp_path / "study", tmp_path / "cohort.npz"
    windows = results / "windows/simulated.parquet"
    write_cohort(Cohort(4, 60, seed=0), cohort)
    spec = WindowSpec(length_s=8, stride_s=2, rate_hz=25, low_hz=0.4, high_hz=8)
    write_windows(read_cohort(cohort), "simulated", spec, windows)
    subjects = {"simulated": subjects_with_windows(windows)}
    roles = {"simulated": {"train": 0.5, "val": 0.25, "test": 0.25}}
    write_csv(results / "fold0/splits.csv", split_subjects(subjects, roles, seed=0))
    inputs = InputShape(3, 3, 200, 25.0)
    shape = nearest_shape("spectral_resnet", 1_000, inputs)
    teacher = results / "fold0/teachers/spectral_resnet-1000/seed0/model.safetensors"
    save_model(teacher, build_model(shape, inputs, seed=0), shape, inputs)

    output = tmp_path / "recipe.json"
    command = [sys.executable, str(BENCHMARKS / "waveform_recipe.py"), str(results)]
    small = ["--folds", "0", "--student", "1000", "--epochs", "2", "--views", "1"]
    recipes = ["--recipes", "claims", "inverted", "--output", str(output)]
    done = subprocess.run([*command, *small, *recipes], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = {(row["recipe"], row["strategy"]): row for row in read_json(output)["rows"]}
    assert [strategy for _, strategy in found] == ["scratch", "soft"] * 2
    errors = [row["val_mae_bpm"][0] for row in found.values()]
    assert len(set(errors)) == len(errors), "each recipe and strategy is another training"
    assert "| PPG inverted in half of the windows |" in done.stdout


def test_the_cost_of_the_scaling_stage_is_reported_by_the_number_of_cells(tmp_path: Path) -> None:
    output = tmp_path / "scaling.json"
    command = [sys.executable, str(BENCHMARKS / "scaling.py"), "--output", str(output)]
    done = subprocess.run(
        [*command, "--teachers", "1"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (row,) = read_json(output)["rows"]
    assert (row["cells"], row["laws"]) == (200, 5)
    assert row["laws_s"] > 0
    assert "| 200 | 5 |" in done.stdout


def test_what_a_study_costs_snakemake_is_reported_by_the_number_of_cells(tmp_path: Path) -> None:
    output = tmp_path / "scale.json"
    command = [sys.executable, str(BENCHMARKS / "scale.py"), "--output", str(output)]
    small = ["--cells", "30", "--layouts", "3", "--steps", "plan", "cells", "again", "--skeleton"]
    done = subprocess.run([*command, *small], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (row,) = read_json(output)["rows"]
    # two students, each from scratch and in four ways from one teacher, with three seeds
    students, seeds, of_a_student = 2 * 5, 3, ("student", "onnx", "int8", "latency")
    assert row["cells"] == students * seeds
    assert row["jobs"] > students * len(of_a_student)
    assert row["jobs"] < row["cells"] * len(of_a_student)
    assert row["skeleton"]["jobs"] == 3 * row["cells"] + 1
    assert row["again"]["jobs"] == 0
    assert row["plan"]["cpu_s"] > 0
    assert "| 30 | 3 seeds |" in done.stdout
