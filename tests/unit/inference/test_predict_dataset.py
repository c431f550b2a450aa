"""All recordings of an own dataset: estimates of the stream, beside the reference."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from numpy.typing import NDArray

from ppgkd.cli import main
from ppgkd.datasets.recording import Recording
from ppgkd.errors import PpgkdError
from ppgkd.inference.predict_dataset import predict_dataset, reference_at
from ppgkd.inference.stream import estimate_recording

CHANNELS = ["green", "infrared", "x", "y", "z"]
RATES_BPM = {"ada": 72.0, "bo": 110.0}
Samples = NDArray[np.float32]


@pytest.fixture(scope="module")
def signals(raw: Callable[..., Samples]) -> dict[str, Samples]:
    """40 s at 50 Hz of each person, at one heart rate."""
    return {
        name: np.concatenate(list(raw(np.full(5, bpm), 50.0, seed=number)), axis=1)
        for number, (name, bpm) in enumerate(RATES_BPM.items())
    }


def write(folder: Path, signals: dict[str, Samples], rate_hz: float = 50.0, **keys: Any) -> Path:
    """Tables with own column names, acceleration in m/s2, and a reference that is 2 BPM high."""
    for name, signal in signals.items():
        table = pd.DataFrame(signal.T, columns=CHANNELS)
        table[["x", "y", "z"]] *= 9.80665
        table.insert(0, "time_s", np.arange(len(table)) / rate_hz)
        table.to_csv(folder / f"{name}.csv", index=False)
        seconds = np.arange(0.0, len(table) / rate_hz)
        reference = pd.DataFrame({"time_s": seconds, "bpm": RATES_BPM[name] + 2})
        (folder / "reference").mkdir(exist_ok=True)
        reference.to_csv(folder / f"reference/{name}.csv", index=False)
    path = folder / "data.yaml"
    description = {
        "title": "People",
        "terms": "Made by a test.",
        "files": "*.csv",
        "channels": {
            "ppg": CHANNELS[:2],
            "acceleration": CHANNELS[2:],
            "acceleration_unit": "m/s2",
        },
        "reference": {"files": "reference/{table}.csv"},
        **keys,
    }
    path.write_text(yaml.safe_dump(description))
    return path


def test_each_recording_has_the_estimates_of_the_stream(
    tmp_path: Path, student_file: Path, signals: dict[str, Samples]
) -> None:
    found = predict_dataset(write(tmp_path, signals), student_file).table
    assert found["recording"].unique().tolist() == ["ada", "bo"]
    for name, signal in signals.items():
        expected = [one.bpm for one in estimate_recording(student_file, signal)]
        np.testing.assert_allclose(
            found.loc[found["recording"] == name, "bpm"], expected, atol=0.01
        )


def test_the_reference_and_the_error_stand_beside_them(
    tmp_path: Path, student_file: Path, signals: dict[str, Samples]
) -> None:
    found = predict_dataset(write(tmp_path, signals), student_file)
    for name, bpm in RATES_BPM.items():
        own = found.table[found.table["recording"] == name]
        np.testing.assert_allclose(own["hr_bpm"].dropna(), bpm + 2)
        error_bpm = (own["bpm"] - own["hr_bpm"]).abs().mean()
        (row,) = found.errors[found.errors["recording"] == name].to_dict("records")
        assert row["mae_bpm"] == pytest.approx(error_bpm)
        assert row["windows"] == len(own)


def test_a_dataset_whose_clock_is_a_little_fast_is_resampled_and_its_heart_rates_are_right(
    tmp_path: Path, student_file: Path, raw: Callable[..., Samples]
) -> None:
    signal = np.concatenate(list(raw(np.full(5, 90.0), 51.25)), axis=1)  # 2.5 % faster
    found = predict_dataset(write(tmp_path, {"ada": signal}, 51.25), student_file).table
    assert abs(found["window_bpm"].median() - 90) < 1


@pytest.mark.parametrize(
    ("start", "time", "first", "expected"),
    [
        (7.5, None, 7.5, None),
        (1.77e12, {"column": "time_s", "unit": "ms"}, 0.0, 1.77e12),
        (1.77e15, {"column": "time_s", "unit": "us"}, 0.0, 1.77e15),
    ],
)
def test_times_are_those_of_the_log(
    tmp_path: Path,
    student_file: Path,
    signals: dict[str, Samples],
    start: float,
    time: dict[str, str] | None,
    first: float,
    expected: float | None,
) -> None:
    path = write(tmp_path, signals, **({"time": time} if time else {}))
    per_second = {None: 1, "ms": 1e3, "us": 1e6}[time and time["unit"]]
    for table in [*tmp_path.glob("*.csv"), *tmp_path.glob("reference/*.csv")]:
        old = pd.read_csv(table)
        old.assign(time_s=start + per_second * old["time_s"]).to_csv(table, index=False)
    found = predict_dataset(path, student_file).table
    assert found["start_s"][0] == pytest.approx(first, abs=1e-6)
    assert found["hr_bpm"].notna().any()
    if expected is None:
        assert "start_time" not in found
    else:
        assert found["start_time"][:2].tolist() == [start, start + 2 * per_second]


def test_the_command_writes_the_estimates_and_shows_the_errors_by_recording(
    tmp_path: Path,
    student_file: Path,
    signals: dict[str, Samples],
    capsys: pytest.CaptureFixture[str],
) -> None:
    path, output = write(tmp_path, signals), tmp_path / "estimates.parquet"
    arguments = ["predict", "--dataset", str(path), "--model", str(student_file)]
    assert main([*arguments, "--output", str(output)]) == 0
    shown = capsys.readouterr().err
    assert "MAE (BPM)" in shown
    assert [line.split()[0] for line in shown.splitlines()[-2:]] == ["ada", "bo"]
    assert {"recording", "subject", "bpm", "valid", "hr_bpm"} <= {*pd.read_parquet(output).columns}


def test_a_sensor_of_another_rate_is_refused_with_what_to_do(
    tmp_path: Path, student_file: Path, raw: Callable[..., Samples]
) -> None:
    signal = np.concatenate(list(raw(np.full(5, 90.0), 64.0)), axis=1)
    with pytest.raises(PpgkdError, match=r"have 64 Hz.*ppgkd export .* --rate 64"):
        predict_dataset(write(tmp_path, {"ada": signal}, 64.0), student_file)


def test_a_dataset_without_a_channel_of_the_model_is_refused_by_its_name(
    tmp_path: Path, student_file: Path, signals: dict[str, Samples]
) -> None:
    channels = {"ppg": CHANNELS[:1], "acceleration": CHANNELS[2:], "acceleration_unit": "m/s2"}
    path = write(tmp_path, signals, channels=channels)
    with pytest.raises(PpgkdError, match=r"no channels \['ppg_2'\]"):
        predict_dataset(path, student_file)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ([], "one of the arguments recording --dataset is required"),
        (["walk.csv"], "'--rate', the sampling rate of the sensor in Hz, is missing"),
        (["--dataset", "data.yaml", "--rate", "50"], "'--rate' is for one recording"),
        (["--dataset", "data.yaml", "--plot", "hr.png"], "'--plot' is for one recording"),
    ],
)
def test_contradicting_arguments_are_refused_by_name(
    more: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        status = main(["predict", "--model", "student.onnx", *more])
    except SystemExit as error:
        status = int(str(error.code))
    assert status != 0
    assert message in capsys.readouterr().err


def test_a_reference_is_interpolated_between_near_values_alone() -> None:
    time_s = np.array([4.0, 6.0, 20.0, 22.0])
    bpm = np.array([60.0, 64.0, 80.0, np.nan], np.float32)
    signal = np.zeros((1, 100), np.float32)
    recording = Recording("r", "s", 10.0, ("ppg_1",), signal, time_s, bpm)
    found = reference_at(np.array([3.0, 4.0, 5.0, 12.0, 20.0, 21.0]), recording)
    np.testing.assert_allclose(found, [np.nan, 60, 62, np.nan, 80, np.nan])
