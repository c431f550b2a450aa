"""Every family in eight bits on a processor that takes two products an instruction."""

from pathlib import Path

import numpy as np
import onnx
from tests.unit.export.conftest import Exported, exported, peak_student, spectral_mlp_student
from tests.unit.firmware.conftest import FLOAT_TOLERANCE_BPM
from tests.unit.firmware.test_families import tones

from ppgkd.emulation.boards import BOARDS
from ppgkd.emulation.build import compile_for_board, link_replay
from ppgkd.emulation.run import run
from ppgkd.export.int8 import quantise
from ppgkd.export.student import write_student
from ppgkd.firmware.write import write_c
from ppgkd.inference.stream import estimate_recording
from ppgkd.windows.preprocessing import preprocess, resampling_matrix

__all__ = ["exported", "peak_student", "spectral_mlp_student"]


def test_every_family_in_eight_bits(exported: Exported, tmp_path: Path) -> None:
    """As on this machine: a value half-way between two steps may round to the other one."""
    matrix = resampling_matrix(exported.card.window_spec, 50.0)
    windows = preprocess(exported.raw, matrix, exported.card.channels)
    model = quantise(onnx.load(exported.path), windows)
    write_student(model, tmp_path / "int8.onnx")
    samples = tones(exported.card.channels, 50.0, 30.0)
    expected = estimate_recording(tmp_path / "int8.onnx", samples)

    write_c(model, tmp_path / "c")
    objects = compile_for_board(tmp_path / "c", BOARDS[0], tmp_path / "objects")
    program = link_replay(tmp_path / "c", objects, BOARDS[0], tmp_path / "program")
    found = run(program, samples, (50,), board=BOARDS[0]).estimates["window_bpm"]

    moved = np.abs(found - np.array([one.window_bpm for one in expected]))
    assert np.mean(moved < FLOAT_TOLERANCE_BPM) > 0.7
