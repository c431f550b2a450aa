"""Compile a peer's code for the emulated processor, run it there, and measure it."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from firmware_peers.network import Values
from firmware_peers.peer import Code
from ppgkd.emulation.boards import Board
from ppgkd.emulation.build import BOARD_FLAGS, PROGRAMS, WARNINGS
from ppgkd.emulation.run import emulator_command
from ppgkd.errors import PpgkdError

PROGRAMS_OF_PEERS = Path(__file__).with_name("c")
LONGEST_S = 600
PAINTED_BYTES = 3 << 20
"""Of the stack, of which a peer may use less."""


@dataclass(frozen=True)
class Cost:
    """What a network takes on a processor.

    Attributes
    ----------
    flash_bytes
        Code, constants, and initial values of variables.
    ram_bytes
        Variables and stack, without the input and the output.
    instructions
        Of the longest inference.
    logits
        Of each window, shape (n_windows, n_classes).
    """

    flash_bytes: int
    ram_bytes: int
    instructions: int
    logits: Values


def measure(code: Code, board: Board, folder: Path) -> Cost:
    """Measure a peer's code on a board; object files and programs are left in ``folder``.

    Raises
    ------
    PpgkdError
        If it cannot be compiled or does not run.
    """
    flags = [flag for flag in BOARD_FLAGS if flag not in WARNINGS and not flag.startswith("-std")]
    row_bytes = code.encoded[0].nbytes
    flags += [*board.flags, f"-I{PROGRAMS}", f"-I{PROGRAMS_OF_PEERS}"]
    flags += [f"-DINPUT_BYTES={row_bytes}", f"-DOUTPUT_BYTES={code.output_bytes}"]
    flags += [f"-DPAINTED_BYTES={PAINTED_BYTES}u"]
    flags += [f"-I{path}" for path in code.includes]
    objects = [_object(source, flags, folder, n) for n, source in enumerate(code.sources)]
    start = _object(PROGRAMS / "startup.c", flags, folder, "start")
    machine = _object(PROGRAMS / "cortex_m.c", flags, folder, "machine")
    infer = _object(PROGRAMS_OF_PEERS / "infer.c", flags, folder, "infer")
    size = _object(PROGRAMS_OF_PEERS / "size.c", flags, folder, "size")
    empty = _object(PROGRAMS_OF_PEERS / "size.c", [*flags, "-DEMPTY"], folder, "empty")
    program = _linked([*objects, start, machine, infer], board, folder / "infer.elf", "rdimon")
    own = _sizes(_linked([*objects, start, size], board, folder / "size.elf", "nosys"))
    none = _sizes(_linked([start, empty], board, folder / "empty.elf", "nosys"))
    outputs, ticks, stack_bytes = _run(program, code, board)
    variables = own[1] - none[1] - row_bytes - code.output_bytes
    return Cost(
        flash_bytes=own[0] - none[0],
        ram_bytes=variables + stack_bytes,
        instructions=round(ticks * board.instructions_per_tick),
        logits=code.decoded(outputs),
    )


def _object(source: Path, flags: list[str], folder: Path, name: int | str) -> Path:
    made = folder / f"{name}.o"
    is_cpp = source.suffix in (".cpp", ".cc")
    language = ["arm-none-eabi-g++", "-std=c++17", "-fno-exceptions", "-fno-rtti"]
    command = language if is_cpp else ["arm-none-eabi-gcc", "-std=c11"]
    _call([*command, *flags, "-c", str(source), "-o", str(made)])
    return made


def _linked(objects: list[Path], board: Board, made: Path, specs: str) -> Path:
    places = {
        "CODE_ORIGIN": board.code_origin,
        "CODE_BYTES": board.code_bytes,
        "DATA_ORIGIN": board.data_origin,
        "DATA_BYTES": board.data_bytes,
    }
    options = [*board.flags, "-nostartfiles", "--specs=nano.specs", f"--specs={specs}.specs"]
    options += [f"-Wl,--defsym={name}={place:#x}" for name, place in places.items()]
    options += ["-Wl,--gc-sections", "-T", str(PROGRAMS / "cortex_m.ld")]
    _call(["arm-none-eabi-gcc", *options, *map(str, objects), "-o", str(made), "-lm"])
    return made


def _run(program: Path, code: Code, board: Board) -> tuple[np.ndarray, int, int]:
    with TemporaryDirectory() as folder:
        code.encoded.tofile(Path(folder, "inputs.bin"))
        command = emulator_command(program, board)
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=LONGEST_S, check=False
        )
        if done.returncode:
            raise PpgkdError(f"{program} failed: {(done.stdout + done.stderr)[-2000:]}")
        outputs = np.fromfile(Path(folder, "outputs.bin"), np.uint8)
        ticks, stack_bytes = (int(n) for n in np.fromfile(Path(folder, "counters.u32"), "<u4"))
    if stack_bytes >= PAINTED_BYTES:
        raise PpgkdError(f"{program} uses more than {PAINTED_BYTES:,} bytes of stack")
    if len(outputs) != len(code.encoded) * code.output_bytes:
        raise PpgkdError(f"{program} wrote {len(outputs)} bytes, not one output for each window")
    return outputs.reshape(len(code.encoded), -1), ticks, stack_bytes


def _sizes(program: Path) -> tuple[int, int]:
    """Bytes in flash (code, constants, initial values) and of variables."""
    said = _call(["arm-none-eabi-size", str(program)])
    text, data, bss = (int(number) for number in said.splitlines()[1].split()[:3])
    return text + data, data + bss


def _call(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        first = "\n".join(done.stderr.splitlines()[:20])
        raise PpgkdError(f"{' '.join(command)} failed:\n{first}")
    return done.stdout
