"""Cycles of instructions on a Cortex-M4, as Arm documents them.

Arm, Cortex-M4 Processor Technical Reference Manual (DDI 0439), table 3-1, and table 7-1 for the
floating-point unit. It is for memory without wait states. What the tables leave open is taken as
follows: a branch is taken and refills the pipeline in two cycles of the one to three; a division of
integers is in the middle of 2 to 12; a load or store after another one is pipelined, a cycle less.
The tables were written down without the manual at hand: look a number up before it decides
anything.
"""

from __future__ import annotations

import re

TEXT = re.compile(r"0x[0-9a-f]{8}:\s+[0-9a-f]{4}(?: [0-9a-f]{4})?\s+(\S+)\s*(.*)")
"""A line of QEMU's listing: address, code, instruction, operands."""

FLOATS: dict[str, int] = {
    **dict.fromkeys(("vfma", "vfms", "vfnma", "vfnms"), 3),
    **dict.fromkeys(("vmla", "vmls", "vnmla", "vnmls"), 3),
    **dict.fromkeys(("vdiv", "vsqrt"), 14),
}
DIVISION = 7
REFILL = 2

BRANCH = re.compile(
    r"(b|bl|bx|blx|tbb|tbh)(eq|ne|cs|hs|cc|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)?(\.[nw])?$|cbn?z$"
)
SEVERAL = re.compile(r"(v?(ldm|stm|push|pop))")
SINGLE = re.compile(
    r"(ldr|str)(b|h|sb|sh|ex|t)*(eq|ne|cs|hs|cc|lo|mi|pl|hi|ls|ge|lt|gt|le)?(\.w)?$"
)


def cycles(line: str, before: str = "") -> int:
    """Cycles of an instruction.

    Parameters
    ----------
    line
        Of QEMU's listing.
    before
        The line before it in the same block.
    """
    name, operands = _parts(line)
    if BRANCH.match(name):
        return 1 + REFILL
    if SEVERAL.match(name):
        return 1 + _n_registers(operands) + (REFILL if "pc" in operands else 0)
    if name.startswith(("ldrd", "strd")):
        return 3
    if name.startswith(("vldr", "vstr")):
        return 3 if operands.startswith("d") else 2
    if SINGLE.match(name):
        return 1 if SINGLE.match(_parts(before)[0]) else 2
    if name.startswith(("sdiv", "udiv")):
        return DIVISION
    return FLOATS.get(name.split(".")[0], 1)


def _parts(line: str) -> tuple[str, str]:
    found = TEXT.match(line)
    return (found[1], found[2]) if found else ("", "")


def _n_registers(operands: str) -> int:
    """Registers of a list such as ``{r4, r6-r8, lr}``; a double counts as two."""
    number = 0
    for part in operands[operands.find("{") + 1 : operands.find("}")].split(","):
        first, _, last = part.strip().partition("-")
        if last:
            number += int(last[1:]) - int(first[1:]) + 1
        else:
            number += 1
    return number * (2 if "{d" in operands else 1)
