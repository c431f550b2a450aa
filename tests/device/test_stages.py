"""Where the instructions of a student go."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.device.known_student import write_known_student
from tests.unit.export.conftest import some_card

from ppgkd.emulation.boards import BOARDS, Board
from ppgkd.emulation.measure import measure
from ppgkd.emulation.stages import C_LIBRARY, work_by_file
from ppgkd.inference.model_card import units_of

CHANNELS = ("ppg_1", "acc_x")
CARD = some_card(channels=CHANNELS, units=units_of(CHANNELS))


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.core)
def test_a_log_of_blocks_counts_as_many_as_the_counter(board: Board, tmp_path: Path) -> None:
    folder = write_known_student(tmp_path / "student", sample_rounds=50, estimate_rounds=10_000)
    found = work_by_file(folder, CARD, board)
    assert set(found) == {"student.c", C_LIBRARY}
    own = found["student.c"].instructions
    assert 30_000 < own == pytest.approx(30_000, rel=0.15)
    # the counter is read around each of 100 pushes
    assert own < measure(folder, CARD, board).instructions < own + 3_000
    assert found["student.c"].m4_cycles == pytest.approx(2 * own, rel=0.1), "1 and 3 for each loop"
