"""Constants of a student's front end, filter and rule of validity, as the C runtime takes them."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from ppgkd.errors import PpgkdError
from ppgkd.grid import BPM_MIN, N_CLASSES
from ppgkd.inference.model_card import ModelCard
from ppgkd.inference.motion_frequencies import HIGHEST_HZ
from ppgkd.models.capacity import BINS, HARMONICS
from ppgkd.models.front_end import BIN_BPM
from ppgkd.windows.preprocessing import kept_cosines

LARGEST_RADIX = 61
"""Largest prime factor of a window's length that the Fourier transform takes."""

STEP_SDS = 6.0
"""Standard deviations of the filter's step that its table has; beyond, it is below 2e-8."""

COINCIDES = 1e-6
"""A frequency this close to an order's, in orders, is that order's."""


@dataclass(frozen=True)
class Transform:
    """The Fourier transform of a raw window, and how the cosines follow from it.

    Attributes
    ----------
    length
        Complex samples: half the window's, because it is real; all, if their number is odd.
    radices
        Factors of the length, in the order of the stages.
    slot
        Where each raw sample goes, as an index into interleaved real and imaginary parts, shape
        (n_raw,).
    twiddles
        exp(-2 pi i j / length), shape (length,).
    order
        Orders of the cosines in the pass band, shape (n_kept,); they follow each other.
    direct, mirrored
        Factors of the transform at the order, and of its conjugate at the mirror image, whose real
        parts add up to the amplitude; shape (n_kept,), complex.
    """

    length: int
    radices: list[int]
    slot: NDArray[np.int64]
    twiddles: NDArray[np.complex128]
    order: NDArray[np.int64]
    direct: NDArray[np.complex128]
    mirrored: NDArray[np.complex128]


def make_transform(card: ModelCard) -> Transform:
    """Plan the transform of a window.

    Raises
    ------
    PpgkdError
        If the length of a window has a prime factor above `LARGEST_RADIX`.
    """
    n_raw = card.n_samples
    cosines = kept_cosines(card.window_spec, card.rate_hz)
    k = cosines.order
    half_turn = np.exp(-0.5j * np.pi * k / n_raw)
    halves = 1 if n_raw % 2 else 2
    length = n_raw // halves
    radices = _radices(length, card)
    sample = np.arange(n_raw)
    # Makhoul's order: even samples forward, then odd samples backward
    place = np.where(sample % 2, n_raw - 1 - sample // 2, sample // 2)
    stage_slot = np.argsort(_digit_reversed(radices))
    slot = 2 * stage_slot[place // halves] + (place % 2 if halves == 2 else 0)
    if halves == 1:
        direct, mirrored = half_turn, np.zeros(len(k), np.complex128)
    else:
        turn = np.exp(-2j * np.pi * k / n_raw)
        direct, mirrored = half_turn * (1 - 1j * turn) / 2, half_turn * (1 + 1j * turn) / 2
    twiddles = np.exp(-2j * np.pi * np.arange(length) / length)
    gain = cosines.gain
    return Transform(length, radices, slot, twiddles, k, gain * direct, gain * mirrored)


def _radices(length: int, card: ModelCard) -> list[int]:
    radices, rest = [], length
    for radix in (4, 2, *range(3, LARGEST_RADIX + 1)):
        while rest % radix == 0:
            radices.append(radix)
            rest //= radix
    if rest > 1:
        raise PpgkdError(
            f"A window of {card.n_samples} samples ({card.window_s:g} s at {card.rate_hz:g} Hz) "
            f"has the prime factor {rest}; the Fourier transform in C takes factors up to "
            f"{LARGEST_RADIX}. Resample to another rate: all even ones below "
            f"{LARGEST_RADIX * 2} Hz are possible."
        )
    return radices


def _digit_reversed(radices: list[int]) -> NDArray[np.int64]:
    """Sample that each place of the first stage's input has."""
    order = np.zeros(1, np.int64)
    for radix in radices:
        order = np.concatenate([radix * order + part for part in range(radix)])
    return order


@dataclass(frozen=True)
class Frequencies:
    """Frequencies for the sums of ``spectrum.c``.

    Attributes
    ----------
    x
        Squared sine of half the angle in a sample of the model's rate.
    even, odd
        Power of the squared sums over even and odd orders.
    own
        Order of the same frequency; -1 for none.
    """

    x: NDArray[np.float32]
    even: NDArray[np.float64]
    odd: NDArray[np.float64]
    own: NDArray[np.int64]


def x_of_orders(card: ModelCard, n_orders: int) -> NDArray[np.float64]:
    """Squared sine of half the angle of each order from 0, shape (n_orders,)."""
    return np.sin(np.pi * np.arange(n_orders) / (2 * card.window_spec.n_samples)) ** 2


def bin_frequencies(card: ModelCard, orders: NDArray[np.int64]) -> Frequencies:
    """Frequencies of the bins and of their harmonics, each of shape (90, 2).

    Parameters
    ----------
    card
        Of the student.
    orders
        Those of the pass band.
    """
    bpm = BPM_MIN + (BIN_BPM - 1) / 2 + BIN_BPM * np.arange(BINS)
    frequency_hz = np.stack([harmonic * bpm / 60 for harmonic in HARMONICS], axis=1)
    order = 2 * card.window_s * frequency_hz
    nearest = np.rint(order).astype(np.int64)
    coincides = np.abs(order - nearest) < COINCIDES
    x = np.sin(np.pi * frequency_hz / card.model_rate_hz) ** 2
    phase = np.pi * np.where(coincides, nearest, order) / 2
    power = power_of_sum(card) * x
    even = np.where(coincides & (nearest % 2 == 0), 0, power * np.sin(phase) ** 2)
    odd = np.where(coincides & (nearest % 2 == 1), 0, power * np.cos(phase) ** 2)
    # the sum that has no weight must be finite, too: its x is not that of the order
    x = x.astype(np.float32)
    beside = np.nextafter(np.nextafter(x, np.float32(2)), np.float32(2))
    x = np.where(coincides, beside, x)
    own = np.where(coincides & np.isin(nearest, orders), nearest, -1)
    return Frequencies(x, even, odd, own)


def power_of_sum(card: ModelCard) -> float:
    """Power of a squared sum, but for x: a sine of unit amplitude has power one."""
    return float((2 / card.window_spec.n_samples) ** 2)


def n_powers(card: ModelCard) -> int:
    """Frequencies of `ppgkd.inference.motion_frequencies.power_spectrum`."""
    n_fft = 2 * card.window_spec.n_samples
    return min(int(HIGHEST_HZ * n_fft / card.model_rate_hz) + 1, n_fft // 2 + 1)


def power_step_hz(card: ModelCard) -> float:
    """Distance of two of these frequencies."""
    return card.model_rate_hz / (2 * card.window_spec.n_samples)


def nearest_powers(card: ModelCard) -> NDArray[np.int64]:
    """Index of the frequency that is next to each class, shape (180,)."""
    bpm = BPM_MIN + np.arange(N_CLASSES)
    return np.rint(bpm / 60 / power_step_hz(card)).astype(np.int64)


def step_table(sd_bpm: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The filter's step by distance, and its total from each class of the lower half of the grid.

    Parameters
    ----------
    sd_bpm
        Standard deviation of the step.
    """
    reach = min(ceil(STEP_SDS * sd_bpm), N_CLASSES - 1) if sd_bpm < N_CLASSES else N_CLASSES - 1
    with np.errstate(under="ignore"):
        by_distance = np.exp(-0.5 * np.square(np.arange(N_CLASSES) / sd_bpm))
    step = by_distance[: reach + 1]
    classes = np.arange(N_CLASSES)
    distance = np.abs(classes - classes[: N_CLASSES // 2, None])
    total = np.where(distance <= reach, by_distance[distance], 0).sum(axis=1)
    return step, total
