"""The study's report: one HTML file that needs no network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from ppgkd.evaluation.costs import COSTS
from ppgkd.evaluation.few_people import FEW_PEOPLE
from ppgkd.evaluation.pareto import pareto_front
from ppgkd.evaluation.recommendation import (
    VALIDATION_SLACK,
    Gates,
    apply_gates,
    cheapest_by_family,
    recommend,
    recommend_by_fold,
)
from ppgkd.evaluation.summary import STUDENT, subject_mean_interval
from ppgkd.report import intervals
from ppgkd.report.contents import contents
from ppgkd.report.data_page import is_labelled, rejection_reasons
from ppgkd.report.findings import findings
from ppgkd.report.html import write_page
from ppgkd.report.law_parameters import is_identified, parameters
from ppgkd.report.provenance import provenance
from ppgkd.report.summary import not_known, passed_over, shipped_mae_bpm, tested_people
from ppgkd.report.tables import (
    configured_lags_s,
    dataset_rows,
    errors_by_dataset,
    maybe_seen,
    shipped_rows,
    students_by_dataset,
    teacher_rows,
    tuning_rows,
    without_joint_law,
    without_law,
)
from ppgkd.report.unseen import compare_unseen
from ppgkd.strategies.registry import STRATEGIES
from ppgkd.study.roles import BY_DATASET, ROLES
from ppgkd.study.study import Study

FIGURES = (
    "error_vs_size",
    "error_vs_cost",
    "gain_over_scratch",
    "pareto",
    "residuals",
    "teacher_student",
    "bland_altman",
    "reliability",
    "risk_coverage",
    "people",
)
"""Figures that the page may have; one that says nothing is not drawn."""


@dataclass(frozen=True)
class Results:
    """Results of all stages, which the report shows.

    Attributes
    ----------
    cells, subjects, students, strategies
        Tables of the cells, of their errors by subject, of the students over seeds and folds, and
        of the strategies over students.
    laws, effects
        Of the scaling stage.
    plan
        Planned students, predicted and measured; empty if the study has no constraints.
    splits
        ``dataset, subject, role``, and ``fold`` in a study with folds.
    recordings
        The data report's row of each recording: `ppgkd.dataset_summary.summary.summarise_dataset`.
    teachers
        Name and metrics of each teacher of each seed and fold.
    tuning
        Strategy, and its trials and winner, for each fold; empty if nothing was tuned.
    quality, profile
        Of the recommended student: `ppgkd.evaluation.recommended.assess_recommended`, and the
        profile of its files.
    alignment
        Lag of each recording's reference.
    figures
        Vega-Lite files by name, each with its SVG beside it.
    other_people
        Rows of `ppgkd.evaluation.by_dataset.errors_by_dataset` of the folds that test the
        recommended student on other people of the datasets; empty without such folds.
    compared
        Comparison with other studies, `ppgkd.report.compared.compare_studies`; empty without any.
    claims
        Of `ppgkd.scaling.claims.judge_claims`.
    people
        Of `ppgkd.scaling.people.fit_people_laws`; empty in a study with all people alone.
    people_plan
        Of `ppgkd.scaling.plan_people`, with what was measured.
    shipped
        Size in bytes of each ``.onnx`` of the recommended student, by its name.
    demo
        Whether the study has a demonstration, ``demo/index.html``.
    """

    cells: pd.DataFrame
    subjects: pd.DataFrame
    students: pd.DataFrame
    strategies: pd.DataFrame
    laws: Mapping[str, Any]
    effects: Mapping[str, Any]
    plan: Sequence[Mapping[str, Any]]
    splits: pd.DataFrame
    recordings: pd.DataFrame
    teachers: Sequence[tuple[str, Mapping[str, Any]]]
    tuning: Sequence[tuple[str, Mapping[str, Any]]]
    quality: Mapping[str, Any]
    profile: Mapping[str, Any]
    alignment: pd.DataFrame
    figures: Mapping[str, Path]
    other_people: Sequence[Mapping[str, Any]] = ()
    compared: Sequence[Mapping[str, Any]] = ()
    claims: Sequence[Mapping[str, Any]] = ()
    people: Mapping[str, Any] = field(default_factory=dict)
    people_plan: Sequence[Mapping[str, Any]] = ()
    shipped: Mapping[str, int] = field(default_factory=dict)
    demo: bool = False


def write_report(study: Study, results: Results, path: str | Path) -> None:
    """Write the report.

    Parameters
    ----------
    study
        The study, as configured.
    results
        Its results.
    path
        HTML file to write.
    """
    figures = dict.fromkeys(FIGURES) | dict(results.figures)
    filters = (parameters, is_identified)
    write_page("page.html.j2", _context(study, results), figures, path, filters)


def _where_enough(results: Results) -> Results:
    """The same without intervals over fewer people than say something of others."""
    n_people = results.subjects["subject"].nunique()
    tested = results.splits[results.splits["role"] == "test"]
    of_dataset = {
        str(name): n for name, n in tested.groupby("dataset")["subject"].nunique().items()
    }
    ends = ("lower_bpm", "upper_bpm")
    return replace(
        results,
        students=intervals.of_table(results.students, n_people),
        strategies=intervals.of_table(results.strategies, n_people),
        laws=intervals.of_laws(results.laws, n_people),
        quality=intervals.of_quality(results.quality),
        other_people=intervals.of_datasets(results.other_people),
        compared=intervals.of_comparisons(results.compared, n_people),
        claims=intervals.of_claims(results.claims),
        people=intervals.of_people(results.people, n_people, of_dataset),
        people_plan=intervals.of_rows(results.people_plan, n_people, *ends),
    )


def _context(study: Study, all_results: Results) -> dict[str, Any]:
    results = _where_enough(all_results)
    gates = Gates(**study.config["gates"])
    gated = apply_gates(results.students, gates)
    gated["on_front"] = pareto_front(gated)
    chosen = recommend(gated)
    gated["is_chosen"] = (gated[list(STUDENT)] == chosen[list(STUDENT)]).all(axis=1)
    context = {
        **_of_summary(study, results, gated, gates),
        **_of_students(results, gated, gates),
        **_of_data(study, results),
        **_of_datasets(study, results, str(chosen["student"])),
        "study": study.config["study"],
        "gates": gates,
        "cost": COSTS[gates.cost],
        "cost_names": COSTS,
        "folds": len(study.folds) if study.config["folds"] else None,
        "maybe_seen": maybe_seen(results.teachers, results.splits),
        "teachers": teacher_rows(results.teachers, gated),
        "tuning": tuning_rows(results.tuning),
        "laws": results.laws,
        "without_law": without_law(results.laws["laws"]),
        "without_joint_law": without_joint_law(results.laws["joint"]),
        "effects": results.effects,
        "plan": results.plan,
        "compared": results.compared,
        "claims": results.claims,
        "people": results.people,
        "people_plan": results.people_plan,
        "quality": results.quality,
        "profile": results.profile,
        "shipped": shipped_rows(results.shipped, study.sensor.rate_hz),
        "rate_hz": study.sensor.rate_hz,
        "demo": results.demo,
        "config": study.config,
        "config_yaml": yaml.safe_dump(study.config, sort_keys=False, allow_unicode=True),
        "known_strategies": [STRATEGIES[name] for name in study.config["strategies"]],
        "strategy_sources": _strategies_by_source(study.config["strategies"]),
    }
    context["appendix"] = (
        "checks" in results.effects
        or any("forms" in law for law in results.laws["laws"])
        or results.laws["joint"]
    )
    return {**context, "parts": contents(context)}


def _of_summary(
    study: Study, results: Results, gated: pd.DataFrame, gates: Gates
) -> dict[str, Any]:
    chosen = {str(name): value for name, value in recommend(gated).items()}
    tested = tested_people(study, results.splits, results.recordings)
    n_test_subjects = results.subjects["subject"].nunique()
    sizes = {student.name: student.capacity for student in study.students}
    return {
        "simulated": any(d.source == "simulated" for d in study.datasets),
        "evaluated_on_simulated": bool(tested["simulated"]),
        "slack": VALIDATION_SLACK,
        "chosen": chosen,
        "asked": sizes.get(chosen["student"]),
        "on_front": bool(chosen["on_front"]),
        "n_test_subjects": n_test_subjects,
        "few": FEW_PEOPLE,
        "few_subjects": intervals.are_few(n_test_subjects),
        "tested": tested,
        "by_person": _range_by_person(results.quality),
        "by_fold": _by_fold(results, gated),
        "shipped_mae_bpm": shipped_mae_bpm(study, chosen, results.cells),
        "passed_over": passed_over(gated, gates),
        "not_known": not_known(
            study, results.quality, tested, chosen, results.claims, results.laws["laws"]
        ),
        "findings": findings(
            gated,
            chosen,
            gates,
            results.quality,
            results.laws,
            results.effects,
            results.people,
        ),
    }


def _of_students(results: Results, gated: pd.DataFrame, gates: Gates) -> dict[str, Any]:
    return {
        "students": gated.to_dict("records"),
        "passing": int(gated["passes"].sum()),
        "front": gated[gated["on_front"]].sort_values("cost").to_dict("records"),
        "strategies": results.strategies.to_dict("records"),
        "cheapest": cheapest_by_family(gated, gates.max_mae_bpm).to_dict("records"),
        "families": [*dict.fromkeys(gated["family"])],
        "cells": results.cells.to_dict("records"),
        "train_hours": (
            results.cells["train_s"].sum()
            + sum(metrics.get("train_s", 0) for _, metrics in results.teachers)
        )
        / 3600,
    }


def _of_data(study: Study, results: Results) -> dict[str, Any]:
    used = [file for d in study.datasets for r in study.recordings(d.name) for file in r.files]
    return {
        "datasets": dataset_rows(study, results.splits, results.recordings),
        "roles": [role for role in ROLES if role in set(results.splits["role"])],
        "reasons": rejection_reasons(results.recordings),
        "labelled": is_labelled(results.recordings),
        "alignment": results.alignment.to_dict("records"),
        "corrected": {
            recording: lag_s
            for dataset in study.config["datasets"]
            for recording, lag_s in configured_lags_s(study, dataset).items()
        },
        "provenance": provenance(used),
    }


def _of_datasets(study: Study, results: Results, student: str) -> dict[str, Any]:
    errors = errors_by_dataset(results.quality["by_dataset"], results.other_people)
    return {
        "left_out": study.tested if study.config["folds"] == BY_DATASET else (),
        "unseen": compare_unseen(study, results.quality["by_dataset"], results.other_people),
        "errors_by_dataset": errors,
        "several": len(errors) > 1,
        "by_dataset": students_by_dataset(results.cells, results.subjects, results.splits, student),
        "people_unknown": [d.name for d in study.datasets if d.people_unknown],
    }


def _range_by_person(quality: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    """Lowest and highest error of a person, with single windows and filtered."""
    found = {}
    for kind in ("single", "filtered"):
        errors_bpm = [row["mae_bpm"] for row in quality[kind]["by_subject"]]
        known_bpm = [error for error in errors_bpm if error is not None]
        found[kind] = (min(known_bpm, default=np.nan), max(known_bpm, default=np.nan))
    return found


def _by_fold(results: Results, gated: pd.DataFrame) -> dict[str, Any] | None:
    """MAE with a selection in each fold, on its own validation subjects; None without folds."""
    if results.cells["fold"].isna().any():
        return None
    evaluated = recommend_by_fold(gated, results.cells, results.subjects)
    mae_bpm, lower_bpm, upper_bpm = subject_mean_interval(evaluated)
    choices = evaluated.drop_duplicates("fold")
    return {
        "mae_bpm": mae_bpm,
        "lower_bpm": lower_bpm,
        "upper_bpm": upper_bpm,
        "choices": choices.to_dict("records"),
    }


def _strategies_by_source(strategies: Iterable[str]) -> dict[str, list[str]]:
    """Names of the strategies of each publication."""
    names: dict[str, list[str]] = {}
    for strategy in (STRATEGIES[name] for name in strategies):
        if strategy.source:
            names.setdefault(strategy.source, []).append(strategy.name)
    return names
