"""What a student's C takes, as a section of its ``README.md``."""

from __future__ import annotations

from pathlib import Path

from ppgkd.emulation.boards import BOARDS
from ppgkd.emulation.build import missing_tools
from ppgkd.emulation.measure import measure
from ppgkd.emulation.stages import work_by_file
from ppgkd.errors import PpgkdError
from ppgkd.evaluation.costs import HOW_TO_INSTALL
from ppgkd.inference.model_card import ModelCard

HEAD = """
## What it takes

Measured on emulated processors, compiled by GCC with `-O2 -ffp-contract=fast`. Flash is code,
tables, weights and functions of the C library; RAM is variables and the most stack that was used,
without interrupts. Instructions are of {stride_s:g} s of signal and the estimate at their end.

| processor | flash (bytes) | RAM (bytes) | of it stack | instructions | of one sample |
|---|---|---|---|---|---|
"""

STAGES = """
Where the instructions go on the {core}; cycles are an estimate, by Arm's table of the Cortex-M4 for
memory without wait states:

| file | instructions | cycles |
|---|---|---|
"""


def require_tools() -> None:
    """Refuse to measure where the tools are missing.

    Raises
    ------
    PpgkdError
        If one is.
    """
    if missing := missing_tools():
        raise PpgkdError(
            f"'--measure' needs {' and '.join(missing)} on the PATH. {HOW_TO_INSTALL}, or leave "
            "'--measure' out."
        )


def measured_section(folder: Path, card: ModelCard) -> str:
    """Measure a student's C on every board.

    Parameters
    ----------
    folder, card
        The C, and its card.

    Returns
    -------
    str
        Markdown.
    """
    text = HEAD.format(stride_s=card.stride_s)
    for board in BOARDS:
        found = measure(folder, card, board)
        numbers = (
            *(found.flash_bytes, found.ram_bytes, found.stack_bytes),
            *(round(found.instructions), round(found.instructions_per_sample)),
        )
        text += f"| {board.core} | {' | '.join(f'{number:,}' for number in numbers)} |\n"
    text += STAGES.format(core=BOARDS[0].core)
    work = work_by_file(folder, card, BOARDS[0])
    for name, (instructions, cycles) in work.items():
        text += f"| {name} | {instructions:,.0f} | {cycles:,.0f} |\n"
    total = [sum(numbers) for numbers in zip(*work.values(), strict=True)]
    return text + f"| all | {total[0]:,.0f} | {total[1]:,.0f} |\n"
