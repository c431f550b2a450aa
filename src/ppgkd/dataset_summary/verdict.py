"""Whether a study can use a dataset: usable, usable with corrections, or not, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
import yaml

from ppgkd.alignment.shared_lag import SharedLag, lag_correction
from ppgkd.dataset_summary.pulse import MIN_STILL_WINDOWS, has_no_pulse
from ppgkd.evaluation.few_people import FEW_PEOPLE

Level = Literal["wrong", "note", "good"]

MIN_NEAR_WINDOWS = 30
MAX_RATE_ERROR = 0.025
"""Largest deviation from 1 of the median ratio of spectral peak and reference in still windows. It
is below 0.01 in every recording of BAMI."""

MIN_USABLE = 0.5
"""Smallest share of usable windows of a dataset that is not remarked on."""


@dataclass(frozen=True)
class Finding:
    """One thing that was judged.

    Attributes
    ----------
    level
        ``wrong``: a study would learn from wrong data, or from none. ``note``: to be known.
        ``good``: nothing is wrong.
    text
        What was found, and what to do.
    correction
        Keys of the YAML file, or of the dataset in a study, that correct it; empty if nothing in
        them does.
    others_remain
        Whether it is corrected by leaving out the recordings that it names, because others remain.
    """

    level: Level
    text: str
    correction: Mapping[str, Any] = field(default_factory=dict)
    others_remain: bool = False


@dataclass(frozen=True)
class Verdict:
    """What was found about a dataset.

    Attributes
    ----------
    findings
        All that was judged.
    split
        The split or folds to use, as keys of a study.
    """

    findings: tuple[Finding, ...]
    split: Mapping[str, Any]

    @property
    def wrong(self) -> tuple[Finding, ...]:
        """Findings that must be corrected."""
        return tuple(finding for finding in self.findings if finding.level == "wrong")

    @property
    def correction(self) -> dict[str, Any]:
        """Keys that correct all that keys can correct."""
        keys: dict[str, Any] = {}
        for finding in self.wrong:
            for key, value in finding.correction.items():
                old = keys.get(key)
                both = isinstance(old, dict) and isinstance(value, Mapping)
                keys[key] = {**old, **value} if both and old else value
        return keys

    @property
    def title(self) -> str:
        """One of three verdicts."""
        if not self.wrong:
            return "usable"
        if all(finding.correction or finding.others_remain for finding in self.wrong):
            return "usable with corrections"
        return "not usable"

    @property
    def correction_yaml(self) -> str:
        """The corrections as YAML to paste; empty if there are none."""
        return as_yaml(self.correction)

    @property
    def split_yaml(self) -> str:
        """The split as YAML to paste; empty if there are too few subjects."""
        return as_yaml(self.split)


def as_yaml(keys: Mapping[str, Any]) -> str:
    """Keys as YAML, one a line."""
    if not keys:
        return ""
    lines = [
        f"{key}: {yaml.safe_dump(value, default_flow_style=True, width=1000, sort_keys=False)}"
        for key, value in keys.items()
    ]
    return "\n".join(line.removesuffix("\n").removesuffix("\n...").rstrip() for line in lines)


def assess_lag(lags: pd.DataFrame, shared: SharedLag) -> Finding:
    """Judge whether the references lie on the signals in time.

    Parameters
    ----------
    lags
        Result of `ppgkd.alignment.lag.estimate_lags` for one dataset.
    shared
        Lag of all its references.
    """
    correction = lag_correction(lags, shared)
    unjudged = [str(name) for name in lags.loc[lags["lag_s"].isna(), "recording"]]
    rest = f"; not judged by itself: {listed(unjudged)}" if unjudged else ""
    if np.isnan(shared.lag_s) and not correction:
        return Finding("note", f"reference lag: not judged ({shared.note}){rest}")
    if not correction:
        return Finding(
            "good",
            f"reference lag: {_signed(shared.lag_s)} s for all recordings together "
            f"({_signed(shared.lower_s)} to {_signed(shared.upper_s)} s): none to correct{rest}",
        )
    if shared.is_shifted:
        word = "late" if shared.lag_s > 0 else "early"
        text = (
            f"reference lag: all references together are {abs(shared.lag_s):g} s {word} "
            f"({_signed(shared.lower_s)} to {_signed(shared.upper_s)} s); the motion-corrected "
            f"spectral peak errs by {shared.mae_bpm:.2f} BPM, and by {shared.mae_at_lag_bpm:.2f} "
            "BPM with the correction"
        )
    else:
        shifted = [str(name) for name in lags.loc[lags["flagged"], "recording"]]
        text = f"reference lag: shifted by themselves: {listed(shifted)}"
    return Finding("wrong", text + rest, {"reference_lag_s": correction})


def assess_pulse(
    recordings: pd.DataFrame, *, own: bool = True, accelerometer: bool = True
) -> list[Finding]:
    """Judge contact and sampling rate: whether the PPG of a still wrist has the reference's pulse.

    Parameters
    ----------
    recordings
        ``recording``, the columns of `ppgkd.dataset_summary.pulse.count_pulse_windows`, and
        ``pulse_ratio``, the same in all rows.
    own
        Whether these are own recordings, whose description may be wrong. A registered dataset's
        reader is tested: without a pulse, the contact was poor.
    accelerometer
        Whether the dataset has one; without, no wrist is known to be still.
    """
    no_pulse = has_no_pulse(recordings)
    without = [str(name) for name in recordings.loc[no_pulse, "recording"]]
    n_still, n_pulse = recordings["still_windows"].sum(), recordings["pulse_windows"].sum()
    findings: list[Finding] = []
    if without:
        text = (
            "contact: no pulse that agrees with the reference, although the wrist is still, in "
            f"{listed(without)}"
        )
        causes = (
            ". The sensor was off the wrist, or the columns of the PPG, the sampling rate or the "
            "reference are not those of the recording. Leave these recordings out, or correct the "
            "columns"
        )
        others = len(without) < len(recordings)
        findings.append(
            Finding("wrong", text + causes, others_remain=others)
            if own
            else Finding("note", f"{text}: poor contact, or a sensor that is not still")
        )
    elif (recordings["still_windows"] >= MIN_STILL_WINDOWS).any():
        findings.append(
            Finding(
                "good",
                f"contact: the pulse agrees with the reference in {n_pulse / n_still:.0%} of "
                f"{n_still:,.0f} windows of a still wrist",
            )
        )
    else:
        why = "the wrist is rarely still" if accelerometer else "there is no accelerometer"
        findings.append(Finding("note", f"contact: not judged, for {why}"))
    constant = recordings["constant_reference"].astype(bool)
    if constant.any():
        findings.append(
            Finding(
                "wrong",
                "reference: one value throughout in "
                f"{listed([str(name) for name in recordings.loc[constant, 'recording']])}, which "
                "no heart has. The strap had no contact, or the column is another one. Leave these "
                "recordings out, or correct the column",
                others_remain=not constant.all(),
            )
        )
    n_near = recordings.loc[~no_pulse, "pulse_windows"].sum()
    error = float(recordings["pulse_ratio"].iloc[0]) - 1
    if n_near >= MIN_NEAR_WINDOWS and abs(error) > MAX_RATE_ERROR:
        findings.append(
            Finding(
                "wrong",
                f"rates: the pulse is {100 * error:+.1f} % off the reference throughout. The "
                "sampling rate, or the reference, is wrong by as much: correct 'rate_hz' or the "
                "time stamps",
            )
        )
    return findings


def assess_windows(n_usable: int, n_windows: int, main_reason: str) -> list[Finding]:
    """Judge how many windows are usable."""
    if not n_usable:
        return [Finding("wrong", f"windows: none is usable ({main_reason})")]
    if n_usable < MIN_USABLE * n_windows:
        share = n_usable / n_windows
        return [Finding("note", f"windows: only {share:.0%} are usable ({main_reason})")]
    return []


def assess_subjects(n_subjects: int) -> tuple[Finding, dict[str, Any]]:
    """Judge how many subjects there are, and choose the split or folds.

    Returns
    -------
    finding
        For the user.
    keys
        ``train``, ``val`` and ``test`` of the dataset and, with folds, ``folds`` of the study.
    """
    if n_subjects < 3:
        return (
            Finding(
                "note",
                f"subjects: {n_subjects}; a study needs one at least to train, to validate and to "
                "test on, so 3, or another dataset beside this one. Use these to test students of "
                "another study",
            ),
            {},
        )
    if n_subjects < 10:
        folds = n_subjects
    elif n_subjects < 25:
        folds = 5
    else:
        n_test = round(0.2 * n_subjects)
        text = f"subjects: {n_subjects}; one split tests on {n_test} of them"
        return Finding("good", text), {"train": 0.6, "val": 0.2, "test": 0.2}
    test = round(1 / folds, 4)
    keys = {"folds": folds, "train": round(1 - 2 * test, 4), "val": test, "test": test}
    few = ""
    if n_subjects < FEW_PEOPLE:
        few = f", but an interval over {n_subjects} people says little about others"
    text = (
        f"subjects: {n_subjects}; {folds} folds test on each of them once{few}. One split of 60, "
        f"20 and 20 % would test on {max(round(0.2 * n_subjects), 1)}"
    )
    return Finding("note" if few else "good", text), keys


def listed(names: Sequence[str], most: int = 6) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _signed(seconds: float) -> str:
    """A lag with its sign; what rounds to zero has none."""
    return f"{seconds:+.1f}" if abs(seconds) >= 0.05 else "0.0"
