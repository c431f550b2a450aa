"""Subsets of the people who train: nested draws, the same steps, validation and test for all."""

from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from tests.unit.splits.window_files import inputs, write_dataset

from ppgkd.errors import PpgkdError
from ppgkd.splits.people import take_subset
from ppgkd.splits.study_windows import StudyWindows, read_study_windows, training_amount
from ppgkd.study.subset import Subset, parse_subset
from ppgkd.windows.table import WindowsFile

PEOPLE = [f"p{number}" for number in range(12)]
SPLITS = pd.DataFrame(
    {"dataset": "home", "subject": PEOPLE, "role": ["train"] * 8 + ["val"] * 2 + ["test"] * 2}
)


def take(people: int, draw: int = 0, *, unlabelled: bool = False) -> pd.DataFrame:
    return take_subset(SPLITS, Subset(people, draw, unlabelled=unlabelled), seed=0, stride_s=2)


def learners(table: pd.DataFrame) -> set[str]:
    return set(table.loc[table["role"] == "train", "subject"])


@pytest.mark.parametrize("people", range(1, 8))
def test_as_many_people_train_as_are_asked_for(people: int) -> None:
    assert len(learners(take(people))) == people


@pytest.mark.parametrize("draw", range(4))
def test_in_one_draw_fewer_people_are_some_of_the_more(draw: int) -> None:
    drawn = [learners(take(people, draw)) for people in range(1, 8)]
    assert all(fewer < more for fewer, more in pairwise(drawn))


def test_draws_differ_and_can_be_repeated() -> None:
    drawn = [frozenset(learners(take(4, draw))) for draw in range(6)]
    assert len(set(drawn)) > 3
    assert drawn == [frozenset(learners(take(4, draw))) for draw in range(6)]


@pytest.mark.parametrize(("unlabelled", "others"), [(False, "left_out"), (True, "unlabelled")])
def test_validation_and_test_stay_as_they_are(unlabelled: bool, others: str) -> None:
    table = take(3, unlabelled=unlabelled)
    kept = SPLITS["role"] != "train"
    pd.testing.assert_series_equal(table.loc[kept, "role"], SPLITS.loc[kept, "role"])
    assert set(table.loc[~kept, "role"]) == {"train", others}


@pytest.mark.parametrize("people", [8, 9, 100])
def test_more_people_than_there_are_besides_all_are_refused(people: int) -> None:
    with pytest.raises(PpgkdError, match=f"asks for {people} people, but .* 8 .* below 8"):
        take(people)


def test_people_of_other_datasets_train_in_every_draw() -> None:
    public = pd.DataFrame({"dataset": "public", "subject": ["q1", "q2"], "role": "train"})
    table = take_subset(
        pd.concat([SPLITS, public]), Subset(3), seed=0, stride_s=2, datasets=["home"]
    )
    assert {"q1", "q2"} < learners(table)
    assert len(learners(table)) == 5


def test_a_person_of_two_datasets_is_one_person() -> None:
    again = SPLITS[SPLITS["role"] == "train"].assign(dataset="away")
    for draw in range(5):
        table = take_subset(pd.concat([SPLITS, again]), Subset(3, draw), seed=0, stride_s=2)
        roles = table[table["full_role"] == "train"].groupby("subject")["role"].nunique()
        assert (roles == 1).all()
        assert len(learners(table)) == 3


def test_who_is_drawn_from_one_dataset_is_left_out_of_the_others_too() -> None:
    again = SPLITS[SPLITS["role"] == "train"].assign(dataset="away")
    both = pd.concat([SPLITS, again])
    table = take_subset(both, Subset(2), seed=0, stride_s=2, datasets=["home"])
    assert len(learners(table)) == 2


@pytest.mark.parametrize(
    "subset", [Subset(4, 1), Subset(16), Subset(minutes=5), Subset(2, 3, unlabelled=True)]
)
def test_a_subset_is_found_by_its_name(subset: Subset) -> None:
    assert parse_subset(subset.name) == subset


# The windows of a subset


N_WINDOWS = {"a": 40, "b": 20, "c": 60, "v": 10, "t": 12}
ROLES = {"a": "train", "b": "train", "c": "train", "v": "val", "t": "test"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return write_dataset(tmp_path / "home.parquet", 2, N_WINDOWS, seed=0)


def read(home: Path, subset: Subset) -> StudyWindows:
    splits = pd.DataFrame({"dataset": "home", "subject": [*ROLES], "role": [*ROLES.values()]})
    path = home.with_name("splits.csv")
    take_subset(splits, subset, seed=0, stride_s=2).to_csv(path, index=False)
    return read_study_windows([home], path, inputs())


@pytest.mark.parametrize("people", [1, 2])
def test_what_all_people_have_is_counted(home: Path, people: int) -> None:
    windows = read(home, Subset(people))
    assert (windows.n_train_of_all, windows.n_transfer_of_all) == (120, 120)
    assert len(windows.transfer) == len(windows.train) < 120


def test_the_others_are_seen_without_their_reference(home: Path) -> None:
    windows = read(home, Subset(1, unlabelled=True))
    assert (windows.n_train_of_all, windows.n_transfer_of_all) == (120, 120)
    assert len(windows.transfer) == 120
    assert windows.transfer.index["hr_bpm"].isna().sum() == 120 - len(windows.train)


def test_with_all_people_there_is_nothing_to_count(home: Path) -> None:
    splits = pd.DataFrame({"dataset": "home", "subject": [*ROLES], "role": [*ROLES.values()]})
    path = home.with_name("splits.csv")
    splits.to_csv(path, index=False)
    windows = read_study_windows([home], path, inputs())
    assert windows.n_train_of_all is windows.n_transfer_of_all is None


def test_minutes_are_the_first_windows_of_each_person_who_trains(home: Path) -> None:
    windows = read(home, Subset(minutes=1))  # 30 windows, one every 2 s
    index = windows.train.index
    assert index.groupby("subject").size().to_dict() == {"a": 30, "b": 20, "c": 30}
    assert index.groupby("subject")["window"].max().max() == 29
    assert (len(windows.val), len(windows.test)) == (10, 12)
    assert windows.n_train_of_all == 120
    assert training_amount([WindowsFile(home)], home.with_name("splits.csv")) == (3, 80)
