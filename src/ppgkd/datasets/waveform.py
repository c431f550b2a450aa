"""A signal of a recording in a waveform format, such as EDF and WFDB."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ppgkd.errors import PpgkdError


@dataclass(frozen=True, eq=False)
class Waveform:
    """One signal.

    Attributes
    ----------
    label
        Its label in the file.
    unit
        As the file says it.
    rate_hz
        Its own sampling rate.
    values
        In the unit, shape (n_samples,); NaN where a sample is missing.
    """

    label: str
    unit: str
    rate_hz: float
    values: NDArray[np.float64]


def unreadable(path: Path, kind: str, error: Exception) -> PpgkdError:
    """Make the error about a file that cannot be read as `kind`."""
    if isinstance(error, OSError):
        other = error.filename and Path(error.filename).name != path.name
        what = f"{error.filename}, which it needs," if other else "the file"
        return PpgkdError(
            f"{path}: {what} cannot be opened ({error.strerror or error}). "
            "If a published file is missing, run again: it will be downloaded."
        )
    return PpgkdError(
        f"{path}: the file is damaged or no {kind} ({type(error).__name__}: {error}). Get it "
        "again from where it comes; a published file is downloaded by the next run if you delete "
        "it."
    )


def find_waveform(signals: Sequence[Waveform], name: str | int) -> Waveform:
    """Find a signal by its label, or by its index, counted from 0.

    Raises
    ------
    PpgkdError
        If there is none, or several signals have the label.
    """
    there = ", ".join(f"{index} {signal.label!r}" for index, signal in enumerate(signals))
    if isinstance(name, int):
        if not 0 <= name < len(signals):
            raise PpgkdError(f"it has no signal of the index {name}; it has {there}.")
        return signals[name]
    same = [index for index, signal in enumerate(signals) if signal.label == name]
    if not same:
        raise PpgkdError(f"it has no signal {name!r}; it has {there}.")
    if len(same) > 1:
        indices = ", ".join(map(str, same))
        raise PpgkdError(
            f"{len(same)} of its signals are {name!r}. Name one by its index instead, of {indices}."
        )
    return signals[same[0]]
