"""The verdict on own recordings, from what `ppgkd.dataset_summary.check` found in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ppgkd.alignment.shared_lag import SharedLag
from ppgkd.dataset_summary.units import STILL_G, is_gravity, unit_correction
from ppgkd.dataset_summary.verdict import (
    Finding,
    Verdict,
    assess_lag,
    assess_pulse,
    assess_subjects,
    assess_windows,
    listed,
)
from ppgkd.datasets.own.definition import Definition
from ppgkd.datasets.own.sentinels import Fault
from ppgkd.windows.segmentation import REJECTION_REASONS


def assess_own(
    definition: Definition,
    recordings: pd.DataFrame,
    windows: pd.DataFrame,
    lags: pd.DataFrame,
    shared: SharedLag,
    faults: Mapping[str, Sequence[Fault]],
    swaps: Mapping[str, Sequence[tuple[str, str]]],
) -> Verdict:
    """Judge own recordings.

    Parameters
    ----------
    definition
        The YAML file.
    recordings, windows, lags
        As in `ppgkd.dataset_summary.check.DatasetCheck`.
    shared
        Lag of all references.
    faults
        Recording to its samples that are no measurements.
    swaps
        Recording to the channels that were named in place of each other.
    """
    counts = recordings[["kept", *REJECTION_REASONS]].sum()
    reason = str(counts[list(REJECTION_REASONS)].idxmax()).replace("_", " ")
    findings = assess_windows(int(counts["kept"]), int(counts.sum()), f"most are: {reason}")
    findings += _judge_dead(definition, faults)
    findings += _judge_lost(faults)
    findings += _judge_acceleration(definition, recordings, swaps)
    if len(windows):
        pulse = assess_pulse(windows)
        # with columns exchanged, nothing else can be told
        findings += pulse if not any(swaps.values()) else []
        findings.append(assess_lag(lags, shared))
        if findings[-1].level == "wrong" and (own := definition.keys.reference_lag_s):
            findings[-1] = _added_lag(findings[-1], own, list(recordings["recording"]))
    subjects, split = assess_subjects(recordings.loc[recordings["kept"] > 0, "subject"].nunique())
    return Verdict((*findings, subjects), split)


def _added_lag(finding: Finding, own: float | Mapping[str, float], names: Sequence[str]) -> Finding:
    """The correction, added to that which the file has already."""
    more = finding.correction["reference_lag_s"]
    if not isinstance(own, Mapping) and not isinstance(more, Mapping):
        return Finding(finding.level, finding.text, {"reference_lag_s": own + more})
    total = {
        name: sum(x.get(name, 0.0) if isinstance(x, Mapping) else x for x in (own, more))
        for name in names
    }
    return Finding(finding.level, finding.text, {"reference_lag_s": total})


def _judge_dead(definition: Definition, faults: Mapping[str, Sequence[Fault]]) -> list[Finding]:
    dead: dict[str, list[str]] = {}
    for recording, found in faults.items():
        for fault in found:
            if fault.kind == "dead":
                column = definition.ppg[int(fault.channel.removeprefix("ppg_")) - 1]
                dead.setdefault(column, []).append(recording)
    if not dead:
        return []
    told = "; ".join(f"{column} in {listed(names)}" for column, names in dead.items())
    rest = [column for column in definition.ppg if column not in dead]
    text = f"PPG: dead columns, which never change: {told}. Leave out the columns"
    if not rest:
        return [Finding("wrong", f"{text} or the recordings")]
    return [Finding("wrong", f"{text}, or these recordings", _channels(definition, ppg=rest))]


def _judge_lost(faults: Mapping[str, Sequence[Fault]]) -> list[Finding]:
    found = {
        recording: sum(fault.n_samples for fault in of_recording if fault.kind != "dead")
        for recording, of_recording in faults.items()
    }
    affected = [recording for recording, n_samples in found.items() if n_samples]
    if not affected:
        return []
    text = (
        f"signal: {sum(found.values()):,} samples are placeholders, clipped or frozen, in "
        f"{listed(affected)}; they count as missing, and a study does not see them"
    )
    return [Finding("note", text)]


def _judge_acceleration(
    definition: Definition,
    recordings: pd.DataFrame,
    swaps: Mapping[str, Sequence[tuple[str, str]]],
) -> list[Finding]:
    if not definition.acceleration:
        return []
    if any(swaps.values()):
        return [_exchanged(definition, recordings, swaps)]
    still_g = recordings.set_index("recording")["still_g"].dropna()
    if not len(still_g):
        text = "acceleration: its unit cannot be verified, for gravity is not in it, or no second"
        return [Finding("note", f"{text} is still")]
    median_g = float(np.median(still_g))
    expected = f"gravity alone is 1 g, and {STILL_G[0]:g} to {STILL_G[1]:g} g are accepted"
    if not is_gravity(median_g):
        keys = unit_correction(median_g, definition.scale_g[1])
        return [
            Finding(
                "wrong",
                f"acceleration: {median_g:.3g} g at rest; {expected}. The unit is another one",
                _channels(definition, **keys),
            )
        ]
    odd = [str(name) for name, value in still_g.items() if not is_gravity(float(value))]
    if odd:
        return [
            Finding(
                "wrong",
                f"acceleration: {expected}; at rest it is {still_g[odd[0]]:.3g} g in "
                f"{listed(odd)}. Their unit or their axes are not those of the others: correct the "
                "tables, or leave them out of 'files'",
            )
        ]
    return [Finding("good", f"acceleration: {median_g:.2f} g at rest, as gravity")]


def _exchanged(
    definition: Definition,
    recordings: pd.DataFrame,
    swaps: Mapping[str, Sequence[tuple[str, str]]],
) -> Finding:
    channels = definition.keys.channels
    columns = [*channels.ppg, *(channels.acceleration or ())]
    names = [f"ppg_{n}" for n in range(1, len(definition.ppg) + 1)] + ["acc_x", "acc_y", "acc_z"]
    column_of = dict(zip(names, columns, strict=True))
    affected = [recording for recording, pairs in swaps.items() if pairs]
    pairs = swaps[affected[0]]
    other = {a: b for pair in pairs for a, b in (pair, pair[::-1])}
    right = [column_of[other.get(name, name)] for name in names]
    n_ppg = len(definition.ppg)
    text = (
        "columns: "
        + ", ".join(f"{column_of[a]} and {column_of[b]}" for a, b in pairs)
        + f" are in place of each other in {listed(affected)}: the acceleration at rest has the "
        "magnitude of gravity only after they are exchanged"
    )
    if recordings["still_g"].map(is_gravity).any():
        return Finding("wrong", text + ". Correct these tables")
    changes = {"ppg": right[:n_ppg], "acceleration": right[n_ppg:]}
    return Finding("wrong", text, _channels(definition, **changes))


def _channels(definition: Definition, **changes: Any) -> dict[str, Any]:
    """The section ``channels`` of the file with some keys changed."""
    keys = definition.keys.channels.model_dump(exclude_unset=True) | changes
    if changes.get("acceleration_unit", "counts") != "counts":
        keys.pop("counts_per_g", None)
        keys.pop("zero", None)
    return {"channels": keys}
