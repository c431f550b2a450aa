"""A stretch of a test recording, and the student that has not seen its person."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ppgkd.datasets.ppg_channels import is_first_channel
from ppgkd.datasets.recording import Recording
from ppgkd.inference.model_card import ModelCard
from ppgkd.inference.predict_dataset import reference_at

STRETCH_S = 300
"""Longest stretch that is shown."""


@dataclass(frozen=True)
class Choice:
    """The recording of a dataset that is shown: that of the median error among those tested.

    Attributes
    ----------
    recording
        Its name.
    fold
        The fold that tests it; None in a study without folds.
    n_recordings
        How many it is the median of.
    """

    recording: str
    fold: int | None
    n_recordings: int


def choose_recording(predictions: pd.DataFrame, dataset: str, seed: int) -> Choice | None:
    """Choose the recording of a dataset whose error is the median, not the best one.

    Parameters
    ----------
    predictions
        Of `ppgkd.evaluation.recommended.predict_recommended`, of folds whose student is exported.
    dataset
        Name of the dataset.
    seed
        Seed of the exported student.

    Returns
    -------
    Choice or None
        None if none of its recordings is tested.
    """
    rows = predictions[(predictions["dataset"] == dataset) & (predictions["seed"] == seed)]
    rows = rows[rows["recording"].map(is_first_channel)]
    if rows.empty:
        return None
    error_bpm = (rows["filtered_bpm"] - rows["hr_bpm"]).abs()
    by_recording = error_bpm.groupby(rows["recording"]).mean().sort_values(kind="stable")
    name = str(by_recording.index[(len(by_recording) - 1) // 2])
    fold = rows["fold"][rows["recording"] == name].iloc[0]
    return Choice(name, None if pd.isna(fold) else int(fold), len(by_recording))


def cut_stretch(recording: Recording, longest_s: float = STRETCH_S) -> tuple[Recording, float]:
    """Cut the stretch with the most motion out of a recording; without acceleration, the first.

    Returns
    -------
    recording : Recording
        The stretch; its times count from its first sample.
    start_s : float
        Where it begins in the recording.
    """
    n_samples, rate_hz = recording.signal.shape[1], recording.rate_hz
    length = round(longest_s * rate_hz)
    if n_samples <= length:
        return recording, 0.0
    per_second = _motion_by_second(recording)
    total = np.concatenate([[0.0], np.cumsum(per_second)])
    n_starts = int((n_samples - length) / rate_hz) + 1
    ends = np.minimum(np.arange(n_starts) + round(longest_s), len(per_second))
    start_s = int(np.argmax(total[ends] - total[:n_starts]))
    first = round(start_s * rate_hz)
    return (
        replace(
            recording,
            signal=recording.signal[:, first : first + length],
            reference_time_s=recording.reference_time_s - start_s,
        ),
        float(start_s),
    )


def reference_of_windows(
    recording: Recording, card: ModelCard, lag_s: float
) -> NDArray[np.float64]:
    """Reference of each window that a stream gives, in BPM; NaN where there is none.

    Parameters
    ----------
    recording
        At the rate of the model.
    card
        Model card of the student.
    lag_s
        By how much the reference is late.
    """
    n_windows = int((recording.signal.shape[1] / card.rate_hz - card.window_s) // card.stride_s) + 1
    centre_s = np.arange(max(n_windows, 0), dtype=np.float64) * card.stride_s + card.window_s / 2
    return reference_at(centre_s + lag_s, recording)


def _motion_by_second(recording: Recording) -> NDArray[np.float64]:
    """Standard deviation of the acceleration in each second, shape (n_seconds,)."""
    is_acc = [name.startswith("acc") for name in recording.channels]
    acc = recording.signal[is_acc]
    per_second = round(recording.rate_hz)
    n_seconds = acc.shape[1] // per_second
    seconds = acc[:, : n_seconds * per_second].reshape(len(acc), n_seconds, per_second)
    variance = np.nan_to_num(seconds.astype(np.float64)).var(axis=2)
    return np.asarray(np.sqrt(variance.sum(axis=0)))
