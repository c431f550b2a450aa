"""What recordings are like: recordings whose every figure is known, and how they add up."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.unit.recording_summaries import recording_summaries

from ppgkd.dataset_summary.summary import (
    COUNT_COLUMNS,
    HISTOGRAM_COLUMNS,
    MEAN_COLUMNS,
    aggregate_recordings,
    summarise_dataset,
)
from ppgkd.datasets.recording import Recording
from ppgkd.windows.preprocessing import WindowSpec
from ppgkd.windows.write import write_windows

SPEC = WindowSpec(length_s=8, stride_s=2, rate_hz=25, low_hz=0.4, high_hz=8)
RATE_HZ = 50.0
N_REFERENCES = 100
SECONDS = 8 + 2 * (N_REFERENCES - 1)


def recorded(
    name: str,
    bpm: float = 75.0,
    *,
    swing_g: float | None = 0.0,
    activity: list[str] | None = None,
    reference_bpm: float | None = None,
) -> Recording:
    """A pulse of one rate and a swing of 140 BPM; `bpm` is also the reference, if none is given."""
    time_s = np.arange(round(SECONDS * RATE_HZ)) / RATE_HZ
    phase = 2 * np.pi * bpm / 60 * time_s
    ppg = np.sin(phase) + 0.4 * np.sin(2 * phase + 0.6)
    still = np.ones_like(time_s)
    acc = [still + (swing_g or 0) * np.sin(2 * np.pi * 140 / 60 * time_s), 0 * still, 0 * still]
    channels = ("ppg_1",) if swing_g is None else ("ppg_1", "acc_x", "acc_y", "acc_z")
    return Recording(
        name=name,
        subject=name.partition("@")[0][0],
        rate_hz=RATE_HZ,
        channels=channels,
        signal=np.stack([ppg, *acc][: len(channels)]).astype(np.float32),
        reference_time_s=4.0 + 2 * np.arange(N_REFERENCES),
        reference_bpm=np.full(N_REFERENCES, reference_bpm or bpm, np.float32),
        activity=None if activity is None else np.array(activity),
    )


def summarised(folder: Path, *recordings: Recording) -> pd.DataFrame:
    counts = write_windows(recordings, "known", SPEC, folder / "known.parquet")
    return summarise_dataset(folder / "known.parquet", counts)


def test_a_recording_is_counted_by_heart_rate_motion_and_activity(tmp_path: Path) -> None:
    activity = ["walk"] * 60 + ["run"] * 40
    swinging = recorded("a1", swing_g=0.4 * np.sqrt(2), activity=activity)
    (row,) = summarised(tmp_path, swinging).to_dict("records")
    assert row["kept"] == N_REFERENCES
    assert row["hours"] == pytest.approx(SECONDS / 3600)
    assert {name: row[name] for name in HISTOGRAM_COLUMNS if row[name]} == {
        "windows_hr_70": N_REFERENCES
    }
    assert row["motion_g"] == pytest.approx(0.4, rel=0.02)
    assert row["windows_moderate"] == N_REFERENCES
    assert (row["windows_walk"], row["windows_run"], row["windows_unknown"]) == (60, 40, 0)


def test_heart_rates_of_both_ends_are_in_the_histogram(tmp_path: Path) -> None:
    table = summarised(tmp_path, recorded("a1", 30.0), recorded("b1", 209.4)).set_index("recording")
    assert table.loc["a1", "windows_hr_30"] == table.loc["a1", "kept"] == N_REFERENCES
    assert table.loc["b1", "windows_hr_200"] == table.loc["b1", "kept"] == N_REFERENCES


def test_a_clean_pulse_is_good_and_easy(tmp_path: Path) -> None:
    (row,) = summarised(tmp_path, recorded("a1")).to_dict("records")
    assert row["good_share"] == 1
    assert row["template_correlation"] > 0.95
    assert row["spectral_peak_mae_bpm"] == row["peak_mae_still_bpm"] < 1
    assert np.isnan(row["peak_mae_vigorous_bpm"])


def test_the_error_of_the_peak_is_against_the_reference(tmp_path: Path) -> None:
    (row,) = summarised(tmp_path, recorded("a1", 75.0, reference_bpm=95.0)).to_dict("records")
    assert row["spectral_peak_mae_bpm"] == pytest.approx(20, abs=1)


def test_without_an_accelerometer_motion_is_unknown_and_the_rest_is_known(tmp_path: Path) -> None:
    (row,) = summarised(tmp_path, recorded("a1", swing_g=None)).to_dict("records")
    assert np.isnan(row["motion_g"])
    assert row["windows_still"] == row["windows_vigorous"] == 0
    assert row["good_share"] == 1


def test_a_recording_without_a_usable_window_has_a_row(tmp_path: Path) -> None:
    lost = recorded("b1", reference_bpm=300.0)
    table = summarised(tmp_path, recorded("a1"), lost).set_index("recording")
    assert table.loc["b1", ["kept", "reference_out_of_range"]].to_list() == [0, N_REFERENCES]
    assert np.isnan(table.loc["b1", "good_share"])
    assert table["lag_flagged"].to_list() == [False, False]


def test_a_dataset_without_any_usable_window_has_its_rows(tmp_path: Path) -> None:
    (row,) = summarised(tmp_path, recorded("a1", reference_bpm=300.0)).to_dict("records")
    assert (row["kept"], row["lag_flagged"]) == (0, False)


def test_the_reference_is_checked_once_for_all_channels_of_a_recording(tmp_path: Path) -> None:
    table = summarised(tmp_path, recorded("a1"), recorded("a1@ppg_2")).set_index("recording")
    assert table["lag_note"].notna().to_dict() == {"a1": True, "a1@ppg_2": False}
    assert table["lag_flagged"].dtype == bool


# Put together


def test_counts_add_up_and_means_are_of_windows() -> None:
    few = recording_summaries("d", 1, kept=10, good_share=0.5, windows_still=0, windows_vigorous=10)
    many = recording_summaries(
        "d", 1, kept=30, good_share=0.9, windows_still=30, peak_mae_still_bpm=4.0
    )
    (row,) = aggregate_recordings(pd.concat([few, many]), ["dataset"]).to_dict("records")
    assert (row["kept"], row["windows_vigorous"], row["recordings"]) == (40, 10, 2)
    assert row["good_share"] == pytest.approx((10 * 0.5 + 30 * 0.9) / 40)
    assert row["peak_mae_still_bpm"] == 4.0
    assert np.isnan(row["peak_mae_vigorous_bpm"])


def test_recordings_of_which_nothing_is_known_do_not_count_in_a_mean() -> None:
    unknown = recording_summaries("d", 1, motion_g=np.nan)
    both = pd.concat([unknown, recording_summaries("d", 1, motion_g=0.3)])
    assert aggregate_recordings(both, ["dataset"])["motion_g"].to_list() == pytest.approx([0.3])
    assert aggregate_recordings(unknown, ["dataset"])["motion_g"].isna().all()


def test_subjects_are_in_their_order_and_have_all_columns() -> None:
    table = aggregate_recordings(
        pd.concat([recording_summaries("z", 2), recording_summaries("a", 1)]),
        ["dataset", "subject"],
    )
    assert table[["dataset", "subject"]].to_numpy().tolist() == [
        ["z", "s0"], ["z", "s1"], ["a", "s0"],
    ]  # fmt: skip
    assert {*COUNT_COLUMNS, *MEAN_COLUMNS, "hours", "recordings"} <= set(table)


def test_the_hours_of_a_recording_count_once_whatever_channels_it_has() -> None:
    twice = recording_summaries("d", 2).assign(recording=["r0", "r0@ppg_2"], subject="s0")
    (row,) = aggregate_recordings(twice, ["dataset"]).to_dict("records")
    assert (row["hours"], row["recordings"], row["kept"]) == (0.25, 1, 80)
