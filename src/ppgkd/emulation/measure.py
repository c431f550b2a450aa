"""What a student's C takes on a processor: flash, RAM and instructions, measured.

Flash and static RAM are the difference between two linked programs, one that calls the student and
one that does not (`ppgkd.emulation.build.link_footprint`). So they have the student's code, tables
and weights, and the functions of the C library that it calls; and nothing of start-up code or
files. The stack is painted before the calls and looked at afterwards. Instructions are counted by
SysTick (`ppgkd.emulation.boards`), one push for each sample, as an interrupt of the sensor would.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from ppgkd.emulation.boards import Board
from ppgkd.emulation.build import compile_for_board, link_footprint, link_replay
from ppgkd.emulation.run import run
from ppgkd.errors import PpgkdError
from ppgkd.inference.model_card import ModelCard

SIZE = "arm-none-eabi-size"

STRIDES = 20
"""Number of estimates that the instructions are the mean of."""


@dataclass(frozen=True)
class Measurement:
    """What a student takes on a processor.

    Attributes
    ----------
    core
        The processor.
    flash_bytes
        Code, constants, and initial values of variables.
    state_bytes
        Size of the state.
    static_bytes
        The state and all other variables, those of the C library included.
    stack_bytes
        Most stack of ``ppgkd_init`` or ``ppgkd_push``, without interrupts.
    instructions_per_sample
        Mean of a push of one sample without an estimate.
    instructions_per_estimate
        Mean of a push of one sample with an estimate.
    instructions
        Of one stride: all its samples and the estimate at their end.
    """

    core: str
    flash_bytes: int
    state_bytes: int
    static_bytes: int
    stack_bytes: int
    instructions_per_sample: float
    instructions_per_estimate: float
    instructions: float

    @property
    def ram_bytes(self) -> int:
        """Variables and stack."""
        return self.static_bytes + self.stack_bytes


def measure(folder: Path, card: ModelCard, board: Board) -> Measurement:
    """Measure a student on a board.

    Parameters
    ----------
    folder
        Of the student's C.
    card
        Of the student.

    Raises
    ------
    PpgkdError
        If the C cannot be compiled or fails, or gives not as many estimates as the card says.
    """
    with TemporaryDirectory() as temporary:
        objects = compile_for_board(folder, board, Path(temporary, "objects"))
        program = link_replay(folder, objects, board, Path(temporary, "replay.elf"))
        found = run(program, walk(card, STRIDES), board=board)
        own = _sizes(link_footprint(folder, objects, board, Path(temporary, "with.elf")))
        empty = _sizes(link_footprint(folder, None, board, Path(temporary, "without.elf")))
    if len(found.estimates) != STRIDES:
        raise PpgkdError(
            f"the C in {folder} gave {len(found.estimates)} estimates for {STRIDES} strides on a "
            f"{board.core}. Write it again (ppgkd export --c)."
        )
    per_sample = _mean(found.without.ticks, found.without.samples, board)
    per_estimate = _mean(found.with_estimate.ticks, found.with_estimate.calls, board)
    return Measurement(
        core=board.core,
        flash_bytes=own.flash - empty.flash,
        state_bytes=found.state_bytes,
        static_bytes=own.variables - empty.variables,
        stack_bytes=found.stack_bytes,
        instructions_per_sample=per_sample,
        instructions_per_estimate=per_estimate,
        instructions=per_estimate + per_sample * (card.stride_s * card.rate_hz - 1),
    )


def walk(card: ModelCard, strides: int) -> NDArray[np.float32]:
    """Make samples of a walk with so many estimates: the signal on which instructions are counted.

    PPG has a pulse of 80 BPM on an offset and noise, acceleration has gravity and steps at 1.8 Hz,
    so that no part of the algorithm is left out for want of a signal.

    Returns
    -------
    ndarray
        Shape (n_channels, n_samples).
    """
    rng = np.random.default_rng(0)
    last_start = round((strides - 1) * card.stride_s * card.rate_hz)
    time_s = np.arange(last_start + card.n_samples) / card.rate_hz
    pulse = np.sin(2 * np.pi * 80 / 60 * time_s) + 0.4 * np.sin(4 * np.pi * 80 / 60 * time_s)
    steps = np.sin(2 * np.pi * 1.8 * time_s)
    rows = []
    for n, name in enumerate(card.channels):
        if name.startswith("ppg"):
            noise = rng.standard_normal(len(time_s))
            rows.append(np.round(30_000 + 500 * n + 400 * pulse + 100 * steps + 40 * noise))
        else:
            noise = 0.02 * rng.standard_normal(len(time_s))
            rows.append(0.5 + (0.1 + 0.05 * n) * steps + noise)
    return np.array(rows, np.float32)


@dataclass(frozen=True)
class _Sizes:
    flash: int
    variables: int


def _sizes(program: Path) -> _Sizes:
    """Bytes in flash (code, constants, initial values) and in RAM of a linked program."""
    said = subprocess.run([SIZE, str(program)], capture_output=True, text=True, check=True).stdout
    text, data, bss = (int(number) for number in said.splitlines()[1].split()[:3])
    return _Sizes(text + data, data + bss)


def _mean(ticks: int, number: int, board: Board) -> float:
    return ticks * board.instructions_per_tick / number
