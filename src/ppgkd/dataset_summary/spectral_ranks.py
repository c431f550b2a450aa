"""Where the reference lies among the peaks of the spectrum, and among the harmonics of motion.

An estimator of single windows can hardly do better than choose the right peak of the spectrum. So
the error of an oracle, which always chooses the peak nearest to the reference among the five
largest, tells what is possible: where even its error is large, the pulse is not in the signal, and
the right answer is silence. Five peaks are near to any rate, so the oracle is compared with chance:
its error for the rates of the dataset's other windows.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ppgkd.windows.motion import MOTION_BANDS, motion_intensity_g
from ppgkd.windows.spectral_peak import largest_peaks_bpm
from ppgkd.windows.table import WindowsFile

N_PEAKS = 5
TOLERANCE_BPM = 5.0
"""A rate is on a peak, or on a harmonic of the cadence, if it is this near. A window of 8 s tells
two tones apart that are some 15 BPM from each other."""

LOST_BPM = 10.0
"""If the oracle errs by more, the pulse is not among the peaks."""

HARMONICS = (0.5, 1.0, 2.0, 3.0)
"""Of the cadence, which is the highest peak of the acceleration. An arm swings once in two steps,
and then the highest peak may be either."""

KEYS = ["dataset", "recording", "subject", "activity"]
RANK_COLUMNS = tuple(f"rank_{rank}" for rank in range(1, N_PEAKS + 1))
COUNT_COLUMNS = (
    *("windows", *RANK_COLUMNS, "rank_none", "lost"),
    *("moving", "reference_on_cadence", "motion_wins"),
)
"""Columns with numbers of windows."""

MEAN_COLUMNS = {
    "peak_mae_bpm": "windows",
    "oracle_mae_bpm": "windows",
    "chance_mae_bpm": "windows",
    "chance_on_cadence": "moving",
}
"""Columns with means, each with the column that counts its windows."""


def rank_references(windows_path: str | Path) -> pd.DataFrame:
    """Rank the references of a dataset among the peaks of the spectrum.

    Memory is that of one recording's windows.

    Parameters
    ----------
    windows_path
        File of `ppgkd.windows.write.write_windows`.

    Returns
    -------
    DataFrame
        One row per recording and activity, ``dataset, recording, subject, activity``, with

        - ``windows``, the number of usable windows; recordings without a reference have no row;
        - ``rank_1``, ... ``rank_5``: number of windows whose reference is within `TOLERANCE_BPM` of
          the highest peak of the PPG's spectrum, of the second, ..., and of no higher one;
          ``rank_none``, of none of these;
        - ``peak_mae_bpm, oracle_mae_bpm``: MAE of the highest peak, and of the nearest of the five;
          ``chance_mae_bpm``, of the nearest of the five to the reference of any window of the
          dataset; ``lost``, number of windows in which the oracle errs by more than `LOST_BPM`;
        - ``moving``: number of windows that are not still; of these ``reference_on_cadence``, whose
          reference is on the cadence or a harmonic (`HARMONICS`); ``chance_on_cadence``, the
          fraction of the dataset's references that are on it; ``motion_wins``, whose highest peak
          is on it and not on the reference.
    """
    file = WindowsFile(windows_path)
    has_reference = file.index["hr_bpm"].notna().to_numpy()
    if not has_reference.any():
        return pd.DataFrame(columns=[*KEYS, *COUNT_COLUMNS, *MEAN_COLUMNS])
    rates_bpm, weights = _rates(file.index["hr_bpm"].to_numpy(np.float64)[has_reference])
    parts = []
    for recording in file.index.loc[has_reference, "recording"].unique():
        of_recording = (file.index["recording"] == recording).to_numpy()
        index = file.index[of_recording]
        signal = np.empty((len(index), len(file.channels), file.n_samples), np.float32)
        file.read_into(signal, of_recording, range(len(file.channels)))
        is_ppg = np.array([name.startswith("ppg") for name in file.channels])
        peaks_bpm = largest_peaks_bpm(signal[:, is_ppg], file.rate_hz, N_PEAKS)
        cadence_bpm = np.full(len(index), np.nan)
        if not is_ppg.all():
            moves = motion_intensity_g(signal, file.channels) >= MOTION_BANDS["still"][1]
            strongest_bpm = largest_peaks_bpm(signal[:, ~is_ppg], file.rate_hz, 1)[:, 0]
            cadence_bpm = np.where(moves, strongest_bpm, np.nan)
        keys = index[KEYS].reset_index(drop=True)
        hr_bpm = index["hr_bpm"].to_numpy(np.float64)
        measured = _of_windows(hr_bpm, peaks_bpm, cadence_bpm, rates_bpm, weights)
        parts.append(_by_activity(pd.concat([keys, measured], axis=1)))
    return pd.concat(parts, ignore_index=True)


def aggregate_ranks(ranks: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Aggregate rows of `rank_references`, of any number of datasets, by some columns.

    Returns
    -------
    DataFrame
        One row per group, in order of appearance, with `COUNT_COLUMNS` and `MEAN_COLUMNS`.
    """
    sums = ranks[[*by, *COUNT_COLUMNS]].copy()
    for mean, count in MEAN_COLUMNS.items():
        sums[mean] = ranks[mean].fillna(0.0) * ranks[count]
    table = sums.groupby(list(by), sort=False).sum().reset_index()
    for mean, count in MEAN_COLUMNS.items():
        table[mean] = (table[mean] / table[count]).where(table[count] > 0)
    return table


def _rates(hr_bpm: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rates in whole BPM that occur in a dataset, and the fraction of its windows with each."""
    rates_bpm, counts = np.unique(np.round(hr_bpm), return_counts=True)
    return rates_bpm, counts / counts.sum()


def _of_windows(
    hr_bpm: NDArray[np.float64],
    peaks_bpm: NDArray[np.float64],
    cadence_bpm: NDArray[np.float64],
    rates_bpm: NDArray[np.float64],
    weights: NDArray[np.float64],
) -> pd.DataFrame:
    """Measures of each window, for `_by_activity`; a spectrum without peaks errs by its range."""
    error_bpm = _distance(hr_bpm, peaks_bpm)
    on_peak = error_bpm <= TOLERANCE_BPM
    rank = np.where(on_peak.any(axis=1), on_peak.argmax(axis=1) + 1, 0)
    oracle_bpm = error_bpm.min(axis=1)
    harmonics_bpm = cadence_bpm[:, None] * HARMONICS
    moves = np.isfinite(cadence_bpm)
    on_cadence = _distance(hr_bpm, harmonics_bpm).min(axis=1) <= TOLERANCE_BPM
    peak_on_cadence = _distance(peaks_bpm[:, 0], harmonics_bpm).min(axis=1) <= TOLERANCE_BPM
    chance_bpm, chance_on_cadence = np.zeros(len(hr_bpm)), np.zeros(len(hr_bpm))
    for rate_bpm, weight in zip(rates_bpm, weights, strict=True):
        rate = np.full(len(hr_bpm), rate_bpm)
        chance_bpm += weight * _distance(rate, peaks_bpm).min(axis=1)
        near = _distance(rate, harmonics_bpm).min(axis=1) <= TOLERANCE_BPM
        chance_on_cadence += weight * near
    return pd.DataFrame(
        {
            "windows": 1,
            **{name: rank == number for number, name in enumerate(RANK_COLUMNS, start=1)},
            "rank_none": rank == 0,
            "lost": oracle_bpm > LOST_BPM,
            "moving": moves,
            "reference_on_cadence": moves & on_cadence,
            "motion_wins": moves & peak_on_cadence & ~on_peak[:, 0],
            "peak_mae_bpm": error_bpm[:, 0],
            "oracle_mae_bpm": oracle_bpm,
            "chance_mae_bpm": chance_bpm,
            "chance_on_cadence": np.where(moves, chance_on_cadence, np.nan),
        }
    )


def _distance(
    rate_bpm: NDArray[np.float64], others_bpm: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Distances of a rate from others, shape (n_windows, n_others); infinite from NaN."""
    return np.nan_to_num(np.abs(others_bpm - rate_bpm[:, None]), nan=np.inf)


def _by_activity(windows: pd.DataFrame) -> pd.DataFrame:
    grouped = windows.groupby(KEYS, sort=False)
    counts = grouped[list(COUNT_COLUMNS)].sum().astype(int)
    return counts.join(grouped[list(MEAN_COLUMNS)].mean()).reset_index()
