"""What is said of published models."""

from __future__ import annotations

import pytest

from ppgkd.datasets.registry import DATASETS
from ppgkd.published.registry import PUBLISHED, PublishedTeacher

every_teacher = pytest.mark.parametrize("teacher", PUBLISHED.values(), ids=[*PUBLISHED])


@every_teacher
def test_what_it_may_have_learned_from_are_datasets_here(teacher: PublishedTeacher) -> None:
    """A misspelt one would count as unseen."""
    assert teacher.maybe_trained_on
    assert set(teacher.maybe_trained_on) <= set(DATASETS)


@every_teacher
def test_licence_citation_and_version_are_said(teacher: PublishedTeacher) -> None:
    assert teacher.licence
    assert teacher.citation
    assert teacher.version


def test_beliefppg_may_have_seen_what_its_readers_read() -> None:
    """beliefppg 0.3.1, datasets/file_reader.py: its five functions load_*."""
    assert set(PUBLISHED["beliefppg"].maybe_trained_on) == {
        *("ppg_dalia", "wesad", "bami1", "bami2", "ieee_spc_train")
    }
