"""The C of students gives the estimates of their ONNX files: here and on emulated processors.

On this machine it runs under sanitizers. The processors fuse a multiplication and an addition, so
the last bits differ there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from tests.unit.datasets.conftest import real_data  # noqa: F401
from tests.unit.export.conftest import untrained

from ppgkd.datasets import bami
from ppgkd.datasets.registry import RawFile, RecordingEntry
from ppgkd.emulation.boards import BOARDS, Board
from ppgkd.emulation.build import SELFTEST, build_native, compile_for_board, link_replay
from ppgkd.emulation.run import run, start
from ppgkd.export.int8 import quantise
from ppgkd.export.packaged_student import PACKAGED_STUDENT
from ppgkd.export.student import read_student
from ppgkd.firmware.write import write_c
from ppgkd.inference.stream import Estimate, HeartRateStream
from ppgkd.inference.validity import REASONS
from ppgkd.simulation.subject import simulate_subject
from ppgkd.windows.preprocessing import preprocess, resampling_matrix

Samples = NDArray[np.float32]
MOST_MOVED_BPM = {"bpm": 0.01, "window_bpm": 0.01, "sd_bpm": 0.05, "window_sd_bpm": 0.05}
"""On average. In eight bits an activation that rounds to its neighbour moves a distribution."""
STUDENTS = ("spectral_resnet", "spectral_resnet_int8", "waveform_resnet")
CHUNKS = (1, 0, 17, 100, 1, 333, 1024, 2)


@dataclass(frozen=True)
class Student:
    """An ONNX file, and its C."""

    path: Path
    c: Path
    rows: list[int]
    """Channels of a simulated recording that it takes."""


@pytest.fixture(scope="module")
def student(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Student]:
    made: dict[str, Student] = {}

    def make(name: str) -> Student:
        folder = tmp_path_factory.mktemp(name)
        rows, path = [0, 3, 4, 5], folder / "model.onnx"
        if name == "spectral_resnet":
            path.write_bytes(PACKAGED_STUDENT.read_bytes())
        elif name == "spectral_resnet_int8":
            onnx.save(_int8_student(), path)
        else:
            rows, path = [0, 1, 3, 4, 5], untrained(name, folder).path
        write_c(read_student(path), folder / "c")
        return Student(path, folder / "c", rows)

    def of(name: str) -> Student:
        if name not in made:
            made[name] = make(name)
        return made[name]

    return of


def _int8_student() -> onnx.ModelProto:
    """The packaged student in eight bits, calibrated on simulated windows."""
    model = read_student(PACKAGED_STUDENT)
    card = HeartRateStream(PACKAGED_STUDENT).model_card
    walk = simulate_subject(1, 300.0, seed=0).signal[[0, 3, 4, 5]]
    starts = range(0, walk.shape[1] - 400, 100)
    raw = np.stack([walk[:, start : start + 400] for start in starts])
    matrix = resampling_matrix(card.window_spec, card.rate_hz)
    return quantise(model, preprocess(raw, matrix, card.channels))


def disturbed(walk: Samples) -> Samples:
    """Put in gaps, lost and infinite samples, placeholders, saturation and stillness."""
    broken = walk.copy()
    broken[:, 600:610] = np.nan  # short enough to be bridged
    broken[0, 900:902] = 0  # placeholders
    broken[0, 1_300:1_330] = np.nan  # too long
    broken[-1, 1_700:1_740] = np.inf
    broken[-2, 2_000:2_003] = -3e38
    broken[0, 2_300:2_400] = 65_535
    broken[:, 2_700:3_300] = broken[:, 2_700:2_701]  # flat
    broken[:, 3_500:3_620] = np.nan
    return broken


def expected(path: Path, samples: Samples) -> list[Estimate]:
    return HeartRateStream(path).push(samples)


def assert_same(found: NDArray[np.void], stream: list[Estimate]) -> None:
    """Hold the C to the goals: an MAE of 0.01 BPM at most, and no estimate moved by over 0.5."""
    assert len(found) == len(stream)
    np.testing.assert_array_equal(found["end_s"], [estimate.end_s for estimate in stream])
    for name in MOST_MOVED_BPM:
        there = np.array([getattr(estimate, name) for estimate in stream])
        np.testing.assert_array_equal(np.isnan(found[name]), np.isnan(there), err_msg=name)
        moved = np.abs(found[name] - there)[~np.isnan(there)]
        assert moved.mean() <= MOST_MOVED_BPM[name], name
        assert moved.max() <= 0.5, name
    valid = np.array([estimate.valid for estimate in stream])
    reasons = [1 + REASONS.index(e.reason) if e.reason else 0 for e in stream]
    # an estimate at a bound of the rule may lie on its other side
    assert np.mean(found["valid"] != valid) <= 0.02
    assert np.mean(found["reason"] != reasons) <= 0.02
    np.testing.assert_array_equal(found["valid"], found["reason"] == 0)


@pytest.mark.parametrize("name", STUDENTS)
def test_under_sanitizers_the_c_says_what_the_onnx_file_says(
    name: str, student: Callable[[str], Student], tmp_path: Path
) -> None:
    of = student(name)
    program = build_native(of.c, tmp_path / "program", sanitize=True)
    walk = simulate_subject(0, 120.0, seed=0).signal[of.rows]
    for samples in (walk, disturbed(walk)):
        stream = expected(of.path, samples)
        assert_same(run(program, samples, CHUNKS, board=None).estimates, stream)
    assert {estimate.valid for estimate in stream} == {False} | (
        set() if name.startswith("waveform") else {True}
    ), "an untrained student is not sure"


@pytest.mark.parametrize("name", STUDENTS)
@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.core)
def test_a_processor_says_what_the_onnx_file_says(
    board: Board, name: str, student: Callable[[str], Student], tmp_path: Path
) -> None:
    of = student(name)
    objects = compile_for_board(of.c, board, tmp_path / "objects")
    program = link_replay(of.c, objects, board, tmp_path / "program")
    walk = disturbed(simulate_subject(0, 80.0, seed=0).signal[of.rows])
    found = run(program, walk, CHUNKS, board=board)
    assert_same(found.estimates, expected(of.path, walk))
    assert found.stack_bytes > 0


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.core)
def test_the_self_test_passes_on_a_processor(
    board: Board, student: Callable[[str], Student], tmp_path: Path
) -> None:
    of = student("spectral_resnet")
    objects = compile_for_board(of.c, board, tmp_path / "objects")
    program = link_replay(of.c, objects, board, tmp_path / "program", of.c / SELFTEST)
    assert start(program, tmp_path, board=board)


def test_chunks_of_any_size_give_the_same_bits(
    student: Callable[[str], Student], tmp_path: Path
) -> None:
    of = student("spectral_resnet")
    program = build_native(of.c, tmp_path / "program", sanitize=True)
    walk = disturbed(simulate_subject(0, 80.0, seed=0).signal[of.rows])
    once = run(program, walk, [1024], board=None).estimates
    rng = np.random.default_rng(0)
    for chunks in ([1], [400, 100], rng.integers(0, 30, 200), rng.integers(0, 1024, 200)):
        again = run(program, walk, [*map(int, chunks)], board=None).estimates
        assert again.tobytes() == once.tobytes()


def test_a_day_later_the_c_says_the_same(student: Callable[[str], Student], tmp_path: Path) -> None:
    of = student("spectral_resnet")
    program = build_native(of.c, tmp_path / "program")
    walk = simulate_subject(2, 600.0, seed=0).signal[of.rows]
    n_times = 24 * 6
    found = run(program, np.tile(walk, n_times), [1000], board=None).estimates
    per_walk = 300
    assert len(found) == n_times * per_walk - 3
    np.testing.assert_array_equal(found["end_s"], 8.0 + 2.0 * np.arange(len(found)))
    last = found[-per_walk:]
    for earlier in (
        found[-(n_times // 2) * per_walk :][:per_walk],
        found[-2 * per_walk :][:per_walk],
    ):
        for name in (*MOST_MOVED_BPM, "reason", "valid"):
            np.testing.assert_array_equal(last[name], earlier[name], err_msg=name)


def test_a_real_recording(
    student: Callable[[str], Student],
    real_data: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    of = student("spectral_resnet")
    entry = RecordingEntry("BAMI1_1", "bami1-01", (RawFile("bami", "BAMI-1/BAMI1_1.mat"),))
    samples = bami.read(entry, real_data).signal[of.rows].astype(np.float32)
    stream = expected(of.path, samples)
    program = build_native(of.c, tmp_path / "program", sanitize=True)
    assert_same(run(program, samples, CHUNKS, board=None).estimates, stream)
    objects = compile_for_board(of.c, BOARDS[0], tmp_path / "objects")
    program = link_replay(of.c, objects, BOARDS[0], tmp_path / "board")
    assert_same(run(program, samples, CHUNKS, board=BOARDS[0]).estimates, stream)
