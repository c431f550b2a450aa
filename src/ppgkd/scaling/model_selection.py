"""Which form the points speak for, and how well it predicts what it has not seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ppgkd.scaling.forms import FORMS, Form
from ppgkd.scaling.law import Law, check_points, fit_law, fit_many

Array = NDArray[np.float64]

TIE = 2.0
"""Forms within this much of the lowest corrected Akaike criterion are equally supported."""

LEVEL = 0.9
PLACES = ("smallest", "middle", "largest")
MIN_LADDER = 5
"""Four sizes must be left when one is held out."""


@dataclass(frozen=True)
class Candidate:
    """A form fitted to a ladder.

    Attributes
    ----------
    law
        The fit to all sizes.
    held_out_ape
        Mean absolute error in percent at each size when the form is fitted to the others.
    """

    law: Law
    held_out_ape: float


def candidates(sizes: Array, errors: Array) -> dict[str, Candidate]:
    """Fit every form that there are sizes enough for.

    Raises
    ------
    ValueError
        As `fit_law`.
    """
    size, error, _ = check_points(sizes, errors, None)
    fitting = [form for form in FORMS.values() if len(size) >= _least_sizes(form)]
    return {
        form.name: Candidate(fit_law(form.name, size, error), _held_out_ape(form, size, error))
        for form in fitting
    }


def choose(found: dict[str, Candidate]) -> str:
    """Name of the form to use.

    The corrected Akaike criterion chooses; among forms within 2 of the lowest, the one that
    predicts held-out sizes best. Where there are too few sizes for the criterion of any law that
    falls with size, the held-out error alone decides.
    """
    scored = {name: one.law.aicc for name, one in found.items()}
    if all(score is None for name, score in scored.items() if name != "constant"):
        tied = [*found]
    else:
        known = {name: score for name, score in scored.items() if score is not None}
        lowest = min(known.values())
        tied = [name for name, score in known.items() if score <= lowest + TIE]
    return min(tied, key=lambda name: found[name].held_out_ape)


def held_out(sizes: Array, errors: Array) -> list[dict[str, Any]]:
    """Predict the smallest, the middle and the largest size from the others.

    The form is chosen anew each time: nothing of the size that is left out has a say.

    Returns
    -------
    list of dict
        ``place, size, form, predicted_bpm, lower_bpm, upper_bpm, actual_bpm, hit`` (whether the
        90 % interval holds the actual one), and what two naive rules say: ``nearest_bpm``, the
        error of the nearest size, and ``line_bpm``, a line through the errors against log size.
        Empty with fewer than five sizes.
    """
    if len(sizes) < MIN_LADDER:
        return []
    order = np.argsort(sizes)
    rows = []
    for place, index in zip(PLACES, (order[0], order[len(order) // 2], order[-1]), strict=True):
        seen = np.arange(len(sizes)) != index
        known = candidates(sizes[seen], errors[seen])
        form = choose(known)
        said = known[form].law.predict(sizes[index], LEVEL)
        distance = np.abs(np.log(sizes[seen] / sizes[index]))
        line = np.polynomial.Polynomial.fit(np.log(sizes[seen]), errors[seen], 1)
        rows.append(
            {
                "place": place,
                "size": float(sizes[index]),
                "form": form,
                "predicted_bpm": float(said.mean),
                "lower_bpm": float(said.lower),
                "upper_bpm": float(said.upper),
                "actual_bpm": float(errors[index]),
                "hit": bool(said.lower <= errors[index] <= said.upper),
                "nearest_bpm": float(errors[seen][distance.argmin()]),
                "line_bpm": float(line(np.log(sizes[index]))),
            }
        )
    return rows


def skill(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """How the laws did on held-out sizes, and by how much better than the naive rules.

    Returns
    -------
    dict
        ``n``; ``ape``, mean absolute error in percent; ``hits``, share of intervals that held;
        ``over_nearest`` and ``over_line``, one minus the ratio of the absolute errors: 0 is no
        better than the rule, 1 is perfect; None where the rule is never wrong.
    """
    columns = ("predicted_bpm", "actual_bpm", "hit", "nearest_bpm", "line_bpm")
    table = {name: np.array([row[name] for row in rows], float) for name in columns}
    missed = np.abs(table["predicted_bpm"] - table["actual_bpm"])

    def over(rule: str) -> float | None:
        naive = float(np.abs(table[rule] - table["actual_bpm"]).sum())
        return float(1 - missed.sum() / naive) if naive > 0 else None

    return {
        "n": len(rows),
        "ape": float(100 * (missed / table["actual_bpm"]).mean()),
        "hits": float(table["hit"].mean()),
        "over_nearest": over("nearest_bpm"),
        "over_line": over("line_bpm"),
    }


def _least_sizes(form: Form) -> int:
    """One more than parameters; with four, which can bend anywhere, two more."""
    return form.n_parameters + (1 if form.n_parameters < 4 else 2)


def _held_out_ape(form: Form, sizes: Array, errors: Array) -> float:
    reference = float(np.log(sizes).mean())
    relative, n = np.log(sizes) - reference, len(sizes)
    theta = fit_many(form, relative, np.tile(np.log(errors), (n, 1)), 1 - np.eye(n), reference)
    log_predicted, _ = form.curve(theta, relative, reference)
    return float(100 * np.abs(np.exp(np.diag(log_predicted)) / errors - 1).mean())
