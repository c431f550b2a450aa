"""An online filter over the probabilities: a hidden Markov model on the grid of heart rates.

Estimates of single windows are wrong where motion hides the pulse, but a heart rate cannot jump
back and forth within seconds. The filter keeps a belief, the probability of each class given all
windows so far. At each stride it spreads the belief as heart rates change, and multiplies it by the
window's probabilities. It uses past windows only, and its state is one belief. It needs only NumPy,
so it runs together with an exported student.

Motion may look like a pulse for minutes, so what the accelerometer feels may count less: the
probabilities of the classes at its frequencies are lowered first
(`ppgkd.inference.motion_frequencies`).
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ppgkd.errors import PpgkdError
from ppgkd.grid import BPM_MIN, DECODE_HALF_WIDTH_BPM, N_CLASSES

GRID_BPM = BPM_MIN + np.arange(N_CLASSES, dtype=np.float64)

ROUNDS = 200
LEAST_SD_BPM, LEAST_JUMP_PROBABILITY = 0.5, 1e-5
"""Lower bounds of the fit: a reference that never changes must not freeze the filter."""

SMALLEST = 1e-6
"""Lower bound of a transition's standard deviation and stride; real ones are far above."""

HIGHEST_BPM = 500.0
"""Highest reference in BPM; a reference in milliseconds is higher."""

SUM_TOLERANCE = 1e-3
"""Largest difference of the sum of a window's probabilities from one; that of logits is larger."""

MOST_DISCOUNT = 0.99
"""Largest discount: a class at a frequency of motion remains possible."""

LONGEST_GAP = 100_000
"""Strides after which a gap has made the belief as wide as possible."""


@dataclass(frozen=True)
class Transition:
    """How a heart rate changes from one stride to the next.

    It moves by a normally distributed step with probability ``1 - jump_probability``, and to any
    rate at all otherwise: after a loss of contact the filter must find its way back.

    Attributes
    ----------
    sd_bpm
        Standard deviation of a step.
    jump_probability
        Probability of a jump to any class.
    stride_s
        Time between two estimates.
    evidence
        Exponent of a window's probabilities. With 1, windows count as independent. Windows of 8 s
        every 2 s have most of their samples in common, so a smaller one is right for them.
    motion_discount
        Share by which a class at a frequency of motion is lowered in a window's probabilities.

    Raises
    ------
    PpgkdError
        If one of them is out of range.
    """

    sd_bpm: float
    jump_probability: float
    stride_s: float
    evidence: float = 1.0
    motion_discount: float = 0.0

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        ranges = {
            "jump_probability": (0, 1),
            "evidence": (SMALLEST, 1),
            "motion_discount": (0, MOST_DISCOUNT),
        }
        for name, value in asdict(self).items():
            least, most = ranges.get(name, (SMALLEST, sys.float_info.max))
            if not least <= value <= most:
                raise PpgkdError(
                    f"A transition's {name} is {value}; allowed are {least:g} to {most:g}."
                )

    @cached_property
    def kernel(self) -> NDArray[np.float64]:
        """Probability of each class after each class, shape (180, 180); the rows sum to one."""
        distance_sd = (GRID_BPM - GRID_BPM[:, None]) / self.sd_bpm
        near = np.exp(-0.5 * np.square(distance_sd))
        near /= near.sum(axis=1, keepdims=True)
        return np.asarray((1 - self.jump_probability) * near + self.jump_probability / N_CLASSES)


def fit_transition(
    references: Iterable[NDArray[np.floating]],
    stride_s: float,
    evidence: float = 1.0,
    motion_discount: float = 0.0,
) -> Transition:
    """Fit the transition to references of training subjects, by maximum likelihood.

    Parameters
    ----------
    references
        For each recording the reference in BPM at successive strides, shape (n_strides,); NaN
        where a window is missing.
    stride_s
        Time between two.
    evidence, motion_discount
        Of the transition; they are not fitted.

    Raises
    ------
    PpgkdError
        If a reference is invalid, or no two successive windows have one.
    """
    steps = [np.diff(_checked_reference(n, row)) for n, row in enumerate(references)]
    step_bpm = np.concatenate([np.zeros(0), *steps])
    step_bpm = step_bpm[np.isfinite(step_bpm)]
    if not step_bpm.size:
        raise PpgkdError(
            "The filter cannot be fitted: no two successive windows of the training subjects have "
            "a reference. Use recordings with longer stretches of usable windows."
        )
    sd_bpm, jump_probability = max(float(step_bpm.std()), LEAST_SD_BPM), 0.01
    for _ in range(ROUNDS):  # expectation maximisation of the mixture of steps and jumps
        normal = np.exp(-0.5 * np.square(step_bpm / sd_bpm)) / (np.sqrt(2 * np.pi) * sd_bpm)
        jump = jump_probability / N_CLASSES
        jumped = jump / (jump + (1 - jump_probability) * normal)
        stayed = 1 - jumped
        spread = np.sqrt((stayed * np.square(step_bpm)).sum() / max(stayed.sum(), 1e-12))
        sd_bpm = max(float(spread), LEAST_SD_BPM)
        jump_probability = float(np.clip(jumped.mean(), LEAST_JUMP_PROBABILITY, 0.5))
    return Transition(sd_bpm, jump_probability, float(stride_s), evidence, motion_discount)


class BeliefFilter:
    """Online filter of one recording.

    Parameters
    ----------
    transition
        How heart rates change.
    """

    def __init__(self, transition: Transition) -> None:
        self._kernel, self._evidence = transition.kernel, transition.evidence
        self._kept_on_motion = 1 - transition.motion_discount
        self._belief = np.full(N_CLASSES, 1 / N_CLASSES)

    def update(
        self,
        probabilities: NDArray[np.floating],
        strides: int = 1,
        on_motion: NDArray[np.bool_] | None = None,
    ) -> NDArray[np.float64]:
        """Update the belief with the probabilities of one window.

        Parameters
        ----------
        probabilities
            Probability of each class, shape (180,).
        strides
            Strides since the last update, at least one.
        on_motion
            Classes at a frequency of motion, shape (180,); None, there are none.

        Returns
        -------
        ndarray of shape (180,)
            The belief, given this window and all before it.

        Raises
        ------
        PpgkdError
            If the probabilities are invalid, or ``strides`` is less than one.
        """
        (row,) = _checked_probabilities(np.asarray(probabilities)[None])
        if strides < 1:
            raise PpgkdError(
                f"strides is {strides}; an update must be at least one stride after the last one."
            )
        self._belief = self._belief @ self._kernel_of(strides)
        if on_motion is not None:
            row = np.where(on_motion, row * self._kept_on_motion, row)
        row = row**self._evidence
        weighed = self._belief * row
        total = weighed.sum()
        # if the window excludes all classes of the belief, the window replaces it
        self._belief = weighed / total if total > 0 else row / row.sum()
        return self._belief

    def _kernel_of(self, strides: int) -> NDArray[np.float64]:
        if strides == 1:
            return self._kernel
        return np.linalg.matrix_power(self._kernel, min(strides, LONGEST_GAP))


def filter_windows(
    probabilities: NDArray[np.floating],
    window: NDArray[np.integer],
    transition: Transition,
    on_motion: NDArray[np.bool_] | None = None,
) -> NDArray[np.float64]:
    """Filter the windows of one recording.

    Parameters
    ----------
    probabilities
        Shape (n_windows, 180), in chronological order.
    window
        Number of each window in strides, shape (n_windows,); those of missing windows are left out.
    transition
        How heart rates change.
    on_motion
        Classes at a frequency of motion, shape (n_windows, 180); None, there are none.

    Returns
    -------
    ndarray of shape (n_windows, 180)
        Belief at each window.

    Raises
    ------
    PpgkdError
        If the probabilities or ``on_motion`` are invalid, or the windows are not in chronological
        order.
    """
    rows, number = _checked_probabilities(probabilities), np.asarray(window)
    if number.shape != (len(rows),) or number.dtype.kind not in "iu":
        raise PpgkdError(
            f"window has the shape {number.shape} and the type {number.dtype}; expected an integer "
            f"for each of the {len(rows)} rows of probabilities."
        )
    moved = np.zeros(rows.shape, np.bool_) if on_motion is None else np.asarray(on_motion)
    if moved.shape != rows.shape or moved.dtype != np.bool_:
        raise PpgkdError(
            f"on_motion has the shape {moved.shape} and the type {moved.dtype}; expected true or "
            f"false for each of the {len(rows)} x {N_CLASSES} probabilities."
        )
    backward = np.flatnonzero(number[1:] <= number[:-1])
    if backward.size:
        before, after = number[backward[0]], number[backward[0] + 1]
        raise PpgkdError(
            f"window {after} follows window {before}; the windows of one recording must be in "
            "chronological order, each once."
        )
    number = number.astype(object)  # integers that cannot overflow
    strides = np.diff(number, prepend=number[:1] - 1).tolist()
    online_filter = BeliefFilter(transition)
    beliefs = [
        online_filter.update(row, step, moving)
        for row, step, moving in zip(rows, strides, moved, strict=True)
    ]
    return np.array(beliefs).reshape(-1, N_CLASSES)


def decode_bpm(
    probabilities: NDArray[np.floating],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Estimate and spread, as `ppgkd.heart_rate.decode` computes them, without PyTorch.

    Of equal modes the lowest is taken. Classes are equal in the precision of a window's
    probabilities: what a belief has beyond it depends on the order in which a processor adds.

    Parameters
    ----------
    probabilities
        Shape (n_windows, 180).

    Returns
    -------
    bpm, sd_bpm
        Each of shape (n_windows,).

    Raises
    ------
    PpgkdError
        If the probabilities are invalid.
    """
    rows = _checked_probabilities(probabilities)
    mode_bpm = GRID_BPM[rows.astype(np.float32).argmax(axis=1)]
    near = np.abs(GRID_BPM - mode_bpm[:, None]) <= DECODE_HALF_WIDTH_BPM
    weight = rows * near
    bpm = (weight * GRID_BPM).sum(axis=1) / weight.sum(axis=1)
    variance = (rows * np.square(GRID_BPM - bpm[:, None])).sum(axis=1)
    return np.asarray(bpm), np.asarray(np.sqrt(variance))


def _checked_probabilities(probabilities: NDArray[Any]) -> NDArray[np.float64]:
    found = np.asarray(probabilities)
    if found.ndim != 2 or found.shape[1] != N_CLASSES or found.dtype.kind != "f":
        raise PpgkdError(
            f"probabilities have the shape {found.shape} and the type {found.dtype}; expected "
            f"{N_CLASSES} floating-point numbers for each window."
        )
    rows = found.astype(np.float64)
    with np.errstate(
        over="ignore", invalid="ignore"
    ):  # the sum is then NaN or infinite, and refused
        total = rows.sum(axis=1)
    wrong = (rows < 0).any(axis=1) | ~(np.abs(total - 1) <= SUM_TOLERANCE)
    if wrong.any():
        row = int(wrong.argmax())
        raise PpgkdError(
            f"probabilities of row {row} are from {rows[row].min():g} to {rows[row].max():g} and "
            f"sum to {total[row]:g}; expected numbers from 0 to 1 that sum to 1."
        )
    return rows


def _checked_reference(number: int, reference: NDArray[np.floating]) -> NDArray[np.float64]:
    found = np.asarray(reference)
    if found.ndim != 1 or found.dtype.kind not in "fiu":
        raise PpgkdError(
            f"references[{number}] has the shape {found.shape} and the type {found.dtype}; "
            "expected real numbers of shape (n_strides,)."
        )
    known = found[~np.isnan(found)]
    out_of_range = known[~((known > 0) & (known <= HIGHEST_BPM))]
    if out_of_range.size:
        raise PpgkdError(
            f"references[{number}] has a heart rate of {out_of_range[0]:g}; expected BPM above 0 "
            f"and at most {HIGHEST_BPM:g}, or NaN where there is none."
        )
    return found.astype(np.float64)
