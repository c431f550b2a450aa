"""Where the instructions of a student go."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.device.known_student import write_known_student
from tests.unit.export.conftest import some_card

from ppgkd.emulation.boards import BOARDS, Board
from ppgkd.emulation.measure import measure
from ppgkd.emulation.stages import C_LIBRARY, instructions_by_file
from ppgkd.inference.model_card import units_of

CHANNELS = ("ppg_1", "acc_x")
CARD = some_card(channels=CHANNELS, units=units_of(CHANNELS))


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.core)
def test_a_log_of_blocks_counts_as_many_as_the_counter(board: Board, tmp_path: Path) -> None:
    folder = write_known_student(tmp_path / "student", sample_rounds=50, estimate_rounds=10_000)
    found = instructions_by_file(folder, CARD, board)
    assert set(found) == {"student.c", C_LIBRARY}
    assert 30_000 < found["student.c"] == pytest.approx(30_000, rel=0.15)
    # the counter is read around each of 100 pushes
    assert (
        found["student.c"] < measure(folder, CARD, board).instructions < found["student.c"] + 3_000
    )
