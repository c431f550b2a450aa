"""A teacher of the study that looks in both directions: its estimates, smoothed by recording.

A network sees one window. What it says of all windows of a recording together is worth more where
motion hides the pulse for a while. The result is written as teacher estimates, so it teaches as any
recorded teacher.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from ppgkd.distill.teacher_estimates import EstimatesAbout, TeacherEstimates
from ppgkd.inference.motion_frequencies import classes_on_motion
from ppgkd.inference.online_filter import Transition
from ppgkd.inference.smoother import smooth_windows
from ppgkd.models.predict import predict
from ppgkd.splits.study_windows import StudyWindows
from ppgkd.windows.read import Windows


def smoothed_estimates(
    network: nn.Module,
    windows: StudyWindows,
    transition: Transition,
    datasets: Sequence[str],
    about: Mapping[str, Any],
    sha256: Mapping[tuple[str, str], str],
) -> dict[str, TeacherEstimates]:
    """Smooth what a network says of each recording that is evaluated or learned from.

    Nothing here reads a reference. The network has seen those of the fold's training subjects, and
    the transition was fitted to theirs.

    Parameters
    ----------
    network
        The teacher.
    windows
        Of the study, in one fold.
    transition
        Of the online filter of the fold.
    datasets
        Those of the study. One without windows in the fold has no estimates.
    about
        Keys of `EstimatesAbout`.
    sha256
        Dataset and recording to the digest of its files.
    """
    parts = [windows.train, windows.val, windows.unlabelled]
    if windows.test is not windows.val:  # they are the same after the last training
        parts.append(windows.test)
    found = [_smooth(network, part, transition) for part in parts if part is not None]
    index = pd.concat([of_part for of_part, _ in found], ignore_index=True)
    probabilities = np.concatenate([of_part for _, of_part in found])
    learned = [part for part in (windows.train, windows.val, windows.pretrain) if part is not None]
    trained_on = sorted({name for part in learned for name in part.index["dataset"]})
    estimates = {}
    for dataset in datasets:
        rows = np.flatnonzero(index["dataset"] == dataset)
        names = index["recording"].to_numpy(object)[rows]
        made_from = {name: sha256[dataset, name] for name in dict.fromkeys(names)}
        estimates[dataset] = TeacherEstimates(
            names,
            index["centre_s"].to_numpy()[rows],
            probabilities[rows],
            EstimatesAbout(**about, trained_on=trained_on, recordings=made_from),
        )
    return estimates


def recording_digests(counts: Sequence[str | Path]) -> dict[tuple[str, str], str]:
    """Read the digests of the recordings' files from ``windows/<dataset>.counts.csv``."""
    tables = [pd.read_csv(path, dtype={"recording": str}) for path in counts]
    table = pd.concat(tables)
    keys = zip(table["dataset"], table["recording"], strict=True)
    return dict(zip(keys, table["sha256"], strict=True))


def _smooth(
    network: nn.Module, windows: Windows, transition: Transition
) -> tuple[pd.DataFrame, np.ndarray[Any, np.dtype[np.float32]]]:
    probabilities = predict(network, torch.from_numpy(windows.signal)).numpy().astype(np.float64)
    number = windows.index["window"].to_numpy()
    smoothed = np.empty(probabilities.shape, np.float32)
    recordings = windows.index.groupby(["dataset", "recording"], sort=False).indices.values()
    for rows in recordings:
        on_motion = None
        if transition.motion_discount:
            on_motion = classes_on_motion(windows.signal[rows], windows.channels, windows.rate_hz)
        smoothed[rows] = smooth_windows(probabilities[rows], number[rows], transition, on_motion)
    half_s = windows.signal.shape[2] / windows.rate_hz / 2
    return windows.index.assign(centre_s=windows.index["start_s"] + half_s), smoothed
