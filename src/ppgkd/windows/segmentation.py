"""Segmentation of a recording into windows, rejection of unusable ones, preprocessing of the rest.

A window without a usable signal or a valid reference is rejected and counted by reason. Short gaps
of lost samples are bridged, as in a stream (`ppgkd.windows.gaps`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ppgkd.datasets.activity import activity_at
from ppgkd.datasets.recording import Recording
from ppgkd.grid import BPM_MAX, BPM_MIN
from ppgkd.windows.gaps import without_lost_samples
from ppgkd.windows.overlap import block_filter, shared_blocks
from ppgkd.windows.preprocessing import (
    LARGEST_SAMPLE,
    WindowSpec,
    preprocess,
    resampling_matrix,
    scale_ppg,
)
from ppgkd.windows.signal_checks import LOST_GAP, lost_samples

LABEL_RANGE_BPM = (BPM_MIN, BPM_MAX + 0.5)
"""Heart rates that the classes of the models can express; the upper bound is excluded."""

CLIPPED_FRACTION = 0.25
"""A channel that is at its minimum or maximum in a larger fraction of the window is clipped."""

REJECTION_REASONS = (
    "too_short",
    "missing",
    "flat",
    "clipped",
    "no_reference",
    "reference_out_of_range",
)
"""Why a window is rejected. A window with several reasons counts under the first."""

SAMPLES_LOOKED_AT = 16
"""Samples of a window by which most windows are known to have no lost samples."""

BATCH = 256
"""Windows per batch. Intermediate results of one batch fit in the processor's cache."""


def segment_recording(
    recording: Recording, spec: WindowSpec, reference_lag_s: float = 0.0
) -> tuple[pd.DataFrame, NDArray[np.float32], dict[str, int]]:
    """Segment a recording into windows, reject the unusable ones and preprocess the others.

    The first window is that of the first reference; the others follow at the stride. The label of
    a window is the reference at its centre, interpolated linearly. A recording that never had a
    reference has windows over its whole length, with a label of NaN.

    Memory is that of the recording, of the result and of a few hundred windows.

    Parameters
    ----------
    recording
        Raw signals and reference.
    spec
        Window length, stride and preprocessing.
    reference_lag_s
        By how much the published reference is late; it is moved earlier by this. The windows do
        not move. Windows that have no reference after the shift are rejected.

    Returns
    -------
    index : DataFrame
        ``recording, subject, window, start_s, hr_bpm, activity`` of the windows kept. ``window``
        numbers all windows, including rejected ones.
    signal : ndarray of shape (n_windows, n_channels, n_samples)
        The preprocessed windows: equal to `ppgkd.windows.preprocessing.preprocess` up to rounding.
    n_rejected : dict
        Number of rejected windows for each of `REJECTION_REASONS`.
    """
    start_s = _window_starts(recording, spec)
    hr_bpm = _reference_at(recording, start_s + spec.length_s / 2 + reference_lag_s)
    reference_reason = _reference_rejections(hr_bpm, expected=recording.has_reference)
    signal, reason = _usable_windows(recording, start_s, reference_reason, spec)
    kept = reason == ""
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
    return index, signal, {name: int((reason == name).sum()) for name in REJECTION_REASONS}


def _window_starts(recording: Recording, spec: WindowSpec) -> NDArray[np.float64]:
    if not recording.has_reference:
        last_s = recording.signal.shape[1] / recording.rate_hz - spec.length_s
        n_windows = int(np.floor(last_s / spec.stride_s + 1e-6)) + 1
        return spec.stride_s * np.arange(max(n_windows, 0), dtype=np.float64)
    if not len(recording.reference_time_s):
        return np.zeros(0)
    first_s = max(float(recording.reference_time_s[0]) - spec.length_s / 2, 0.0)
    last_s = float(recording.reference_time_s[-1]) - spec.length_s / 2
    n_windows = int(np.floor((last_s - first_s) / spec.stride_s + 1e-6)) + 1
    return first_s + spec.stride_s * np.arange(max(n_windows, 0), dtype=np.float64)


def _reference_at(recording: Recording, time_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Reference in BPM at the windows' centres; NaN where a neighbouring value is missing."""
    if not len(recording.reference_time_s):
        return np.full(len(time_s), np.nan)
    # rounded to 1 us: a centre that rounding moved off a reference must not use the next one, too
    time_s, reference_s = np.round(time_s, 6), np.round(recording.reference_time_s, 6)
    hr_bpm = np.interp(time_s, reference_s, recording.reference_bpm)
    hr_bpm[(time_s < reference_s[0]) | (time_s > reference_s[-1])] = np.nan
    return np.asarray(hr_bpm)


def _reference_rejections(hr_bpm: NDArray[np.float64], *, expected: bool) -> NDArray[np.str_]:
    valid = ~np.isnan(hr_bpm)
    in_range = (hr_bpm >= LABEL_RANGE_BPM[0]) & (hr_bpm < LABEL_RANGE_BPM[1])
    return _first_true(
        {"no_reference": expected & ~valid, "reference_out_of_range": expected & ~in_range}
    )


def _usable_windows(
    recording: Recording,
    start_s: NDArray[np.float64],
    reference_reason: NDArray[np.str_],
    spec: WindowSpec,
) -> tuple[NDArray[np.float32], NDArray[np.str_]]:
    """Preprocessed usable windows, and the rejection reason of every window ("" if usable)."""
    rate_hz, channels = recording.rate_hz, recording.channels
    n_raw = round(spec.length_s * rate_hz)
    first_sample = np.round(start_s * rate_hz).astype(np.int64)
    n_fit = int((first_sample + n_raw <= recording.signal.shape[1]).sum())
    reason = reference_reason.copy()
    reason[n_fit:] = "too_short"

    grid = shared_blocks(first_sample[:n_fit], n_raw)
    is_ppg = np.array([name.startswith("ppg") for name in channels])
    # The offset of PPG may be a thousand times its pulse, so PPG needs float64.
    ppg_filter = block_filter(grid, spec, rate_hz, "float64")
    acc_filter = block_filter(grid, spec, rate_hz, "float32")
    # Rows behind the last usable window are never written, so the system never allocates them.
    signal = np.empty((int((reason == "").sum()), len(channels), spec.n_samples), np.float32)
    n_kept = 0
    for first in range(0, n_fit, BATCH):
        batch = slice(first, min(first + BATCH, n_fit))
        blocks = grid.blocks(recording.signal, first_sample[batch])
        stats = _window_stats(blocks, is_ppg, grid.of_windows(batch.stop - first))
        found = _signal_rejections(stats, n_raw)
        lossy = np.flatnonzero(stats.missing & (reason[batch] == ""))
        raw = _bridged(recording, first_sample[batch][lossy], n_raw, is_ppg)
        found[lossy] = _signal_rejections(_stats_of_bridged(raw, is_ppg), n_raw)
        reason[batch] = np.where(found == "", reason[batch], found)
        kept = reason[batch] == ""
        if stats.missing.any():  # in rejected windows, and in bridged ones, which follow below
            blocks = np.where(np.abs(blocks) <= LARGEST_SAMPLE, blocks, 0)
        output = signal[n_kept : n_kept + int(kept.sum())].swapaxes(0, 1)
        ppg = ppg_filter(blocks[is_ppg], kept)
        output[is_ppg] = scale_ppg(ppg, stats.level[:, kept])
        output[~is_ppg] = acc_filter(blocks[~is_ppg], kept)
        saved = kept[lossy]
        if saved.any():
            matrix = resampling_matrix(spec, rate_hz)
            place = n_kept + np.cumsum(kept)[lossy[saved]] - 1
            signal[place] = preprocess(raw[saved], matrix, channels)
        n_kept += output.shape[1]
    return signal[:n_kept], reason


class _WindowStats(NamedTuple):
    """Statistics that decide whether windows are usable.

    Attributes
    ----------
    missing
        Shape (n_windows,): whether a sample is NaN, infinite or beyond `LARGEST_SAMPLE`, or one of
        the PPG was written in place of a lost one.
    flat
        Shape (n_ppg_channels, n_windows): whether all samples are equal.
    n_extreme
        Shape (n_ppg_channels, n_windows): how many samples equal the minimum, or the maximum,
        whichever are more.
    level
        Shape (n_ppg_channels, n_windows): largest magnitude.
    """

    missing: NDArray[np.bool_]
    flat: NDArray[np.bool_]
    n_extreme: NDArray[np.int64]
    level: NDArray[np.float32]


def _window_stats(
    blocks: NDArray[np.float32], is_ppg: NDArray[np.bool_], of_window: NDArray[np.int64]
) -> _WindowStats:
    """Compute statistics once per block, and combine those of each window's blocks."""
    missing = np.zeros(blocks.shape[1], np.bool_)
    if not np.abs(blocks).max() <= LARGEST_SAMPLE:  # also true if the maximum is NaN
        missing |= (~(np.abs(blocks) <= LARGEST_SAMPLE)).any(axis=(0, 2))
    ppg = blocks[is_ppg]
    low, high = ppg.min(axis=2), ppg.max(axis=2)
    lowest, highest = low[:, of_window].min(axis=2), high[:, of_window].max(axis=2)
    n_lowest, n_highest = (
        np.where(
            of_block[:, of_window] == of_windows[..., None],
            np.count_nonzero(ppg == of_block[..., None], axis=2)[:, of_window],
            0,
        ).sum(axis=2)
        for of_block, of_windows in ((low, lowest), (high, highest))
    )
    missing_in_window = np.asarray(missing[of_window].any(axis=1))
    possible = ~missing_in_window & _may_lack(ppg, of_window, lowest, highest)
    if possible.any():
        samples = ppg[:, of_window[possible]].reshape(len(ppg), int(possible.sum()), -1)
        missing_in_window[possible] = lost_samples(samples).any(axis=(0, 2))
    return _WindowStats(
        missing_in_window,
        lowest == highest,
        np.maximum(n_lowest, n_highest),
        np.maximum(np.abs(lowest), np.abs(highest)),
    )


def _bridged(
    recording: Recording,
    first_sample: NDArray[np.int64],
    n_raw: int,
    is_ppg: NDArray[np.bool_],
) -> NDArray[np.float32]:
    """Windows without their short gaps, shape (n_windows, n_channels, n_raw)."""
    windows = [recording.signal[:, first : first + n_raw] for first in first_sample]
    raw = np.array(windows, np.float32).reshape(-1, len(is_ppg), n_raw)
    return without_lost_samples(raw, is_ppg, recording.rate_hz)


def _stats_of_bridged(raw: NDArray[np.float32], is_ppg: NDArray[np.bool_]) -> _WindowStats:
    """Statistics of windows from `_bridged`."""
    missing = np.asarray(np.isnan(raw).any(axis=(1, 2)))
    ppg = raw[:, is_ppg].swapaxes(0, 1)
    lowest, highest = ppg.min(axis=2), ppg.max(axis=2)
    n_extreme = [np.count_nonzero(ppg == v[..., None], axis=2) for v in (lowest, highest)]
    level = np.maximum(np.abs(lowest), np.abs(highest))
    return _WindowStats(missing, lowest == highest, np.maximum(*n_extreme), level)


def _may_lack(
    ppg: NDArray[np.float32],
    of_window: NDArray[np.int64],
    lowest: NDArray[np.float32],
    highest: NDArray[np.float32],
) -> NDArray[np.bool_]:
    """Whether windows may have lost samples, by a few samples of each, shape (n_windows,).

    If samples at the lowest value are lost, all others are in the upper quarter of the range, and
    the reverse. A few samples of a pulse show that they are not, at little cost.
    """
    few = ppg[:, :, :: max(ppg.shape[2] * of_window.shape[1] // SAMPLES_LOOKED_AT, 1)]
    some = np.concatenate([of_block[:, of_window] for of_block in (few.min(2), few.max(2))], axis=2)
    lowest, highest = lowest[..., None], highest[..., None]
    with np.errstate(invalid="ignore"):  # windows with infinite samples are missing anyway
        quarter = (highest - lowest) / np.float32(LOST_GAP + 0.99)  # a bit more, for rounding
        low_kept = ((some > lowest) & (some < highest - quarter)).any(axis=2)
        high_kept = ((some < highest) & (some > lowest + quarter)).any(axis=2)
    return np.asarray(((lowest < highest)[..., 0] & ~(low_kept & high_kept)).any(axis=0))


def _signal_rejections(stats: _WindowStats, n_raw: int) -> NDArray[np.str_]:
    """Rejection reason of each window's signal.

    One usable PPG channel is enough. The models get the other channels unchanged.
    """
    clipped = stats.n_extreme > CLIPPED_FRACTION * n_raw
    return _first_true(
        {
            "missing": stats.missing,
            "flat": np.asarray(stats.flat.all(axis=0)),
            "clipped": np.asarray((stats.flat | clipped).all(axis=0)),
        }
    )


def _first_true(conditions: dict[str, NDArray[np.bool_]]) -> NDArray[np.str_]:
    """Name of the first condition that is true, shape (n_windows,); "" where none is."""
    longest = max(map(len, REJECTION_REASONS))
    return np.select([*conditions.values()], [*conditions], default="").astype(f"<U{longest}")
