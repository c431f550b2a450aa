"""The tidy table, read from folders of results."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ppgkd.evaluation.cells import BATCH, COLUMNS, collect_cells, collect_subject_errors
from ppgkd.evaluation.costs import COUNTED, DEVICE
from ppgkd.study.cell import Cell

TEACHER = "spectral_resnet-60000"
CELLS = [
    Cell("scratch", "none", "spectral_resnet-1000", 0),
    Cell("soft", TEACHER, "spectral_resnet-1000", 0),
    Cell("soft", TEACHER, "spectral_mlp-4000", 1),
]
METRICS = {
    "family": "spectral_resnet",
    "width": 9,
    "params": 1_017,
    "network_macs": 90_123,
    "seed": 0,
    "epochs": 7,
    "train_s": 12.5,
    "val_mae_bpm": 3.25,
    "mae_bpm": 3.5,
    "mae_lower_bpm": 2.5,
    "mae_upper_bpm": 4.5,
    "median_ae_bpm": 1.5,
    "rmse_bpm": 6.0,
    "mape": 3.0,
    "bias_bpm": -0.5,
    "within_5bpm": 0.875,
    "nll": 2.75,
    "n_windows": 40,
    "n_subjects": 2,
    "trained_on": "x86_64",
    "settings": {"temperature": 2, "learning_rate": 0.01},
}
LATENCY = {
    "p50_ms": 0.1,
    "p95_ms": 0.15,
    "p99_ms": 0.2,
    "onnx_bytes": 9_999,
    "macs": 95_123,
    "front_end_macs": 5_000,
    "flash_bytes": 12_000,
    "front_end_flash_bytes": 8_000,
    "ram_bytes": 4_000,
    "front_end_ram_bytes": 3_000,
    "peak_memory_bytes": 3_000_000,
    "runs": 500,
    "busy": False,
    "front_end": {"p99_ms": 0.125, "busy": False},
    "int8": {"p99_ms": 0.075, "onnx_bytes": 7_777, "busy": False},
    "microcontroller": [],
}
CORE = "Cortex-M33"
INT8 = {"mae_bpm": 3.5, "loss_bpm": 0.03125, "too_costly": False}
ERRORS = {"ada": [1.0, -3.0], "bo": [5.0], "cy": [0.0, 0.0, -6.0]}


def write_json(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def write_cell(folder: Path, number: int) -> None:
    """Results whose figures tell the cells apart."""
    metrics = METRICS | {"mae_bpm": 3.5 + number, "params": 1_017 + number}
    write_json(folder / "metrics.json", metrics)
    write_json(folder / "latency.json", LATENCY | {"p99_ms": 0.2 + number})
    write_json(folder / "int8.json", INT8)
    rows = [
        (subject, 70.0, 70.0 + (1 + number) * error)
        for subject, errors in ERRORS.items()
        for error in errors
    ]
    table = pd.DataFrame(rows, columns=["subject", "hr_bpm", "pred_bpm"])
    table = table.astype({"hr_bpm": np.float32, "pred_bpm": np.float32})
    table.to_parquet(folder / "predictions.parquet")


@pytest.fixture
def results(tmp_path: Path) -> Path:
    for number, cell in enumerate(CELLS):
        write_cell(tmp_path / cell.path, number)
    for seed in (0, 1):
        path = tmp_path / "teachers" / TEACHER / f"seed{seed}" / "metrics.json"
        write_json(path, METRICS | {"params": 60_321, "mae_bpm": 2.0 + seed})
    return tmp_path


def collect(results: Path) -> pd.DataFrame:
    return collect_cells("tiny", CELLS, CELLS, results, CORE)


def test_there_is_one_row_for_each_cell_in_the_order_of_the_sweep(results: Path) -> None:
    table = collect(results)
    keys = table[["strategy", "teacher", "student", "seed"]].itertuples(index=False, name=None)
    assert [Cell(*key) for key in keys] == CELLS


def test_the_columns_and_their_types_are_those_of_the_contract(results: Path) -> None:
    table = collect(results)
    assert {name: str(kind) for name, kind in table.dtypes.items()} == COLUMNS
    contract = (
        "study strategy teacher teacher_params student family params macs seed mae_bpm rmse_bpm "
        "mape bias_bpm within_5bpm nll latency_p50_ms latency_p99_ms onnx_bytes train_s model"
    )
    assert set(contract.split()) <= set(table)


def test_each_row_has_the_figures_of_its_own_cell(results: Path) -> None:
    table = collect(results)
    assert table["mae_bpm"].tolist() == [3.5, 4.5, 5.5]
    assert table["params"].tolist() == [1_017, 1_018, 1_019]
    assert table["latency_p99_ms"].tolist() == pytest.approx([0.2, 1.2, 2.2])
    assert table["latency_p50_ms"].tolist() == [0.1, 0.1, 0.1]
    assert table["onnx_bytes"].tolist() == [9_999] * 3
    assert set(table["study"]) == {"tiny"}


def test_costs_are_counted_from_raw_samples_on_with_the_front_ends_part(results: Path) -> None:
    table = collect(results)
    for name in COUNTED:
        assert table[name].tolist() == [LATENCY[name]] * 3


def test_flash_ram_and_instructions_are_the_float_files_on_the_asked_processor(
    results: Path,
) -> None:
    rows = [
        {"core": core, "precision": precision, "measured": True}
        | {"flash_bytes": 10 * n, "ram_bytes": 20 * n, "instructions": 30 * n}
        for n, (core, precision) in enumerate(
            [("Cortex-M4F", "float32"), (CORE, "int8"), (CORE, "float32")], start=1
        )
    ]
    for cell in CELLS:
        write_json(results / cell.path / "latency.json", LATENCY | {"microcontroller": rows})
    table = collect(results)
    assert table[[*DEVICE]].to_numpy().tolist() == [[30, 60, 90, CORE]] * 3


def test_where_nothing_was_measured_flash_and_ram_are_estimates_without_instructions(
    results: Path,
) -> None:
    estimate = {"core": CORE, "precision": "float32", "measured": False, "flash_bytes": 1}
    for cell in CELLS:
        write_json(results / cell.path / "latency.json", LATENCY | {"microcontroller": [estimate]})
    table = collect(results)
    assert table[["flash_bytes", "ram_bytes"]].to_numpy().tolist() == [[12_000, 4_000]] * 3
    assert table[["instructions", "measured_on"]].isna().all(axis=None)


def test_each_row_has_what_eight_bits_cost_and_win(results: Path) -> None:
    table = collect(results)
    assert table["int8_loss_bpm"].tolist() == [0.03125] * 3
    assert table["int8_latency_p99_ms"].tolist() == [0.075] * 3
    assert table["int8_bytes"].tolist() == [7_777] * 3


def test_each_row_has_the_time_of_the_front_end_alone_and_the_memory(results: Path) -> None:
    table = collect(results)
    assert table["front_end_latency_p99_ms"].tolist() == [0.125] * 3
    assert table["peak_memory_bytes"].tolist() == [3_000_000] * 3


def test_a_taught_student_has_its_teachers_size_and_error_of_the_same_seed(results: Path) -> None:
    table = collect(results)
    assert table["teacher_params"].tolist()[1:] == [60_321, 60_321]
    assert table["teacher_mae_bpm"].tolist()[1:] == [2.0, 3.0]


def test_a_student_from_scratch_has_no_teacher(results: Path) -> None:
    first = collect(results).iloc[0]
    assert first["teacher"] == "none"
    assert pd.isna(first["teacher_params"])
    assert pd.isna(first["teacher_mae_bpm"])


def test_each_row_leads_to_its_model(results: Path) -> None:
    assert collect(results)["model"].tolist() == [
        "students/scratch/none/spectral_resnet-1000/seed0/model.onnx",
        f"students/soft/{TEACHER}/spectral_resnet-1000/seed0/model.onnx",
        f"students/soft/{TEACHER}/spectral_mlp-4000/seed1/model.onnx",
    ]


def test_each_row_has_the_settings_of_its_student_as_json(results: Path) -> None:
    settings = {"learning_rate": 0.02, "label_sd_bpm": 3}
    write_json(results / CELLS[0].path / "metrics.json", METRICS | {"settings": settings})
    table = collect(results)
    assert json.loads(table["settings"][0]) == settings
    assert table["settings"][1] == table["settings"][2]
    assert json.loads(table["settings"][1]) == METRICS["settings"]


def test_settings_in_another_order_read_the_same(results: Path) -> None:
    turned = dict(reversed(METRICS["settings"].items()))
    write_json(results / CELLS[0].path / "metrics.json", METRICS | {"settings": turned})
    assert collect(results)["settings"].nunique() == 1


def test_without_folds_a_row_has_no_fold(results: Path) -> None:
    assert collect(results)["fold"].isna().all()


def test_a_sweep_without_teachers_is_collected_too(results: Path) -> None:
    shutil.rmtree(results / "teachers")
    table = collect_cells("tiny", CELLS[:1], CELLS[:1], results, CORE)
    assert {name: str(kind) for name, kind in table.dtypes.items()} == COLUMNS
    assert table["teacher_params"].isna().all()


def test_the_table_survives_parquet(results: Path, tmp_path: Path) -> None:
    table = collect(results)
    table.to_parquet(tmp_path / "cells.parquet", index=False)
    found = pd.read_parquet(tmp_path / "cells.parquet")
    assert found["teacher_params"].isna().tolist() == [True, False, False]
    pd.testing.assert_frame_equal(found, table)


def test_every_subject_of_every_cell_has_its_mean_error(results: Path) -> None:
    table = collect_subject_errors(CELLS, results)
    keys = ["strategy", "teacher", "student", "seed", "fold"]
    assert list(table) == [*keys, "subject", "n_windows", "mae_bpm"]
    assert len(table) == 3 * 3
    for number, cell in enumerate(CELLS):
        part = table[(table["student"] == cell.student) & (table["strategy"] == cell.strategy)]
        assert part["subject"].tolist() == ["ada", "bo", "cy"]
        assert part["n_windows"].tolist() == [2, 1, 3]
        assert part["mae_bpm"].tolist() == [2.0 * (1 + number), 5.0 * (1 + number), 2 + 2 * number]
        assert set(part["seed"]) == {cell.seed}
        assert set(part["teacher"]) == {cell.teacher}


def test_errors_of_many_cells_are_those_of_each(results: Path) -> None:
    times = BATCH // len(CELLS) + 1
    many = collect_subject_errors(CELLS * times, results)
    each = pd.concat([collect_subject_errors([cell], results) for cell in CELLS] * times)
    pd.testing.assert_frame_equal(many, each.reset_index(drop=True), check_exact=True)


def test_the_windows_mean_over_subjects_is_the_cells_error(results: Path) -> None:
    table = collect_subject_errors(CELLS[:1], results)
    every_window = np.abs(np.concatenate([*ERRORS.values()]))
    found = np.average(table["mae_bpm"], weights=table["n_windows"])
    assert found == pytest.approx(every_window.mean())


# Folds


FOLDED = [
    Cell("soft", TEACHER, student, seed, fold)
    for student in ("spectral_resnet-1000", "spectral_mlp-4000")
    for seed in (0, 1)
    for fold in (0, 1, 2)
]
PROFILED = [cell for cell in FOLDED if (cell.seed, cell.fold) == (0, 0)]


@pytest.fixture
def folded(tmp_path: Path) -> Path:
    """Results of a study with folds: only the profiled students were timed."""
    for number, cell in enumerate(FOLDED):
        write_cell(tmp_path / cell.path, number)
        if cell not in PROFILED:
            (tmp_path / cell.path / "latency.json").unlink()
        metrics = METRICS | {"params": 60_321, "mae_bpm": 2.0 + 10 * cell.seed + cell.fold}
        write_json(tmp_path / cell.teacher_path / "metrics.json", metrics)
    return tmp_path


def test_with_folds_each_row_has_its_fold_and_its_own_error(folded: Path) -> None:
    table = collect_cells("tiny", FOLDED, PROFILED, folded, CORE)
    assert {name: str(kind) for name, kind in table.dtypes.items()} == COLUMNS
    assert table["fold"].tolist() == [0, 1, 2] * 4
    assert table["mae_bpm"].tolist() == [3.5 + number for number in range(12)]


def test_with_folds_a_student_has_the_profile_of_the_same_student_in_the_first(
    folded: Path,
) -> None:
    table = collect_cells("tiny", FOLDED, PROFILED, folded, CORE)
    for cell, part in table.groupby("student"):
        first = FOLDED.index(next(c for c in PROFILED if c.student == cell))
        assert part["latency_p99_ms"].tolist() == pytest.approx([0.2 + first] * 6)
        assert set(part["onnx_bytes"]) == {9_999}
        assert set(part["model"]) == {f"fold0/students/soft/{TEACHER}/{cell}/seed0/model.onnx"}


def test_with_folds_a_student_has_the_error_of_its_teacher_in_the_same_fold(folded: Path) -> None:
    table = collect_cells("tiny", FOLDED, PROFILED, folded, CORE)
    assert table["teacher_mae_bpm"].tolist() == [2, 3, 4, 12, 13, 14] * 2


def test_with_folds_the_subjects_errors_are_separate_for_each_fold(folded: Path) -> None:
    table = collect_subject_errors(FOLDED[:3], folded)
    assert table["fold"].tolist() == [0] * 3 + [1] * 3 + [2] * 3
    assert table.loc[table["subject"] == "bo", "mae_bpm"].tolist() == [5, 10, 15]


@pytest.mark.parametrize("part", ["", "front_end", "int8"])
def test_a_cell_that_was_timed_on_a_busy_machine_is_marked(results: Path, part: str) -> None:
    path = results / CELLS[1].path / "latency.json"
    latency = json.loads(path.read_text())
    (latency[part] if part else latency)["busy"] = True
    path.write_text(json.dumps(latency))
    table = collect_cells("tiny", CELLS, CELLS, results, CORE)
    assert table["latency_busy"].tolist() == [False, True, False]
