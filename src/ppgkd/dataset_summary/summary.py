"""Summary of a dataset: one row per recording, from its windows.

Counts add up over recordings, and every mean has a count of its windows, so rows of recordings can
be aggregated to rows of subjects and datasets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ppgkd.alignment.lag import estimate_lags, without_gross_errors
from ppgkd.alignment.shared_lag import SharedLag, estimate_shared_lag, lag_correction
from ppgkd.dataset_summary.pulse import PULSE_COLUMNS, count_pulse_windows
from ppgkd.datasets.activity import ACTIVITIES
from ppgkd.datasets.ppg_channels import is_first_channel
from ppgkd.windows.motion import MOTION_BANDS, motion_intensity_g
from ppgkd.windows.segmentation import REJECTION_REASONS
from ppgkd.windows.signal_quality import GOOD_CORRELATION, template_correlation
from ppgkd.windows.spectral_peak import motion_corrected_peak_bpm, spectral_peak_bpm
from ppgkd.windows.table import WindowsFile

NO_WINDOWS = "not identified: no usable window has a reference"

HISTOGRAM_BPM = tuple(range(30, 210, 10))
"""Lower bounds in BPM of the bins of the heart-rate histogram, each 10 BPM wide."""

HISTOGRAM_COLUMNS = tuple(f"windows_hr_{bpm}" for bpm in HISTOGRAM_BPM)
MOTION_COLUMNS = tuple(f"windows_{band}" for band in MOTION_BANDS)
ACTIVITY_COLUMNS = tuple(f"windows_{word}" for word in ACTIVITIES)
PEAK_MAE_COLUMNS = tuple(f"peak_mae_{band}_bpm" for band in MOTION_BANDS)
LAG_COLUMNS = ("lag_s", "lag_lower_s", "lag_upper_s", "lag_flagged", "lag_note")
LAG_NAMES = {
    **{"lag_lower_s": "lower_s", "lag_upper_s": "upper_s"},
    **{"lag_flagged": "flagged", "lag_note": "note"},
}
"""Some of these columns, and what `ppgkd.alignment.lag.estimate_lags` calls them."""

SHARED_LAG_COLUMNS = tuple(f"shared_{field.name}" for field in fields(SharedLag))

COUNT_COLUMNS = ("kept", *REJECTION_REASONS, *HISTOGRAM_COLUMNS, *MOTION_COLUMNS, *ACTIVITY_COLUMNS)
"""Columns with counts."""

MEAN_COLUMNS = {
    "spectral_peak_mae_bpm": "kept",
    "template_correlation": "kept",
    "good_share": "kept",
    "motion_g": "kept",
    **dict(zip(PEAK_MAE_COLUMNS, MOTION_COLUMNS, strict=True)),
}
"""Columns with means, each with the column that counts its windows."""


def summarise_dataset(windows_path: str | Path, counts: pd.DataFrame) -> pd.DataFrame:
    """Summarise every recording of a dataset.

    Memory is that of one recording's windows.

    Parameters
    ----------
    windows_path, counts
        File and table of `ppgkd.windows.write.write_windows`.

    Returns
    -------
    DataFrame
        The rows of ``counts`` with these columns on the usable windows:

        - ``windows_hr_30``, ...: number with a reference of at least 30 and below 40 BPM, ...
        - ``template_correlation``, mean over windows and PPG channels
          (`ppgkd.windows.signal_quality.template_correlation`), and ``good_share``, the fraction
          that is good
        - ``motion_g``, mean intensity, NaN without an accelerometer; ``windows_still``, ...: number
          in each of `ppgkd.windows.motion.MOTION_BANDS`; ``peak_mae_still_bpm``, ...: MAE of the
          spectral peak in these
        - ``windows_rest``, ...: number of each of `ppgkd.datasets.activity.ACTIVITIES`
        - ``lag_s, lag_lower_s, lag_upper_s, lag_flagged, lag_note``: lag of the reference, by
          `ppgkd.alignment.lag.estimate_lags` with
          `ppgkd.windows.spectral_peak.motion_corrected_peak_bpm`; missing for further
          channels of a recording (`ppgkd.datasets.ppg_channels`), which have the same reference
        - `ppgkd.dataset_summary.pulse.PULSE_COLUMNS`, and ``pulse_ratio``, the same in all rows:
          whether the PPG of a still wrist has the reference's pulse
        - ``shared_lag_s``, ...: fields of `ppgkd.alignment.shared_lag.SharedLag`, the same in all
          rows
    """
    file = WindowsFile(windows_path)
    rows: list[dict[str, Any]] = []
    estimates: list[pd.DataFrame] = []
    peaks: list[pd.DataFrame] = []
    for recording in counts["recording"]:
        of_recording = (file.index["recording"] == recording).to_numpy()
        index = file.index[of_recording]
        signal = np.empty((len(index), len(file.channels), file.n_samples), np.float32)
        file.read_into(signal, of_recording, range(len(file.channels)))
        ppg = signal[:, [name.startswith("ppg") for name in file.channels]]
        acc = signal[:, [name.startswith("acc") for name in file.channels]]
        index = index.assign(pred_bpm=spectral_peak_bpm(ppg, file.rate_hz), role="")
        correlation = template_correlation(ppg, file.rate_hz)
        motion_g = motion_intensity_g(signal, file.channels)
        rows.append(_row(index, correlation, motion_g))
        if is_first_channel(recording) and index["hr_bpm"].notna().all():
            peaks.append(index.assign(is_still=motion_g < MOTION_BANDS["still"][1]))
            motion_corrected_bpm = motion_corrected_peak_bpm(ppg, acc, file.rate_hz)
            estimates.append(index.assign(pred_bpm=motion_corrected_bpm))
    table = pd.concat([counts.reset_index(drop=True), pd.DataFrame(rows)], axis=1)
    lags, shared = _lags(estimates)
    table = table.merge(lags, on="recording", how="left")
    together = {f"shared_{name}": value for name, value in asdict(shared).items()}
    together |= {"pulse_ratio": np.nan}
    if len(lags):
        pulse, together["pulse_ratio"] = count_pulse_windows(
            pd.concat(peaks), lag_correction(lags.rename(columns=LAG_NAMES), shared)
        )
        table = table.merge(pulse, on="recording", how="left")
    table = table.assign(**{name: table.get(name, 0) for name in PULSE_COLUMNS})
    table = table.fillna(dict.fromkeys(PULSE_COLUMNS, 0))
    return table.assign(lag_flagged=table["lag_flagged"].eq(True), **together)


def aggregate_recordings(recordings: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Aggregate rows of recordings, by subject or by dataset.

    Parameters
    ----------
    recordings
        Rows of `summarise_dataset`, of any number of datasets.
    by
        Columns to group by.

    Returns
    -------
    DataFrame
        One row per group, in order of appearance: ``recordings``, ``hours``, and the columns of
        `COUNT_COLUMNS` and `MEAN_COLUMNS`. If every PPG channel is a recording of its own
        (`ppgkd.datasets.ppg_channels`), the hours count once.
    """
    first = recordings["recording"].map(is_first_channel).astype(bool)
    sums = recordings[[*by, *COUNT_COLUMNS]].assign(
        hours=recordings["hours"].where(first, 0.0), recordings=first.astype(int)
    )
    for mean, count in MEAN_COLUMNS.items():
        known = recordings[mean].notna()
        sums[mean] = recordings[mean].fillna(0.0) * recordings[count]
        sums[f"of {mean}"] = recordings[count].where(known, 0)
    table = sums.groupby(list(by), sort=False).sum().reset_index()
    for mean in MEAN_COLUMNS:
        of = table.pop(f"of {mean}")
        table[mean] = (table[mean] / of).where(of > 0)
    return table


def _row(
    index: pd.DataFrame, correlation: NDArray[np.float64], motion_g: NDArray[np.float64]
) -> dict[str, Any]:
    hr_bpm = index["hr_bpm"].to_numpy(float)  # NaN throughout without a reference
    error_bpm = np.abs(index["pred_bpm"].to_numpy(float) - hr_bpm)
    bins, _ = np.histogram(hr_bpm[~np.isnan(hr_bpm)], [*HISTOGRAM_BPM, HISTOGRAM_BPM[-1] + 10])
    in_band = {
        band: (motion_g >= lower) & (motion_g < upper)
        for band, (lower, upper) in MOTION_BANDS.items()
    }
    activity = index["activity"].value_counts()
    return {
        **dict(zip(HISTOGRAM_COLUMNS, bins.tolist(), strict=True)),
        "template_correlation": _mean(correlation),
        "good_share": _mean(correlation >= GOOD_CORRELATION),
        "motion_g": _mean(motion_g),
        **{f"windows_{band}": int(where.sum()) for band, where in in_band.items()},
        **{f"peak_mae_{band}_bpm": _mean(error_bpm[where]) for band, where in in_band.items()},
        **{f"windows_{word}": int(activity.get(word, 0)) for word in ACTIVITIES},
    }


def _lags(parts: Sequence[pd.DataFrame]) -> tuple[pd.DataFrame, SharedLag]:
    if not any(len(part) for part in parts):
        return pd.DataFrame(columns=["recording", *LAG_COLUMNS]), SharedLag(0, note=NO_WINDOWS)
    estimates = without_gross_errors(pd.concat(parts))
    names = {name: column for column, name in LAG_NAMES.items()}
    lags = estimate_lags(estimates).rename(columns=names)[["recording", *LAG_COLUMNS]]
    return lags, estimate_shared_lag(estimates)


def _mean(values: NDArray[Any]) -> float:
    return float(values.mean()) if values.size else float("nan")
