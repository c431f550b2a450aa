"""Run a program that was built from `c/replay.c`: samples in, estimates and counters out."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from ppgkd.emulation.boards import Board
from ppgkd.emulation.build import EMULATOR
from ppgkd.errors import PpgkdError

LONGEST_S = 1800.0
"""Of one run; it only catches what hangs."""

ESTIMATE = np.dtype(
    [
        (name, "<f8")
        for name in ("end_s", "bpm", "sd_bpm", "window_bpm", "window_sd_bpm", "reason", "valid")
    ]
)


@dataclass(frozen=True)
class Calls:
    """Calls of ``ppgkd_push`` of one kind.

    Attributes
    ----------
    calls, samples
        Their number, and the samples that they took.
    ticks, most_ticks
        Ticks of the counter during all of them, and during the longest.
    """

    calls: int
    samples: int
    ticks: int
    most_ticks: int


@dataclass(frozen=True)
class Run:
    """What a program wrote.

    Attributes
    ----------
    estimates
        Records of `ESTIMATE`.
    state_bytes
        Size of the student's state.
    stack_bytes
        Most bytes of stack that ``ppgkd_init`` or ``ppgkd_push`` used; 0 on this machine.
    without, with_estimate
        Calls of ``ppgkd_push`` that returned no estimate, and those that returned one.
    """

    estimates: NDArray[np.void]
    state_bytes: int
    stack_bytes: int
    without: Calls
    with_estimate: Calls


def run(
    program: Path,
    samples: NDArray[np.float32],
    chunks: Sequence[int] = (1,),
    *,
    board: Board | None,
    options: Sequence[str] = (),
) -> Run:
    """Run a program on samples.

    Parameters
    ----------
    program
        Of `ppgkd.emulation.build.build_native`, or of `link_replay` with the same board.
    samples
        Shape (n_channels, n_samples); NaN is a lost sample.
    chunks
        Numbers of samples of one push, in turn, of which each may be 0 but not all; a push has at
        most 1024 samples.
    board
        None: this machine.
    options
        Further options of QEMU.

    Raises
    ------
    PpgkdError
        If the program fails; the message has what it says.
    """
    if not any(chunk > 0 for chunk in chunks):
        raise PpgkdError(f"chunks are {[*chunks]}. At least one must be positive.")
    with TemporaryDirectory() as folder:
        np.asarray(chunks, "<u4").tofile(Path(folder, "chunks.u32"))
        np.ascontiguousarray(samples.T, "<f4").tofile(Path(folder, "samples.f32"))
        start(program, Path(folder), board=board, options=options)
        estimates = np.fromfile(Path(folder, "estimates.f64"), ESTIMATE)
        counters = [int(value) for value in np.fromfile(Path(folder, "counters.f64"), "<f8")]
    state_bytes, stack_bytes, *calls = counters
    return Run(estimates, state_bytes, stack_bytes, Calls(*calls[:4]), Calls(*calls[4:]))


def start(program: Path, folder: Path, *, board: Board | None, options: Sequence[str] = ()) -> str:
    """Run a program to its end.

    Parameters
    ----------
    program, board, options
        As in `run`.
    folder
        Where it reads and writes files.

    Returns
    -------
    str
        What it printed.

    Raises
    ------
    PpgkdError
        If its status is not 0; the message has what it says.
    """
    command = [str(program.absolute())]
    if board is not None:
        command = [*emulator_command(program, board), *options]
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LONGEST_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise PpgkdError(f"{program} did not end within {LONGEST_S:g} s.") from error
    if done.returncode:
        said = (done.stdout + done.stderr).strip()
        raise PpgkdError(f"{program} failed with the status {done.returncode}: {said[:2000]}")
    return done.stdout


def emulator_command(program: Path, board: Board) -> list[str]:
    """Command that runs a program on an emulated board, with the files of the current folder."""
    return [
        *(EMULATOR, "-machine", board.name, "-icount", "shift=0"),
        *("-display", "none", "-monitor", "none", "-serial", "none"),
        *("-semihosting-config", "enable=on,target=native", "-kernel", str(program.absolute())),
    ]
