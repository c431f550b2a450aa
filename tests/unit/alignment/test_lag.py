"""References that are early or late by a known time: what is estimated, flagged and corrected.

A reference that is late by L says at time t what the heart rate was at t - L.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from ppgkd.alignment.lag import estimate_lags, without_gross_errors
from ppgkd.datasets.recording import Recording
from ppgkd.windows.preprocessing import WindowSpec
from ppgkd.windows.segmentation import segment_recording
from ppgkd.windows.write import write_windows

Curve = Callable[[NDArray[np.float64]], NDArray[np.float64]]
SPEC = WindowSpec(length_s=8, stride_s=2, rate_hz=25, low_hz=0.4, high_hz=8)
COLUMNS = [
    *("dataset", "recording", "subject", "role", "n_windows", "lag_s", "mae_bpm"),
    *("mae_at_lag_bpm", "lower_s", "upper_s", "z", "flagged", "note"),
]


def treadmill(time_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Heart rate of a walk and a run between rests, in BPM; a change takes half a minute."""
    changes = [(60, 30), (160, 40), (260, -25), (330, -35)]
    return 70 + sum(step / (1 + np.exp(-(time_s - at) / 8)) for at, step in changes)


def predicted(
    late_s: float = 0.0,
    *,
    curve: Curve = treadmill,
    name: str = "walk",
    dataset: str = "walks",
    n_windows: int = 200,
    noise_bpm: float = 1.0,
    bias_bpm: float = 0.0,
    seed: int = 0,
) -> pd.DataFrame:
    """Estimates that are right in time, beside a reference that is not."""
    rng = np.random.default_rng(seed)
    start_s = 2.0 * np.arange(n_windows)
    return pd.DataFrame(
        {
            "dataset": dataset,
            "subject": f"subject of {name}",
            "recording": name,
            "role": "train",
            "window": np.arange(n_windows),
            "start_s": start_s,
            "hr_bpm": curve(start_s - late_s) + rng.normal(0, noise_bpm, n_windows),
            "pred_bpm": curve(start_s) + bias_bpm + rng.normal(0, noise_bpm, n_windows),
        }
    )


def several(
    lates_s: Sequence[float], dataset: str = "walks", noise_bpm: float = 1.0
) -> pd.DataFrame:
    """Recordings ``0``, ``1``, ... of a dataset, each late by its own time."""
    return pd.concat(
        predicted(late_s, name=str(number), dataset=dataset, noise_bpm=noise_bpm, seed=number)
        for number, late_s in enumerate(lates_s)
    )


def only(predictions: pd.DataFrame) -> pd.Series:
    (_, row), *more = estimate_lags(predictions).iterrows()
    assert not more
    return row


def flagged(predictions: pd.DataFrame) -> list[str]:
    table = estimate_lags(predictions)
    return [*table.loc[table["flagged"], "recording"]]


# The lag


def test_the_table_has_one_row_per_recording() -> None:
    table = estimate_lags(pd.concat([predicted(name="walk"), predicted(name="run")]))
    assert sorted(table) == sorted(COLUMNS)
    assert table[["dataset", "recording", "subject", "role"]].to_numpy().tolist() == [
        ["walks", "walk", "subject of walk", "train"],
        ["walks", "run", "subject of run", "train"],
    ]


@pytest.mark.parametrize("late_s", [-15.0, -7.5, -1.0, 0.0, 2.5, 6.0, 15.0])
def test_a_late_reference_has_a_positive_lag_and_an_early_one_a_negative(late_s: float) -> None:
    row = only(predicted(late_s))
    assert row["lag_s"] == pytest.approx(late_s, abs=1.0)
    assert row["lower_s"] <= row["lag_s"] <= row["upper_s"]


def test_without_noise_the_lag_is_exact_at_whole_and_at_half_strides() -> None:
    for late_s in (-3.0, -2.0, -0.5, 0.0, 0.5, 1.0, 2.0):
        assert only(predicted(late_s, noise_bpm=0.0))["lag_s"] == late_s


def test_a_noisy_reference_does_not_prefer_lags_between_its_values() -> None:
    # the mean of two values has half their variance, at every odd lag of a stride of 2 s
    lags_s = [only(predicted(0.0, noise_bpm=2.0, seed=seed))["lag_s"] for seed in range(20)]
    assert np.abs(np.median(lags_s)) <= 0.5
    assert np.mean(np.abs(lags_s)) < 1.0


def test_gross_errors_of_the_estimates_do_not_move_the_lag() -> None:
    # half the rate while it falls: each error would be smaller, the later the reference is taken
    part = predicted(5.0)
    part.loc[part["start_s"].between(240, 360), "pred_bpm"] *= 0.5
    assert only(part)["lag_s"] == pytest.approx(5.0, abs=1.0)


def test_estimates_that_are_off_by_a_constant_do_not_move_the_lag() -> None:
    # of a rate that rises and does not fall: 4 BPM more is as if it rose earlier
    def rise(time_s: NDArray[np.float64]) -> NDArray[np.float64]:
        return 70 + 60 / (1 + np.exp(-(time_s - 200) / 15))

    lags_s = [only(predicted(5.0, curve=rise, bias_bpm=bias))["lag_s"] for bias in (0, 4)]
    assert lags_s == pytest.approx([5.0, 5.0], abs=1.0)


def test_the_errors_are_those_of_the_published_and_of_the_moved_reference() -> None:
    row = only(predicted(8.0, noise_bpm=0.0))
    time_s = 2.0 * np.arange(12, 188)  # 20 s of lags and 4 s of averaging from either end
    published_bpm = np.abs(treadmill(time_s) - treadmill(time_s - 8.0)).mean()
    assert row["mae_bpm"] == pytest.approx(published_bpm, rel=0.02)
    assert row["mae_at_lag_bpm"] < 0.1


def test_the_interval_holds_the_lag_as_often_as_it_says() -> None:
    # errors that last: a moving mean over 10 windows
    held = []
    for seed in range(60):
        part = predicted(3.0, noise_bpm=0.0)
        white = np.random.default_rng(seed).normal(0, 4, len(part) + 9)
        part["pred_bpm"] += np.convolve(white, np.ones(10) / 10, "valid")
        row = only(part)
        held.append(row["lower_s"] <= 3.0 <= row["upper_s"])
    # of 60 intervals that hold with 95 %, fewer than 52 do so in 3 of 1,000 cases
    assert sum(held) >= 52


# What cannot be told


@pytest.mark.parametrize("noise_bpm", [0.0, 1.0])
def test_a_constant_heart_rate_tells_no_lag(noise_bpm: float) -> None:
    row = only(predicted(8.0, curve=lambda t: np.full(t.shape, 71.3), noise_bpm=noise_bpm))
    assert np.isnan(row["lag_s"])
    assert np.isnan(row["mae_at_lag_bpm"])
    assert row["note"] == "not identified: the heart rate changes too little to tell the lag"
    assert not row["flagged"]


def test_a_heart_rate_that_only_rises_tells_no_lag_apart_from_a_constant_error() -> None:
    row = only(predicted(0.0, curve=lambda t: 70 + 0.1 * t, bias_bpm=1.0))
    assert np.isnan(row["lag_s"])
    assert "changes too little" in row["note"]


def test_a_lag_beyond_those_searched_is_not_told() -> None:
    row = only(predicted(40.0))
    assert np.isnan(row["lag_s"])
    assert row["note"] == "not identified: no lag within 20 s fits best"


def test_a_window_is_judged_if_at_no_lag_a_dropped_one_stands_for_its_reference() -> None:
    # starts 0 to 398 s: averaged from 4 to 394, so 24 to 374 has one at 20 s to both sides
    whole = predicted(2.0)
    assert only(whole)["n_windows"] == 176
    # without the one at 200 s: up to 174, and from 226
    assert only(whole[whole["window"] != 100])["n_windows"] == 76 + 75


def test_a_short_recording_tells_no_lag() -> None:
    row = only(predicted(8.0, n_windows=83))
    assert row["n_windows"] == 59
    assert np.isnan(row["lag_s"])
    assert row["note"] == "not identified: fewer than 60 windows with a reference at all lags"


def test_a_recording_shorter_than_the_averaging_is_no_error() -> None:
    assert only(predicted(n_windows=3))["n_windows"] == 0


# What is flagged


def test_a_shifted_reference_among_others_is_flagged() -> None:
    assert flagged(several([0, 0.5, -0.5, 0, 8, 0.5, 0, -8])) == ["4", "7"]


def test_references_that_are_all_late_alike_are_not_flagged() -> None:
    table = estimate_lags(several([4, 4, 4, 4, 4]))
    np.testing.assert_allclose(table["lag_s"], 4, atol=1)
    assert not table["flagged"].any()


def test_a_lag_below_one_published_value_is_not_flagged() -> None:
    # far from the others, and known to be late
    table = estimate_lags(several([5, 5, 5, 1, 5, 5], noise_bpm=0.1))
    assert table["lag_s"][3] == 1
    assert table["lower_s"][3] > 0
    assert abs(table["z"][3]) > 3.5
    assert not table["flagged"].any()


def test_a_lag_that_might_be_none_is_not_flagged() -> None:
    # a recording of three minutes with one change of the heart rate
    def rise(time_s: NDArray[np.float64]) -> NDArray[np.float64]:
        return 70 + 20 / (1 + np.exp(-(time_s - 100) / 8))

    unsure = predicted(4.0, curve=rise, name="unsure", n_windows=95, seed=3)
    row = estimate_lags(pd.concat([several([0, 0, 0, 0], noise_bpm=0.1), unsure])).iloc[-1]
    assert row["lag_s"] >= 2
    assert row["z"] > 3.5
    assert row["mae_at_lag_bpm"] < 0.9 * row["mae_bpm"]
    assert row["lower_s"] <= 0 < row["upper_s"]
    assert not row["flagged"]


def test_a_lag_at_which_the_error_is_hardly_lower_is_not_flagged() -> None:
    noisy = predicted(4.0, name="noisy", noise_bpm=3.0)
    row = estimate_lags(pd.concat([several([0, 0, 0, 0], noise_bpm=0.1), noisy])).iloc[-1]
    assert row["lag_s"] >= 2
    assert row["z"] > 3.5
    assert row["lower_s"] > 0
    assert row["mae_at_lag_bpm"] > 0.9 * row["mae_bpm"]
    assert not row["flagged"]


def test_others_are_those_of_the_same_dataset() -> None:
    late = several([6, 6, 6, 6, 6], dataset="late")
    assert flagged(pd.concat([late, several([0, 0, 0, 0, 6])])) == ["4"]


def test_z_is_the_robust_distance_from_the_others() -> None:
    table = estimate_lags(several([-1, 0, 0, 1, 2, 9]))
    others_s = table["lag_s"][:5]
    mad_s = (others_s - others_s.median()).abs().median()
    # 0.6745: the upper quartile of the standard normal distribution
    expected = 0.6745 * (table["lag_s"][5] - others_s.median()) / max(mad_s, 0.6745 * 0.5)
    assert table["z"][5] == pytest.approx(expected)


def test_with_too_few_others_the_own_interval_decides() -> None:
    table = estimate_lags(several([0, 0, 8]))
    assert table["lag_s"][2] == pytest.approx(8, abs=1)
    assert table["flagged"].tolist() == [False, False, True]
    assert set(table["note"]) == {"fewer than 3 other recordings to compare with"}


def test_a_recording_without_a_lag_is_no_other() -> None:
    still = predicted(curve=lambda t: np.full(t.shape, 70.0), name="still")
    table = estimate_lags(pd.concat([several([0, 0, 8]), still]))
    assert table["z"].isna().all()


# What a study makes of it


def walk(late_s: float, name: str = "walk") -> Recording:
    """Make a recording of 400 s, whose reference is late."""
    time_s = 4 + 2.0 * np.arange(197)
    return Recording(
        name=name,
        subject=f"subject of {name}",
        rate_hz=25.0,
        channels=("ppg_1",),
        signal=np.sin(2 * np.pi * 1.2 * np.arange(10_000) / 25)[None].astype(np.float32),
        reference_time_s=time_s,
        reference_bpm=treadmill(time_s - late_s).astype(np.float32),
    )


def predicted_from(index: pd.DataFrame) -> pd.DataFrame:
    truth_bpm = treadmill(index["start_s"].to_numpy() + 4)
    return index.assign(dataset="walks", role="train", pred_bpm=truth_bpm)


@pytest.mark.parametrize("late_s", [-7.5, 6.0, 8.0])
def test_a_reference_that_is_moved_by_the_estimated_lag_has_none_left(late_s: float) -> None:
    index, _, _ = segment_recording(walk(late_s), SPEC)
    lag_s = only(predicted_from(index))["lag_s"]
    assert lag_s == late_s
    index, _, _ = segment_recording(walk(late_s), SPEC, reference_lag_s=lag_s)
    assert only(predicted_from(index))["lag_s"] == 0.0
    np.testing.assert_allclose(index["hr_bpm"], treadmill(index["start_s"] + 4), atol=0.2)


@pytest.mark.parametrize(
    ("lag_s", "kept"),
    [
        (6.0, range(194)),  # the last three references are of windows that there are not
        (-6.0, range(3, 197)),
        (7.5, range(193)),  # 3.75 windows: a part of one is none
        (-7.5, range(4, 197)),
    ],
)
def test_a_moved_reference_leaves_the_windows_where_they_are_and_drops_those_without_one(
    lag_s: float, kept: range
) -> None:
    as_published, signal, _ = segment_recording(walk(0.0), SPEC)
    index, moved, dropped = segment_recording(walk(0.0), SPEC, reference_lag_s=lag_s)
    assert list(index["window"]) == list(kept)
    np.testing.assert_array_equal(index["start_s"], as_published["start_s"][list(kept)])
    np.testing.assert_array_equal(moved, signal[kept])
    assert dropped["no_reference"] == 197 - len(kept) == sum(dropped.values())


def test_a_moved_reference_is_said_in_the_table_and_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "walks.parquet"
    recordings = [walk(0.0, "first"), walk(6.0, "late")]
    counts = write_windows(recordings, "walks", SPEC, path, {"late": 6.0})
    assert counts["reference_lag_s"].to_list() == [0.0, 6.0]
    assert counts["no_reference"].to_list() == [0, 3]
    about = json.loads(pq.read_schema(path).metadata[b"ppgkd"])
    assert about["reference_lag_s"] == {"late": 6.0}


def test_without_a_moved_reference_the_file_is_what_it_was(tmp_path: Path) -> None:
    counts = write_windows([walk(0.0)], "walks", SPEC, tmp_path / "before.parquet")
    again = write_windows([walk(0.0)], "walks", SPEC, tmp_path / "none.parquet", {})
    pd.testing.assert_frame_equal(counts, again)
    assert "reference_lag_s" not in counts
    before, none = ((tmp_path / f"{name}.parquet").read_bytes() for name in ("before", "none"))
    assert before == none


# Estimators that learn nothing


def test_estimates_that_are_right_at_no_lag_are_taken_out() -> None:
    table = predicted(noise_bpm=0.0, curve=lambda time_s: 70 + time_s / 2).reset_index(drop=True)
    # 20 s away the reference is 10 BPM away, and 10 BPM more are no gross error
    off_bpm = np.array([19.9, -19.9, 20.1, -20.1, 60.0])
    table.loc[100:104, "pred_bpm"] = table.loc[100:104, "hr_bpm"] + off_bpm
    found = without_gross_errors(table)
    assert np.flatnonzero(found["pred_bpm"].isna()).tolist() == [102, 103, 104]
    pd.testing.assert_frame_equal(found.dropna(), table.drop(index=[102, 103, 104]))


def test_one_recordings_reference_does_not_speak_for_anothers_estimates() -> None:
    low = predicted(noise_bpm=0.0, name="low", curve=lambda time_s: 60 + 0 * time_s)
    high = predicted(noise_bpm=0.0, name="high", curve=lambda time_s: 160 + 0 * time_s)
    high["pred_bpm"] = 60.0
    found = without_gross_errors(pd.concat([high, low], ignore_index=True))
    assert found.groupby("recording")["pred_bpm"].count().to_dict() == {"high": 0, "low": 200}


def test_a_shift_stands_out_although_most_estimates_follow_the_steps() -> None:
    rng = np.random.default_rng(0)
    table = several([0.5, 1.0, 0.0, 0.5, 7.0]).reset_index(drop=True)
    wrong = rng.random(len(table)) < 0.6
    table.loc[wrong, "pred_bpm"] = 170.0
    assert flagged(table) == []
    assert flagged(without_gross_errors(table)) == ["4"]
