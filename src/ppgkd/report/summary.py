"""The recommended student in words: on whom it was tested, what is not known, why no other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ppgkd.datasets.activity import ACTIVITIES, UNKNOWN
from ppgkd.evaluation.costs import COSTS
from ppgkd.evaluation.few_people import FEW_PEOPLE
from ppgkd.evaluation.quality import HEART_RATE_BANDS
from ppgkd.evaluation.recommendation import VALIDATION_SLACK, Gates, recommend
from ppgkd.report.names import student_name
from ppgkd.report.numbers import about, bpm, percent, plain
from ppgkd.scaling.claims import UNKNOWN as CANNOT_BE_TOLD
from ppgkd.study.roles import BY_DATASET
from ppgkd.study.study import Study

FEW_WINDOWS = 0.02
"""A range of heart rates with a smaller share of the tested windows is said to be rare."""


def tested_people(study: Study, splits: pd.DataFrame, recordings: pd.DataFrame) -> dict[str, Any]:
    """Describe on whom the students were tested.

    Parameters
    ----------
    study
        The study.
    splits
        ``dataset, subject, role``.
    recordings
        Rows of `ppgkd.dataset_summary.summary.summarise_dataset`.

    Returns
    -------
    dict
        ``titles`` of the datasets with test subjects and ``simulated``, those of them that are
        simulated; ``hours`` of their recordings, 0 if not known; ``activities``, the labelled ones
        with their share of the windows, most first.
    """
    tested = splits.loc[splits["role"] == "test", ["dataset", "subject"]].drop_duplicates()
    datasets = [dataset for dataset in study.datasets if dataset.name in set(tested["dataset"])]
    theirs = recordings.merge(tested, on=["dataset", "subject"])
    windows = {word: int(theirs[f"windows_{word}"].sum()) for word in ACTIVITIES}
    kept = max(int(theirs["kept"].sum()), 1)
    labelled = {word: n / kept for word, n in windows.items() if word != UNKNOWN and n}
    return {
        "titles": [dataset.title for dataset in datasets],
        "simulated": [d.title for d in datasets if d.source == "simulated"],
        "hours": float(theirs["hours"].sum()),
        "activities": dict(sorted(labelled.items(), key=lambda item: -item[1])),
    }


def shipped_mae_bpm(study: Study, chosen: Mapping[str, Any], cells: pd.DataFrame) -> float | None:
    """Test MAE of the file that is shipped; None if that is the student's, or nobody is left out.

    Parameters
    ----------
    study
        The study.
    chosen
        The recommended student, whose errors are means over seeds.
    cells
        Table of the cells.
    """
    shipped = study.shipped_cell(chosen["strategy"], chosen["teacher"], chosen["student"])
    if study.config["folds"] or len(study.config["seeds"]) == 1:
        return None
    same = [cells[name] == getattr(shipped, name) for name in ("strategy", "teacher", "student")]
    own = cells.loc[np.logical_and.reduce([*same, cells["seed"] == shipped.seed]), "mae_bpm"]
    return float(own.iloc[0]) if len(own) else None


def not_known(
    study: Study,
    quality: Mapping[str, Any],
    tested: Mapping[str, Any],
    chosen: Mapping[str, Any],
    claims: Sequence[Mapping[str, Any]],
    laws: Sequence[Mapping[str, Any]],
) -> list[str]:
    """List what the study cannot say of the recommended student.

    Parameters
    ----------
    study
        The study.
    quality
        Of `ppgkd.evaluation.recommended.assess_recommended`.
    tested
        Of `tested_people`.
    chosen
        The recommended student.
    claims
        Of `ppgkd.scaling.claims.judge_claims`.
    laws
        Of `ppgkd.scaling.fit_laws`.

    Returns
    -------
    list of str
        Sentences, what matters most first.
    """
    n_people = quality["single"]["n_subjects"]
    return [
        *_of_people(study, n_people, tested),
        *_of_gate(study.config["gates"]["max_mae_bpm"], n_people, chosen),
        *_of_rates(quality["single"]["by_heart_rate"]),
        *_of_device(chosen),
        *_of_size(laws, chosen["family"]),
        *_of_strategies(claims),
    ]


def _of_people(study: Study, n_people: int, tested: Mapping[str, Any]) -> list[str]:
    found = []
    if tested["simulated"]:
        found.append("Anything about real wrists: the people tested are simulated.")
    if n_people < FEW_PEOPLE:
        found.append(f"What other people get: {_people(n_people)} tested, too few to tell.")
    if study.config["folds"] != BY_DATASET and not tested["simulated"]:
        found.append(
            "Another sensor, place of wear or kind of motion: no dataset was left out of training "
            "to be tested on."
        )
    if not tested["activities"] and not tested["simulated"]:
        found.append("In which activities it errs: the recordings have no labels of activity.")
    without = [dataset.title for dataset in study.datasets if not dataset.has_reference]
    if without:
        found.append(f"What it errs by on {', '.join(without)}: there is no reference.")
    return found


def _of_gate(max_mae_bpm: float, n_people: int, chosen: Mapping[str, Any]) -> list[str]:
    """A gate that the mean passes, and the interval does not."""
    upper_bpm = chosen["mae_upper_bpm"]
    if n_people < FEW_PEOPLE or not chosen["mae_bpm"] < max_mae_bpm <= upper_bpm:
        return []
    return [
        f"Whether other people get under {plain(max_mae_bpm)} BPM on average: the interval of the "
        f"error reaches {bpm(upper_bpm)}."
    ]


def _of_rates(bands: Sequence[Mapping[str, Any]]) -> list[str]:
    """Bands of heart rate in which few were tested, or nobody."""
    total = sum(band["n_windows"] for band in bands)
    tested = {
        band["band"]
        for band in bands
        if band["n_windows"] >= FEW_WINDOWS * total and band["n_subjects"] > 1
    }
    rare = [band for band in HEART_RATE_BANDS if band not in tested]
    if not tested or not rare:
        return []
    return [f"Heart rates {_joined(rare)} BPM: hardly any were tested."]


def _of_device(chosen: Mapping[str, Any]) -> list[str]:
    if not isinstance(chosen["measured_on"], str):
        return ["Flash, RAM and instructions on a device: they were not measured."]
    return ["Time and energy on a board: instructions are counted, the rest is estimated."]


def _of_size(laws: Sequence[Mapping[str, Any]], family: str) -> list[str]:
    own = [law for law in laws if law["family"] == family]
    if any("chosen" in law for law in own):
        return []
    sizes = len({size for law in own for size in law["sizes"]})
    trained = "one size was" if sizes == 1 else f"{sizes} sizes were"
    return [f"What other sizes of {family} err by: {trained} trained, too few for a law."]


def _of_strategies(claims: Sequence[Mapping[str, Any]]) -> list[str]:
    open_claims = [claim for claim in claims if claim["verdict"] == CANNOT_BE_TOLD]
    if not open_claims:
        return []
    which = "None" if len(open_claims) == len(claims) else f"{len(open_claims)} of {len(claims)}"
    verb = "can" if which == "None" else "cannot"
    return [f"{which} of the claims on distillation {verb} be told from this study."]


def _joined(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _people(number: int) -> str:
    return "one person was" if number == 1 else f"{number} people were"


def passed_over(gated: pd.DataFrame, gates: Gates) -> str | None:
    """Say why a student that is better on the test subjects was not chosen.

    Parameters
    ----------
    gated
        Table of `ppgkd.evaluation.recommendation.apply_gates`.
    gates
        The bounds.

    Returns
    -------
    str or None
        A sentence on the student with the lowest test MAE among those that err less and cost no
        more than the recommended one; None if there is none.
    """
    chosen = recommend(gated)
    better = gated[(gated["mae_bpm"] < chosen["mae_bpm"]) & (gated["cost"] <= chosen["cost"])]
    if better.empty:
        return None
    other = better.sort_values("mae_bpm", kind="stable").iloc[0]
    affordable = bool(other["small"] and other["fast"] and other["fits"])
    lowest_bpm = gated.loc[gated["small"] & gated["fast"] & gated["fits"], "val_mae_bpm"].min()
    bound_bpm = lowest_bpm * (1 + VALIDATION_SLACK)
    if not affordable:
        why = f"It misses the gate of {_missed(other)}, so it was not considered."
    elif other["val_mae_bpm"] > bound_bpm:
        why = (
            f"On validation people, who decide, it errs by {bpm(other['val_mae_bpm'])} BPM, and "
            f"the lowest is {bpm(lowest_bpm)}: over {percent(VALIDATION_SLACK)} above it. Test "
            "people only judge; to choose by them would make every error here too low."
        )
    else:
        why = (
            f"It costs as much, and on validation people, who decide, it errs by "
            f"{bpm(other['val_mae_bpm'])} BPM in place of {bpm(chosen['val_mae_bpm'])}."
        )
    return (
        f"{student_name(other)} errs less on test people ({bpm(other['mae_bpm'])} BPM) for "
        f"{about(other['cost'])} {COSTS[gates.cost]} in place of {about(chosen['cost'])}. {why}"
    )


def _missed(student: pd.Series) -> str:
    names = {"small": "size", "fits": "cost", "fast": "latency"}
    return " and ".join(word for gate, word in names.items() if not student[gate])
