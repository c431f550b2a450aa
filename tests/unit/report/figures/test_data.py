"""The figures of the data: what their axes, bars and points say."""

import numpy as np
import pandas as pd
import pytest
from tests.unit.recording_summaries import recording_summaries
from tests.unit.report.spec_of import Drawn

from ppgkd.report.figures.data import difficulty, heart_rates

TITLES = {"one": "First dataset", "two": "Second dataset"}


@pytest.fixture
def recordings() -> pd.DataFrame:
    one = recording_summaries("one", 2, windows_hr_70=10, windows_hr_150=30)
    return pd.concat([one, recording_summaries("two", 3)], ignore_index=True)


def bars(drawn: Drawn, panel: int) -> dict[int, float]:
    (layer,) = drawn.layers(panel, "rect")
    return {row["from"]: row["share"] for row in drawn.rows(panel, layer)}


def test_every_dataset_has_its_histogram_of_shares(recordings: pd.DataFrame) -> None:
    drawn = Drawn(heart_rates(recordings, TITLES))
    assert [title for title, _ in drawn.titles()] == ["First dataset", "Second dataset"]
    assert bars(drawn, 0) == {70: 0.25, 150: 0.75}
    assert bars(drawn, 1) == {70: 1.0}


def test_how_many_windows_are_of_high_heart_rates_is_said(recordings: pd.DataFrame) -> None:
    said = [line for _, line in Drawn(heart_rates(recordings, TITLES)).titles()]
    assert [line.replace("\u00a0", " ") for line in said] == [
        "150 BPM and above: 75 % of 80 windows",
        "150 BPM and above: 0 % of 120 windows",
    ]


def test_bars_say_how_many_windows_they_are(recordings: pd.DataFrame) -> None:
    drawn = Drawn(heart_rates(recordings, TITLES))
    first = drawn.rows(0, drawn.layers(0, "rect")[0])[0]
    assert first["name"] == "70 to 80 BPM"
    assert dict(first["facts"])["windows"] == "20"


def test_every_recording_is_a_point_of_its_dataset(recordings: pd.DataFrame) -> None:
    drawn = Drawn(difficulty(recordings, TITLES))
    assert drawn.facts == {"motion": True}
    assert drawn.switches() == {"dataset": ["one", "two"]}
    for panel, column, place in ((0, "motion_g", 0.5), (1, "good_share", 0.65)):
        rows = drawn.points(panel)
        assert [row["dataset"] for row in rows] == ["one"] * 2 + ["two"] * 3
        assert {(row[column], row["spectral_peak_mae_bpm"]) for row in rows} == {(place, 11.5)}
        assert rows[0]["row"].startswith("recording-one-")


def test_without_an_accelerometer_there_is_no_panel_of_motion() -> None:
    drawn = Drawn(difficulty(recording_summaries("one", motion_g=np.nan), TITLES))
    assert drawn.facts == {"motion": False}
    assert len(drawn.panels) == 1
    assert "PPG of good quality" in drawn.text()


def test_without_a_reference_there_are_no_figures() -> None:
    nothing = recording_summaries("one", 1, kept=0, windows_hr_70=0)
    assert heart_rates(nothing, TITLES) is None
    unknown = recording_summaries("one").assign(spectral_peak_mae_bpm=np.nan)
    assert difficulty(unknown, TITLES) is None
