"""The benchmark of datasets left out judges the student asked for, and shows both studies."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tests.benchmark_module import benchmark_module

from ppgkd.datasets.cohort import read_cohort, write_cohort
from ppgkd.evaluation.by_dataset import errors_by_dataset
from ppgkd.evaluation.recommended import predict_recommended
from ppgkd.inference.online_filter import Transition
from ppgkd.models.build import build_model, save_model
from ppgkd.models.capacity import nearest_shape
from ppgkd.runtime.artifacts import write_json
from ppgkd.simulation.subject import Cohort
from ppgkd.study.cell import fold_folder
from ppgkd.study.parse import parse_study
from ppgkd.study.study import Study, input_shape
from ppgkd.windows.preprocessing import WindowSpec
from ppgkd.windows.write import write_windows

unseen = benchmark_module("unseen")

DATASETS = ("bami1", "ieee_spc_train")
CONFIG: dict[str, Any] = {
    "study": "turns",
    "folds": "datasets",
    "datasets": {name: {"train": 0.5, "val": 0.5, "test": 1} for name in DATASETS},
    "inputs": {"ppg_channels": 2},
    "teachers": {"spectral_mlp": [60_000]},
    "students": {"spectral_mlp": [1_300, 5_000]},
    "strategies": {"scratch": {}},
    "seeds": [0, 1],
}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, Path]:
    """A finished study of untrained students; simulated people stand for both datasets."""
    results = tmp_path_factory.mktemp("results")
    found = parse_study(CONFIG)
    folder, inputs = results / "turns", input_shape(found.config)
    write_cohort(Cohort(n_subjects=4, duration_s=40, seed=2), results / "cohort.npz")
    people = [*read_cohort(results / "cohort.npz")]
    of_dataset = dict(zip(DATASETS, (people[:2], people[2:]), strict=True))
    spec = WindowSpec(**found.config["windows"])
    for name, recordings in of_dataset.items():
        write_windows(recordings, name, spec, folder / "windows" / f"{name}.parquet")
    for fold, left_out in enumerate(DATASETS):
        splits = [
            {"dataset": name, "subject": one.subject, "role": "test" if name == left_out else role}
            for name, recordings in of_dataset.items()
            for one, role in zip(recordings, ("train", "val"), strict=True)
        ]
        (folder / fold_folder(fold)).mkdir()
        pd.DataFrame(splits).to_csv(folder / fold_folder(fold) / "splits.csv", index=False)
        write_json(folder / fold_folder(fold) / "filter.json", asdict(Transition(2.0, 1e-3, 2.0)))
    for number, cell in enumerate(found.cells):
        family, capacity = cell.student.split("-")
        shape = nearest_shape(family, int(capacity), inputs)
        network = build_model(shape, inputs, seed=number)
        save_model(folder / cell.path / "model.safetensors", network, shape, inputs)
    return found, results


@pytest.mark.parametrize(
    ("size", "student"), [(300, "spectral_mlp-1300"), (4_000, "spectral_mlp-5000")]
)
def test_the_student_of_the_nearest_size_is_judged_on_each_dataset_left_out(
    size: int, student: str, study: tuple[Study, Path]
) -> None:
    found, results = study
    rows = unseen.judge(found, size, results)
    predictions = predict_recommended(
        found.cells_of("scratch", "none", student),
        results / "turns",
        [results / "turns/windows" / f"{name}.parquet" for name in DATASETS],
        WindowSpec(**found.config["windows"]),
        found.config["onnx"]["coverage"],
    )
    expected = errors_by_dataset(predictions)
    assert [{key: row[key] for key in expected[0]} for row in rows] == expected
    assert {row["dataset"] for row in rows if row["activity"] is None} == set(DATASETS)
    shape = nearest_shape("spectral_mlp", int(student.split("-")[1]), input_shape(found.config))
    assert {row["params"] for row in rows} == {shape.n_params(input_shape(found.config))}
    assert {(row["study"], row["size"], row["seeds"]) for row in rows} == {("turns", size, 2)}


def row(study: str, activity: str | None, mae_bpm: float) -> dict[str, Any]:
    figure = {"estimate": mae_bpm, "lower": mae_bpm - 1, "upper": mae_bpm + 1}
    none = {"estimate": None, "lower": None, "upper": None}
    return {
        "study": study,
        "params": 1_234,
        "dataset": "hills",
        "activity": activity,
        "n_windows": 2_345,
        "n_subjects": 3,
        "mae_bpm": figure,
        "filtered_mae_bpm": {"estimate": 4.0, "lower": None, "upper": None},
        "valid": dict.fromkeys(figure, 0.5),
        "valid_mae_bpm": none,
        "valid_wrong": none,
    }


def test_the_table_has_the_studies_below_each_other_for_each_activity() -> None:
    rows = [row(study, what, 9.0) for study in ("before", "after") for what in (None, "walk")]
    lines = unseen.table(rows).splitlines()[2:]
    figures = "9.0 (8.0 to 10.0) | 4.0 | 50% (50% to 50%) | - | - |"
    assert lines == [
        f"| hills | all | 2,345 | 3 | before, 1,234 | {figures}",
        f"|  |  |  |  | after, 1,234 | {figures}",
        f"| hills | walk | 2,345 | 3 | before, 1,234 | {figures}",
        f"|  |  |  |  | after, 1,234 | {figures}",
    ]
