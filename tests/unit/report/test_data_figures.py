"""The figures of the data: what their axes and bars say."""

import numpy as np
import pandas as pd
import pytest
from tests.unit.recording_summaries import recording_summaries

from ppgkd.report.data_figures import difficulty, heart_rates

TITLES = {"one": "First dataset", "two": "Second dataset"}


@pytest.fixture
def recordings() -> pd.DataFrame:
    one = recording_summaries("one", 2, windows_hr_70=10, windows_hr_150=30)
    return pd.concat([one, recording_summaries("two", 3)], ignore_index=True)


def test_every_dataset_has_its_histogram_of_shares(recordings: pd.DataFrame) -> None:
    axes = heart_rates(recordings, TITLES).axes
    assert [ax.get_title("left") for ax in axes] == ["First dataset", "Second dataset"]
    heights = [{bar.get_center()[0]: bar.get_height() for bar in ax.patches} for ax in axes]
    assert {at: share for at, share in heights[0].items() if share} == {75: 0.25, 155: 0.75}
    assert {at: share for at, share in heights[1].items() if share} == {75: 1.0}


def test_how_many_windows_are_of_high_heart_rates_is_said(recordings: pd.DataFrame) -> None:
    said = [ax.get_title("right") for ax in heart_rates(recordings, TITLES).axes]
    assert said == [
        "150 BPM and above: 75.0% of 80 windows",
        "150 BPM and above: 0.0% of 120 windows",
    ]


def test_every_recording_is_a_point_of_its_dataset(recordings: pd.DataFrame) -> None:
    left, right = difficulty(recordings, TITLES).axes
    points = {line.get_label(): line.get_xydata() for line in left.lines}
    assert {name: len(at) for name, at in points.items()} == {
        "First dataset": 2,
        "Second dataset": 3,
    }
    assert np.unique(points["First dataset"], axis=0).tolist() == [[0.5, 11.5]]
    assert np.unique(right.lines[1].get_xydata(), axis=0).tolist() == [[0.65, 11.5]]


def test_without_an_accelerometer_it_says_so() -> None:
    left, _ = difficulty(recording_summaries("one", motion_g=np.nan), TITLES).axes
    assert [text.get_text() for text in left.texts] == ["no accelerometer"]


def test_a_dataset_without_windows_is_drawn_as_empty() -> None:
    (ax,) = heart_rates(recording_summaries("one", 1, kept=0, windows_hr_70=0), TITLES).axes
    assert all(bar.get_height() == 0 for bar in ax.patches)
