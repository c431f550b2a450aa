"""What ppgkd understands of own recordings, before a study spends hours on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ppgkd.alignment.lag import estimate_lags, without_gross_errors
from ppgkd.datasets.dataset import Dataset
from ppgkd.datasets.own.dataset import own_dataset
from ppgkd.datasets.own.definition import Definition, read_definition
from ppgkd.datasets.own.reference import HEART_RANGE_BPM
from ppgkd.datasets.own.tables import OwnRecording, read_with_notes
from ppgkd.windows.preprocessing import WindowSpec
from ppgkd.windows.segmentation import REFERENCE_RANGE_BPM, REJECTION_REASONS, segment_recording
from ppgkd.windows.spectral_peak import peak_beside_motion_bpm, spectral_peak_bpm

SPEC = WindowSpec(length_s=8, stride_s=2, rate_hz=25, low_hz=0.4, high_hz=8)
"""A study's windows, unless it asks for others."""

N_EXAMPLES = 10
LISTED = 20
"""Recordings in the table that is printed; those with the smallest share of usable windows."""

MEANING = {
    "too_short": "the recording ends before the window does",
    "missing": "samples missing, or no numbers",
    "flat": "no PPG channel moves",
    "clipped": "every PPG channel sits at its own extreme for over a quarter of the window",
    "no_reference": "no reference at its centre",
    "reference_out_of_range": "reference outside {:g} to {:g} BPM".format(*REFERENCE_RANGE_BPM),
}


@dataclass(frozen=True, eq=False)
class Example:
    """One usable window.

    Attributes
    ----------
    recording, start_s, hr_bpm, peak_bpm
        Where it is, its reference, and the highest peak of its spectrum.
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
class Check:
    """What was understood.

    Attributes
    ----------
    definition, dataset
        What the YAML file says, and the dataset that it makes.
    recordings
        One row per recording: ``recording, subject, hours, kept`` and each of `REJECTION_REASONS`,
        ``lowest_bpm, highest_bpm`` of the usable windows, ``median_acc_g``,
        ``spectral_peak_mae_bpm``, ``n_values`` and ``n_strange`` of the reference.
    windows
        One row per usable window: ``dataset, subject, recording, role, window, start_s, hr_bpm,
        activity, pred_bpm, beside_bpm``, the last being the spectral peak, and that beside motion.
    lags
        Of `ppgkd.alignment.lag.estimate_lags`, by the spectral peak beside motion.
    notes
        Recording and what its user should know.
    examples
        Some usable windows.
    """

    definition: Definition
    dataset: Dataset
    recordings: pd.DataFrame
    windows: pd.DataFrame
    lags: pd.DataFrame
    notes: tuple[tuple[str, str], ...]
    examples: tuple[Example, ...]

    @property
    def usable(self) -> int:
        """Windows that a study can use."""
        return len(self.windows)

    @property
    def text(self) -> str:
        """What was understood, to be read."""
        return "\n".join(_lines(self))


def check_dataset(path: str | Path) -> Check:
    """Read own recordings, cut them as a study does, and look at what comes out.

    Parameters
    ----------
    path
        YAML file that describes them.

    Raises
    ------
    PpgkdError
        If the file or a table is not as it must be.
    """
    dataset = own_dataset("own", path)
    rows: list[dict[str, Any]] = []
    parts: list[pd.DataFrame] = []
    notes: list[tuple[str, str]] = []
    examples: list[Example] = []
    per_recording = -(-N_EXAMPLES // len(dataset.recordings))
    for found in read_with_notes(dataset.recordings):
        index, signal, dropped = segment_recording(found.recording, SPEC)
        channels = found.recording.channels
        ppg = signal[:, [name.startswith("ppg") for name in channels]]
        acc = signal[:, [name.startswith("acc") for name in channels]]
        index = index.assign(
            pred_bpm=spectral_peak_bpm(ppg, SPEC.rate_hz),
            beside_bpm=peak_beside_motion_bpm(ppg, acc, SPEC.rate_hz),
        )
        rows.append(_row(found, index, dropped))
        parts.append(index)
        notes += [(found.recording.name, note) for note in (*found.notes, *found.reference.notes)]
        examples += _examples(index, signal, channels, per_recording)
    windows = pd.concat(parts, ignore_index=True).assign(dataset="own", role="test")
    return Check(
        definition=read_definition(path),
        dataset=dataset,
        recordings=pd.DataFrame(rows),
        windows=windows,
        lags=_lags(windows) if len(windows) else pd.DataFrame(),
        notes=tuple(notes),
        examples=tuple(examples[place] for place in _evenly(len(examples), N_EXAMPLES)),
    )


def _row(found: OwnRecording, index: pd.DataFrame, dropped: dict[str, int]) -> dict[str, Any]:
    recording, reference = found.recording, found.reference
    error_bpm = (index["pred_bpm"] - index["hr_bpm"]).abs()
    acc = recording.signal[[name.startswith("acc") for name in recording.channels]]
    magnitude_g = np.sqrt(np.square(acc, dtype=np.float64).sum(axis=0))
    known_g = magnitude_g[np.isfinite(magnitude_g)] if len(acc) else np.zeros(0)
    return {
        "recording": recording.name,
        "subject": recording.subject,
        "hours": recording.signal.shape[1] / recording.rate_hz / 3600,
        "kept": len(index),
        **dropped,
        "lowest_bpm": index["hr_bpm"].min(),
        "highest_bpm": index["hr_bpm"].max(),
        "median_acc_g": float(np.median(known_g)) if known_g.size else np.nan,
        "spectral_peak_mae_bpm": error_bpm.mean(),
        "n_values": reference.n_values,
        "n_strange": reference.n_strange,
    }


def _examples(
    index: pd.DataFrame, signal: NDArray[np.float32], channels: tuple[str, ...], wanted: int
) -> Iterator[Example]:
    for place in _evenly(len(index), wanted):
        window = index.iloc[place]
        yield Example(
            window["recording"],
            window["start_s"],
            window["hr_bpm"],
            window["pred_bpm"],
            signal[place].copy(),  # a view would keep all windows in memory
            channels,
        )


def _evenly(there: int, wanted: int) -> list[int]:
    """Places of some of those that are there, from everywhere; the very first and last seldom."""
    count = min(there, wanted)
    return [int((place + 0.5) * there / count) for place in range(count)]


def _lines(check: Check) -> Iterator[str]:
    dataset, table, windows = check.dataset, check.recordings, check.windows
    about = check.definition.about
    cut = int(table[["kept", *REJECTION_REASONS]].to_numpy().sum())
    yield f"{check.definition.path}: {dataset.title}"
    yield f"terms          {dataset.terms} Cite: {dataset.citation}"
    yield (
        f"recordings     {len(table)} of {table['subject'].nunique()} subjects, "
        f"{table['hours'].sum():.2f} h, {table['hours'].min() * 60:.1f} to "
        f"{table['hours'].max() * 60:.1f} min each"
    )
    yield f"sensor         {dataset.rate_hz:g} Hz{_by_whom(about['rate_hz'])}"
    yield (
        f"PPG            {_pairs('ppg', check.definition.ppg)}; a systole "
        f"{about['channels']['systole']}{'' if check.definition.polarity > 0 else ', turned'}"
    )
    yield f"acceleration   {_acceleration(check)}"
    yield f"reference      {_reference(check)}"
    if about["activity"] is not None and check.usable:
        share = windows["activity"].value_counts(normalize=True)
        yield "activity       " + ", ".join(f"{word} {of:.0%}" for word, of in share.items())
    yield (
        f"windows        {SPEC.length_s:g} s every {SPEC.stride_s:g} s: {check.usable:,} of "
        f"{cut:,} usable ({check.usable / max(cut, 1):.1%})"
    )
    for fault in REJECTION_REASONS:
        count = int(table[fault].sum())
        if count:
            yield f"  {fault:<24}{count:>7,} ({count / cut:.1%}): {MEANING[fault]}"
    if check.usable:
        error_bpm = (windows["pred_bpm"] - windows["hr_bpm"]).abs().mean()
        yield (
            f"spectral peak  errs by {error_bpm:.1f} BPM in the mean: what an estimator would that "
            "learns nothing"
        )
        yield f"reference lag  {_lag(check.lags)}"
    yield ""
    yield from _table(table)
    yield from _notes(check.notes)


def _by_whom(declared: float | None) -> str:
    return ", as declared" if declared is not None else ", by the time stamps"


def _pairs(sensor: str, columns: Sequence[str]) -> str:
    return ", ".join(f"{sensor}_{number} = {name}" for number, name in enumerate(columns, start=1))


def _acceleration(check: Check) -> str:
    columns, channels = check.definition.acceleration, check.definition.about["channels"]
    if not columns:
        return "none: only a study with 'inputs: {accelerometer: false}' can use these data"
    unit = channels["acceleration_unit"]
    if unit == "counts":
        unit = f"counts, {channels['counts_per_g']:g} for 1 g and {channels['zero']:g} for none"
    median_g = check.recordings["median_acc_g"]
    return (
        f"acc_x, acc_y, acc_z = {', '.join(columns)} in {unit}; median magnitude "
        f"{median_g.median():.2f} g ({median_g.min():.2f} to {median_g.max():.2f} by recording); "
        "gravity alone is 1"
    )


def _reference(check: Check) -> str:
    rule, table = check.definition.about["reference"], check.recordings
    source = {
        "column": f"column {rule.get('column')}",
        "files": f"files {rule.get('files')}",
        "ecg": f"from the ECG in column {rule.get('ecg', {}).get('column')}",
    }
    (kind,) = [key for key in source if key in rule]
    lower, upper = HEART_RANGE_BPM
    strange, n_values = int(table["n_strange"].sum()), int(table["n_values"].sum())
    outside = f"{strange:,} of {n_values:,} values outside {lower:g} to {upper:g} BPM"
    if not check.usable:
        return f"{source[kind]}: {outside}"
    bpm = check.windows["hr_bpm"]
    return (
        f"{source[kind]}: {bpm.min():.0f} to {bpm.max():.0f} BPM in usable windows, median "
        f"{bpm.median():.0f}; {outside}{', which count as missing' if strange else ''}"
    )


def _lags(windows: pd.DataFrame) -> pd.DataFrame:
    by_beside = windows.assign(pred_bpm=windows["beside_bpm"])
    return estimate_lags(without_gross_errors(by_beside))


def _lag(lags: pd.DataFrame) -> str:
    known, shifted = lags["lag_s"].notna().sum(), lags[lags["flagged"]]
    told = f"could be told in {known} of {len(lags)} recordings"
    if not len(shifted):
        return f"{told}; none is shifted"
    moved = ", ".join(
        f"{recording} {abs(lag_s):g} s {'late' if lag_s > 0 else 'early'}"
        for recording, lag_s in zip(shifted["recording"], shifted["lag_s"].to_list(), strict=True)
    )
    return f"{told}; shifted: {moved} ('reference_lag_s' in a study moves them)"


def _table(table: pd.DataFrame) -> Iterator[str]:
    share = table["kept"] / table[["kept", *REJECTION_REASONS]].sum(axis=1).clip(lower=1)
    shown = pd.DataFrame(
        {
            "recording": table["recording"],
            "subject": table["subject"],
            "min": (table["hours"] * 60).round(1),
            "usable": share.map("{:.0%}".format),
            "BPM": [
                f"{low:.0f} to {high:.0f}" if kept else "-"
                for low, high, kept in zip(
                    table["lowest_bpm"], table["highest_bpm"], table["kept"], strict=True
                )
            ],
            "|acc| g": table["median_acc_g"].map("{:.2f}".format),
            "peak errs": table["spectral_peak_mae_bpm"].map("{:.1f}".format),
        }
    )
    if len(table) > LISTED:
        yield f"The {LISTED} recordings with the smallest share of usable windows:"
        shown = shown.loc[share.sort_values().index[:LISTED]]
    yield from shown.replace("nan", "-").to_string(index=False).splitlines()


def _notes(notes: Sequence[tuple[str, str]]) -> Iterator[str]:
    for number, (recording, note) in enumerate(notes):
        if number == LISTED:
            yield f"note: ... and {len(notes) - LISTED} more"
            return
        yield f"note: {recording}: {note}"
