"""The page: one HTML file that needs no network."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined

from ppgkd.artifacts import whole
from ppgkd.config import ROLES, Study
from ppgkd.decision import VALIDATION_SLACK, Gates, apply_gates, recommend
from ppgkd.report.figures import pareto_front
from ppgkd.report.provenance import provenance
from ppgkd.windows import FAULTS

STRATEGY_NAMES = {
    "scratch": "from scratch",
    "hard": "hard targets",
    "soft": "soft targets",
    "dkd": "decoupled distillation",
    "feature": "features",
}


@dataclass(frozen=True)
class Results:
    """What the stages before have found.

    Attributes
    ----------
    cells, students
        Tables of the cells, and of the students over seeds.
    laws, effects
        Of the scaling stage.
    splits
        ``dataset, subject, role``.
    counts
        Windows kept and dropped, one row per recording.
    teachers
        Name and metrics of each trained teacher.
    figures
        SVG files by name.
    """

    cells: pd.DataFrame
    students: pd.DataFrame
    laws: Sequence[Mapping[str, Any]]
    effects: Mapping[str, Any]
    splits: pd.DataFrame
    counts: pd.DataFrame
    teachers: Sequence[tuple[str, Mapping[str, Any]]]
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
    best_mae_bpm = gated["mae_bpm"].min()
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
        "roles": ROLES,
        "faults": [fault for fault in FAULTS if results.counts[fault].any()],
        "teachers": [
            {"name": name, **metrics, "beaten": metrics["mae_bpm"] > best_mae_bpm}
            for name, metrics in results.teachers
        ],
        "laws": results.laws,
        "effects": results.effects,
        "cells": results.cells.to_dict("records"),
        "train_hours": (
            results.cells["train_s"].sum() + sum(m["train_s"] for _, m in results.teachers)
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
                    role: sorted(roles.loc[roles["role"] == role, "subject"]) for role in ROLES
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
