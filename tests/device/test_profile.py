"""The profile of an exported student has what its C takes."""

from __future__ import annotations

import json
from pathlib import Path

import onnx
import pytest
from tests.unit.export.conftest import untrained

from ppgkd.cli import main
from ppgkd.emulation.boards import BOARDS
from ppgkd.emulation.stages import work_by_file
from ppgkd.evaluation.costs import CORES, device_costs
from ppgkd.export.packaged_student import PACKAGED_STUDENT
from ppgkd.firmware.write import write_c
from ppgkd.profile.device import M4_CYCLES_PER_INSTRUCTION
from ppgkd.profile.student import profile_students


def test_every_student_is_measured_on_all_processors() -> None:
    (profile,) = profile_students(
        [PACKAGED_STUDENT], [None], runs=5, warmup=1, max_spread=float("inf")
    )
    assert profile["not_measured"] is None
    rows = profile["microcontroller"]
    assert [row["core"] for row in rows] == [*CORES]
    assert json.loads(json.dumps(rows, allow_nan=False)) == rows
    for row in rows:
        assert row["measured"]
        assert row["ram_bytes"] == row["static_bytes"] + row["stack_bytes"]
        assert row["state_bytes"] <= row["static_bytes"]
        assert row["cycles"] == pytest.approx(row["instructions"] * row["cycles_per_instruction"])
        assert row["latency_ms"] == pytest.approx(row["cycles"] / row["clock_mhz"] / 1e3, rel=1e-5)
    (core, first) = CORES[0], rows[0]
    assert device_costs(profile, core)["instructions"] == first["instructions"]
    assert first["flash_bytes"] <= 40_000, "the goal"
    assert first["ram_bytes"] <= 12_000, "the goal"
    # 0.110 mA/MHz at 1.8 V is 0.198 nJ a cycle
    assert first["energy_uj"] == pytest.approx(0.198e-3 * first["cycles"], rel=1e-5)


def test_the_command_measures_and_tells_the_firmware_engineer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "c"
    assert main(["export", str(PACKAGED_STUDENT), "--c", str(folder), "--measure"]) == 0
    printed, readme = capsys.readouterr().out, (folder / "README.md").read_text(encoding="utf-8")
    section = readme[readme.index("## What it takes") :]
    assert section.strip() in printed
    lines = [line.strip("| ").split(" | ") for line in section.splitlines()]
    rows = {name: numbers for name, *numbers in lines if numbers}
    assert {*CORES, "layers.c", "spectrum.c"} <= {*rows}
    by_counter, by_log = (
        int(number.replace(",", "")) for number in (rows["Cortex-M4F"][3], rows["all"][0])
    )
    assert by_log == pytest.approx(by_counter, rel=0.01)


@pytest.mark.parametrize("name", ["spectral_resnet", "waveform_resnet"])
def test_cycles_per_instruction_are_those_of_the_manual_on_students(
    name: str, tmp_path: Path
) -> None:
    path = PACKAGED_STUDENT if name == "spectral_resnet" else untrained(name, tmp_path).path
    card = write_c(onnx.load(path), tmp_path / "c").card
    work = work_by_file(tmp_path / "c", card, BOARDS[0]).values()
    ratio = sum(one.m4_cycles for one in work) / sum(one.instructions for one in work)
    assert ratio == pytest.approx(M4_CYCLES_PER_INSTRUCTION, rel=0.15)
