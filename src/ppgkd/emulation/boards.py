"""The emulated boards: a processor, its memories, and how code is compiled for it.

QEMU emulates instructions, not time: with ``-icount shift=0`` each instruction takes one nanosecond
of virtual time, and the processor's counter SysTick counts at the clock of the board. So a tick is
a fixed number of instructions, the same in every run and on every machine. Caches, wait states and
pipelines are not emulated.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Board:
    """A board that QEMU emulates.

    Attributes
    ----------
    name
        QEMU's machine: an FPGA image of Arm's MPS2 or MPS3 boards.
    core
        Its processor.
    flags
        Flags of GCC for the processor.
    code_origin, code_bytes, data_origin, data_bytes
        Memories that the program uses; the first starts with the vector table.
    clock_hz
        Of SysTick.
    """

    name: str
    core: str
    flags: tuple[str, ...]
    code_origin: int
    code_bytes: int
    data_origin: int
    data_bytes: int
    clock_hz: int

    @property
    def instructions_per_tick(self) -> float:
        """Instructions, of one nanosecond each, for a tick of SysTick."""
        return 1e9 / self.clock_hz


_FLAGS = ("-mthumb", "-mfloat-abi=hard")
_SSRAM_BYTES = 4 << 20
_TCM_BYTES = 512 << 10

BOARDS = (
    Board(
        "mps2-an386",
        "Cortex-M4F",
        (*_FLAGS, "-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16"),
        *(0x00000000, _SSRAM_BYTES, 0x20000000, _SSRAM_BYTES),
        clock_hz=25_000_000,
    ),
    Board(
        "mps2-an500",
        "Cortex-M7",
        (*_FLAGS, "-mcpu=cortex-m7", "-mfpu=fpv5-d16"),
        *(0x00000000, _SSRAM_BYTES, 0x20000000, _SSRAM_BYTES),
        clock_hz=25_000_000,
    ),
    Board(
        "mps2-an505",
        "Cortex-M33",
        (*_FLAGS, "-mcpu=cortex-m33", "-mfpu=fpv5-sp-d16"),
        *(0x10000000, _SSRAM_BYTES, 0x38000000, _SSRAM_BYTES),
        clock_hz=20_000_000,
    ),
    Board(
        "mps3-an547",
        "Cortex-M55",
        (*_FLAGS, "-mcpu=cortex-m55"),
        *(0x00000000, _TCM_BYTES, 0x20000000, _TCM_BYTES),
        clock_hz=32_000_000,
    ),
)


def board_of(core: str) -> Board:
    """Return the board with a processor of this name."""
    return {board.core: board for board in BOARDS}[core]
