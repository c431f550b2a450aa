"""The text that ``ppgkd check-dataset`` prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from ppgkd.alignment.lag import MIN_OTHERS
from ppgkd.alignment.shared_lag import SharedLag
from ppgkd.dataset_summary.check import SPEC, DatasetCheck
from ppgkd.datasets.own.files import WAVEFORM_SUFFIXES
from ppgkd.datasets.recording import PLAUSIBLE_BPM
from ppgkd.windows.segmentation import LABEL_RANGE_BPM, REJECTION_REASONS

MAX_LISTED = 20
"""Most recordings in the table, those with the smallest fraction of usable windows first; most
notes."""

EXPLANATIONS = {
    "too_short": "the recording ends before the window does",
    "missing": "samples are missing or not numbers",
    "flat": "every PPG channel is constant",
    "clipped": "every PPG channel is at its minimum or maximum for over a quarter of the window",
    "no_reference": "no reference at the centre of the window",
    "reference_out_of_range": "reference outside {:g} to {:g} BPM".format(*LABEL_RANGE_BPM),
}


def format_check(check: DatasetCheck) -> str:
    """Format the result of `ppgkd.dataset_summary.check.check_dataset` as lines of text."""
    parts = [*_overview(check), "", *_table(check.recordings), *_notes(check.notes)]
    return "\n".join([*parts, "", *_verdict(check)])


def _overview(check: DatasetCheck) -> Iterator[str]:
    dataset, table, windows = check.dataset, check.recordings, check.windows
    keys = check.definition.keys
    n_windows = int(table[["kept", *REJECTION_REASONS]].to_numpy().sum())
    yield f"{check.definition.path}: {dataset.title}"
    yield f"terms          {dataset.terms} Cite: {dataset.citation}"
    yield (
        f"recordings     {len(table)} of {table['subject'].nunique()} subjects, "
        f"{table['hours'].sum():.2f} h, {table['hours'].min() * 60:.1f} to "
        f"{table['hours'].max() * 60:.1f} min each"
    )
    of_waveforms = Path(dataset.recordings[0].files[1].path).suffix.lower() in WAVEFORM_SUFFIXES
    measured = "by the files' headers" if of_waveforms else "by the time stamps"
    rate_source = "as declared" if keys.rate_hz is not None else measured
    yield f"sensor         {dataset.rate_hz:g} Hz, {rate_source}"
    ppg = ", ".join(f"ppg_{n} = {name}" for n, name in enumerate(check.definition.ppg, start=1))
    inverted = "" if check.definition.polarity > 0 else ", so the signal is inverted"
    yield f"PPG            {ppg}; it {keys.channels.systole} at a systole{inverted}"
    yield f"acceleration   {_acceleration(check)}"
    yield f"reference      {_reference(check)}"
    if keys.activity is not None and check.n_usable:
        fractions = windows["activity"].value_counts(normalize=True)
        yield "activity       " + ", ".join(
            f"{word} {part:.0%}" for word, part in fractions.items()
        )
    yield (
        f"windows        {SPEC.length_s:g} s every {SPEC.stride_s:g} s: {check.n_usable:,} of "
        f"{n_windows:,} usable ({check.n_usable / max(n_windows, 1):.1%})"
    )
    for reason in REJECTION_REASONS:
        count = int(table[reason].sum())
        if count:
            yield f"  {reason:<24}{count:>7,} ({count / n_windows:.1%}): {EXPLANATIONS[reason]}"
    if check.n_usable and check.dataset.has_reference:
        mae_bpm = (windows["pred_bpm"] - windows["hr_bpm"]).abs().mean()
        yield f"spectral peak  MAE {mae_bpm:.1f} BPM, the baseline without learning"
        yield f"reference lag  {_lag(check.lags, check.shared_lag)}"


def _acceleration(check: DatasetCheck) -> str:
    columns, channels = check.definition.acceleration, check.definition.keys.channels
    if not columns:
        return (
            "none: a study can use these data with 'inputs: {accelerometer: false}', or, if the "
            "sensor was held still, with 'acceleration: still'"
        )
    unit: str | None = channels.acceleration_unit
    if unit == "counts":
        unit = f"counts, {channels.counts_per_g:g} per g, {channels.zero:g} at 0 g"
    median_g = check.recordings["median_acc_g"]
    return (
        f"acc_x, acc_y, acc_z = {', '.join(columns)} in {unit}; median magnitude "
        f"{median_g.median():.2f} g ({median_g.min():.2f} to {median_g.max():.2f} by recording); "
        "gravity alone is 1 g"
    )


def _reference(check: DatasetCheck) -> str:
    rule, table = check.definition.reference, check.recordings
    if rule is None:
        return "none: a study takes these recordings as unlabelled, and a teacher tells their rates"
    sources = {
        "column": f"column {rule.column}",
        "files": f"files {rule.files}",
        "ecg": f"from the ECG in column {rule.ecg and rule.ecg.column}",
        "beats": f"from beats, {rule.beats and (rule.beats.files or rule.beats.annotations)}",
    }
    source = sources[rule.kind]
    lower, upper = PLAUSIBLE_BPM
    n_implausible, n_values = int(table["n_implausible"].sum()), int(table["n_values"].sum())
    outside = f"{n_implausible:,} of {n_values:,} values outside {lower:g} to {upper:g} BPM"
    if not check.n_usable:
        return f"{source}: {outside}"
    bpm = check.windows["hr_bpm"]
    return (
        f"{source}: {bpm.min():.0f} to {bpm.max():.0f} BPM in usable windows, median "
        f"{bpm.median():.0f}; {outside}{', which count as missing' if n_implausible else ''}"
    )


def _lag(lags: pd.DataFrame, shared: SharedLag) -> str:
    n_identified, flagged = lags["lag_s"].notna().sum(), lags[lags["flagged"]]
    identified = f"identified in {n_identified} of {len(lags)} recordings"
    if shared.note:
        together = f"of all together {shared.note}"
    else:
        together = (
            f"of all together {shared.lag_s:+.1f} s ({shared.lower_s:+.1f} to "
            f"{shared.upper_s:+.1f} s)"
        )
    if not len(flagged):
        alone = "; no recording differs from the others" if len(lags) > MIN_OTHERS else ""
        return f"{together}; {identified}{alone}"
    shifts = ", ".join(
        f"{recording} {abs(lag_s):g} s {'late' if lag_s > 0 else 'early'}"
        for recording, lag_s in zip(flagged["recording"], flagged["lag_s"].to_list(), strict=True)
    )
    return f"{together}; {identified}; shifted: {shifts}"


def _verdict(check: DatasetCheck) -> Iterator[str]:
    verdict = check.verdict
    yield f"VERDICT: {verdict.title}"
    marks = {"wrong": "WRONG", "note": "note", "good": "ok"}
    for finding in verdict.findings:
        yield f"  {marks[finding.level]:<6}{finding.text}."
    if verdict.correction:
        yield f"Put into {check.definition.path}, in place of the same keys:"
        yield from (f"  {line}" for line in verdict.correction_yaml.splitlines())
    if verdict.split:
        keys = dict(verdict.split)
        folds = keys.pop("folds", None)
        shares = ", ".join(f"{role}: {share}" for role, share in keys.items())
        yield "Use in a study:"
        yield f"  datasets: {{own: {{file: {check.definition.path}, {shares}}}}}"
        if folds:
            yield f"  folds: {folds}"


def _table(table: pd.DataFrame) -> Iterator[str]:
    usable = table["kept"] / table[["kept", *REJECTION_REASONS]].sum(axis=1).clip(lower=1)
    shown = pd.DataFrame(
        {
            "recording": table["recording"],
            "subject": table["subject"],
            "min": (table["hours"] * 60).round(1),
            "usable": usable.map("{:.0%}".format),
            "BPM": [
                f"{low:.0f} to {high:.0f}" if kept and low == low else "-"
                for low, high, kept in zip(
                    table["lowest_bpm"], table["highest_bpm"], table["kept"], strict=True
                )
            ],
            "|acc| g": table["median_acc_g"].map("{:.2f}".format),
            "peak MAE": table["spectral_peak_mae_bpm"].map("{:.1f}".format),
        }
    )
    if len(table) > MAX_LISTED:
        yield f"The {MAX_LISTED} recordings with the smallest fraction of usable windows:"
        shown = shown.loc[usable.sort_values().index[:MAX_LISTED]]
    yield from shown.replace("nan", "-").to_string(index=False).splitlines()


def _notes(notes: Sequence[tuple[str, str]]) -> Iterator[str]:
    for recording, note in notes[:MAX_LISTED]:
        yield f"note: {recording}: {note}"
    if len(notes) > MAX_LISTED:
        yield f"note: ... and {len(notes) - MAX_LISTED} more"
