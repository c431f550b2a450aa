"""A study on the user's own recordings, which are simulated here."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from tests.placeholder_study import planned_jobs
from tests.workflow import Workflow

from ppgkd.models.capacity import InputShape
from ppgkd.runtime.artifacts import file_fingerprint
from ppgkd.simulation.signals import RATE_HZ
from ppgkd.simulation.subject import simulate_subject
from ppgkd.splits.study_windows import read_study_windows
from ppgkd.study.study import COMPARED
from ppgkd.windows.raw import read_raw_windows

SUBJECTS = [f"P{number}" for number in range(1, 7)]
DEFINITION = {
    "title": "Simulated walks, without an accelerometer",
    "terms": "Made by a test.",
    "files": "walks/*.csv",
    "rate_hz": RATE_HZ,
    "channels": {"ppg": ["green", "red"], "systole": "falls"},
    "reference": {"column": "hr"},
}


def write_walks(folder: Path) -> None:
    """Write a table for each subject, the first with missing samples, and the YAML file."""
    (folder / "walks").mkdir(parents=True)
    for index, subject in enumerate(SUBJECTS):
        simulated = simulate_subject(index, 60, seed=0)
        time_s = np.arange(simulated.signal.shape[1]) / RATE_HZ
        centre_s = 4 + 2 * np.arange(len(simulated.reference_bpm))
        table = pd.DataFrame(
            {
                "time_s": time_s,
                "green": -simulated.signal[0],
                "red": -simulated.signal[1],
                "hr": np.nan,
            }
        )
        table.loc[(centre_s * RATE_HZ).astype(int), "hr"] = simulated.reference_bpm
        lossy = table.drop(index=range(1_000, 1_025)) if index == 0 else table
        lossy.to_csv(folder / f"walks/{subject}.csv", index=False)
    (folder / "walks.yaml").write_text(yaml.safe_dump(DEFINITION), encoding="utf-8")


@pytest.fixture(scope="module")
def average(tmp_path_factory: pytest.TempPathFactory, tiny_config: dict[str, Any]) -> Workflow:
    """A study of the average of both channels, made as far as others are compared with it."""
    shares = {"file": "walks.yaml", "train": 0.5, "val": 0.17, "test": 0.33}
    config = {
        **tiny_config,
        "study": "average",
        "datasets": {"walks": {**shares, "ppg": "average"}},
        "inputs": {"ppg_channels": 1, "accelerometer": False},
        "teachers": {"spectral_resnet": [3_000]},
        "students": {"spectral_resnet": [350]},
        "strategies": {"scratch": {}},
        "onnx": {"rates_hz": []},
        "views": 1,
        "training": {"teacher": {"epochs": 1}, "student": {"epochs": 1}},
    }
    made = Workflow(tmp_path_factory.mktemp("own"), config)
    write_walks(made.folder)
    made.make(*(f"results/average/{name}" for name in COMPARED), cores=2)
    return made


@pytest.fixture(scope="module")
def study(average: Workflow) -> Workflow:
    """A study of both channels with its report, compared with that of their average."""
    shares = {k: v for k, v in average.config["datasets"]["walks"].items() if k != "ppg"}
    changes = {
        "study": "tiny",
        "datasets": {"walks": shares},
        "inputs": {"ppg_channels": 2, "accelerometer": False},
        "strategies": {"scratch": {}, "soft": {}},
        "compare": ["average"],
    }
    made = Workflow(average.folder, {**average.config, **changes})
    made.make("results/tiny/report/report.html", cores=2)
    return made


def test_a_study_of_own_recordings_without_an_accelerometer_reports(study: Workflow) -> None:
    counts = pd.read_csv(study.results / "windows/walks.counts.csv", index_col="recording")
    assert counts.index.tolist() == SUBJECTS
    assert counts["missing"].tolist() == [4, 0, 0, 0, 0, 0]
    report = (study.results / "report/report.html").read_text()
    assert "Simulated walks, without an accelerometer" in report
    assert "Made by a test." in report
    assert "2 PPG channels, no accelerometer" in report
    for path in ("walks.yaml", "walks/P1.csv"):
        assert path in report
        assert file_fingerprint(study.folder / path)[:16] in report
    assert not (study.folder / "resources/raw").exists()


def test_a_study_of_both_channels_is_compared_with_that_of_their_average(
    study: Workflow, average: Workflow
) -> None:
    raw = read_raw_windows(average.results / "windows/walks.raw.parquet")
    both = read_raw_windows(study.results / "windows/walks.raw.parquet")
    assert raw.channels == ("ppg_1",)
    np.testing.assert_allclose(raw.raw[:, 0], both.raw.mean(axis=1), rtol=1e-5)
    (other,) = json.loads((study.results / "compared.json").read_text())
    assert (other["own_channels"], other["channels"]) == (["ppg_1", "ppg_2"], ["ppg_1"])
    own, there = (
        pd.read_parquet(one.results / "students.parquet").set_index("strategy")["mae_bpm"]
        for one in (study, average)
    )
    assert [row["strategy"] for row in other["students"]] == ["scratch"]
    for row in other["students"]:
        difference_bpm = there[row["strategy"]] - own[row["strategy"]]
        assert row["difference_bpm"] == pytest.approx(difference_bpm)
    assert "Comparison with other studies" in (study.results / "report/report.html").read_text()


def test_with_each_channel_training_uses_all_and_evaluation_the_first(study: Workflow) -> None:
    shares = {**study.config["datasets"]["walks"], "ppg": "each"}
    inputs = {"ppg_channels": 1, "accelerometer": False}
    changes = {
        "study": "each",
        "datasets": {"walks": shares},
        "inputs": inputs,
        "compare": [],
    }
    each = Workflow(study.folder, {**study.config, **changes})
    each.make("results/each/bank/seed0/bank.json", "results/each/windows/walks.raw.parquet")
    windows = read_study_windows(
        [each.results / "windows/walks.parquet"],
        each.results / "splits.csv",
        InputShape(ppg_channels=1, acc_channels=0, n_samples=200, rate_hz=25),
    )
    trained, tested = (set(part.index["recording"]) for part in (windows.train, windows.test))
    subjects = windows.train.index["subject"].unique()
    assert trained == {*subjects, *(f"{subject}@ppg_2" for subject in subjects)}
    assert tested == set(windows.test.index["subject"])


def test_a_changed_table_is_read_again(study: Workflow) -> None:
    table = study.folder / "walks/P2.csv"
    before = table.read_text()
    try:
        table.write_text(before.rsplit("\n", 2)[0] + "\n")  # without its last row
        done = study.make("results/tiny/windows/walks.parquet", options=("--dry-run",))
        assert "Updated input files: walks/P2.csv" in done.stdout
    finally:
        table.write_text(before)


def test_a_study_that_needs_missing_channels_is_refused_before_any_job(
    study: Workflow,
) -> None:
    done = Workflow(study.folder, {**study.config, "inputs": {"ppg_channels": 2}}).run()
    assert done.returncode != 0
    assert "Dataset 'walks' has no accelerometer" in done.stdout
    assert "Traceback" not in done.stdout


def test_a_table_that_is_replaced_by_an_older_one_is_read_again(study: Workflow) -> None:
    target = "results/tiny/windows/walks.parquet"
    table = study.folder / "walks/P2.csv"
    before, about = table.read_bytes(), table.stat()
    assert not planned_jobs(study.run(target, options=("--dry-run",)))
    try:
        other = pd.read_csv(table)
        other["green"] *= 2
        other.to_csv(table, index=False)
        os.utime(table, (about.st_atime - 1e6, about.st_mtime - 1e6))
        assert [*planned_jobs(study.run(target, options=("--dry-run",)))] == ["windows"]
    finally:
        table.write_bytes(before)
        os.utime(table, (about.st_atime, about.st_mtime))
