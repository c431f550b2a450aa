"""Model selection: which form fits the points best, and how well it predicts held-out sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ppgkd.evaluation.bootstrap import percentile_interval
from ppgkd.scaling.forms import FORMS, Form
from ppgkd.scaling.law import (
    Law,
    check_points,
    corrected_akaike,
    fit_law,
    fit_many,
    small_sample_correction,
)
from ppgkd.scaling.solver import MAX_EVALUATIONS, Solution, huber_weights

Array = NDArray[np.float64]

TIE = 2.0
"""Forms within this much of the lowest corrected Akaike criterion are equally supported."""

PREDICTION_LEVEL = 0.9
"""Level of the prediction intervals of held-out and of planned students."""

MIN_SIZES_OF_AICC = 10
"""With fewer sizes the correction outweighs any fit: with seven, a power law has to leave less than
a twentieth of the variance of a constant."""

SIMPLER = 1.2
"""A form with fewer parameters is taken if its error at held-out sizes is at most so many times the
lowest."""

POSITIONS = ("smallest", "middle", "largest")
MIN_SIZES_TO_HOLD_OUT = 5
"""A law needs four sizes besides the one that is held out."""


@dataclass(frozen=True)
class Candidate:
    """A form fitted to all sizes.

    Attributes
    ----------
    law
        The fit to all sizes.
    held_out_ape
        Mean absolute error in percent at each size when the form is fitted to the others.
    """

    law: Law
    held_out_ape: float


def fit_candidates(
    sizes: Array, errors: Array, max_evaluations: int = MAX_EVALUATIONS
) -> dict[str, Candidate]:
    """Fit every form for which there are enough sizes.

    Parameters
    ----------
    sizes, errors
        Shape (n_sizes,).
    max_evaluations
        As in `fit_law`.

    Raises
    ------
    ValueError
        As `fit_law`.
    """
    size, error, _ = check_points(sizes, errors, None)
    return {
        form.name: Candidate(
            fit_law(form.name, size, error, max_evaluations=max_evaluations),
            _held_out_ape(form, size, error),
        )
        for form in FORMS.values()
        if len(size) >= _min_sizes(form)
    }


def select_form(candidates: Mapping[str, Candidate]) -> str:
    """Select the form to use, among those whose fit converged.

    The corrected Akaike criterion (AICc) decides; among forms within 2 of the lowest, the one that
    predicts held-out sizes best. With fewer than `MIN_SIZES_OF_AICC` sizes, the error at held-out
    sizes decides: the form with the fewest parameters that is nearly as good as the best.

    Raises
    ------
    ValueError
        If no fit converged.
    """
    converged = {name: one for name, one in candidates.items() if one.law.status.converged}
    if not converged:
        reasons = [f"{name}: {one.law.status.reason}" for name, one in candidates.items()]
        raise ValueError(f"no fit converged ({'; '.join(reasons)})")
    if max(one.law.n_points for one in converged.values()) < MIN_SIZES_OF_AICC:
        lowest = min(one.held_out_ape for one in converged.values())
        good = [name for name, one in converged.items() if one.held_out_ape <= SIMPLER * lowest]
        return min(
            good, key=lambda n: (len(converged[n].law.parameters), converged[n].held_out_ape)
        )
    scores = {name: one.law.aicc for name, one in converged.items()}
    known = {name: score for name, score in scores.items() if score is not None}
    tied = [name for name, score in known.items() if score <= min(known.values()) + TIE]
    return min(tied, key=lambda name: converged[name].held_out_ape)


def exponential_lead(
    candidates: Mapping[str, Candidate], refits: Mapping[str, Solution], sizes: Array, drawn: Array
) -> dict[str, Any] | None:
    """How much lower the AICc of the exponential is than that of the best other form.

    Parameters
    ----------
    candidates
        Of `fit_candidates`.
    refits
        Fit of each of them to each draw.
    sizes
        Shape (n_sizes,).
    drawn
        Errors of each draw, (n_draws, n_sizes).

    Returns
    -------
    dict or None
        ``over``, the best other form; ``estimate``, and ``lower`` and ``upper`` at 95 % over the
        draws, in each of which the best form of either kind counts; ``uncorrected_estimate`` and
        ``uncorrected_upper``, the same without the correction for few sizes, which no fit may
        outweigh. None with too few sizes.
    """
    known = {
        name: one.law.aicc
        for name, one in candidates.items()
        if one.law.aicc is not None and one.law.status.converged
    }
    exponential = [name for name in known if name.startswith("exponential")]
    others = [name for name in known if name not in exponential]
    if not exponential or not others:
        return None
    scores = {name: _drawn_aicc(candidates[name].law, refits[name], sizes, drawn) for name in known}
    correction = {
        name: small_sample_correction(len(sizes), len(candidates[name].law.parameters) + 1)
        for name in known
    }

    def lead(score: Mapping[str, Any]) -> Any:
        best = [np.min([score[name] for name in of], axis=0) for of in (others, exponential)]
        return best[0] - best[1]

    lower, upper = percentile_interval(lead(scores), 0.95)
    free = {name: scores[name] - correction[name] for name in known}
    return {
        "over": min(others, key=lambda name: known[name]),
        "estimate": float(lead(known)),
        "lower": float(lower),
        "upper": float(upper),
        "uncorrected_estimate": float(lead({n: known[n] - correction[n] for n in known})),
        "uncorrected_upper": float(percentile_interval(lead(free), 0.95)[1]),
    }


def _drawn_aicc(law: Law, refits: Solution, sizes: Array, drawn: Array) -> Array:
    """AICc of a form in each draw, as `Law.aicc` has it for the sample."""
    relative = np.log(sizes) - law.reference
    residual = FORMS[law.form].curve(refits.coordinates, relative, law.reference)[0] - np.log(drawn)
    weight = huber_weights(residual)
    variance = (weight * residual**2).sum(axis=1) / weight.sum(axis=1)
    return corrected_akaike(variance, len(sizes), len(law.parameters) + 1)


def predict_held_out(sizes: Array, errors: Array) -> list[dict[str, Any]]:
    """Predict the smallest, the middle and the largest size from the others.

    The form is selected again each time, without the size that is held out.

    Returns
    -------
    list of dict
        ``position, size, form, predicted_bpm, lower_bpm, upper_bpm, measured_bpm, covered``
        (whether the 90 % prediction interval covers the measured error), and the predictions of
        two naive rules: ``nearest_bpm``, the error of the nearest size, and ``line_bpm``, a line
        through the errors against log size. Empty with fewer than five sizes. A size for which no
        fit to the others converged is left out.
    """
    if len(sizes) < MIN_SIZES_TO_HOLD_OUT:
        return []
    order = np.argsort(sizes)
    rows = []
    for position, index in zip(
        POSITIONS, (order[0], order[len(order) // 2], order[-1]), strict=True
    ):
        seen = np.arange(len(sizes)) != index
        candidates = fit_candidates(sizes[seen], errors[seen])
        try:
            form = select_form(candidates)
        except ValueError:
            continue
        interval = candidates[form].law.predict(sizes[index], PREDICTION_LEVEL)
        distance = np.abs(np.log(sizes[seen] / sizes[index]))
        line = np.polynomial.Polynomial.fit(np.log(sizes[seen]), errors[seen], 1)
        rows.append(
            {
                "position": position,
                "size": float(sizes[index]),
                "form": form,
                "predicted_bpm": float(interval.mean),
                "lower_bpm": float(interval.lower),
                "upper_bpm": float(interval.upper),
                "measured_bpm": float(errors[index]),
                "covered": bool(interval.lower <= errors[index] <= interval.upper),
                "nearest_bpm": float(errors[seen][distance.argmin()]),
                "line_bpm": float(line(np.log(sizes[index]))),
            }
        )
    return rows


def skill_scores(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Accuracy of the laws on held-out sizes, and skill relative to the naive rules.

    Parameters
    ----------
    rows
        Of `predict_held_out`.

    Returns
    -------
    dict
        ``n``; ``ape``, mean absolute error in percent; ``coverage``, share of prediction intervals
        that cover the measured error; ``over_nearest`` and ``over_line``, skill scores: one minus
        the ratio of the absolute errors; 0 is no better than the rule, 1 is perfect, None where
        the rule is never wrong.
    """
    columns = ("predicted_bpm", "measured_bpm", "covered", "nearest_bpm", "line_bpm")
    table = {name: np.array([row[name] for row in rows], float) for name in columns}
    absolute_bpm = np.abs(table["predicted_bpm"] - table["measured_bpm"])

    def skill_over(rule: str) -> float | None:
        naive_bpm = float(np.abs(table[rule] - table["measured_bpm"]).sum())
        return float(1 - absolute_bpm.sum() / naive_bpm) if naive_bpm > 0 else None

    return {
        "n": len(rows),
        "ape": float(100 * (absolute_bpm / table["measured_bpm"]).mean()),
        "coverage": float(table["covered"].mean()),
        "over_nearest": skill_over("nearest_bpm"),
        "over_line": skill_over("line_bpm"),
    }


def _min_sizes(form: Form) -> int:
    """One more than parameters; two more for the flexible forms of four parameters."""
    return form.n_parameters + (1 if form.n_parameters < 4 else 2)


def _held_out_ape(form: Form, sizes: Array, errors: Array) -> float:
    reference = float(np.log(sizes).mean())
    relative, n = np.log(sizes) - reference, len(sizes)
    fits = fit_many(form, relative, np.tile(np.log(errors), (n, 1)), 1 - np.eye(n), reference)
    log_predicted, _ = form.curve(fits.coordinates, relative, reference)
    return float(100 * np.abs(np.exp(np.diag(log_predicted)) / errors - 1).mean())
