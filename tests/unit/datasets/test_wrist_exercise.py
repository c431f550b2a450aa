"""The reader of Wrist PPG During Exercise, on files in the published form and on real ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.unit.datasets.edf_files import write_edf

from ppgkd.datasets.ecg_reference import reference_from_ecg
from ppgkd.datasets.edf import read_edf_signals
from ppgkd.datasets.recording import Recording
from ppgkd.datasets.registry import get_dataset
from ppgkd.errors import PpgkdError

DATASET = get_dataset("wrist_exercise")
ENTRY = DATASET.recordings[0]
RATE_HZ = 256
DURATION_S = 40
PAD = 300
BPM = 90.0
LABELS = (
    *("chest_ecg", "wrist_ppg", "wrist_gyro_x", "wrist_gyro_y", "wrist_gyro_z"),
    *(["wrist_low_noise_"] * 3 + ["wrist_wide_range"] * 3),
    *("wrist_mag_x", "wrist_mag_y", "wrist_mag_z"),
)
HEAD = "      Time   Sample #  Type  Sub Chan  Num\tAux"
COMMENT = '    0:00.000        0     "    0    0    0\t## time resolution: 256'


def beat_lines() -> list[str]:
    samples = np.arange(20, DURATION_S * RATE_HZ - PAD, 60 / BPM * RATE_HZ).round().astype(int)
    return [f"    0:00.000    {sample}     N    0    1    0" for sample in samples]


def write(
    folder: Path,
    labels: tuple[str, ...] = LABELS,
    rate_hz: int = RATE_HZ,
    lines: list[str] | None = None,
) -> tuple[Path, Path]:
    """A recording as published; its acceleration is 1 g along z."""
    edf, text = (folder / file.local for file in ENTRY.files)
    for path in (edf, text):
        path.parent.mkdir(parents=True, exist_ok=True)
    time_s = np.arange(DURATION_S * rate_hz) / rate_hz
    wave = np.sin(2 * np.pi * 1.5 * time_s)
    signals = []
    for index, label in enumerate(labels):
        values = {1: 1500 + 20 * wave, 7: 9.80665 + 0.5 * wave}.get(index, 0.1 * wave)
        values[-PAD:] = values[-PAD]
        signals.append((label, rate_hz, values))
    write_edf(edf, signals)
    text.write_text("\n".join([HEAD, COMMENT, *(beat_lines() if lines is None else lines)]))
    return edf, text


def message_of(folder: Path) -> str:
    with pytest.raises(PpgkdError) as caught:
        DATASET.read(ENTRY, folder)
    return str(caught.value)


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    write(tmp_path)
    return DATASET.read(ENTRY, tmp_path)


def test_signals_are_read_by_index_for_labels_repeat(recording: Recording) -> None:
    assert (recording.channels, recording.rate_hz) == (("ppg_1", "acc_x", "acc_y", "acc_z"), 256)
    assert recording.signal[0].mean() == pytest.approx(1500, abs=1)
    assert recording.signal[3].mean() == pytest.approx(1, abs=0.01)


def test_the_constant_end_is_cut_off(recording: Recording) -> None:
    assert recording.signal.shape[1] == DURATION_S * RATE_HZ - PAD + 1


def test_the_reference_is_that_of_the_beats(recording: Recording) -> None:
    np.testing.assert_allclose(recording.reference_bpm, BPM, rtol=0.005)
    assert recording.reference_time_s[0] == 4


def test_activities_are_those_of_the_names() -> None:
    assert {entry.name.rpartition("_")[2] for entry in DATASET.recordings} == {
        *("walk", "run", "bike")
    }


def test_a_cyclist_cycles(recording: Recording) -> None:
    assert ENTRY.name == "s2_high_resistance_bike"
    assert recording.activity is not None
    assert set(recording.activity) == {"cycle"}


def test_all_recordings_are_listed_and_one_is_doubtful() -> None:
    assert len(DATASET.recordings) == 16
    assert [entry.name for entry in DATASET.recordings if entry.doubt] == ["s4_run"]


def test_an_annotation_that_is_no_beat_does_not_count(tmp_path: Path) -> None:
    noise = "    0:05.000     1300     ~    0    1    0"
    write(tmp_path, lines=sorted([*beat_lines(), noise], key=lambda line: int(line.split()[1])))
    np.testing.assert_allclose(DATASET.read(ENTRY, tmp_path).reference_bpm, BPM, rtol=0.005)


@pytest.mark.parametrize(
    ("labels", "rate_hz", "expected"),
    [
        (LABELS[:1] + LABELS[2:], RATE_HZ, "signal 1 is 'wrist_gyro_x' at 256 Hz"),
        (LABELS, 128, "signal 1 is 'wrist_ppg' at 128 Hz, expected 'wrist_ppg' at 256 Hz"),
        (LABELS[:6], RATE_HZ, "it has 6 signals, expected at least 8"),
    ],
)
def test_other_signals_are_refused(
    tmp_path: Path, labels: tuple[str, ...], rate_hz: int, expected: str
) -> None:
    edf, _ = write(tmp_path, labels, rate_hz)
    assert f"{edf}: {expected}" in message_of(tmp_path)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["words and more words"], "it has 0 beats"),
        (["0:01.000 x N 0 1 0"], "this is no table of annotations"),
        (["0:01.000 256 N 0 1 0", "0:00.500 128 N 0 1 0"], "expected at least two, at ascending"),
        (["0:01.000 256 N 0 1 0", "9:00.000 138240 N 0 1 0"], "the last beat is at 540.0 s"),
    ],
)
def test_annotations_of_another_form_are_refused(
    tmp_path: Path, lines: list[str], expected: str
) -> None:
    _, text = write(tmp_path, lines=lines)
    assert f"{text}: {expected}" in message_of(tmp_path).replace("it has 2 beats; ", "")


@pytest.mark.parametrize("n_bytes", [0, 100, 5_000, 100_000])
def test_a_truncated_file_is_refused(tmp_path: Path, n_bytes: int) -> None:
    edf, _ = write(tmp_path)
    edf.write_bytes(edf.read_bytes()[:n_bytes])
    assert str(edf) in message_of(tmp_path)


@pytest.mark.parametrize("missing", [0, 1])
def test_a_missing_file_is_named(tmp_path: Path, missing: int) -> None:
    path = write(tmp_path)[missing]
    path.unlink()
    assert f"{path}: the file cannot be opened" in message_of(tmp_path)


def test_a_recording_without_a_signal_is_refused(tmp_path: Path) -> None:
    edf, _ = write(tmp_path)
    write_edf(edf, [(label, RATE_HZ, np.zeros(DURATION_S * RATE_HZ)) for label in LABELS])
    assert "the wrist's signals last 0.0 s before they are constant" in message_of(tmp_path)


def test_the_real_files_are_read(real_data: Path) -> None:
    """The reference from the annotated beats is that of our detectors on the same ECG."""
    here = [e for e in DATASET.recordings if all((real_data / f.local).exists() for f in e.files)]
    if not here:
        pytest.skip(f"no files of wrist_exercise in {real_data}")
    for entry in here:
        recording = DATASET.read(entry, real_data)
        n_samples = recording.signal.shape[1]
        ecg = read_edf_signals(real_data / entry.files[0].local)[0].values[:n_samples]
        _, by_ecg_bpm = reference_from_ecg(ecg, RATE_HZ)
        difference_bpm = np.abs(recording.reference_bpm - by_ecg_bpm)
        # in one recording, the detectors agree in 4 windows of 140
        assert np.isfinite(difference_bpm).any()
        assert np.nanmedian(difference_bpm) < 0.2
        assert np.isfinite(recording.reference_bpm).mean() > 0.94
        magnitude_g = np.linalg.norm(recording.signal[1:], axis=0)
        assert 0.95 < np.median(magnitude_g) < 1.15
