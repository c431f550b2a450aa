"""Does a strategy pay? A mixed model of each subject's error on capacity and strategy.

A test subject is measured in every cell, so its rows are not independent: each subject has its
own level, and its own answer to each strategy, both drawn at random from a population. A seed is a
replicate: within a subject, the cells of one seed share initial weights and views, which is a
further random level.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import statsmodels.formula.api as smf
from numpy.typing import NDArray
from scipy import stats
from statsmodels.stats.multitest import multipletests

from ppgkd.evaluation.cells import KEYS
from ppgkd.scaling.sample import usable

BASELINE = "scratch"
NORMAL_95 = float(stats.norm.ppf(0.975))
QUANTILES = 99
LEFT_OUT = "with seeds and answers to strategies it had no solution; they are left out"


def fit_effects(cells: pd.DataFrame, subject_errors: pd.DataFrame) -> dict[str, Any]:
    """Regress the error in BPM on log2 capacity and strategy, and on the teacher if there are more.

    A teacher's term is its difference to the smallest one, the same for all strategies; a
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
        ``formula, n_rows, n_subjects, n_seeds``; ``contrasts`` of every pair of strategies at the
        mean capacity and, in ``at_capacity``, of every strategy to the ``baseline`` at each
        capacity, with Holm's correction; ``crossings``, where a strategy starts or stops paying;
        ``checks`` of the model's assumptions (`check_assumptions`); ``terms``, with ``name``,
        ``estimate_bpm``, ``lower_bpm``, ``upper_bpm`` at 95 %, and ``p_value``; the standard
        deviations ``subject_sd_bpm``, ``strategy_sd_bpm`` (between subjects in what a strategy
        does to them), ``seed_sd_bpm`` and ``residual_sd_bpm``; ``warnings`` of the fit, and of
        cells whose errors cannot be used. If there is nothing to compare, ``reason`` says so
        instead.
    """
    networks = cells[[*KEYS, "family", "params"]].drop_duplicates()  # folds apart, they are one
    errors, left_out = usable(subject_errors)
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
    if counts["subject"] < 2:
        reason = "a mixed model needs at least two test subjects, found one"
        return {"reason": "; ".join([reason, *notes])}
    formula = _formula(table, [*teachers])
    if formula is None:
        reason = "there is one strategy, one size and one family: nothing to compare"
        return {"reason": "; ".join([reason, *notes])}
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
        **_inference(fit, table),
        "checks": check_assumptions(fit, table),
        "subject_sd_bpm": _sd(fit.cov_re.iloc[0, 0]),
        "seed_sd_bpm": _sd(variances.get("seed")),
        "strategy_sd_bpm": _sd(variances.get("strategy")),
        "residual_sd_bpm": _sd(fit.scale),
        "warnings": sorted({str(one.message).split("\n")[0].rstrip(".") for one in caught})
        + ([LEFT_OUT] if everything and not components else [])
        + notes,
    }


def _with_teachers(table: pd.DataFrame, cells: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
    """Give a column for each teacher but the smallest, and what to call its effect.

    A column is centred over what was taught and zero for what was not: it changes no strategy's
    mean.
    """
    sizes = cells.groupby("teacher")["teacher_params"].first().drop("none", errors="ignore")
    names = [name for name in sizes.sort_values().index if (table["teacher"] == name).any()]
    taught = (table["teacher"] != "none").to_numpy(bool)
    table, terms = table.copy(), {}
    for number, name in enumerate(names[1:], start=1):
        its_own = (table["teacher"] == name).to_numpy(float)
        table[f"teacher_{number}"] = np.where(taught, its_own - its_own[taught].mean(), 0.0)
        terms[f"teacher_{number}"] = f"{name} instead of {names[0]}"
    return table, terms


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


def _inference(fit: Any, table: pd.DataFrame) -> dict[str, Any]:
    """Differences between strategies, from the fixed effects and their covariance."""
    strategies = sorted(table["strategy"].unique(), key=lambda name: (name != BASELINE, name))
    if len(strategies) < 2:
        return {"contrasts": [], "at_capacity": [], "crossings": []}
    names = [*fit.fe_params.index]
    estimates = fit.fe_params.to_numpy(float)
    covariance = fit.cov_params().loc[names, names].to_numpy(float)

    def row_of(strategy: str, log2_params: float) -> NDArray[np.float64]:
        row = np.zeros(len(names))
        for index, name in enumerate(names):
            if f"[T.{strategy}]" in name and "strategy" in name:
                row[index] = log2_params if "log2_params" in name else 1.0
        return row

    def difference(one: str, other: str, log2_params: float) -> dict[str, Any]:
        row = row_of(one, log2_params) - row_of(other, log2_params)
        estimate, sd = float(row @ estimates), float(np.sqrt(row @ covariance @ row))
        reach = NORMAL_95 * sd
        return {
            "strategy": one,
            "to": other,
            "difference_bpm": estimate,
            "lower_bpm": estimate - reach,
            "upper_bpm": estimate + reach,
            "p_value": float(2 * stats.norm.sf(abs(estimate) / sd)) if sd > 0 else 1.0,
        }

    pairs = [difference(one, other, 0.0) for other, one in combinations(strategies, 2)]
    baseline, others = strategies[0], strategies[1:]
    places = table.groupby("params")["log2_params"].first()
    at_capacity = [
        {"params": params, **difference(strategy, baseline, place)}
        for strategy in others
        for params, place in zip(places.index.tolist(), places.tolist(), strict=True)
    ]
    return {
        "baseline": baseline,
        "contrasts": _holm(pairs),
        "at_capacity": _holm(at_capacity),
        "crossings": [
            _crossing(strategy, row_of(strategy, 0.0), row_of, estimates, covariance, places)
            for strategy in others
        ],
    }


def _crossing(
    strategy: str,
    at_mean: NDArray[np.float64],
    row_of: Callable[[str, float], NDArray[np.float64]],
    estimates: NDArray[np.float64],
    covariance: NDArray[np.float64],
    places: pd.Series,
) -> dict[str, Any]:
    """Capacity at which a strategy's difference to the baseline changes its sign."""
    per_doubling = row_of(strategy, 1.0) - at_mean
    difference, slope = float(at_mean @ estimates), float(per_doubling @ estimates)
    nothing = {"strategy": strategy, "params": None, "lower_params": None, "upper_params": None}
    if slope == 0:
        return {**nothing, "says": "the difference does not change with capacity"}
    place = -difference / slope
    gradient = -(at_mean + place * per_doubling) / slope
    sd = float(np.sqrt(gradient @ covariance @ gradient))
    middle = float(np.log2(places.index.to_numpy(float)).mean()) - float(places.mean())
    if not places.min() <= place <= places.max():
        better = difference + slope * float(places.mean()) < 0
        return {**nothing, "says": f"{'better' if better else 'worse'} at all capacities tried"}
    # beyond a thousandfold of the ladder an interval says no more than that there is none
    ends = np.clip([place - NORMAL_95 * sd, place + NORMAL_95 * sd], -40, 40)
    return {
        "strategy": strategy,
        "params": float(2 ** (middle + place)),
        "lower_params": float(2 ** (middle + ends[0])),
        "upper_params": float(2 ** (middle + ends[1])),
        "says": "better below it" if slope > 0 else "better above it",
    }


def _holm(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Correct the p-values of a family of comparisons (Holm 1979)."""
    corrected = multipletests([row["p_value"] for row in rows], method="holm")[1]
    return [{**row, "p_holm": float(value)} for row, value in zip(rows, corrected, strict=True)]


def check_assumptions(fit: Any, table: pd.DataFrame) -> dict[str, Any]:
    """Look at what the mixed model assumes.

    Returns
    -------
    dict
        ``skewness`` and ``excess_kurtosis`` of the residuals (0 for a normal law);
        ``spread_with_level``, rank correlation of their size with the fitted error; ``quantiles``
        of the standardised residuals beside the normal ones; ``influence``, for each strategy,
        its mean difference to the baseline and the range of it when each subject in turn is left
        out, with the subject that moves it most.
    """
    residual = np.asarray(fit.resid, float)
    probability = (np.arange(QUANTILES) + 0.5) / QUANTILES
    standardised = (residual - residual.mean()) / residual.std()
    spread = stats.spearmanr(np.abs(residual), np.asarray(fit.fittedvalues)).statistic
    return {
        "skewness": float(stats.skew(residual)),
        "excess_kurtosis": float(stats.kurtosis(residual)),
        "spread_with_level": float(spread),
        "quantiles": {
            "normal": stats.norm.ppf(probability).tolist(),
            "residual": np.quantile(standardised, probability).tolist(),
        },
        "influence": _influence(table),
    }


def _influence(table: pd.DataFrame) -> list[dict[str, Any]]:
    means = table.pivot_table("mae_bpm", "subject", "strategy")
    if BASELINE not in means or len(means.columns) < 2:
        return []
    rows = []
    for strategy in means.columns.drop(BASELINE):
        difference = (means[strategy] - means[BASELINE]).dropna()
        without = (difference.sum() - difference) / (len(difference) - 1)
        most = int((without - difference.mean()).abs().argmax())
        rows.append(
            {
                "strategy": str(strategy),
                "difference_bpm": float(difference.mean()),
                "lowest_bpm": float(without.min()),
                "highest_bpm": float(without.max()),
                "subject": str(without.index[most]),
                "without_bpm": float(without.iloc[most]),
            }
        )
    return rows


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
