"""A study with folds, tuning, and subjects in all five roles.

The tests share one folder with the results of one run of Snakemake.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
import pytest
from tests.workflow import Workflow

from ppgkd.inference.model_card import ModelCard, read_model_card
from ppgkd.study.roles import ROLES

STUDENTS = {
    "scratch": "students/scratch/none/spectral_resnet-350/seed0",
    "ordinal": "students/ordinal/spectral_resnet-3000/spectral_resnet-350/seed0",
}
TRIALS = {
    "scratch": [{"learning_rate": 0.02}, {"label_sd_bpm": 3}],
    "ordinal": [{}, {"learning_rate": 0.02}],
}
FOLDS = ("fold0", "fold1")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, tiny_config: dict[str, Any]) -> Workflow:
    changes = {
        "folds": 2,
        "datasets": {
            "simulated": {
                "train": 0.125,
                "val": 0.125,
                "test": 0.5,
                "pretrain": 0.125,
                "unlabelled": 0.125,
            }
        },
        "simulation": {"n_subjects": 8, "duration_s": 60, "seed": 0},
        "students": {"spectral_resnet": [350]},
        "strategies": {"scratch": {}, "ordinal": {"label_weight": 0.5}},
        "tuning": {
            "student": "spectral_resnet-350",
            "teacher": "spectral_resnet-3000",
            "trials": TRIALS,
        },
        "training": {
            "pretraining": {"epochs": 1},
            "teacher": {"epochs": 2},
            "student": {"epochs": 2},
        },
    }
    made = Workflow(tmp_path_factory.mktemp("folds"), {**tiny_config, **changes})
    made.make("results/tiny/cells.parquet", cores=2)
    return made


@pytest.fixture(scope="module")
def finished(study: Workflow) -> Workflow:
    study.make(cores=2)
    return study


def splits_of(study: Workflow, fold: str) -> pd.Series:
    """Return the role of each subject; only the test role has several."""
    return pd.read_csv(study.results / fold / "splits.csv").set_index("subject")["role"]


def shipped_card(study: Workflow) -> ModelCard:
    path = study.results / "recommended/student.onnx"
    metadata = onnxruntime.InferenceSession(path).get_modelmeta().custom_metadata_map
    return read_model_card(metadata, path)


def windows_of(study: Workflow, fold: str, *roles: str) -> pd.DataFrame:
    splits = splits_of(study, fold)
    table = pd.read_parquet(study.results / "windows/simulated.parquet")
    return table[table["subject"].isin(splits.index[splits.isin(roles)])]


def metrics_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "metrics.json").read_text())
    return found


def test_every_fold_has_all_roles_and_every_subject_is_tested_once(study: Workflow) -> None:
    folds = [splits_of(study, fold) for fold in FOLDS]
    assert all(set(splits) == set(ROLES) for splits in folds)
    tested = [subject for splits in folds for subject in splits.index[splits == "test"]]
    assert sorted(tested) == [f"sim-{number:02d}" for number in range(1, 9)]


def test_the_teacher_is_pretrained_before_it_is_trained(study: Workflow) -> None:
    for fold in FOLDS:
        folder = study.results / fold / "teachers/spectral_resnet-3000/seed0"
        history = pd.read_parquet(folder / "history.parquet")
        assert history["stage"].tolist() == ["pretraining", "training", "training"]
        assert not (folder / "checkpoints").exists()


def test_the_view_cache_has_training_windows_and_unlabelled_ones_without_a_reference(
    study: Workflow,
) -> None:
    for fold in FOLDS:
        n_train = len(windows_of(study, fold, "train"))
        n_unlabelled = len(windows_of(study, fold, "unlabelled"))
        hr_bpm = np.load(study.results / fold / "bank/seed0/hr_bpm.npy")
        logits = np.load(study.results / fold / "targets/spectral_resnet-3000/seed0/logits.npy")
        assert hr_bpm.shape == logits.shape[:2] == (2, n_train + n_unlabelled)
        assert np.isfinite(hr_bpm[:, :n_train]).all()
        assert np.isnan(hr_bpm[:, n_train:]).all()


def test_a_strategys_settings_are_those_of_the_trial_with_the_lowest_validation_error(
    study: Workflow,
) -> None:
    own = {"scratch": {}, "ordinal": {"label_weight": 0.5}}
    budget = {"learning_rate": 0.01, "label_sd_bpm": 1.5}
    for fold in FOLDS:
        for strategy, trials in TRIALS.items():
            tuning = json.loads((study.results / fold / f"tuning/{strategy}.json").read_text())
            assert [trial["settings"] for trial in tuning["trials"]] == [
                {**budget, **own[strategy], **trial} for trial in trials
            ]
            errors = [trial["val_mae_bpm"] for trial in tuning["trials"]]
            assert tuning["settings"] == tuning["trials"][int(np.argmin(errors))]["settings"]
            student = study.results / fold / STUDENTS[strategy]
            assert metrics_of(student)["settings"] == tuning["settings"]


def test_the_student_repeats_the_best_trial(study: Workflow) -> None:
    # student, teacher, seed and training are the same, so the validation error is the same
    for fold in FOLDS:
        for strategy, student in STUDENTS.items():
            tuning = json.loads((study.results / fold / f"tuning/{strategy}.json").read_text())
            found = metrics_of(study.results / fold / student)["val_mae_bpm"]
            assert found == pytest.approx(tuning["val_mae_bpm"])


def test_a_trial_leaves_no_checkpoint(study: Workflow) -> None:
    assert not [*study.results.rglob("*.pt")]


def test_a_student_is_tested_only_on_test_subjects_of_its_fold(study: Workflow) -> None:
    for fold in FOLDS:
        for student in STUDENTS.values():
            predictions = pd.read_parquet(study.results / fold / student / "predictions.parquet")
            assert set(predictions["subject"]) == set(windows_of(study, fold, "test")["subject"])


def test_the_tables_have_every_fold_and_every_subject(study: Workflow) -> None:
    cells = pd.read_parquet(study.results / "cells.parquet")
    assert cells[["strategy", "fold"]].to_numpy().tolist() == [
        ["ordinal", 0],
        ["ordinal", 1],
        ["scratch", 0],
        ["scratch", 1],
    ]
    assert {"learning_rate", "label_sd_bpm"} <= set(json.loads(cells["settings"][0]))
    subjects = pd.read_parquet(study.results / "subjects.parquet")
    for _, part in subjects.groupby("strategy"):
        assert sorted(part["subject"]) == [f"sim-{number:02d}" for number in range(1, 9)]


def test_only_students_of_the_first_fold_are_exported_and_timed(study: Workflow) -> None:
    exported = {path.relative_to(study.results) for path in study.results.rglob("model.onnx")}
    assert exported == {Path("fold0", student, "model.onnx") for student in STUDENTS.values()}
    cells = pd.read_parquet(study.results / "cells.parquet")
    assert set(map(Path, cells["model"])) == exported


def test_the_study_ends_in_a_report_of_its_strategies(finished: Workflow) -> None:
    page = (finished.results / "report/report.html").read_text()
    for strategy in STUDENTS:
        assert f"<code>{strategy}</code>" in page


def test_the_student_that_is_shipped_has_learned_from_the_subjects_tested_in_the_folds(
    finished: Workflow,
) -> None:
    before, final = splits_of(finished, "fold0"), splits_of(finished, "final")
    assert set(before) - set(final) == {"test"}
    assert set(final.index) == set(before.index)
    count = final.value_counts()
    assert count["train"] == 5, "one of eight, and the four that a fold tests"
    n_windows = len(windows_of(finished, "final", "train", "unlabelled"))
    assert np.load(finished.results / "final/bank/seed0/hr_bpm.npy").shape[1] == n_windows


def test_what_the_shipped_student_errs_by_is_said_by_the_folds(finished: Workflow) -> None:
    card = shipped_card(finished)
    assert (card.fold, card.subjects_held_out) == ("final", ())
    choice = json.loads((finished.results / "recommended/choice.json").read_text())
    chosen = pd.read_parquet(finished.results / "students.parquet")
    for key in ("strategy", "teacher", "student"):
        chosen = chosen[chosen[key] == choice[key]]
    assert (card.strategy, card.student) == (choice["strategy"], choice["student"])
    bounds = [card.test_mae_bpm, card.test_mae_lower_bpm, card.test_mae_upper_bpm]
    names = ["mae_bpm", "mae_lower_bpm", "mae_upper_bpm"]
    assert bounds == pytest.approx(chosen[names].iloc[0].tolist())


# Datasets left out, and other people of the same


@pytest.fixture(scope="module")
def left_out(tmp_path_factory: pytest.TempPathFactory, tiny_config: dict[str, Any]) -> Workflow:
    """Two sets of pulses at rest serve as two datasets of the user's; one has too few people."""
    folder = tmp_path_factory.mktemp("left_out")
    rng = np.random.default_rng(0)
    datasets: dict[str, Any] = {}
    for name, people in (("hills", 4), ("stairs", 3)):
        for number in range(people):
            hr_bpm = 60.0 + 10 * number
            time_s = np.arange(3_000) / 50
            green = np.sin(2 * np.pi * hr_bpm / 60 * time_s) + rng.normal(0, 0.3, len(time_s))
            path = folder / name / f"{name}{number}.csv"
            path.parent.mkdir(exist_ok=True)
            pd.DataFrame({"green": green, "hr": hr_bpm}).to_csv(path, index=False)
        (folder / f"{name}.yaml").write_text(
            f"title: {name} (simulated)\nterms: none\nfiles: {name}/*.csv\nrate_hz: 50\n"
            "channels: {ppg: [green], systole: rises}\nreference: {column: hr}\n"
        )
        datasets[name] = {"file": f"{name}.yaml", "train": 0.6, "val": 0.4, "test": 1}
    changes = {
        "folds": "datasets",
        "other_people": 2,
        "datasets": datasets,
        "inputs": {"ppg_channels": 1, "accelerometer": False},
        "students": {"spectral_mlp": [1300]},
        "strategies": {"scratch": {}},
    }
    made = Workflow(folder, {**tiny_config, **changes})
    made.make(cores=2)
    return made


def test_a_dataset_left_out_is_tested_whole(left_out: Workflow) -> None:
    for fold, name, n_people in (("fold0", "hills", 4), ("fold1", "stairs", 3)):
        splits = pd.read_csv(left_out.results / fold / "splits.csv")
        tested = splits[splits["role"] == "test"]
        assert set(tested["dataset"]) == {name}
        assert len(tested) == n_people
        assert set(splits.loc[splits["dataset"] != name, "role"]) == {"train", "val"}


def test_the_student_that_is_shipped_has_learned_from_all_datasets(left_out: Workflow) -> None:
    splits = pd.read_csv(left_out.results / "final/splits.csv")
    counts = splits.groupby("dataset")["role"].value_counts().to_dict()
    assert counts == {
        ("hills", "train"): 2,
        ("hills", "val"): 2,
        ("stairs", "train"): 2,
        ("stairs", "val"): 1,
    }
    card = shipped_card(left_out)
    assert (card.fold, card.trained_on) == ("final", ("hills", "stairs"))


def test_the_recommended_student_is_tested_on_other_people_of_a_dataset_that_it_learned(
    left_out: Workflow,
) -> None:
    folds = [pd.read_csv(left_out.results / fold / "splits.csv") for fold in ("fold2", "fold3")]
    tested = pd.concat([splits[splits["role"] == "test"] for splits in folds])
    assert sorted(tested["subject"]) == [f"hills{number}" for number in range(4)]
    found = pd.read_parquet(left_out.results / "recommended/other_people.parquet")
    for fold, splits in zip((2, 3), folds, strict=True):
        subjects = set(splits.loc[splits["role"] == "test", "subject"])
        assert set(found.loc[found["fold"] == fold, "subject"]) == subjects
        roles = splits.groupby("dataset")["role"].unique().map(set).to_dict()
        assert roles == {"hills": {"train", "val", "test"}, "stairs": {"train", "val"}}


def test_no_teacher_and_no_other_student_is_trained_for_other_people(left_out: Workflow) -> None:
    for fold in ("fold2", "fold3"):
        trained = {path.parent for path in left_out.results.glob(f"{fold}/**/model.safetensors")}
        assert trained == {
            left_out.results / fold / "students/scratch/none/spectral_mlp-1300/seed0"
        }


def test_the_report_has_both_errors_of_the_dataset_or_says_that_one_is_not_known(
    left_out: Workflow,
) -> None:
    page = " ".join((left_out.results / "report/report.html").read_text().split())
    quality = json.loads((left_out.results / "recommended/quality.json").read_text())
    others = json.loads((left_out.results / "recommended/other_people.json").read_text())
    worst = max(quality["by_dataset"], key=lambda row: row["filtered_mae_bpm"]["estimate"])
    box = page.split('<section class="verdict" aria-labelledby="summary">')[1].split("</section>")[
        0
    ]
    assert f"Worst dataset left out of training: {worst['dataset']}" in box
    # too few people for an interval beside it
    assert f"<td>{worst['mae_bpm']['estimate']:.2f}</td>" in box
    (row,) = others["by_dataset"]
    assert row["dataset"] == "hills"
    assert f"<td>{row['mae_bpm']['estimate']:.2f}</td>" in page
    assert ("has too few people" in box) == (worst["dataset"] == "stairs")
