"""The BAMI reader, on files written in the published format and on the real ones."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.io import savemat

from ppgkd.datasets import bami
from ppgkd.datasets.recording import Recording
from ppgkd.datasets.registry import RawFile, RecordingEntry, get_dataset
from ppgkd.errors import PpgkdError

N_SAMPLES = 1_201
"""One sample more than 9 windows of 400 samples every 100, as most of BAMI-1 has one over."""


def ramp(n_samples: int = N_SAMPLES) -> NDArray[np.uint16]:
    return (np.arange(3)[:, None] * 10_000 + np.arange(n_samples)).astype(np.uint16)


def upright(n_samples: int = N_SAMPLES) -> NDArray[np.uint16]:
    """At rest, -1, 0 and 1 g on the axes."""
    return np.full((n_samples, 3), [28_672, 32_768, 36_864], np.uint16).T


def labels(n: int) -> NDArray[np.float64]:
    return 60.0 + np.arange(n)[:, None]


def write(path: Path, **changes: object) -> Path:
    content = {"rawPPG": ramp(), "rawAcc": upright(), "bpm_ecg": labels(9), **changes}
    published = {name: value for name, value in content.items() if value is not None}
    savemat(path, published | {"bpm_proposed": labels(9)}, do_compression=True)
    return path


def read(path: Path, name: str = "BAMI1_1", subject: str = "bami1-01") -> Recording:
    entry = RecordingEntry(name, subject, (RawFile("bami", path.name),))
    return bami.read(entry, path.parents[1])


def message_of(path: Path) -> str:
    with pytest.raises(PpgkdError) as caught:
        read(path)
    message = str(caught.value)
    assert str(path) in message
    return message


@pytest.fixture
def mat(tmp_path: Path) -> Path:
    folder = tmp_path / "bami"
    folder.mkdir()
    return folder / "BAMI1_1.mat"


def test_ppg_stays_in_counts_and_acceleration_becomes_g(mat: Path) -> None:
    recording = read(write(mat))
    assert (recording.name, recording.subject, recording.rate_hz) == ("BAMI1_1", "bami1-01", 50.0)
    assert recording.channels == ("ppg_1", "ppg_2", "ppg_3", "acc_x", "acc_y", "acc_z")
    assert recording.signal.dtype == np.float32
    np.testing.assert_array_equal(recording.signal[:3], ramp())
    np.testing.assert_array_equal(recording.signal[3:, 0], [-1, 0, 1])


def test_the_last_window_ends_with_the_signal(mat: Path) -> None:
    recording = read(write(mat))
    np.testing.assert_array_equal(recording.reference_bpm, 60 + np.arange(9))
    # 1201 samples: the last window is samples 801 to 1200, the first 1 to 400
    np.testing.assert_allclose(recording.reference_time_s, 4.02 + 2 * np.arange(9))


def test_one_label_more_than_windows_loses_the_first(mat: Path) -> None:
    recording = read(write(mat, bpm_ecg=labels(10)))
    np.testing.assert_array_equal(recording.reference_bpm, 61 + np.arange(9))
    np.testing.assert_allclose(recording.reference_time_s, 4.02 + 2 * np.arange(9))


def test_one_label_fewer_than_windows_leaves_the_first_without(mat: Path) -> None:
    recording = read(write(mat, bpm_ecg=labels(8)), "BAMI2_1", "bami2-01")
    np.testing.assert_array_equal(recording.reference_bpm, 60 + np.arange(8))
    np.testing.assert_allclose(recording.reference_time_s, 6.02 + 2 * np.arange(8))


@pytest.mark.parametrize("n_labels", [7, 11])
def test_a_larger_difference_is_refused(mat: Path, n_labels: int) -> None:
    message = message_of(write(mat, bpm_ecg=labels(n_labels)))
    assert f"bpm_ecg has {n_labels} values" in message
    assert "9 windows" in message
    assert "expected 8 to 10" in message


def test_a_missing_label_stays_missing(mat: Path) -> None:
    gap = labels(9)
    gap[4] = np.nan
    recording = read(write(mat, bpm_ecg=gap))
    assert np.flatnonzero(np.isnan(recording.reference_bpm)) == [4]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"rawPPG": ramp()[:2]}, "rawPPG has the shape (2, 1201), expected (3, N)"),
        ({"rawPPG": ramp().T}, "rawPPG has the shape (1201, 3), expected (3, N)"),
        (
            {"rawPPG": ramp(399)},
            "shape (3, 399), expected (3, N) with N at least 400",
        ),
        ({"rawAcc": upright(1_200)}, "rawAcc has the shape (3, 1200), expected that of rawPPG"),
        ({"bpm_ecg": np.ones((3, 3))}, "bpm_ecg has the shape (3, 3), expected (N, 1)"),
        ({"rawPPG": None}, "the variable rawPPG is missing"),
        ({"bpm_ecg": None}, "the variable bpm_ecg is missing"),
        ({"bpm_ecg": "seventy"}, "bpm_ecg is of the type <U7, expected integers or floating"),
    ],
)
def test_what_is_not_a_bami_file_is_refused(
    mat: Path, changes: dict[str, object], expected: str
) -> None:
    message = message_of(write(mat, **changes))
    assert expected in message
    assert "Delete it and run the workflow again" in message


@pytest.mark.parametrize("kept", [0.0, 0.02, 0.5, 0.95])
def test_a_truncated_file_is_refused(mat: Path, kept: float) -> None:
    whole = write(mat).read_bytes()
    mat.write_bytes(whole[: int(kept * len(whole))])
    message = message_of(mat)
    assert "the file is damaged or no MATLAB file" in message or "is missing" in message
    assert "Delete it and run the workflow again" in message


def test_a_web_page_under_the_name_is_refused(mat: Path) -> None:
    mat.write_text("<!DOCTYPE html><title>Sign in</title>" * 20)
    assert "the file is damaged or no MATLAB file" in message_of(mat)


def test_an_absent_file_is_refused(mat: Path) -> None:
    assert "cannot be opened (No such file or directory)" in message_of(mat)


@pytest.mark.parametrize("dataset_name", ["bami1", "bami2"])
def test_the_real_files_are_read(real_data: Path, dataset_name: str) -> None:
    dataset = get_dataset(dataset_name)
    here = [e for e in dataset.recordings if (real_data / e.files[0].local).exists()]
    if not here:
        pytest.skip(f"no files of {dataset_name} in {real_data}")
    for entry in here:
        recording = dataset.read(entry, real_data)
        duration_s = recording.signal.shape[1] / recording.rate_hz
        magnitude_g = np.linalg.norm(recording.signal[3:], axis=0)
        assert recording.subject == entry.subject
        assert len(recording.signal) == dataset.ppg_channels + 3
        assert recording.rate_hz == dataset.rate_hz
        assert 0.9 < np.median(magnitude_g) < 1.4, "gravity is 1 g"
        assert recording.reference_time_s[0] >= 4
        assert recording.reference_time_s[-1] == pytest.approx(duration_s - 4)
        assert recording.reference_bpm.min() > 40
        assert recording.reference_bpm.max() < 210


def test_the_real_file_with_a_label_fewer_is_aligned_at_its_end(real_data: Path) -> None:
    dataset = get_dataset("bami2")
    entry = dataset.recordings[0]
    if not (real_data / entry.files[0].local).exists():
        pytest.skip("BAMI2_1.mat is not there")
    recording = dataset.read(entry, real_data)
    assert recording.signal.shape == (6, 36_500)
    assert len(recording.reference_bpm) == 361
    assert recording.reference_time_s[[0, -1]] == pytest.approx([6.0, 726.0])
