"""The gates at their edges, and which student is chosen."""

from dataclasses import replace
from typing import Any, get_args

import pandas as pd
import pytest

from ppgkd.emulation.boards import BOARDS
from ppgkd.errors import PpgkdError
from ppgkd.evaluation.costs import CORES, COSTS
from ppgkd.evaluation.recommendation import (
    VALIDATION_SLACK,
    Gates,
    apply_gates,
    cheapest_by_family,
    recommend,
    recommend_by_fold,
)
from ppgkd.study.configuration import Core, Cost

GATES = Gates(min_reduction=0.8, max_latency_ms=15.0, max_mae_bpm=2.5)
GOOD: dict[str, Any] = {
    "strategy": "soft",
    "teacher": "spectral_resnet-10000",
    "student": "spectral_resnet-1000",
    "params": 1_000,
    "macs": 50_000,
    "flash_bytes": 6_000,
    "ram_bytes": 4_000,
    "instructions": 900_000,
    "family": "spectral_resnet",
    "teacher_params": 10_000,
    "latency_p99_ms": 1.0,
    "mae_bpm": 2.0,
    "val_mae_bpm": 2.0,
}


def gated(*changes: dict[str, Any], gates: Gates = GATES) -> pd.DataFrame:
    table = pd.DataFrame([{**GOOD, "student": f"student-{n}", **c} for n, c in enumerate(changes)])
    return apply_gates(table.astype({"teacher_params": "Int64"}), gates)


def chosen(*changes: dict[str, Any]) -> str:
    return str(recommend(gated(*changes))["student"])


def test_a_student_that_meets_all_three_gates_passes() -> None:
    (row,) = gated({}).to_dict("records")
    assert row["reduction"] == pytest.approx(0.9)
    assert (row["small"], row["fast"], row["accurate"], row["passes"]) == (True,) * 4


@pytest.mark.parametrize(
    ("change", "gate"),
    [
        ({"params": 2_001}, "small"),
        ({"latency_p99_ms": 15.0}, "fast"),
        ({"latency_p99_ms": 80.0}, "fast"),
        ({"mae_bpm": 2.5}, "accurate"),
        ({"mae_bpm": 9.0}, "accurate"),
    ],
)
def test_one_missed_gate_is_named_and_fails_the_student(change: dict[str, Any], gate: str) -> None:
    (row,) = gated(change).to_dict("records")
    assert [name for name in ("small", "fast", "accurate") if not row[name]] == [gate]
    assert row["passes"] is False


@pytest.mark.parametrize(
    "change", [{"params": 2_000}, {"latency_p99_ms": 14.99}, {"mae_bpm": 2.499}]
)
def test_a_student_just_inside_a_gate_passes(change: dict[str, Any]) -> None:
    assert gated(change)["passes"].all()


def test_a_reduction_is_counted_against_the_students_own_teacher() -> None:
    table = gated({"teacher_params": 10_000}, {"teacher_params": 2_000})
    assert table["reduction"].tolist() == pytest.approx([0.9, 0.5])
    assert table["small"].tolist() == [True, False]


def test_scratch_is_counted_against_the_studys_smallest_teacher() -> None:
    scratch = {"strategy": "scratch", "teacher": "none", "teacher_params": None}
    table = gated(scratch, {"teacher_params": 20_000}, {"teacher_params": 4_000})
    assert table["reduction"].tolist() == pytest.approx([0.75, 0.95, 0.75])


def test_without_any_teacher_nothing_is_known_to_be_smaller() -> None:
    table = gated({"strategy": "scratch", "teacher": "none", "teacher_params": None})
    assert table["reduction"].isna().all()
    assert not table["small"].any()
    assert not table["passes"].any()


@pytest.mark.parametrize("name", ["macs", "flash_bytes", "ram_bytes", "instructions"])
def test_a_bound_on_a_cost_fails_those_above_it(name: str) -> None:
    bounded = replace(GATES, **{f"max_{name}": 1_000.0})
    table = gated({name: 1_000}, {name: 1_001}, gates=bounded)
    assert table["fits"].tolist() == table["passes"].tolist() == [True, False]
    better = {name: 1_001, "val_mae_bpm": 0.1}
    assert recommend(gated({name: 1_000}, better, gates=bounded))["student"] == "student-0"


@pytest.mark.parametrize("cost", COSTS)
def test_students_are_ranked_by_the_configured_cost_alone(cost: str) -> None:
    dear = dict.fromkeys(COSTS, 20) | {"latency_p99_ms": 2.0}
    cheap = dict.fromkeys(COSTS, 10) | {"latency_p99_ms": 1.0}
    by_cost = replace(GATES, cost=cost)
    table = gated({**cheap, cost: 3}, {**dear, cost: 2.5}, gates=by_cost)
    assert recommend(table)["student"] == "student-1"


def test_the_costs_are_those_that_a_configuration_may_name() -> None:
    assert get_args(Cost) == tuple(COSTS)


def test_the_processors_are_those_that_are_emulated_and_that_a_configuration_may_name() -> None:
    assert get_args(Core) == CORES == tuple(board.core for board in BOARDS)


@pytest.mark.parametrize("change", [{"max_instructions": 1e6}, {"cost": "instructions"}])
def test_instructions_that_were_not_measured_are_not_judged(change: dict[str, Any]) -> None:
    (name,) = change
    with pytest.raises(PpgkdError, match=rf"gates\.{name} needs .* 1 student was not measured"):
        gated({}, {"instructions": None}, gates=replace(GATES, **change))


def test_of_each_family_the_cheapest_is_chosen_that_errs_little_on_validation() -> None:
    waveform = {"family": "waveform_resnet"}
    table = gated(
        {"macs": 900, "val_mae_bpm": 2.4},
        {"macs": 800, "val_mae_bpm": 2.6, "mae_bpm": 1.0},
        {"macs": 1_000, "val_mae_bpm": 1.0},
        {**waveform, "macs": 70, "val_mae_bpm": 2.4},
        {"family": "spectral_mlp", "val_mae_bpm": 2.6},
    )
    assert cheapest_by_family(table, 2.5)["student"].tolist() == ["student-3", "student-0"]


def test_the_cheapest_student_within_the_slack_of_the_best_validation_error_is_chosen() -> None:
    just_good_enough = 2.0 * (1 + 0.99 * VALIDATION_SLACK)
    just_too_bad = 2.0 * (1 + 1.01 * VALIDATION_SLACK)
    assert (
        chosen(
            {"macs": 1_500, "val_mae_bpm": 2.0},
            {"macs": 700, "val_mae_bpm": just_good_enough},
            {"macs": 900, "val_mae_bpm": 2.01},
            {"macs": 300, "val_mae_bpm": just_too_bad},
        )
        == "student-1"
    )


def test_of_equally_cheap_students_the_better_on_validation_is_chosen() -> None:
    assert chosen({"val_mae_bpm": 2.05}, {"val_mae_bpm": 2.0}, {"val_mae_bpm": 2.01}) == "student-1"


def test_the_test_set_does_not_affect_the_selection() -> None:
    better_on_test = {"val_mae_bpm": 3.0, "mae_bpm": 0.1}
    assert chosen(better_on_test, {"val_mae_bpm": 2.0, "mae_bpm": 30.0}) == "student-1"


@pytest.mark.parametrize("flaw", [{"latency_p99_ms": 20.0}, {"params": 9_000}])
def test_a_student_that_is_too_slow_or_too_large_is_not_chosen(flaw: dict[str, Any]) -> None:
    assert chosen({"val_mae_bpm": 1.0, **flaw}, {"val_mae_bpm": 4.0}) == "student-1"


def test_one_that_is_not_eligible_does_not_set_the_bar_either() -> None:
    ineligible = {"val_mae_bpm": 1.0, "latency_p99_ms": 20.0}
    large, small = {"macs": 900, "val_mae_bpm": 3.0}, {"macs": 800, "val_mae_bpm": 3.1}
    assert chosen(ineligible, large, small) == "student-2"


def test_if_none_is_small_and_fast_enough_one_is_chosen_among_all() -> None:
    slow = {"latency_p99_ms": 20.0}
    assert chosen({**slow, "val_mae_bpm": 3.0}, {**slow, "val_mae_bpm": 2.0}) == "student-1"
    assert not recommend(gated(slow))["passes"]


def test_each_fold_selects_on_its_validation_and_is_evaluated_on_its_test_subjects() -> None:
    students = gated({"params": 1_000}, {"params": 1_500})
    key = {"strategy": "soft", "teacher": "spectral_resnet-10000", "seed": 0}
    val_mae_bpm = {(0, "student-0"): 1.0, (0, "student-1"): 2.0}  # fold 0 wants the small one
    val_mae_bpm |= {(1, "student-0"): 3.0, (1, "student-1"): 2.0}  # fold 1 the large one
    test_mae_bpm = {(0, "student-0"): 4.0, (0, "student-1"): 5.0}
    test_mae_bpm |= {(1, "student-0"): 6.0, (1, "student-1"): 7.0}
    cells = pd.DataFrame(
        [
            {**key, "fold": fold, "student": name, "params": 1_000, "val_mae_bpm": error}
            for (fold, name), error in val_mae_bpm.items()
        ]
    )
    subjects = pd.DataFrame(
        [
            {**key, "fold": fold, "student": name, "subject": f"s{fold}", "n_windows": 10}
            | {"mae_bpm": error}
            for (fold, name), error in test_mae_bpm.items()
        ]
    )
    table = recommend_by_fold(students, cells, subjects)
    assert table[["fold", "student", "subject", "mae_bpm"]].to_dict("records") == [
        {"fold": 0, "student": "student-0", "subject": "s0", "mae_bpm": 4.0},
        {"fold": 1, "student": "student-1", "subject": "s1", "mae_bpm": 7.0},
    ]


def test_a_fold_does_not_choose_a_student_that_is_too_large() -> None:
    students = gated({"params": 1_000}, {"params": 9_000})
    key = {"strategy": "soft", "teacher": "spectral_resnet-10000", "seed": 0, "fold": 0}
    cells = pd.DataFrame(
        [
            {**key, "student": "student-0", "params": 1_000, "val_mae_bpm": 5.0},
            {**key, "student": "student-1", "params": 9_000, "val_mae_bpm": 1.0},
        ]
    )
    subjects = cells[["fold", "strategy", "teacher", "student", "seed"]].assign(
        subject="s0", n_windows=10, mae_bpm=1.0
    )
    assert set(recommend_by_fold(students, cells, subjects)["student"]) == {"student-0"}
