"""Teachers that teach together."""

from __future__ import annotations

import numpy as np
import pytest

from ppgkd.distill.teacher_estimates import EstimatesAbout, TeacherEstimates
from ppgkd.errors import PpgkdError
from ppgkd.training.joint_teacher import joint_estimates


def says(bpm: int, *times_s: float, recording: str = "walk", **about: object) -> TeacherEstimates:
    """A teacher that is sure of one heart rate at some times."""
    given = {"made_by": "me", "version": "1", "licence": "MIT", "citation": "", "trained_on": []}
    probabilities = np.zeros((len(times_s), 180), np.float32)
    probabilities[:, bpm - 30] = 1
    return TeacherEstimates(
        np.full(len(times_s), recording, object),
        np.array(times_s),
        probabilities,
        EstimatesAbout(**{**given, **about}),  # type: ignore[arg-type]
    )


def test_where_both_speak_their_distributions_have_the_same_weight() -> None:
    found = joint_estimates([says(60, 4.0, 6.0), says(90, 4.5, 6.5)])
    assert found.time_s.tolist() == [4.0, 6.0]
    assert found.probabilities[:, [30, 60]].tolist() == [[0.5, 0.5]] * 2


def test_where_one_speaks_it_is_believed() -> None:
    found = joint_estimates([says(60, 4.0), says(90, 4.0, 8.0), says(120, 4.0, recording="run")])
    assert [*zip(found.recording, found.time_s, strict=True)] == [
        ("walk", 4.0),
        ("walk", 8.0),
        ("run", 4.0),
    ]
    assert found.probabilities[1, 60] == found.probabilities[2, 90] == 1
    assert found.probabilities.sum(axis=1) == pytest.approx(1)


def test_what_is_known_of_them_is_put_together() -> None:
    about = joint_estimates(
        [
            says(60, 4.0, made_by="a", params=3, trained_on=["bami1"], recordings={"walk": "x"}),
            says(60, 4.0, made_by="b", params=4, trained_on=["bami1", "bami2"], citation="c"),
        ]
    ).about
    assert (about.made_by, about.licence, about.citation) == ("a; b", "MIT", "c")
    assert (about.params, about.trained_on, about.recordings) == (
        7,
        ["bami1", "bami2"],
        {"walk": "x"},
    )


def test_if_one_may_have_seen_anything_so_may_they_together() -> None:
    about = joint_estimates([says(60, 4.0), says(60, 4.0, trained_on=None)]).about
    assert about.trained_on is None
    assert about.params is None


def test_members_made_from_different_files_are_refused() -> None:
    members = [says(60, 4.0, recordings={"walk": digest}) for digest in ("x", "y")]
    with pytest.raises(PpgkdError, match="different files of recording 'walk': x and y"):
        joint_estimates(members)
