"""A part of the people who train, or of what was recorded of each: how much data a study needs."""

from __future__ import annotations

import re
from dataclasses import dataclass

FOLDER = r"people\d+-draw\d+(-unlabelled)?|minutes\d+"
"""Regular expression of a subset's name."""


@dataclass(frozen=True, order=True)
class Subset:
    """What of a fold's training people is learned from; validation and test stay as they are.

    Attributes
    ----------
    people
        Number of people; None, all of them.
    draw
        Which draw of so many people; a draw's smaller numbers are among its larger ones.
    minutes
        Of windows of each person, from the beginning; None, all of them.
    unlabelled
        Whether students see the other people without their reference.
    """

    people: int | None = None
    draw: int = 0
    minutes: int | None = None
    unlabelled: bool = False

    @property
    def name(self) -> str:
        """Name used in paths, ``people4-draw1``, ``people4-draw1-unlabelled`` or ``minutes5``."""
        if self.people is None:
            return f"minutes{self.minutes}"
        return f"people{self.people}-draw{self.draw}{'-unlabelled' if self.unlabelled else ''}"


def parse_subset(name: str) -> Subset:
    """Find a subset by its name."""
    numbers = [int(number) for number in re.findall(r"\d+", name)]
    if name.startswith("minutes"):
        return Subset(minutes=numbers[0])
    return Subset(numbers[0], numbers[1], unlabelled=name.endswith("-unlabelled"))
