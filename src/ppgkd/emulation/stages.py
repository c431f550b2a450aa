"""Where a student's instructions go, by C file.

QEMU logs every block of instructions that it runs. The generated code has one stage of the
algorithm in each file, so blocks are summed by the file of their function.
"""

from __future__ import annotations

import re
import subprocess
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from ppgkd.emulation.boards import Board
from ppgkd.emulation.build import PROGRAMS, compile_for_board, link_replay
from ppgkd.emulation.measure import walk
from ppgkd.emulation.run import run
from ppgkd.inference.model_card import ModelCard

C_LIBRARY = "C library"

STRIDES = 4
"""Number of estimates that the instructions are the mean of; a log has some megabytes for each."""

LOGGED = ("-d", "in_asm,exec,nochain", "-D")
EXECUTED = re.compile(r"Trace 0: (0x[0-9a-f]+) \[[0-9a-f]+/([0-9a-f]+)/")


def instructions_by_file(folder: Path, card: ModelCard, board: Board) -> dict[str, float]:
    """Count the instructions of each C file of a student, for one estimate.

    Parameters
    ----------
    folder, card
        The student's C, and its card.

    Returns
    -------
    dict
        Mean instructions of a stride by name of the C file, the largest first; ``C library`` is
        what belongs to no file of the student, and has some thousand for reading the samples.
    """
    with TemporaryDirectory() as temporary:
        objects = compile_for_board(folder, board, Path(temporary, "objects"), debug=True)
        program = link_replay(folder, objects, board, Path(temporary, "replay.elf"))
        short, long = (
            _by_file(program, card, board, strides, Path(temporary, "log"))
            for strides in (1, 1 + STRIDES)
        )
    found: Counter[str] = Counter()
    for name, number in (long - short).items():
        if not (PROGRAMS / name).exists():
            found[name if (folder / name).exists() else C_LIBRARY] += number
    return {name: number / STRIDES for name, number in found.most_common()}


def _by_file(program: Path, card: ModelCard, board: Board, strides: int, log: Path) -> Counter[str]:
    run(program, walk(card, strides), board=board, options=[*LOGGED, str(log)])
    with log.open(encoding="utf-8") as lines:
        counts = count_instructions(lines)
    functions = _functions(program)
    starts = [start for start, _ in functions]
    by_file: Counter[str] = Counter()
    for address, number in counts.items():
        by_file[functions[bisect_right(starts, address) - 1][1]] += number
    return by_file


def count_instructions(lines: Iterable[str]) -> Counter[int]:
    """Count the instructions of each block in a log of QEMU.

    Parameters
    ----------
    lines
        Of the log: a block is listed where it is translated, and named by its place in the host's
        memory each time it is run. A block is translated again if it must end earlier.

    Returns
    -------
    Counter
        Instructions by the address of a block's first one.
    """
    translated: dict[int, int] = {}
    size_of_place: dict[str, int] = {}
    counts: Counter[int] = Counter()
    start: int | None = None
    for line in lines:
        if line.startswith("0x"):
            if start is None:
                start = int(line[2:10], 16)
                translated[start] = 0
            translated[start] += 1
        elif found := EXECUTED.match(line):
            start = None
            place, address = found[1], int(found[2], 16)
            if address in translated:
                size_of_place[place] = translated.pop(address)
            counts[address] += size_of_place[place]
        else:
            start = None
    return counts


def _functions(program: Path) -> list[tuple[int, str]]:
    """Address of each function, in order, and the C file that it was compiled from here."""
    command = ["arm-none-eabi-nm", "--numeric-sort", "--line-numbers", str(program)]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    functions = [(0, C_LIBRARY)]
    for line in listed.splitlines():
        symbol, tab, place = line.partition("\t")
        address, kind, _ = symbol.split()
        if kind in "tTwW":
            file = Path(place.rsplit(":", 1)[0]).name if tab else C_LIBRARY
            functions.append((int(address, 16), file))
    return functions
