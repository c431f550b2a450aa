"""A teacher that is not run here: its recorded estimates, matched with the windows of a study."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from ppgkd.datasets.ppg_channels import name_without_channel
from ppgkd.distill.teacher_estimates import TeacherEstimates, read_estimates
from ppgkd.errors import PpgkdError
from ppgkd.evaluation.score import IDENTITY, score_probabilities
from ppgkd.grid import N_CLASSES
from ppgkd.heart_rate import decode
from ppgkd.runtime.artifacts import file_fingerprint, write_json, write_parquet
from ppgkd.splits.study_windows import StudyWindows
from ppgkd.views.examples import digest_of
from ppgkd.windows.read import Windows

log = logging.getLogger(__name__)

NEAREST_S = 1.0
"""Largest distance of an estimate's time from the centre of a window that it is taken for: half of
the usual stride. Estimates every 2 s, at whatever offset, then belong to every window."""

WRONG_BPM = 10.0
"""Error of an estimate, known from the window's reference, above which it teaches nothing: with
labels and a teacher, students then err less than from either (`make bench-pretrained`)."""

TIME_TOLERANCE_S = 1e-3
"""What rounding may do to a time."""


@dataclass(frozen=True)
class RecordedTeacher:
    """Estimates of the datasets of a study.

    Attributes
    ----------
    estimates
        Dataset to what the teacher says of its recordings; others it does not know.
    sha256
        Digest of the files, and of what is taken of them.
    max_sd_bpm
        Largest spread of an estimate that teaches, in BPM; None: all teach.
    """

    estimates: Mapping[str, TeacherEstimates]
    sha256: str
    max_sd_bpm: float | None = None

    @property
    def about(self) -> dict[str, Any]:
        """What is known of what made the estimates, for ``metrics.json``."""
        made = [one.about for one in self.estimates.values()]
        params = {one.params for one in made}
        sources = {
            name: one.model_dump(exclude={"recordings", "format"})
            for name, one in zip(self.estimates, made, strict=True)
        }
        return {
            "params": params.pop() if len(params) == 1 else None,
            "sha256": self.sha256,
            "estimates": sources,
        }

    def probabilities_of(self, windows: Windows) -> NDArray[np.float32]:
        """What the teacher says of windows, shape (n_windows, 180); NaN where it says nothing.

        It is the estimate that is nearest to the window's centre in time, at most `NEAREST_S` away.
        Where each PPG channel is a recording of its own, it is that of the channel, or else that of
        the recording.
        """
        found = np.full((len(windows), N_CLASSES), np.nan, np.float32)
        centre_s = windows.index["start_s"].to_numpy() + (
            windows.signal.shape[2] / windows.rate_hz / 2
        )
        recordings = windows.index[["dataset", "recording"]]
        for dataset, recording in recordings.drop_duplicates().itertuples(index=False):
            if dataset not in self.estimates:
                continue
            estimates = self.estimates[dataset]
            own = estimates.recording == recording
            whole = estimates.recording == name_without_channel(recording)
            known = np.flatnonzero(own if own.any() else whole)
            rows = np.flatnonzero((recordings == [dataset, recording]).all(axis=1))
            nearest, distance_s = nearest_times(estimates.time_s[known], centre_s[rows])
            near = distance_s <= NEAREST_S + TIME_TOLERANCE_S
            found[rows[near]] = estimates.probabilities[known[nearest[near]]]
        return found

    def teaching_of(self, windows: Windows) -> NDArray[np.float32]:
        """`probabilities_of` the windows that it teaches on; NaN in the others.

        Where a window's reference says that it errs by more than `WRONG_BPM`, it does not teach.

        How many windows have an estimate is logged for each recording.

        Raises
        ------
        PpgkdError
            If none has, or none of them has so small a spread.
        """
        found = self.probabilities_of(windows)
        covered = ~np.isnan(found[:, 0])
        _log_coverage(windows.index, covered)
        if not covered.any():
            raise PpgkdError(
                f"A recorded teacher says something of none of the {len(windows)} windows that "
                f"students learn on, of the datasets {sorted(set(windows.index['dataset']))}; "
                "compare its recordings and times with the study's, or leave it out."
            )
        bpm, sd_bpm = decode(torch.from_numpy(found))
        limit_bpm = np.inf if self.max_sd_bpm is None else self.max_sd_bpm
        sure = sd_bpm.numpy() <= limit_bpm  # false where it says nothing
        error_bpm = np.abs(bpm.numpy() - windows.index["hr_bpm"].to_numpy())
        teaches = sure & ~(error_bpm > WRONG_BPM)  # true where there is no reference
        if not sure.any():
            raise PpgkdError(
                f"A recorded teacher is never as sure as 'max_sd_bpm: {limit_bpm:g}': the smallest "
                f"of its {int(covered.sum())} spreads is "
                f"{float(np.nanmin(sd_bpm.numpy())):.1f} BPM. Allow more."
            )
        if not teaches.any():
            log.warning(
                "the teacher teaches nothing: all that it says is off the reference by more than "
                "%g BPM",
                WRONG_BPM,
            )
        found[~teaches] = np.nan
        for dataset in dict.fromkeys(windows.index["dataset"]):
            own = (windows.index["dataset"] == dataset).to_numpy()
            log.info(
                "%s: the teacher says something of %d windows and teaches on %d",
                *(dataset, (covered & own).sum(), (teaches & own).sum()),
            )
        return found


def read_recorded_teacher(
    paths: Mapping[str, str | Path],
    counts: Sequence[str | Path],
    max_sd_bpm: float | None = None,
) -> RecordedTeacher:
    """Read a teacher's estimates, and check that they belong to the recordings of a study.

    Parameters
    ----------
    paths
        Dataset to its file.
    counts
        The tables ``windows/<dataset>.counts.csv`` of the study's datasets, of which ``dataset,
        recording, hours, sha256`` are used.
    max_sd_bpm
        As in `RecordedTeacher`.

    Raises
    ------
    PpgkdError
        If a file is not valid, was made from other recordings, has times outside of a recording, or
        says nothing of any recording that the study uses.
    """
    estimates = {dataset: read_estimates(path) for dataset, path in paths.items()}
    recordings = pd.concat([pd.read_csv(path, dtype={"recording": str}) for path in counts])
    for dataset, found in estimates.items():
        of_dataset = recordings[recordings["dataset"] == dataset]
        _check_recordings(found, of_dataset, f"The teacher estimates {paths[dataset]}")
    sha256 = digest_of({d: file_fingerprint(path) for d, path in sorted(paths.items())}, max_sd_bpm)
    return RecordedTeacher(estimates, sha256, max_sd_bpm)


def evaluate_recorded(
    teacher: RecordedTeacher, windows: StudyWindows, folder: str | Path, **about: Any
) -> None:
    """Evaluate a recorded teacher on the windows that it says something of.

    Writes ``predictions.parquet`` and ``metrics.json``, in which ``n_windows`` of ``test_windows``
    count, and the errors are null if there are none; ``about`` is added.
    """
    on_val, on_test = (score_recorded(teacher, part) for part in (windows.val, windows.test))
    write_parquet(Path(folder) / "predictions.parquet", on_test[0])
    metrics = {
        **about,
        **teacher.about,
        "val_mae_bpm": on_val[1]["mae_bpm"],
        "val_windows": len(windows.val),
        "val_covered": on_val[1]["n_windows"],
        "test_windows": len(windows.test),
        **on_test[1],
    }
    write_json(Path(folder) / "metrics.json", metrics)


def score_recorded(
    teacher: RecordedTeacher, windows: Windows
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Measure the error on the windows that the teacher says something of.

    Returns
    -------
    predictions, metrics
        As of `ppgkd.evaluation.score.score`. Without any such window, there are no rows, and
        ``mae_bpm`` is None.
    """
    found = teacher.probabilities_of(windows)
    covered = ~np.isnan(found[:, 0])
    _log_coverage(windows.index, covered)
    index = windows.index[covered].reset_index(drop=True)
    if covered.any():
        return score_probabilities(torch.from_numpy(found[covered]), index)
    empty = index[list(IDENTITY)].assign(pred_bpm=np.float32(), sd_bpm=np.float32())
    return empty, {"mae_bpm": None, "n_windows": 0, "n_subjects": 0}


def _log_coverage(index: pd.DataFrame, covered: NDArray[np.bool_]) -> None:
    """Say of each recording on how many of its windows the teacher says something."""
    counted = index[["dataset", "recording"]].assign(covered=covered, windows=1)
    counted = counted.groupby(["dataset", "recording"], sort=False).sum().reset_index()
    for row in counted[counted["covered"] < counted["windows"]].itertuples():
        log.warning(
            "%s, recording %s: an estimate for %d of %d windows; the others are left out",
            *(row.dataset, row.recording, row.covered, row.windows),
        )


def nearest_times(
    time_s: NDArray[np.float64], wanted_s: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Find the index of the nearest of some times, and its distance; infinite if there is none."""
    if not len(time_s):
        return np.zeros(len(wanted_s), np.intp), np.full(len(wanted_s), np.inf)
    order = np.argsort(time_s, kind="stable")
    right = np.searchsorted(time_s[order], wanted_s).clip(max=len(order) - 1)
    pair = order[np.stack([np.maximum(right - 1, 0), right])]
    distance_s = np.abs(time_s[pair] - wanted_s)
    chosen = distance_s.argmin(axis=0)
    columns = np.arange(len(wanted_s))
    return pair[chosen, columns], distance_s[chosen, columns]


def _check_recordings(estimates: TeacherEstimates, counts: pd.DataFrame, what: str) -> None:
    found = dict.fromkeys(estimates.recording)
    duration_s = dict(zip(counts["recording"], 3600 * counts["hours"], strict=True))
    if found and not any(name in duration_s for name in found):
        raise PpgkdError(
            f"{what} say nothing of the recordings that the study uses; they name "
            f"{[*found][:5]}, and the study has {[*duration_s][:5]}."
        )
    others = [name for name in found if name not in duration_s]
    if others:
        log.warning("%s: %d recordings are not in the study: %s", what, len(others), others)
    for name in found:
        if name not in duration_s:
            continue
        time_s = estimates.time_s[estimates.recording == name]
        for extreme_s in (time_s.min(), time_s.max()):
            if not -TIME_TOLERANCE_S <= extreme_s <= duration_s[name] + TIME_TOLERANCE_S:
                raise PpgkdError(
                    f"{what} have an estimate for recording '{name}' at {extreme_s:g} s, and the "
                    f"recording is from 0 to {duration_s[name]:g} s; time_s is the centre of the "
                    "stretch that it belongs to, in seconds from the recording's start."
                )
    _check_fingerprints(
        estimates, dict(zip(counts["recording"], counts["sha256"], strict=True)), what
    )


def _check_fingerprints(estimates: TeacherEstimates, sha256: Mapping[str, str], what: str) -> None:
    made_from = estimates.about.recordings
    used = [name for name in dict.fromkeys(estimates.recording) if name in sha256]
    other = [name for name in used if made_from.get(name, sha256[name]) != sha256[name]]
    if other:
        raise PpgkdError(
            f"{what} were made from other files than the study's: of recording '{other[0]}' from "
            f"those with the SHA-256 {made_from[other[0]]}, the study's have {sha256[other[0]]} "
            f"({len(other)} of {len(used)} recordings differ). Make them again from these files."
        )
    unnamed = [name for name in used if name not in made_from]
    if unnamed:
        log.warning(
            "%s do not say which files they were made from, so it is not checked: %s", what, unnamed
        )
