"""Intervals over people, which pages and figures leave out where people are few.

The interval of a mean over two or three people looks exact and says nothing of others. One rule
holds for all tables, figures and what these answer: with fewer than `FEW_PEOPLE` an interval is
left out, and a dash stands for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ppgkd.evaluation.few_people import FEW_PEOPLE

Found = Mapping[str, Any]


def are_few(n_people: int) -> bool:
    """Whether people are too few for an interval over them."""
    return n_people < FEW_PEOPLE


def of_table(table: pd.DataFrame, n_people: int) -> pd.DataFrame:
    """Table with columns ``…_lower_bpm`` and ``…_upper_bpm``, which are missing where few."""
    names = map(str, table.columns)
    ends = [name for name in names if name.endswith(("_lower_bpm", "_upper_bpm"))]
    return table.assign(**dict.fromkeys(ends, np.nan)) if are_few(n_people) else table


def of_rows(rows: Sequence[Found], n_people: int, *names: str) -> list[dict[str, Any]]:
    """Rows in which these ends of intervals are None where people are few."""
    blank = dict.fromkeys(names) if are_few(n_people) else {}
    return [{**row, **blank} for row in rows]


def of_laws(fitted: Found, n_people: int) -> Found:
    """Laws of `ppgkd.scaling.fit_laws`: bands of the curves, and intervals of parameters."""
    if not are_few(n_people):
        return fitted
    kinds = {kind: [_of_law(law) for law in fitted.get(kind, ())] for kind in ("laws", "joint")}
    return {**fitted, **kinds}


def of_people(fitted: Found, n_people: int, by_dataset: Mapping[str, int]) -> Found:
    """Curves and laws of `ppgkd.scaling.people.fit_people_laws`.

    Parameters
    ----------
    fitted
        The curves and laws; may be empty.
    n_people
        Number of test people.
    by_dataset
        The same of each dataset.
    """
    if not fitted:
        return fitted
    ends = ("lower_bpm", "upper_bpm")
    split = [
        row
        for one in fitted.get("by_dataset", ())
        for row in of_rows([one], by_dataset.get(one["dataset"], n_people), *ends)
    ]
    gains = of_rows(fitted.get("gains", ()), n_people, *ends, "share_lower", "share_upper")
    curves = of_rows(fitted.get("curves", ()), n_people, *ends)
    laws = of_laws(fitted, n_people)
    return {**laws, "by_dataset": split, "gains": gains, "curves": curves}


def of_quality(quality: Found) -> Found:
    """Assessment of `ppgkd.evaluation.recommended.assess_recommended`, each row by its people."""
    found = dict(quality)
    for kind in ("single", "filtered"):
        part = dict(quality[kind])
        for bands in ("by_motion", "by_heart_rate"):
            part[bands] = [
                row
                for band in part[bands] or ()
                for row in of_rows([band], band["n_subjects"], "mae_lower_bpm", "mae_upper_bpm")
            ]
        curve = of_rows(part["calibration"]["curve"], part["n_subjects"], "lower", "upper")
        part["calibration"] = {**part["calibration"], "curve": curve}
        found[kind] = part
    return {**found, "by_dataset": of_datasets(quality["by_dataset"])}


def of_datasets(rows: Sequence[Found]) -> list[dict[str, Any]]:
    """Rows of `ppgkd.evaluation.by_dataset.errors_by_dataset`, each by its people."""
    return [{name: _of_figure(one, row["n_subjects"]) for name, one in row.items()} for row in rows]


def of_comparisons(compared: Sequence[Found], n_people: int) -> list[dict[str, Any]]:
    """Comparisons of `ppgkd.report.compared.compare_studies`."""
    ends = ("lower_bpm", "upper_bpm")
    return [
        other
        if "students" not in other
        else {
            **other,
            "students": of_rows(other["students"], n_people, *ends),
            "mean": of_rows([other["mean"]], n_people, *ends)[0],
        }
        for other in map(dict, compared)
    ]


def of_claims(claims: Sequence[Found]) -> list[dict[str, Any]]:
    """Claims of `ppgkd.scaling.claims.judge_claims`, each by its people."""
    ends = ("lower", "upper", "p_holm")
    return [
        {**claim, "comparisons": of_rows(claim["comparisons"], claim["n_subjects"], *ends)}
        for claim in claims
    ]


def _of_law(law: Found) -> dict[str, Any]:
    found = dict(law)
    if "twice" in law:
        found["twice"] = {**law["twice"], "lower_bpm": None, "upper_bpm": None}
    for curve in ("curve", "forecast"):
        if law.get(curve):
            kept = law[curve].items()
            found[curve] = {k: v for k, v in kept if k not in ("lower_bpm", "upper_bpm")}
    if "parameters" in law:
        found["parameters"] = {
            name: {**value, "lower": None, "upper": None}
            for name, value in law["parameters"].items()
        }
    for kind in ("forms", "others"):
        if kind in law:
            found[kind] = {name: _of_law(one) for name, one in law[kind].items()}
    return found


def _of_figure(value: Any, n_people: int) -> Any:
    """A figure of a dataset, if it is one: ``estimate``, ``lower`` and ``upper``."""
    is_figure = isinstance(value, Mapping) and "estimate" in value
    return of_rows([value], n_people, "lower", "upper")[0] if is_figure else value
