"""The first screen: which student, what it errs by and costs, and what is not known."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from tests.unit.report.hand_made import (
    LEVEL_BPM,
    MEASURED,
    PROFILE,
    REAL,
    Sweep,
    claim_of,
    make_results,
    quality_of_predictions,
    render,
    study_of,
    with_more_people,
)
from tests.unit.report.page_reader import Page

from ppgkd.evaluation.recommendation import Gates, apply_gates
from ppgkd.report.page import Results
from ppgkd.report.summary import passed_over, shipped_mae_bpm
from ppgkd.scaling.claims import HOLDS, UNKNOWN
from ppgkd.study.study import Study


def test_that_the_data_are_simulated_is_said_before_the_first_table(page: Page) -> None:
    assert "These data are simulated." in page.before_first_table
    assert "say nothing about real recordings" in page.before_first_table


def test_a_study_of_real_recordings_has_no_such_warning(sweep: Sweep, tmp_path: Path) -> None:
    study = study_of(**REAL)
    page = render(study, make_results(study, sweep, tmp_path), tmp_path / "report.html")
    assert "simulated" not in page.before_first_table.lower()


def test_a_study_evaluated_on_real_recordings_says_if_it_trained_on_simulated_ones(
    sweep: Sweep, tmp_path: Path
) -> None:
    datasets = {"simulated": {"train": 1.0}, **REAL["datasets"]}  # type: ignore[dict-item]
    study = study_of(datasets=datasets)
    results = make_results(study, sweep, tmp_path)
    trained_on = (results.splits["dataset"] == "bami1") | (results.splits["role"] == "train")
    results = replace(results, splits=results.splits[trained_on])
    page = render(study, results, tmp_path / "report.html")
    assert "These data are simulated." not in page.before_first_table
    assert "simulated" in page.before_first_table.lower()


def gates_of(page: Page) -> dict[str, str]:
    """Class and text of the three gates in the verdict."""
    spans = [(kind, " ".join(text.strip(" ✓✗").split())) for kind, text in page.spans]
    return {text: kind for kind, text in spans if kind in ("yes", "no")}


def test_a_student_that_passes_every_gate_is_recommended_without_reservation(
    study: Study, results: Results, tmp_path: Path
) -> None:
    page = render(study, results, tmp_path / "report.html")
    found = gates_of(page)
    assert found["at least 80 % fewer parameters than the teacher"] == "yes"
    assert found["p99 under 15 ms"] == "yes"
    assert found["MAE under 2.5 BPM"] == "yes"
    assert "Recommended: spectral_resnet-1000" in page.verdict
    assert "misses a gate" not in page.verdict


def test_a_student_that_misses_a_gate_is_said_to_miss_it(
    study: Study, sweep: Sweep, tmp_path: Path
) -> None:
    results = make_results(study, sweep, tmp_path, error_bpm=5.0)
    page = render(study, results, tmp_path / "report.html")
    found = gates_of(page)
    assert found["at least 80 % fewer parameters than the teacher"] == "yes"
    assert found["p99 under 15 ms"] == "yes"
    assert found["MAE under 2.5 BPM"] == "no"
    assert "it misses a gate" in page.verdict
    assert "0 of 15 students pass all" in page.verdict


def test_the_gates_are_those_of_the_configuration(sweep: Sweep, tmp_path: Path) -> None:
    study = study_of(gates={"max_mae_bpm": 1.5, "max_latency_ms": 0.001, "min_reduction": 0.5})
    page = render(study, make_results(study, sweep, tmp_path), tmp_path / "report.html")
    found = gates_of(page)
    assert found["at least 50 % fewer parameters than the teacher"] == "yes"
    assert found["p99 under 0.001 ms"] == "no"
    assert found["MAE under 1.5 BPM"] == "no"


def test_the_verdict_gives_the_chosen_students_figures(
    study: Study, results: Results, tmp_path: Path
) -> None:
    page = render(study, with_more_people(results), tmp_path / "report.html")
    chosen = results.students[results.students["student"] == "spectral_resnet-1000"].iloc[0]
    assert f"{chosen['mae_bpm']:.2f} BPM" in page.verdict
    assert f"{chosen['mae_lower_bpm']:.2f} to {chosen['mae_upper_bpm']:.2f}" in page.verdict
    assert "spectral_resnet-1000 (1,000 parameters)" in page.verdict
    assert "98 % fewer parameters than the smallest teacher" in page.verdict
    assert "0.10 ms" in page.verdict
    assert "9.0 kB" in page.verdict


def test_a_study_without_teachers_has_its_page_too(sweep: Sweep, tmp_path: Path) -> None:
    study = study_of(strategies={"scratch": {}})
    results = make_results(study, sweep, tmp_path)
    page = render(study, results, tmp_path / "report.html")
    assert "Recommended: " in page.verdict
    assert "from scratch" in page.verdict
    assert "which needs a study with a teacher" in page.verdict
    assert "1 strategy" in page.text
    assert "without distillation" in page.text
    assert "fewer than the smallest teacher" not in page.verdict


def test_flash_ram_and_instructions_that_were_measured_are_in_the_first_box(
    study: Study, results: Results, tmp_path: Path
) -> None:
    costs = {"flash_bytes": 25_412, "ram_bytes": 10_184, "instructions": 1_408_564}
    students = results.students.assign(**costs, measured_on="Cortex-M4F")
    profile = PROFILE | {"microcontroller": [MEASURED], "not_measured": None}
    told = replace(results, students=students, profile=profile)
    page = render(study, told, tmp_path / "report.html")
    assert "What it costs on a Cortex-M4F 25.4 kB flash: code, tables and weights" in page.verdict
    assert "10.2 kB RAM: variables and stack" in page.verdict
    assert "1,410,000 instructions for each 2 s of signal" in page.verdict
    row = "Cortex-M4F float32 25.4 10.2 808 1,408,564 323 2.2 120 26 614"
    assert "Sources of the cycles: Cortex-M4F: a manual." in page.text
    assert row in page.text


def test_a_student_that_was_not_measured_says_why_in_the_first_box(page: Page) -> None:
    assert "not measured flash, RAM and instructions" in page.verdict
    assert "the compiler is at lunch" in page.verdict


def test_an_interval_over_few_test_subjects_is_called_so_in_the_first_box(
    study: Study, results: Results, tmp_path: Path
) -> None:
    two = results.subjects["subject"].isin(sorted(results.subjects["subject"].unique())[:2])
    few = replace(results, subjects=results.subjects[two])
    page = render(study, few, tmp_path / "few.html")
    assert "95 % interval" not in page.verdict
    assert "by person, too few for an interval" in page.verdict
    assert "2 people say little about others." in page.verdict
    assert "2 test people are too few for intervals over people: with fewer than 5" in page.text


def test_enough_test_subjects_are_counted_without_a_warning(
    study: Study, results: Results, tmp_path: Path
) -> None:
    page = render(study, with_more_people(results), tmp_path / "many.html")
    assert "So few say little about other people" not in page.text


def test_a_study_with_folds_says_what_choosing_within_each_fold_gives(
    sweep: Sweep, tmp_path: Path
) -> None:
    study = study_of(
        folds=2,
        datasets={"simulated": {"train": 0.34, "val": 0.16, "test": 0.5}},
    )
    results = make_results(study, sweep, tmp_path)
    folds = {f"s{who}": who % 2 for who in range(len(LEVEL_BPM))}
    subjects = results.subjects.assign(fold=results.subjects["subject"].map(folds).astype("Int64"))
    cells = pd.concat([results.cells.assign(fold=fold) for fold in (0, 1)], ignore_index=True)
    results = replace(results, cells=cells.astype({"fold": "Int64"}), subjects=subjects)
    page = render(study, results, tmp_path / "report.html")
    assert "2 folds by subject: every subject was tested once" in page.text
    # spectral_resnet-1000 has the lowest validation error in both folds: level + 100 / 1000
    assert "validation subjects alone, the MAE is 2.10 BPM" in page.text


def test_one_network_has_one_name_and_its_size_is_explained(
    study: Study, results: Results, tmp_path: Path
) -> None:
    tables = [t.replace({"params": {350: 302}}) for t in (results.cells, results.students)]
    few = tables[1].assign(val_mae_bpm=2.0)
    page = render(study, replace(results, cells=tables[0], students=few), tmp_path / "report.html")
    name = "spectral_resnet-350 (302 parameters), "
    assert f"Recommended: {name}" in page.verdict
    assert "350 is the size that was asked for; the nearest network of this family has 302" in (
        page.verdict
    )


def test_of_few_people_the_range_is_shown_in_place_of_an_interval(page: Page) -> None:
    by_person = [row["mae_bpm"] for row in quality_of_predictions()["single"]["by_subject"]]
    shown = f"from {min(by_person):.2f} to {max(by_person):.2f} by person, too few for an interval"
    assert shown in page.verdict
    assert "What other people get: 3 people were tested, too few to tell." in page.verdict


def test_what_is_not_known_follows_from_the_results(
    study: Study, results: Results, sweep: Sweep, tmp_path: Path
) -> None:
    simulated = render(study, results, tmp_path / "one.html").verdict.split("What is not known")[1]
    assert "Anything about real wrists: the people tested are simulated." in simulated
    assert "Flash, RAM and instructions on a device: they were not measured." in simulated
    real = study_of(**REAL)
    made = with_more_people(make_results(real, sweep, tmp_path))
    students = made.students.assign(measured_on="Cortex-M4F", instructions=10**6)
    profile = {**PROFILE, "microcontroller": [MEASURED], "not_measured": None}
    claims = [claim_of(UNKNOWN), claim_of(HOLDS)]
    made = replace(made, students=students, profile=profile, claims=claims)
    found = render(real, made, tmp_path / "two.html").verdict.split("What is not known")[1]
    assert "simulated" not in found
    assert "Another sensor, place of wear or kind of motion: no dataset was left out" in found
    assert "In which activities it errs: the recordings have no labels of activity." in found
    assert "Time and energy on a board: instructions are counted, the rest is estimated." in found
    assert "1 of 2 of the claims on distillation cannot be told from this study." in found


@pytest.mark.parametrize(("upper_bpm", "is_said"), [(3.16, True), (2.4, False)])
def test_a_gate_that_the_interval_reaches_beyond_is_not_known_to_hold(
    study: Study, results: Results, tmp_path: Path, upper_bpm: float, is_said: bool
) -> None:
    made = with_more_people(results)
    quality = {**made.quality, "single": {**made.quality["single"], "n_subjects": 9}}
    students = made.students.assign(mae_bpm=2.17, mae_upper_bpm=upper_bpm)
    made = replace(made, quality=quality, students=students)
    page = render(study, made, tmp_path / "page.html")
    assert ("under 2.5 BPM on average: the interval of the error reaches" in page.text) == is_said


IN_FOLDS = {
    "seeds": [3, 0],
    "folds": 2,
    "datasets": {"simulated": {"train": 0.3, "val": 0.2, "test": 0.5}},
}


def test_with_several_seeds_the_error_of_the_file_to_ship_is_its_own() -> None:
    chosen = {"strategy": "soft", "teacher": "big", "student": "small-350"}
    cells = pd.DataFrame([{**chosen, "seed": seed, "mae_bpm": 2.0 + seed} for seed in (0, 3)])
    assert shipped_mae_bpm(study_of(seeds=[3, 0]), chosen, cells) == 5.0
    assert shipped_mae_bpm(study_of(seeds=[3]), chosen, cells) is None
    assert shipped_mae_bpm(study_of(**IN_FOLDS), chosen, cells) is None


def gated_of(results: Results, **changes: list[float]) -> tuple[pd.DataFrame, Gates]:
    """Three students from scratch; the recommended one costs 200."""
    gates = Gates(min_reduction=0.8, max_latency_ms=15, max_mae_bpm=2.5)
    scratch = results.students[results.students["strategy"] == "scratch"]
    columns = {"macs": [100, 200, 300], "val_mae_bpm": [2.0, 1.0, 0.99], "mae_bpm": [1.1, 1.3, 1.2]}
    return apply_gates(scratch.assign(teacher_params=50_000, **columns | changes), gates), gates


def test_a_better_student_on_test_people_is_said_to_be_worse_on_those_who_choose(
    results: Results,
) -> None:
    said = passed_over(*gated_of(results))
    assert said is not None
    assert said.startswith("spectral_resnet-350, from scratch errs less on test people (1.10 BPM)")
    assert "for 100 multiply-accumulates in place of 200." in said
    assert "On validation people, who decide, it errs by 2.00 BPM, and the lowest is 0.99" in said


def test_a_better_student_that_misses_a_gate_is_said_to(results: Results) -> None:
    said = passed_over(*gated_of(results, latency_p99_ms=[99.0, 1.0, 1.0]))
    assert said is not None
    assert "It misses the gate of latency, so it was not considered." in said


def test_where_no_student_is_better_and_as_cheap_nothing_is_explained(results: Results) -> None:
    assert passed_over(*gated_of(results, mae_bpm=[1.4, 1.3, 1.2])) is None
