"""Mixed model of each subject's error on capacity and strategy: does a strategy pay?

A test subject is measured in every cell, so its rows are not independent. Each subject has a
random level, and a random response to each strategy. A seed is a replicate: within a subject, the
cells of one seed share initial weights and views, which is a further random level.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import statsmodels.formula.api as smf

from ppgkd.evaluation.cells import KEYS
from ppgkd.evaluation.few_people import FEW_PEOPLE
from ppgkd.scaling.assumptions import check_assumptions
from ppgkd.scaling.contrasts import BASELINE, compare_strategies
from ppgkd.scaling.sample import usable_cells

LEFT_OUT = "the fit with random effects of seeds and strategies had no solution; they were left out"


def fit_effects(cells: pd.DataFrame, subject_errors: pd.DataFrame) -> dict[str, Any]:
    """Regress the error in BPM on log2 capacity and strategy, and on the teacher if there are more.

    A teacher's term is its difference to the smallest teacher, the same for all strategies; a
    strategy's term is then the mean over the teachers of its cells.

    Parameters
    ----------
    cells
        Table of `ppgkd.evaluation.cells.collect_cells`.
    subject_errors
        Table of `ppgkd.evaluation.cells.collect_subject_errors`.

    Returns
    -------
    dict
        ``formula, n_rows, n_subjects, n_seeds``; the ``contrasts``, ``at_capacity``, ``baseline``
        and ``crossings`` of `ppgkd.scaling.contrasts.compare_strategies`; ``checks`` of the
        model's assumptions (`ppgkd.scaling.assumptions.check_assumptions`); ``terms``, with
        ``name``, ``estimate_bpm``, ``lower_bpm``, ``upper_bpm`` at 95 %, and ``p_value``; the
        standard deviations ``subject_sd_bpm``, ``strategy_sd_bpm`` (between subjects, of their
        response to a strategy), ``seed_sd_bpm`` and ``residual_sd_bpm``; ``warnings`` of the fit,
        and of cells that cannot be used. If there is nothing to compare, ``reason`` says so
        instead.
    """
    networks = cells[[*KEYS, "family", "params"]].drop_duplicates()  # the same in all folds
    errors, left_out = usable_cells(subject_errors)
    notes = [
        f"{strategy}, {teacher}, {student}, seed {seed}: {why}; the cell is left out"
        for strategy, teacher, student, seed, why in left_out.itertuples(index=False, name=None)
    ]
    table = errors.merge(networks, on=KEYS)
    if table.empty:
        return {"reason": "; ".join(["no cell can be used", *notes])}
    table["log2_params"] = np.log2(table["params"].astype(float))
    table["log2_params"] -= table["log2_params"].mean()
    table, teachers = _with_teachers(table, cells)
    counts = {name: int(table[name].nunique()) for name in ("subject", "seed", "strategy")}
    if counts["subject"] < FEW_PEOPLE:
        reason = (
            f"{counts['subject']} test subject{'s' if counts['subject'] > 1 else ''} cannot tell "
            f"the variance between people, which needs at least {FEW_PEOPLE}"
        )
        return {"reason": "; ".join([reason, *notes])}
    formula = _formula(table, [*teachers])
    if formula is None:
        reason = "there is one strategy, one size and one family: nothing to compare"
        return {"reason": "; ".join([reason, *notes])}
    random_effects = {name: f"0 + C({name})" for name in ("seed", "strategy") if counts[name] > 1}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        # where a variance is zero the information matrix is singular; then only the subjects'
        # levels are kept
        for components in (random_effects, {}):
            model, fit = _fit(formula, table, components)
            if fit is not None:
                break
    if fit is None:
        rows = f"{len(table)} rows of {counts['subject']} subjects"
        return {"reason": "; ".join([f"{rows} do not determine the model {formula}", *notes])}
    variances = dict(zip(model.exog_vc.names, fit.vcomp, strict=True)) if components else {}
    intervals = fit.conf_int()
    return {
        "formula": formula,
        "n_rows": len(table),
        "n_subjects": counts["subject"],
        "n_seeds": counts["seed"],
        "terms": [
            {
                "name": teachers.get(term) or _plain_name(term),
                "estimate_bpm": float(fit.fe_params[term]),
                "lower_bpm": float(intervals.loc[term, 0]),
                "upper_bpm": float(intervals.loc[term, 1]),
                "p_value": float(fit.pvalues[term]),
            }
            for term in fit.fe_params.index
        ],
        **compare_strategies(fit, table),
        "checks": check_assumptions(fit, table),
        "subject_sd_bpm": _sd(fit.cov_re.iloc[0, 0]),
        "seed_sd_bpm": _sd(variances.get("seed")),
        "strategy_sd_bpm": _sd(variances.get("strategy")),
        "residual_sd_bpm": _sd(fit.scale),
        "warnings": sorted({str(one.message).split("\n")[0].rstrip(".") for one in caught})
        + ([LEFT_OUT] if random_effects and not components else [])
        + notes,
    }


def _with_teachers(table: pd.DataFrame, cells: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
    """Add a column for each teacher but the smallest; return the names of their terms, too.

    A column is centred over the distilled students and zero for those from scratch, so it changes
    no strategy's mean.
    """
    sizes = cells.groupby("teacher")["teacher_params"].first().drop("none", errors="ignore")
    names = [name for name in sizes.sort_values().index if (table["teacher"] == name).any()]
    distilled = (table["teacher"] != "none").to_numpy(bool)
    table, terms = table.copy(), {}
    for number, name in enumerate(names[1:], start=1):
        has_teacher = (table["teacher"] == name).to_numpy(float)
        centred = has_teacher - has_teacher[distilled].mean()
        table[f"teacher_{number}"] = np.where(distilled, centred, 0.0)
        terms[f"teacher_{number}"] = f"{name} instead of {names[0]}"
    return table, terms


def _fit(formula: str, table: pd.DataFrame, components: dict[str, str]) -> tuple[Any, Any]:
    """Fit by restricted maximum likelihood; None in place of a fit without finite intervals."""
    model = smf.mixedlm(
        formula, table, groups="subject", vc_formula=components or None, re_formula="1"
    )
    try:
        # methods without gradients: these vanish where a variance nears zero, and stop too early
        fit = model.fit(reml=True, method=["powell", "nm"])
        finite = np.isfinite(fit.conf_int().loc[fit.fe_params.index].to_numpy()).all()
    except np.linalg.LinAlgError:
        return model, None
    return model, fit if finite else None


def _sd(variance: float | None) -> float | None:
    return None if variance is None else float(np.sqrt(max(variance, 0)))


def _formula(table: pd.DataFrame, teachers: list[str]) -> str | None:
    terms = []
    if table["params"].nunique() > 1:
        terms.append("log2_params")
    strategies = set(table["strategy"])
    if len(strategies) > 1:
        baseline = BASELINE if BASELINE in strategies else sorted(strategies)[0]
        factor = f"C(strategy, Treatment('{baseline}'))"
        terms = [f"{factor} * log2_params"] if terms else [factor]
    if table["family"].nunique() > 1 and table.groupby("family")["params"].nunique().max() > 1:
        terms.append("C(family)")
    terms += teachers
    return "mae_bpm ~ " + " + ".join(terms) if terms else None


def _plain_name(term: str) -> str:
    """``C(strategy, Treatment('scratch'))[T.soft]:log2_params`` as ``soft x doubling``."""
    parts = []
    for part in term.split(":"):
        if part == "log2_params":
            parts.append("doubling of capacity")
        elif "[T." in part:
            parts.append(part.split("[T.")[1].rstrip("]"))
        else:
            parts.append(part)
    return " x ".join(parts)
