"""The reader of PPG-DaLiA, on archives in the published form that the tests write."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.unit.datasets.python2 import dumps
from tests.unit.datasets.siegen import DURATION_S, N_WINDOWS, placed, wrist
from tests.unit.datasets.siegen import dalia_archive as archive
from tests.unit.datasets.siegen import dalia_subject as subject

from ppgkd.datasets.read import read_recordings
from ppgkd.datasets.recording import Recording
from ppgkd.datasets.registry import get_dataset
from ppgkd.errors import PpgkdError
from ppgkd.windows.preprocessing import WindowSpec
from ppgkd.windows.write import write_windows

DATASET = get_dataset("ppg_dalia")
SPEC = WindowSpec(length_s=8, stride_s=2, rate_hz=25, low_hz=0.4, high_hz=8)


def read(raw_dir: Path, content: bytes, number: int = 1) -> Recording:
    entry = DATASET.recordings[number - 1]
    placed(raw_dir, entry.files[0].local, content)
    return DATASET.read(entry, raw_dir)


def message_of(raw_dir: Path, content: bytes, number: int = 1) -> str:
    with pytest.raises(PpgkdError) as caught:
        read(raw_dir, content, number)
    message = str(caught.value)
    assert "ppg+dalia.zip" in message
    return message


@pytest.mark.parametrize("protocol", [0, 2])
def test_a_subject_is_a_recording_at_the_rate_of_its_ppg(tmp_path: Path, protocol: int) -> None:
    recording = read(tmp_path, archive(S1=dumps(subject(), protocol)))
    assert (recording.name, recording.subject) == ("ppg_dalia-S1", "ppg_dalia-S1")
    assert recording.rate_hz == DATASET.rate_hz == 64
    assert recording.channels == ("ppg_1", "acc_x", "acc_y", "acc_z")
    assert recording.signal.shape == (4, 64 * DURATION_S)
    assert recording.signal.dtype == np.float32
    np.testing.assert_allclose(recording.signal[0], wrist()["BVP"][:, 0], rtol=1e-6)


def test_acceleration_is_in_g_at_the_time_of_the_ppg(tmp_path: Path) -> None:
    recording = read(tmp_path, archive(S1=subject()))
    angle = np.linspace(0, np.pi / 2, 64 * DURATION_S)
    expected_g = [np.cos(angle), np.sin(angle), 0 * angle]
    # as far as 1/64 g can tell, and not at the ends, beyond which it is taken to stay as it is
    inner = slice(64, -64)
    np.testing.assert_allclose(
        recording.signal[1:, inner], np.stack(expected_g)[:, inner], atol=0.02
    )


def test_references_and_activities_belong_to_their_windows(tmp_path: Path) -> None:
    recording = read(tmp_path, archive(S1=subject()))
    np.testing.assert_array_equal(recording.reference_time_s, 4 + 2 * np.arange(N_WINDOWS))
    np.testing.assert_array_equal(recording.reference_bpm, 70 + np.arange(N_WINDOWS))
    # sitting until 20 s, on the way until 40 s, then cycling; the majority of 8 s counts
    centre_s = recording.reference_time_s
    assert recording.activity is not None
    assert set(recording.activity[centre_s < 20]) == {"rest"}
    assert set(recording.activity[(centre_s >= 20) & (centre_s <= 40)]) == {"unknown"}
    assert set(recording.activity[centre_s > 40]) == {"cycle"}


def test_only_the_subjects_that_are_asked_for_are_read(tmp_path: Path) -> None:
    content = archive(S1=b"no pickle", S2=subject("S2"), S3=b"no pickle", S15=subject("S15"))
    path = placed(tmp_path, DATASET.recordings[0].files[0].local, content)
    names = ["ppg_dalia-S2", "ppg_dalia-S15"]
    recordings = read_recordings("ppg_dalia", names, [path])
    assert [recording.subject for recording in recordings] == names


def test_recordings_come_one_by_one(tmp_path: Path) -> None:
    path = placed(tmp_path, DATASET.recordings[0].files[0].local, archive(S1=subject(), S2=b"?"))
    recordings = read_recordings("ppg_dalia", ["ppg_dalia-S1", "ppg_dalia-S2"], [path])
    assert next(recordings).name == "ppg_dalia-S1"
    with pytest.raises(PpgkdError, match=r"S2\.pkl"):
        next(recordings)


def test_windows_carry_the_activity(tmp_path: Path) -> None:
    path = placed(tmp_path, DATASET.recordings[0].files[0].local, archive(S1=subject()))
    recordings = read_recordings("ppg_dalia", ["ppg_dalia-S1"], [path])
    counts = write_windows(recordings, "ppg_dalia", SPEC, tmp_path / "windows.parquet")
    assert counts["kept"].tolist() == [N_WINDOWS]


# What can be wrong


@pytest.mark.parametrize("kept", [0.0, 0.1, 0.5, 0.98])
def test_a_truncated_archive_is_refused(tmp_path: Path, kept: float) -> None:
    whole = archive(S1=subject())
    assert "damaged" in message_of(tmp_path, whole[: int(kept * len(whole))])


def test_an_altered_archive_is_refused(tmp_path: Path) -> None:
    whole = bytearray(archive(S1=subject()))
    whole[len(whole) // 2] ^= 0x40
    assert "damaged" in message_of(tmp_path, bytes(whole))


def test_a_missing_subject_is_named(tmp_path: Path) -> None:
    message = message_of(tmp_path, archive(S1=subject()), number=2)
    assert "PPG_FieldStudy/S2/S2.pkl is missing" in message


def test_a_missing_archive_is_named(tmp_path: Path) -> None:
    with pytest.raises(PpgkdError, match=r"ppg\+dalia.zip: .* cannot be opened"):
        DATASET.read(DATASET.recordings[0], tmp_path)


def test_a_pickle_with_a_payload_is_named_and_not_run(tmp_path: Path) -> None:
    touched = tmp_path / "touched"

    class Payload:
        def __reduce__(self) -> Any:
            return Path.touch, (touched,)

    message = message_of(tmp_path, archive(S1=pickle.dumps({"signal": Payload()}, 2)))
    assert "S1.pkl" in message
    assert "the pickle asks for" in message
    assert not touched.exists()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"signal__wrist__BVP": None}, "signal.wrist.BVP is missing"),
        ({"signal": None}, "signal.wrist.BVP is missing"),
        ({"label": None}, "label is missing"),
        ({"activity": None}, "activity is missing"),
        ({"signal__wrist__ACC": np.zeros((1_920, 2))}, "signal.wrist.ACC has the shape (1920, 2)"),
        ({"signal__wrist__BVP": np.zeros((3_840, 3))}, "signal.wrist.BVP has the shape (3840, 3)"),
        ({"label": ["seventy"] * N_WINDOWS}, "label has the shape (27,) and the type <U7"),
        (
            {"signal__wrist__ACC": np.zeros((64 * DURATION_S, 3))},
            "signal.wrist.ACC lasts 120.0 s at 32 Hz, but signal.wrist.BVP 60.0 s at 64 Hz",
        ),
        ({"activity": np.ones((700 * DURATION_S, 1))}, "activity lasts 10500.0 s at 4 Hz"),
        ({"label": np.ones(N_WINDOWS + 2)}, f"label has {N_WINDOWS + 2} values"),
        (
            {"signal__wrist__BVP": np.zeros((400, 1)), "signal__wrist__ACC": np.zeros((200, 3))},
            "signal.wrist.BVP lasts 6.2 s at 64 Hz; expected at least 8 s",
        ),
    ],
)
def test_what_is_not_as_documented_is_named(
    tmp_path: Path, changes: dict[str, object], expected: str
) -> None:
    message = message_of(tmp_path, archive(S1=subject(**changes)))
    assert expected in message
    assert "S1.pkl" in message


def test_references_outside_what_a_heart_can_do_are_dropped_and_counted(tmp_path: Path) -> None:
    label = 70.0 + np.arange(N_WINDOWS)
    label[:4] = [0.0, -1.0, 24.9, 240.1]
    label[5] = np.nan
    path = placed(tmp_path, DATASET.recordings[0].files[0].local, archive(S1=subject(label=label)))
    recordings = read_recordings("ppg_dalia", ["ppg_dalia-S1"], [path])
    counts = write_windows(recordings, "ppg_dalia", SPEC, tmp_path / "windows.parquet").iloc[0]
    assert counts["reference_out_of_range"] == 4
    assert counts["no_reference"] == 1
    assert counts["kept"] == N_WINDOWS - 5
