"""Splits: every subject has one role, every role a subject, and the seed decides who."""

from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.unit.splits.window_files import inputs, write_dataset

from ppgkd.errors import PpgkdError
from ppgkd.splits.assignment import (
    leave_nobody_out,
    leave_one_dataset_out,
    leave_people_out,
    split_subjects,
)
from ppgkd.splits.study_windows import input_channels, read_study_windows
from ppgkd.windows.read import read_windows
from ppgkd.windows.table import subjects_with_windows

FRACTIONS = {"train": 0.6, "val": 0.2, "test": 0.2}


def names(n_subjects: int) -> list[str]:
    return [f"s{number:02d}" for number in range(1, n_subjects + 1)]


def split(
    n_subjects: int,
    fractions: dict[str, object],
    seed: int = 0,
    fold: tuple[int, int] | None = None,
) -> dict[str, list[str]]:
    """Split one dataset; role to subjects."""
    table = split_subjects({"walks": names(n_subjects)}, {"walks": fractions}, seed, fold)
    return {role: list(part["subject"]) for role, part in table.groupby("role")}


def counts(n_subjects: int, *fractions: float) -> tuple[int, ...]:
    roles = split(n_subjects, dict(zip(FRACTIONS, fractions, strict=True)))
    return tuple(len(roles[role]) for role in FRACTIONS)


# Fractions


@pytest.mark.parametrize(
    ("n_subjects", "fractions", "expected"),
    [
        (25, (0.6, 0.2, 0.2), (15, 5, 5)),
        (24, (0.6, 0.2, 0.2), (14, 5, 5)),  # quotas 14.4, 4.8, 4.8
        (23, (0.7, 0.1, 0.2), (16, 2, 5)),  # quotas 16.1, 2.3, 4.6
        (9, (0.5, 0.25, 0.25), (5, 2, 2)),  # quotas 4.5, 2.25, 2.25
        (3, (0.6, 0.2, 0.2), (1, 1, 1)),
    ],
)
def test_subjects_are_assigned_by_largest_remainder(
    n_subjects: int, fractions: tuple[float, ...], expected: tuple[int, ...]
) -> None:
    assert counts(n_subjects, *fractions) == expected


@pytest.mark.parametrize("fractions", [(0.6, 0.2, 0.2), (0.34, 0.33, 0.33), (0.7, 0.1, 0.2)])
def test_each_role_is_within_one_subject_of_its_share(fractions: tuple[float, ...]) -> None:
    for n_subjects in range(10, 60):
        assigned = np.array(counts(n_subjects, *fractions))
        assert assigned.sum() == n_subjects
        assert (np.abs(assigned - n_subjects * np.array(fractions)) < 1).all()


@pytest.mark.parametrize("fractions", [(0.98, 0.01, 0.01), (0.01, 0.01, 0.98), (0.5, 0.499, 0.001)])
@pytest.mark.parametrize("n_subjects", [3, 4, 10])
def test_the_smallest_share_gets_a_subject(fractions: tuple[float, ...], n_subjects: int) -> None:
    assigned = counts(n_subjects, *fractions)
    assert min(assigned) == 1
    assert sum(assigned) == n_subjects


def test_every_subject_has_exactly_one_role() -> None:
    roles = split(17, FRACTIONS)
    assert sorted(chain(*roles.values())) == names(17)


def test_the_same_seed_deals_the_same_way() -> None:
    assert split(20, FRACTIONS, seed=3) == split(20, FRACTIONS, seed=3)


def test_the_seed_decides_who_is_tested() -> None:
    tested = [subject for seed in range(40) for subject in split(20, FRACTIONS, seed)["test"]]
    times = pd.Series(tested).value_counts().reindex(names(20), fill_value=0)
    # each of 20 subjects is tested in 8 of 40 deals on average, with a standard deviation of 2.5
    assert times.min() >= 1
    assert times.max() <= 17


def test_the_order_of_the_recordings_does_not_matter() -> None:
    forth = split_subjects({"walks": names(20)}, {"walks": FRACTIONS}, 0)
    back = split_subjects({"walks": names(20)[::-1]}, {"walks": FRACTIONS}, 0)
    pd.testing.assert_frame_equal(forth, back)


def test_the_table_has_the_columns_of_the_contract() -> None:
    table = split_subjects({"walks": names(5)}, {"walks": FRACTIONS}, 0)
    assert list(table.columns) == ["dataset", "subject", "role"]
    assert set(table["dataset"]) == {"walks"}
    assert set(table["role"]) == {"train", "val", "test"}


def test_a_dataset_need_not_have_all_roles() -> None:
    table = split_subjects(
        {"home": names(10), "away": ["a1", "a2"]},
        {"home": {"train": 0.8, "val": 0.2}, "away": {"test": 1.0}},
        seed=0,
    )
    found = table.groupby(["dataset", "role"]).size().to_dict()
    assert found == {("home", "train"): 8, ("home", "val"): 2, ("away", "test"): 2}


def test_a_role_with_a_share_of_nothing_gets_nobody() -> None:
    table = split_subjects(
        {"home": names(5), "away": ["a1"]},
        {"home": {"train": 0.8, "val": 0.2, "test": 0}, "away": {"test": 1}},
        seed=0,
    )
    assert set(table.loc[table["role"] == "test", "subject"]) == {"a1"}


# Folds


@pytest.mark.parametrize(("n_subjects", "folds"), [(10, 5), (24, 5), (7, 3), (5, 5), (11, 2)])
def test_every_subject_is_tested_in_exactly_one_fold(n_subjects: int, folds: int) -> None:
    fractions = {"train": 0.8 * (1 - 1 / folds), "val": 0.2 * (1 - 1 / folds), "test": 1 / folds}
    tested = [split(n_subjects, fractions, fold=(k, folds))["test"] for k in range(folds)]
    assert sorted(chain(*tested)) == names(n_subjects)
    sizes = [len(part) for part in tested]
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("fractions", [FRACTIONS, FRACTIONS | {"train": 0.4, "pretrain": 0.2}])
def test_in_every_fold_each_subject_has_exactly_one_role(fractions: dict[str, object]) -> None:
    for k in range(5):
        roles = split(20, fractions, fold=(k, 5))
        assert sorted(chain(*roles.values())) == names(20)
        assert set(roles) == set(fractions)


def test_with_equal_shares_every_subject_is_validated_in_exactly_one_fold() -> None:
    validated = [split(20, FRACTIONS, fold=(k, 5))["val"] for k in range(5)]
    assert sorted(chain(*validated)) == names(20)


def test_with_a_smaller_share_no_subject_is_validated_twice() -> None:
    fractions = {"train": 0.7, "val": 0.1, "test": 0.2}
    validated = [*chain(*(split(20, fractions, fold=(k, 5))["val"] for k in range(5)))]
    assert len(validated) == len(set(validated)) == 10


def test_the_roles_other_than_test_keep_their_proportions_in_every_fold() -> None:
    for k in range(5):
        roles = split(25, FRACTIONS, fold=(k, 5))
        assert {role: len(members) for role, members in roles.items()} == {
            "train": 15,
            "val": 5,
            "test": 5,
        }


def test_the_same_seed_deals_the_same_folds_and_another_one_others() -> None:
    assert split(20, FRACTIONS, seed=3, fold=(1, 5)) == split(20, FRACTIONS, seed=3, fold=(1, 5))
    assert split(20, FRACTIONS, seed=3, fold=(1, 5)) != split(20, FRACTIONS, seed=4, fold=(1, 5))


def test_a_dataset_that_is_not_tested_has_the_same_roles_in_every_fold() -> None:
    subjects = {"home": names(10), "away": ["a1", "a2", "a3", "a4"], "rest": ["r1", "r2"]}
    fractions = {
        "home": FRACTIONS,
        "away": {"train": 0.5, "val": 0.5},
        "rest": {"pretrain": ["r1"], "unlabelled": ["r2"]},
    }
    folds = [split_subjects(subjects, fractions, 0, (k, 5)) for k in range(5)]
    others = [table[table["dataset"] != "home"].reset_index(drop=True) for table in folds]
    for table in others[1:]:
        pd.testing.assert_frame_equal(table, others[0])


def test_an_excluded_subject_is_tested_in_no_fold() -> None:
    fractions = FRACTIONS | {"exclude": ["s04"]}
    for k in range(5):
        assert "s04" not in chain(*split(11, fractions, fold=(k, 5)).values())


def test_fewer_subjects_than_folds_are_refused() -> None:
    with pytest.raises(PpgkdError, match=r"'walks' has 4 subjects .* 5 folds"):
        split(4, FRACTIONS, fold=(0, 5))


def test_a_fold_that_leaves_too_few_for_the_other_roles_is_refused() -> None:
    fractions = {"train": 0.25, "val": 0.25, "test": 0.5}
    message = r"'walks' has 3 subjects .* fold 0 of 2 tests 2 .* leaves 1 for 2 roles"
    with pytest.raises(PpgkdError, match=message):
        split(3, fractions, fold=(0, 2))


# Folds that test other people of datasets that are left out elsewhere


LEFT_OUT = {"train": 0.8, "val": 0.2, "test": 1}


def other_people(
    subjects: dict[str, list[str]], fractions: dict[str, dict[str, object]], folds: int, *args: str
) -> list[pd.DataFrame]:
    split = leave_people_out(subjects, fractions, folds, args)
    return [split_subjects(subjects, split, 0, (k, folds)) for k in range(folds)]


def test_other_people_are_all_tested_once_and_their_dataset_trains_beside_them() -> None:
    subjects = {"hills": names(7), "stairs": ["t1", "t2", "t3"], "home": ["h1"]}
    fractions = {"hills": LEFT_OUT, "stairs": {"train": 1, "test": 1}, "home": {"train": 1}}
    folds = other_people(subjects, fractions, 3)
    tested = [table[table["role"] == "test"] for table in folds]
    assert sorted(pd.concat(tested)["subject"]) == sorted([*subjects["hills"], *subjects["stairs"]])
    for table in folds:
        assert sorted(table["subject"]) == sorted(chain(*subjects.values()))
        roles = table.groupby("dataset")["role"].unique().map(set).to_dict()
        assert roles == {
            "hills": {"train", "val", "test"},
            "stairs": {"train", "test"},
            "home": {"train"},
        }


@pytest.mark.parametrize(
    ("stairs", "given", "unknown"),
    [
        (["t1", "t2"], {"train": 1, "test": 1}, ()),  # fewer than there are folds
        (["t1", "t2", "t3"], {"train": 0.5, "val": 0.3, "pretrain": 0.2, "test": 1}, ()),
        (names(9), {"train": 1, "test": 1}, ("stairs",)),  # one person may have several names
        (names(9), {"test": 1}, ()),  # none of it is learned from
    ],
)
def test_a_dataset_without_people_to_spare_is_not_tested_and_learned_from_whole(
    stairs: list[str], given: dict[str, object], unknown: tuple[str, ...]
) -> None:
    subjects = {"hills": [f"h{number}" for number in range(6)], "stairs": stairs}
    folds = other_people(subjects, {"hills": LEFT_OUT, "stairs": given}, 3, *unknown)
    for table in folds:
        of_stairs = table[table["dataset"] == "stairs"]
        assert "test" not in set(of_stairs["role"])
        assert sorted(of_stairs["subject"]) == (sorted(stairs) if "train" in given else [])


def test_where_no_dataset_has_people_to_spare_the_folds_are_refused() -> None:
    with pytest.raises(PpgkdError, match=r"'other_people' is 3, but no dataset .* \{'hills': 2\}"):
        leave_people_out({"hills": names(3)}, {"hills": LEFT_OUT | {"exclude": ["s01"]}}, 3)


# Roles that a study need not have


def test_extra_roles_are_assigned_like_the_others() -> None:
    roles = split(10, {"train": 0.4, "val": 0.1, "test": 0.2, "pretrain": 0.2, "unlabelled": 0.1})
    assert {role: len(members) for role, members in roles.items()} == {
        "train": 4,
        "val": 1,
        "test": 2,
        "pretrain": 2,
        "unlabelled": 1,
    }


def test_a_subject_that_is_pretrained_on_and_tested_is_refused() -> None:
    subjects = {"a": ["x", "y", "z"], "b": ["z"]}
    fractions = {"a": {"train": ["x"], "val": ["y"], "test": ["z"]}, "b": {"pretrain": 1}}
    with pytest.raises(PpgkdError, match=r"two roles: 'z' in \['test', 'pretrain'\]"):
        split_subjects(subjects, fractions, 0)


# Lists and exclusion


def test_listed_subjects_get_the_role_of_their_list() -> None:
    roles = split(6, {"train": ["s04", "s01"], "val": ["s02"], "test": ["s06"]})
    assert roles == {"train": ["s01", "s04"], "val": ["s02"], "test": ["s06"]}


def test_a_listed_subject_without_windows_has_no_role() -> None:
    roles = split(3, {"train": ["s01", "s99"], "val": ["s02"], "test": ["s03"]})
    assert roles["train"] == ["s01"]


def test_an_excluded_subject_has_no_role_and_takes_no_share() -> None:
    roles = split(7, FRACTIONS | {"exclude": ["s02", "s05"]})
    assert sorted(chain(*roles.values())) == ["s01", "s03", "s04", "s06", "s07"]
    assert {role: len(members) for role, members in roles.items()} == {
        "train": 3,
        "val": 1,
        "test": 1,
    }


def test_an_excluded_subject_is_left_out_of_a_list() -> None:
    fractions = {"train": ["s01", "s04"], "val": ["s02"], "test": ["s03"], "exclude": ["s04"]}
    assert split(4, fractions)["train"] == ["s01"]


# What is refused


def test_a_subject_on_both_sides_of_two_datasets_is_refused() -> None:
    subjects = {"ieee_spc_train": ["spc-01", "spc-02", "spc-S04"], "ieee_spc_test": ["spc-S04"]}
    fractions = {
        "ieee_spc_train": {"train": ["spc-01", "spc-S04"], "val": ["spc-02"]},
        "ieee_spc_test": {"test": 1.0},
    }
    with pytest.raises(PpgkdError, match=r"two roles: 'spc-S04' in \['train', 'test'\]") as caught:
        split_subjects(subjects, fractions, 0)
    assert "'exclude'" in str(caught.value)


def test_excluding_that_subject_from_one_side_mends_it() -> None:
    subjects = {"ieee_spc_train": ["spc-01", "spc-02", "spc-S04"], "ieee_spc_test": ["spc-S04"]}
    fractions = {
        "ieee_spc_train": {"train": 0.5, "val": 0.5, "exclude": ["spc-S04"]},
        "ieee_spc_test": {"test": 1.0},
    }
    table = split_subjects(subjects, fractions, 0)
    assert list(table.loc[table["subject"] == "spc-S04", "role"]) == ["test"]


def test_a_subject_may_have_the_same_role_in_two_datasets() -> None:
    subjects = {"a": ["x", "y"], "b": ["x", "z"]}
    fractions = {"a": {"train": ["x"], "val": ["y"]}, "b": {"train": ["x"], "test": ["z"]}}
    table = split_subjects(subjects, fractions, 0)
    assert set(table.loc[table["subject"] == "x", "role"]) == {"train"}


@pytest.mark.parametrize("role", ["train", "val", "test"])
def test_a_role_that_is_left_empty_is_refused(role: str) -> None:
    fractions: dict[str, object] = {
        "train": ["s01"],
        "val": ["s02"],
        "test": ["s03"],
        role: ["s99"],
    }
    with pytest.raises(PpgkdError, match=f"No subject is left for role '{role}'"):
        split(3, fractions)


@pytest.mark.parametrize("n_subjects", [0, 1, 2])
def test_fewer_subjects_than_roles_are_refused(n_subjects: int) -> None:
    with pytest.raises(PpgkdError, match=f"'walks' has {n_subjects} subjects .* 3 roles"):
        split(n_subjects, FRACTIONS)


# The windows of a study


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return write_dataset(tmp_path / "home.parquet", 3, {"a": 4, "b": 3, "x": 5}, seed=0)


@pytest.fixture
def away(tmp_path: Path) -> Path:
    return write_dataset(tmp_path / "away.parquet", 2, {"x": 2, "c": 6, "d": 1}, seed=1)


@pytest.fixture
def splits(tmp_path: Path) -> Path:
    path = tmp_path / "splits.csv"
    path.write_text(
        "dataset,subject,role\n"
        "home,a,train\nhome,b,val\naway,c,test\naway,x,train\n"  # x of home and d have no role
    )
    return path


def test_the_subjects_of_a_file_are_given_in_order(away: Path) -> None:
    assert subjects_with_windows(away) == ["x", "c", "d"]


@pytest.mark.parametrize("kept", [0.0, 0.5, 0.99])
def test_the_subjects_of_a_truncated_file_are_refused(away: Path, kept: float) -> None:
    whole = away.read_bytes()
    away.write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises(PpgkdError, match="Delete it and run the workflow again") as caught:
        subjects_with_windows(away)
    assert str(away) in str(caught.value)


def test_windows_go_to_the_role_of_their_subject_in_their_dataset(
    home: Path, away: Path, splits: Path
) -> None:
    study = read_study_windows([home, away], splits, inputs())
    found = {
        role: getattr(study, role).index.groupby(["dataset", "subject"]).size().to_dict()
        for role in ("train", "val", "test")
    }
    assert found == {
        "train": {("home", "a"): 4, ("away", "x"): 2},
        "val": {("home", "b"): 3},
        "test": {("away", "c"): 6},
    }


def test_the_models_see_the_first_ppg_channels_and_the_acceleration(
    home: Path, away: Path, splits: Path
) -> None:
    train = read_study_windows([home, away], splits, inputs()).train
    first, second = read_windows(home), read_windows(away)
    of_a, of_x = first.index["subject"] == "a", second.index["subject"] == "x"
    expected = np.concatenate([first.signal[of_a][:, [0, 1, 3, 4, 5]], second.signal[of_x]])
    assert train.channels == ("ppg_1", "ppg_2", "acc_x", "acc_y", "acc_z")
    assert train.rate_hz == 25
    np.testing.assert_array_equal(train.signal, expected)


@pytest.mark.parametrize(
    ("ppg_channels", "acc_channels", "expected"),
    [
        (1, 0, ("ppg_1",)),
        (2, 3, ("ppg_1", "ppg_2", "acc_x", "acc_y", "acc_z")),
    ],
)
def test_input_channels_are_ppg_first(
    ppg_channels: int, acc_channels: int, expected: tuple[str, ...]
) -> None:
    assert input_channels(inputs(ppg_channels, acc_channels)) == expected


def test_a_dataset_that_lacks_a_channel_is_refused(home: Path, away: Path, splits: Path) -> None:
    with pytest.raises(PpgkdError, match=r"\['ppg_3'\] are not among"):
        read_study_windows([home, away], splits, inputs(ppg_channels=3))


def test_a_study_without_extra_roles_transfers_on_the_training_windows(
    home: Path, away: Path, splits: Path
) -> None:
    study = read_study_windows([home, away], splits, inputs())
    assert study.pretrain is None
    assert study.unlabelled is None
    assert study.pretraining is None
    assert study.transfer is study.train


def test_unlabelled_windows_are_transferred_without_their_reference(
    home: Path, away: Path, splits: Path
) -> None:
    splits.write_text(splits.read_text() + "home,x,unlabelled\n")
    study = read_study_windows([home, away], splits, inputs())
    assert study.unlabelled is not None
    n_train = len(study.train)
    assert list(study.transfer.index["subject"]) == [*study.train.index["subject"], *["x"] * 5]
    np.testing.assert_array_equal(study.transfer.index["hr_bpm"], [80] * n_train + [np.nan] * 5)
    assert study.transfer.index["hr_bpm"].dtype == np.float32
    np.testing.assert_array_equal(study.transfer.signal[n_train:], study.unlabelled.signal)


def test_windows_to_pretrain_on_come_before_those_to_train_on(
    home: Path, away: Path, splits: Path
) -> None:
    splits.write_text(splits.read_text() + "home,x,pretrain\n")
    study = read_study_windows([home, away], splits, inputs())
    assert study.pretraining is not None
    assert list(study.pretraining.index["subject"]) == ["x"] * 5 + [*study.train.index["subject"]]
    assert (study.pretraining.index["hr_bpm"] == 80).all()
    assert study.transfer is study.train


@pytest.mark.parametrize("role", ["pretrain", "unlabelled"])
def test_in_an_extra_role_a_dataset_repeats_the_channels_that_it_lacks(
    role: str, home: Path, away: Path, splits: Path
) -> None:
    splits.write_text(
        f"dataset,subject,role\nhome,a,train\nhome,b,val\nhome,x,test\naway,c,{role}\n"
    )
    study = read_study_windows([home, away], splits, inputs(ppg_channels=3))
    filled = getattr(study, role)
    published = read_windows(away)
    of_c = published.signal[published.index["subject"] == "c"]
    assert filled.channels == study.train.channels
    np.testing.assert_array_equal(filled.signal, of_c[:, [0, 1, 0, 2, 3, 4]])


def test_a_role_without_windows_is_refused(home: Path, splits: Path) -> None:
    with pytest.raises(PpgkdError, match="No windows are left for role 'test'") as caught:
        read_study_windows([home], splits, inputs())
    assert str(splits) in str(caught.value)


def test_a_truncated_windows_file_is_refused(home: Path, away: Path, splits: Path) -> None:
    away.write_bytes(away.read_bytes()[:1_000])
    with pytest.raises(PpgkdError, match="cannot be read") as caught:
        read_study_windows([home, away], splits, inputs())
    assert str(away) in str(caught.value)


def test_a_written_split_comes_back(home: Path, tmp_path: Path) -> None:
    table = split_subjects({"home": subjects_with_windows(home)}, {"home": FRACTIONS}, seed=0)
    path = tmp_path / "splits.csv"
    table.to_csv(path, index=False)
    study = read_study_windows([home], path, inputs())
    for role in FRACTIONS:
        expected = set(table.loc[table["role"] == role, "subject"])
        assert set(getattr(study, role).index["subject"]) == expected


# One dataset left out


TURNS: dict[str, dict[str, object]] = {
    "walks": {"train": 0.75, "val": 0.25, "test": 1},
    "runs": {"train": 0.5, "val": 0.5, "test": 1, "exclude": ["r1"]},
    "simulated": {"train": 1},
}


@pytest.mark.parametrize(("fold", "left_out"), [(0, "walks"), (1, "runs")])
def test_a_fold_tests_all_of_one_dataset_and_learns_from_the_others(
    fold: int, left_out: str
) -> None:
    subjects = {"walks": names(8), "runs": ["r1", "r2", "r3"], "simulated": ["sim-01"]}
    table = split_subjects(subjects, leave_one_dataset_out(TURNS, fold), seed=0)
    tested = table[table["role"] == "test"]
    assert set(tested["dataset"]) == {left_out}
    assert set(tested["subject"]) == set(subjects[left_out]) - {"r1"}
    others = table[table["dataset"] != left_out]
    assert set(others["role"]) == {"train", "val"}
    assert "simulated" in set(others["dataset"])


def test_after_leaving_out_datasets_in_turn_all_of_them_teach() -> None:
    subjects = {"walks": names(8), "runs": ["r1", "r2", "r3"], "simulated": ["sim-01"]}
    final = leave_nobody_out(TURNS, by_dataset=True)
    table = split_subjects(subjects, final, seed=0, required=("train", "val"))
    counts = table.groupby("dataset")["role"].value_counts()
    assert counts.to_dict() == {
        ("walks", "train"): 6,
        ("walks", "val"): 2,
        ("runs", "train"): 1,
        ("runs", "val"): 1,
        ("simulated", "train"): 1,
    }


def test_after_the_folds_by_subject_the_test_subjects_train() -> None:
    fractions: dict[str, dict[str, object]] = {
        "walks": {"train": 0.6, "val": 0.2, "test": 0.2},
        "listed": {"train": ["a"], "val": ["b"], "test": ["c"]},
        "judged": {"test": 1},
    }
    subjects = {"walks": names(10), "listed": ["a", "b", "c"], "judged": ["d"]}
    final = leave_nobody_out(fractions, by_dataset=False)
    table = split_subjects(subjects, final, seed=0, required=("train", "val"))
    counts = table[table["dataset"] == "walks"]["role"].value_counts()
    assert counts.to_dict() == {"train": 8, "val": 2}
    role_of = table.set_index("subject")["role"]
    assert role_of[["a", "b", "c"]].tolist() == ["train", "val", "train"]
    assert "d" not in role_of, "a dataset that only tests does not teach"
