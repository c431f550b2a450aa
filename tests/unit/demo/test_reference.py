"""The reference of a dropped log is what a study reads in the column that its YAML file names."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.unit.demo.node import call, values

from ppgkd.datasets.own.dataset import own_dataset
from ppgkd.datasets.own.read import OwnRecording, read_with_notes
from ppgkd.inference.predict_dataset import reference_at

CHANNELS = ("ppg_1", "acc_x", "acc_y", "acc_z")
RATE_HZ = 50.0
N_ROWS = 6000
ROW = np.arange(N_ROWS)
CENTRE_S = 4 + 2.0 * np.arange(58)
RNG = np.random.default_rng(4)
EVERY_SECOND = np.where(ROW % 50, np.nan, 80 + 20 * np.sin(ROW / 900))
EVERY_ROW = 80 + 20 * np.sin(ROW / 900) + RNG.normal(0, 1, N_ROWS)


def log(bpm: object, **changes: object) -> pd.DataFrame:
    """Two minutes with a reference; cells of NaN are empty."""
    signal = RNG.normal([20_000, 0.6, 0.6, 0.6], [300, 0.1, 0.1, 0.1], (N_ROWS, 4)).round(4)
    table = pd.DataFrame(signal, columns=list(CHANNELS))
    return table.assign(time_s=ROW / RATE_HZ, reference_bpm=bpm).assign(**changes)


def of_study(table: pd.DataFrame, folder: Path) -> OwnRecording:
    table.to_csv(folder / "log.csv", index=False)
    (folder / "own.yaml").write_text(
        "title: Own\nterms: Ours\nfiles: log.csv\nrate_hz: 50\n"
        "channels: {ppg: [ppg_1], acceleration: [acc_x, acc_y, acc_z], acceleration_unit: g}\n"
        "reference: {column: reference_bpm}\n"
    )
    (found,) = read_with_notes(own_dataset("own", folder / "own.yaml").recordings)
    return found


@pytest.mark.parametrize(
    "table",
    [
        log(EVERY_SECOND),
        log(EVERY_ROW),
        log(np.where(ROW % 350, np.nan, EVERY_SECOND)),
        log(np.where((ROW > 2000) & (ROW < 2600), np.nan, EVERY_SECOND)),
        log(np.where(ROW % 7 == 0, 300, EVERY_ROW)),
        log(np.where(ROW < 4000, 77, EVERY_ROW)),
        log(np.where(ROW == 3050, 77, np.nan)),
        log(EVERY_SECOND, time_s=ROW / 50.02),
        log(EVERY_SECOND, time_s=(ROW // 10 + 1) / 5.002),
        log(EVERY_SECOND, time_s=7 + ROW / 50 + 0.1 * np.sin(ROW / 700)),
        log(EVERY_SECOND, time_s=(ROW + 300 * (ROW > 3000)) / 50),
    ],
    ids=[
        "every second",
        "every row",
        "every 7 s",
        "a gap",
        "implausible",
        "held",
        "one value",
        "another rate",
        "batches",
        "drift",
        "lost samples",
    ],
)
def test_windows_have_the_reference_of_a_study(table: pd.DataFrame, tmp_path: Path) -> None:
    study = of_study(table, tmp_path)
    text = table.to_csv(index=False)
    (page,) = values("references", [(text, CHANNELS, RATE_HZ, CENTRE_S)])
    expected = reference_at(CENTRE_S, study.recording)
    found = np.array([np.nan if bpm is None else bpm for bpm in page["bpm"]])
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert tuple(page["notes"]) == study.reference.notes


@pytest.mark.parametrize(
    ("table", "note"),
    [
        (log(np.nan), "reference_bpm has no value, so there is no reference"),
        (log(np.where(ROW % 500, np.nan, 80)), "reference_bpm has a value every 10 s"),
    ],
)
def test_a_column_that_tells_no_reference_is_noted(table: pd.DataFrame, note: str) -> None:
    (page,) = values("references", [(table.to_csv(index=False), CHANNELS, RATE_HZ, CENTRE_S)])
    assert page["bpm"] is None
    assert note in page["notes"][0]


def test_a_log_without_the_column_has_no_reference() -> None:
    text = log(80).drop(columns="reference_bpm").to_csv(index=False)
    (page,) = values("references", [(text, CHANNELS, RATE_HZ, CENTRE_S)])
    assert page["bpm"] is None


def test_a_reference_that_is_no_number_is_refused_by_name() -> None:
    text = log(np.where(ROW == 7, "rest", "80")).to_csv(index=False)
    (found,) = call("references", [(text, CHANNELS, RATE_HZ, CENTRE_S)])
    assert found.is_owners
    assert "In column reference_bpm: Row #9: CSV conversion error" in found.error
