"""Students as C, compiled with sanitizers, and what they say of samples."""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from ppgkd.firmware.write import write_c
from ppgkd.inference.stream import Estimate

Samples = NDArray[np.float32]

CC = shutil.which("cc")
FLAGS = (
    *("-std=c99", "-O0", "-Wall", "-Wextra", "-Werror", "-Wdouble-promotion"),
    *("-fsanitize=address,undefined", "-fno-sanitize-recover=all"),
)
MAIN = Path(__file__).parent / "print_estimates.c"

FLOAT_TOLERANCE_BPM = 0.01
"""What float32 leaves between two orders of the same sums; the goal is 0.5."""


@dataclass(frozen=True)
class NativeStudent:
    """A student's C, compiled for this machine."""

    program: Path

    @property
    def folder(self) -> Path:
        """Of the C."""
        return self.program.parent

    def estimates(self, samples: Samples, chunk: int = 37) -> list[Estimate]:
        """Estimates of samples, shape (n_channels, n_samples), pushed in chunks of this size."""
        path = self.folder / "samples.bin"
        np.ascontiguousarray(samples.T, np.float32).tofile(path)
        done = subprocess.run(
            [self.program, path, str(chunk)], capture_output=True, text=True, timeout=600
        )
        assert not done.returncode, done.stderr
        return [_read(line) for line in done.stdout.splitlines()]


def _read(line: str) -> Estimate:
    *numbers, valid, reason = line.split(",")
    end_s, bpm, sd_bpm, window_bpm, window_sd_bpm = map(float, numbers)
    return Estimate(np.nan, end_s, bpm, sd_bpm, valid == "1", reason, window_bpm, window_sd_bpm)


def compile_program(folder: Path, main: Path) -> Path:
    """Compile a student's C with a main file, with sanitizers."""
    assert CC is not None
    sources = [path for path in folder.glob("*.c") if path.name != "selftest.c"]
    program = folder / main.stem
    command = [CC, *FLAGS, f"-I{folder}", *sources, main, "-o", program, "-lm"]
    subprocess.run(command, check=True, timeout=600)
    return program


def compile_student(
    model: onnx.ModelProto, folder: Path, rate_hz: float | None = None
) -> NativeStudent:
    """Write the C of a student and compile it."""
    write_c(model, folder, rate_hz)
    return NativeStudent(compile_program(folder, MAIN))


def run(program: Path) -> list[str]:
    """Run a program without arguments; the lines that it prints."""
    done = subprocess.run([program], capture_output=True, text=True, timeout=600)
    assert not done.returncode, done.stdout + done.stderr
    return done.stdout.splitlines()


def self_test(student: NativeStudent) -> list[str]:
    """Compile and run the self-test that comes with a student."""
    return run(compile_program(student.folder, student.folder / "selftest.c"))


@pytest.fixture(scope="session")
def native(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[onnx.ModelProto, float | None], NativeStudent]:
    """Compile a student, for another rate if one is given."""
    if CC is None:
        pytest.skip("no C compiler (cc)")

    def compiled(model: onnx.ModelProto, rate_hz: float | None = None) -> NativeStudent:
        return compile_student(model, tmp_path_factory.mktemp("c") / "student", rate_hz)

    return compiled


def assert_equal(found: list[Estimate], expected: list[Estimate], tolerance_bpm: float) -> None:
    """Hold the estimates of the C to those of the stream."""
    assert len(found) == len(expected)
    for name in ("end_s", "bpm", "sd_bpm", "window_bpm", "window_sd_bpm"):
        of_c, of_stream = (np.array([getattr(e, name) for e in es]) for es in (found, expected))
        np.testing.assert_allclose(of_c, of_stream, rtol=0, atol=tolerance_bpm, err_msg=name)
    # a number at a bound may round to its other side
    differ = sum(
        (a.valid, a.reason) != (b.valid, b.reason) for a, b in zip(found, expected, strict=True)
    )
    assert differ <= max(1, len(found) // 100)
