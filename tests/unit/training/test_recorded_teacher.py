"""A recorded teacher on the windows of a study: which estimate belongs to which window."""

import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.unit.conftest import tone_windows

from ppgkd.distill.teacher_estimates import EstimatesAbout, TeacherEstimates, write_estimates
from ppgkd.errors import PpgkdError
from ppgkd.models.capacity import InputShape
from ppgkd.runtime.artifacts import read_json
from ppgkd.splits.study_windows import StudyWindows
from ppgkd.training.recorded_teacher import (
    RecordedTeacher,
    evaluate_recorded,
    read_recorded_teacher,
)
from ppgkd.windows.read import Windows

INPUTS = InputShape(ppg_channels=1, acc_channels=0, n_samples=200, rate_hz=25.0)
ABOUT = EstimatesAbout(made_by="mine", version="2", licence="MIT", citation="me", params=5)


def certain(bpm: list[int]) -> np.ndarray:
    return np.eye(180, dtype=np.float32)[np.array(bpm, int) - 30]


def says(
    recording: list[str], time_s: list[float], bpm: list[int], about: EstimatesAbout = ABOUT
) -> TeacherEstimates:
    return TeacherEstimates(np.array(recording, object), np.array(time_s), certain(bpm), about)


def teacher(estimates: TeacherEstimates, max_sd_bpm: float | None = None) -> RecordedTeacher:
    return RecordedTeacher({"tones": estimates}, "a digest", max_sd_bpm)


def windows(n: int, subjects: tuple[str, ...] = ("ada",)) -> Windows:
    """Windows of 8 s that start at 0, 2, 4, ... s: their centres are at 4, 6, 8, ... s."""
    return tone_windows([60.0] * n * len(subjects), INPUTS, subjects)


def said_bpm(probabilities: np.ndarray) -> list[float]:
    bpm = np.where(np.isnan(probabilities[:, 0]), np.nan, 30.0 + probabilities.argmax(axis=1))
    return bpm.tolist()


def test_a_window_takes_the_estimate_of_its_centre_in_whatever_order_they_are() -> None:
    order = [2, 0, 3, 1]
    time_s, bpm = np.array([4.0, 6.0, 8.0, 10.0])[order], np.array([70, 80, 90, 100])[order]
    found = teacher(says(["ada-1"] * 4, time_s.tolist(), bpm.tolist())).probabilities_of(windows(4))
    assert said_bpm(found) == [70, 80, 90, 100]


def test_the_nearest_estimate_counts_if_it_is_at_most_a_second_away() -> None:
    estimates = says(["ada-1"] * 4, [2.9, 5.2, 9.0, 11.1], [70, 80, 90, 100])
    # centres at 4, 6, 8, 10 and 12 s
    found = said_bpm(teacher(estimates).probabilities_of(windows(5)))
    np.testing.assert_equal(found, [np.nan, 80, 90, 90, 100])


def test_recordings_are_kept_apart_and_those_of_other_datasets_too() -> None:
    two = windows(2, ("ada", "bo"))
    estimates = says(["bo-1", "ada-1"], [4.0, 6.0], [70, 80])
    np.testing.assert_equal(
        said_bpm(teacher(estimates).probabilities_of(two)), [np.nan, 70, 80, np.nan]
    )
    elsewhere = RecordedTeacher({"others": estimates}, "a digest")
    assert np.isnan(elsewhere.probabilities_of(two)).all()


def test_an_estimate_belongs_to_every_channel_of_its_recording() -> None:
    each = windows(2)
    each.index["recording"] = ["ada-1", "ada-1@ppg_2"]
    each.index["start_s"] = [0.0, 0.0]
    assert said_bpm(teacher(says(["ada-1"], [4.0], [70])).probabilities_of(each)) == [70, 70]


def test_windows_with_a_small_spread_teach() -> None:
    some = windows(4)
    some.index["hr_bpm"] = np.float32("nan")
    spread = np.ones((4, 180), np.float32) / 180
    for row, share in enumerate([0.9, 0.1, 0.5, 0.7]):
        spread[row] = (1 - share) * spread[row] + share * certain([70])
    estimates = TeacherEstimates(
        np.array(["ada-1"] * 4, object), np.array([4.0, 6.0, 8.0, 10.0]), spread, ABOUT
    )
    # the spreads are 22, 51, 44 and 36 BPM
    taught = ~np.isnan(teacher(estimates, max_sd_bpm=40).teaching_of(some)[:, 0])
    assert taught.tolist() == [True, False, False, True]
    # evaluated it is on all of them
    assert not np.isnan(teacher(estimates, max_sd_bpm=40).probabilities_of(some)).any()
    with pytest.raises(PpgkdError, match="as sure as 'max_sd_bpm: 10': the smallest of its 4"):
        teacher(estimates, max_sd_bpm=10).teaching_of(some)


def test_where_the_reference_contradicts_it_the_teacher_does_not_teach() -> None:
    some = windows(3)
    some.index["hr_bpm"] = np.array([79.0, 81.0, np.nan], np.float32)
    estimates = says(["ada-1"] * 3, [4.0, 6.0, 8.0], [70, 70, 70])
    assert said_bpm(teacher(estimates).teaching_of(some)) == pytest.approx(
        [70, np.nan, 70], nan_ok=True
    )


def test_windows_without_an_estimate_are_counted_by_recording(
    caplog: pytest.LogCaptureFixture,
) -> None:
    two = windows(4, ("ada", "bo"))
    estimates = says(["ada-1"] * 2 + ["bo-1"] * 4, [4, 6, 4, 6, 8, 10], [70] * 6)
    with caplog.at_level(logging.INFO, "ppgkd"):
        teacher(estimates).teaching_of(two)
    assert caplog.messages == [
        "tones, recording ada-1: an estimate for 2 of 4 windows; the others are left out",
        "tones: the teacher says something of 6 windows and teaches on 6",
    ]


def test_a_teacher_that_says_nothing_of_what_students_learn_on_is_refused() -> None:
    with pytest.raises(PpgkdError, match="of none of the 4 windows"):
        teacher(says(["cy-1"], [4.0], [70])).teaching_of(windows(4))


def test_it_is_evaluated_on_the_windows_that_it_says_something_of(tmp_path: Path) -> None:
    study = StudyWindows(train=windows(1), val=windows(2), test=windows(4))
    estimates = says(["ada-1"] * 2, [8.0, 10.0], [63, 61])
    evaluate_recorded(teacher(estimates), study, tmp_path, seed=3)
    metrics = read_json(tmp_path / "metrics.json")
    assert metrics["mae_bpm"] == 2  # of 3 and 1
    assert (metrics["n_windows"], metrics["test_windows"]) == (2, 4)
    assert (metrics["val_mae_bpm"], metrics["val_covered"], metrics["val_windows"]) == (None, 0, 2)
    assert (metrics["params"], metrics["sha256"], metrics["seed"]) == (5, "a digest", 3)
    assert metrics["estimates"]["tones"]["licence"] == "MIT"
    predictions = pd.read_parquet(tmp_path / "predictions.parquet")
    assert predictions["start_s"].tolist() == [4, 6]
    assert predictions["pred_bpm"].tolist() == [63, 61]


# Whether the estimates belong to the recordings


@pytest.fixture
def counts(tmp_path: Path) -> list[Path]:
    """The table of a dataset's recordings, which last 20 and 10 s."""
    table = pd.DataFrame(
        {
            "dataset": "tones",
            "recording": ["ada-1", "bo-1"],
            "hours": [20 / 3600, 10 / 3600],
            "sha256": ["aa", "bb"],
        }
    )
    table.to_csv(tmp_path / "counts.csv", index=False)
    return [tmp_path / "counts.csv"]


def read(
    estimates: TeacherEstimates, counts: list[Path], max_sd_bpm: float | None = None
) -> RecordedTeacher:
    path = counts[0].with_name("mine.parquet")
    write_estimates(path, estimates)
    return read_recorded_teacher({"tones": path}, counts, max_sd_bpm)


def made_from(**sha256: str) -> EstimatesAbout:
    names = {"ada": "ada-1", "bo": "bo-1"}
    return ABOUT.model_copy(update={"recordings": {names[k]: v for k, v in sha256.items()}})


@pytest.mark.parametrize(("name", "time_s"), [("ada-1", -0.5), ("ada-1", 20.5), ("bo-1", 12.0)])
def test_a_time_outside_of_its_recording_is_refused(
    name: str, time_s: float, counts: list[Path]
) -> None:
    lasts = {"ada-1": 20, "bo-1": 10}[name]
    expected = f"recording '{name}' at {time_s:g} s, and the recording is from 0 to {lasts} s"
    with pytest.raises(PpgkdError, match=expected):
        read(says(["ada-1", "bo-1", name], [4.0, 4.0, time_s], [70] * 3), counts)


def test_times_at_the_very_ends_are_within(counts: list[Path]) -> None:
    read(says(["bo-1", "bo-1"], [0.0, 10.0], [70] * 2, made_from(bo="bb")), counts)


def test_estimates_that_were_made_from_other_files_are_refused(counts: list[Path]) -> None:
    both = ["ada-1", "bo-1"]
    read(says(both, [4.0, 4.0], [70] * 2, made_from(ada="aa", bo="bb")), counts)
    expected = "recording 'bo-1' from those with the SHA-256 cc, the study's have bb .1 of 2"
    with pytest.raises(PpgkdError, match=expected):
        read(says(both, [4.0, 4.0], [70] * 2, made_from(ada="aa", bo="cc")), counts)


def test_what_is_not_checked_is_said(counts: list[Path], caplog: pytest.LogCaptureFixture) -> None:
    names = ["ada-1", "bo-1", "cy-1"]
    read(says(names, [4.0] * 3, [70] * 3, made_from(ada="aa")), counts)
    assert "1 recordings are not in the study: ['cy-1']" in caplog.messages[0]
    assert "which files they were made from, so it is not checked: ['bo-1']" in caplog.messages[1]


def test_estimates_of_other_recordings_alone_are_refused(counts: list[Path]) -> None:
    with pytest.raises(PpgkdError, match=r"they name \['cy-1'\], and the study has \['ada-1'"):
        read(says(["cy-1"], [4.0], [70]), counts)


def test_the_digest_follows_the_file_and_what_is_taken_of_it(counts: list[Path]) -> None:
    first = read(says(["ada-1"], [4.0], [70]), counts).sha256
    assert read(says(["ada-1"], [4.0], [70]), counts).sha256 == first
    assert read(says(["ada-1"], [4.0], [71]), counts).sha256 != first
    assert read(says(["ada-1"], [4.0], [70]), counts, max_sd_bpm=20).sha256 != first
