"""The laws of a study in the number of training people, and in it and the student's size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ppgkd.scaling.forecast import FARTHEST, LEVEL, MIN_SIZES, Forecast, forecast_people
from ppgkd.scaling.joint import PEOPLE_FORMS, fit_joint_law, resample_joint_law
from ppgkd.scaling.law import corrected_akaike
from ppgkd.scaling.people_curve import STUDENT, Key, PeopleCurve, make_people_curves, table_of

GRID_POINTS = 30
SAMPLED = ("level_bpm", "floor", "exponent", "person_sd")
Array = NDArray[np.float64]


def fit_people_laws(
    cells: pd.DataFrame, subject_errors: pd.DataFrame, seed: int = 0
) -> dict[str, Any]:
    """Fit all laws in the number of training people.

    Parameters
    ----------
    cells
        Table of `ppgkd.evaluation.people.collect_people_cells`.
    subject_errors
        Table of `ppgkd.evaluation.people.collect_people_subjects`.
    seed
        Of the bootstrap.

    Returns
    -------
    dict
        ``unlabelled``, whether those who were not drawn were seen without their reference by
        students with a teacher; ``curves``, rows of `ppgkd.scaling.people_curve.table_of`;
        ``by_dataset``, the same with ``dataset``, over the test people of each, if there are
        several;
        ``laws``, for each ``strategy, teacher, student`` the law ``E + B D^-b``, as in ``joint``,
        or ``reason``; and with enough numbers of people its ``forecast`` for all people like those
        who were tested: ``people`` with ``mae_bpm, lower_bpm, upper_bpm`` (90 %), ``twice`` the
        people, and the ``samples`` that `read_forecast` reads; ``joint``, for each ``strategy,
        teacher, family`` with several students, the forms of `ppgkd.scaling.joint.PEOPLE_FORMS`
        with ``parameters`` (``estimate``, ``lower``, ``upper`` at 90 % over test people and draws
        of training people), ``identified``, ``aicc``, ``residual_sd``, ``describe``; ``tested``, of
        `forecast_the_seen`; ``gains``, the gain of distillation at each number of people;
        ``minutes``, the error by minutes of each person; ``without_curve``, students that have
        none, and why.
    """
    curves, without_curve = make_people_curves(cells, subject_errors)
    unlabelled = bool(cells["unlabelled"].any())
    # with fewer labelled people there are more unlabelled ones, so no law goes beyond all of them
    lawful = {k: curve for k, curve in curves.items() if k[0] == "scratch" or not unlabelled}
    families = dict(zip(cells["student"], cells["family"], strict=True))
    return {
        "unlabelled": unlabelled,
        "curves": table_of(curves, seed).to_dict("records"),
        "by_dataset": _by_dataset(cells, subject_errors, seed),
        "laws": [_law(key, curve, seed) for key, curve in lawful.items()],
        "joint": _joint(lawful, families, seed),
        "tested": forecast_the_seen(lawful, seed),
        "gains": _gains(curves, unlabelled, seed),
        "minutes": _by_minutes(cells, subject_errors, curves),
        "without_curve": [
            {**dict(zip(STUDENT, key, strict=True)), "why": why}
            for key, why in without_curve.items()
        ],
    }


def forecast_the_seen(curves: Mapping[Key, PeopleCurve], seed: int = 0) -> list[dict[str, Any]]:
    """Forecast the larger numbers of people from the smaller ones, on the same test people.

    Returns
    -------
    list of dict
        For each student, number of people that was seen and larger number: ``strategy, teacher,
        student, seen, people, predicted_bpm, lower_bpm, upper_bpm`` (90 %, of a measurement),
        ``measured_bpm, covered``; and by naive rules ``last_bpm``, the error with the people that
        were seen, and ``line_bpm``, of a line through the logarithms.
    """
    rows = []
    for key, curve in curves.items():
        for at in range(MIN_SIZES - 1, len(curve.people) - 1):
            seen, larger = curve.up_to(curve.people[at]), curve.people[at + 1 :]
            forecast = forecast_people(seen, seed, other_people=False)
            log_people, log_error = np.log(seen.people), np.log(seen.mae_bpm)
            line = np.polynomial.Polynomial.fit(log_people, log_error, 1)
            predicted = zip(*forecast.predict(larger, measured=True), strict=True)
            measured = curve.mae_bpm[at + 1 :]
            for people, (middle, lower, upper), error in zip(
                larger, predicted, measured, strict=True
            ):
                rows.append(
                    {
                        **dict(zip(STUDENT, key, strict=True)),
                        "seen": float(seen.people[-1]),
                        "people": float(people),
                        "predicted_bpm": float(middle),
                        "lower_bpm": float(lower),
                        "upper_bpm": float(upper),
                        "measured_bpm": float(error),
                        "covered": bool(lower <= error <= upper),
                        "last_bpm": float(seen.mae_bpm[-1]),
                        "line_bpm": float(np.exp(line(np.log(people)))),
                    }
                )
    return rows


def read_forecast(law: Mapping[str, Any]) -> Forecast:
    """Make the forecast of a law again, from the content of ``laws``."""
    samples = law["forecast"]["samples"]
    return Forecast(samples["people"], *(np.array(samples[name]) for name in SAMPLED))


def _law(key: Key, curve: PeopleCurve, seed: int) -> dict[str, Any]:
    result: dict[str, Any] = {**dict(zip(STUDENT, key, strict=True)), "params": curve.params}
    columns = {"people": curve.people}
    try:
        result |= _fit("people", curve.mae_bpm, curve.draw(seed), columns)
    except ValueError as error:
        result["reason"] = str(error)
    if len(curve.people) < MIN_SIZES:
        return result
    forecast = forecast_people(curve, seed)
    at = np.geomspace(curve.people[0], FARTHEST * curve.people[-1], GRID_POINTS)
    middle, lower, upper = forecast.predict(at)
    twice = (float(value[0]) for value in forecast.predict(2 * curve.people[-1]))
    result["twice"] = dict(zip(("mae_bpm", "lower_bpm", "upper_bpm"), twice, strict=True))
    result["forecast"] = {
        "people": at.tolist(),
        "mae_bpm": middle.tolist(),
        "lower_bpm": lower.tolist(),
        "upper_bpm": upper.tolist(),
        "samples": {
            "people": forecast.people,
            **{name: np.round(getattr(forecast, name), 5).tolist() for name in SAMPLED},
        },
    }
    return result


def _fit(form: str, mae_bpm: Array, drawn: Array, columns: Mapping[str, Any]) -> dict[str, Any]:
    """Fit a form, and again to each draw."""
    law = fit_joint_law(form, mae_bpm, **columns)
    refits = np.exp(resample_joint_law(law, drawn, **columns).coordinates)
    tail = (1 - LEVEL) / 2
    lower, upper = np.quantile(refits, [tail, 1 - tail], axis=0)
    n, k = law.n_points, len(law.parameters) + 1
    variance = np.float64(law.residual_sd**2 * max(n - k + 1, 1) / n)
    return {
        "form": form,
        "formula": PEOPLE_FORMS[form].formula,
        "parameters": {
            name: {"estimate": value, "lower": float(low), "upper": float(high)}
            for (name, value), low, high in zip(law.parameters.items(), lower, upper, strict=True)
        },
        "identified": law.identified,
        "aicc": float(corrected_akaike(variance, n, k)) if n > k + 1 else None,
        "residual_sd": law.residual_sd,
        "converged": law.status.converged,
        "describe": law.describe(),
        "law": law.to_dict(),
    }


def _joint(
    curves: Mapping[Key, PeopleCurve], families: Mapping[str, str], seed: int
) -> list[dict[str, Any]]:
    groups: dict[tuple[str, str, str], list[PeopleCurve]] = {}
    for (strategy, teacher, student), curve in curves.items():
        groups.setdefault((strategy, teacher, families[student]), []).append(curve)
    results = []
    for (strategy, teacher, family), own in groups.items():
        about = {"strategy": strategy, "teacher": teacher, "family": family}
        if len(own) < 2 or len(own[0].people) < MIN_SIZES:
            continue
        columns = {
            "student": np.concatenate([np.full(len(c.people), c.params) for c in own]),
            "people": np.concatenate([c.people for c in own]),
        }
        mae_bpm = np.concatenate([c.mae_bpm for c in own])
        drawn = np.concatenate([c.draw(seed) for c in own], axis=1)
        for form, surface in PEOPLE_FORMS.items():
            needed = {name: columns[name] for name in surface.needs}
            try:
                results.append({**about, **_fit(form, mae_bpm, drawn, needed)})
            except ValueError as error:
                results.append({**about, "form": form, "reason": str(error)})
    return results


def _gains(curves: Mapping[Key, PeopleCurve], unlabelled: bool, seed: int) -> list[dict[str, Any]]:
    """Gain of distillation with fewer than all people, and what it is of what all people give.

    Returns
    -------
    list of dict
        ``strategy, teacher, student, people``; ``gain_bpm, lower_bpm, upper_bpm`` over the same
        student from scratch with so many people (95 %); ``equal_people``, with which the student
        from scratch errs as little: infinite numbers are None, and the smallest number stands for
        all below it; ``unlabelled_worth``, labelled people that one without labels replaced, None
        without any or without a gain; ``share, share_lower, share_upper``: of what the student from
        scratch gains by learning from all people with their labels; None where that gain may be
        none.
    """
    rows = []
    for (strategy, teacher, student), curve in curves.items():
        scratch = curves.get(("scratch", "none", student))
        if strategy == "scratch" or scratch is None:
            continue
        own, other = (np.vstack([c.mae_bpm, c.draw(seed)]) for c in (curve, scratch))
        gain = other - own
        by_all = other - other[:, -1:]
        for at, people in enumerate(curve.people[:-1]):
            lower, upper = np.quantile(gain[1:, at], [0.025, 0.975])
            row: dict[str, Any] = {
                **dict(zip(STUDENT, (strategy, teacher, student), strict=True)),
                "people": float(people),
                "gain_bpm": float(gain[0, at]),
                "lower_bpm": float(lower),
                "upper_bpm": float(upper),
                "equal_people": (equal := _people_with(own[0, at], curve.people, other[0])),
                "unlabelled_worth": (equal - people) / (curve.people[-1] - people)
                if unlabelled and lower > 0 and equal is not None
                else None,
                **dict.fromkeys(("share", "share_lower", "share_upper")),
            }
            # a share of something that may be nothing is any number
            if np.quantile(by_all[1:, at], 0.025) > 0:
                share = gain[:, at] / by_all[:, at]
                low, high = np.quantile(share[1:], [0.025, 0.975])
                shares = (float(share[0]), float(low), float(high))
                row |= dict(zip(("share", "share_lower", "share_upper"), shares, strict=True))
            rows.append(row)
    return rows


def _people_with(mae_bpm: float, people: Array, errors_bpm: Array) -> float | None:
    """Smallest number of people with which a curve has fallen to an error, interpolated."""
    low = np.flatnonzero(errors_bpm <= mae_bpm)
    if not len(low):
        return None
    if low[0] == 0:
        return float(people[0])
    ends = [low[0], low[0] - 1]
    return float(np.exp(np.interp(mae_bpm, errors_bpm[ends], np.log(people[ends]))))


def _by_dataset(
    cells: pd.DataFrame, subject_errors: pd.DataFrame, seed: int
) -> list[dict[str, Any]]:
    """Curves over the test people of each dataset alone; empty with one dataset."""
    parts = list(subject_errors.groupby("dataset"))
    if len(parts) < 2:
        return []
    tables = [
        table_of(make_people_curves(cells, own)[0], seed).assign(dataset=dataset)
        for dataset, own in parts
    ]
    rows = pd.concat(tables).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def _by_minutes(
    cells: pd.DataFrame, subject_errors: pd.DataFrame, curves: Mapping[Key, PeopleCurve]
) -> list[dict[str, Any]]:
    """Error with some minutes of each person, and with all minutes (``minutes`` is None)."""
    if cells["minutes"].isna().all():
        return []
    keys = [*STUDENT, "minutes"]
    taken, errors = (
        table[table["people"].isna()].assign(minutes=table["minutes"].fillna(0))
        for table in (cells, subject_errors)
    )
    by_subject = errors.assign(sum_bpm=errors["mae_bpm"] * errors["n_windows"])
    sums = by_subject.groupby(keys)[["sum_bpm", "n_windows"]].sum()
    table = taken.groupby(keys)["train_minutes"].mean().to_frame()
    table["mae_bpm"] = sums["sum_bpm"] / sums["n_windows"]
    rows = []
    for (*key, minutes), train_minutes, mae_bpm in table.itertuples(name=None):
        student: Key = (str(key[0]), str(key[1]), str(key[2]))
        if student in curves:
            rows.append(
                {
                    **dict(zip(STUDENT, student, strict=True)),
                    "minutes": int(minutes) or None,
                    "train_minutes": train_minutes,
                    "mae_bpm": mae_bpm,
                }
            )
    return sorted(
        rows,
        key=lambda row: (curves[tuple(row[k] for k in STUDENT)].params, row["minutes"] or np.inf),
    )
