"""Flash, RAM and instructions of a student whose cost is known."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.device.known_student import write_known_student
from tests.unit.export.conftest import some_card

from ppgkd.emulation.boards import BOARDS, Board
from ppgkd.emulation.build import build_native, compile_for_board, link_replay
from ppgkd.emulation.measure import Measurement, measure
from ppgkd.emulation.run import run
from ppgkd.errors import PpgkdError
from ppgkd.inference.model_card import units_of

CHANNELS = ("ppg_1", "acc_x")
CARD = some_card(channels=CHANNELS, units=units_of(CHANNELS))

each_board = pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.core)


@pytest.fixture
def measured(tmp_path: Path) -> Any:
    numbers = itertools.count()

    def of(board: Board = BOARDS[0], **cost: int) -> Measurement:
        return measure(write_known_student(tmp_path / f"{next(numbers)}", **cost), CARD, board)

    return of


@each_board
def test_a_table_and_a_variable_are_counted_to_the_byte(measured: Any, board: Board) -> None:
    small = measured(board)
    large = measured(board, table_bytes=5_016, variable_bytes=716, state_bytes=116)
    assert large.flash_bytes - small.flash_bytes == 5_000
    assert large.static_bytes - small.static_bytes == 700 + 100
    assert large.state_bytes - small.state_bytes == 100
    assert small.flash_bytes < 1_500, "the code, and nothing of the program around it"
    assert small.static_bytes == small.state_bytes + 16


@each_board
def test_the_stack_is_what_a_deep_call_writes(measured: Any, board: Board) -> None:
    shallow, deep = measured(board).stack_bytes, measured(board, stack_bytes=3_016).stack_bytes
    assert deep - shallow == pytest.approx(3_000, abs=32)
    assert shallow < 200


@each_board
def test_instructions_are_those_of_a_loop(measured: Any, board: Board) -> None:
    found = measured(board, sample_rounds=500, estimate_rounds=100_000)
    # of each push: the call, the loop of one sample, reading the counter
    assert found.instructions_per_sample == pytest.approx(2 * 500, abs=100)
    assert found.instructions_per_estimate == pytest.approx(2 * 100_000 + 2 * 500, abs=600)
    assert found.instructions == pytest.approx(2 * 100_000 + 100 * 2 * 500, abs=10_000)
    assert found == measured(board, sample_rounds=500, estimate_rounds=100_000), "repeatable"


def test_the_counter_may_wrap(measured: Any) -> None:
    wrap = (1 << 24) * BOARDS[0].instructions_per_tick
    found = measured(estimate_rounds=int(wrap / 30))  # 20 estimates: more than once around
    assert found.instructions_per_estimate == pytest.approx(2 * wrap / 30, rel=1e-4)


def test_a_board_gives_what_this_machine_gives(tmp_path: Path) -> None:
    folder = write_known_student(tmp_path / "student")
    samples = np.random.default_rng(0).standard_normal((2, 2_500)).astype(np.float32)
    samples[:, 499] = np.nan
    native = build_native(folder, tmp_path / "native", sanitize=True)
    found = run(native, samples, [1, 7, 0, 300], board=None).estimates
    np.testing.assert_array_equal(found["end_s"], np.arange(400, 2_501, 100))
    np.testing.assert_array_equal(found["bpm"], samples[0, 399::100])
    np.testing.assert_array_equal(found["sd_bpm"], samples[1, 399::100])
    for board in BOARDS:
        objects = compile_for_board(folder, board, tmp_path / board.name)
        program = link_replay(folder, objects, board, tmp_path / f"{board.name}.elf")
        there = run(program, samples, [1_000, 3], board=board).estimates
        for name in found.dtype.names:
            np.testing.assert_array_equal(there[name], found[name], err_msg=board.core)


def test_a_stack_deeper_than_is_looked_at_is_refused(measured: Any) -> None:
    with pytest.raises(PpgkdError, match="the stack is deeper than its paint"):
        measured(stack_bytes=40_000)


def test_code_with_a_warning_is_refused(tmp_path: Path) -> None:
    folder = write_known_student(tmp_path / "student")
    with (folder / "student.c").open("a", encoding="utf-8") as file:
        file.write("float half(float x) { return x * 0.5; }\n")  # in double
    for build in (
        lambda: build_native(folder, tmp_path / "native"),
        lambda: compile_for_board(folder, BOARDS[0], tmp_path / "objects"),
    ):
        with pytest.raises(PpgkdError, match=r"cannot compile.*student[\s\S]*double-promotion"):
            build()
