"""The reader of the Signal Processing Cup, on files in the published format and on real ones."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.io import savemat

from ppgkd.datasets import ieee_spc
from ppgkd.datasets.recording import Recording
from ppgkd.datasets.registry import RawFile, RecordingEntry, get_dataset
from ppgkd.errors import PpgkdError

N_SAMPLES = 2_600
"""7 windows of 1000 samples every 250, and 100 samples over."""


def rows(n_rows: int, n_samples: int = N_SAMPLES) -> NDArray[np.float64]:
    """A row per channel; with six of them the first, the ECG, holds zeros."""
    number = np.arange(n_rows) - (n_rows - 5)
    return (1.0 + number)[:, None] * np.ones(n_samples)


def labels(n: int) -> NDArray[np.float64]:
    return 60.0 + np.arange(n)[:, None]


@pytest.fixture
def paths(tmp_path: Path) -> tuple[Path, Path]:
    folder = tmp_path / "ieee_spc"
    folder.mkdir()
    signal, reference = folder / "DATA_01_TYPE01.mat", folder / "DATA_01_TYPE01_BPMtrace.mat"
    savemat(signal, {"sig": rows(6)}, do_compression=True)
    savemat(reference, {"BPM0": labels(7)}, do_compression=True)
    return signal, reference


def read(paths: tuple[Path, Path]) -> Recording:
    files = tuple(RawFile("ieee_spc", path.name) for path in paths)
    return ieee_spc.read(RecordingEntry("DATA_01_TYPE01", "spc-01", files), paths[0].parents[1])


def message_of(paths: tuple[Path, Path], culprit: Path) -> str:
    with pytest.raises(PpgkdError) as caught:
        read(paths)
    message = str(caught.value)
    assert str(culprit) in message
    assert "Delete it and run the workflow again" in message
    return message


@pytest.mark.parametrize("n_rows", [6, 5])
def test_the_ecg_is_left_out_where_there_is_one(paths: tuple[Path, Path], n_rows: int) -> None:
    savemat(paths[0], {"sig": rows(n_rows)})
    recording = read(paths)
    assert recording.rate_hz == 125.0
    assert recording.channels == ("ppg_1", "ppg_2", "acc_x", "acc_y", "acc_z")
    assert recording.signal.dtype == np.float32
    assert recording.signal.shape == (5, N_SAMPLES)
    np.testing.assert_array_equal(recording.signal[:, 0], [1, 2, 3, 4, 5])


def test_the_first_window_starts_with_the_signal(paths: tuple[Path, Path]) -> None:
    recording = read(paths)
    np.testing.assert_array_equal(recording.reference_bpm, 60 + np.arange(7))
    np.testing.assert_allclose(recording.reference_time_s, 4 + 2 * np.arange(7))


@pytest.mark.parametrize(("n_labels", "n_kept"), [(6, 6), (8, 7)])
def test_one_label_more_or_fewer_does_not_move_the_others(
    paths: tuple[Path, Path], n_labels: int, n_kept: int
) -> None:
    savemat(paths[1], {"BPM0": labels(n_labels)})
    recording = read(paths)
    np.testing.assert_array_equal(recording.reference_bpm, 60 + np.arange(n_kept))
    np.testing.assert_allclose(recording.reference_time_s, 4 + 2 * np.arange(n_kept))


@pytest.mark.parametrize("n_labels", [5, 9])
def test_a_larger_difference_is_refused(paths: tuple[Path, Path], n_labels: int) -> None:
    savemat(paths[1], {"BPM0": labels(n_labels)})
    message = message_of(paths, culprit=paths[1])
    assert f"BPM0 has {n_labels} values" in message
    assert "7 windows" in message
    assert "expected 6 to 8" in message


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"sig": rows(6)[:4]}, "sig has the shape (4, 2600), expected (6, N) or (5, N)"),
        ({"sig": rows(6).T}, "sig has the shape (2600, 6), expected (6, N) or (5, N)"),
        ({"sig": rows(6, 999)}, "sig has the shape (6, 999)"),
        ({"sig": np.full((6, 1), "cell", object)}, "sig is of the type object"),
        ({"signal": rows(6)}, "the variable sig is missing"),
    ],
)
def test_a_signal_of_another_form_is_refused(
    paths: tuple[Path, Path], content: dict[str, object], expected: str
) -> None:
    savemat(paths[0], content)
    assert expected in message_of(paths, culprit=paths[0])


@pytest.mark.parametrize("damaged", [0, 1])
def test_a_truncated_file_is_refused(paths: tuple[Path, Path], damaged: int) -> None:
    path = paths[damaged]
    path.write_bytes(path.read_bytes()[:-20])
    assert "the file is damaged or no MATLAB file" in message_of(paths, culprit=path)


@pytest.mark.parametrize("dataset_name", ["ieee_spc_train", "ieee_spc_test"])
def test_the_real_files_are_read(real_data: Path, dataset_name: str) -> None:
    dataset = get_dataset(dataset_name)
    here = [
        entry
        for entry in dataset.recordings
        if all((real_data / file.local).exists() for file in entry.files)
    ]
    if not here:
        pytest.skip(f"no files of {dataset_name} in {real_data}")
    for entry in here:
        recording = dataset.read(entry, real_data)
        n_windows = (recording.signal.shape[1] - 1_000) // 250 + 1
        magnitude_g = np.linalg.norm(recording.signal[2:], axis=0)
        assert recording.subject == entry.subject
        assert len(recording.signal) == dataset.ppg_channels + 3
        assert recording.rate_hz == dataset.rate_hz
        assert 0.8 < np.median(magnitude_g) < 1.4, "gravity is 1 g"
        assert abs(len(recording.reference_bpm) - n_windows) <= 1
        assert recording.reference_time_s[0] == 4
        assert recording.reference_bpm.min() > 40
        assert recording.reference_bpm.max() < 210
