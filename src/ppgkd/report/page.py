"""The study's report: one HTML file that needs no network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from ppgkd.dataset_summary.verdict import FEW_TEST_SUBJECTS
from ppgkd.evaluation.costs import COSTS
from ppgkd.evaluation.recommendation import (
    VALIDATION_SLACK,
    Gates,
    apply_gates,
    cheapest_by_family,
    recommend,
    recommend_by_fold,
)
from ppgkd.evaluation.summary import subject_mean_interval, summarise_students
from ppgkd.report.data_page import data_rows, is_labelled, rejection_reasons
from ppgkd.report.figures import pareto_front
from ppgkd.report.html import data_uri, write_page
from ppgkd.report.provenance import provenance
from ppgkd.report.unseen import compare_unseen, other_people_of
from ppgkd.strategies.registry import STRATEGIES
from ppgkd.study.roles import BY_DATASET, ROLES
from ppgkd.study.study import Study


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
        SVG files by name.
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
    write_page("page.html.j2", _context(study, results), path)


def _context(study: Study, results: Results) -> dict[str, Any]:
    gates = Gates(**study.config["gates"])
    gated = apply_gates(results.students, gates)
    gated["on_front"] = pareto_front(gated)
    used = [file for d in study.datasets for r in study.recordings(d.name) for file in r.files]
    return {
        "study": study.config["study"],
        "simulated": any(d.source == "simulated" for d in study.datasets),
        "evaluated_on_simulated": _evaluated_on_simulated(study, results.splits),
        "gates": gates,
        "slack": VALIDATION_SLACK,
        "cost": COSTS[gates.cost],
        "cost_names": COSTS,
        "chosen": recommend(gated).to_dict(),
        "strategy_names": {name: found.label for name, found in STRATEGIES.items()},
        "strategy_sources": _strategies_by_source(),
        "students": gated.to_dict("records"),
        "passing": int(gated["passes"].sum()),
        "n_test_subjects": results.subjects["subject"].nunique(),
        "few_subjects": results.subjects["subject"].nunique() < FEW_TEST_SUBJECTS,
        "front": gated[gated["on_front"]].sort_values("cost").to_dict("records"),
        "datasets": _datasets(study, results),
        "roles": [role for role in ROLES if role in set(results.splits["role"])],
        "reasons": rejection_reasons(results.recordings),
        "labelled": is_labelled(results.recordings),
        "strategies": results.strategies.to_dict("records"),
        "teachers": _teachers(results, gated),
        "maybe_seen": maybe_seen(results.teachers, results.splits),
        "tuning": _tuning(results.tuning),
        "by_fold": _by_fold(results, gated),
        "folds": len(study.folds) if study.config["folds"] else None,
        "left_out": study.tested if study.config["folds"] == BY_DATASET else (),
        "by_dataset": _by_dataset(results, str(recommend(gated)["student"])),
        "unseen": compare_unseen(study, results.quality["by_dataset"], results.other_people),
        "errors_by_dataset": _errors_by_dataset(results),
        "people_unknown": [d.name for d in study.datasets if d.people_unknown],
        "few": FEW_TEST_SUBJECTS,
        "laws": results.laws,
        "effects": results.effects,
        "plan": results.plan,
        "compared": results.compared,
        "claims": results.claims,
        "people": results.people,
        "people_plan": results.people_plan,
        "cheapest": cheapest_by_family(gated, gates.max_mae_bpm).to_dict("records"),
        "families": [*dict.fromkeys(gated["family"])],
        "quality": results.quality,
        "profile": results.profile,
        "alignment": results.alignment.to_dict("records"),
        "corrected": {
            recording: lag_s
            for dataset in study.config["datasets"]
            for recording, lag_s in _lags_s(study, dataset).items()
        },
        "cells": results.cells.to_dict("records"),
        "train_hours": (
            results.cells["train_s"].sum()
            + sum(metrics.get("train_s", 0) for _, metrics in results.teachers)
        )
        / 3600,
        "figures": {name: data_uri(svg) for name, svg in results.figures.items()},
        "config": study.config,
        "config_yaml": yaml.safe_dump(study.config, sort_keys=False, allow_unicode=True),
        "provenance": provenance(used),
    }


def _evaluated_on_simulated(study: Study, splits: pd.DataFrame) -> bool:
    tested = set(splits.loc[splits["role"] == "test", "dataset"])
    return any(d.name in tested and d.source == "simulated" for d in study.datasets)


def _teachers(results: Results, gated: pd.DataFrame) -> list[dict[str, Any]]:
    """One row per teacher, over its seeds and folds; ``better``: its students with a lower MAE."""
    rows = []
    for name in dict.fromkeys(name for name, _ in results.teachers):
        trained = pd.DataFrame([metrics for of, metrics in results.teachers if of == name])
        # a recorded teacher may say nothing of some windows, or of any
        errors_bpm = trained[["mae_bpm", "val_mae_bpm"]].astype(float)
        tested = trained["n_windows"].sum()
        mae_bpm = (
            (errors_bpm["mae_bpm"] * trained["n_windows"]).sum() / tested if tested else np.nan
        )
        of = trained["test_windows"].sum() if "test_windows" in trained else tested
        own = gated[gated["teacher"] == name]
        rows.append(
            {
                "name": name,
                "count": len(trained),
                "params": trained["params"].iloc[0],
                "val_mae_bpm": errors_bpm["val_mae_bpm"].mean(),
                "mae_bpm": float(mae_bpm),
                "covered": float(tested / of),
                "train_s": trained["train_s"].mean() if "train_s" in trained else None,
                "students": len(own),
                "better": int((own["mae_bpm"] < mae_bpm).sum()),
            }
        )
    return rows


def maybe_seen(
    teachers: Sequence[tuple[str, Mapping[str, Any]]], splits: pd.DataFrame
) -> dict[str, list[str]]:
    """Tested datasets that a teacher which was trained elsewhere may have learned from.

    Parameters
    ----------
    teachers
        Name and metrics of each teacher of each seed and fold.
    splits
        ``dataset, role``.

    Returns
    -------
    dict
        Teacher to the datasets; without those that are known to have seen none. If it is not known
        what a teacher has learned from, it is all that are tested.
    """
    tested = [*dict.fromkeys(splits.loc[splits["role"] == "test", "dataset"])]
    found: dict[str, list[str]] = {}
    for name, metrics in teachers:
        for made in metrics.get("estimates", {}).values():
            learned = made["trained_on"]
            seen = [name for name in tested if learned is None or name in learned]
            found[name] = [*dict.fromkeys(found.get(name, []) + seen)]
    return {name: seen for name, seen in found.items() if seen}


def _tuning(tuning: Sequence[tuple[str, Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """One row per trial: its settings, its validation error over the folds, how often it won."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for strategy, found in tuning:
        for trial in found["trials"]:
            row = rows.setdefault(
                (strategy, str(trial["settings"])),
                {"strategy": strategy, "settings": trial["settings"], "maes": [], "won": 0},
            )
            row["maes"].append(trial["val_mae_bpm"])
            row["won"] += trial["settings"] == found["settings"]
    return [{**row, "val_mae_bpm": float(np.mean(row["maes"]))} for row in rows.values()]


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


def _by_dataset(results: Results, student: str) -> list[dict[str, Any]]:
    """Errors of the recommended student's shape on each dataset, with two or more test datasets."""
    tested = results.splits[results.splits["role"] == "test"]
    names = [*dict.fromkeys(tested["dataset"])]
    if len(names) < 2:
        return []
    rows: list[dict[str, Any]] = []
    cells = results.cells[results.cells["student"] == student]
    for name in names:
        test_subjects = set(tested.loc[tested["dataset"] == name, "subject"])
        subjects = results.subjects[results.subjects["subject"].isin(test_subjects)]
        if "fold" in tested:  # of a subject of two datasets, the fold says which one was tested
            folds = set(tested.loc[tested["dataset"] == name, "fold"])
            subjects = subjects[subjects["fold"].isin(folds)]
        subjects = subjects[subjects["student"] == student]
        students = summarise_students(cells, subjects).assign(
            dataset=name, n_subjects=len(test_subjects)
        )
        rows += [dict(row) for _, row in students.iterrows()]
    return rows


def _errors_by_dataset(results: Results) -> list[dict[str, Any]]:
    """Rows by dataset and activity; after a whole dataset, that of its other people, if any."""
    rows: list[dict[str, Any]] = []
    for row in results.quality["by_dataset"]:
        rows.append({**row, "other_people": False})
        same = other_people_of(row["dataset"], results.other_people)
        if row["activity"] is None and same:
            rows.append({**same, "other_people": True})
    return rows


def _lags_s(study: Study, dataset: str) -> dict[str, float]:
    """Configured lag of a dataset's recordings."""
    lags_s = study.config["datasets"][dataset].get("reference_lag_s", {})
    if isinstance(lags_s, dict):
        return lags_s
    return {entry.name: lags_s for entry in study.recordings(dataset)}


def _datasets(study: Study, results: Results) -> list[dict[str, Any]]:
    rows = {row["dataset"]: row for row in data_rows(results.recordings, ["dataset"])}
    tables = []
    for dataset in study.datasets:
        roles = results.splits[results.splits["dataset"] == dataset.name]
        tables.append(
            {
                **rows[dataset.name],
                "name": dataset.name,
                "title": dataset.title,
                "terms": dataset.terms,
                "citation": dataset.citation,
                "ppg": study.config["datasets"][dataset.name].get("ppg"),
                "subjects": {
                    role: sorted(set(roles.loc[roles["role"] == role, "subject"])) for role in ROLES
                },
            }
        )
    return tables


def _strategies_by_source() -> dict[str, list[str]]:
    """Names of the strategies of each publication."""
    names: dict[str, list[str]] = {}
    for strategy in STRATEGIES.values():
        if strategy.source:
            names.setdefault(strategy.source, []).append(strategy.name)
    return names
