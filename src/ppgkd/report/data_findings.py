"""What the data report says in words: its answer, and what its figures show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ppgkd.dataset_summary.summary import HISTOGRAM_BPM
from ppgkd.dataset_summary.verdict import Verdict
from ppgkd.report.numbers import decimals, percent
from ppgkd.windows.motion import MOTION_BANDS

Rows = Sequence[Mapping[str, Any]]


def answer(verdicts: Sequence[Verdict]) -> str:
    """Answer whether a study can train on these datasets.

    Parameters
    ----------
    verdicts
        One of each dataset.
    """
    titles = {verdict.title for verdict in verdicts}
    if titles == {"not usable"}:
        return "No: do not train on them"
    if len(titles) > 1:
        return "Not all of them as they are"
    yes = "Yes, as they are" if titles == {"usable"} else "Yes, once they are corrected"
    if len(verdicts) == 1 and "train" not in verdicts[0].split:
        return f"{yes}, but not to train on alone"
    return yes


def heart_rate_finding(datasets: Rows, titles: Mapping[str, str], rare_bpm: int) -> str:
    """Say what the histograms of heart rates show.

    Parameters
    ----------
    datasets
        Rows of `ppgkd.report.data_page.data_rows`, one of each dataset.
    titles
        Dataset to its title.
    rare_bpm
        From where on heart rates are called rare.
    """
    said = []
    for row in datasets:
        counts = row["histogram"]
        if not sum(counts):
            said.append(f"{titles[row['dataset']]}: no reference.")
            continue
        lower, upper = _middle_half(counts)
        rare = sum(n for bpm, n in zip(HISTOGRAM_BPM, counts, strict=True) if bpm >= rare_bpm)
        said.append(
            f"{titles[row['dataset']]}: the middle half of the windows lies from {lower} to "
            f"{upper} BPM, {percent(rare / sum(counts))} at {rare_bpm} BPM and above."
        )
    return "Histogram of the reference. " + " ".join(said)


def difficulty_finding(total: Mapping[str, Any], recordings: Rows) -> str:
    """Say what the error of the spectral peak shows against motion.

    Parameters
    ----------
    total
        Row of all recordings together.
    recordings
        Rows of `ppgkd.report.data_page.data_rows`, one of each recording.
    """
    errors = [row["spectral_peak_mae_bpm"] for row in recordings]
    known = [error for error in errors if error == error]
    ends = dict.fromkeys((decimals(min(known)), decimals(max(known)))) if known else {}
    spread = f" from {' to '.join(ends)} BPM" if len(ends) > 1 else f" {''.join(ends)} BPM"
    bands = {band: total[f"peak_mae_{band}_bpm"] for band in MOTION_BANDS}
    by_motion = [f"{decimals(mae)} BPM {band}" for band, mae in bands.items() if mae == mae]
    moved = f"; by motion it is {', '.join(by_motion)}" if by_motion else ""
    return f"Error of the spectral peak of each recording:{spread}{moved}."


def _middle_half(counts: Sequence[int]) -> tuple[int, int]:
    """Heart rates in BPM between whose bins the middle half of the windows lies."""
    quarter, so_far = sum(counts) / 4, 0
    lower, upper = HISTOGRAM_BPM[0], HISTOGRAM_BPM[-1] + 10
    for bpm, n in zip(HISTOGRAM_BPM, counts, strict=True):
        if so_far <= quarter < so_far + n:
            lower = bpm
        if so_far < 3 * quarter <= so_far + n:
            upper = bpm + 10
        so_far += n
    return lower, upper
