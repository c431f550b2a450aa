"""Estimates of the stream for a recording in a table, on the recording's own clock."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from ppgkd.errors import PpgkdError
from ppgkd.inference.predict import RecordingPrediction, predict_recording, write_prediction
from ppgkd.inference.stream import estimate_recording

COLUMNS = ["start_s", "end_s", "bpm", "sd_bpm", "valid", "reason", "window_bpm", "window_sd_bpm"]
CHANNELS = ["ppg_1", "ppg_2", "acc_x", "acc_y", "acc_z"]

Samples = NDArray[np.float32]
Predict = Callable[..., RecordingPrediction]


@pytest.fixture(scope="module")
def samples(raw: Callable[..., Samples]) -> Samples:
    """40 s at 50 Hz."""
    windows = raw(np.array([60.0, 75.0, 90.0, 92.0, 150.0]), 50.0)
    return np.concatenate(list(windows), axis=1)


@pytest.fixture
def predict(student_file: Path, tmp_path: Path) -> Predict:
    """Write samples, with other columns, as a table; and estimate it."""

    def make(
        samples: Samples, *, drop: list[int] | None = None, **more: object
    ) -> RecordingPrediction:
        options = {name: more.pop(name) for name in ("online_filter", "max_sd_bpm") if name in more}
        table = pd.DataFrame(samples.T, columns=CHANNELS).assign(**more)
        path = tmp_path / "recording.parquet"
        table.drop(index=drop or []).to_parquet(path, index=False)
        return predict_recording(path, student_file, 50.0, **options)

    return make


@pytest.mark.parametrize("online_filter", [True, False])
def test_the_table_has_the_estimates_of_the_stream(
    predict: Predict, student_file: Path, samples: Samples, online_filter: bool
) -> None:
    found = predict(samples, online_filter=online_filter).table
    estimates = estimate_recording(student_file, samples, online_filter=online_filter)
    expected = pd.DataFrame([asdict(estimate) for estimate in estimates])
    pd.testing.assert_frame_equal(found, expected, check_exact=True)
    assert list(found.columns) == COLUMNS


def test_a_recording_that_is_longer_than_a_step_of_the_bar_is_the_same(
    predict: Predict, student_file: Path, samples: Samples
) -> None:
    long = np.tile(samples, 4)  # 160 s
    expected = [estimate.bpm for estimate in estimate_recording(student_file, long)]
    assert predict(long).table["bpm"].tolist() == expected


def test_times_are_those_of_the_time_stamps(predict: Predict, samples: Samples) -> None:
    # a clock that is 0.4 % slow, 49.8 samples a second: windows last 8 s all the same
    found = predict(samples, time_s=100 + np.arange(2_000) / 49.8)
    np.testing.assert_allclose(found.table["start_s"], 100 + np.arange(0, 33, 2))
    np.testing.assert_allclose(found.table["end_s"], 108 + np.arange(0, 33, 2))
    assert "49.8 Hz, to 50 Hz" in found.notes[0]


def test_times_are_correct_across_a_gap_whose_windows_are_not_valid(
    predict: Predict, samples: Samples
) -> None:
    time_s = np.arange(2_000) / 50
    gap = list(range(1_000, 1_100))
    found = predict(samples, drop=gap, time_s=time_s, max_sd_bpm=1e6)
    np.testing.assert_allclose(found.table["start_s"], np.arange(0, 33, 2))
    touched = [2 * k < 22 and 2 * k + 8 > 20 for k in range(17)]
    assert found.table["bpm"].isna().tolist() == touched
    assert found.table["valid"].tolist() == [not lost for lost in touched]
    assert len(found.notes) == 1
    assert "samples missing: 100, gaps: 1, longest gap: 2 s" in found.notes[0]


def test_the_summary_counts_valid_and_invalid_windows(predict: Predict, samples: Samples) -> None:
    lossy = samples.copy()
    lossy[:, 1_000:1_015] = np.nan  # in four of 17 windows
    spreads = predict(lossy).table["sd_bpm"]
    widest = spreads.quantile(0.5, interpolation="lower")
    found = predict(lossy, max_sd_bpm=widest)
    trusted = found.table["bpm"][found.table["valid"]]
    assert found.summary == (
        "windows of 8 s: 17, valid: 7, no signal: 4, spread: 6; "
        f"median {trusted.median():.0f} BPM, from {trusted.min():.0f} to {trusted.max():.0f}"
    )
    assert predict(0 * samples).summary.endswith("no estimate can be trusted")


@pytest.mark.parametrize("name", ["found.csv", "found.parquet"])
def test_the_table_is_written_to_three_decimals(
    predict: Predict, samples: Samples, tmp_path: Path, name: str
) -> None:
    prediction, path = predict(samples), tmp_path / name
    write_prediction(prediction, path)
    found = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
    found["reason"] = [text if isinstance(text, str) else "" for text in found["reason"]]
    pd.testing.assert_frame_equal(found, prediction.table, check_exact=False, rtol=0, atol=5e-4)


def test_a_model_for_another_rate_is_refused_with_the_command_that_makes_one(
    student_file: Path, tmp_path: Path
) -> None:
    with pytest.raises(PpgkdError) as caught:
        predict_recording(tmp_path / "any.csv", student_file, 64.0)
    message = str(caught.value)
    assert "is for a sensor of 50 Hz, the recording has 64 Hz" in message
    assert f"ppgkd export {student_file} --rate 64 --output student-64hz.onnx" in message


def test_a_recording_shorter_than_a_window_is_refused(predict: Predict, samples: Samples) -> None:
    with pytest.raises(PpgkdError, match=r"399 samples, 7\.98 s; one window has 400, 8 s"):
        predict(samples[:, :399])
    assert len(predict(samples[:, :400]).table) == 1


def test_date_times_come_out_as_they_came_in_beside_the_seconds(
    predict: Predict, samples: Samples
) -> None:
    moments = pd.Timestamp("2026-05-04T10:00:00+02:00") + pd.to_timedelta(
        np.arange(samples.shape[1]) / 50, unit="s"
    )
    stamps = pd.Series(moments).dt.strftime("%Y-%m-%dT%H:%M:%S.%f+02:00")
    found = predict(samples, timestamp=stamps).rounded
    assert list(found.columns) == [*COLUMNS[:2], "start_time", "end_time", *COLUMNS[2:]]
    assert found["start_s"][3] == 6
    assert found["start_time"][3] == "2026-05-04T10:00:06.000+02:00"
    assert found["end_time"][3] == "2026-05-04T10:00:14.000+02:00"
