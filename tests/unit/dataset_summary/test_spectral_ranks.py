"""Where the reference lies among the peaks: windows of tones, whose peaks and ranks are known."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ppgkd.dataset_summary.spectral_ranks import (
    COUNT_COLUMNS,
    MEAN_COLUMNS,
    RANK_COLUMNS,
    aggregate_ranks,
    rank_references,
)
from ppgkd.datasets.recording import Recording
from ppgkd.windows.preprocessing import WindowSpec
from ppgkd.windows.write import write_windows

SPEC = WindowSpec(length_s=8, stride_s=2, rate_hz=25, low_hz=0.4, high_hz=8)
RATE_HZ = 50.0
N_REFERENCES = 60


def recorded(
    name: str,
    tones: dict[float, float],
    reference_bpm: float,
    steps_bpm: float | None = None,
    activity: list[str] | None = None,
) -> Recording:
    """A PPG of tones, rate in BPM to amplitude; steps of 1 g, if there is an accelerometer."""
    time_s = np.arange(round((8 + 2 * (N_REFERENCES - 1)) * RATE_HZ)) / RATE_HZ
    rows = [sum(a * np.sin(2 * np.pi * bpm / 60 * time_s) for bpm, a in tones.items())]
    channels = ["ppg_1"]
    if steps_bpm is not None:
        steps = np.sin(2 * np.pi * steps_bpm / 60 * time_s)
        rows += [1 + steps, 0 * steps, 0 * steps]
        channels += ["acc_x", "acc_y", "acc_z"]
    return Recording(
        name=name,
        subject=name,
        rate_hz=RATE_HZ,
        channels=tuple(channels),
        signal=np.stack(rows).astype(np.float32),
        reference_time_s=4.0 + 2 * np.arange(N_REFERENCES),
        reference_bpm=np.full(N_REFERENCES, reference_bpm, np.float32),
        activity=None if activity is None else np.array(activity),
    )


def ranked(folder: Path, *recordings: Recording) -> pd.DataFrame:
    write_windows(recordings, "known", SPEC, folder / "known.parquet")
    return rank_references(folder / "known.parquet")


def rank_of(row: pd.Series) -> str:
    (found,) = (name for name in (*RANK_COLUMNS, "rank_none") if row[name] == row["windows"])
    return found


@pytest.mark.parametrize(("reference_bpm", "rank"), [(150, 1), (70, 2), (110, 3)])
def test_the_reference_has_the_rank_of_its_peak(
    tmp_path: Path, reference_bpm: float, rank: int
) -> None:
    tones = {150.0: 1.0, 70.0: 0.6, 110.0: 0.3}
    (row,) = ranked(tmp_path, recorded("ada", tones, reference_bpm)).to_dict("records")
    assert row["windows"] == N_REFERENCES
    assert rank_of(row) == f"rank_{rank}"
    assert row["peak_mae_bpm"] == pytest.approx(150 - reference_bpm, abs=1.5)
    assert row["oracle_mae_bpm"] < 2
    assert row["lost"] == 0


def test_a_reference_on_no_peak_is_lost(tmp_path: Path) -> None:
    (row,) = ranked(tmp_path, recorded("ada", {150.0: 1.0}, 60)).to_dict("records")
    assert row["peak_mae_bpm"] == pytest.approx(90, abs=1)
    # side lobes of the taper are peaks, too, but 60 BPM is 90 from the tone
    assert rank_of(row) in ("rank_4", "rank_5", "rank_none")


def test_chance_is_the_oracle_for_the_other_windows_references(tmp_path: Path) -> None:
    tones = {150.0: 1.0, 70.0: 0.6, 110.0: 0.3}
    two = ranked(tmp_path, recorded("ada", tones, 70), recorded("bo", tones, 150))
    assert (two["oracle_mae_bpm"] < 2).all()
    # both rates are on a peak of either recording, so chance does as well
    np.testing.assert_allclose(two["chance_mae_bpm"], two["oracle_mae_bpm"].mean(), atol=0.3)


@pytest.mark.parametrize(("harmonic", "is_on"), [(0.5, 1), (1.0, 1), (2.0, 1), (1.4, 0)])
def test_a_reference_on_a_harmonic_of_the_cadence_is_counted(
    tmp_path: Path, harmonic: float, is_on: int
) -> None:
    reference_bpm = 80.0 * harmonic
    recording = recorded("ada", {reference_bpm: 1.0}, reference_bpm, steps_bpm=80.0)
    (row,) = ranked(tmp_path, recording).to_dict("records")
    assert row["moving"] == N_REFERENCES
    assert row["reference_on_cadence"] == is_on * N_REFERENCES
    assert row["chance_on_cadence"] == is_on, "all references of the dataset are the same"
    assert row["motion_wins"] == 0, "the highest peak is the pulse"


def test_motion_wins_where_the_highest_peak_is_the_steps(tmp_path: Path) -> None:
    recording = recorded("ada", {160.0: 1.0, 95.0: 0.5}, 95, steps_bpm=160.0)
    (row,) = ranked(tmp_path, recording).to_dict("records")
    assert row["motion_wins"] == N_REFERENCES
    assert rank_of(row) == "rank_2"


def test_a_wrist_that_is_still_has_no_cadence(tmp_path: Path) -> None:
    still = recorded("ada", {75.0: 1.0}, 75, steps_bpm=75.0)
    still.signal[1] = 1 + 0.001 * still.signal[1]
    (row,) = ranked(tmp_path, still).to_dict("records")
    assert (row["moving"], row["reference_on_cadence"]) == (0, 0)
    assert np.isnan(row["chance_on_cadence"])


def test_without_an_accelerometer_nothing_moves(tmp_path: Path) -> None:
    (row,) = ranked(tmp_path, recorded("ada", {75.0: 1.0}, 75)).to_dict("records")
    assert row["moving"] == 0


def test_each_activity_of_a_recording_has_its_row(tmp_path: Path) -> None:
    activity = ["walk"] * 20 + ["run"] * 40
    table = ranked(tmp_path, recorded("ada", {75.0: 1.0}, 75, activity=activity))
    assert dict(zip(table["activity"], table["windows"], strict=True)) == {"walk": 20, "run": 40}


def test_rows_add_up_weighted_by_their_windows(tmp_path: Path) -> None:
    walk = recorded("ada", {75.0: 1.0}, 75, activity=["walk"] * 20 + ["run"] * 40)
    other = recorded("bo", {90.0: 1.0, 150.0: 0.5}, 150)
    table = ranked(tmp_path, walk, other)
    together = aggregate_ranks(table, ["dataset"]).iloc[0]
    for column in COUNT_COLUMNS:
        assert together[column] == table[column].sum()
    for column, count in MEAN_COLUMNS.items():
        if table[count].sum():
            expected = np.average(table[column], weights=table[count])
            assert together[column] == pytest.approx(expected)
        else:
            assert np.isnan(together[column])


def test_a_dataset_without_usable_windows_has_no_rows(tmp_path: Path) -> None:
    silent = recorded("ada", {75.0: 1.0}, np.nan)
    assert len(ranked(tmp_path, silent)) == 0
