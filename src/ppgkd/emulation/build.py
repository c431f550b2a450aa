"""Compile a student's C: for this machine, or for an emulated board."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from shutil import which

from ppgkd.emulation.boards import Board
from ppgkd.errors import PpgkdError

PROGRAMS = Path(__file__).with_name("c")

CROSS_COMPILER = "arm-none-eabi-gcc"
EMULATOR = "qemu-system-arm"

WARNINGS = ("-Wall", "-Wextra", "-Werror", "-Wdouble-promotion")
FLAGS = ("-std=c99", "-O2", *WARNINGS)
# C99 by the letter would keep a multiplication and an addition apart, which the processors fuse.
BOARD_FLAGS = (*FLAGS, "-ffp-contract=fast", "-ffunction-sections", "-fdata-sections")
SANITIZERS = ("-g", "-fsanitize=address,undefined,float-cast-overflow", "-fno-sanitize-recover")

SELFTEST = "selftest.c"


def missing_tools() -> list[str]:
    """Names of the programs that are needed to measure on boards and are not on the PATH."""
    return [name for name in (CROSS_COMPILER, EMULATOR) if which(name) is None]


def student_sources(folder: Path) -> list[Path]:
    """C files of a student that belong into a firmware: all but its self-test."""
    return sorted(path for path in folder.glob("*.c") if path.name != SELFTEST)


def build_native(
    folder: Path, output: Path, main: Path | None = None, *, sanitize: bool = False
) -> Path:
    """Compile for this machine.

    Parameters
    ----------
    folder
        Of the student's C.
    output
        Program to write.
    main
        The program's main file; None: ``stream.c``, which reads samples and writes estimates.
    sanitize
        Whether the program stops at an access out of bounds, an overflow or other undefined
        behaviour.

    Raises
    ------
    PpgkdError
        If the compiler refuses the code; the message has its first lines.
    """
    main = main or PROGRAMS / "stream.c"
    sources = [*student_sources(folder), main, PROGRAMS / "native.c"]
    options = [*FLAGS, *(SANITIZERS if sanitize else ())]
    _compile("cc", options, folder, sources, output, ["-lm"])
    return output


def build_for_board(
    folder: Path, board: Board, output: Path, main: Path | None = None, *, debug: bool = False
) -> Path:
    """Compile for a board, with the host's files by semihosting; see `build_native`."""
    main = main or PROGRAMS / "stream.c"
    sources = [*student_sources(folder), main, PROGRAMS / "startup.c", PROGRAMS / "cortex_m.c"]
    _link(folder, board, output, sources, "rdimon.specs", ["-g"] if debug else [])
    return output


def build_footprint(folder: Path | None, board: Board, output: Path) -> Path:
    """Link the smallest program that calls a student, or with None the same without it."""
    students = [] if folder is None else student_sources(folder)
    sources = [*students, PROGRAMS / "footprint.c", PROGRAMS / "startup.c"]
    defined = [] if folder is None else ["-DWITH_STUDENT"]
    _link(folder, board, output, sources, "nosys.specs", defined)
    return output


def _link(
    folder: Path | None,
    board: Board,
    output: Path,
    sources: Sequence[Path],
    specs: str,
    options: Sequence[str] = (),
) -> None:
    places = {
        "CODE_ORIGIN": board.code_origin,
        "CODE_BYTES": board.code_bytes,
        "DATA_ORIGIN": board.data_origin,
        "DATA_BYTES": board.data_bytes,
    }
    options = [*BOARD_FLAGS, *board.flags, *options, "-nostartfiles"]
    options += ["--specs=nano.specs", f"--specs={specs}", "-Wl,--gc-sections"]
    options += [f"-Wl,--defsym={name}={place:#x}" for name, place in places.items()]
    options += ["-T", str(PROGRAMS / "cortex_m.ld"), f"-Wl,-Map={output}.map"]
    _compile(CROSS_COMPILER, options, folder or PROGRAMS, sources, output, ["-lm"])


def _compile(
    compiler: str,
    options: Sequence[str],
    folder: Path,
    sources: Iterable[Path],
    output: Path,
    libraries: Sequence[str],
) -> None:
    if which(compiler) is None:
        raise PpgkdError(f"the C compiler {compiler} is not installed. Install it.")
    includes = [f"-I{folder}", f"-I{PROGRAMS}"]
    files = [str(source) for source in sources]
    command = [compiler, *options, *includes, *files, "-o", str(output), *libraries]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        first = "\n".join(done.stderr.splitlines()[:20])
        raise PpgkdError(f"{compiler} cannot compile the C in {folder}:\n{first}")
