"""Where a student's instructions go, by C file.

QEMU logs every block of instructions that it runs. The generated code has one stage of the
algorithm in each file, so blocks are summed by the file of their function.
"""

from __future__ import annotations

import re
import subprocess
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ppgkd.emulation.boards import Board
from ppgkd.emulation.build import compile_for_board, link_replay
from ppgkd.emulation.c import PROGRAMS
from ppgkd.emulation.cycles import cycles
from ppgkd.emulation.measure import walk
from ppgkd.emulation.run import run
from ppgkd.inference.model_card import ModelCard

C_LIBRARY = "C library"

STRIDES = 4
"""Number of estimates that the instructions are the mean of; a log has some megabytes for each."""

LOGGED = ("-d", "in_asm,exec,nochain", "-D")
EXECUTED = re.compile(r"Trace 0: (0x[0-9a-f]+) \[[0-9a-f]+/([0-9a-f]+)/")


Counts = defaultdict[Any, NDArray[np.float64]]
"""Instructions and cycles, by address or file."""


class Work(NamedTuple):
    """What a file does for one estimate: instructions, and their cycles on a Cortex-M4."""

    instructions: float
    m4_cycles: float


def work_by_file(folder: Path, card: ModelCard, board: Board) -> dict[str, Work]:
    """Count the instructions of each C file of a student, for one estimate.

    Parameters
    ----------
    folder, card
        The student's C, and its card.

    Returns
    -------
    dict
        Mean work of a stride by name of the C file, the largest first; ``C library`` is what
        belongs to no file of the student, and has some thousand for reading the samples.
    """
    with TemporaryDirectory() as temporary:
        objects = compile_for_board(folder, board, Path(temporary, "objects"), debug=True)
        program = link_replay(folder, objects, board, Path(temporary, "replay.elf"))
        short, long = (
            _by_file(program, card, board, strides, Path(temporary, "log"))
            for strides in (1, 1 + STRIDES)
        )
    found = Counts(lambda: np.zeros(2))
    for name, work in long.items():
        if not (PROGRAMS / name).exists():
            file = name if (folder / name).exists() else C_LIBRARY
            found[file] += (work - short[name]) / STRIDES
    by_size = sorted(found.items(), key=lambda item: -item[1][0])
    return {name: Work(*work.tolist()) for name, work in by_size}


def _by_file(program: Path, card: ModelCard, board: Board, strides: int, log: Path) -> Counts:
    run(program, walk(card, strides), board=board, options=[*LOGGED, str(log)])
    with log.open(encoding="utf-8") as lines:
        blocks = count_blocks(lines)
    functions = _functions(program)
    starts = [start for start, _ in functions]
    by_file = Counts(lambda: np.zeros(2))
    for address, work in blocks.items():
        by_file[functions[bisect_right(starts, address) - 1][1]] += work
    return by_file


def count_blocks(lines: Iterable[str]) -> dict[int, NDArray[np.float64]]:
    """Count the instructions and cycles of each block in a log of QEMU.

    Parameters
    ----------
    lines
        Of the log: a block is listed where it is translated, and named by its place in the host's
        memory each time it is run. A block is translated again if it must end earlier.

    Returns
    -------
    dict
        Instructions and cycles by the address of a block's first instruction.
    """
    translated: dict[int, NDArray[np.float64]] = {}
    of_place: dict[str, tuple[int, NDArray[np.float64]]] = {}
    times: Counter[str] = Counter()
    counts = Counts(lambda: np.zeros(2))
    start, before = None, ""
    for line in lines:
        if line.startswith("0x"):
            if start is None:
                start = int(line[2:10], 16)
                translated[start] = np.zeros(2)
            translated[start] += (1, cycles(line, before))
            before = line
            continue
        start, before = None, ""
        if found := EXECUTED.match(line):
            place, address = found[1], int(found[2], 16)
            if address in translated:
                if place in of_place:
                    counts[of_place[place][0]] += times.pop(place) * of_place[place][1]
                of_place[place] = address, translated.pop(address)
            times[place] += 1
    for place, number in times.items():
        counts[of_place[place][0]] += number * of_place[place][1]
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
