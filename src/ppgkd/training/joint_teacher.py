"""Teachers that teach together: what several say of a recording, as the estimates of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ppgkd.distill.teacher_estimates import EstimatesAbout, TeacherEstimates
from ppgkd.errors import PpgkdError
from ppgkd.grid import N_CLASSES
from ppgkd.training.recorded_teacher import NEAREST_S, TIME_TOLERANCE_S, nearest_times


def joint_estimates(members: Sequence[TeacherEstimates]) -> TeacherEstimates:
    """Mean distribution of several teachers, wherever at least one says something.

    The mean is the linear opinion pool (Stone, Annals of Mathematical Statistics 32, 1961), as in
    `ppgkd.training.ensemble`: where teachers disagree, it has several peaks and a wide spread, so
    that `max_sd_bpm` leaves such windows out.

    Parameters
    ----------
    members
        What each says of the recordings of one dataset.

    Returns
    -------
    TeacherEstimates
        At the times of the first member; and at those of the others that are farther than
        `NEAREST_S` from all of these. Of each member the nearest estimate counts, if it is no
        farther than that.

    Raises
    ------
    PpgkdError
        If members were made from different files of a recording.
    """
    about = _joint_about([member.about for member in members])
    recordings = dict.fromkeys(name for member in members for name in member.recording)
    names, times_s = [np.zeros(0, object)], [np.zeros(0)]
    distributions = [np.zeros((0, N_CLASSES), np.float32)]
    for name in recordings:
        rows = [np.flatnonzero(member.recording == name) for member in members]
        time_s = np.zeros(0)
        for member, own in zip(members, rows, strict=True):
            _, distance_s = nearest_times(time_s, member.time_s[own])
            time_s = np.sort(np.append(time_s, member.time_s[own][~_near(distance_s)]))
        total, count = np.zeros((len(time_s), N_CLASSES)), np.zeros(len(time_s))
        for member, own in zip(members, rows, strict=True):
            nearest, distance_s = nearest_times(member.time_s[own], time_s)
            near = _near(distance_s)
            total[near] += member.probabilities[own[nearest[near]]]
            count += near
        names.append(np.full(len(time_s), name, object))
        times_s.append(time_s)
        distributions.append((total / count[:, None]).astype(np.float32))
    return TeacherEstimates(
        np.concatenate(names), np.concatenate(times_s), np.concatenate(distributions), about
    )


def _near(distance_s: NDArray[np.float64]) -> NDArray[np.bool_]:
    return distance_s <= NEAREST_S + TIME_TOLERANCE_S


def _joint_about(abouts: Sequence[EstimatesAbout]) -> EstimatesAbout:
    recordings: dict[str, str] = {}
    for about in abouts:
        for name, sha256 in about.recordings.items():
            if recordings.setdefault(name, sha256) != sha256:
                raise PpgkdError(
                    f"Teachers that teach together were made from different files of recording "
                    f"'{name}': {recordings[name]} and {sha256} (of {about.made_by}). Make the "
                    "estimates again from the same files."
                )
    counts = [about.params for about in abouts if about.params is not None]
    params: dict[str, Any] = {"params": sum(counts)} if len(counts) == len(abouts) else {}
    learned = [about.trained_on for about in abouts]
    known = dict.fromkeys(name for names in learned for name in names or [])
    return EstimatesAbout(
        made_by=_joined([about.made_by for about in abouts]),
        version=_joined([about.version for about in abouts]),
        licence=_joined([about.licence for about in abouts]),
        citation=_joined([about.citation for about in abouts]),
        trained_on=None if None in learned else [*known],
        recordings=recordings,
        **params,
    )


def _joined(texts: Sequence[str]) -> str:
    return "; ".join(dict.fromkeys(text for text in texts if text))
