"""Every family and every rate of a sensor: the C estimates what the ONNX file does."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from tests.unit.export.conftest import Exported, exported, peak_student, spectral_mlp_student
from tests.unit.firmware.conftest import (
    FLOAT_TOLERANCE_BPM,
    NativeStudent,
    Samples,
    assert_equal,
    self_test,
)

from ppgkd.export.int8 import quantise
from ppgkd.export.packaged_student import PACKAGED_STUDENT
from ppgkd.export.student import change_rate, read_student, write_student
from ppgkd.inference.stream import estimate_recording
from ppgkd.windows.preprocessing import preprocess, resampling_matrix

__all__ = ["exported", "peak_student", "spectral_mlp_student"]

Compile = Callable[..., NativeStudent]


def tones(channels: tuple[str, ...], rate_hz: float, duration_s: float) -> Samples:
    """A pulse whose rate rises from 60 BPM on all PPG channels, and steps at 1.7 Hz."""
    rng = np.random.default_rng(0)
    time_s = np.arange(round(duration_s * rate_hz)) / rate_hz
    beats = time_s + 0.5 * time_s**2 / duration_s
    rows = []
    for n, name in enumerate(channels):
        noise = rng.standard_normal(len(time_s))
        if name.startswith("ppg"):
            pulse = np.sin(2 * np.pi * beats) + 0.3 * np.sin(4 * np.pi * beats + 1)
            rows.append(np.round(20_000 * (n + 1) + 400 * pulse + 30 * noise))
        else:
            rows.append(0.5 + 0.1 * n * np.sin(2 * np.pi * 1.7 * time_s) + 0.02 * noise)
    return np.array(rows, np.float32)


def test_every_family(native: Compile, exported: Exported) -> None:
    samples = tones(exported.card.channels, 50.0, 16.0)
    student = native(onnx.load(exported.path))

    assert_equal(
        student.estimates(samples), estimate_recording(exported.path, samples), FLOAT_TOLERANCE_BPM
    )


# half the window, a power of two; strides that are no integer; an odd window, with a factor 17
@pytest.mark.parametrize("rate_hz", [25.0, 64.0, 31.25, 31.875])
def test_every_rate(native: Compile, rate_hz: float, tmp_path: Path) -> None:
    model = read_student(PACKAGED_STUDENT)
    changed = change_rate(model, rate_hz)
    write_student(changed, tmp_path / "model.onnx")
    samples = tones(("ppg_1", "acc_x", "acc_y", "acc_z"), rate_hz, 16.0)

    assert_equal(
        native(model, rate_hz).estimates(samples, chunk=11),
        estimate_recording(tmp_path / "model.onnx", samples),
        FLOAT_TOLERANCE_BPM,
    )


def test_every_family_in_eight_bits(native: Compile, exported: Exported, tmp_path: Path) -> None:
    samples = tones(exported.card.channels, 50.0, 30.0)
    matrix = resampling_matrix(exported.card.window_spec, 50.0)
    windows = preprocess(exported.raw, matrix, exported.card.channels)
    model = quantise(onnx.load(exported.path), windows)
    write_student(model, tmp_path / "int8.onnx")
    expected = estimate_recording(tmp_path / "int8.onnx", samples)

    student = native(model)
    found = student.estimates(samples)

    assert self_test(student)[-1] == "all is well"
    # what lies half-way between two steps may round to the other one, in an untrained network to
    # any effect; where nothing does, the numbers are the same
    moved = [abs(a.window_bpm - b.window_bpm) for a, b in zip(found, expected, strict=True)]
    assert np.mean(np.array(moved) < FLOAT_TOLERANCE_BPM) > 0.7
