"""Check of a user's own recordings, before a study spends hours on them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ppgkd.alignment.lag import estimate_lags, without_gross_errors
from ppgkd.alignment.shared_lag import SharedLag, estimate_shared_lag, lag_correction
from ppgkd.dataset_summary.assess import assess_dataset
from ppgkd.dataset_summary.pulse import PULSE_COLUMNS, count_pulse_windows
from ppgkd.dataset_summary.verdict import Verdict
from ppgkd.datasets.dataset import Dataset
from ppgkd.datasets.own.dataset import own_dataset
from ppgkd.datasets.own.definition import Definition, read_definition
from ppgkd.datasets.own.read import OwnRecording, read_with_notes
from ppgkd.windows.motion import MOTION_BANDS, motion_intensity_g
from ppgkd.windows.preprocessing import WindowSpec
from ppgkd.windows.segmentation import segment_recording
from ppgkd.windows.signal_facts import signal_facts
from ppgkd.windows.spectral_peak import motion_corrected_peak_bpm, spectral_peak_bpm

SPEC = WindowSpec(length_s=8, stride_s=2, rate_hz=25, low_hz=0.4, high_hz=8)
"""The default windows of a study."""

N_EXAMPLES = 10


@dataclass(frozen=True, eq=False)
class ExampleWindow:
    """One usable window.

    Attributes
    ----------
    recording, start_s
        Name of its recording, and its start in seconds from the first sample.
    hr_bpm, peak_bpm
        Its reference, NaN if there is none, and the highest peak of its spectrum.
    signal
        Preprocessed, shape (n_channels, n_samples).
    channels
        Names of the channels.
    """

    recording: str
    start_s: float
    hr_bpm: float
    peak_bpm: float
    signal: NDArray[np.float32]
    channels: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class DatasetCheck:
    """Result of `check_dataset`.

    Attributes
    ----------
    definition, dataset
        Content of the YAML file, and the dataset that it defines.
    recordings
        One row per recording: ``recording, subject, hours, kept``; the number of rejected windows
        for each of `ppgkd.windows.segmentation.REJECTION_REASONS`; ``lowest_bpm, highest_bpm`` of
        the usable windows; ``median_acc_g``; `ppgkd.windows.signal_facts.FACTS`;
        `ppgkd.dataset_summary.pulse.PULSE_COLUMNS`; ``spectral_peak_mae_bpm``; ``n_values`` and
        ``n_implausible`` of the reference.
    windows
        One row per usable window: ``dataset, subject, recording, role, window, start_s, hr_bpm,
        activity``, ``pred_bpm`` of the spectral peak and ``motion_corrected_bpm`` of the spectral
        peak corrected for motion, and ``is_still``.
    lags
        Result of `ppgkd.alignment.lag.estimate_lags` with the motion-corrected peak.
    shared_lag
        Lag of all references together.
    notes
        Pairs of a recording and a note for the user.
    verdict
        Whether a study can use them.
    examples
        Some usable windows.
    """

    definition: Definition
    dataset: Dataset
    recordings: pd.DataFrame
    windows: pd.DataFrame
    lags: pd.DataFrame
    shared_lag: SharedLag
    notes: tuple[tuple[str, str], ...]
    verdict: Verdict
    examples: tuple[ExampleWindow, ...]

    @property
    def n_usable(self) -> int:
        """Number of windows that a study can use."""
        return len(self.windows)


def check_dataset(path: str | Path) -> DatasetCheck:
    """Read and segment own recordings as a study does, and summarise the result.

    Parameters
    ----------
    path
        YAML file that describes them.

    Raises
    ------
    PpgkdError
        If the file or a table is invalid.
    """
    dataset = own_dataset("own", path)
    rows: list[dict[str, Any]] = []
    parts: list[pd.DataFrame] = []
    notes: list[tuple[str, str]] = []
    examples: list[ExampleWindow] = []
    per_recording = -(-N_EXAMPLES // len(dataset.recordings))
    for found in read_with_notes(dataset.recordings):
        index, signal, n_rejected = segment_recording(found.recording, SPEC)
        channels = found.recording.channels
        ppg = signal[:, [name.startswith("ppg") for name in channels]]
        acc = signal[:, [name.startswith("acc") for name in channels]]
        index = index.assign(
            pred_bpm=spectral_peak_bpm(ppg, SPEC.rate_hz),
            motion_corrected_bpm=motion_corrected_peak_bpm(ppg, acc, SPEC.rate_hz),
            is_still=motion_intensity_g(signal, channels) < MOTION_BANDS["still"][1],
        )
        rows.append(_recording_row(found, index, n_rejected))
        parts.append(index)
        notes += [(found.recording.name, note) for note in (*found.notes, *found.reference.notes)]
        examples += _example_windows(index, signal, channels, per_recording)
    windows = pd.concat(parts, ignore_index=True).assign(dataset="own", role="test")
    definition, recordings = read_definition(path), pd.DataFrame(rows)
    labelled = windows[windows["hr_bpm"].notna()]
    estimates = labelled.assign(pred_bpm=labelled["motion_corrected_bpm"])
    if len(labelled):
        estimates = without_gross_errors(estimates)
    lags = estimate_lags(estimates) if len(labelled) else pd.DataFrame()
    shared_lag = estimate_shared_lag(estimates)
    if len(labelled):
        counts, ratio = count_pulse_windows(labelled, lag_correction(lags, shared_lag))
        recordings = recordings.merge(counts.assign(pulse_ratio=ratio), on="recording", how="left")
        recordings = recordings.fillna(dict.fromkeys(PULSE_COLUMNS, 0))
    accelerometer = bool(definition.acceleration)
    verdict = assess_dataset(recordings, lags, shared_lag, definition, accelerometer=accelerometer)
    return DatasetCheck(
        definition=definition,
        dataset=dataset,
        recordings=recordings,
        windows=windows,
        lags=lags,
        shared_lag=shared_lag,
        verdict=verdict,
        notes=tuple(notes),
        examples=tuple(examples[index] for index in _evenly_spaced(len(examples), N_EXAMPLES)),
    )


def _recording_row(
    found: OwnRecording, index: pd.DataFrame, n_rejected: dict[str, int]
) -> dict[str, Any]:
    recording, reference = found.recording, found.reference
    error_bpm = (index["pred_bpm"] - index["hr_bpm"]).abs()
    acc = recording.signal[[name.startswith("acc") for name in recording.channels]]
    magnitude_g = np.sqrt(np.square(acc, dtype=np.float64).sum(axis=0))
    finite_g = magnitude_g[np.isfinite(magnitude_g)] if len(acc) else np.zeros(0)
    return {
        "recording": recording.name,
        "subject": recording.subject,
        "hours": recording.signal.shape[1] / recording.rate_hz / 3600,
        "kept": len(index),
        **n_rejected,
        "lowest_bpm": index["hr_bpm"].min(),
        "highest_bpm": index["hr_bpm"].max(),
        **signal_facts(recording),
        "median_acc_g": float(np.median(finite_g)) if finite_g.size else np.nan,
        "spectral_peak_mae_bpm": error_bpm.mean(),
        "n_values": reference.n_values,
        "n_implausible": reference.n_implausible,
    }


def _example_windows(
    index: pd.DataFrame, signal: NDArray[np.float32], channels: tuple[str, ...], wanted: int
) -> Iterator[ExampleWindow]:
    for position in _evenly_spaced(len(index), wanted):
        window = index.iloc[position]
        yield ExampleWindow(
            window["recording"],
            window["start_s"],
            window["hr_bpm"],
            window["pred_bpm"],
            signal[position].copy(),  # a view would keep all windows in memory
            channels,
        )


def _evenly_spaced(length: int, wanted: int) -> list[int]:
    """Indices of at most `wanted` items of a sequence, evenly spaced and away from its ends."""
    count = min(length, wanted)
    return [int((number + 0.5) * length / count) for number in range(count)]
