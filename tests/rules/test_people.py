"""A study that varies the number of training people.

The tests share one folder with the results of one run of Snakemake.
"""

import json
from typing import Any

import pandas as pd
import pytest
from tests.workflow import Workflow

from ppgkd.cli import main

N_SUBSETS = 5  # two draws of one and of two people, and one minute
CHANGES: dict[str, Any] = {
    "folds": 2,
    "datasets": {"simulated": {"train": 0.375, "val": 0.125, "test": 0.5}},
    "simulation": {"n_subjects": 8, "duration_s": 80, "seed": 0},
    "people": {"sizes": [1, 2], "draws": 2, "minutes": [1], "others": "unlabelled"},
    "students": {"spectral_resnet": [350]},
    "strategies": {"scratch": {}, "soft": {}},
    "plan": [{"max_mae_bpm": 500}, {"max_mae_bpm": 0.01}],
    "training": {"teacher": {"epochs": 1, "batch_size": 16}, "student": {"epochs": 1}},
}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, tiny_config: dict[str, Any]) -> Workflow:
    made = Workflow(tmp_path_factory.mktemp("people"), {**tiny_config, **CHANGES})
    made.make(cores=2)
    return made


def roles(study: Workflow, folder: str) -> pd.Series:
    return pd.read_csv(study.results / folder / "splits.csv").set_index("subject")["role"]


@pytest.mark.parametrize("fold", ["fold0", "fold1"])
@pytest.mark.parametrize(("suffix", "others"), [("", "left_out"), ("-unlabelled", "unlabelled")])
def test_fewer_people_are_some_of_the_more_and_the_others_are_unlabelled(
    study: Workflow, fold: str, suffix: str, others: str
) -> None:
    of_all = roles(study, fold)
    for draw in (0, 1):
        one, two = (roles(study, f"{fold}-people{n}-draw{draw}{suffix}") for n in (1, 2))
        learners = [set(r.index[r == "train"]) for r in (one, two, of_all)]
        assert learners[0] < learners[1] < learners[2]
        assert set(one.index[one == others]) == learners[2] - learners[0]
        for role in ("val", "test"):
            assert set(one.index[one == role]) == set(of_all.index[of_all == role])


def test_the_table_has_what_each_cell_learned_from(study: Workflow) -> None:
    cells = pd.read_parquet(study.results / "people/cells.parquet")
    assert len(cells) == 2 * 2 * (1 + N_SUBSETS)
    people = cells["people"].fillna(3)
    assert (cells["train_subjects"] == people).all()
    few = cells.loc[cells["minutes"] == 1]
    assert (few["train_minutes"] <= 3).all()
    assert (few["train_minutes"] < cells.loc[cells["people"].isna(), "train_minutes"].max()).all()
    assert cells.loc[cells["strategy"] == "soft", "teacher_mae_bpm"].notna().all()


def test_every_number_is_tested_on_the_same_windows(study: Workflow) -> None:
    subjects = pd.read_parquet(study.results / "people/subjects.parquet")
    tested = subjects.groupby(["strategy", "people", "draw", "minutes"], dropna=False)
    of_each = {tuple(zip(own["subject"], own["n_windows"], strict=True)) for _, own in tested}
    assert len({frozenset(one) for one in of_each}) == 1
    assert subjects["subject"].nunique() == 8


@pytest.mark.parametrize("fold", ["fold0", "fold1"])
def test_from_scratch_nobody_without_label_takes_part(study: Workflow, fold: str) -> None:
    folders = {path.parts[-5] for path in study.results.glob(f"{fold}*/students/scratch/none/*")}
    assert not any("unlabelled" in folder for folder in folders)
    taught = study.results.glob(f"{fold}-people*/students/soft/*/*")
    assert all("unlabelled" in path.parts[-5] for path in taught)


def test_on_fewer_people_a_teacher_has_more_epochs(study: Workflow) -> None:
    history = "teachers/spectral_resnet-3000/seed0/history.parquet"
    of_all = len(pd.read_parquet(study.results / "fold0" / history))
    of_one = len(pd.read_parquet(study.results / "fold0-people1-draw0-unlabelled" / history))
    assert of_one >= 2 * of_all


def test_the_sweep_itself_is_of_all_people(study: Workflow) -> None:
    assert len(pd.read_parquet(study.results / "cells.parquet")) == 2 * 2


def test_the_report_has_the_curve_and_its_figure(study: Workflow) -> None:
    report = (study.results / "report/report.html").read_text(encoding="utf-8")
    assert '<h3 id="people">Error and people</h3>' in report
    assert "without their reference" in report
    assert (study.results / "report/people.svg").stat().st_size > 5_000
    spec = json.loads((study.results / "report/people.json").read_text())
    assert spec["usermeta"]["facts"] == {"forecasts": True}
    laws = json.loads((study.results / "people/laws.json").read_text())
    assert [law["strategy"] for law in laws["laws"]] == ["scratch"]
    assert "forecast" in laws["laws"][0]
    assert [row["people"] for row in laws["gains"]] == [1, 2]


def test_the_plan_names_people(study: Workflow, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", str(study.results), "--max-mae", "0.01"]) == 0
    shown = capsys.readouterr().out
    assert "size     cannot be told: The study has no law to plan with" in shown
    assert "people   cannot be told" in shown


def test_a_planned_number_of_people_is_trained_and_compared(study: Workflow) -> None:
    suffices, cannot = json.loads((study.results / "people/compared.json").read_text())
    assert suffices["train"] == 1
    of_one = pd.read_parquet(study.results / "people/subjects.parquet")
    of_one = of_one[(of_one["people"] == 1) & (of_one["strategy"] == "scratch")]
    measured = (of_one["mae_bpm"] * of_one["n_windows"]).sum() / of_one["n_windows"].sum()
    assert suffices["measured_bpm"] == pytest.approx(measured)
    assert "train" not in cannot
    report = (study.results / "report/report.html").read_text(encoding="utf-8")
    assert "Planned numbers of people" in report
    assert cannot["answer"] in report


def test_another_run_has_nothing_to_do(study: Workflow) -> None:
    assert "Nothing to be done" in study.run().stdout


def test_more_people_than_there_are_are_refused(study: Workflow) -> None:
    people = {**CHANGES["people"], "sizes": [1, 2, 3]}
    config = {**study.config, "people": people}
    done = Workflow(study.folder, config).run("results/tiny/fold0-people3-draw0/splits.csv")
    assert done.returncode != 0
    log = study.results / "fold0-people3-draw0/logs/splits.log"
    assert "asks for 3 people" in log.read_text()
