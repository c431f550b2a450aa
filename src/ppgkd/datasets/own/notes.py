"""Notes for the user about a recording: gaps, lost cells, implausible units."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ppgkd.datasets.gaps import BRIDGED_S
from ppgkd.datasets.own.clock import Clock
from ppgkd.datasets.own.sentinels import Fault

GRAVITY_MS2 = 9.81
USUAL_G = (0.25, 4.0)
"""Range of the median magnitude of a worn accelerometer; gravity alone is 1 g."""


def unused_column_notes(unused: Sequence[str]) -> list[str]:
    """Name the columns that are not used."""
    return [f"columns not used: {', '.join(unused)}"] if unused else []


def gap_notes(clock: Clock) -> list[str]:
    """Say how many samples are missing."""
    if not clock.n_missing:
        return []
    gaps = np.diff(clock.sample_index) - 1
    longest_s = gaps.max() / clock.rate_hz
    return [
        f"samples missing: {clock.n_missing}, gaps: {np.count_nonzero(gaps)}, longest gap: "
        f"{longest_s:.3g} s; windows that overlap a gap are not valid"
    ]


def lost_cell_notes(values: NDArray[np.float32]) -> list[str]:
    """Say how many cells of shape (n_channels, n_rows) have no finite number."""
    n_lost = int((~np.isfinite(values)).sum())
    return [f"cells without a number, which count as missing samples: {n_lost}"] if n_lost else []


def fault_notes(faults: Sequence[Fault], n_bridged: int) -> list[str]:
    """Say which samples are no measurements, and how many missing samples were bridged."""
    notes = [f"{fault.channel}: {_fault_text(fault)}" for fault in faults]
    if n_bridged:
        notes.append(
            f"missing samples in gaps of {BRIDGED_S:g} s or less, bridged by a line: {n_bridged}"
        )
    return notes


def _fault_text(fault: Fault) -> str:
    samples = f"{fault.n_samples:,} samples ({fault.share:.2%})"
    if fault.kind == "lost":
        return f"{samples} are exactly {fault.value:g}, in jumps: lost samples, which are missing"
    if fault.kind == "clipped":
        return f"{samples} are at the sensor's limit of {fault.value:g}: clipped, so missing"
    if fault.kind == "frozen":
        return f"{samples} are in stretches without any change: no measurement, so missing"
    return f"dead, {fault.value:g} throughout: every sample is missing"


def unit_notes(values: NDArray[np.float32], channels: tuple[str, ...]) -> list[str]:
    """Say if the acceleration, in the channels ``acc_*``, cannot be in g."""
    acceleration = values[[name.startswith("acc") for name in channels]].astype(np.float64)
    magnitude = np.sqrt(np.square(acceleration).sum(axis=0))
    magnitude = magnitude[np.isfinite(magnitude)]
    if not len(acceleration) or not magnitude.size:
        return []
    median = float(np.median(magnitude))
    if USUAL_G[0] <= median <= USUAL_G[1]:
        return []
    if 0.8 * GRAVITY_MS2 < median < 1.25 * GRAVITY_MS2:
        guess = "this looks like m/s²: divide it by 9.80665"
    elif 800 < median < 1250:
        guess = "this looks like mg: divide it by 1000"
    elif median > USUAL_G[1]:
        guess = "divide raw counts by the counts per g"
    else:
        guess = "was gravity removed, or is the unit another one?"
    return [
        f"the acceleration must be in g, but its median magnitude is {median:.3g}, and gravity "
        f"alone is 1: {guess}"
    ]
