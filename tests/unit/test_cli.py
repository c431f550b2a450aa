"""The command ``ppgkd``: from files to files."""

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pandas as pd
import pytest
from numpy.typing import NDArray

from ppgkd.cli import main
from ppgkd.inference.predict import predict_recording

CHANNELS = ["ppg_1", "ppg_2", "acc_x", "acc_y", "acc_z"]


@pytest.fixture
def recording(raw: Callable[..., NDArray[np.float32]], tmp_path: Path) -> Path:
    """32 s at 50 Hz, as CSV."""
    samples = np.concatenate(list(raw(np.array([60.0, 75.0, 90.0, 92.0]), 50.0)), axis=1)
    path = tmp_path / "recording.csv"
    pd.DataFrame(samples.T, columns=CHANNELS).assign(led=1).to_csv(path, index=False)
    return path


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def test_predict_prints_the_table_to_stdout_and_the_rest_to_stderr(
    recording: Path, student_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("predict", recording, "--rate", 50, "--model", student_file) == 0
    captured = capsys.readouterr()
    expected = predict_recording(recording, student_file, 50.0)
    found = pd.read_csv(io.StringIO(captured.out), keep_default_na=False, na_values={"bpm": ""})
    pd.testing.assert_frame_equal(found, expected.table.round(3))
    assert captured.err == f"note: columns not used: led\n{expected.summary}\n"


@pytest.mark.parametrize("name", ["hr.csv", "hr.parquet"])
def test_predict_writes_table_and_plot_to_the_given_paths(
    recording: Path,
    student_file: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
) -> None:
    output, plot = tmp_path / name, tmp_path / "hr.svg"
    options = ["--output", output, "--plot", plot, "--no-filter", "--max-sd", "1000"]
    assert run("predict", recording, "--rate", 50, "--model", student_file, *options) == 0
    found = pd.read_csv(output) if name.endswith("csv") else pd.read_parquet(output)
    assert found["valid"].all()
    assert (found["bpm"] == found["window_bpm"]).all()
    assert b"recording.csv" in plot.read_bytes()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--output", "hr.xlsx"], "hr.xlsx ends in '.xlsx'; allowed are .csv, .parquet"),
        (["--plot", "hr.gif"], "hr.gif ends in '.gif'; allowed are .png, .svg, .pdf"),
        (["--max-sd", "0"], "max_sd_bpm is 0.0"),
        (["--max-sd", "nan"], "max_sd_bpm is nan"),
        (["--rate", "64"], "is for a sensor of 50 Hz, the recording has 64 Hz"),
        (["--rate", "-50"], "rate is -50.0 Hz"),
        (["--model", "missing.onnx"], "missing.onnx is not a file"),
    ],
)
def test_predict_prints_an_error_in_one_line(
    recording: Path,
    student_file: Path,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    said: str,
) -> None:
    assert run("predict", recording, "--rate", 50, "--model", student_file, *options) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("ppgkd: ")
    assert captured.err.count("\n") == 1
    assert said in captured.err


def test_predict_does_not_overwrite_its_input(
    recording: Path, student_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = recording.read_bytes()
    options = ["--model", student_file, "--output", recording]
    assert run("predict", recording, "--rate", 50, *options) == 1
    assert "would overwrite the input" in capsys.readouterr().err
    assert recording.read_bytes() == before


def test_predict_names_an_output_whose_folder_cannot_be_made(
    recording: Path, student_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--model", student_file, "--output", recording / "hr.csv"]
    assert run("predict", recording, "--rate", 50, *options) == 1
    assert "recording.csv" in capsys.readouterr().err


def test_predict_stops_quietly_when_nobody_reads_on(recording: Path, student_file: Path) -> None:
    command = [sys.executable, "-m", "ppgkd.cli", "predict", str(recording), "--rate", "50"]
    with subprocess.Popen(
        [*command, "--model", str(student_file)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        said = process.stderr.read().decode()
    assert "Error" not in said
    assert process.returncode == 1


def test_export_makes_a_file_for_another_rate(
    student_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "student-64hz.onnx"
    assert run("export", student_file, "--rate", 64, "--output", output) == 0
    session = onnxruntime.InferenceSession(output, providers=["CPUExecutionProvider"])
    assert session.get_inputs()[0].shape == ["batch", 5, 512]
    assert session.get_modelmeta().custom_metadata_map["ppgkd.rate_hz"] == "64"
    assert (
        "spectral_resnet-350 for 64 Hz, windows of 512 samples of ppg_1" in capsys.readouterr().out
    )


def test_what_is_exported_serves_a_recording_of_that_rate(
    student_file: Path,
    raw: Callable[..., NDArray[np.float32]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    model, recording = tmp_path / "student.onnx", tmp_path / "recording.parquet"
    pd.DataFrame(raw(np.array([80.0]), 25.0)[0].T, columns=CHANNELS).to_parquet(recording)
    assert run("export", student_file, "--rate", 25, "--output", model) == 0
    assert run("predict", recording, "--rate", 25, "--model", model) == 0
    assert "windows of 8 s: 1," in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read as an ONNX file"),
        (b"no model", "cannot be read as an ONNX file"),
        (b"", "is not a student of this version of ppgkd"),
    ],
)
def test_export_of_what_is_no_student_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, said: str
) -> None:
    model, output = tmp_path / "model.onnx", tmp_path / "other.onnx"
    if content is not None:
        model.write_bytes(content)
    assert run("export", model, "--rate", 64, "--output", output) == 1
    message = capsys.readouterr().err
    assert str(model) in message
    assert said in message
    assert not output.exists()


@pytest.mark.parametrize("rate", ["0", "5", "nan", "inf", "-64", "2000"])
def test_export_for_a_rate_that_no_sensor_has_is_refused(
    student_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], rate: str
) -> None:
    output = tmp_path / "other.onnx"
    assert run("export", student_file, "--rate", rate, "--output", output) == 1
    assert "allowed are 10 to 1000 Hz" in capsys.readouterr().err
    assert not output.exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--measure", "--rate", "64", "--output", "other.onnx"], "'--c', the folder for it"),
        (["--measure", "--c", "folder"], "'--measure' needs arm-none-eabi-gcc and qemu-system-arm"),
    ],
)
def test_export_refuses_to_measure_without_c_or_without_tools(
    options: list[str],
    message: str,
    student_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run("export", student_file, *options) == 1
    assert message in capsys.readouterr().err
    assert not [*tmp_path.iterdir()]


def test_export_does_not_overwrite_its_input(
    student_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = student_file.read_bytes()
    assert run("export", student_file, "--rate", 64, "--output", student_file) == 1
    assert "would overwrite the input" in capsys.readouterr().err
    assert student_file.read_bytes() == before
