"""What each figure of the study's report shows, in words computed from the results.

They are the figures' text alternatives: for those who cannot see them, the finding and not only
what is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ppgkd.evaluation.costs import COSTS
from ppgkd.evaluation.recommendation import Gates
from ppgkd.report.names import student_name
from ppgkd.report.numbers import about, bpm, count, ms, percent, signed
from ppgkd.strategies.labels import strategy_label


def findings(
    gated: pd.DataFrame,
    chosen: Mapping[str, Any],
    gates: Gates,
    quality: Mapping[str, Any],
    laws: Mapping[str, Any],
    effects: Mapping[str, Any],
    people: Mapping[str, Any],
) -> dict[str, str]:
    """Say what the figures show, by the name of the figure.

    Parameters
    ----------
    gated
        Table of `ppgkd.evaluation.recommendation.apply_gates`, with ``on_front``.
    chosen
        The recommended student.
    gates
        The bounds.
    quality
        Of `ppgkd.evaluation.recommended.assess_recommended`.
    laws, effects
        Of the scaling stage.
    people
        Of `ppgkd.scaling.people.fit_people_laws`; empty in a study with all people alone.
    """
    return {
        "pareto": _pareto(gated, chosen, gates),
        "error_vs_size": _by_size(gated),
        "error_vs_cost": _by_cost(gated),
        "gain_over_scratch": _gains(gated),
        "bland_altman": _bland_altman(quality["filtered"]),
        "reliability": _reliability(quality["filtered"]),
        "risk_coverage": _risk_coverage(quality["filtered"]),
        "residuals": _residuals(laws, effects),
        "teacher_student": _teachers(gated),
        "people": _people(people),
    }


def _pareto(gated: pd.DataFrame, chosen: Mapping[str, Any], gates: Gates) -> str:
    front = gated[gated["on_front"]].sort_values("cost")
    cheapest, best = front.iloc[0], front.iloc[-1]
    unit = COSTS[gates.cost]
    found = f"Test MAE against {unit} of {len(gated)} students. "
    if len(front) == 1:
        found += f"{student_name(best)} is the cheapest and errs least: {bpm(best['mae_bpm'])} BPM."
    else:
        found += (
            f"The Pareto front has {len(front)} students, from {bpm(cheapest['mae_bpm'])} BPM with "
            f"{about(cheapest['cost'])} {unit} to {bpm(best['mae_bpm'])} BPM with "
            f"{about(best['cost'])}."
        )
    where = "on" if chosen["on_front"] else "not on"
    return (
        f"{found} The recommended {student_name(chosen)} errs by {bpm(chosen['mae_bpm'])} BPM with "
        f"{about(chosen['cost'])} and is {where} the front."
    )


def _by_size(gated: pd.DataFrame) -> str:
    sentences = []
    for family, part in gated.groupby("family", sort=False):
        best = part.groupby("params")["mae_bpm"].min().sort_index()
        if len(best) == 1:
            sentences.append(
                f"{family}: {bpm(best.iloc[0])} BPM at {count(best.index[0])} parameters, one size"
            )
        else:
            sentences.append(
                f"{family}: the lowest MAE {_goes(best.iloc[0], best.iloc[-1])} from "
                f"{count(best.index[0])} to {count(best.index[-1])} parameters"
            )
    return f"Test MAE against parameters. {'; '.join(sentences)}."


def _goes(first_bpm: float, last_bpm: float) -> str:
    if bpm(first_bpm) == bpm(last_bpm):
        return f"stays at {bpm(first_bpm)} BPM"
    verb = "falls" if last_bpm < first_bpm else "rises"
    return f"{verb} from {bpm(first_bpm)} to {bpm(last_bpm)} BPM"


def _by_cost(gated: pd.DataFrame) -> str:
    best = gated.sort_values("mae_bpm", kind="stable").iloc[0]
    fastest, slowest = gated["latency_p99_ms"].min(), gated["latency_p99_ms"].max()
    return (
        f"Test MAE against multiply-accumulates, from {about(gated['macs'].min())} to "
        f"{about(gated['macs'].max())}, and against p99 latency, from {ms(fastest)} to "
        f"{ms(slowest)} ms. The lowest is {bpm(best['mae_bpm'])} BPM at {about(best['macs'])} "
        f"multiply-accumulates and {ms(best['latency_p99_ms'])} ms."
    )


def _gains(gated: pd.DataFrame) -> str:
    given = gated[(gated["strategy"] != "scratch") & gated["gain_bpm"].notna()]
    if given.empty:
        return "There is no student whose gain over scratch is known."
    mean = given.groupby("strategy", sort=False)["gain_bpm"].mean()
    means = ", ".join(f"{strategy_label(str(name))} {signed(gain)}" for name, gain in mean.items())
    if given["gain_lower_bpm"].isna().all():
        return (
            f"Gain over scratch of {len(given)} distilled students, of too few people for "
            f"intervals. Mean gain in BPM: {means}."
        )
    better, worse = given["gain_lower_bpm"] > 0, given["gain_upper_bpm"] < 0
    return (
        f"Gain over scratch of {len(given)} distilled students: by their intervals {better.sum()} "
        f"err less than from scratch, {worse.sum()} err more, and {(~better & ~worse).sum()} "
        f"cannot be told apart. Mean gain in BPM: {means}."
    )


def _bland_altman(filtered: Mapping[str, Any]) -> str:
    found = filtered["bland_altman"]
    return (
        f"Error of the filtered estimates against heart rate: on average "
        f"{signed(filtered['overall']['bias_bpm'])} BPM, and 95 % of windows between "
        f"{signed(found['lower_bpm'], 1)} and {signed(found['upper_bpm'], 1)} BPM."
    )


def _reliability(filtered: Mapping[str, Any]) -> str:
    half, most = (filtered["overall"][f"coverage_{level}"] for level in (50, 90))
    verdict = (
        "the spread is too wide" if half > 0.6 else "the spread is too narrow" if half < 0.4
        else "the spread is about right"
    )  # fmt: skip
    return (
        f"Observed against nominal coverage of the filtered estimates: the 50 % intervals hold "
        f"{percent(half)} of the references, the 90 % intervals {percent(most)}; {verdict}."
    )


def _risk_coverage(filtered: Mapping[str, Any]) -> str:
    curve = filtered["risk_coverage"]["curve"]
    half = min(curve, key=lambda point: abs(point["coverage"] - 0.5))
    return (
        f"MAE of the windows kept against their share: {bpm(curve[-1]['mae_bpm'])} BPM if all are "
        f"kept, {bpm(half['mae_bpm'])} BPM if the half with the widest spread is left out."
    )


def _residuals(laws: Mapping[str, Any], effects: Mapping[str, Any]) -> str:
    sds = [law["forms"][law["chosen"]]["residual_sd"] for law in laws["laws"] if "chosen" in law]
    found = []
    if sds:
        of = f"{percent(min(sds))} to {percent(max(sds))}" if len(sds) > 1 else percent(sds[0])
        found.append(f"Students lie off their laws with a standard deviation of {of}.")
    if "checks" in effects:
        found.append(
            f"The residuals of the mixed model have a skewness of "
            f"{signed(effects['checks']['skewness'])} and an excess kurtosis of "
            f"{signed(effects['checks']['excess_kurtosis'])}; both are 0 if they are normal."
        )
    return " ".join(found) or "There is neither a law nor a mixed model."


def _teachers(gated: pd.DataFrame) -> str:
    given = gated[gated["teacher"] != "none"].sort_values("mae_bpm", kind="stable")
    if given.empty:
        return "There is no student with a teacher."
    best, worst = given.iloc[0], given.iloc[-1]
    return (
        f"Test MAE of each pair of teacher and student, from {bpm(best['mae_bpm'])} BPM "
        f"({student_name(best)}) to {bpm(worst['mae_bpm'])} BPM ({student_name(worst)})."
    )


def _people(people: Mapping[str, Any]) -> str:
    curves: dict[str, list[Mapping[str, Any]]] = {}
    rows: Sequence[Mapping[str, Any]] = people.get("curves", [])
    for row in rows:
        curves.setdefault(student_name(row), []).append(row)
    return "; ".join(
        f"{name}: MAE {_goes(ordered[0]['mae_bpm'], ordered[-1]['mae_bpm'])} from "
        f"{ordered[0]['people']:g} to {ordered[-1]['people']:g} people"
        for name, of in curves.items()
        if (ordered := sorted(of, key=lambda row: row["people"]))
    )
