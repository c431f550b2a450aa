"""A recording cut into windows: where they start, which are dropped, and the preprocessed rest.

A window without a usable signal or a valid reference is dropped, and counted by reason.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ppgkd.datasets.activity import activity_at
from ppgkd.datasets.recording import Recording
from ppgkd.windows.overlap import block_filter, shared_blocks
from ppgkd.windows.preprocessing import LARGEST, WindowSpec, scale_ppg

REFERENCE_RANGE_BPM = (30.0, 209.5)
CLIPPED_SHARE = 0.25
"""A channel that sits at its own extreme for this share of the window is clipped."""

REJECTION_REASONS = (
    "too_short",
    "missing",
    "flat",
    "clipped",
    "no_reference",
    "reference_out_of_range",
)
"""Why a window is dropped; of several reasons the first is counted."""

BATCH = 256
"""Windows at a time: what is computed of them stays in the processor's cache."""


def segment_recording(
    recording: Recording, spec: WindowSpec, reference_lag_s: float = 0.0
) -> tuple[pd.DataFrame, NDArray[np.float32], dict[str, int]]:
    """Cut one recording, drop what cannot be used and preprocess the rest.

    The first window is the one that the first reference belongs to; the others follow at the
    stride. A window between two references gets the linear interpolation at its centre.

    Besides the recording and what is returned, memory is that of a few hundred windows.

    Parameters
    ----------
    recording
        Raw signals and reference.
    spec
        Window length, stride and preprocessing.
    reference_lag_s
        How late the published reference is; it is moved earlier by that. The windows stay where
        they are, and those that then have no reference are dropped.

    Returns
    -------
    index : DataFrame
        ``recording, subject, window, start_s, hr_bpm, activity`` of the windows kept. ``window``
        counts the dropped ones too, so it tells the time.
    signal : ndarray of shape (n_windows, n_channels, n_samples)
        The preprocessed windows: what `ppgkd.windows.preprocessing.preprocess` gives, but for
        rounding.
    dropped : dict
        Number of windows dropped, for each of `REJECTION_REASONS`.
    """
    start_s = _window_starts(recording, spec)
    hr_bpm = _reference_at(recording, start_s + spec.length_s / 2 + reference_lag_s)
    signal, fault = _usable_windows(recording, start_s, _reference_fault(hr_bpm), spec)
    kept = fault == ""
    index = pd.DataFrame(
        {
            "recording": recording.name,
            "subject": recording.subject,
            "window": np.flatnonzero(kept),
            "start_s": start_s[kept],
            "hr_bpm": hr_bpm[kept].astype(np.float32),
            "activity": activity_at(
                recording.activity, recording.reference_time_s, start_s[kept] + spec.length_s / 2
            ),
        }
    )
    return index, signal, {name: int((fault == name).sum()) for name in REJECTION_REASONS}


def _window_starts(recording: Recording, spec: WindowSpec) -> NDArray[np.float64]:
    if not len(recording.reference_time_s):
        return np.zeros(0)
    first_s = max(float(recording.reference_time_s[0]) - spec.length_s / 2, 0.0)
    last_s = float(recording.reference_time_s[-1]) - spec.length_s / 2
    n_windows = int(np.floor((last_s - first_s) / spec.stride_s + 1e-6)) + 1
    return first_s + spec.stride_s * np.arange(max(n_windows, 0), dtype=np.float64)


def _reference_at(recording: Recording, time_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Reference in BPM at the windows' centres; NaN where a neighbour is missing."""
    if not len(time_s):
        return np.zeros(0)
    # to the microsecond: what rounding puts beside a reference must not touch the one next to it
    time_s, known_s = np.round(time_s, 6), np.round(recording.reference_time_s, 6)
    hr_bpm = np.interp(time_s, known_s, recording.reference_bpm)
    hr_bpm[(time_s < known_s[0]) | (time_s > known_s[-1])] = np.nan
    return np.asarray(hr_bpm)


def _reference_fault(hr_bpm: NDArray[np.float64]) -> NDArray[np.str_]:
    valid = ~np.isnan(hr_bpm)
    in_range = (hr_bpm >= REFERENCE_RANGE_BPM[0]) & (hr_bpm < REFERENCE_RANGE_BPM[1])
    return _first_of({"no_reference": ~valid, "reference_out_of_range": ~in_range})


def _usable_windows(
    recording: Recording,
    start_s: NDArray[np.float64],
    reference_fault: NDArray[np.str_],
    spec: WindowSpec,
) -> tuple[NDArray[np.float32], NDArray[np.str_]]:
    """The preprocessed windows without a fault, and the fault of each; empty for a good one."""
    rate_hz, channels = recording.rate_hz, recording.channels
    n_raw = round(spec.length_s * rate_hz)
    first_sample = np.round(start_s * rate_hz).astype(np.int64)
    n_fit = int((first_sample + n_raw <= recording.signal.shape[1]).sum())
    fault = reference_fault.copy()
    fault[n_fit:] = "too_short"

    grid = shared_blocks(first_sample[:n_fit], n_raw)
    is_ppg = np.array([name.startswith("ppg") for name in channels])
    # PPG stands on an offset that may be a thousand times the pulse; acceleration is a few g
    ppg_filter = block_filter(grid, spec, rate_hz, "float64")
    acc_filter = block_filter(grid, spec, rate_hz, "float32")
    # the memory behind the last good window is never touched, so it is never taken
    signal = np.empty((int((fault == "").sum()), len(channels), spec.n_samples), np.float32)
    n_kept = 0
    for first in range(0, n_fit, BATCH):
        batch = slice(first, min(first + BATCH, n_fit))
        blocks = grid.blocks(recording.signal, first_sample[batch])
        seen = _look_at(blocks, is_ppg, grid.of_windows(batch.stop - first))
        found = _signal_fault(seen, n_raw)
        fault[batch] = np.where(found == "", fault[batch], found)
        kept = fault[batch] == ""
        if seen.missing.any():
            blocks = np.where(np.abs(blocks) <= LARGEST, blocks, 0)  # in windows that are dropped
        into = signal[n_kept : n_kept + int(kept.sum())].swapaxes(0, 1)
        ppg = ppg_filter(blocks[is_ppg], kept)
        into[is_ppg] = scale_ppg(ppg, seen.level[:, kept])
        into[~is_ppg] = acc_filter(blocks[~is_ppg], kept)
        n_kept += into.shape[1]
    return signal[:n_kept], fault


class _Seen(NamedTuple):
    """What decides whether windows are usable.

    Attributes
    ----------
    missing
        Shape (n_windows,): whether there are samples that are no measurement.
    flat
        Shape (n_ppg_channels, n_windows): whether all samples are the same.
    at_end
        Shape (n_ppg_channels, n_windows): how many samples are the lowest one, or the highest,
        whichever are more.
    level
        Shape (n_ppg_channels, n_windows): largest magnitude.
    """

    missing: NDArray[np.bool_]
    flat: NDArray[np.bool_]
    at_end: NDArray[np.int64]
    level: NDArray[np.float32]


def _look_at(
    blocks: NDArray[np.float32], is_ppg: NDArray[np.bool_], of_window: NDArray[np.int64]
) -> _Seen:
    """Look at every block once, and put together what is to be seen of each window."""
    missing = np.zeros(blocks.shape[1], np.bool_)
    if not np.abs(blocks).max() <= LARGEST:  # NaN is not, either
        missing |= (~(np.abs(blocks) <= LARGEST)).any(axis=(0, 2))
    ppg = blocks[is_ppg]
    low, high = ppg.min(axis=2), ppg.max(axis=2)
    lowest, highest = low[:, of_window].min(axis=2), high[:, of_window].max(axis=2)
    n_lowest, n_highest = (
        np.where(
            end[:, of_window] == of_all[..., None],
            np.count_nonzero(ppg == end[..., None], axis=2)[:, of_window],
            0,
        ).sum(axis=2)
        for end, of_all in ((low, lowest), (high, highest))
    )
    return _Seen(
        np.asarray(missing[of_window].any(axis=1)),
        lowest == highest,
        np.maximum(n_lowest, n_highest),
        np.maximum(np.abs(lowest), np.abs(highest)),
    )


def _signal_fault(seen: _Seen, n_raw: int) -> NDArray[np.str_]:
    """Fault of each window's signal.

    One good PPG channel is enough: the models see the others as they are.
    """
    clipped = seen.at_end > CLIPPED_SHARE * n_raw
    return _first_of(
        {
            "missing": seen.missing,
            "flat": np.asarray(seen.flat.all(axis=0)),
            "clipped": np.asarray((seen.flat | clipped).all(axis=0)),
        }
    )


def _first_of(found: dict[str, NDArray[np.bool_]]) -> NDArray[np.str_]:
    """Name of the first that is true, shape (n_windows,); empty where none is."""
    return np.select([*found.values()], [*found], default="").astype(
        f"<U{max(map(len, REJECTION_REASONS))}"
    )
