"""A recording refuses shapes that contradict each other."""

import numpy as np
import pytest

from ppgkd.datasets.recording import Recording
from ppgkd.errors import PpgkdError


def make_recording(
    n_rows: int = 2,
    n_times: int = 3,
    n_references: int = 3,
    activity: tuple[str, ...] | None = None,
) -> Recording:
    return Recording(
        name="BAMI1_1",
        subject="bami1-01",
        rate_hz=50.0,
        channels=("ppg_1", "acc_x"),
        signal=np.zeros((n_rows, 600), np.float32),
        reference_time_s=np.arange(n_times, dtype=np.float64),
        reference_bpm=np.full(n_references, 70, np.float32),
        activity=None if activity is None else np.array(activity),
    )


def test_matching_shapes_are_taken() -> None:
    assert make_recording().signal.shape == (2, 600)


def test_a_signal_without_a_row_per_channel_is_refused() -> None:
    with pytest.raises(PpgkdError, match=r"BAMI1_1: .*\(3, 600\), expected \(2, n_samples\)"):
        make_recording(n_rows=3)


def test_references_without_a_time_each_are_refused() -> None:
    with pytest.raises(PpgkdError, match=r"BAMI1_1: .*\(4,\) and reference_bpm \(3,\)"):
        make_recording(n_times=4)


def test_an_activity_for_each_reference_is_taken() -> None:
    activity = make_recording(activity=("rest", "walk", "unknown")).activity
    assert activity is not None
    assert list(activity) == ["rest", "walk", "unknown"]


def test_activities_without_a_reference_each_are_refused() -> None:
    with pytest.raises(PpgkdError, match=r"BAMI1_1: activity has the shape \(2,\) .*\(3,\)"):
        make_recording(activity=("rest", "walk"))


def test_an_activity_that_is_no_word_of_the_vocabulary_is_refused() -> None:
    with pytest.raises(PpgkdError, match=r"\['table soccer'\] are not known; allowed are rest, "):
        make_recording(activity=("rest", "table soccer", "walk"))
