"""How many people must be recorded for an error, from the forecasts of a study."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ppgkd.evaluation.cells import collect_subject_errors
from ppgkd.runtime.artifacts import read_json
from ppgkd.scaling.forecast import FARTHEST
from ppgkd.scaling.people import read_forecast
from ppgkd.scaling.people_curve import STUDENT
from ppgkd.scaling.plan import Constraints, excess, on_core
from ppgkd.study.cell import Cell


@dataclass(frozen=True)
class PeoplePlan:
    """Number of training people with which a student is forecast to meet a bound on the error.

    Attributes
    ----------
    max_mae_bpm
        The bound.
    strategy, teacher, student
        The student of the study that needs the fewest people.
    fewest, present
        Smallest number of people that the study trained with, and that of all.
    people, lower, upper
        Number that is needed, at least ``fewest``, and its 90 % interval; infinite where no number
        is enough.
    farthest
        Number of people up to which is forecast.
    farthest_bpm
        The error there, and its 90 % interval.
    unlabelled
        Labelled people that one without labels replaced in the study, and by which strategy and
        teacher; None if none was measured to help.
    """

    max_mae_bpm: float
    strategy: str
    teacher: str
    student: str
    fewest: float
    present: float
    people: float
    lower: float
    upper: float
    farthest: float
    farthest_bpm: tuple[float, float, float]
    unlabelled: tuple[float, str] | None = None

    def __str__(self) -> str:
        """The answer in a line or two."""
        taught = "" if self.teacher == "none" else f" from {self.teacher}"
        who = f"{self.student}, {self.strategy}{taught}"
        present = f"{self.present:.0f}"
        if self.people <= self.present:
            ends = dict.fromkeys((self._number(self.lower), self._number(self.upper)))
            interval = f"{' to '.join(ends)}, 90 % interval"
            return (
                f"  people   {self._number(self.people)} to train on suffice for "
                f"{self.max_mae_bpm:g} BPM by {who} ({interval}); {present} trained"
            )
        if self.people > self.farthest:
            middle, lower, upper = self.farthest_bpm
            return (
                f"  people   cannot be told: no student of the study is forecast to err by "
                f"{self.max_mae_bpm:g} BPM with up to {self.farthest:.0f} people; {who} then errs "
                f"by {middle:.2f} BPM ({lower:.2f} to {upper:.2f}, 90 % interval)"
            )
        more = self.people - self.present
        few = ceil(max(self.lower - self.present, 0))
        many = self.upper - self.present
        if self.upper > self.farthest:
            up_to = f"more than {self.farthest - self.present:.0f}"
        else:
            up_to = f"{ceil(many)}"
        line = (
            f"  people   record {ceil(more)} more to train on ({few} to {up_to}, 90 % interval), "
            f"besides the {present} that trained and those who validate and test, for "
            f"{self.max_mae_bpm:g} BPM by {who}"
        )
        if self.unlabelled is not None:
            worth, how = self.unlabelled
            line += f"; or about {ceil(more / worth)} without a reference, by {how}"
        return line

    def _number(self, people: float) -> str:
        if people > self.farthest:
            return f"more than {self.farthest:.0f}"
        return f"at most {self.fewest:.0f}" if people <= self.fewest else f"{ceil(people)}"


def read_and_plan_people(
    constraints: Constraints, results: str | Path, core: str | None = None
) -> PeoplePlan | None:
    """Plan the number of people from a study's folder.

    Parameters
    ----------
    constraints
        The bounds. Students whose measured costs are above one are not considered.
    results
        Folder of a finished study.
    core
        As in `ppgkd.scaling.plan.read_and_plan`.

    Returns
    -------
    PeoplePlan or None
        None without a bound on the error, and if the study did not vary the number of people.
    """
    path = Path(results, "people/laws.json")
    if constraints.max_mae_bpm is None or not path.is_file():
        return None
    cells = on_core(pd.read_parquet(Path(results, "cells.parquet")), Path(results), core)
    return plan_people(constraints.max_mae_bpm, read_json(path), _within_costs(constraints, cells))


def plan_people_of_study(
    constraints: Sequence[Mapping[str, float]], fitted: Mapping[str, Any], cells: pd.DataFrame
) -> list[dict[str, Any]]:
    """Plan the number of people for each of a study's constraints that bound the error.

    Parameters
    ----------
    constraints
        Fields of `ppgkd.scaling.plan.Constraints`, for each student to plan.
    fitted
        Of `ppgkd.scaling.people.fit_people_laws`.
    cells
        Table of the cells.

    Returns
    -------
    list of dict
        ``max_mae_bpm, strategy, teacher, student`` and ``answer``, a `PeoplePlan` as text; it may
        need infinitely many people, which a JSON file does not take. Where no more are needed than
        the largest of the study's ``sizes``, also ``train``, how many people the student is to
        learn from, and ``mae_bpm, lower_bpm, upper_bpm``: the error that is forecast for that, and
        the 90 % interval of a measurement.
    """
    planned = []
    for bounds in constraints:
        asked = Constraints(**bounds)
        if asked.max_mae_bpm is None:
            continue
        plan = plan_people(asked.max_mae_bpm, fitted, _within_costs(asked, cells))
        if plan is None:
            continue
        row: dict[str, Any] = {"max_mae_bpm": plan.max_mae_bpm}
        row |= {key: getattr(plan, key) for key in STUDENT}
        row["answer"] = str(plan).split(maxsplit=1)[1]
        own = [r for r in fitted["curves"] if all(r[key] == row[key] for key in STUDENT)]
        if plan.people <= max(r["people"] for r in own if r["people"] < plan.present):
            law = next(
                law for law in fitted["laws"] if all(law[key] == row[key] for key in STUDENT)
            )
            row["train"] = ceil(plan.people)
            expected = read_forecast(law).predict(row["train"], measured=True)
            names = ("mae_bpm", "lower_bpm", "upper_bpm")
            row |= dict(zip(names, (float(value[0]) for value in expected), strict=True))
        planned.append(row)
    return planned


def compare_people_with_measured(
    planned: Mapping[str, Any], cells: Sequence[Cell], results: str | Path
) -> dict[str, Any]:
    """Add the measured error of a student that learned from the planned number of people.

    Parameters
    ----------
    planned
        Of `plan_people_of_study`, with ``train``.
    cells
        The student's, with so many people, in all draws.
    results
        Folder of the study.

    Returns
    -------
    dict
        ``planned`` with ``measured_bpm``, the MAE over windows, mean over draws, and ``covered``,
        whether the interval has it.
    """
    errors = collect_subject_errors(cells, results)
    measured_bpm = float(np.average(errors["mae_bpm"], weights=errors["n_windows"]))
    covered = planned["lower_bpm"] <= measured_bpm <= planned["upper_bpm"]
    return {**planned, "measured_bpm": measured_bpm, "covered": bool(covered)}


def _within_costs(constraints: Constraints, cells: pd.DataFrame) -> set[str]:
    """Students whose measured costs are within the bounds, whatever their error."""
    of_costs = replace(constraints, max_mae_bpm=float(cells["mae_bpm"].max()))
    return set(cells.loc[excess(cells, of_costs) <= 0, "student"])


def plan_people(
    max_mae_bpm: float, fitted: Mapping[str, Any], students: Collection[str] | None = None
) -> PeoplePlan | None:
    """Find the student that needs the fewest people for a bound on the error.

    Among students that need as few as the study has tried, it is the smallest.

    Parameters
    ----------
    max_mae_bpm
        The bound.
    fitted
        Of `ppgkd.scaling.people.fit_people_laws`.
    students
        Names of those to consider; None, all.

    Returns
    -------
    PeoplePlan or None
        None if there is no forecast of any of them: the study has too few numbers of people.
    """
    plans = []
    for law in fitted["laws"]:
        if "forecast" not in law or (students is not None and law["student"] not in students):
            continue
        forecast = read_forecast(law)
        fewest = float(law["forecast"]["people"][0])
        people, lower, upper = (max(n, fewest) for n in forecast.people_for(max_mae_bpm))
        farthest = FARTHEST * forecast.people
        middle, low, high = (float(value[0]) for value in forecast.predict(farthest))
        plan = PeoplePlan(
            max_mae_bpm=max_mae_bpm,
            strategy=law["strategy"],
            teacher=law["teacher"],
            student=law["student"],
            fewest=fewest,
            present=forecast.people,
            people=people,
            lower=lower,
            upper=upper,
            farthest=farthest,
            farthest_bpm=(middle, low, high),
            unlabelled=_unlabelled(fitted, law["student"]),
        )
        plans.append((min(people, farthest), middle, law["params"], plan))
    in_reach = [found for found in plans if found[0] < found[3].farthest]
    if in_reach:
        return min(in_reach, key=lambda found: (found[0], found[2]))[3]
    return min(plans, key=lambda found: found[1])[3] if plans else None


def _unlabelled(fitted: Mapping[str, Any], student: str) -> tuple[float, str] | None:
    """What one person without labels was worth where most were, and by which way of distilling."""
    rows = [row for row in fitted["gains"] if row["student"] == student and row["unlabelled_worth"]]
    if not rows:
        return None
    fewest = min(row["people"] for row in rows)
    best = max(
        (row for row in rows if row["people"] == fewest), key=lambda row: row["unlabelled_worth"]
    )
    return best["unlabelled_worth"], f"{best['strategy']} from {best['teacher']}"
