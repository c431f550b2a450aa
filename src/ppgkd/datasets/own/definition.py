"""The YAML file that describes own recordings, and what follows from its keys."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ppgkd.datasets.own.description import (
    DESCRIBED,
    RecordingsDescription,
    ReferenceSource,
)
from ppgkd.errors import PpgkdError
from ppgkd.schema.strict_yaml import read_plain_yaml
from ppgkd.schema.validation import validate

if TYPE_CHECKING:
    from ppgkd.datasets.own.time_columns import TimeRule

G_PER_UNIT = {"g": 1.0, "m/s2": 1 / 9.80665, "mg": 1e-3}


@dataclass(frozen=True)
class Definition:
    """A user's YAML file.

    Attributes
    ----------
    path
        The file.
    keys
        Its content, checked, with all defaults.
    """

    path: Path
    keys: RecordingsDescription

    @property
    def ppg(self) -> tuple[str, ...]:
        """Columns of the PPG; indices as text."""
        return tuple(map(str, self.keys.channels.ppg))

    @property
    def acceleration(self) -> tuple[str, ...]:
        """Columns of the accelerometer, indices as text; none if there is none."""
        return tuple(map(str, self.keys.channels.acceleration or ()))

    @property
    def reference(self) -> ReferenceSource | None:
        """Where the heart rate comes from; None if there is no reference."""
        rule = self.keys.reference
        return rule if isinstance(rule, ReferenceSource) else None

    @property
    def indices(self) -> list[int]:
        """Signals that are named by their index, which a table does not have."""
        channels, reference = self.keys.channels, self.reference
        columns = [*channels.ppg, *(channels.acceleration or ())]
        if reference:
            columns += [reference.column] if reference.column is not None else []
            columns += [reference.ecg.column] if reference.ecg else []
        return [column for column in columns if isinstance(column, int)]

    @property
    def polarity(self) -> int:
        """Sign of a systole in the columns of the PPG: +1, a rise; -1, a fall."""
        return 1 if self.keys.channels.systole == "rises" else -1

    @property
    def scale_g(self) -> tuple[float, float]:
        """Value of the columns without acceleration, and g for each unit beyond it."""
        channels = self.keys.channels
        if channels.counts_per_g is not None:
            return channels.zero, 1 / channels.counts_per_g
        return 0.0, G_PER_UNIT[channels.acceleration_unit or "g"]

    def reference_lag_s(self, recording: str) -> float:
        """Seconds by which the reference of a recording is late."""
        lags_s = self.keys.reference_lag_s
        return lags_s.get(recording, 0.0) if isinstance(lags_s, dict) else lags_s

    @property
    def times(self) -> TimeRule:
        """How the times of its tables are written."""
        # it imports NumPy, which Snakemake's own process does not need
        from ppgkd.datasets.own.time_columns import TimeRule

        rule = self.keys.time
        if rule is None:
            return TimeRule(timezone=self.keys.timezone)
        return TimeRule(rule.column, rule.unit, self.keys.timezone)

    @property
    def who(self) -> tuple[str, ...]:
        """Columns that distinguish recordings and subjects, if any."""
        columns = (self.keys.recording, self.keys.subject.column)
        return tuple(column for column in columns if column)

    def subject_of(self, table: Path, told: str | None) -> str:
        """Name of a subject, from its column or from the name of its table."""
        rule = self.keys.subject
        if told is None and rule.pattern is not None:
            found = re.search(rule.pattern, table.stem)
            if not found or not found.group(1):
                raise PpgkdError(
                    f"{self.path}: 'subject.pattern' {rule.pattern!r} catches nothing in "
                    f"'{table.stem}'. Correct the pattern, or leave that table out of 'files'."
                )
            told = found.group(1)
        return f"{rule.prefix}{table.stem if told is None else told}"

    def beside(self, template: str, table: Path, recording: str) -> Path:
        """Find the file that belongs to a recording."""
        # str.format would let a template ask for gigabytes of blanks
        name = template.replace("{table}", table.stem).replace("{recording}", recording)
        path = self.path.parent / name
        if not path.is_file():
            raise PpgkdError(
                f"{self.path}: recording '{recording}' needs {path}, by '{template}', and it is "
                "no file. Correct the pattern or add the file."
            )
        return path


def read_definition(path: str | Path) -> Definition:
    """Read and check the YAML file that describes own recordings.

    Raises
    ------
    PpgkdError
        If it cannot be read, a value is not allowed, or keys contradict each other.
    """
    path = Path(path)
    given = read_plain_yaml(path, f"a description of your recordings; see {DESCRIBED}")
    return Definition(path, validate(RecordingsDescription, given, str(path), DESCRIBED))
