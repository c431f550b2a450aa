"""Which PPG channels a study takes of a recording."""

import numpy as np
import pytest

from ppgkd.datasets.ppg_channels import is_first_channel, name_without_channel, select_ppg
from ppgkd.datasets.recording import Recording


@pytest.fixture
def recording() -> Recording:
    signal = np.array([[1.0, 2], [3, 6], [8, np.nan], [0, 0], [0, 0], [1, 1]], np.float32)
    return Recording(
        name="walk",
        subject="ada",
        rate_hz=50.0,
        channels=("ppg_1", "ppg_2", "ppg_3", "acc_x", "acc_y", "acc_z"),
        signal=signal,
        reference_time_s=np.array([4.0]),
        reference_bpm=np.array([70], np.float32),
    )


def test_nothing_asked_leaves_all_channels(recording: Recording) -> None:
    assert list(select_ppg([recording], None)) == [recording]


def test_channels_are_chosen_and_put_in_order(recording: Recording) -> None:
    (taken,) = select_ppg([recording], ["ppg_3", "ppg_1"])
    assert taken.channels == ("ppg_1", "ppg_2", "acc_x", "acc_y", "acc_z")
    np.testing.assert_array_equal(taken.signal, recording.signal[[2, 0, 3, 4, 5]])
    assert taken.name == "walk"


def test_the_average_is_the_mean_of_the_samples_and_missing_where_one_is(
    recording: Recording,
) -> None:
    (taken,) = select_ppg([recording], "average")
    assert taken.channels == ("ppg_1", "acc_x", "acc_y", "acc_z")
    np.testing.assert_array_equal(taken.signal[0], [4, np.nan])
    np.testing.assert_array_equal(taken.signal[1:], recording.signal[3:])


def test_each_channel_is_a_name_without_channel_its_own(recording: Recording) -> None:
    taken = list(select_ppg([recording], "each"))
    assert [one.name for one in taken] == ["walk", "walk@ppg_2", "walk@ppg_3"]
    for place, one in enumerate(taken):
        assert one.channels == ("ppg_1", "acc_x", "acc_y", "acc_z")
        np.testing.assert_array_equal(one.signal[0], recording.signal[place])
        assert one.subject == "ada"
        assert name_without_channel(one.name) == "walk"
        assert is_first_channel(one.name) == (place == 0)
