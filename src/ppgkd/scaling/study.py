"""The laws of a study: one for each strategy, teacher and family, with their doubt.

The doubt comes from what was sampled: subjects first, the same for all sizes, for every cell is
measured on them; then, for each size, seeds.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ppgkd.scaling.choice import LEVEL, Candidate, candidates, choose, held_out, skill
from ppgkd.scaling.forms import FORMS
from ppgkd.scaling.joint import JOINT_FORMS, fit_joint_law
from ppgkd.scaling.law import Law, fit_law, fit_many

DRAWS = 1000
CURVE_POINTS = 40
GROUP = ["strategy", "teacher", "family"]
SIZES = {"params": "parameters", "macs": "MACs", "onnx_bytes": "ONNX bytes"}
"""What a law may be a function of."""

Array = NDArray[np.float64]


def fit_laws(cells: pd.DataFrame, subject_errors: pd.DataFrame, seed: int = 0) -> dict[str, Any]:
    """Fit all laws of a study.

    Parameters
    ----------
    cells
        Table of `ppgkd.cells.collect_cells`.
    subject_errors
        Table of `ppgkd.cells.collect_subject_errors`.
    seed
        Of the bootstrap.

    Returns
    -------
    dict
        ``laws``, a list with, for each ``strategy, teacher, family``: ``sizes`` and ``mae_bpm``
        of the students; ``forms``, each form's ``parameters`` (``estimate, lower, upper``),
        ``identified``, ``aicc``, ``held_out_ape``, ``scatter`` and ``describe``; the ``chosen``
        one, its ``curve`` with the 90 % interval over subjects and seeds; ``others``, the chosen
        form's laws in MACs and bytes; ``held_out``, the predictions of `held_out`; ``notes`` on
        cells that are missing. Where nothing could be fitted, ``reason`` says why.
        ``skill``: `skill` of all held-out predictions, None without any. ``joint``: laws in
        student and teacher for each strategy and family with several teachers.
    """
    keys = ["strategy", "teacher", "student", "seed"]
    networks = cells[[*keys, "family", *SIZES]].drop_duplicates(keys)  # folds apart, they are one
    table = subject_errors.merge(networks, on=keys)
    laws = [
        _fit_group(dict(zip(GROUP, map(str, key), strict=True)), part, seed)
        for key, part in table.groupby(GROUP, sort=False)
    ]
    predictions = [row for law in laws for row in law.get("held_out", ())]
    return {
        "level": LEVEL,
        "draws": DRAWS,
        "laws": laws,
        "skill": skill(predictions) if predictions else None,
        "joint": _joint(cells, laws),
    }


def _fit_group(key: dict[str, str], table: pd.DataFrame, seed: int) -> dict[str, Any]:
    cube, n_windows, sizes, notes = _error_cube(table)
    result: dict[str, Any] = {**key, "notes": notes, "sizes": [], "mae_bpm": []}
    if not cube.size:
        return {**result, "reason": "no seed has all sizes"}
    params = sizes["params"].to_numpy(np.float64)
    errors = _mae_bpm(cube, np.ones((1, cube.shape[2])), n_windows)[0].mean(axis=1)
    result |= {"sizes": params.astype(int).tolist(), "mae_bpm": errors.tolist()}
    try:
        found = candidates(params, errors)
    except ValueError as error:
        return {**result, "reason": str(error)}
    drawn = _bootstrap(cube, n_windows, seed)
    chosen = choose(found)
    law = found[chosen].law
    return {
        **result,
        "forms": {name: _summary(one, params, drawn) for name, one in found.items()},
        "chosen": chosen,
        "curve": _curve(law, params, drawn),
        "others": {
            name: fit_law(chosen, sizes[name].to_numpy(np.float64), errors).describe()
            for name in SIZES
            if name != "params" and sizes[name].nunique() == len(sizes)
        },
        "held_out": held_out(params, errors),
    }


def _error_cube(table: pd.DataFrame) -> tuple[Array, Array, pd.DataFrame, list[str]]:
    """MAE by size, seed and subject; windows by subject; sizes; notes on what is left out.

    A seed that lacks a size is left out at all sizes: seeds share initial weights and views, so
    sizes would else differ in more than size.
    """
    rows = table.set_index(["params", "seed", "subject"])["mae_bpm"]
    columns = rows.unstack("subject").sort_index()
    present = columns.unstack("seed").notna().T.groupby(level="seed").min()
    whole = pd.Series(present.to_numpy(bool).all(axis=1), index=present.index)
    names = table.groupby("params")["student"].first()
    notes = [
        f"{names[size]}, seed {seed}: not finished; the seed is left out at all sizes"
        for seed in whole.index[~whole]
        for size in names.index
        if (size, seed) not in columns.index or columns.loc[(size, seed)].isna().any()
    ]
    kept = columns[columns.index.get_level_values("seed").isin(whole.index[whole])]
    sizes = table.groupby("params")[[*SIZES]].first().sort_index()
    n_windows = table.groupby("subject")["n_windows"].first().reindex(columns.columns)
    cube = kept.to_numpy(np.float64).reshape(len(sizes), -1, len(n_windows))
    return cube, n_windows.to_numpy(np.float64), sizes, notes


def _mae_bpm(cube: Array, counts: Array, n_windows: Array) -> Array:
    """MAE over windows by draw, size and seed, where a subject is drawn ``counts`` times."""
    weights = counts * n_windows
    return np.asarray(np.einsum("sku,du->dsk", cube, weights) / weights.sum(axis=1)[:, None, None])


def _bootstrap(cube: Array, n_windows: Array, seed: int) -> Array:
    """MAE of each size for drawn subjects and, for each size, drawn seeds: (DRAWS, n_sizes)."""
    rng = np.random.default_rng(seed)
    n_sizes, n_seeds, n_subjects = cube.shape
    counts = rng.multinomial(n_subjects, np.full(n_subjects, 1 / n_subjects), size=DRAWS)
    seeds = rng.integers(n_seeds, size=(DRAWS, n_sizes, n_seeds))
    errors = _mae_bpm(cube, counts.astype(np.float64), n_windows)
    return np.asarray(np.take_along_axis(errors, seeds, axis=2).mean(axis=2))


def _drawn_coordinates(law: Law, params: Array, drawn: Array) -> Array:
    relative = np.log(params) - law.reference
    log_error = np.log(drawn)
    return fit_many(FORMS[law.form], relative, log_error, np.ones_like(drawn), law.reference)


def _summary(candidate: Candidate, params: Array, drawn: Array) -> dict[str, Any]:
    law = candidate.law
    theta = _drawn_coordinates(law, params, drawn)
    natural = FORMS[law.form].natural(theta, law.reference)
    lower, upper = np.quantile(natural, _tails(), axis=0)
    bounds = zip(law.parameters.items(), lower, upper, strict=True)
    return {
        "formula": FORMS[law.form].formula,
        "parameters": {
            name: {"estimate": value, "lower": float(low), "upper": float(high)}
            for (name, value), low, high in bounds
        },
        "identified": law.identified,
        "aicc": law.aicc,
        "held_out_ape": candidate.held_out_ape,
        "scatter": law.scatter,
        "describe": law.describe(),
        "law": law.to_dict(),
    }


def _curve(law: Law, params: Array, drawn: Array) -> dict[str, list[float]]:
    grid = np.geomspace(params.min(), params.max(), CURVE_POINTS)
    theta = _drawn_coordinates(law, params, drawn)
    log_error, _ = FORMS[law.form].curve(theta, np.log(grid) - law.reference, law.reference)
    lower, upper = np.quantile(np.exp(log_error), _tails(), axis=0)
    return {
        "params": grid.tolist(),
        "mae_bpm": law.predict(grid).mean.tolist(),
        "lower_bpm": lower.tolist(),
        "upper_bpm": upper.tolist(),
    }


def _tails() -> list[float]:
    return [(1 - LEVEL) / 2, (1 + LEVEL) / 2]


def _joint(cells: pd.DataFrame, laws: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Laws in student and teacher, where a strategy has several teachers."""
    fitted = {(law["strategy"], law["teacher"], law["family"]): law for law in laws}
    teachers = (
        cells.dropna(subset=["teacher_params"])
        .groupby("teacher")[["teacher_params", "teacher_mae_bpm"]]
        .mean()
    )
    results = []
    for strategy, family in dict.fromkeys((key[0], key[2]) for key in fitted):
        own = {t: law for (s, t, f), law in fitted.items() if (s, f) == (strategy, family)}
        taught = {t: law for t, law in own.items() if t in teachers.index and law["sizes"]}
        if len(taught) < 2:
            continue
        alone = fitted.get(("scratch", "none", family), {})
        from_scratch = dict(zip(alone.get("sizes", ()), alone.get("mae_bpm", ()), strict=True))
        rows = pd.DataFrame(
            [
                {
                    "student": size,
                    "error": error,
                    "teacher": teachers.loc[name, "teacher_params"],
                    "teacher_error": teachers.loc[name, "teacher_mae_bpm"],
                    "student_error": from_scratch.get(size, np.nan),
                }
                for name, law in taught.items()
                for size, error in zip(law["sizes"], law["mae_bpm"], strict=True)
            ]
        ).astype(float)
        for form in JOINT_FORMS.values():
            result: dict[str, Any] = {"strategy": strategy, "family": family, "form": form.name}
            try:
                law = fit_joint_law(
                    form.name, rows["error"], **{name: rows[name] for name in form.needs}
                )
            except ValueError as error:
                results.append({**result, "reason": str(error)})
                continue
            results.append(
                {
                    **result,
                    "formula": form.formula,
                    "parameters": law.parameters,
                    "identified": law.identified,
                    "scatter": law.scatter,
                    "describe": law.describe(),
                    "law": law.to_dict(),
                }
            )
    return results
