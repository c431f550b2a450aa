"""The YAML file that describes own recordings: read, checked, and asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from ppgkd.errors import PpgkdError
from ppgkd.schema.defaults import with_defaults
from ppgkd.schema.strict_yaml import read_plain_yaml

DESCRIBED = "src/ppgkd/datasets/own/schema.yaml"

G_PER_UNIT = {"g": 1.0, "m/s2": 1 / 9.80665, "mg": 1e-3}


@dataclass(frozen=True)
class Definition:
    """What a user's YAML file says.

    Attributes
    ----------
    path
        The file.
    about
        Its content, checked, with all defaults.
    """

    path: Path
    about: Mapping[str, Any]

    @property
    def ppg(self) -> tuple[str, ...]:
        """Columns of the PPG."""
        return tuple(self.about["channels"]["ppg"])

    @property
    def acceleration(self) -> tuple[str, ...]:
        """Columns of the accelerometer; none if there is none."""
        return tuple(self.about["channels"].get("acceleration", ()))

    @property
    def polarity(self) -> int:
        """What a systole is in the columns of the PPG: +1, a rise; -1, a fall."""
        return 1 if self.about["channels"]["systole"] == "rises" else -1

    @property
    def scale_g(self) -> tuple[float, float]:
        """Value of the columns without acceleration, and g for each unit beyond it."""
        channels = self.about["channels"]
        unit = channels.get("acceleration_unit", "g")
        if unit == "counts":
            return channels["zero"], 1 / channels["counts_per_g"]
        return 0.0, G_PER_UNIT[unit]

    @property
    def who(self) -> tuple[str, ...]:
        """Columns that tell recordings and subjects apart, if any."""
        columns = (self.about["recording"], self.about["subject"].get("column"))
        return tuple(column for column in columns if column)

    def subject_of(self, table: Path, told: str | None) -> str:
        """Name of a subject, from its column or from the name of its table."""
        rule = self.about["subject"]
        if told is None and "pattern" in rule:
            found = re.search(rule["pattern"], table.stem)
            if not found or not found.group(1):
                raise PpgkdError(
                    f"{self.path}: 'subject.pattern' {rule['pattern']!r} catches nothing in "
                    f"'{table.stem}'. Correct the pattern, or leave that table out of 'files'."
                )
            told = found.group(1)
        return f"{rule['prefix']}{table.stem if told is None else told}"

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
        If it cannot be read, a key is not as it must be, or keys contradict each other.
    """
    path = Path(path)
    given = read_plain_yaml(path, f"a description of your recordings; see {DESCRIBED}")
    schema = yaml.safe_load(files(__package__).joinpath("schema.yaml").read_text(encoding="utf-8"))
    about = with_defaults(given, schema, str(path), DESCRIBED)
    try:
        _check(about)
    except PpgkdError as error:
        raise PpgkdError(f"{path}: {error}") from error
    return Definition(path, about)


def _check(about: Mapping[str, Any]) -> None:
    channels, reference = about["channels"], about["reference"]
    told = [key for key in ("column", "files", "ecg") if key in reference]
    if len(told) != 1:
        raise PpgkdError(
            f"'reference' has {told or 'none'} of column, files and ecg; give one of them."
        )
    if channels.get("acceleration_unit") == "counts" and "counts_per_g" not in channels:
        raise PpgkdError("'channels.acceleration_unit' is counts; give 'counts_per_g', too.")
    if channels.get("acceleration_unit") != "counts" and "counts_per_g" in channels:
        raise PpgkdError(
            "'channels.counts_per_g' is given, but 'acceleration_unit' is "
            f"{channels.get('acceleration_unit')}; set it to counts, or leave 'counts_per_g' out."
        )
    columns = [*channels["ppg"], *channels.get("acceleration", ())]
    double = sorted({column for column in columns if columns.count(column) > 1})
    if double:
        raise PpgkdError(f"'channels' names the columns {double} twice; each is one channel.")
    if {"column", "pattern"} <= set(about["subject"]):
        raise PpgkdError("'subject' has both column and pattern; give one of them.")
    pattern = about["subject"].get("pattern", "()")
    try:
        brackets = re.compile(pattern).groups
    except re.error as error:
        raise PpgkdError(
            f"'subject.pattern' {pattern!r} is no regular expression: {error}."
        ) from error
    if not brackets:
        raise PpgkdError(f"'subject.pattern' {pattern!r} has no bracket; put one around the name.")
    for template in (reference.get("files"), reference.get("ecg", {}).get("files")):
        _check_template(template or "")


def _check_template(template: str) -> None:
    left = template.replace("{table}", "").replace("{recording}", "")
    if "{" in left or "}" in left:
        raise PpgkdError(
            f"'reference' names the files '{template}', in which something else stands in braces; "
            "allowed are {table} and {recording}."
        )
