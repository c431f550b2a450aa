"""The laws of a study: one for each strategy, teacher and family, with their uncertainty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ppgkd.evaluation.bootstrap import percentile_interval
from ppgkd.evaluation.cells import KEYS
from ppgkd.scaling.forms import FORMS
from ppgkd.scaling.joint import JOINT_FORMS, JointLaw, fit_joint_law, resample_joint_law
from ppgkd.scaling.law import Law, fit_law, fit_many
from ppgkd.scaling.model_selection import (
    PREDICTION_LEVEL,
    exponential_lead,
    fit_candidates,
    predict_held_out,
    select_form,
    skill_scores,
)
from ppgkd.scaling.sample import DRAWS, SIZE_COLUMNS, SizeSweep, make_size_sweep, usable_cells
from ppgkd.scaling.solver import MAX_EVALUATIONS, FitStatus, Solution

CURVE_POINTS = 40
CURVE_LEVEL = 0.95
"""Level of the bands around the curves: that of the students' own intervals in the same figure."""

PARAMETER_LEVEL = 0.9
GROUP = ["strategy", "teacher", "family"]

Array = NDArray[np.float64]
Key = tuple[str, str, str]


def fit_laws(
    cells: pd.DataFrame,
    subject_errors: pd.DataFrame,
    seed: int = 0,
    *,
    max_evaluations: int = MAX_EVALUATIONS,
) -> dict[str, Any]:
    """Fit all laws of a study.

    Parameters
    ----------
    cells
        Table of `ppgkd.evaluation.cells.collect_cells`.
    subject_errors
        Table of `ppgkd.evaluation.cells.collect_subject_errors`.
    seed
        Of the bootstrap.
    max_evaluations
        Of each form, from each start, in the fits to all sizes.

    Returns
    -------
    dict
        ``laws``, a list with, for each ``strategy, teacher, family``: ``sizes`` and ``mae_bpm``
        of the students; ``forms``, each form's ``parameters`` (``estimate``, and ``lower`` and
        ``upper`` at 90 %), ``identified``, ``aicc``, ``held_out_ape``, ``residual_sd``,
        ``describe``, and ``status`` (`ppgkd.scaling.solver.FitStatus`, and ``draws_converged``,
        the share of the bootstrap's fits that converged); ``exponential_lead``
        (`ppgkd.scaling.model_selection.exponential_lead`); the ``chosen`` form, its ``curve`` with
        the 95 % interval over subjects and seeds; ``others``, the chosen form's laws in MACs and
        bytes of flash, with their parameters; ``held_out``, the predictions of `predict_held_out`;
        ``notes`` on cells that are missing or cannot be used, and on fits that did not converge.
        Where nothing could be fitted, or no fit converged, ``reason`` says why and nothing is
        chosen.
        ``levels`` of the intervals; ``draws``, their number; ``skill``, `skill_scores` of all
        held-out predictions, None without any; ``joint``, laws in student and teacher for each
        strategy and family with several teachers.
    """
    sweeps = _size_sweeps(cells, subject_errors)
    drawn = {key: sweep.draw(seed) for key, sweep in sweeps.items() if sweep.errors_bpm.size}
    laws = {
        key: _fit_group(key, sweep, drawn.get(key), max_evaluations)
        for key, sweep in sweeps.items()
    }
    predictions = [row for law in laws.values() for row in law.get("held_out", ())]
    return {
        "levels": {
            "curve": CURVE_LEVEL,
            "parameters": PARAMETER_LEVEL,
            "prediction": PREDICTION_LEVEL,
        },
        "draws": DRAWS,
        "laws": [*laws.values()],
        "skill": skill_scores(predictions) if predictions else None,
        "joint": _joint(cells, laws, drawn),
    }


def _size_sweeps(cells: pd.DataFrame, subject_errors: pd.DataFrame) -> dict[Key, SizeSweep]:
    networks = cells[[*KEYS, "family", *SIZE_COLUMNS]].drop_duplicates(
        KEYS
    )  # the same in all folds
    kept, left_out = usable_cells(subject_errors)
    errors = kept.merge(networks, on=KEYS)
    seeds = sorted(set(networks["seed"].tolist()))
    sweeps = {}
    for key, wanted in networks.groupby(GROUP, sort=False):
        strategy, teacher, family = map(str, key)
        own = {"strategy": strategy, "teacher": teacher}
        bad = left_out[_is(left_out, own)]
        cell = zip(bad["student"].tolist(), bad["seed"].tolist(), strict=True)
        why = dict(zip(cell, bad["why"].tolist(), strict=True))
        part = errors[_is(errors, {**own, "family": family})]
        sweeps[strategy, teacher, family] = make_size_sweep(part, wanted, seeds, why)
    return sweeps


def _is(table: pd.DataFrame, values: Mapping[str, str]) -> NDArray[np.bool_]:
    same = [(table[name] == value).to_numpy(bool) for name, value in values.items()]
    return np.asarray(np.logical_and.reduce(same))


def _fit_group(
    key: Key, sweep: SizeSweep, drawn: Array | None, max_evaluations: int
) -> dict[str, Any]:
    params, errors = sweep.sizes["params"].to_numpy(np.float64), sweep.mae_bpm
    result: dict[str, Any] = {
        **dict(zip(GROUP, key, strict=True)),
        "notes": [*sweep.notes],
        "sizes": [],
        "mae_bpm": [],
    }
    if drawn is None:
        return {**result, "reason": "no seed has all sizes"}
    result |= {"sizes": params.astype(int).tolist(), "mae_bpm": errors.tolist()}
    try:
        candidates = fit_candidates(params, errors, max_evaluations)
    except ValueError as error:
        return {**result, "reason": str(error)}
    refits = {name: _fit_drawn(one.law, params, drawn) for name, one in candidates.items()}
    result["forms"] = {
        name: {
            **_summary(one.law, refits[name]),
            "aicc": one.law.aicc,
            "held_out_ape": one.held_out_ape,
            "law": one.law.to_dict(),
        }
        for name, one in candidates.items()
    }
    result["exponential_lead"] = exponential_lead(candidates, refits, params, drawn)
    result["notes"] += [
        f"the fit of {name} did not converge ({one.law.status.reason}), so it is not chosen"
        for name, one in candidates.items()
        if not one.law.status.converged
    ]
    try:
        chosen = select_form(candidates)
    except ValueError as error:
        return {**result, "reason": str(error)}
    others = {}
    for name in SIZE_COLUMNS[1:]:
        size = sweep.sizes[name].to_numpy(np.float64)
        if len(np.unique(size)) == len(size):
            law = fit_law(chosen, size, errors)
            refit = _fit_drawn(law, size, drawn)
            others[name] = {**_summary(law, refit), "curve": _curve(law, size, refit, name)}
    return {
        **result,
        "chosen": chosen,
        "curve": _curve(candidates[chosen].law, params, refits[chosen]),
        "others": others,
        "held_out": predict_held_out(params, errors),
    }


def _fit_drawn(law: Law, sizes: Array, drawn: Array) -> Solution:
    """Fit the law's form to the errors of each bootstrap draw."""
    relative = np.log(sizes) - law.reference
    log_error = np.log(drawn)
    return fit_many(FORMS[law.form], relative, log_error, np.ones_like(drawn), law.reference)


def _summary(law: Law, refits: Solution) -> dict[str, Any]:
    natural = FORMS[law.form].natural(refits.coordinates, law.reference)
    return {
        "formula": FORMS[law.form].formula,
        "parameters": _with_intervals(law.parameters, natural),
        "identified": law.identified,
        "residual_sd": law.residual_sd,
        "describe": law.describe(),
        "status": _status(law.status, refits),
    }


def _status(status: FitStatus, refits: Solution) -> dict[str, Any]:
    return {**asdict(status), "draws_converged": float(refits.converged.mean())}


def _with_intervals(parameters: Mapping[str, float], drawn: Array) -> dict[str, dict[str, float]]:
    lower, upper = percentile_interval(drawn, PARAMETER_LEVEL)
    return {
        name: {"estimate": value, "lower": float(low), "upper": float(high)}
        for (name, value), low, high in zip(parameters.items(), lower, upper, strict=True)
    }


def _curve(
    law: Law, sizes: Array, refits: Solution, name: str = "params"
) -> dict[str, list[float]]:
    grid = np.geomspace(sizes.min(), sizes.max(), CURVE_POINTS)
    relative = np.log(grid) - law.reference
    log_error, _ = FORMS[law.form].curve(refits.coordinates, relative, law.reference)
    lower, upper = percentile_interval(np.exp(log_error), CURVE_LEVEL)
    return {
        name: grid.tolist(),
        "mae_bpm": law.predict(grid).mean.tolist(),
        "lower_bpm": lower.tolist(),
        "upper_bpm": upper.tolist(),
    }


def _joint(
    cells: pd.DataFrame, laws: Mapping[Key, Mapping[str, Any]], drawn: Mapping[Key, Array]
) -> list[dict[str, Any]]:
    """Laws in student and teacher, where a strategy has several teachers."""
    teachers = (
        cells.dropna(subset=["teacher_params"])
        .groupby("teacher")[["teacher_params", "teacher_mae_bpm"]]
        .mean()
    )
    results = []
    for strategy, family in dict.fromkeys((key[0], key[2]) for key in laws):
        taught = [
            key
            for key in drawn
            if (key[0], key[2]) == (strategy, family) and key[1] in teachers.index
        ]
        if len(taught) < 2:
            continue
        scratch = laws.get(("scratch", "none", family), {})
        from_scratch = dict(zip(scratch.get("sizes", ()), scratch.get("mae_bpm", ()), strict=True))
        rows = pd.DataFrame(
            [
                {
                    "student": size,
                    "error": error,
                    "teacher": teachers.loc[key[1], "teacher_params"],
                    "teacher_error": teachers.loc[key[1], "teacher_mae_bpm"],
                    "student_error": from_scratch.get(size, np.nan),
                }
                for key in taught
                for size, error in zip(laws[key]["sizes"], laws[key]["mae_bpm"], strict=True)
            ]
        ).astype(float)
        errors_drawn = np.concatenate([drawn[key] for key in taught], axis=1)
        for form in JOINT_FORMS.values():
            result: dict[str, Any] = {"strategy": strategy, "family": family, "form": form.name}
            columns: dict[str, Any] = {name: rows[name].to_numpy() for name in form.needs}
            try:
                law = fit_joint_law(form.name, rows["error"], **columns)
            except ValueError as error:
                results.append({**result, "reason": str(error)})
                continue
            results.append({**result, **_joint_summary(law, errors_drawn, columns)})
    return results


def _joint_summary(
    law: JointLaw, errors_drawn: Array, columns: Mapping[str, Array]
) -> dict[str, Any]:
    """Summary of a joint law, with intervals over subjects and seeds.

    A form that needs the teachers' errors has no intervals, because these errors are not drawn.
    """
    parameters: Mapping[str, Mapping[str, float | None]]
    if "teacher_error" in columns:
        unknown = {"lower": None, "upper": None}
        parameters = {
            name: {"estimate": value, **unknown} for name, value in law.parameters.items()
        }
        status = asdict(law.status)
    else:
        refits = resample_joint_law(law, errors_drawn, **columns)
        parameters = _with_intervals(law.parameters, np.exp(refits.coordinates))
        status = _status(law.status, refits)
    return {
        "formula": JOINT_FORMS[law.form].formula,
        "parameters": parameters,
        "identified": law.identified,
        "residual_sd": law.residual_sd,
        "describe": law.describe(),
        "status": status,
        "law": law.to_dict(),
    }
