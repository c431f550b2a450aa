"""Compile a student's C: for this machine, or for an emulated board."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from shutil import which

from ppgkd.emulation.boards import Board
from ppgkd.emulation.c import PROGRAMS
from ppgkd.errors import PpgkdError

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
        The program's main file; None: ``replay.c``, which reads samples and writes estimates.
    sanitize
        Whether the program stops at an access out of bounds, an overflow or other undefined
        behaviour.

    Raises
    ------
    PpgkdError
        If the compiler refuses the code; the message has its first lines.
    """
    main = main or PROGRAMS / "replay.c"
    sources = [*student_sources(folder), main, PROGRAMS / "native.c"]
    options = [*FLAGS, *(SANITIZERS if sanitize else ()), f"-I{folder.absolute()}", f"-I{PROGRAMS}"]
    libraries = ["-o", str(output.absolute()), "-lm"]
    _compile("cc", options, folder, sources, output.parent, libraries)
    return output


def compile_for_board(folder: Path, board: Board, objects: Path, *, debug: bool = False) -> Path:
    """Compile a student's files for a board, to link several programs with.

    Parameters
    ----------
    folder
        Of the student's C.
    objects
        Folder to make, for the object files.
    debug
        Whether functions know their files (`ppgkd.emulation.stages`); the code is the same.

    Returns
    -------
    Path
        ``objects``.
    """
    objects.mkdir()
    options = [*BOARD_FLAGS, *board.flags, *(["-g"] if debug else []), "-c"]
    sources = [path.absolute() for path in student_sources(folder)]
    _compile(CROSS_COMPILER, [*options, f"-I{folder.absolute()}"], folder, sources, objects)
    return objects


def link_replay(
    folder: Path, objects: Path, board: Board, output: Path, main: Path | None = None
) -> Path:
    """Link the program that reads samples and writes estimates, or one with another main file.

    Its files are those of the host, by semihosting.

    Parameters
    ----------
    folder, objects
        Of `compile_for_board`.
    output
        Program to write.
    main
        None: ``replay.c``.
    """
    own = [main or PROGRAMS / "replay.c", PROGRAMS / "startup.c", PROGRAMS / "cortex_m.c"]
    options = ["--specs=rdimon.specs", "-u", "_printf_float"]
    _link(folder, board, [*sorted(objects.glob("*.o")), *own], output, options)
    return output


def link_footprint(folder: Path, objects: Path | None, board: Board, output: Path) -> Path:
    """Link the smallest program that calls a student, or with None the same without it."""
    own = [PROGRAMS / "footprint.c", PROGRAMS / "startup.c"]
    students = [] if objects is None else sorted(objects.glob("*.o"))
    options = ["--specs=nosys.specs", *([] if objects is None else ["-DWITH_STUDENT"])]
    _link(folder, board, [*students, *own], output, options)
    return output


def _link(
    folder: Path, board: Board, files: Sequence[Path], output: Path, options: Sequence[str]
) -> None:
    places = {
        "CODE_ORIGIN": board.code_origin,
        "CODE_BYTES": board.code_bytes,
        "DATA_ORIGIN": board.data_origin,
        "DATA_BYTES": board.data_bytes,
    }
    defined = [f"-Wl,--defsym={name}={place:#x}" for name, place in places.items()]
    script = ["-nostartfiles", "-T", str(PROGRAMS / "cortex_m.ld"), "-Wl,--gc-sections"]
    flags = [*BOARD_FLAGS, *board.flags, f"-I{folder.absolute()}", f"-I{PROGRAMS}"]
    flags += ["--specs=nano.specs", *options, *script, *defined]
    libraries = ["-o", str(output.absolute()), "-lm"]
    _compile(CROSS_COMPILER, flags, folder, files, output.parent, libraries)


def _compile(
    compiler: str,
    options: Sequence[str],
    folder: Path,
    files: Iterable[Path],
    where: Path,
    libraries: Sequence[str] = (),
) -> None:
    """Run a compiler in a folder."""
    if which(compiler) is None:
        raise PpgkdError(f"the C compiler {compiler} is not installed. Install it.")
    command = [compiler, *options, *(str(path.absolute()) for path in files), *libraries]
    done = subprocess.run(command, cwd=where, capture_output=True, text=True, check=False)
    if done.returncode:
        first = "\n".join(done.stderr.splitlines()[:20])
        raise PpgkdError(f"{compiler} cannot compile the C in {folder}:\n{first}")
