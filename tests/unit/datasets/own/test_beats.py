"""Beats and the intervals between them as the reference of own recordings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from ppgkd.datasets.own.dataset import own_dataset
from ppgkd.datasets.own.read import OwnRecording, read_with_notes
from ppgkd.errors import PpgkdError

RATE_HZ = 32
DURATION_S = 120
START_S = 500.0
"""Time of the first sample."""

INTERVALS = {"files": "{table}_rr.csv", "intervals": "rr", "unit": "ms"}


def write(folder: Path, beats: dict[str, Any], table: pd.DataFrame, **changes: Any) -> Path:
    time_s = np.arange(DURATION_S * RATE_HZ) / RATE_HZ
    wave = np.sin(2 * np.pi * 1.2 * time_s) + 0.01 * time_s
    samples = pd.DataFrame({"time_s": START_S + time_s, "green": wave})
    samples.drop(columns=changes.pop("without", [])).to_csv(folder / "ada.csv", index=False)
    table.to_csv(folder / "ada_rr.csv", index=False)
    about = {
        "title": "Simulated",
        "terms": "Made by a test.",
        "files": "ada.csv",
        "channels": {"ppg": ["green"]},
        "reference": {"beats": beats},
        **changes,
    }
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump(about))
    return path


def read_one(definition: Path) -> OwnRecording:
    (found,) = read_with_notes(own_dataset("mine", definition).recordings)
    return found


def refusal(definition: Path) -> str:
    with pytest.raises(PpgkdError) as caught:
        read_one(definition)
    return str(caught.value)


def strap(lost: slice | None = None) -> pd.DataFrame:
    """Intervals of a strap: 0.8 s for a minute and then 0.6 s, each sent when it ends."""
    interval_s = np.r_[np.full(75, 0.8), np.full(100, 0.6)]
    sent = pd.DataFrame({"time_s": START_S + np.cumsum(interval_s), "rr": 1000 * interval_s})
    return sent if lost is None else sent.drop(index=sent.index[lost])


def test_the_times_of_a_table_are_those_of_the_beats(tmp_path: Path) -> None:
    beats = pd.DataFrame({"time_s": START_S + np.arange(0.2, DURATION_S, 0.75)})
    reference = read_one(write(tmp_path, {"files": "{table}_rr.csv"}, beats)).reference
    np.testing.assert_allclose(reference.time_s, 4 + 2 * np.arange(57))
    np.testing.assert_allclose(reference.bpm, 80, rtol=1e-6)


def test_intervals_end_at_the_times_of_their_rows(tmp_path: Path) -> None:
    reference = read_one(write(tmp_path, INTERVALS, strap())).reference
    np.testing.assert_allclose(reference.bpm[reference.time_s <= 56], 75, rtol=1e-6)
    np.testing.assert_allclose(reference.bpm[reference.time_s >= 64], 100, rtol=1e-6)


def test_where_intervals_were_lost_there_is_no_reference(tmp_path: Path) -> None:
    reference = read_one(write(tmp_path, INTERVALS, strap(lost=slice(20, 45)))).reference
    # 16.0 to 36.0 s
    lost = np.isnan(reference.bpm)
    np.testing.assert_allclose(reference.time_s[lost][[0, -1]], [18, 34])
    np.testing.assert_allclose(reference.bpm[~lost & (reference.time_s <= 56)], 75, rtol=1e-6)


def test_intervals_that_arrive_in_batches_are_each_counted(tmp_path: Path) -> None:
    sent = strap()
    sent["time_s"] = np.ceil(sent["time_s"])  # a packet a second, with one interval or two
    reference = read_one(write(tmp_path, INTERVALS, sent)).reference
    np.testing.assert_allclose(reference.bpm[reference.time_s <= 54], 75, rtol=1e-6)


def test_intervals_without_times_begin_where_the_description_says(tmp_path: Path) -> None:
    beats = {**INTERVALS, "first_s": 10.0}
    reference = read_one(write(tmp_path, beats, strap()[["rr"]])).reference
    known = np.isfinite(reference.bpm)
    np.testing.assert_allclose(reference.bpm[known & (reference.time_s <= 66)], 75, rtol=1e-6)
    np.testing.assert_allclose(reference.bpm[known & (reference.time_s >= 74)], 100, rtol=1e-6)
    assert reference.time_s[known][0] == pytest.approx(10), "4 s of intervals are half of a window"


def test_artefacts_do_not_count_and_are_told(tmp_path: Path) -> None:
    table = strap()
    table.loc[30, "rr"] = 1600.0
    reference = read_one(write(tmp_path, INTERVALS, table)).reference
    np.testing.assert_allclose(reference.bpm[reference.time_s <= 56], 75, rtol=1e-6)
    assert reference.notes == (
        "intervals between beats that are artefacts or beside one, which do not count: 3 of 175",
    )


def test_beats_count_from_the_first_sample_of_a_table_without_times(tmp_path: Path) -> None:
    beats = pd.DataFrame({"time_s": np.arange(0.2, DURATION_S, 0.75)})
    definition = write(
        tmp_path, {"files": "{table}_rr.csv"}, beats, without=["time_s"], rate_hz=RATE_HZ
    )
    np.testing.assert_allclose(read_one(definition).reference.bpm, 80, rtol=1e-6)


@pytest.mark.parametrize("unit", ["s", "ms"])
def test_intervals_of_another_unit_are_refused(tmp_path: Path, unit: str) -> None:
    table = strap()
    if unit == "ms":
        table["rr"] /= 1000
    message = refusal(write(tmp_path, {**INTERVALS, "unit": unit}, table))
    assert "ada_rr.csv: the intervals in its column rr add up to" in message
    assert "Correct 'reference.beats.unit', or the times" in message


def test_intervals_without_times_need_a_start(tmp_path: Path) -> None:
    message = refusal(write(tmp_path, INTERVALS, strap()[["rr"]]))
    assert "its intervals have no times" in message
    assert "'reference.beats.first_s'" in message


def test_an_interval_that_is_lost_needs_times(tmp_path: Path) -> None:
    table = strap()[["rr"]]
    table.loc[3, "rr"] = np.nan
    message = refusal(write(tmp_path, {**INTERVALS, "first_s": 0.0}, table))
    assert "row 4 below the header has no interval" in message


def test_beats_of_another_time_are_refused(tmp_path: Path) -> None:
    beats = pd.DataFrame({"time_s": np.arange(0.2, DURATION_S, 0.75)})  # the samples start at 500
    message = refusal(write(tmp_path, {"files": "{table}_rr.csv"}, beats))
    assert "ada_rr.csv has beats in no window of the recording" in message
    assert "159 intervals, in the median 0.75 s, end between -499.1 and -380.6 s" in message


@pytest.mark.parametrize(
    ("beats", "said"),
    [
        ({}, "has both or none of 'annotations' and 'files'"),
        ({"annotations": "atr", "files": "x.csv"}, "has both or none of 'annotations' and 'files'"),
        ({"annotations": "../atr"}, "'../atr' is no suffix of a file"),
        (
            {"annotations": "atr", "intervals": "rr", "unit": "s"},
            "which need a table; give 'files'",
        ),
        ({"files": "x.csv", "intervals": "rr"}, "has one of 'intervals' and 'unit'"),
        ({"files": "x.csv", "first_s": 1.0}, "has 'first_s', which is of 'intervals'"),
    ],
)
def test_keys_that_contradict_each_other_are_refused(
    tmp_path: Path, beats: dict[str, Any], said: str
) -> None:
    assert said in refusal(write(tmp_path, beats, strap()))
