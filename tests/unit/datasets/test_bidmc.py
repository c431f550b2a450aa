"""The reader of BIDMC, on tables in the published form that the tests write."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.unit.datasets.simulated_ecg import simulated_ecg

from ppgkd.datasets.recording import Recording
from ppgkd.datasets.registry import get_dataset
from ppgkd.errors import PpgkdError

DATASET = get_dataset("bidmc")
ENTRY = DATASET.recordings[0]
DURATION_S = 60
BPM = 90.0


def signals(rate_hz: float = 125, lead: str = "II") -> pd.DataFrame:
    """Columns as published, which have a blank after the comma."""
    time_s = np.arange(round(DURATION_S * rate_hz)) / rate_hz
    beats_s = np.arange(0.3, DURATION_S, 60 / BPM)
    return pd.DataFrame(
        {
            "Time [s]": time_s,
            " RESP": 0.25,
            " PLETH": 0.5 + 0.2 * np.sin(2 * np.pi * BPM / 60 * time_s),
            f" {lead}": simulated_ecg(beats_s, DURATION_S, rate_hz),
        }
    )


def read(folder: Path, table: pd.DataFrame) -> Recording:
    path = folder / ENTRY.files[0].local
    path.parent.mkdir(exist_ok=True)
    table.to_csv(path, index=False)
    return DATASET.read(ENTRY, folder)


def message_of(folder: Path, table: pd.DataFrame) -> str:
    with pytest.raises(PpgkdError, match=r"bidmc_01_Signals\.csv") as caught:
        read(folder, table)
    return str(caught.value)


def test_all_recordings_are_listed() -> None:
    assert len(DATASET.recordings) == 53
    assert ENTRY.files[0].url == (
        "https://physionet.org/files/bidmc/1.0.0/bidmc_csv/bidmc_01_Signals.csv"
    )


def test_a_recording_has_one_ppg_channel_and_no_accelerometer(tmp_path: Path) -> None:
    recording = read(tmp_path, signals())
    assert (recording.channels, recording.rate_hz) == (("ppg_1",), 125)
    assert DATASET.acc_channels == 0
    expected = signals()[" PLETH"].to_numpy(np.float32)
    np.testing.assert_allclose(recording.signal[0], expected, rtol=1e-6)


@pytest.mark.parametrize("lead", ["II", "V", "AVR"])
def test_the_reference_is_that_of_whichever_lead_there_is(tmp_path: Path, lead: str) -> None:
    recording = read(tmp_path, signals(lead=lead))
    np.testing.assert_array_equal(recording.reference_time_s[:2], [4, 6])
    np.testing.assert_allclose(recording.reference_bpm[1:-1], BPM, atol=0.5)


def test_lead_two_is_preferred(tmp_path: Path) -> None:
    table = signals()
    table.insert(3, " V", 0.0)
    assert np.isfinite(read(tmp_path, table).reference_bpm).any()


@pytest.mark.parametrize("column", [" PLETH", " II", "Time [s]"])
def test_a_missing_column_is_named(tmp_path: Path, column: str) -> None:
    message = message_of(tmp_path, signals().drop(columns=column))
    assert ("of an ECG" if column == " II" else column.strip()) in message


def test_another_rate_than_documented_is_refused(tmp_path: Path) -> None:
    assert "the rate is 100.00 Hz, expected 125 Hz" in message_of(tmp_path, signals(rate_hz=100))


def test_words_among_the_numbers_are_refused(tmp_path: Path) -> None:
    table = signals().astype({" PLETH": object})
    table.loc[5, " PLETH"] = "none"
    assert "PLETH holds no numbers" in message_of(tmp_path, table)


def test_a_recording_shorter_than_a_window_is_refused(tmp_path: Path) -> None:
    assert "at least 8 s" in message_of(tmp_path, signals().head(500))


def test_bytes_that_are_no_table_are_refused(tmp_path: Path) -> None:
    path = tmp_path / ENTRY.files[0].local
    path.parent.mkdir()
    path.write_bytes(b"\xff\xfe\x00" * 100)
    with pytest.raises(PpgkdError, match=r"bidmc_01_Signals\.csv"):
        DATASET.read(ENTRY, tmp_path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PpgkdError, match="cannot be opened"):
        DATASET.read(ENTRY, tmp_path)
