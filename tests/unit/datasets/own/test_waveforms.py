"""Own recordings in EDF files and WFDB records, which the tests write with edfio and wfdb."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from numpy.typing import NDArray
from tests.unit.datasets.edf_files import write_edf
from tests.unit.datasets.simulated_ecg import simulated_ecg
from tests.unit.datasets.wfdb_files import write_beats, write_record

from ppgkd.cli import main
from ppgkd.datasets.own.dataset import own_dataset
from ppgkd.datasets.own.read import OwnRecording, read_with_notes
from ppgkd.datasets.registry import get_dataset
from ppgkd.errors import PpgkdError

DURATION_S = 60
BPM = 75.0
RATES_HZ = {"PLETH": 64, "X": 32, "Y": 32, "Z": 32, "ECG": 256, "HR": 1}

ABOUT: dict[str, Any] = {
    "title": "Simulated",
    "terms": "Made by a test.",
    "files": "*.edf",
    "channels": {
        "ppg": ["PLETH"],
        "acceleration": ["X", "Y", "Z"],
        "acceleration_unit": "g",
    },
    "reference": {"column": "HR"},
}
WITHOUT_ACC = {"ppg": ["PLETH"]}


def pulse(time_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """A tone on a slope: peaks of one height would be taken for the sensor's limit."""
    return np.sin(2 * np.pi * BPM / 60 * time_s) + 0.01 * time_s


def signals() -> dict[str, NDArray[np.float64]]:
    """Each at its own rate; the acceleration has a tone of 5 Hz beside gravity."""

    def time_s(name: str) -> NDArray[np.float64]:
        return np.arange(DURATION_S * RATES_HZ[name]) / RATES_HZ[name]

    beats_s = np.arange(0.3, DURATION_S, 60 / BPM)
    return {
        "PLETH": pulse(time_s("PLETH")),
        "X": 0.2 * np.sin(2 * np.pi * 5 * time_s("X")),
        "Y": 0.1 * np.cos(2 * np.pi * 5 * time_s("Y")),
        "Z": 1 + 0.05 * np.sin(2 * np.pi * time_s("Z")),
        "ECG": simulated_ecg(beats_s, DURATION_S, RATES_HZ["ECG"]),
        "HR": np.full(DURATION_S, BPM),
    }


def write_yaml(folder: Path, **changes: Any) -> Path:
    about = {**ABOUT, **changes}
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump({key: value for key, value in about.items() if value}))
    return path


def edf(folder: Path, name: str = "ada", **changes: Any) -> Path:
    write_edf(folder / f"{name}.edf", [(k, RATES_HZ[k], v) for k, v in signals().items()])
    return write_yaml(folder, **changes)


def wfdb_record(folder: Path, name: str = "ada", **changes: Any) -> Path:
    """A frame lasts 1 s, so each signal has as many samples in it as its rate in Hz says."""
    write_record(folder, name, 1, [(k, RATES_HZ[k], v) for k, v in signals().items()])
    return write_yaml(folder, **{"files": "*.hea", **changes})


FORMATS = pytest.mark.parametrize("write", [edf, wfdb_record])


def read_one(definition: Path) -> OwnRecording:
    (found,) = read_with_notes(own_dataset("mine", definition).recordings)
    return found


def refusal(definition: Path) -> str:
    with pytest.raises(PpgkdError) as caught:
        read_one(definition)
    return str(caught.value)


@FORMATS
def test_the_rate_is_that_of_the_ppg_and_each_signal_is_read_at_its_own(
    write: Any, tmp_path: Path
) -> None:
    definition = write(tmp_path)
    assert own_dataset("mine", definition).rate_hz == 64
    recording = read_one(definition).recording
    assert recording.channels == ("ppg_1", "acc_x", "acc_y", "acc_z")
    assert recording.signal.shape == (4, DURATION_S * 64)
    time_s = np.arange(DURATION_S * 64) / 64
    inner = slice(64, -64)
    expected = [
        pulse(time_s),
        0.2 * np.sin(2 * np.pi * 5 * time_s),
        0.1 * np.cos(2 * np.pi * 5 * time_s),
        1 + 0.05 * np.sin(2 * np.pi * time_s),
    ]
    for found, wanted in zip(recording.signal, expected, strict=True):
        np.testing.assert_allclose(found[inner], wanted[inner], atol=0.01)


@FORMATS
def test_a_signal_of_heart_rates_is_the_reference(write: Any, tmp_path: Path) -> None:
    reference = read_one(write(tmp_path)).reference
    np.testing.assert_allclose(reference.bpm, BPM, rtol=1e-3)
    assert reference.n_values == DURATION_S


@FORMATS
def test_an_ecg_is_read_at_its_own_rate(write: Any, tmp_path: Path) -> None:
    definition = write(tmp_path, reference={"ecg": {"column": "ECG"}})
    reference = read_one(definition).reference
    np.testing.assert_allclose(reference.bpm, BPM, rtol=5e-3)
    np.testing.assert_allclose(reference.time_s, 4 + 2 * np.arange(27))


@FORMATS
def test_signals_are_named_by_label_or_index(write: Any, tmp_path: Path) -> None:
    by_label = read_one(write(tmp_path)).recording
    channels = {**ABOUT["channels"], "ppg": [0], "acceleration": [1, "Y", 3]}
    by_index = read_one(write(tmp_path, channels=channels, reference={"column": 5})).recording
    np.testing.assert_array_equal(by_label.signal, by_index.signal)
    np.testing.assert_array_equal(by_label.reference_bpm, by_index.reference_bpm)


@FORMATS
def test_a_falling_systole_is_inverted(write: Any, tmp_path: Path) -> None:
    upright = read_one(write(tmp_path)).recording.signal[0]
    channels = {**ABOUT["channels"], "systole": "falls"}
    np.testing.assert_array_equal(
        read_one(write(tmp_path, channels=channels)).recording.signal[0], -upright
    )


@FORMATS
def test_the_reference_may_be_a_table_beside_the_recording(write: Any, tmp_path: Path) -> None:
    table = pd.DataFrame({"time_s": np.arange(DURATION_S), "bpm": 70 + np.arange(DURATION_S) / 10})
    table.to_csv(tmp_path / "ada.csv", index=False)
    definition = write(tmp_path, reference={"files": "{table}.csv", "window_s": 8})
    reference = read_one(definition).reference
    np.testing.assert_allclose(reference.time_s, table["time_s"])
    np.testing.assert_allclose(reference.bpm, table["bpm"], rtol=1e-6)


@FORMATS
def test_date_times_beside_samples_without_are_refused(write: Any, tmp_path: Path) -> None:
    when = pd.date_range("2026-05-04", periods=DURATION_S, freq="1s")
    pd.DataFrame({"timestamp": when, "bpm": 70}).to_csv(tmp_path / "ada.csv", index=False)
    message = refusal(write(tmp_path, reference={"files": "{table}.csv"}))
    assert "it has date-times, but the samples have none; use time_s" in message


def test_the_beats_of_a_record_are_its_annotations(tmp_path: Path) -> None:
    definition = wfdb_record(tmp_path, reference={"beats": {"annotations": "atr"}})
    beat_s = np.arange(0.5, DURATION_S, 60 / BPM)
    write_beats(tmp_path, "ada", "atr", beat_s, ["N"] * len(beat_s), rate_hz=256)
    found = read_one(definition)
    np.testing.assert_allclose(found.reference.bpm, BPM, rtol=0.01)
    files = {Path(file.path).name for file in own_dataset("mine", definition).recordings[0].files}
    assert files == {"mine.yaml", "ada.hea", "ada.dat", "ada.atr"}


def test_annotations_that_are_no_beats_are_left_out(tmp_path: Path) -> None:
    definition = wfdb_record(tmp_path, reference={"beats": {"annotations": "atr"}})
    beat_s = np.arange(0.5, DURATION_S, 60 / BPM)
    time_s = np.sort(np.append(beat_s, beat_s[20:50] + 0.3))
    symbols = ["N" if time in beat_s else "~" for time in time_s]
    write_beats(tmp_path, "ada", "atr", time_s, symbols, rate_hz=256)
    np.testing.assert_allclose(read_one(definition).reference.bpm, BPM, rtol=0.01)


@FORMATS
@pytest.mark.parametrize(
    ("channels", "said"),
    [
        ({"ppg": ["PPG"]}, "it has no signal 'PPG'; it has 0 'PLETH', 1 'X', 2 'Y', 3 'Z', 4"),
        ({"ppg": [9]}, "it has no signal of the index 9; it has 0 'PLETH'"),
        ({"ppg": ["PLETH", "ECG"]}, "signals of its PPG have several rates: PLETH 64 Hz, ECG 256"),
    ],
)
def test_signals_that_are_not_there_or_do_not_fit_are_refused(
    write: Any, tmp_path: Path, channels: dict[str, Any], said: str
) -> None:
    assert said in refusal(write(tmp_path, channels=channels))


def test_a_label_that_repeats_is_refused_with_its_indices(tmp_path: Path) -> None:
    wave = signals()["PLETH"]
    write_edf(tmp_path / "ada.edf", [("wrist_low_noise_", 64, wave)] * 3)
    definition = write_yaml(
        tmp_path, channels={"ppg": ["wrist_low_noise_"]}, reference={"column": 2}
    )
    message = refusal(definition)
    assert "3 of its signals are 'wrist_low_noise_'. Name one by its index instead, of 0, 1, 2" in (
        message
    )


@FORMATS
def test_another_rate_than_the_declared_one_is_refused(write: Any, tmp_path: Path) -> None:
    message = refusal(write(tmp_path, rate_hz=50))
    assert "its PPG has 64 Hz, but 'rate_hz' is 50. Correct or leave out 'rate_hz'" in message


@FORMATS
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"recording": "who"}, "'recording' names the column who, and"),
        ({"subject": {"column": "who"}}, "'subject.column' names the column who, and"),
        ({"activity": {"column": "what", "words": {"sit": "rest"}}}, "'activity' names the column"),
    ],
)
def test_keys_of_tables_are_refused(
    write: Any, tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    assert said in refusal(write(tmp_path, **changes))


def test_a_table_has_columns_and_no_indices(tmp_path: Path) -> None:
    pd.DataFrame({"time_s": [0, 1], "green": [1, 2]}).to_csv(tmp_path / "ada.csv", index=False)
    definition = write_yaml(
        tmp_path, files="*.csv", channels={"ppg": [1]}, reference={"column": "hr"}
    )
    assert "ada.csv is a table, and [1] are indices" in refusal(definition)


def test_the_header_of_a_record_is_named_and_not_its_samples(tmp_path: Path) -> None:
    definition = wfdb_record(tmp_path, files="*.dat")
    assert "Name its header, which ends in .hea" in refusal(definition)


def test_samples_that_are_missing_beside_the_header_are_named(tmp_path: Path) -> None:
    definition = wfdb_record(tmp_path)
    (tmp_path / "ada.dat").unlink()
    assert f"{tmp_path / 'ada.dat'}, which it needs, cannot be opened" in refusal(definition)
    declared = write_yaml(tmp_path, files="*.hea", rate_hz=64)  # then no file is opened for it
    assert "the header names ada.dat, and there is no such file beside it" in refusal(declared)


def test_annotations_that_are_missing_are_named(tmp_path: Path) -> None:
    definition = wfdb_record(tmp_path, reference={"beats": {"annotations": "atr"}})
    assert f"{tmp_path / 'ada.atr'} is no file" in refusal(definition)


def test_annotations_belong_to_records(tmp_path: Path) -> None:
    definition = edf(tmp_path, reference={"beats": {"annotations": "atr"}})
    assert "ada.edf is no WFDB record, and 'reference.beats.annotations' is" in refusal(definition)


@FORMATS
def test_a_damaged_file_is_named(write: Any, tmp_path: Path) -> None:
    definition = write(tmp_path)
    path = tmp_path / ("ada.edf" if write is edf else "ada.dat")
    path.write_bytes(path.read_bytes()[:1_000])
    assert "ada" in refusal(definition)
    assert "the file is damaged or no" in refusal(definition)


def test_recordings_of_other_rates_are_resampled_to_that_of_most(tmp_path: Path) -> None:
    for name, rate_hz in (("ada", 64), ("bo", 64), ("cy", 100)):
        time_s = np.arange(DURATION_S * rate_hz) / rate_hz
        wave = np.sin(2 * np.pi * BPM / 60 * time_s)
        parts = [("PLETH", rate_hz, wave), ("HR", 1, np.full(DURATION_S, BPM))]
        write_edf(tmp_path / f"{name}.edf", parts)
    dataset = own_dataset("mine", write_yaml(tmp_path, channels=WITHOUT_ACC))
    assert dataset.rate_hz == 64
    *_, last = read_with_notes(dataset.recordings)
    assert last.recording.signal.shape == (1, DURATION_S * 64)
    assert "resampled from its own rate, 100 Hz, to 64 Hz" in last.notes


@FORMATS
def test_they_are_checked_like_tables(
    write: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    definition = write(tmp_path)
    main(["check-dataset", str(definition)])
    printed = capsys.readouterr().out
    assert "sensor         64 Hz, by the files' headers" in printed
    assert "PPG            ppg_1 = PLETH; it rises at a systole" in printed
    assert "reference      column HR: 75 to 75 BPM" in printed


def test_a_real_edf_file_is_read_as_the_public_dataset_is(real_data: Path, tmp_path: Path) -> None:
    dataset = get_dataset("wrist_exercise")
    (entry,) = (entry for entry in dataset.recordings if entry.name == "s3_walk")
    path = real_data / entry.files[0].local
    if not path.exists():
        pytest.skip(f"no {path}")
    beats = pd.read_fwf(real_data / entry.files[1].local).iloc[2:, 1].astype(int) / 256
    pd.DataFrame({"time_s": beats}).to_csv(tmp_path / "s3_walk.csv", index=False)
    channels = {"ppg": [1], "acceleration": [5, 6, 7], "acceleration_unit": "m/s2"}
    definition = write_yaml(
        tmp_path,
        files=str(path),
        channels=channels,
        reference={"beats": {"files": "{table}.csv"}},
    )
    own, public = read_one(definition).recording, dataset.read(entry, real_data)
    n_samples = public.signal.shape[1]
    measured = np.isfinite(own.signal[:, :n_samples])
    assert measured.mean() > 0.99
    difference = (own.signal[:, :n_samples] - public.signal)[measured]
    assert np.abs(difference).max() < 1e-3
    n_windows = len(public.reference_bpm)
    np.testing.assert_array_equal(own.reference_bpm[:n_windows], public.reference_bpm)
