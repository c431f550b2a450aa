"""The C of a student estimates what `HeartRateStream` does, in float32."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from tests.unit.datasets.conftest import real_data
from tests.unit.firmware.conftest import (
    CC,
    FLAGS,
    FLOAT_TOLERANCE_BPM,
    NativeStudent,
    Samples,
    assert_equal,
    compile_program,
    run,
    self_test,
)

from ppgkd.datasets.registry import get_dataset
from ppgkd.export.packaged_student import PACKAGED_STUDENT
from ppgkd.export.student import change_rate, read_student, write_student
from ppgkd.inference.stream import estimate_recording
from ppgkd.simulation.subject import simulate_subject

__all__ = ["real_data"]

Compile = Callable[..., NativeStudent]


@pytest.fixture(scope="module")
def packaged() -> onnx.ModelProto:
    return read_student(PACKAGED_STUDENT)


@pytest.fixture(scope="module")
def in_c(native: Compile, packaged: onnx.ModelProto) -> NativeStudent:
    return native(packaged)


@pytest.fixture(scope="module")
def walk() -> Samples:
    """Two minutes of a simulated person, at 50 Hz: one PPG channel and acceleration."""
    return simulate_subject(0, 120.0, seed=0).signal[[0, 3, 4, 5]]


def test_a_simulated_recording(in_c: NativeStudent, walk: Samples) -> None:
    expected = estimate_recording(PACKAGED_STUDENT, walk)

    assert_equal(in_c.estimates(walk), expected, FLOAT_TOLERANCE_BPM)
    assert np.mean([estimate.valid for estimate in expected]) > 0.5


@pytest.mark.parametrize("dataset_name", ["bami1", "ieee_spc_train"])
def test_a_real_recording(
    native: Compile, packaged: onnx.ModelProto, real_data: Path, dataset_name: str, tmp_path: Path
) -> None:
    dataset = get_dataset(dataset_name)
    entry = dataset.recordings[0]
    if not (real_data / entry.files[0].local).exists():
        pytest.skip(f"no files of {dataset_name} in {real_data}")
    recording = dataset.read(entry, real_data)
    rows = [recording.channels.index(name) for name in ("ppg_1", "acc_x", "acc_y", "acc_z")]
    samples = recording.signal[rows, : round(200 * recording.rate_hz)]
    write_student(change_rate(packaged, recording.rate_hz), tmp_path / "model.onnx")

    assert_equal(
        native(packaged, recording.rate_hz).estimates(samples, 500),
        estimate_recording(tmp_path / "model.onnx", samples),
        FLOAT_TOLERANCE_BPM,
    )


def test_gaps_placeholders_and_saturation(in_c: NativeStudent, walk: Samples) -> None:
    broken = walk.copy()
    broken[:, 1000:1010] = np.nan  # bridged
    broken[0, 1500:1502] = 0  # bridged placeholders
    broken[0, 2100:2130] = np.nan  # too long
    broken[2, 2700:2740] = np.inf
    broken[0, 3300:3400] = 65_535
    broken[0, 4000:4700] = broken[0, 4000]  # flat
    expected = estimate_recording(PACKAGED_STUDENT, broken)

    assert_equal(in_c.estimates(broken), expected, FLOAT_TOLERANCE_BPM)
    assert sum(estimate.reason == "no signal" for estimate in expected) > 5


@pytest.mark.parametrize("chunk", [1, 333, 4000])
def test_chunks_of_any_size_give_the_same(in_c: NativeStudent, walk: Samples, chunk: int) -> None:
    samples = walk[:, :1500]

    assert in_c.estimates(samples, chunk) == in_c.estimates(samples, 37)


def test_the_self_test_agrees(in_c: NativeStudent) -> None:
    assert self_test(in_c)[-1] == "all is well"


def test_the_self_test_finds_a_wrong_weight(in_c: NativeStudent, tmp_path: Path) -> None:
    for path in in_c.folder.glob("*.[ch]"):
        text = path.read_text()
        if path.name == "student.c":
            start = text.index("{", text.index("layer_0_bias")) + 1
            text = text[:start] + "1.0f +" + text[start:]
        (tmp_path / path.name).write_text(text)
    program = tmp_path / "selftest"
    sources = [*tmp_path.glob("*.c")]
    subprocess.run([str(CC), *FLAGS, *sources, "-o", program, "-lm"], check=True, timeout=600)

    done = subprocess.run([program], capture_output=True, text=True, timeout=600)
    assert done.returncode == 1
    assert done.stdout.count("WRONG") > 1


WRONG_USES = """\
init without a state: NULL_POINTER
push without a state: NULL_POINTER
push before init: NOT_INITIALISED
push to memory that was overwritten: NOT_INITIALISED
samples are NULL: NULL_POINTER
n_taken is NULL: NULL_POINTER
estimate is NULL: NULL_POINTER
no samples: OK
the state of another student: NOT_INITIALISED
a good window: ESTIMATE, bpm, spread
more samples than until the estimate: 400 of 1000 taken
a state that was copied: ESTIMATE, bpm, valid
estimate read without one: as before
a flat PPG: ESTIMATE, no bpm, no signal
a PPG of NaN: ESTIMATE, no bpm, no signal
an infinite acceleration: ESTIMATE, no bpm, no signal
a PPG beyond all counts: ESTIMATE, no bpm, no signal
a PPG of tiny numbers: ESTIMATE, bpm, spread
"""


def test_wrong_uses_of_the_interface(in_c: NativeStudent) -> None:
    main = Path(__file__).parent / "wrong_uses.c"

    *found, size = run(compile_program(in_c.folder, main))
    assert found == WRONG_USES.splitlines()
    assert f"| state | {int(size):,} bytes" in (in_c.folder / "README.md").read_text()
