"""The tiny study from nothing to its report: the outputs of every rule, and what a second run does.

The tests share one folder with the results of one run. Tests that make jobs fail come last.
"""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pyarrow.parquet as pq
import pytest
from safetensors import safe_open
from tests.workflow import Workflow

CELLS = ("scratch/none", "soft/spectral_resnet-3000")
STUDENT = "spectral_resnet-350/seed0"
STRATEGIES = ("scratch", "hard", "soft", "dkd", "feature")
FAMILIES = ("spectral_resnet", "spectral_mlp")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, tiny_config: dict[str, Any]) -> Workflow:
    strategies = {**tiny_config["strategies"], "soft": {"temperature": 2}}
    made = Workflow(tmp_path_factory.mktemp("tiny"), {**tiny_config, "strategies": strategies})
    made.make(cores=2)
    return made


def test_simulate_writes_the_cohort(study: Workflow) -> None:
    with np.load(study.folder / "resources/raw/simulated/n6-s90-seed0.npz") as cohort:
        assert cohort["sim-06/signal"].shape == (6, 90 * 50)


def test_windows_writes_one_row_group_per_recording_and_counts_the_rejected_windows(
    study: Workflow,
) -> None:
    file = pq.ParquetFile(study.results / "windows/simulated.parquet")
    counts = pd.read_csv(study.results / "windows/simulated.counts.csv")
    assert file.num_row_groups == len(counts) == 6
    assert file.metadata.num_rows == counts["kept"].sum()
    assert (
        str(file.schema_arrow.field("signal").type) == f"fixed_size_list<element: float>[{6 * 200}]"
    )


def test_splits_gives_every_subject_one_role(study: Workflow) -> None:
    splits = pd.read_csv(study.results / "splits.csv")
    assert list(splits.columns) == ["dataset", "subject", "role"]
    assert splits["subject"].is_unique
    assert splits["role"].value_counts().to_dict() == {"train": 3, "test": 2, "val": 1}


def test_teacher_writes_weights_metrics_and_history(study: Workflow) -> None:
    folder = study.results / "teachers/spectral_resnet-3000/seed0"
    metrics = json.loads((folder / "metrics.json").read_text())
    with safe_open(str(folder / "model.safetensors"), "np") as file:
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    trained = sum(w.size for name, w in weights.items() if "running" not in name and w.ndim)
    assert trained == metrics["params"]
    assert len(pd.read_parquet(folder / "history.parquet")) == metrics["epochs"] == 2


def test_view_cache_has_every_training_window_in_every_view(study: Workflow) -> None:
    folder = study.results / "bank/seed0"
    splits = pd.read_csv(study.results / "splits.csv")
    windows = pd.read_parquet(study.results / "windows/simulated.parquet", columns=["subject"])
    training = splits.loc[splits["role"] == "train", "subject"]
    n_windows = windows["subject"].isin(training).sum()
    assert np.load(folder / "signal.npy").shape == (2, n_windows, 6, 200)
    assert np.load(folder / "hr_bpm.npy").shape == (2, n_windows)


def test_targets_has_logits_of_every_window_in_every_view(study: Workflow) -> None:
    splits = pd.read_csv(study.results / "splits.csv")
    windows = pd.read_parquet(study.results / "windows/simulated.parquet", columns=["subject"])
    training = splits.loc[splits["role"] == "train", "subject"]
    logits = np.load(study.results / "targets/spectral_resnet-3000/seed0/logits.npy")
    assert logits.shape == (2, windows["subject"].isin(training).sum(), 180)
    assert logits.dtype == np.float16


@pytest.mark.parametrize("cell", CELLS)
def test_student_writes_predictions_of_the_test_subjects_only(study: Workflow, cell: str) -> None:
    folder = study.results / "students" / cell / STUDENT
    predictions = pd.read_parquet(folder / "predictions.parquet")
    assert list(predictions.columns) == [
        *("dataset", "subject", "recording", "window", "start_s"),
        *("hr_bpm", "pred_bpm", "sd_bpm"),
    ]
    splits = pd.read_csv(study.results / "splits.csv")
    tested = set(splits.loc[splits["role"] == "test", "subject"])
    assert set(predictions["subject"]) == tested
    error_bpm = (predictions["pred_bpm"] - predictions["hr_bpm"]).abs().mean()
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["mae_bpm"] == pytest.approx(error_bpm, rel=1e-5)


def test_student_logs_progress_with_the_time_left(study: Workflow) -> None:
    log = (study.results / "logs/student" / CELLS[0] / "spectral_resnet-350.log").read_text()
    assert "epoch 2/2" in log
    assert "s left" in log


@pytest.mark.parametrize("cell", CELLS)
def test_the_exported_model_predicts_the_same_from_raw_samples(study: Workflow, cell: str) -> None:
    path = study.results / "students" / cell / STUDENT / "model.onnx"
    metadata = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    assert metadata["ppgkd.rate_hz"] == "50"
    assert metadata["ppgkd.channels"] == "ppg_1,ppg_2,ppg_3,acc_x,acc_y,acc_z"
    assert metadata["ppgkd.trained_on"] == "simulated"
    predictions = pd.read_parquet(path.parent / "predictions.parquet")
    held_out = set(metadata["ppgkd.subjects_held_out"].split(","))
    assert held_out == set(predictions["subject"])
    raw = pd.read_parquet(study.results / "windows/simulated.raw.parquet")
    both = predictions.merge(raw, on=["recording", "window"])
    assert set(both["recording"]) == set(predictions["recording"])
    session = onnxruntime.InferenceSession(str(path))
    (bpm,) = session.run(["bpm"], {"raw": np.stack(both["raw"]).reshape(-1, 6, 400)})
    np.testing.assert_allclose(bpm, both["pred_bpm"], atol=0.01)


def test_int8_measures_the_loss_in_accuracy(study: Workflow) -> None:
    folder = study.results / "students" / CELLS[0] / STUDENT
    cost = json.loads((folder / "int8.json").read_text())
    plain = json.loads((folder / "metrics.json").read_text())["mae_bpm"]
    assert cost["loss_bpm"] == pytest.approx(cost["mae_bpm"] - plain, abs=0.01)
    operators = {node.op_type for node in onnx.load(folder / "model.int8.onnx").graph.node}
    assert {"QuantizeLinear", "DequantizeLinear"} <= operators


def test_filter_is_fitted_to_training_subjects(study: Workflow) -> None:
    transition = json.loads((study.results / "filter.json").read_text())
    assert transition["stride_s"] == 2
    assert 0.5 <= transition["sd_bpm"] < 10


def test_ship_writes_a_model_for_every_configured_rate(study: Workflow) -> None:
    folder = study.results / "recommended"
    rates = {"25": 200, "32": 256, "50": 400, "64": 512, "100": 800, "125": 1000}
    for rate, n_samples in rates.items():
        (entry,) = onnxruntime.InferenceSession(folder / f"student-{rate}hz.onnx").get_inputs()
        assert entry.shape[1:] == [6, n_samples]
    choice = json.loads((folder / "choice.json").read_text())
    cell = "students/{strategy}/{teacher}/{student}/seed0/model.onnx".format(**choice)
    assert (folder / "student.onnx").read_bytes() == (study.results / cell).read_bytes()


def test_quality_evaluates_the_recommended_student_on_test_subjects_only(study: Workflow) -> None:
    folder = study.results / "recommended"
    predictions = pd.read_parquet(folder / "predictions.parquet")
    splits = pd.read_csv(study.results / "splits.csv")
    assert set(predictions["subject"]) == set(splits.loc[splits["role"] == "test", "subject"])
    quality = json.loads((folder / "quality.json").read_text())
    for estimator, column in (("single", "pred_bpm"), ("filtered", "filtered_bpm")):
        error_bpm = (predictions[column] - predictions["hr_bpm"]).abs().mean()
        assert quality[estimator]["overall"]["mae_bpm"] == pytest.approx(error_bpm, rel=1e-5)


def test_latency_reports_quantiles_of_at_least_500_runs(study: Workflow) -> None:
    path = study.results / "students" / CELLS[0] / STUDENT / "latency.json"
    latency = json.loads(path.read_text())
    assert latency["runs"] >= 500
    assert 0 < latency["p50_ms"] <= latency["p95_ms"] <= latency["p99_ms"]
    assert latency["onnx_bytes"] == path.with_name("model.onnx").stat().st_size


def test_latency_takes_every_core_of_the_machine(study: Workflow) -> None:
    target = f"results/tiny/students/{CELLS[1]}/{STUDENT}/latency.json"
    done = study.run(target, cores=3, options=("--dry-run", "--forcerun", "latency"))
    assert done.returncode == 0, done.stdout
    job = done.stdout.split("rule latency:")[1].split("rule ")[0]
    assert "threads: 3" in job


def test_cells_is_a_tidy_table_with_one_row_per_cell(study: Workflow) -> None:
    cells = pd.read_parquet(study.results / "cells.parquet")
    assert cells[["strategy", "teacher", "student", "seed"]].to_numpy().tolist() == [
        [strategy, "none" if strategy == "scratch" else "spectral_resnet-3000", student, 0]
        for strategy in sorted(STRATEGIES)
        for student in ("spectral_mlp-1300", "spectral_resnet-350")
    ]
    assert cells["mae_bpm"].between(0, 180).all()
    assert all((study.results / model).exists() for model in cells["model"])


def test_scaling_gives_the_reason_why_no_law_was_fitted(study: Workflow) -> None:
    laws = json.loads((study.results / "scaling/laws.json").read_text())
    found = {(law["strategy"], law["family"]): law["reason"] for law in laws["laws"]}
    assert found.keys() == {(strategy, family) for strategy in STRATEGIES for family in FAMILIES}
    for reason in found.values():
        assert "at least 4 sizes, found 1" in reason


def test_the_report_is_one_file_and_says_that_the_data_are_simulated(study: Workflow) -> None:
    page = (study.results / "report/report.html").read_text()
    assert "These data are simulated" in page
    assert 'src="http' not in page
    assert "temperature 2" in page
    for strategy in STRATEGIES:
        assert f"<code>{strategy}</code>" in page


def test_snakemakes_own_report_contains_the_figures(study: Workflow) -> None:
    study.make(options=("--report", "report.html"))
    assert "error_vs_size" in (study.folder / "report.html").read_text()


def test_a_second_run_has_nothing_to_do(study: Workflow) -> None:
    assert "Nothing to be done" in study.make().stdout


def test_a_student_never_reads_its_teachers_weights(study: Workflow) -> None:
    target = f"results/tiny/students/{CELLS[1]}/{STUDENT}/metrics.json"
    weights = study.results / "teachers/spectral_resnet-3000/seed0/model.safetensors"
    aside = weights.rename(study.folder / "aside.safetensors")
    try:
        done = study.make(target, options=("--forcerun", "student"))
    finally:
        aside.rename(weights)
    assert "1 of 1 steps" in done.stdout
    job = done.stdout.split("rule student:")[1]
    inputs = next(line for line in job.splitlines() if "input:" in line)
    assert "targets/spectral_resnet-3000/seed0/logits.npy" in inputs
    assert ".safetensors" not in inputs


def test_targets_of_other_views_stop_the_student_with_a_message(study: Workflow) -> None:
    target = f"results/tiny/students/{CELLS[1]}/{STUDENT}/metrics.json"
    path = study.results / "targets/spectral_resnet-3000/seed0/targets.json"
    about = path.read_text()
    try:
        path.write_text(json.dumps(json.loads(about) | {"bank": "0" * 64}))
        done = study.run(target)
    finally:
        path.write_text(about)
    assert done.returncode != 0
    assert "targets/spectral_resnet-3000/seed0 was made for another view cache" in done.stdout
    assert "Traceback" not in done.stdout


def test_a_killed_student_resumes_from_its_last_epoch(study: Workflow) -> None:
    # long enough to be killed during training
    training = study.config["training"] | {"student": {"epochs": 150, "patience": 150}}
    long = Workflow(study.folder, {**study.config, "training": training})
    folder = study.results / "students" / CELLS[1] / STUDENT
    target = f"results/tiny/students/{CELLS[1]}/{STUDENT}/metrics.json"
    long.make(target)
    undisturbed = pd.read_parquet(folder / "predictions.parquet")

    killed = long.run_and_kill(
        target,
        script="student.py",
        when=(folder.parent / "checkpoint.pt").exists,
        options=("--forcerun", "student"),
    )
    assert killed.returncode != 0
    assert not (folder / "metrics.json").exists()

    long.make(target)
    log = (study.results / "logs/student" / CELLS[1] / "spectral_resnet-350.log").read_text()
    assert re.search(r"going on after epoch \d+ of 150", log)
    assert "epoch 1/150" not in log
    history = pd.read_parquet(folder / "history.parquet")
    assert history["epoch"].tolist() == [*range(1, 151)]
    pd.testing.assert_frame_equal(pd.read_parquet(folder / "predictions.parquet"), undisturbed)
    assert not (folder.parent / "checkpoint.pt").exists()


def test_a_truncated_windows_file_stops_the_job_with_its_name(study: Workflow) -> None:
    path: Path = study.results / "windows/simulated.parquet"
    whole = path.read_bytes()
    try:
        path.write_bytes(whole[: len(whole) // 2])
        done = study.run("results/tiny/splits.csv", options=("--forcerun", "splits"))
    finally:
        path.write_bytes(whole)
    assert done.returncode != 0
    assert "simulated.parquet cannot be read" in done.stdout
    assert "Traceback" not in done.stdout
