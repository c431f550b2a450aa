"""Which rows of a table have new samples of a sensor, where sensors of different rates are joined.

A join of two sensors leaves cells empty between the samples of a sensor (outer join), or repeats
its value until the next one (forward fill). Either way the rows with new samples follow each other
evenly, which lost cells and values that happen to be equal do not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NEARLY_ALL = 0.9
"""A sensor with new samples in this fraction of the rows, or more, has the rows' own rate."""

WINDOW = 256
"""Evenness is judged in windows of so many samples; with fewer, it is not."""

MAX_RANGE = 3.0
"""Largest range, in rows, of even samples around a line, with one more sensor or two in the table.
If by chance every tenth of 256 samples were lost, or equal to the one before, it would be 5."""

FEW_REPEATS = 0.97
MAX_RANGE_OF_FEW = 2.1
"""Largest fraction of new values, and their range, where a much slower sensor is in the table."""

MAX_REPEATS = 64
MIN_MULTIPLES = 0.98
"""A value is repeated n times if this fraction of the distances between changes are multiples of
n; equal values in succession then only make a distance longer."""


def has_sample(values: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Rows in which a sensor has a number, shape (n_rows,), of its values (n_channels, n_rows)."""
    return np.asarray(np.isfinite(values).any(axis=0))


def is_even(rows: NDArray[np.bool_]) -> bool:
    """Whether rows, shape (n_rows,), follow each other evenly."""
    return _is_even(np.flatnonzero(rows))


def without_repeats(values: NDArray[np.floating], rows: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Rows with new samples, if a sensor's values are repeated until the next one; else all.

    Parameters
    ----------
    values
        Shape (n_channels, n_rows).
    rows
        Rows in which the sensor has a number, shape (n_rows,).
    """
    at = np.flatnonzero(rows)
    of_rows = np.nan_to_num(values[:, at], nan=np.inf)
    changed = np.flatnonzero((of_rows[:, 1:] != of_rows[:, :-1]).any(axis=0)) + 1
    if len(changed) < WINDOW:
        return rows
    new, few = changed, len(changed) > NEARLY_ALL * len(at)
    if few and (len(changed) > FEW_REPEATS * len(at) or not _is_even(changed, MAX_RANGE_OF_FEW)):
        return rows
    if not _is_even(changed):
        repeats = _repeats(changed)
        if repeats == 1:
            return rows
        new = _on_lattice(changed, repeats, len(at))
    found = np.zeros_like(rows)
    found[at[new]] = True  # not the first row: its value may have stood before
    return found


def _is_even(place: NDArray[np.int64], max_range: float = MAX_RANGE) -> bool:
    if len(place) < WINDOW:
        return False
    windows = place[: len(place) // WINDOW * WINDOW].reshape(-1, WINDOW).astype(np.float64)
    centred = np.arange(WINDOW) - (WINDOW - 1) / 2
    slope = windows @ centred / (centred @ centred)
    if np.median(slope) < 1 / FEW_REPEATS:  # gaps here and there, else every row
        return False
    return bool(np.median(np.ptp(windows - slope[:, None] * centred, axis=1)) <= max_range)


def _repeats(changed: NDArray[np.int64]) -> int:
    """How often each value stands; 1 if the distances of changes have no common divisor."""
    distance = np.diff(changed)
    for repeats in range(MAX_REPEATS, 1, -1):
        if np.mean(distance % repeats == 0) >= MIN_MULTIPLES:
            return repeats
    return 1


def _on_lattice(changed: NDArray[np.int64], repeats: int, n_rows: int) -> NDArray[np.int64]:
    """Changes, and between them the rows of values that are equal to the one before."""
    ends = [*changed[1:].tolist(), n_rows]
    return np.concatenate(
        [
            np.arange(first, max(end - repeats // 2, first + 1), repeats)
            for first, end in zip(changed.tolist(), ends, strict=True)
        ]
    )
