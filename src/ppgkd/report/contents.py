"""The parts and sections of the study's report, in their order, for three readers.

The navigation and the page are made from this one list. A section is left out where it has nothing
to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Section:
    """A section of the page.

    Attributes
    ----------
    id
        Its place in the page's address.
    title
        Its heading.
    template
        File in this package, without ``.html.j2``.
    needs
        What the page must have for the section to be there: variables of the template, of which
        one must not be empty; without any it is always there.
    """

    id: str
    title: str
    template: str
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """Sections for one reader.

    Attributes
    ----------
    id, title
        Place in the page's address, and heading.
    reader
        The part in a word, for the navigation.
    lead
        A sentence on what is in it.
    sections
        In their order.
    """

    id: str
    title: str
    reader: str
    lead: str
    sections: tuple[Section, ...]


SUMMARY = Section("summary", "Summary", "summary")

SEVERAL = ("unseen", "several", "by_dataset")
"""Variables that are not empty where several datasets are tested."""

PARTS = (
    Part(
        "engineer",
        "For the engineer",
        "Engineer",
        "The files, how to run them, what they cost, and when an estimate can be trusted.",
        (
            Section("run", "How to run it", "run"),
            Section("files", "Files and latency", "files"),
            Section("wrist", "On the device", "device"),
            Section("time", "Online filter and validity", "validity"),
        ),
    ),
    Part(
        "scientist",
        "For the scientist",
        "Scientist",
        "How size, people and the way of training change the error, and how all of it was done.",
        (
            Section("claims", "Claims", "claims", ("claims",)),
            Section("size", "Error and size", "size"),
            Section("plan", "Planned students", "plan", ("plan",)),
            Section("people", "Error and people", "people", ("people",)),
            Section("gain", "Gain over scratch", "gain"),
            Section("quality", "Agreement and calibration", "quality"),
            Section("datasets", "By dataset and activity", "unseen", SEVERAL),
            Section("compare", "Comparison with other studies", "compared", ("compared",)),
            Section("front", "Pareto front", "front"),
            Section("students", "Students", "students"),
            Section("teachers", "Teachers", "teachers", ("teachers",)),
            Section("tuning", "Tuning", "tuning", ("tuning",)),
            Section("data", "Data", "study_data"),
            Section("cells", "Cells", "cells"),
            Section("methods", "Methods", "methods"),
            Section("appendix", "Appendix", "appendix", ("appendix",)),
            Section("provenance", "Provenance", "provenance"),
        ),
    ),
    Part("glossary", "Glossary", "Glossary", "", ()),
)  # fmt: skip
"""All parts after the summary, with all sections that they may have."""


def contents(context: Mapping[str, Any]) -> list[Part]:
    """Select the sections that have something to say.

    Parameters
    ----------
    context
        Variables of the page.
    """
    return [
        replace(
            part,
            sections=tuple(
                section
                for section in part.sections
                if not section.needs or any(bool(context[name]) for name in section.needs)
            ),
        )
        for part in PARTS
    ]
