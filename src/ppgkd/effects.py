"""Does a strategy pay? A mixed model of each subject's error on capacity and strategy.

A test subject is measured in every cell, so its rows are not independent: each subject has its
own level, and its own answer to each strategy, both drawn at random from a population. A seed is a
replicate: within a subject, the cells of one seed share initial weights and views, which is a
further random level.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import statsmodels.formula.api as smf

BASELINE = "scratch"
LEFT_OUT = "with seeds and answers to strategies it had no solution; they are left out"


def fit_effects(cells: pd.DataFrame, subject_errors: pd.DataFrame) -> dict[str, Any]:
    """Regress the error in BPM on log2 capacity and strategy.

    Parameters
    ----------
    cells
        Table of `ppgkd.cells.collect_cells`.
    subject_errors
        Table of `ppgkd.cells.collect_subject_errors`.

    Returns
    -------
    dict
        ``formula, n_rows, n_subjects, n_seeds``; ``terms``, a list with ``name``,
        ``estimate_bpm``, ``lower_bpm``, ``upper_bpm`` at 95 %, and ``p_value``; the standard
        deviations ``subject_sd_bpm``, ``strategy_sd_bpm`` (between subjects in what a strategy
        does to them), ``seed_sd_bpm`` and ``residual_sd_bpm``; ``warnings`` of the fit. If there
        is nothing to compare, ``reason`` says so instead.
    """
    keys = ["strategy", "teacher", "student", "seed"]
    networks = cells[[*keys, "family", "params"]].drop_duplicates()  # folds apart, they are one
    table = subject_errors.merge(networks, on=keys)
    table["log2_params"] = np.log2(table["params"].astype(float))
    table["log2_params"] -= table["log2_params"].mean()
    counts = {name: int(table[name].nunique()) for name in ("subject", "seed", "strategy")}
    if counts["subject"] < 2:
        return {"reason": "a mixed model needs at least two test subjects, found one"}
    formula = _formula(table)
    if formula is None:
        return {"reason": "there is one strategy, one size and one family: nothing to compare"}
    everything = {name: f"0 + C({name})" for name in ("seed", "strategy") if counts[name] > 1}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        # where a variance is zero the information is singular; then the levels of the subjects
        # alone are what the data tell
        for components in (everything, {}):
            model, fit = _fit(formula, table, components)
            if fit is not None:
                break
    if fit is None:
        return {
            "reason": f"{len(table)} rows of {counts['subject']} subjects do not determine the "
            f"model {formula}"
        }
    variances = dict(zip(model.exog_vc.names, fit.vcomp, strict=True)) if components else {}
    intervals = fit.conf_int()
    return {
        "formula": formula,
        "n_rows": len(table),
        "n_subjects": counts["subject"],
        "n_seeds": counts["seed"],
        "terms": [
            {
                "name": _plain_name(term),
                "estimate_bpm": float(fit.fe_params[term]),
                "lower_bpm": float(intervals.loc[term, 0]),
                "upper_bpm": float(intervals.loc[term, 1]),
                "p_value": float(fit.pvalues[term]),
            }
            for term in fit.fe_params.index
        ],
        "subject_sd_bpm": _sd(fit.cov_re.iloc[0, 0]),
        "seed_sd_bpm": _sd(variances.get("seed")),
        "strategy_sd_bpm": _sd(variances.get("strategy")),
        "residual_sd_bpm": _sd(fit.scale),
        "warnings": sorted({str(one.message).split("\n")[0].rstrip(".") for one in caught})
        + ([LEFT_OUT] if everything and not components else []),
    }


def _fit(formula: str, table: pd.DataFrame, components: dict[str, str]) -> tuple[Any, Any]:
    """Fit by restricted maximum likelihood; None in place of a fit without finite intervals."""
    model = smf.mixedlm(
        formula, table, groups="subject", vc_formula=components or None, re_formula="1"
    )
    try:
        # by value alone: gradients vanish where a variance nears zero, and stop short of it
        fit = model.fit(reml=True, method=["powell", "nm"])
        finite = np.isfinite(fit.conf_int().loc[fit.fe_params.index].to_numpy()).all()
    except np.linalg.LinAlgError:
        return model, None
    return model, fit if finite else None


def _sd(variance: float | None) -> float | None:
    return None if variance is None else float(np.sqrt(max(variance, 0)))


def _formula(table: pd.DataFrame) -> str | None:
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
