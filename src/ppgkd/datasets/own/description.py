"""Every key of the YAML file that describes own recordings.

``schema.yaml`` beside this module is generated from these models (``make schema``).
"""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from ppgkd.schema.section import FilledList, LeftOut, Section, Text, contradiction, left_out

DESCRIBED = "src/ppgkd/datasets/own/schema.yaml"

Systole = Literal["rises", "falls"]
Unit = Literal["g", "m/s2", "mg", "counts"]
Activity = Literal[
    "rest", "walk", "run", "cycle", "stairs", "drive", "work", "eat", "other", "unknown"
]
FileTemplate = Text
Column = Text | Annotated[int, Field(ge=0)]
"""Column of a table; label or index of a signal in a file of waveforms."""

LagS = Annotated[float, Field(ge=-30, le=30)]


def _check_template(template: str | None) -> str | None:
    rest = (template or "").replace("{table}", "").replace("{recording}", "")
    if "{" in rest or "}" in rest:
        raise contradiction(
            f"'{template}' has other text in braces; allowed are {{table}} and {{recording}}"
        )
    return template


class Channels(Section):
    """Columns of the sensors; labels or indices of the signals of EDF files and WFDB records."""

    ppg: FilledList[Column] = Field(
        description="Columns of the PPG. A study takes the first ones, so put the best first."
    )
    systole: Systole = Field(
        "rises",
        description="Whether the PPG rises at a systole, or falls, as the received light does.",
    )
    acceleration: LeftOut[list[Column]] = left_out(
        "Columns of the three axes; left out if there is no accelerometer.",
        min_length=3,
        max_length=3,
    )
    acceleration_unit: LeftOut[Unit] = left_out(
        "Unit of the acceleration; counts needs counts_per_g."
    )
    counts_per_g: LeftOut[float] = left_out("Counts that 1 g adds.", gt=0)
    zero: float = Field(0, description="Counts without acceleration.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.acceleration is None) != (self.acceleration_unit is None):
            raise contradiction(
                "has one of 'acceleration' and 'acceleration_unit'; give both or neither"
            )
        if self.acceleration_unit == "counts" and self.counts_per_g is None:
            raise contradiction("has 'acceleration_unit: counts'; give 'counts_per_g', too")
        columns = [*self.ppg, *(self.acceleration or ())]
        double = sorted({str(column) for column in columns if columns.count(column) > 1})
        if double:
            raise contradiction(f"names the columns {double} twice; each is one channel")
        if self.acceleration_unit != "counts" and self.counts_per_g is not None:
            raise contradiction(
                f"has 'counts_per_g', but 'acceleration_unit' is {self.acceleration_unit}; set it "
                "to counts, or leave 'counts_per_g' out"
            )
        return self


class ECG(Section):
    """ECG that the reference is computed from."""

    column: Column = Field(description="Column of the ECG.")
    files: LeftOut[FileTemplate] = left_out(
        "Table of the ECG, if it is not in the recording's own table; {table} and "
        "{recording} are as in reference.files."
    )
    rate_hz: LeftOut[float] = left_out("Sampling rate of that table.", ge=50, le=10000)

    _check_files = field_validator("files")(_check_template)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.files is None) != (self.rate_hz is None):
            raise contradiction("has one of 'files' and 'rate_hz'; give both or neither")
        return self


class Beats(Section):
    """Heart beats, or the intervals between them, that the reference is computed from."""

    annotations: LeftOut[Text] = left_out(
        "Suffix of the WFDB annotations beside the header of each record, such as atr."
    )
    files: LeftOut[FileTemplate] = left_out(
        "Table with a row for each beat, whose time, time_s (or timestamp), is that of the beat; "
        "{table} and {recording} are as in reference.files."
    )
    intervals: LeftOut[Text] = left_out(
        "Column of that table with the intervals between beats. Each ends at the time of its row, "
        "if the table has times."
    )
    unit: LeftOut[Literal["s", "ms"]] = left_out("Unit of the intervals.")
    first_s: LeftOut[float] = left_out(
        "Seconds from the first sample to the beat that begins the first interval. Needed if the "
        "table has no times."
    )

    _check_files = field_validator("files")(_check_template)

    @field_validator("annotations")
    @classmethod
    def _check_annotations(cls, suffix: str | None) -> str | None:
        if suffix is not None and not re.fullmatch("[A-Za-z0-9_]+", suffix):
            raise contradiction(
                f"'{suffix}' is no suffix of a file; take letters, digits and underscores"
            )
        return suffix

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.annotations is None) == (self.files is None):
            raise contradiction("has both or none of 'annotations' and 'files'; give one of them")
        if self.files is None and self.intervals is not None:
            raise contradiction("has 'intervals', which need a table; give 'files'")
        if (self.intervals is None) != (self.unit is None):
            raise contradiction("has one of 'intervals' and 'unit'; give both or neither")
        if self.first_s is not None and self.intervals is None:
            raise contradiction("has 'first_s', which is of 'intervals'; give both")
        return self


def is_zone(name: str) -> bool:
    """Whether a time zone has this name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


class TimeColumn(Section):
    """Column with the time of each row."""

    column: Text = Field(description="Name of the column.")
    unit: Literal["s", "ms", "us", "ns", "iso"] = Field(
        description="Unit of its numbers, from any start or since 1970; iso: ISO 8601 date-times."
    )


KINDS = ("column", "files", "ecg", "beats")
"""Kinds of a reference."""


class ReferenceSource(Section):
    """Heart rate in BPM: one of column, files, ecg and beats."""

    column: LeftOut[Column] = left_out(
        "Column of the recording's own table, with a value in every row or in some."
    )
    files: LeftOut[FileTemplate] = left_out(
        "Table beside each recording, with the columns time_s (or timestamp) and bpm. "
        "{table} is replaced by the name of the recording's table without its ending, {recording} "
        "by the name of the recording."
    )
    ecg: LeftOut[ECG] = left_out("ECG that the heart rate is computed from.")
    beats: LeftOut[Beats] = left_out(
        "Beats that the heart rate is computed from: 60 s over the mean interval in 8 s. Intervals "
        "outside 0.25 to 2.4 s, or 1.6 times longer or shorter than the median of nine, do not "
        "count, nor do those beside them; a window needs 4 s of intervals that do."
    )
    time_is: Literal["start", "centre", "end"] = Field(
        "centre", description="Position of a value's time in the window that it is the mean of."
    )
    window_s: float = Field(
        8,
        ge=0,
        le=60,
        description="Length of that window, in seconds. Values of less than 8 s are averaged to "
        "8 s.",
    )
    longest_gap_s: float = Field(
        8, gt=0, description="Values that are farther apart, in seconds, are not interpolated."
    )

    _check_files = field_validator("files")(_check_template)

    @property
    def kind(self) -> str:
        """Which of column, files, ecg and beats is given."""
        return self._kinds[0]

    @property
    def _kinds(self) -> list[str]:
        return [key for key in KINDS if getattr(self, key) is not None]

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(self._kinds) != 1:
            raise contradiction(
                f"has {self._kinds or 'none'} of {', '.join(KINDS)}; give one of them"
            )
        return self


class SubjectRule(Section):
    """How subjects are named."""

    column: LeftOut[Text] = left_out("Column with the name of the subject.")
    pattern: LeftOut[str] = left_out(
        "Regular expression; its first group in the name of the table is the name of "
        "the subject, such as ^(P[0-9]+)_."
    )
    prefix: str = Field("", pattern="^[A-Za-z0-9_-]*$", description="Goes before every name.")

    @field_validator("pattern")
    @classmethod
    def _check_pattern(cls, pattern: str | None) -> str | None:
        try:
            groups = re.compile(pattern or "()").groups
        except re.error as error:
            raise contradiction(f"{pattern!r} is not a regular expression: {error}") from error
        if not groups:
            raise contradiction(f"{pattern!r} has no group; put brackets around the name")
        return pattern

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.column is not None and self.pattern is not None:
            raise contradiction("has both column and pattern; give one of them")
        return self


class ActivityRule(Section):
    """What the subject does."""

    column: Text = Field(description="Column with the activity.")
    words: dict[str | int | float | bool, Activity] = Field(
        min_length=1,
        description="Each value of the column to a word. Cells without a value are unknown.",
    )


class RecordingsDescription(Section):
    """Recordings of your own: tables, CSV or Parquet, one row per sample; EDF; WFDB.

    Time stamps of tables, if there are any, are in the column time_s (seconds) or timestamp (ISO
    8601).
    """

    title: Text = Field(description="Name of these data in reports.")
    terms: Text = Field(
        description="Terms of use; they are stored in every student that is exported."
    )
    citation: str = Field("None.", description="What to cite.")
    files: Text | FilledList[Text] = Field(
        description="Tables (.csv, .parquet), EDF files (.edf) or headers of WFDB records (.hea), "
        "or patterns such as data/*.csv; paths are relative to this file."
    )
    rate_hz: float | None = Field(
        None,
        ge=10,
        le=1000,
        description="Sampling rate of all channels. null: it is computed from the time stamps, or "
        "that of the PPG in files of waveforms.",
    )
    channels: Channels = Field(description="Columns of the sensors.")
    reference: ReferenceSource | Literal["none"] = Field(
        description="Heart rate in BPM: one of column, files, ecg and beats. none: these "
        "recordings have no reference. A study can use them in the role 'unlabelled', where "
        "students learn from a teacher's outputs alone."
    )
    reference_lag_s: LagS | dict[str, LagS] = Field(
        0,
        description="Seconds by which the references are late, negative if they are early: one "
        "number for all recordings, or recording to its own. They are moved earlier by them when "
        "they are read. `ppgkd check-dataset` estimates them.",
    )
    time: LeftOut[TimeColumn] = left_out(
        "Column with the time of each row, if it is not time_s (seconds) or timestamp (ISO 8601). "
        "The tables of the reference may have it, too."
    )
    timezone: LeftOut[Text] = left_out(
        "Zone of date-times without an offset from UTC, such as Europe/Zurich."
    )

    @field_validator("timezone")
    @classmethod
    def _check_timezone(cls, timezone: str | None) -> str | None:
        if timezone is not None and not is_zone(timezone):
            raise contradiction(
                f"'{timezone}' is no time zone; give a name such as Europe/Zurich or UTC"
            )
        return timezone

    recording: Text | None = Field(
        None, description="Column that distinguishes the recordings of one table."
    )
    subject: SubjectRule = Field(
        SubjectRule(),
        description="How subjects are named. Without column or pattern, a subject has the name of "
        "its table without the ending. The same name in two datasets is the same person.",
    )
    activity: ActivityRule | None = Field(None, description="What the subject does.")

    @model_validator(mode="after")
    def _check_no_reference(self) -> Self:
        if self.reference == "none" and (self.reference_lag_s or self.activity):
            key = "reference_lag_s" if self.reference_lag_s else "activity"
            raise contradiction(
                f"has 'reference: none' and '{key}', which is told of references; leave one of "
                "them out"
            )
        return self
