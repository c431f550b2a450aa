"""The reader of WESAD, on archives in the published form that the tests write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.unit.datasets.python2 import dumps
from tests.unit.datasets.siegen import DURATION_S, N_WINDOWS, changed, chest, placed, wrist, zipped
from tests.unit.datasets.simulated_ecg import simulated_ecg

from ppgkd.datasets.recording import Recording
from ppgkd.datasets.registry import get_dataset
from ppgkd.errors import PpgkdError

DATASET = get_dataset("wesad")
HR_BPM = 75.0


def ecg() -> Any:
    return simulated_ecg(np.arange(0.3, DURATION_S, 60 / HR_BPM), DURATION_S, 700.0)[:, None]


def subject(name: str = "S2", **changes: object) -> dict[str, Any]:
    n_chest = 700 * DURATION_S
    content = {
        "signal": {
            "chest": {**chest("EMG", "Resp"), "ECG": ecg()},
            "wrist": wrist(pulse_bpm=HR_BPM),
        },
        # 20 s each of no condition, baseline and stress
        "label": np.repeat(np.array([0, 1, 2], np.int32), n_chest // 3),
        "subject": name,
    }
    return changed(content, **changes)


def archive(**subjects: dict[str, Any]) -> bytes:
    members = {
        f"WESAD/{name}/{name}.pkl": dumps(content, protocol=2) for name, content in subjects.items()
    }
    return zipped({"WESAD/S2/S2_readme.txt": b"### Personal information", **members})


def read(raw_dir: Path, content: bytes, index: int = 0) -> Recording:
    entry = DATASET.recordings[index]
    placed(raw_dir, entry.files[0].local, content)
    return DATASET.read(entry, raw_dir)


def test_fifteen_subjects_are_left_of_seventeen() -> None:
    numbers = [int(name.removeprefix("wesad-S")) for name in DATASET.subjects]
    assert numbers == [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16, 17]


@pytest.mark.parametrize("protocol", [0, 2])
def test_the_reference_is_that_of_the_chest_ecg(tmp_path: Path, protocol: int) -> None:
    pickled = {"WESAD/S2/S2.pkl": dumps(subject(), protocol)}
    recording = read(tmp_path, zipped(pickled))
    assert (recording.name, recording.subject, recording.rate_hz) == ("wesad-S2", "wesad-S2", 64)
    assert recording.channels == ("ppg_1", "acc_x", "acc_y", "acc_z")
    assert recording.signal.shape == (4, 64 * DURATION_S)
    np.testing.assert_allclose(recording.reference_time_s, 4 + 2 * np.arange(N_WINDOWS))
    np.testing.assert_allclose(recording.reference_bpm, HR_BPM, rtol=0.002)


def test_where_the_electrode_is_off_there_is_no_reference(tmp_path: Path) -> None:
    off = ecg()
    off[700 * 30 :] = 0
    recording = read(tmp_path, archive(S2=subject(signal__chest__ECG=off)))
    known = np.isfinite(recording.reference_bpm)
    assert known[recording.reference_time_s < 25].all()
    assert not known[recording.reference_time_s > 28].any()


def test_conditions_become_activities(tmp_path: Path) -> None:
    recording = read(tmp_path, archive(S2=subject()))
    centre_s = recording.reference_time_s
    assert recording.activity is not None
    assert set(recording.activity[centre_s < 20]) == {"unknown"}
    assert set(recording.activity[(centre_s > 20) & (centre_s < 40)]) == {"rest"}
    assert set(recording.activity[centre_s > 40]) == {"other"}


@pytest.mark.parametrize("rate_hz", [256, 1_000])
@pytest.mark.parametrize("signal", ["signal__chest__ECG", "label"])
def test_a_chest_of_another_rate_is_refused(tmp_path: Path, signal: str, rate_hz: int) -> None:
    other = {signal: np.zeros((rate_hz * DURATION_S, 1))}
    with pytest.raises(PpgkdError) as caught:
        read(tmp_path, archive(S2=subject(**other)))
    found_s = rate_hz * DURATION_S / 700
    assert f"{signal.replace('__', '.')} lasts {found_s:.1f} s at 700 Hz" in str(caught.value)
    assert "WESAD.zip > WESAD/S2/S2.pkl" in str(caught.value)


def test_a_missing_subject_is_named(tmp_path: Path) -> None:
    with pytest.raises(PpgkdError, match=r"WESAD/S13/S13.pkl is missing"):
        read(tmp_path, archive(S2=subject()), index=10)


def test_a_truncated_archive_is_refused(tmp_path: Path) -> None:
    whole = archive(S2=subject())
    with pytest.raises(PpgkdError, match=r"WESAD.zip.*damaged"):
        read(tmp_path, whole[: len(whole) // 2])
