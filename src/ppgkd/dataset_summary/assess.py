"""The verdict on a dataset, the same in ``check-dataset`` and in the data report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ppgkd.alignment.shared_lag import SharedLag
from ppgkd.dataset_summary.verdict import (
    Finding,
    Level,
    Verdict,
    assess_lag,
    assess_pulse,
    assess_subjects,
    assess_windows,
    listed,
)
from ppgkd.datasets.own.definition import Definition
from ppgkd.windows.gravity import STILL_G, is_gravity, unit_correction
from ppgkd.windows.segmentation import REJECTION_REASONS

NO_ACC = {"acceleration": None, "acceleration_unit": None, "counts_per_g": None, "zero": None}

TOLD_SHARE = 1e-3
"""Share of missing samples of a recording that is remarked on."""

NO_REFERENCE = (
    "reference: none, so contact, rates and lag are not judged; a study takes these recordings in "
    "the role 'unlabelled' alone, where students learn from a teacher's outputs"
)


def assess_dataset(
    recordings: pd.DataFrame,
    lags: pd.DataFrame,
    shared: SharedLag,
    definition: Definition | None = None,
    *,
    accelerometer: bool = True,
) -> Verdict:
    """Judge a dataset: by ``check-dataset`` and in the data report alike.

    Parameters
    ----------
    recordings
        One row per recording: ``recording, subject, kept``, the number of rejected windows for each
        of `ppgkd.windows.segmentation.REJECTION_REASONS`, `ppgkd.windows.signal_facts.FACTS`,
        `ppgkd.dataset_summary.pulse.PULSE_COLUMNS` and ``pulse_ratio``; and ``reference_lag_s``, if
        a study moved its reference.
    lags
        Result of `ppgkd.alignment.lag.estimate_lags`; empty if no window is usable.
    shared
        Lag of all references.
    definition
        The YAML file of own recordings; None for others.
    accelerometer
        Whether the dataset has one.
    """
    counts = recordings[["kept", *REJECTION_REASONS]].sum()
    reason = str(counts[list(REJECTION_REASONS)].idxmax()).replace("_", " ")
    windows = assess_windows(int(counts["kept"]), int(counts.sum()), f"most are: {reason}")
    dead = _judge_dead(definition, recordings)
    if dead and dead[0].correction:  # what leaves no window may be the dead channels alone
        windows = [replace(finding, level="note") for finding in windows]
    findings = [*windows, *dead, *_judge_lost(recordings)]
    exchanged = _texts(recordings["exchanged"]).ne("").any()
    findings += _judge_acceleration(definition, recordings) if accelerometer else []
    if definition is not None and definition.reference is None:
        findings.append(Finding("note", NO_REFERENCE))
        return Verdict(tuple(findings), {"unlabelled": 1} if counts["kept"] else {})
    if counts["kept"]:
        # with columns exchanged, nothing else can be told
        own_data = definition is not None
        if not exchanged:
            findings += assess_pulse(recordings, own=own_data, accelerometer=accelerometer)
        findings.append(assess_lag(lags, shared))
        own = _lag_so_far(definition, recordings)
        if findings[-1].level == "wrong" and own:
            findings[-1] = _added_lag(findings[-1], own, list(recordings["recording"]))
    subjects, split = assess_subjects(recordings.loc[recordings["kept"] > 0, "subject"].nunique())
    return Verdict((*findings, subjects), split)


def _texts(column: pd.Series) -> pd.Series:
    """Column of texts, in which a CSV has empty cells for empty texts."""
    return column.astype(object).where(column.notna(), "")


def _lag_so_far(
    definition: Definition | None, recordings: pd.DataFrame
) -> float | dict[str, float]:
    """Lag that is corrected already, in the file of own recordings or in the study."""
    if definition is not None:
        return definition.keys.reference_lag_s
    if "reference_lag_s" not in recordings:
        return 0.0
    moved = recordings.set_index("recording")["reference_lag_s"].fillna(0.0)
    return float(moved.iloc[0]) if moved.nunique() == 1 else {str(k): v for k, v in moved.items()}


def _added_lag(finding: Finding, own: float | Mapping[str, float], names: Sequence[str]) -> Finding:
    """The correction, added to that which is made already."""
    more = finding.correction["reference_lag_s"]
    if not isinstance(own, Mapping) and not isinstance(more, Mapping):
        return Finding(finding.level, finding.text, {"reference_lag_s": own + more})
    total = {
        name: sum(x.get(name, 0.0) if isinstance(x, Mapping) else x for x in (own, more))
        for name in names
    }
    return Finding(finding.level, finding.text, {"reference_lag_s": total})


def _judge_dead(definition: Definition | None, recordings: pd.DataFrame) -> list[Finding]:
    dead: dict[str, list[str]] = {}
    for name, channels in zip(recordings["recording"], _texts(recordings["dead"]), strict=True):
        for channel in channels.split():
            dead.setdefault(channel, []).append(str(name))
    if not dead:
        return []
    column_of = _columns(definition)
    told = "; ".join(
        f"{column_of.get(channel, channel)} in {listed(names)}" for channel, names in dead.items()
    )
    text = f"columns: dead, without any change: {told}"
    if definition is None:
        return [Finding("note", text)]
    ppg = [column_of[name] for name in column_of if name.startswith("ppg") and name not in dead]
    acc = [column_of[name] for name in column_of if name.startswith("acc") and name not in dead]
    if not ppg or (acc and len(acc) < len(definition.acceleration)):
        return [Finding("wrong", f"{text}: correct the tables, or leave out these recordings")]
    changes = {"ppg": ppg} if acc or not definition.acceleration else {"ppg": ppg, **NO_ACC}
    keys = _channels(definition, **changes)
    return [Finding("wrong", f"{text}. Leave them out, or these recordings", keys)]


def _columns(definition: Definition | None) -> dict[str, str]:
    """Channel to the column that the file of own recordings names for it."""
    if definition is None:
        return {}
    channels = definition.keys.channels
    names = [f"ppg_{n}" for n in range(1, len(channels.ppg) + 1)] + ["acc_x", "acc_y", "acc_z"]
    return dict(zip(names, [*channels.ppg, *(channels.acceleration or ())], strict=False))


def _judge_lost(recordings: pd.DataFrame) -> list[Finding]:
    share = recordings.set_index("recording")["lost_share"].dropna()
    affected = share[share > TOLD_SHARE].sort_values(ascending=False)
    if not len(affected):
        return []
    text = (
        f"signal: {share.mean():.1%} of the PPG's samples are missing (gaps, lost samples, "
        f"placeholders, clipped or frozen), up to {affected.iloc[0]:.1%} in "
        f"{listed([str(name) for name in affected.index])}; a study does not see them"
    )
    return [Finding("note", text)]


def _judge_acceleration(definition: Definition | None, recordings: pd.DataFrame) -> list[Finding]:
    if _texts(recordings["exchanged"]).ne("").any():
        return [_exchanged(definition, recordings)]
    alive = recordings[~_texts(recordings["dead"]).str.contains("acc")]
    if not len(alive):
        return []  # said of the columns
    still_g = alive.set_index("recording")["still_g"].dropna()
    level: Level = "note" if definition is None else "wrong"  # a reader's units are tested
    if not len(still_g):
        text = "acceleration: its unit cannot be verified, for gravity is not in it, or no second"
        return [Finding("note", f"{text} is still")]
    median_g = float(np.median(still_g))
    expected = f"gravity alone is 1 g, and {STILL_G[0]:g} to {STILL_G[1]:g} g are accepted"
    if not is_gravity(median_g):
        text = f"acceleration: {median_g:.3g} g at rest; {expected}. The unit is another one"
        if definition is None or not median_g:
            return [Finding(level, text)]
        keys = unit_correction(median_g, definition.scale_g[1])
        return [Finding(level, text, _channels(definition, **keys))]
    odd = [str(name) for name, value in still_g.items() if not is_gravity(float(value))]
    if odd:
        return [
            Finding(
                level,
                f"acceleration: {expected}; at rest it is {still_g[odd[0]]:.3g} g in "
                f"{listed(odd)}. Their unit or their axes are not those of the others: correct the "
                "tables, or leave them out",
            )
        ]
    return [Finding("good", f"acceleration: {median_g:.2f} g at rest, as gravity")]


def _exchanged(definition: Definition | None, recordings: pd.DataFrame) -> Finding:
    exchanged = _texts(recordings.set_index("recording")["exchanged"])
    affected = [str(name) for name in exchanged.index[exchanged != ""]]
    pairs = [pair.split("=") for pair in exchanged[affected[0]].split()]
    column_of = _columns(definition)
    text = (
        "columns: "
        + ", ".join(f"{column_of.get(a, a)} and {column_of.get(b, b)}" for a, b in pairs)
        + f" are in place of each other in {listed(affected)}: the acceleration at rest has the "
        "magnitude of gravity only after they are exchanged"
    )
    if definition is None or recordings["still_g"].map(is_gravity).any():
        return Finding("wrong", text + ". Correct these tables")
    n_ppg = len(definition.keys.channels.ppg)
    other = {a: b for pair in pairs for a, b in (pair, pair[::-1])}
    right = [column_of[other.get(name, name)] for name in column_of]
    changes = {"ppg": right[:n_ppg], "acceleration": right[n_ppg:]}
    return Finding("wrong", text, _channels(definition, **changes))


def _channels(definition: Definition, **changes: Any) -> dict[str, Any]:
    """The section ``channels`` of the file with some keys changed."""
    keys = definition.keys.channels.model_dump(exclude_unset=True) | changes
    if changes.get("acceleration_unit", "counts") != "counts":
        keys.pop("counts_per_g", None)
        keys.pop("zero", None)
    return {"channels": {key: value for key, value in keys.items() if value is not None}}
