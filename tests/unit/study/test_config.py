"""A study's configuration: what is refused and how, what is filled in, what it asks for."""

import subprocess
import sys
from collections.abc import Mapping
from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from ppgkd.datasets.registry import MANIFEST
from ppgkd.errors import PpgkdError
from ppgkd.study.cell import Cell
from ppgkd.study.parse import parse_study
from ppgkd.study.roles import has_other_people
from ppgkd.study.study import COMPARED, Estimates, Model, Study, Teacher, input_shape

CHECKOUT = Path(__file__).resolve().parents[3]
STUDIES = [
    CHECKOUT / "config.yaml",
    *sorted(CHECKOUT.glob("studies/*.yaml")),
    *sorted(CHECKOUT.glob("tests/studies/*.yaml")),
]

SHARES = {"train": 0.6, "val": 0.2, "test": 0.2}
MINIMAL: dict[str, Any] = {
    "study": "walks",
    "datasets": {"simulated": SHARES},
    "teachers": {"spectral_resnet": [60_000]},
    "students": {"spectral_resnet": [1_000]},
}
"""What has no default."""

TUNING: dict[str, Any] = {"student": "spectral_resnet-1000", "teacher": "spectral_resnet-60000"}
"""A tuning of `MINIMAL` with the trials that come with it."""


def study(**changes: object) -> Study:
    return parse_study(MINIMAL | changes)


def message_of(config: Mapping[str, object]) -> str:
    with pytest.raises(PpgkdError) as caught:
        parse_study(config)
    return str(caught.value)


# What is refused


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"epochs": 3},
            [
                "the top level has unknown keys ['epochs']",
                "allowed are ['augmentation', 'compare', 'datasets', ",
            ],
        ),
        (
            {"windows": {"lenght_s": 8}},
            [
                "'windows' has unknown keys ['lenght_s'] (did you mean 'length_s'?); ",
                "allowed are ['high_hz', 'length_s', 'low_hz', 'rate_hz', 'stride_s']",
            ],
        ),
        (
            {"training": {"student": {"epoch": 3}}},
            [
                "'training.student' has unknown keys ['epoch'] (did you mean 'epochs'?)",
                "'patience'",
            ],
        ),
        (
            {"strategies": {"dkd": {"gamma": 3}}},
            ["'strategies.dkd' has unknown keys ['gamma']", "'alpha', 'beta'"],
        ),
        (
            {"datasets": {"simulated": {"train": 0.8, "validation": 0.2}}},
            [
                "'datasets.simulated' has unknown keys ['validation']",
                "allowed are ['acceleration', 'exclude', 'file', 'include', 'ppg', 'pretrain', ",
            ],
        ),
        (
            {"strategies": {"hint": {}}},
            [
                "'strategies' has unknown keys ['hint']",
                "allowed are ['dkd', 'feature', 'hard', 'ordinal', 'scratch', 'soft']",
            ],
        ),
        (
            {"students": {"transformer": [1_000]}},
            [
                "'students' has unknown keys ['transformer']",
                "allowed are ['spectral_mlp', 'spectral_resnet', 'waveform_mlp', "
                "'waveform_resnet', 'waveform_tcn']",
            ],
        ),
        (
            {"students": {"resnet": [1_000], "mlp": [4_000]}},
            ["'students'", "'resnet' is now called 'spectral_resnet'", "now called 'spectral_mlp'"],
        ),
        (
            {"teachers": {"cnn": [1_000]}},
            [
                "'teachers' has unknown keys ['cnn']",
                "allowed are ['ensembles', 'joint', 'onnx', 'published', 'recorded', 'smoothed', "
                "'spectral_mlp', 'spectral_resnet', 'waveform_mlp', 'waveform_resnet', "
                "'waveform_tcn']",
            ],
        ),
        (
            {"augmentation": {"noise": 0.1}},
            ["'augmentation' has unknown keys ['noise']", "'noise_sd'"],
        ),
        (
            {"tuning": TUNING | {"trials": {"scratch": [{"temperature": 2}]}}},
            [
                "'tuning.trials.scratch.0' has unknown keys ['temperature']",
                "allowed are ['label_sd_bpm', 'learning_rate']",
            ],
        ),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest_and_the_allowed_ones(
    changes: dict[str, object], expected: list[str]
) -> None:
    message = message_of(MINIMAL | changes)
    for part in expected:
        assert part in message
    assert "workflow/schemas/config.schema.yaml" in message


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"study": 5},
            "'study' must be text of at most 100 characters matching the pattern "
            "^[A-Za-z0-9][A-Za-z0-9._-]*$, found 5",
        ),
        ({"mirror": 5}, "'mirror' must be text or null, found 5"),
        ({"datasets": "bami1"}, "'datasets' must be keys with values, found 'bami1'"),
        ({"datasets": ["bami1"]}, "'datasets' must be keys with values, found ['bami1']"),
        ({"simulation": None}, "'simulation' must be keys with values, found None"),
        ({"seeds": 3}, "'seeds' must be a list, found 3"),
        ({"seeds": [0, "one"]}, "'seeds.1' must be an integer of at least 0, found 'one'"),
        (
            {"students": {"spectral_resnet": 900}},
            "'students.spectral_resnet' must be a list, found 900",
        ),
        (
            {"students": {"spectral_resnet": ["1e3"]}},
            "'students.spectral_resnet.0' must be an integer of at least 1, found '1e3'",
        ),
        (
            {"datasets": {"simulated": {"train": "most"}}},
            "'datasets.simulated.train' must be a number from 0 to 1 or a list, found 'most'",
        ),
        (
            {"datasets": {"simulated": SHARES | {"reference_lag_s": {"sim-01": "late"}}}},
            "'datasets.simulated.reference_lag_s.sim-01' must be a number from -30 to 30, "
            "found 'late'",
        ),
        (
            {"datasets": {"simulated": {"train": True}}},
            "'datasets.simulated.train' must be a number from 0 to 1 or a list, found True",
        ),
        (
            {"inputs": {"accelerometer": "yes"}},
            "'inputs.accelerometer' must be true or false, found 'yes'",
        ),
        (
            {"training": {"teacher": {"epochs": 2.5}}},
            "'training.teacher.epochs' must be an integer of at least 1, found 2.5",
        ),
        (
            {"strategies": {"soft": {"temperature": "4"}}},
            "'strategies.soft.temperature' must be a number above 0, found '4'",
        ),
        (
            {"students": {"spectral_resnet": [1_000.0]}},
            "'students.spectral_resnet.0' must be an integer of at least 1, found 1000.0",
        ),
        (
            {"simulation": {"n_subjects": 6.0}},
            "'simulation.n_subjects' must be an integer from 3 to 999, found 6.0",
        ),
        ({"folds": 5.0}, "'folds' must be an integer of at least 2, 'datasets' or null, found 5.0"),
        (
            {"folds": float("nan")},
            "'folds' must be an integer of at least 2, 'datasets' or null, found nan",
        ),
        ({"tuning": True}, "'tuning' must be keys with values or null, found True"),
        (
            {"tuning": TUNING | {"trials": {"soft": {"temperature": 2}}}},
            "'tuning.trials.soft' must be a list, found {'temperature': 2}",
        ),
        (
            {"teachers": {"onnx": ["own.onnx"]}},
            "'teachers.onnx' must be keys with values, found ['own.onnx']",
        ),
        (
            {"augmentation": {"noise_sd": float("nan")}},
            "'augmentation.noise_sd' must be a number of at least 0, found nan",
        ),
    ],
)
def test_a_wrong_type_is_named_with_the_key_and_the_right_one(
    changes: dict[str, object], expected: str
) -> None:
    assert expected in message_of(MINIMAL | changes)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"study": "../elsewhere"},
            "'study' must be text of at most 100 characters matching the pattern",
        ),
        ({"study": ""}, "[A-Za-z0-9._-]*$, found ''"),
        ({"views": 0}, "'views' must be an integer of at least 1, found 0"),
        ({"seeds": [-1]}, "'seeds.0' must be an integer of at least 0, found -1"),
        ({"seeds": [1, 1]}, "'seeds' must not repeat a value, found [1, 1]"),
        ({"label_sd_bpm": 0}, "'label_sd_bpm' must be a number above 0, found 0"),
        (
            {"simulation": {"n_subjects": 2}},
            "'simulation.n_subjects' must be an integer from 3 to 999, found 2",
        ),
        (
            {"windows": {"rate_hz": 256}},
            "'windows.rate_hz' must be a number from 10 to 128, found 256",
        ),
        ({"windows": {"stride_s": 0}}, "'windows.stride_s' must be a number above 0, found 0"),
        (
            {"latency": {"runs": 499}},
            "'latency.runs' must be an integer of at least 500, found 499",
        ),
        (
            {"gates": {"min_reduction": 80}},
            "'gates.min_reduction' must be a number from 0 to 1, found 80",
        ),
        (
            {"training": {"student": {"learning_rate": 0}}},
            "'training.student.learning_rate' must be a number above 0, found 0",
        ),
        (
            {"datasets": {"simulated": SHARES | {"train": -0.1}}},
            "'datasets.simulated.train' must be a number from 0 to 1 or a list, found -0.1",
        ),
        (
            {"training": {"student": {"learning_rate": float("nan")}}},
            "'training.student.learning_rate' must be a number above 0, found nan",
        ),
        (
            {"datasets": {"simulated": SHARES | {"reference_lag_s": {"sim-01": -30.5}}}},
            "'datasets.simulated.reference_lag_s.sim-01' must be a number from -30 to 30, "
            "found -30.5",
        ),
        ({"folds": 1}, "'folds' must be an integer of at least 2, 'datasets' or null, found 1"),
        (
            {"augmentation": {"time_stretch": 0.9}},
            "'augmentation.time_stretch' must be a number from 1 to 2, found 0.9",
        ),
        (
            {"augmentation": {"polarity": 1.5}},
            "'augmentation.polarity' must be a number from 0 to 1, found 1.5",
        ),
        (
            {"training": {"pretraining": {"epochs": 0}}},
            "'training.pretraining.epochs' must be an integer of at least 1, found 0",
        ),
        (
            {"training": {"student": {"device": "tpu"}}},
            "'training.student.device' must be one of ['cpu', 'cuda'], found 'tpu'",
        ),
        (
            {"tuning": TUNING | {"trials": {"soft": [{"temperature": 0}]}}},
            "'tuning.trials.soft.0.temperature' must be a number above 0, found 0",
        ),
        (
            {"teachers": {"onnx": {"my-own": "own.onnx"}}},
            "'teachers.onnx' has the keys ['my-own']; a key must be text of at most 100 ",
        ),
    ],
)
def test_a_value_out_of_bounds_is_named_with_the_key_and_the_bound(
    changes: dict[str, object], expected: str
) -> None:
    assert expected in message_of(MINIMAL | changes)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"seeds": []}, "seeds"),
        ({"students": {}}, "students"),
        ({"teachers": {}}, "teachers"),
        ({"teachers": {"spectral_resnet": []}}, "teachers.spectral_resnet"),
        ({"tuning": {"trials": {"soft": []}}}, "tuning.trials.soft"),
        ({"strategies": {}}, "strategies"),
        ({"datasets": {}}, "datasets"),
        ({"datasets": {"simulated": {}}}, "datasets.simulated"),
    ],
)
def test_what_must_not_be_empty_is_named(changes: dict[str, object], key: str) -> None:
    assert f"'{key}' must not be empty" in message_of(MINIMAL | changes)


@pytest.mark.parametrize("key", MINIMAL)
def test_a_missing_key_is_named(key: str) -> None:
    config = {other: value for other, value in MINIMAL.items() if other != key}
    assert f"the top level lacks ['{key}']" in message_of(config)


@pytest.mark.parametrize("key", ["student", "teacher"])
def test_a_missing_key_of_the_tuning_is_named(key: str) -> None:
    tuning = {other: value for other, value in TUNING.items() if other != key}
    assert f"'tuning' lacks ['{key}']" in message_of(MINIMAL | {"tuning": tuning})


def test_missing_keys_are_named_once() -> None:
    message = message_of({"study": "walks", "students": {"spectral_resnet": [1_000]}})
    assert message.count("lacks") == 1
    assert "['datasets', 'teachers']" in message


def test_all_errors_are_listed_at_once() -> None:
    message = message_of(
        MINIMAL | {"epochs": 3, "views": 0, "seeds": [], "windows": {"rate_hz": "fast"}}
    )
    assert message.count("\n  - ") == 4
    for part in ("['epochs']", "'views' must", "'seeds' must not be empty", "'windows.rate_hz'"):
        assert part in message


@pytest.mark.parametrize(
    "text",
    ["on: 1\nepochs: 3", "datasets: {8: {trian: 1}, simulated: {trian: 1}}"],
    ids=["unknown keys", "keys on the way"],
)
def test_keys_that_yaml_reads_as_something_else_are_refused_like_others(text: str) -> None:
    assert "has unknown keys" in message_of(MINIMAL | yaml.safe_load(text))


def test_an_unknown_dataset_is_named_with_those_that_exist() -> None:
    message = message_of(MINIMAL | {"datasets": {"bami3": SHARES}})
    assert "unknown dataset 'bami3'" in message
    assert "allowed are simulated, bami1, bami2, ieee_spc_train, ieee_spc_test" in message


@pytest.mark.parametrize("key", ["teachers", "students"])
@pytest.mark.parametrize("family", ["spectral_resnet", "spectral_mlp"])
@pytest.mark.parametrize("capacity", [5, 10**9])
def test_a_capacity_out_of_the_familys_range_is_named_with_the_range(
    key: str, family: str, capacity: int
) -> None:
    message = message_of(MINIMAL | {key: {family: [capacity]}})
    assert f"Capacity {capacity:,} is outside family '{family}'" in message
    assert "parameters for this input; ask for one in between" in message


@pytest.mark.parametrize("key", ["teachers", "students"])
def test_a_capacity_out_of_range_is_named_with_its_key(key: str) -> None:
    assert f"'{key}.spectral_resnet'" in message_of(MINIMAL | {key: {"spectral_resnet": [5]}})


@pytest.mark.parametrize("key", ["teachers", "students"])
def test_two_capacities_that_give_the_same_member_are_refused(key: str) -> None:
    message = message_of(MINIMAL | {key: {"spectral_resnet": [20_000, 1_000, 1_001]}})
    assert f"'{key}.spectral_resnet': capacities 1000 and 1001 both give the member with" in message


# Subjects and their roles


def test_a_subject_in_two_lists_is_named_with_both_roles() -> None:
    lists = {"train": ["sim-01", "sim-02"], "val": ["sim-03"], "test": ["sim-02"]}
    message = message_of(MINIMAL | {"datasets": {"simulated": lists}})
    assert "Subject 'sim-02' is in role 'train'" in message
    assert "in role 'test'" in message


def test_a_subject_in_lists_of_two_datasets_is_named_with_both() -> None:
    message = message_of(
        MINIMAL
        | {
            "inputs": {"ppg_channels": 2},
            "datasets": {
                "ieee_spc_train": {"train": ["spc-01", "spc-S04"], "val": ["spc-02"]},
                "ieee_spc_test": {"test": ["spc-S01", "spc-S04"]},
            },
        }
    )
    assert "Subject 'spc-S04'" in message
    assert "role 'train' of dataset 'ieee_spc_train'" in message
    assert "role 'test' of dataset 'ieee_spc_test'" in message


def test_a_subject_may_be_listed_in_the_same_role_of_two_datasets() -> None:
    parsed = study(
        inputs={"ppg_channels": 2},
        datasets={
            "ieee_spc_train": {"train": ["spc-01"], "val": ["spc-02"], "test": ["spc-S04"]},
            "ieee_spc_test": {"test": ["spc-S01", "spc-S04"]},
        },
    )
    assert [dataset.name for dataset in parsed.datasets] == ["ieee_spc_train", "ieee_spc_test"]


@pytest.mark.parametrize("role", ["train", "val", "test", "exclude"])
def test_an_unknown_subject_is_named_with_those_that_exist(role: str) -> None:
    lists = {"train": ["sim-01"], "val": ["sim-02"], "test": ["sim-03"]}
    lists = lists | {role: [*lists.get(role, []), "sim-04"]}
    message = message_of(
        MINIMAL | {"datasets": {"simulated": lists}, "simulation": {"n_subjects": 3}}
    )
    assert "'datasets.simulated' names unknown subjects ['sim-04']" in message
    assert "it has ['sim-01', 'sim-02', 'sim-03']" in message


@pytest.mark.parametrize(
    ("shares", "total"),
    [({"train": 0.5, "val": 0.2, "test": 0.2}, "0.9"), ({"train": 1, "val": 1, "test": 1}, "3")],
)
def test_fractions_that_do_not_add_up_are_refused(shares: dict[str, float], total: str) -> None:
    message = message_of(MINIMAL | {"datasets": {"simulated": shares}})
    assert f"'datasets.simulated': the fractions of ['train', 'val', 'test'] add up to {total}" in (
        message
    )
    assert "must add up to 1" in message


def test_fractions_that_add_up_but_for_rounding_are_taken() -> None:
    shares = {"train": 0.7, "val": 0.2, "test": 0.1}
    assert sum(shares.values()) != 1
    study(datasets={"simulated": shares})


def test_fractions_and_lists_in_one_dataset_are_refused() -> None:
    mixed = {"train": 0.8, "val": ["sim-01"], "test": 0.2}
    message = message_of(MINIMAL | {"datasets": {"simulated": mixed}})
    assert "'datasets.simulated' mixes fractions and lists" in message


def test_fractions_in_one_dataset_and_lists_in_another_are_taken() -> None:
    parsed = study(datasets={"bami1": {"train": 0.8, "val": 0.2}, "bami2": {"test": ["bami2-01"]}})
    assert len(parsed.recordings("bami1")) == 25
    assert [entry.subject for entry in parsed.recordings("bami2")] == ["bami2-01"]


@pytest.mark.parametrize(
    "shares",
    [
        {"train": 0.8, "test": 0.2},
        {"train": 0.8, "val": 0, "test": 0.2},
        {"train": ["sim-01"], "test": ["sim-02"]},
        {"train": ["sim-01"], "val": [], "test": ["sim-02"]},
        {"train": ["sim-01"], "val": ["sim-02"], "test": ["sim-03"], "exclude": ["sim-02"]},
    ],
)
def test_a_study_without_validation_subjects_is_refused(shares: dict[str, object]) -> None:
    message = message_of(MINIMAL | {"datasets": {"simulated": shares}})
    assert "No dataset has subjects in role 'val'" in message
    assert "['train', 'val', 'test']" in message


@pytest.mark.parametrize("role", ["train", "test"])
def test_a_study_without_subjects_to_train_or_test_is_refused(role: str) -> None:
    shares = {"train": 0.5, "val": 0.5, "test": 0.5}
    del shares[role]
    message = message_of(MINIMAL | {"datasets": {"simulated": shares}})
    assert f"No dataset has subjects in role '{role}'" in message


def test_a_dataset_that_is_used_for_nothing_is_refused() -> None:
    message = message_of(
        MINIMAL | {"datasets": {"simulated": SHARES, "bami1": {"exclude": ["bami1-01"]}}}
    )
    assert "'datasets.bami1' has no role" in message


@pytest.mark.parametrize("role", ["pretrain", "unlabelled"])
def test_an_extra_role_counts_among_the_fractions(role: str) -> None:
    message = message_of(MINIMAL | {"datasets": {"simulated": SHARES | {role: 0.1}}})
    assert f"the fractions of ['train', 'val', 'test', '{role}'] add up to 1.1" in message


@pytest.mark.parametrize("role", ["pretrain", "unlabelled"])
def test_a_subject_of_an_extra_role_has_no_other_role(role: str) -> None:
    lists = {"train": ["sim-01"], "val": ["sim-02"], "test": ["sim-03"], role: ["sim-03"]}
    message = message_of(MINIMAL | {"datasets": {"simulated": lists}})
    assert "Subject 'sim-03' is in role 'test'" in message
    assert f"in role '{role}'" in message


@pytest.mark.parametrize("role", ["pretrain", "unlabelled"])
def test_an_extra_role_does_not_stand_in_for_a_required_one(role: str) -> None:
    shares = {"train": 0.6, "val": 0.2, role: 0.2}
    message = message_of(MINIMAL | {"datasets": {"simulated": shares}})
    assert "No dataset has subjects in role 'test'" in message


def test_a_lag_of_an_unknown_recording_is_named_with_those_that_exist() -> None:
    # a recording is named as its source names it, not as its subject
    lags = {"reference_lag_s": {"bami1-05": -7.5, "BAMI1_15": 6}}
    message = message_of(MINIMAL | {"datasets": {"bami1": SHARES | lags}})
    assert "'datasets.bami1': 'reference_lag_s' names unknown recordings ['bami1-05']" in message
    assert "it has ['BAMI1_1', 'BAMI1_2', " in message


def test_a_lag_of_a_known_recording_is_taken() -> None:
    lags = {"reference_lag_s": {"BAMI1_5": -30, "BAMI1_15": 6.5}}
    assert study(datasets={"bami1": SHARES | lags}).config["datasets"]["bami1"] == SHARES | lags


# Folds


@pytest.mark.parametrize(("folds", "needed"), [(2, "0.5"), (3, "0.3333"), (10, "0.1")])
def test_with_folds_the_share_of_the_test_role_is_one_fold(folds: int, needed: str) -> None:
    message = message_of(MINIMAL | {"folds": folds})
    assert f"'datasets.simulated': with 'folds: {folds}' every subject is tested once" in message
    assert f"'test' must be {needed}; found 0.2" in message


def test_a_third_may_be_rounded() -> None:
    shares = {"train": 0.5, "val": 0.167, "test": 0.333}
    assert study(folds=3, datasets={"simulated": shares}).folds == (0, 1, 2)


def test_with_folds_a_dataset_need_not_be_tested() -> None:
    datasets = {"simulated": SHARES, "bami1": {"train": 0.9, "val": 0.1}}
    assert study(folds=5, datasets=datasets).folds == (0, 1, 2, 3, 4)


def test_with_folds_a_list_of_tested_subjects_is_refused() -> None:
    lists = {"train": ["sim-01"], "val": ["sim-02"], "test": ["sim-03"]}
    message = message_of(MINIMAL | {"folds": 2, "datasets": {"simulated": lists}})
    assert "'datasets.simulated' lists the subjects of role 'test'" in message
    assert "'folds: 2' says who is tested in which fold" in message


# Teachers


def test_an_ensemble_of_a_teacher_that_is_not_trained_is_refused() -> None:
    teachers = {"spectral_resnet": [60_000, 20_000], "ensembles": ["spectral_resnet-6000"]}
    message = message_of(MINIMAL | {"teachers": teachers})
    assert "'teachers.ensembles' names 'spectral_resnet-6000', which is not trained" in message
    assert "there are ['spectral_resnet-20000', 'spectral_resnet-60000']" in message


def test_recorded_estimates_are_found_for_every_dataset_or_for_those_listed(
    tmp_path: Path,
) -> None:
    path = tmp_path / "simulated.parquet"
    path.write_bytes(b"estimates")
    template = str(tmp_path / "{dataset}.parquet")
    every = Estimates(template, ("simulated",))
    soft = {"strategies": {"soft": {}}}
    assert study(teachers={"recorded": {"mine": template}}, **soft).teachers == (
        Teacher("recorded-mine", estimates=every),
    )
    keys = {"estimates": str(path), "datasets": ["simulated"], "max_sd_bpm": 20}
    parsed = study(teachers={"recorded": {"mine": keys}}, **soft)
    assert parsed.teacher("recorded-mine").estimates == Estimates(str(path), ("simulated",), 20)
    assert parsed.teacher_files("recorded-mine", 0, "teachers") == [str(path)]


@pytest.mark.parametrize("strategies", [{}, {"strategies": {"soft": {}, "feature": {}}}])
def test_recorded_distributions_teach_no_features(strategies: dict[str, Any]) -> None:
    given = {
        "teachers": {"spectral_resnet": [60_000], "smoothed": ["spectral_resnet-60000"]},
        **strategies,
    }
    message = message_of(MINIMAL | given)
    assert (
        "'feature' needs teachers with features, and ['spectral_resnet-60000-smoothed'] have"
        in message
    )


@pytest.mark.parametrize("strategy", ["soft", "hard", "ordinal"])
def test_labels_and_a_teacher_that_together_leave_a_dataset_out_are_refused(strategy: str) -> None:
    given = {
        "datasets": {
            "bami1": {"train": 0.6, "val": 0.2, "test": 0.2},
            "simulated": {"train": 1},
        },
        "teachers": {"published": {"beliefppg": {"datasets": ["bami1"]}}},
    }
    message = message_of(MINIMAL | given | {"strategies": {strategy: {}}})
    assert "Teacher 'beliefppg' says nothing of the training datasets ['simulated']" in message
    assert f"'strategies.{strategy}.label_weight' is 0" in message
    parse_study(MINIMAL | given | {"strategies": {strategy: {"label_weight": 1}}})
    unlabelled = {**given["datasets"], "simulated": {"unlabelled": 1}}
    parse_study(MINIMAL | given | {"datasets": unlabelled, "strategies": {strategy: {}}})


def test_members_of_a_joint_teacher_are_teachers_with_estimates() -> None:
    teachers = {
        "spectral_resnet": [60_000],
        "smoothed": ["spectral_resnet-60000"],
        "published": ["beliefppg"],
    }
    members = ["spectral_resnet-60000-smoothed", "beliefppg"]
    given = {"teachers": {**teachers, "joint": {"both": {"members": members, "max_sd_bpm": 0.5}}}}
    parsed = study(**given, strategies={"soft": {}})
    assert parsed.teacher("joint-both").joint == tuple(members)
    assert parsed.teacher_files("joint-both", 2, "teachers") == [
        "teachers/joint-both/seed2/simulated.parquet"
    ]
    given["teachers"]["joint"]["both"]["members"] = ["spectral_resnet-60000", "beliefppg"]
    message = message_of(MINIMAL | given)
    assert "'teachers.joint.both.members' names ['spectral_resnet-60000']" in message
    assert "there are ['beliefppg', 'spectral_resnet-60000-smoothed']" in message


def test_a_smoothed_teacher_is_made_from_one_that_the_study_runs() -> None:
    parsed = study(
        teachers={"spectral_resnet": [60_000], "smoothed": ["spectral_resnet-60000"]},
        strategies={"soft": {}},
    )
    assert [teacher.name for teacher in parsed.teachers] == [
        "spectral_resnet-60000",
        "spectral_resnet-60000-smoothed",
    ]
    assert parsed.teacher_files("spectral_resnet-60000-smoothed", 2, "teachers") == [
        "teachers/spectral_resnet-60000-smoothed/seed2/simulated.parquet"
    ]
    message = message_of(
        MINIMAL | {"teachers": {"spectral_resnet": [60_000], "smoothed": ["spectral_resnet-1"]}}
    )
    assert "names 'spectral_resnet-1', which the study does not run" in message
    assert "there are ['spectral_resnet-60000']" in message


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("{dataset}.parquet", "the files ['simulated.parquet'] do not exist"),
        (
            {"estimates": "mine.parquet", "datasets": ["bami2"]},
            "names the datasets ['bami2'], which are not in the study; there are ['simulated']",
        ),
        (
            {"estimates": "mine.parquet", "max_sd_bpm": 0},
            "'teachers.recorded.mine.max_sd_bpm' must be",
        ),
        ({"max_sd_bpm": 5}, "'teachers.recorded.mine' lacks ['estimates']"),
        (3, "'teachers.recorded.mine' must be text or keys with values, found 3"),
    ],
)
def test_recorded_estimates_that_cannot_be_are_refused_by_name(given: Any, expected: str) -> None:
    message = message_of(MINIMAL | {"teachers": {"recorded": {"mine": given}}})
    assert expected in message
    assert "teachers.recorded.mine" in message


@pytest.mark.parametrize(
    ("given", "max_sd_bpm"), [(["beliefppg"], None), ({"beliefppg": {"max_sd_bpm": 15}}, 15)]
)
def test_a_published_teacher_has_a_file_that_the_study_makes_for_each_dataset(
    given: Any, max_sd_bpm: float | None
) -> None:
    parsed = study(teachers={"published": given}, strategies={"soft": {}})
    files = parsed.teacher_files("beliefppg", 0, "teachers")
    name = parsed.config["study"]
    assert files == [f"results/{name}/published/beliefppg/simulated.parquet"]
    assert parsed.teacher("beliefppg").estimates.max_sd_bpm == max_sd_bpm


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["beliefpg"], "names ['beliefpg'], which are not known; there are ['beliefppg', "),
        ({"beliefpg": {}}, "names ['beliefpg'], which are not known; there are ['beliefppg', "),
        ({"beliefppg": {"datasets": ["bami2"]}}, "names the datasets ['bami2'], which are not in"),
        ({"beliefppg": {"max_sd_bpm": 0}}, "'teachers.published.beliefppg.max_sd_bpm' must be"),
    ],
)
def test_a_published_teacher_that_cannot_be_is_refused_by_name(given: Any, expected: str) -> None:
    message = message_of(MINIMAL | {"teachers": {"published": given}})
    assert expected in message
    assert "teachers.published" in message


def test_one_file_cannot_be_of_two_datasets() -> None:
    two = {"simulated": {"train": 1}, "bami1": {"train": 0.5, "val": 0.2, "test": 0.3}}
    given = {"datasets": two, "teachers": {"recorded": {"mine": "mine.parquet"}}}
    message = message_of(MINIMAL | given)
    assert "write {dataset} where its name is" in message


def test_an_onnx_file_that_is_not_there_is_named_with_its_teacher(tmp_path: Path) -> None:
    path = str(tmp_path / "own.onnx")
    message = message_of(MINIMAL | {"teachers": {"onnx": {"own": path}}})
    assert f"'teachers.onnx': the file {path} of teacher 'onnx-own' does not exist" in message
    assert "relative to the folder that Snakemake works in" in message


def test_no_teacher_at_all_is_refused() -> None:
    message = message_of(MINIMAL | {"teachers": {"onnx": {}}})
    assert "'teachers' names none" in message


def test_teachers_are_trained_ones_their_ensembles_and_own_files(tmp_path: Path) -> None:
    own = tmp_path / "own.onnx"
    own.touch()
    parsed = study(
        teachers={
            "onnx": {"own": str(own)},
            "ensembles": ["spectral_resnet-60000"],
            "spectral_resnet": [60_000, 20_000],
        },
        strategies={"scratch": {}, "soft": {}},
    )
    names = [
        "spectral_resnet-60000",
        "spectral_resnet-20000",
        "spectral_resnet-60000-ensemble",
        "onnx-own",
    ]
    assert [teacher.name for teacher in parsed.teachers] == names
    assert [cell.teacher for cell in parsed.cells] == ["none", *names]


def test_own_files_may_be_the_only_teachers(tmp_path: Path) -> None:
    own = tmp_path / "own.onnx"
    own.touch()
    parsed = study(teachers={"onnx": {"own": str(own)}})
    assert parsed.teachers == (Teacher("onnx-own", onnx=str(own)),)


def test_a_teacher_is_read_from_its_weights_an_ensemble_from_those_of_every_seed(
    tmp_path: Path,
) -> None:
    own = tmp_path / "own.onnx"
    own.touch()
    parsed = study(
        teachers={
            "spectral_resnet": [60_000],
            "ensembles": ["spectral_resnet-60000"],
            "onnx": {"own": str(own)},
        },
        seeds=[3, 0],
    )
    weights = "teachers/spectral_resnet-60000/seed{}/model.safetensors"
    assert parsed.teacher_files("spectral_resnet-60000", 0, "teachers") == [weights.format(0)]
    assert parsed.teacher_files("spectral_resnet-60000-ensemble", 0, "teachers") == [
        weights.format(3),
        weights.format(0),
    ]
    assert parsed.teacher_files("onnx-own", 0, "teachers") == [str(own)]


# Tuning


@pytest.mark.parametrize(
    ("key", "there"),
    [
        ("student", ["spectral_resnet-1000", "spectral_mlp-4000"]),
        ("teacher", ["spectral_resnet-60000"]),
    ],
)
def test_a_tuning_with_a_model_that_is_not_in_the_study_is_refused(
    key: str, there: list[str]
) -> None:
    config = MINIMAL | {"students": {"spectral_resnet": [1_000], "spectral_mlp": [4_000]}}
    message = message_of(config | {"tuning": TUNING | {key: "spectral_resnet-500"}})
    assert (
        f"'tuning.{key}' is 'spectral_resnet-500', which is not in the study; there are {there}"
        in (message)
    )


def test_strategies_with_different_numbers_of_trials_are_refused_with_the_numbers() -> None:
    trials = {"scratch": [{}], "soft": [{}, {"temperature": 2}]}
    message = message_of(
        MINIMAL | {"strategies": {"scratch": {}, "soft": {}}, "tuning": TUNING | {"trials": trials}}
    )
    assert "'tuning.trials' gives the strategies different numbers of trials" in message
    assert "{'scratch': 1, 'soft': 2}" in message


def test_the_number_of_trials_of_a_strategy_that_is_left_out_does_not_matter() -> None:
    trials = {"scratch": [{}], "soft": [{"temperature": 2}], "dkd": [{}, {}]}
    parsed = study(strategies={"scratch": {}, "soft": {}}, tuning=TUNING | {"trials": trials})
    assert parsed.tuning is not None
    assert list(parsed.tuning.trials) == ["scratch", "soft"]


def test_a_trial_is_merged_over_the_strategys_own_settings() -> None:
    parsed = study(
        strategies={"soft": {"temperature": 3, "label_weight": 0.5}},
        tuning=TUNING | {"trials": {"soft": [{}, {"temperature": 2}, {"learning_rate": 0.02}]}},
    )
    assert parsed.tuning is not None
    assert parsed.tuning.trials["soft"] == [
        {"temperature": 3, "label_weight": 0.5},
        {"temperature": 2, "label_weight": 0.5},
        {"temperature": 3, "label_weight": 0.5, "learning_rate": 0.02},
    ]


def test_a_trial_has_the_defaults_of_its_strategy() -> None:
    parsed = study(
        strategies={"dkd": {}}, tuning=TUNING | {"trials": {"dkd": [{"warmup_epochs": 0}]}}
    )
    assert parsed.tuning is not None
    assert parsed.tuning.trials["dkd"] == [
        {"alpha": 1, "beta": 1, "temperature": 1, "warmup_epochs": 0, "label_weight": 1}
    ]


def test_every_strategy_comes_with_the_same_number_of_trials() -> None:
    every = ["scratch", "hard", "soft", "dkd", "feature", "ordinal"]
    parsed = study(strategies={strategy: {} for strategy in every}, tuning=TUNING)
    assert parsed.tuning is not None
    assert {name: len(grid) for name, grid in parsed.tuning.trials.items()} == dict.fromkeys(
        every, 4
    )


def test_the_trials_have_the_student_and_the_teacher_that_are_named() -> None:
    parsed = study(
        students={"spectral_resnet": [1_000], "spectral_mlp": [4_000]},
        tuning=TUNING | {"student": "spectral_mlp-4000"},
    )
    assert parsed.tuning is not None
    assert parsed.tuning.student == Model("spectral_mlp", 4_000)
    assert parsed.tuning.teacher == "spectral_resnet-60000"


def test_without_tuning_there_are_no_trials() -> None:
    assert study().tuning is None


# Channels and windows


@pytest.mark.parametrize(
    ("dataset", "wanted", "most"), [("bami1", 4, 3), ("ieee_spc_train", 3, 2), ("simulated", 9, 3)]
)
def test_more_ppg_channels_than_a_dataset_has_are_refused(
    dataset: str, wanted: int, most: int
) -> None:
    message = message_of(
        MINIMAL | {"datasets": {dataset: SHARES}, "inputs": {"ppg_channels": wanted}}
    )
    assert f"'inputs.ppg_channels' is {wanted}" in message
    assert f"'{dataset}' has {most} PPG channels" in message


@pytest.mark.parametrize("role", ["pretrain", "unlabelled"])
def test_too_few_ppg_channels_are_allowed_in_the_extra_roles_alone(role: str) -> None:
    extra = {"datasets": {"simulated": SHARES, "ieee_spc_train": {role: 1}}}
    assert study(**extra).config["inputs"]["ppg_channels"] == 3
    evaluated = {"simulated": SHARES, "ieee_spc_train": {role: 0.5, "train": 0.5}}
    message = message_of(MINIMAL | {"datasets": evaluated})
    assert "'ieee_spc_train' has 2 PPG channels" in message
    assert "'pretrain' and 'unlabelled'" in message


def test_a_band_above_half_the_rate_is_refused() -> None:
    message = message_of(MINIMAL | {"windows": {"rate_hz": 20, "high_hz": 10.5}})
    assert "'windows.high_hz' is 10.5" in message
    assert "'windows.rate_hz' (10 Hz)" in message


@pytest.mark.parametrize("low_hz", [3.0, 3.5])
def test_a_band_without_width_is_refused(low_hz: float) -> None:
    message = message_of(MINIMAL | {"windows": {"low_hz": low_hz, "high_hz": 3.0}})
    assert f"'windows.low_hz' is {low_hz}" in message
    assert "'windows.high_hz' 3.0" in message


def test_a_window_that_is_not_a_whole_number_of_samples_is_refused() -> None:
    message = message_of(MINIMAL | {"windows": {"length_s": 2.5, "rate_hz": 25}})
    assert "'windows.length_s'" in message
    assert "'windows.rate_hz'" in message


# What is filled in


def test_what_is_not_given_is_filled_in() -> None:
    config = study().config
    assert config["windows"] == {
        "length_s": 8,
        "stride_s": 2,
        "rate_hz": 25,
        "low_hz": 0.4,
        "high_hz": 8,
    }
    assert config["inputs"] == {"ppg_channels": 3, "accelerometer": True, "acc_floor": 0.001}
    assert config["seeds"] == [0]
    assert (config["mirror"], config["folds"], config["tuning"]) == (None, None, None)
    assert {section["device"] for section in config["training"].values()} == {"cpu"}
    assert list(config["strategies"]) == ["scratch", "hard", "soft", "dkd", "feature"]
    assert config["strategies"]["dkd"] == {
        "alpha": 1,
        "beta": 1,
        "temperature": 1,
        "warmup_epochs": 1,
        "label_weight": 1,
    }
    # the headline of arXiv 2511.18829
    assert config["gates"] == {
        "min_reduction": 0.8,
        "max_latency_ms": 15,
        "max_mae_bpm": 2.5,
        "core": "Cortex-M4F",
        "cost": "macs",
    }


def test_a_group_given_in_part_keeps_the_rest_of_its_defaults() -> None:
    config = study(windows={"stride_s": 4}, simulation={"seed": 7}).config
    assert (config["windows"]["stride_s"], config["windows"]["length_s"]) == (4, 8)
    assert config["simulation"] == {"n_subjects": 24, "duration_s": 360, "seed": 7}


@pytest.mark.parametrize("given", [{}, {"teacher": {}}, {"teacher": {"epochs": 3}}])
def test_a_training_section_given_in_part_keeps_the_rest_of_its_defaults(
    given: dict[str, Any],
) -> None:
    default = study().config["training"]
    assert set(default["teacher"]) == {
        "epochs",
        "batch_size",
        "learning_rate",
        "weight_decay",
        "patience",
        "threads",
        "device",
    }
    training = study(training=given).config["training"]
    assert training["teacher"] == default["teacher"] | given.get("teacher", {})
    assert training["student"] == default["student"]
    assert training["pretraining"] == default["pretraining"]


def test_numbers_and_keys_are_as_they_were_written() -> None:
    # names of files and parameters of rules print them
    windows = {"rate_hz": 25.0, "length_s": 10}
    config = study(
        windows=windows, training={"student": {"patience": 3, "learning_rate": 1}}
    ).config
    assert repr(config["windows"]).startswith("{'rate_hz': 25.0, 'length_s': 10, 'stride_s': 2,")
    assert repr(config["training"]["student"]["learning_rate"]) == "1"
    assert list(config) == [*MINIMAL, "windows", "training", *list(config)[6:]]


def test_training_sections_have_one_order_however_they_were_written() -> None:
    # Snakemake would take another order for another parameter
    written = [
        {"patience": 3, "balance": 1, "epochs": 2},
        {"epochs": 2, "balance": 1, "patience": 3},
    ]
    sections = [
        study(training={"teacher": given}).config["training"]["teacher"] for given in written
    ]
    assert list(sections[0]) == list(sections[1])


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("strategies: {scratch: {}, soft: }", "strategies.soft"),
        ("strategies: {soft: {learning_rate: }}", "strategies.soft.learning_rate"),
        ("teachers: {spectral_resnet: [60000], ensembles: }", "teachers.ensembles"),
        ("datasets: {simulated: {train: 1, exclude: }}", "datasets.simulated.exclude"),
        ("datasets: {bami1: {train: 1, reference_lag_s: }}", "datasets.bami1.reference_lag_s"),
        ("training: {student: {balance: }}", "training.student.balance"),
    ],
)
def test_an_empty_value_is_refused_where_a_key_can_be_left_out(text: str, key: str) -> None:
    message = message_of(MINIMAL | yaml.safe_load(text))
    assert f"'{key}' must be " in message
    assert "found None" in message


def test_strategies_given_in_part_leave_the_others_out() -> None:
    strategies = study(strategies={"dkd": {"beta": 8}, "scratch": {}}).config["strategies"]
    assert list(strategies) == ["dkd", "scratch"]
    assert strategies["dkd"]["beta"] == 8
    assert strategies["dkd"]["alpha"] == 1


def test_a_filled_configuration_gives_the_same_study() -> None:
    # every job of Snakemake parses what the first process filled in
    once = study(
        training={"teacher": {"epochs": 3}}, strategies={"soft": {}}, folds=5, tuning=TUNING
    )
    assert parse_study(once.config) == once


def test_the_configuration_given_is_left_as_it_is() -> None:
    given = deepcopy(MINIMAL) | {"strategies": {"dkd": {"beta": 8}}, "training": {"teacher": {}}}
    before = deepcopy(given)
    parse_study(given)
    assert given == before


@pytest.mark.parametrize("path", STUDIES, ids=lambda p: str(p.relative_to(CHECKOUT)))
def test_the_studies_that_come_with_it_are_valid(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    for name in config.get("compare", ()):  # which has to be run first
        for file in COMPARED:
            there = Path("results", name, file)
            there.parent.mkdir(parents=True, exist_ok=True)
            there.touch()
    parsed = parse_study(config)
    assert parsed.cells
    assert path.name == "config.yaml" or parsed.config["study"] == path.stem


# What a study asks for


def test_the_input_is_what_channels_and_windows_say() -> None:
    config = study(inputs={"ppg_channels": 1}, windows={"length_s": 10, "rate_hz": 32}).config
    inputs = input_shape(config)
    assert (inputs.ppg_channels, inputs.acc_channels, inputs.channels) == (1, 3, 4)
    assert (inputs.n_samples, inputs.rate_hz) == (320, 32)


def test_without_the_accelerometer_the_input_is_ppg_alone() -> None:
    inputs = input_shape(study(inputs={"accelerometer": False}).config)
    assert (inputs.ppg_channels, inputs.acc_channels, inputs.sensors) == (3, 0, 1)


def test_there_is_a_cell_for_every_strategy_teacher_student_and_seed() -> None:
    parsed = study(
        teachers={"spectral_resnet": [100_000, 20_000]},
        students={"spectral_resnet": [1_000], "spectral_mlp": [4_000]},
        strategies={"soft": {}, "scratch": {}},
        seeds=[3, 0],
    )
    assert [cell.path for cell in parsed.cells] == [
        "students/soft/spectral_resnet-100000/spectral_resnet-1000/seed3",
        "students/soft/spectral_resnet-100000/spectral_resnet-1000/seed0",
        "students/soft/spectral_resnet-100000/spectral_mlp-4000/seed3",
        "students/soft/spectral_resnet-100000/spectral_mlp-4000/seed0",
        "students/soft/spectral_resnet-20000/spectral_resnet-1000/seed3",
        "students/soft/spectral_resnet-20000/spectral_resnet-1000/seed0",
        "students/soft/spectral_resnet-20000/spectral_mlp-4000/seed3",
        "students/soft/spectral_resnet-20000/spectral_mlp-4000/seed0",
        "students/scratch/none/spectral_resnet-1000/seed3",
        "students/scratch/none/spectral_resnet-1000/seed0",
        "students/scratch/none/spectral_mlp-4000/seed3",
        "students/scratch/none/spectral_mlp-4000/seed0",
    ]


def test_with_folds_there_is_every_cell_in_every_fold() -> None:
    parsed = study(folds=5, strategies={"soft": {}}, seeds=[2])
    assert [cell.path for cell in parsed.cells] == [
        f"fold{fold}/students/soft/spectral_resnet-60000/spectral_resnet-1000/seed2"
        for fold in range(5)
    ]
    assert parsed.cells[3].teacher_path == "fold3/teachers/spectral_resnet-60000/seed2"


def test_without_folds_a_cells_teacher_is_beside_the_students() -> None:
    (cell,) = study(strategies={"soft": {}}).cells
    assert cell.fold is None
    assert cell.teacher_path == "teachers/spectral_resnet-60000/seed0"


def test_without_folds_every_student_is_profiled() -> None:
    parsed = study(seeds=[3, 0])
    assert parsed.folds == (None,)
    assert parsed.profiled == parsed.cells


def test_with_folds_students_of_the_first_fold_and_seed_alone_are_profiled() -> None:
    parsed = study(
        folds=5,
        seeds=[3, 0],
        students={"spectral_resnet": [1_000], "spectral_mlp": [4_000]},
        strategies={"scratch": {}, "soft": {}},
    )
    assert parsed.profiled == (
        Cell("scratch", "none", "spectral_resnet-1000", 3, 0),
        Cell("scratch", "none", "spectral_mlp-4000", 3, 0),
        Cell("soft", "spectral_resnet-60000", "spectral_resnet-1000", 3, 0),
        Cell("soft", "spectral_resnet-60000", "spectral_mlp-4000", 3, 0),
    )


def test_a_cell_names_the_capacity_that_was_asked_for() -> None:
    (cell,) = study(students={"spectral_resnet": [1_234]}, strategies={"hard": {}}).cells
    assert cell == Cell("hard", "spectral_resnet-60000", "spectral_resnet-1234", 0)


def test_a_study_of_two_thousand_cells_has_them_all() -> None:
    parsed = study(
        teachers={"spectral_resnet": [10_000 * 2**k for k in range(8)]},
        students={
            "spectral_resnet": [500 * 2**k for k in range(6)],
            "spectral_mlp": [1_500 * 2**k for k in range(6)],
        },
        seeds=[*range(5)],
    )
    assert len(set(parsed.cells)) == len(parsed.cells) == (4 * 8 + 1) * 12 * 5


def test_the_simulated_cohort_is_one_file_named_by_its_settings() -> None:
    simulation = {"n_subjects": 6, "duration_s": 90, "seed": 4}
    parsed = study(simulation=simulation)
    assert parsed.raw_files("simulated") == ["simulated/n6-s90-seed4.npz"]
    assert len(parsed.recordings("simulated")) == 6


def test_only_the_files_of_listed_subjects_are_asked_for() -> None:
    lists = {"train": ["bami1-03", "bami1-01"], "val": ["bami1-07"], "test": ["bami1-25"]}
    parsed = study(datasets={"bami1": lists})
    assert parsed.raw_files("bami1") == [
        f"bami/BAMI-1/BAMI1_{number}.mat" for number in (1, 3, 7, 25)
    ]


def test_the_files_of_subjects_in_extra_roles_are_asked_for_too() -> None:
    lists = {"train": ["bami1-01"], "pretrain": ["bami1-04"], "unlabelled": ["bami1-02"]}
    parsed = study(datasets={"simulated": SHARES, "bami1": lists})
    assert parsed.raw_files("bami1") == [f"bami/BAMI-1/BAMI1_{n}.mat" for n in (1, 2, 4)]


def test_with_fractions_the_files_of_all_but_the_excluded_are_asked_for() -> None:
    parsed = study(datasets={"bami1": SHARES | {"exclude": ["bami1-02", "bami1-24"]}})
    expected = [f"bami/BAMI-1/BAMI1_{n}.mat" for n in range(1, 26) if n not in (2, 24)]
    assert parsed.raw_files("bami1") == expected


def test_a_listed_but_excluded_subject_is_not_asked_for() -> None:
    lists = {"train": ["bami1-01", "bami1-02"], "val": ["bami1-03"], "test": ["bami1-04"]}
    parsed = study(datasets={"bami1": lists | {"exclude": ["bami1-02"]}})
    assert [entry.subject for entry in parsed.recordings("bami1")] == [
        "bami1-01",
        "bami1-03",
        "bami1-04",
    ]


def test_a_recording_with_a_doubtful_reference_is_left_out_unless_it_is_included() -> None:
    inputs = {"inputs": {"ppg_channels": 1}}
    left_out = study(datasets={"wrist_exercise": SHARES}, **inputs)
    assert "s4_run" not in [entry.name for entry in left_out.recordings("wrist_exercise")]
    assert [entry.name for entry in left_out.dataset("wrist_exercise").left_out] == ["s4_run"]
    included = study(datasets={"wrist_exercise": SHARES | {"include": ["s4_run"]}}, **inputs)
    assert len(included.recordings("wrist_exercise")) == 16
    assert included.dataset("wrist_exercise").left_out == ()


def test_only_recordings_that_are_left_out_can_be_included() -> None:
    message = message_of(
        MINIMAL | {"datasets": {"simulated": SHARES, "bami1": SHARES | {"include": ["BAMI1_1"]}}}
    )
    assert "'datasets.bami1.include' names ['BAMI1_1']" in message
    assert "left out unless they are named there are []" in message


def test_a_dataset_without_an_accelerometer_is_used_where_zeros_are_asked_for() -> None:
    inputs = {"inputs": {"ppg_channels": 1}}
    message = message_of(MINIMAL | inputs | {"datasets": {"oximetry_camera": SHARES}})
    assert "'oximetry_camera' has no accelerometer" in message
    assert "'datasets.oximetry_camera.acceleration: still'" in message
    still = SHARES | {"acceleration": "still"}
    assert study(datasets={"oximetry_camera": still}, **inputs).datasets[0].acc_channels == 0


def test_a_measured_acceleration_is_not_replaced_by_zeros() -> None:
    message = message_of(MINIMAL | {"datasets": {"simulated": SHARES | {"acceleration": "still"}}})
    assert "'datasets.simulated.acceleration' is 'still', but" in message


@pytest.mark.parametrize(
    "roles",
    [SHARES, {"train": ["welltory-01"], "test": ["welltory-02"]}, {"val": 0.5, "test": 0.5}],
)
def test_people_whose_recordings_are_not_told_apart_are_not_tested_on_what_they_taught(
    roles: dict[str, object],
) -> None:
    alone = {"inputs": {"ppg_channels": 1, "accelerometer": False}}
    message = message_of(MINIMAL | alone | {"datasets": {"simulated": SHARES, "welltory": roles}})
    assert "which of its recordings are of the same person is not published" in message


def test_they_may_have_one_role_or_be_left_out_as_a_whole() -> None:
    alone = {"inputs": {"ppg_channels": 1, "accelerometer": False}}
    study(datasets={"simulated": SHARES, "welltory": {"test": 1}}, **alone)
    study(datasets={"simulated": SHARES, "welltory": {"train": 0.8, "val": 0.2}}, **alone)
    turns = {"train": 0.8, "val": 0.2, "test": 1}
    study(datasets={"bami1": turns, "welltory": turns}, folds="datasets", **alone)


@pytest.mark.parametrize(
    ("datasets", "expected"),
    [
        ({"bami1": {"train": 0.8, "val": 0.2}, "bami2": {"test": 1}}, "bami2"),
        ({"bami2": SHARES, "bami1": SHARES}, "bami2"),
        ({"bami2": {"train": 1, "test": 0}, "simulated": {"val": 0.5, "test": 0.5}}, "simulated"),
    ],
)
def test_students_are_exported_for_the_sensor_of_the_first_dataset_that_is_tested_on(
    datasets: dict[str, object], expected: str
) -> None:
    assert study(datasets=datasets).sensor.name == expected


def test_a_subject_brings_all_files_of_all_its_recordings() -> None:
    parsed = study(
        inputs={"ppg_channels": 2},
        datasets={
            "ieee_spc_train": {"train": ["spc-01"], "val": ["spc-02"]},
            "ieee_spc_test": {"test": ["spc-S02"]},
        },
    )
    assert parsed.raw_files("ieee_spc_test") == [
        "ieee_spc/datasets/TestData/TEST_S02_T01.mat",
        "ieee_spc/datasets/TrueBPM/True_S02_T01.mat",
        "ieee_spc/datasets/TestData/TEST_S02_T02.mat",
        "ieee_spc/datasets/TrueBPM/True_S02_T02.mat",
    ]


@pytest.mark.parametrize("dataset", ["bami1", "bami2", "ieee_spc_train", "ieee_spc_test"])
def test_every_file_that_is_asked_for_is_in_the_manifest(dataset: str) -> None:
    parsed = study(datasets={dataset: SHARES}, inputs={"ppg_channels": 2})
    files = parsed.raw_files(dataset)
    assert set(files) <= {f"{source}/{path}" for source, path in MANIFEST}
    assert len(files) == len(set(files)) >= 10


def test_a_rate_at_which_a_window_is_not_a_whole_number_of_samples_is_refused() -> None:
    with pytest.raises(PpgkdError, match=r"'onnx.rates_hz' has \[31.3\]"):
        study(onnx={"rates_hz": [25, 31.3]})


def test_reading_a_configuration_loads_nothing_heavy() -> None:
    # Snakemake does so in every one of thousands of jobs
    code = (
        "import sys, yaml; from pathlib import Path; from ppgkd.study.parse import parse_study\n"
        "parse_study(yaml.safe_load(Path(sys.argv[1]).read_text()))\n"
        "print(sorted({'torch', 'scipy', 'pandas', 'numpy', 'pyarrow'} & set(sys.modules)))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code, str(CHECKOUT / "config.yaml")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert loaded.stdout.strip() == "[]"


# One dataset left out in each fold

TURNS: dict[str, Any] = {
    "folds": "datasets",
    "inputs": {"ppg_channels": 2},
    "datasets": {
        "bami1": {"train": 0.8, "val": 0.2, "test": 1},
        "ieee_spc_train": {"train": 0.5, "val": 0.5, "test": 1},
        "simulated": {"train": 1},
    },
}


def test_a_study_that_leaves_datasets_out_has_a_fold_for_each_that_takes_its_turn() -> None:
    found = study(**TURNS)
    assert found.tested == ("bami1", "ieee_spc_train")
    assert found.folds == (0, 1)
    assert found.sensor.name == "bami1"


@pytest.mark.parametrize(
    ("datasets", "expected"),
    [
        ({"bami1": {"train": 0.8, "val": 0.2, "test": 1}}, "expected at least two"),
        ({"bami1": {"train": 0.6, "val": 0.2, "test": 0.2}}, "'test' must be 1"),
        ({"bami1": {"train": 0.8, "val": 0.1, "test": 1}}, "add up to 0.9"),
        ({"bami1": {"test": ["bami1-01"]}}, "lists the subjects of role 'test'"),
    ],
)
def test_shares_that_do_not_fit_to_leaving_datasets_out_are_refused(
    datasets: dict[str, Any], expected: str
) -> None:
    assert expected in message_of(MINIMAL | {"folds": "datasets", "datasets": datasets})


def test_folds_by_another_word_are_refused() -> None:
    assert "'folds'" in message_of(MINIMAL | {"folds": "subjects"})


@pytest.mark.parametrize("key", [None, True, 1.5, date(2020, 1, 1), (1, 2)], ids=repr)
@pytest.mark.parametrize("group", ["", "windows", "strategies", "teachers", "training"])
def test_keys_of_any_kind_are_refused_by_name(group: str, key: object) -> None:
    given = {group: {key: 1}} if group else {key: 1}
    message = message_of(MINIMAL | given)
    assert f"has unknown keys [{key!r}]" in message


@pytest.mark.parametrize("changed", [{"real_motion": 0.4}, {"weaker_acceleration": 20}])
def test_motion_is_not_taken_from_an_accelerometer_that_is_left_out(
    changed: dict[str, float],
) -> None:
    message = message_of(
        MINIMAL | {"inputs": {"accelerometer": False}, "augmentation": {**changed}}
    )
    assert f"'augmentation.{next(iter(changed))}' is" in message
    assert "'inputs.accelerometer: false'" in message
    study(augmentation=changed)


# Folds that test other people of datasets that are left out


PEOPLE: dict[str, Any] = {
    "folds": "datasets",
    "datasets": {
        "bami1": {"train": 0.8, "val": 0.2, "test": 1},
        "wrist_exercise": {"train": 1, "test": 1},
    },
    "inputs": {"ppg_channels": 1},
}


def test_folds_of_other_people_come_after_those_of_datasets_and_are_not_of_the_sweep() -> None:
    found = study(**PEOPLE, other_people=3, seeds=[4])
    assert found.folds == (0, 1)
    assert found.people_folds == (2, 3, 4)
    assert {cell.fold for cell in found.cells} == {0, 1}
    cells = found.cells_of("scratch", "none", "spectral_resnet-1000", other_people=True)
    assert [(cell.seed, cell.fold) for cell in cells] == [(4, 2), (4, 3), (4, 4)]


def test_by_default_no_fold_tests_other_people() -> None:
    assert study(**PEOPLE).people_folds == ()


@pytest.mark.parametrize("folds", [None, 5])
def test_other_people_without_datasets_left_out_are_refused(folds: int | None) -> None:
    shares = SHARES if folds is None else {"train": 0.6, "val": 0.2, "test": 0.2}
    config = MINIMAL | {"folds": folds, "datasets": {"simulated": shares}, "other_people": 3}
    message = message_of(config)
    assert f"'other_people' is 3, but 'folds' is {folds}" in message
    assert "'folds: datasets'" in message


def test_other_people_of_datasets_that_have_none_are_refused() -> None:
    unknown = {"train": 1, "test": 1, "ppg": ["ppg_1"], "acceleration": "still"}
    datasets = {
        "simulated": {"train": 0.5, "val": 0.5},
        "wrist_exercise": {"train": 1, "test": 1},
        "welltory": unknown,
    }
    changes = PEOPLE | {"datasets": datasets, "other_people": 9}
    message = message_of(MINIMAL | changes)
    assert "'other_people' is 9" in message
    assert "found {'wrist_exercise': 6, 'welltory': 0}" in message
    assert study(**(changes | {"other_people": 6})).people_folds == tuple(range(2, 8))


@pytest.mark.parametrize(
    ("n_people", "roles", "folds", "expected"),
    [
        (2, {"train": 1, "test": 1}, 2, True),
        (1, {"train": 1, "test": 1}, 2, False),
        (2, {"train": 0.8, "val": 0.2, "test": 1}, 2, False),  # one of two is left for two roles
        (3, {"train": 0.8, "val": 0.2, "test": 1}, 2, False),  # the larger half is two
        (4, {"train": 0.8, "val": 0.2, "test": 1}, 2, True),
        (3, {"train": 0.8, "val": 0.2, "test": 1}, 3, True),
        (3, {"train": 1, "val": 0, "test": 1}, 2, True),  # a role without anybody needs nobody
        (20, {"test": 1}, 2, False),  # nobody to learn from
        (0, {"train": 1, "test": 1}, 2, False),
    ],
)
def test_a_dataset_has_other_people_if_some_are_left_to_learn_from(
    n_people: int, roles: dict[str, float], folds: int, expected: bool
) -> None:
    assert has_other_people(n_people, roles, folds) is expected


def test_the_study_before_the_recipe_for_what_is_unlike_differs_by_the_recipe_alone() -> None:
    before, after = (
        yaml.safe_load((CHECKOUT / "studies" / f"{name}.yaml").read_text(encoding="utf-8"))
        for name in ("leave_one_dataset_out_before", "leave_one_dataset_out")
    )
    shared = ("datasets", "folds", "simulation", "seeds", "strategies", "views")
    assert {key: before[key] for key in shared} == {key: after[key] for key in shared}
    assert set(before["students"]["spectral_resnet"]) <= set(after["students"]["spectral_resnet"])
    assert before["training"]["student"] == {"epochs": after["training"]["student"]["epochs"]}
    assert before["inputs"] == {"ppg_channels": after["inputs"]["ppg_channels"]}
    assert not {"augmentation", "filter_evidence"} & set(before)


FEWER: dict[str, Any] = {
    "folds": 3,
    "datasets": {"simulated": {"train": 0.5, "val": 0.1667, "test": 0.3333}},
    "people": {"sizes": [4, 2], "draws": 2, "minutes": [3]},
}


def test_everything_is_trained_with_each_subset_in_each_fold_beside_the_sweep() -> None:
    found = study(**FEWER, strategies={"scratch": {}, "soft": {}})
    names = ["people2-draw0", "people2-draw1", "people4-draw0", "people4-draw1", "minutes3"]
    assert [subset.name for subset in found.subsets] == names
    assert {cell.subset for cell in found.cells} == {None}
    assert len(found.subset_cells) == 5 * len(found.cells)
    assert len({cell.path for cell in found.cells + found.subset_cells}) == 6 * len(found.cells)
    folders = {cell.path.split("/")[0] for cell in found.subset_cells}
    assert folders == {f"fold{fold}-{name}" for fold in range(3) for name in names}


def test_without_the_key_all_people_train_alone() -> None:
    found = study()
    assert found.subsets == found.subset_cells == ()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"folds": None, "datasets": {"simulated": SHARES}}, "'folds' is None; "),
        ({"people": {}}, "'people' has neither 'sizes' nor 'minutes'"),
        ({"people": {"sizes": [0]}}, "'people.sizes.0' must be an integer of at least 1"),
        ({"people": {"sizes": [2, 2]}}, "'people.sizes' must not repeat a value"),
        ({"people": {"sizes": [2], "draws": 0}}, "'people.draws' must be an integer from 2 to 100"),
        ({"people": {"sizes": [2], "others": "dropped"}}, "'people.others'"),
        (
            {"people": {"sizes": [2], "datasets": ["bami2"]}},
            "'people.datasets' names ['bami2'], of which nobody trains; there are ['simulated']",
        ),
        ({"tuning": TUNING}, "'people' and 'tuning' are both given"),
    ],
)
def test_people_that_cannot_be_varied_are_refused(changes: dict[str, Any], expected: str) -> None:
    assert expected in message_of(MINIMAL | FEWER | changes)
