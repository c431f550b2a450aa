"""The laws of a study: one for each strategy, teacher and family, with their doubt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ppgkd.evaluation.cells import KEYS
from ppgkd.scaling.forms import FORMS
from ppgkd.scaling.joint import JOINT_FORMS, JointLaw, fit_joint_law, resample_joint_law
from ppgkd.scaling.law import Law, fit_law, fit_many
from ppgkd.scaling.model_selection import LEVEL, candidates, choose, held_out, skill
from ppgkd.scaling.sample import DRAWS, SIZES, Ladder, make_ladder, usable

CURVE_POINTS = 40
GROUP = ["strategy", "teacher", "family"]

Array = NDArray[np.float64]
Key = tuple[str, str, str]


def fit_laws(cells: pd.DataFrame, subject_errors: pd.DataFrame, seed: int = 0) -> dict[str, Any]:
    """Fit all laws of a study.

    Parameters
    ----------
    cells
        Table of `ppgkd.evaluation.cells.collect_cells`.
    subject_errors
        Table of `ppgkd.evaluation.cells.collect_subject_errors`.
    seed
        Of the bootstrap.

    Returns
    -------
    dict
        ``laws``, a list with, for each ``strategy, teacher, family``: ``sizes`` and ``mae_bpm``
        of the students; ``forms``, each form's ``parameters`` (``estimate, lower, upper``),
        ``identified``, ``aicc``, ``held_out_ape``, ``scatter`` and ``describe``; the ``chosen``
        one, its ``curve`` with the 90 % interval over subjects and seeds; ``others``, the chosen
        form's laws in MACs and bytes, with their parameters; ``held_out``, the predictions of
        `held_out`; ``notes`` on cells that are missing or cannot be used. Where nothing could be
        fitted, ``reason`` says why.
        ``skill``: `skill` of all held-out predictions, None without any. ``joint``: laws in
        student and teacher for each strategy and family with several teachers.
    """
    ladders = _ladders(cells, subject_errors)
    drawn = {key: ladder.draw(seed) for key, ladder in ladders.items() if ladder.cube.size}
    laws = {key: _fit_group(key, ladder, drawn.get(key)) for key, ladder in ladders.items()}
    predictions = [row for law in laws.values() for row in law.get("held_out", ())]
    return {
        "level": LEVEL,
        "draws": DRAWS,
        "laws": [*laws.values()],
        "skill": skill(predictions) if predictions else None,
        "joint": _joint(cells, laws, drawn),
    }


def _ladders(cells: pd.DataFrame, subject_errors: pd.DataFrame) -> dict[Key, Ladder]:
    networks = cells[[*KEYS, "family", *SIZES]].drop_duplicates(KEYS)  # folds apart, they are one
    sound, left_out = usable(subject_errors)
    errors = sound.merge(networks, on=KEYS)
    seeds = sorted(set(networks["seed"].tolist()))
    ladders = {}
    for key, wanted in networks.groupby(GROUP, sort=False):
        strategy, teacher, family = map(str, key)
        own = {"strategy": strategy, "teacher": teacher}
        bad = left_out[_is(left_out, own)]
        cell = zip(bad["student"].tolist(), bad["seed"].tolist(), strict=True)
        why = dict(zip(cell, bad["why"].tolist(), strict=True))
        part = errors[_is(errors, {**own, "family": family})]
        ladders[strategy, teacher, family] = make_ladder(part, wanted, seeds, why)
    return ladders


def _is(table: pd.DataFrame, values: Mapping[str, str]) -> NDArray[np.bool_]:
    same = [(table[name] == value).to_numpy(bool) for name, value in values.items()]
    return np.asarray(np.logical_and.reduce(same))


def _fit_group(key: Key, ladder: Ladder, drawn: Array | None) -> dict[str, Any]:
    params, errors = ladder.sizes["params"].to_numpy(np.float64), ladder.mae_bpm
    result: dict[str, Any] = {
        **dict(zip(GROUP, key, strict=True)),
        "notes": [*ladder.notes],
        "sizes": [],
        "mae_bpm": [],
    }
    if drawn is None:
        return {**result, "reason": "no seed has all sizes"}
    result |= {"sizes": params.astype(int).tolist(), "mae_bpm": errors.tolist()}
    try:
        found = candidates(params, errors)
    except ValueError as error:
        return {**result, "reason": str(error)}
    thetas = {name: _drawn_coordinates(one.law, params, drawn) for name, one in found.items()}
    chosen = choose(found)
    others = {}
    for name in SIZES[1:]:
        size = ladder.sizes[name].to_numpy(np.float64)
        if len(np.unique(size)) == len(size):
            law = fit_law(chosen, size, errors)
            coordinates = _drawn_coordinates(law, size, drawn)
            others[name] = {
                **_summary(law, coordinates),
                "curve": _curve(law, size, coordinates, name),
            }
    return {
        **result,
        "forms": {
            name: {
                **_summary(one.law, thetas[name]),
                "aicc": one.law.aicc,
                "held_out_ape": one.held_out_ape,
                "law": one.law.to_dict(),
            }
            for name, one in found.items()
        },
        "chosen": chosen,
        "curve": _curve(found[chosen].law, params, thetas[chosen]),
        "others": others,
        "held_out": held_out(params, errors),
    }


def _drawn_coordinates(law: Law, sizes: Array, drawn: Array) -> Array:
    relative = np.log(sizes) - law.reference
    log_error = np.log(drawn)
    return fit_many(FORMS[law.form], relative, log_error, np.ones_like(drawn), law.reference)


def _summary(law: Law, theta: Array) -> dict[str, Any]:
    natural = FORMS[law.form].natural(theta, law.reference)
    return {
        "formula": FORMS[law.form].formula,
        "parameters": _with_intervals(law.parameters, natural),
        "identified": law.identified,
        "scatter": law.scatter,
        "describe": law.describe(),
    }


def _with_intervals(parameters: Mapping[str, float], drawn: Array) -> dict[str, dict[str, float]]:
    lower, upper = np.quantile(drawn, _tails(), axis=0)
    return {
        name: {"estimate": value, "lower": float(low), "upper": float(high)}
        for (name, value), low, high in zip(parameters.items(), lower, upper, strict=True)
    }


def _curve(law: Law, sizes: Array, theta: Array, name: str = "params") -> dict[str, list[float]]:
    grid = np.geomspace(sizes.min(), sizes.max(), CURVE_POINTS)
    log_error, _ = FORMS[law.form].curve(theta, np.log(grid) - law.reference, law.reference)
    lower, upper = np.quantile(np.exp(log_error), _tails(), axis=0)
    return {
        name: grid.tolist(),
        "mae_bpm": law.predict(grid).mean.tolist(),
        "lower_bpm": lower.tolist(),
        "upper_bpm": upper.tolist(),
    }


def _tails() -> list[float]:
    return [(1 - LEVEL) / 2, (1 + LEVEL) / 2]


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
        alone = laws.get(("scratch", "none", family), {})
        from_scratch = dict(zip(alone.get("sizes", ()), alone.get("mae_bpm", ()), strict=True))
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
    """Tell a joint law; its intervals are over subjects and seeds where all it needs was drawn.

    The errors of teachers are not known by subject, so those of a form that needs them are not.
    """
    parameters: Mapping[str, Mapping[str, float | None]]
    if "teacher_error" in columns:
        unknown = {"lower": None, "upper": None}
        parameters = {
            name: {"estimate": value, **unknown} for name, value in law.parameters.items()
        }
    else:
        again = resample_joint_law(law, errors_drawn, **columns)
        parameters = _with_intervals(law.parameters, again)
    return {
        "formula": JOINT_FORMS[law.form].formula,
        "parameters": parameters,
        "identified": law.identified,
        "scatter": law.scatter,
        "describe": law.describe(),
        "law": law.to_dict(),
    }
