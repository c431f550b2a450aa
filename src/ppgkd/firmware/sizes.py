"""Sizes of a student's state in C: blocks of samples, strides and the arena."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import gcd

from ppgkd.errors import PpgkdError
from ppgkd.firmware.buffers import BufferPlan
from ppgkd.firmware.tables import Transform, n_powers, step_table
from ppgkd.grid import N_CLASSES
from ppgkd.inference.model_card import ModelCard
from ppgkd.inference.validity import RECENT

MOST_STRIDES = 256
LEAST_BLOCK = 5
"""Samples of a block: its extremes take as much memory as four."""


@dataclass(frozen=True)
class Sizes:
    """Sizes of the state.

    Attributes
    ----------
    strides
        Samples from one estimate to the next, in turn.
    block, n_blocks
        Samples of a block, and blocks of a window.
    n_cosines
        Words of the cosines, at the start of the arena.
    motion
        Where the arena has the frequencies of motion, in words.
    staging
        Where it has the samples of the block to come.
    arena
        Its length in words.
    """

    strides: tuple[int, ...]
    block: int
    n_blocks: int
    n_cosines: int
    motion: int
    staging: int
    arena: int


def state_bytes(card: ModelCard, sizes: Sizes) -> int:
    """Size of the state in C, where an int64 is aligned to 8 bytes and a float to 4."""
    block = -(-(2 * 4 + 2 * sizes.block) // 4) * 4
    evidence = RECENT * 6 * 4
    total = 24 + block * sizes.n_blocks * len(card.channels) + 4 * N_CLASSES + evidence
    return -(-(total + 4 * sizes.arena) // 8) * 8


def plan_sizes(card: ModelCard, transform: Transform, buffers: BufferPlan) -> Sizes:
    """Plan the state of a student.

    Parameters
    ----------
    card
        Of the student.
    transform
        Its Fourier transform.
    buffers
        Of its network.
    """
    strides = _strides(card)
    channels = len(card.channels)
    n_ppg = sum(name.startswith("ppg") for name in card.channels)
    powers = n_powers(card)
    n_cosines = len(transform.order) * channels
    motion = n_cosines + (n_ppg + (channels > n_ppg)) * powers
    used = max(
        n_cosines + max(2 * transform.length, buffers.n_words),
        motion + -(-powers // 4),
        N_CLASSES + 2 * len(step_table(card.filter_sd_bpm)[0]),
    )
    common = gcd(card.n_samples, *strides)
    block = max(n for n in range(1, round(card.rate_hz) + 1) if common % n == 0)
    if block >= LEAST_BLOCK:
        # whole blocks are in the window, so nothing is staged while the arena is used
        staging, arena = 0, max(used, block * channels)
    else:
        block = round(card.rate_hz)
        staging, arena = used, used + block * channels
    n_blocks = -(-card.n_samples // block)
    return Sizes(strides, block, n_blocks, n_cosines, motion, staging, arena)


def _strides(card: ModelCard) -> tuple[int, ...]:
    stride = Fraction(card.stride_s).limit_denominator(10**6)
    stride *= Fraction(card.rate_hz).limit_denominator(10**6)
    period = 1 if stride.denominator == 1 else 2 * stride.denominator
    if period > MOST_STRIDES or stride > 65_535:
        raise PpgkdError(
            f"A stride of {card.stride_s:g} s at {card.rate_hz:g} Hz is {float(stride):g} samples, "
            "which the table of strides in C cannot have. Use a rate at which it is an integer."
        )
    ends = [round(n * stride) for n in range(period + 1)]
    return tuple(end - start for start, end in pairwise(ends))
