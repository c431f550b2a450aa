"""What a student's C takes on microcontrollers: measured in emulation; time and energy estimated.

Flash, RAM and instructions are measured (`ppgkd.emulation.measure`). An emulation has no pipeline
and no clock, so cycles are the instructions times a ratio, which is an estimate.

Cortex-M4F. Arm documents the cycles of each instruction (`ppgkd.emulation.cycles`). Weighted by how
often students execute each, they are 1.8 to 2.1 cycles per instruction, from memory without wait
states (`ppgkd.emulation.stages`, on students of both kinds, in float and eight bits); 2.0 is used.

Others. Arm documents no cycles of their instructions, but CoreMark per MHz of each processor (Arm,
Cortex-M processor comparison table): M4 3.54, M33 4.10, M7 5.29, M55 4.40. The cycles of the M4 are
divided by the ratio. For the M55 that leaves out what its vector instructions gain or wait.

Energy. STM32L4R5, a Cortex-M4F: 110 microamperes per MHz in run mode with its linear regulator
(STMicroelectronics, data sheet DS12023), at 1.8 V 0.198 nJ a cycle. For the others no figure was
found that is of the processor and not of one chip's regulator, and none is given.

CoreMark and current were written down without the documents at hand. Look them up before they
decide anything.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import onnx

from ppgkd.emulation.boards import BOARDS
from ppgkd.emulation.build import missing_tools
from ppgkd.emulation.measure import Measurement, measure
from ppgkd.firmware.write import write_c

M4_CYCLES_PER_INSTRUCTION = 2.0
COREMARK_PER_MHZ = {"Cortex-M4F": 3.54, "Cortex-M7": 5.29, "Cortex-M33": 4.10, "Cortex-M55": 4.40}
CLOCK_MHZ = {"Cortex-M4F": 120.0, "Cortex-M7": 216.0, "Cortex-M33": 128.0, "Cortex-M55": 160.0}
"""Usual clocks: STM32L4R5, STM32F746, nRF5340, and the small core of an Alif Ensemble."""

NANOJOULES_PER_CYCLE = {"Cortex-M4F": 0.110 * 1.8}


def why_not_measured() -> str | None:
    """Why nothing can be measured here; None if it can."""
    missing = missing_tools()
    if not missing:
        return None
    return f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not on the PATH"


def measured_rows(model: onnx.ModelProto, precision: str) -> list[dict[str, Any]]:
    """Write a student's C and measure it on every board.

    Parameters
    ----------
    model
        An exported student.
    precision
        What its rows are called: ``float32`` or ``int8``.

    Returns
    -------
    list of dict
        For each processor ``core``, ``precision``, ``measured``, always true; the fields of
        `ppgkd.emulation.measure.Measurement` and ``ram_bytes``; and the estimates
        ``clock_mhz``, ``cycles`` and ``latency_ms`` of a stride, ``energy_uj`` or None, with
        ``cycles_per_instruction`` and its ``source``.

    Raises
    ------
    PpgkdError
        If the student cannot be written as C, or its C does not run.
    """
    with TemporaryDirectory() as temporary:
        folder = Path(temporary, "student")
        card = write_c(model, folder).card
        with ThreadPoolExecutor() as pool:
            return [
                _row(measured, precision)
                for measured in pool.map(partial(measure, folder, card), BOARDS)
            ]


def _row(measured: Measurement, precision: str) -> dict[str, Any]:
    core = measured.core
    relative = COREMARK_PER_MHZ["Cortex-M4F"] / COREMARK_PER_MHZ[core]
    ratio = M4_CYCLES_PER_INSTRUCTION * relative
    cycles = measured.instructions * ratio
    energy = NANOJOULES_PER_CYCLE.get(core)
    source = "Arm DDI 0439, weighted by the instructions of students"
    if core != "Cortex-M4F":
        source += f"; CoreMark/MHz {COREMARK_PER_MHZ[core]:g} against 3.54"
    return {
        "core": core,
        "precision": precision,
        "measured": True,
        **{name: round(value) for name, value in asdict(measured).items() if name != "core"},
        "ram_bytes": measured.ram_bytes,
        "clock_mhz": CLOCK_MHZ[core],
        "cycles": round(cycles),
        "latency_ms": cycles / (1000 * CLOCK_MHZ[core]),
        "energy_uj": None if energy is None else cycles * energy / 1000,
        "cycles_per_instruction": ratio,
        "source": source,
    }
