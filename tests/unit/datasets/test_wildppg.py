"""The reader of WildPPG, on files in the published form that the tests write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat
from tests.unit.datasets.simulated_ecg import simulated_ecg

from ppgkd.datasets.recording import Recording
from ppgkd.datasets.registry import get_dataset
from ppgkd.errors import PpgkdError

DATASET = get_dataset("wildppg")
ENTRY = DATASET.recordings[0]
DURATION_S = 60
BPM = 75.0


def sensor(values: Any, rate_hz: float = 128) -> dict[str, Any]:
    return {"v": np.atleast_2d(values), "fs": rate_hz, "description": "as published"}


def participant(acc_rate_hz: int = 128) -> dict[str, Any]:
    """One participant: a pulse of 75 BPM, a wrist that lies still, and its ECG."""
    time_s = np.arange(128 * DURATION_S) / 128
    pulse = 0.5 - 0.1 * np.sin(2 * np.pi * BPM / 60 * time_s)
    still = np.zeros(acc_rate_hz * DURATION_S)
    beats_s = np.arange(0.3, DURATION_S, 60 / BPM)
    ecg = np.round(8_000 * simulated_ecg(beats_s, DURATION_S, 128)).astype(np.int32)
    wrist = {
        "acc_x": sensor(still, acc_rate_hz),
        "acc_y": sensor(still + 0.6, acc_rate_hz),
        "acc_z": sensor(still + 0.8, acc_rate_hz),
        "ppg_g": sensor(pulse),
        "ppg_ir": sensor(pulse / 2),
        "ppg_r": sensor(pulse / 4),
        "temperature": sensor(np.full(DURATION_S // 2, 30.0), 0.5),
    }
    return {"id": "an0", "notes": "", "wrist": wrist, "sternum": {"ecg": sensor(ecg)}}


def read(folder: Path, content: dict[str, Any]) -> Recording:
    path = folder / ENTRY.files[0].local
    path.parent.mkdir()
    savemat(path, content, do_compression=True)
    return DATASET.read(ENTRY, folder)


def message_of(folder: Path, content: dict[str, Any]) -> str:
    with pytest.raises(PpgkdError, match="WildPPG_Part_an0") as caught:
        read(folder, content)
    return str(caught.value)


def test_all_sixteen_participants_are_listed() -> None:
    assert len(DATASET.recordings) == len(DATASET.subjects) == 16
    assert ENTRY.subject == "wildppg-an0"
    assert ENTRY.files[0].url.endswith("/data/WildPPG_Part_an0.mat")


def test_a_participant_is_a_recording_whose_systole_rises(tmp_path: Path) -> None:
    recording = read(tmp_path, participant())
    assert recording.channels == ("ppg_1", "ppg_2", "ppg_3", "acc_x", "acc_y", "acc_z")
    assert (recording.rate_hz, recording.signal.shape) == (128, (6, 128 * DURATION_S))
    time_s = np.arange(128 * DURATION_S) / 128
    rising = 0.1 * np.sin(2 * np.pi * BPM / 60 * time_s) - 0.5
    np.testing.assert_allclose(recording.signal[0], rising, atol=1e-6)
    np.testing.assert_allclose(recording.signal[2], rising / 4, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(recording.signal[3:], axis=0), 1, atol=1e-6)


def test_the_reference_is_that_of_the_ecg(tmp_path: Path) -> None:
    recording = read(tmp_path, participant())
    np.testing.assert_array_equal(recording.reference_time_s[:3], [4, 6, 8])
    inner = recording.reference_bpm[1:-1]
    np.testing.assert_allclose(inner, BPM, atol=0.5)


def test_an_accelerometer_of_another_rate_is_brought_to_that_of_the_ppg(tmp_path: Path) -> None:
    recording = read(tmp_path, participant(acc_rate_hz=32))
    assert recording.signal.shape == (6, 128 * DURATION_S)
    np.testing.assert_allclose(recording.signal[5], 0.8, atol=0.01)


def test_what_a_device_lost_is_missing(tmp_path: Path) -> None:
    content = participant()
    lost = slice(128 * 20, 128 * 25)
    for name in ("ppg_g", "ppg_ir", "ppg_r"):
        content["wrist"][name]["v"][:, lost] = 1.0
    for name in ("acc_x", "acc_y", "acc_z"):
        content["wrist"][name]["v"][:, lost] = 0.0
    signal = read(tmp_path, content).signal
    assert np.isnan(signal[:, lost]).all()
    assert np.isfinite(signal[:, : lost.start]).all()
    assert np.isfinite(signal[:, lost.stop :]).all()


def test_full_light_for_a_moment_is_no_loss(tmp_path: Path) -> None:
    content = participant()
    content["wrist"]["ppg_g"]["v"][:, 1_000:1_010] = 1.0
    signal = read(tmp_path, content).signal
    np.testing.assert_array_equal(signal[0, 1_000:1_010], -1.0)


def test_where_the_ecg_tells_nothing_there_is_no_reference(tmp_path: Path) -> None:
    content = participant()
    content["sternum"]["ecg"]["v"][:, : 128 * 30] = 0
    recording = read(tmp_path, content)
    assert np.isnan(recording.reference_bpm[recording.reference_time_s < 26]).all()
    assert np.isfinite(recording.reference_bpm[recording.reference_time_s > 36]).any()


@pytest.mark.parametrize("place", ["wrist", "sternum"])
def test_a_missing_place_is_named(tmp_path: Path, place: str) -> None:
    content = participant()
    del content[place]
    assert f"the variable {place} is missing" in message_of(tmp_path, content)


def test_a_missing_sensor_is_named(tmp_path: Path) -> None:
    content = participant()
    del content["wrist"]["ppg_ir"]
    assert "wrist.ppg_ir is missing" in message_of(tmp_path, content)


def test_a_place_without_structure_is_refused(tmp_path: Path) -> None:
    content = participant() | {"wrist": np.zeros(5)}
    assert "expected one structure" in message_of(tmp_path, content)


@pytest.mark.parametrize("rate", [0.0, -128.0, np.nan])
def test_a_rate_that_is_none_is_refused(tmp_path: Path, rate: float) -> None:
    content = participant()
    content["wrist"]["ppg_g"]["fs"] = rate
    assert "wrist.ppg_g.fs" in message_of(tmp_path, content)


def test_a_rate_that_contradicts_the_length_is_refused(tmp_path: Path) -> None:
    content = participant()
    for name in ("acc_x", "acc_y", "acc_z"):
        content["wrist"][name]["fs"] = 64
    message = message_of(tmp_path, content)
    assert "acc_x lasts 120.0 s" in message
    assert "one of the sampling rates is not true" in message


def test_axes_of_different_lengths_are_refused(tmp_path: Path) -> None:
    content = participant()
    content["wrist"]["acc_y"]["v"] = content["wrist"]["acc_y"]["v"][:, :-5]
    assert "the wrist's signals differ" in message_of(tmp_path, content)


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    read(tmp_path, participant())
    path = tmp_path / ENTRY.files[0].local
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(PpgkdError, match="damaged"):
        DATASET.read(ENTRY, tmp_path)
