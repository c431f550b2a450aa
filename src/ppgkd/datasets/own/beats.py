"""Beats of own recordings, or the intervals between them, as a reference."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ppgkd.datasets.beat_reference import is_artefact
from ppgkd.datasets.own.columns import errors_name, number_column, read_columns, row_times_s
from ppgkd.datasets.own.definition import Definition
from ppgkd.datasets.own.description import Beats
from ppgkd.datasets.own.reference_times import seconds_from_first, times_of_reference
from ppgkd.datasets.wfdb_record import read_wfdb_beats
from ppgkd.errors import PpgkdError

PER_SECOND = {"s": 1.0, "ms": 1e3}

FITTING = (0.1, 1.2)
"""Sum of the intervals over the time that their rows span. Lost intervals make it less."""


@dataclass(frozen=True, eq=False)
class Intervals:
    """Intervals between beats.

    Attributes
    ----------
    end_s
        When they end, in seconds from the first sample, in order, shape (n_intervals,).
    interval_s
        Their lengths, shape (n_intervals,).
    """

    end_s: NDArray[np.float64]
    interval_s: NDArray[np.float64]

    @property
    def described(self) -> str:
        """Their times and lengths, for an error."""
        if not len(self.end_s):
            return "It has no interval between beats."
        median_s = float(np.median(self.interval_s))
        return (
            f"Its {len(self.end_s)} intervals, in the median {median_s:.3g} s, end between "
            f"{self.end_s[0]:.1f} and {self.end_s[-1]:.1f} s from the first sample; expected are "
            "0.25 to 2.4 s, within the recording."
        )

    @property
    def remarks(self) -> tuple[str, ...]:
        """Notes for the user."""
        n_artefacts = int(is_artefact(self.interval_s).sum())
        if not n_artefacts:
            return ()
        return (
            f"intervals between beats that are artefacts or beside one, which do not count: "
            f"{n_artefacts} of {len(self.interval_s)}",
        )


def read_beats(definition: Definition, rule: Beats, path: Path, samples: pa.Table) -> Intervals:
    """Read the intervals between the beats of a recording.

    Parameters
    ----------
    definition
        Content of the YAML file.
    rule
        Its section on beats.
    path
        The file of the beats.
    samples
        Rows of the samples, from the first; without columns if they have no times.

    Raises
    ------
    PpgkdError
        If the file, a column or the times are invalid.
    """
    if rule.annotations is not None:
        return _between(read_wfdb_beats(path))
    columns = () if rule.intervals is None else (rule.intervals,)
    table, _ = read_columns(path, columns, (), times_of_reference(definition))
    with errors_name(path):
        if rule.intervals is None:
            return _between(seconds_from_first(table, path, samples))
        interval_s = number_column(table, rule.intervals) / PER_SECOND[rule.unit or "s"]
        known = np.isfinite(interval_s)
        if row_times_s(table, 1) is None:
            if rule.first_s is None:
                raise PpgkdError(
                    "its intervals have no times. Name a column time_s or timestamp, or give "
                    "'reference.beats.first_s', the seconds from the first sample to the beat that "
                    "begins the first interval."
                )
            if not known.all():
                raise PpgkdError(
                    f"row {int(known.argmin()) + 1} below the header has no interval, and without "
                    "times those after it cannot be placed. Fill it in."
                )
            return Intervals(rule.first_s + np.cumsum(interval_s), interval_s)
        end_s = seconds_from_first(table, path, samples)
        _require_fit(end_s[known], interval_s[known], rule)
        return Intervals(end_s[known], interval_s[known])


def _between(beat_s: NDArray[np.float64]) -> Intervals:
    return Intervals(beat_s[1:], np.diff(beat_s))


def _require_fit(end_s: NDArray[np.float64], interval_s: NDArray[np.float64], rule: Beats) -> None:
    """Refuse intervals that contradict their times, as those of another unit do."""
    if len(end_s) < 3 or end_s[-1] <= end_s[0]:
        return
    part = float(interval_s[1:].sum() / (end_s[-1] - end_s[0]))
    if not FITTING[0] <= part <= FITTING[1]:
        raise PpgkdError(
            f"the intervals in its column {rule.intervals} add up to {interval_s[1:].sum():.4g} s, "
            f"but their times span {end_s[-1] - end_s[0]:.4g} s. Correct "
            "'reference.beats.unit', or the times."
        )
