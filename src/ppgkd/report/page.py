"""The page: one HTML file that needs no network."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined

from ppgkd.artifacts import whole
from ppgkd.config import ROLES, Study
from ppgkd.decision import (
    VALIDATION_SLACK,
    Gates,
    apply_gates,
    recommend,
    recommend_by_fold,
)
from ppgkd.report.figures import pareto_front
from ppgkd.report.provenance import provenance
from ppgkd.summary import subject_mean_interval
from ppgkd.windows import FAULTS

STRATEGY_NAMES = {
    "scratch": "from scratch",
    "hard": "hard targets",
    "soft": "soft targets",
    "dkd": "decoupled distillation",
    "feature": "features",
    "ordinal": "ordinal distance",
}


@dataclass(frozen=True)
class Results:
    """What the stages before have found.

    Attributes
    ----------
    cells, subjects, students, strategies
        Tables of the cells, of their errors by subject, of the students over seeds and folds, and
        of the strategies over students.
    laws, effects
        Of the scaling stage.
    plan
        Planned students, predicted and measured; empty if none was asked for.
    splits
        ``dataset, subject, role``, and ``fold`` in a study with folds.
    counts
        Windows kept and dropped, one row per recording.
    teachers
        Name and metrics of each teacher of each seed and fold.
    tuning
        Strategy, and its trials and winner, for each fold; empty if nothing was tuned.
    quality, profile
        Of the recommended student: `ppgkd.recommended.assess_recommended`, and the profile of its
        files.
    alignment
        Lag of each recording's reference.
    figures
        SVG files by name.
    """

    cells: pd.DataFrame
    subjects: pd.DataFrame
    students: pd.DataFrame
    strategies: pd.DataFrame
    laws: Mapping[str, Any]
    effects: Mapping[str, Any]
    plan: Sequence[Mapping[str, Any]]
    splits: pd.DataFrame
    counts: pd.DataFrame
    teachers: Sequence[tuple[str, Mapping[str, Any]]]
    tuning: Sequence[tuple[str, Mapping[str, Any]]]
    quality: Mapping[str, Any]
    profile: Mapping[str, Any]
    alignment: pd.DataFrame
    figures: Mapping[str, Path]


def write_report(study: Study, results: Results, path: str | Path) -> None:
    """Write the report.

    Parameters
    ----------
    study
        What was asked for.
    results
        What was found.
    path
        HTML file to write.
    """
    environment = Environment(
        loader=PackageLoader("ppgkd.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(count="{:,}".format, bpm="{:.2f}".format, percent="{:.0%}".format)
    page = environment.get_template("page.html.j2").render(**_context(study, results))
    with whole(path) as beside:
        beside.write_text(page, encoding="utf-8")


def _context(study: Study, results: Results) -> dict[str, Any]:
    gates = Gates(**study.config["gates"])
    gated = apply_gates(results.students, gates)
    gated["on_front"] = pareto_front(gated)
    used = [file for d in study.datasets for r in study.recordings(d.name) for file in r.files]
    return {
        "study": study.config["study"],
        "simulated": any(d.source == "simulated" for d in study.datasets),
        "judged_on_simulated": _judged_on_simulated(study, results.splits),
        "gates": gates,
        "slack": VALIDATION_SLACK,
        "chosen": recommend(gated).to_dict(),
        "strategy_names": STRATEGY_NAMES,
        "students": gated.to_dict("records"),
        "passing": int(gated["passes"].sum()),
        "front": gated[gated["on_front"]].sort_values("params").to_dict("records"),
        "datasets": _datasets(study, results),
        "roles": [role for role in ROLES if role in set(results.splits["role"])],
        "faults": [fault for fault in FAULTS if results.counts[fault].any()],
        "strategies": results.strategies.to_dict("records"),
        "teachers": _teachers(results, gated),
        "tuning": _tuning(results.tuning),
        "by_fold": _by_fold(results, gated),
        "folds": study.config["folds"],
        "laws": results.laws,
        "effects": results.effects,
        "plan": results.plan,
        "quality": results.quality,
        "profile": results.profile,
        "alignment": results.alignment.to_dict("records"),
        "corrected": {
            recording: lag_s
            for shares in study.config["datasets"].values()
            for recording, lag_s in shares.get("reference_lag_s", {}).items()
        },
        "cells": results.cells.to_dict("records"),
        "train_hours": (
            results.cells["train_s"].sum()
            + sum(metrics.get("train_s", 0) for _, metrics in results.teachers)
        )
        / 3600,
        "figures": {name: _data_uri(svg) for name, svg in results.figures.items()},
        "config": study.config,
        "config_yaml": yaml.safe_dump(study.config, sort_keys=False, allow_unicode=True),
        "provenance": provenance(used),
        "style": files("ppgkd.report").joinpath("page.css").read_text(encoding="utf-8"),
    }


def _judged_on_simulated(study: Study, splits: pd.DataFrame) -> bool:
    judging = set(splits.loc[splits["role"] == "test", "dataset"])
    return any(d.name in judging and d.source == "simulated" for d in study.datasets)


def _teachers(results: Results, gated: pd.DataFrame) -> list[dict[str, Any]]:
    """One row per teacher, over its seeds and folds; ``better`` are its students that beat it."""
    rows = []
    for name in dict.fromkeys(name for name, _ in results.teachers):
        trained = pd.DataFrame([metrics for of, metrics in results.teachers if of == name])
        mae_bpm = float(np.average(trained["mae_bpm"], weights=trained["n_windows"]))
        own = gated[gated["teacher"] == name]
        rows.append(
            {
                "name": name,
                "count": len(trained),
                "params": int(trained["params"].iloc[0]),
                "val_mae_bpm": trained["val_mae_bpm"].mean(),
                "mae_bpm": mae_bpm,
                "train_s": trained["train_s"].mean() if "train_s" in trained else None,
                "students": len(own),
                "better": int((own["mae_bpm"] < mae_bpm).sum()),
            }
        )
    return rows


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
    """What choosing in each fold by its own validation subjects gives; None without folds."""
    if results.cells["fold"].isna().any():
        return None
    judged = recommend_by_fold(gated, results.cells, results.subjects)
    mae_bpm, lower_bpm, upper_bpm = subject_mean_interval(judged)
    choices = judged.drop_duplicates("fold")
    return {
        "mae_bpm": mae_bpm,
        "lower_bpm": lower_bpm,
        "upper_bpm": upper_bpm,
        "choices": choices.to_dict("records"),
    }


def _datasets(study: Study, results: Results) -> list[dict[str, Any]]:
    tables = []
    for dataset in study.datasets:
        counts = results.counts[results.counts["dataset"] == dataset.name]
        roles = results.splits[results.splits["dataset"] == dataset.name]
        kept = counts["kept"]
        tables.append(
            {
                "name": dataset.name,
                "title": dataset.title,
                "terms": dataset.terms,
                "citation": dataset.citation,
                "subjects": {
                    role: sorted(set(roles.loc[roles["role"] == role, "subject"])) for role in ROLES
                },
                "recordings": len(counts),
                "kept": int(kept.sum()),
                "dropped": {fault: int(counts[fault].sum()) for fault in FAULTS},
                "spectral_peak_mae_bpm": float(
                    (counts["spectral_peak_mae_bpm"].fillna(0) * kept).sum() / max(kept.sum(), 1)
                ),
            }
        )
    return tables


def _data_uri(path: Path) -> str:
    encoded = base64.b64encode(Path(path).read_bytes()).decode("ascii")
    return f"data:image/svg+xml;base64,{encoded}"
