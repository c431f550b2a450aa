"""Rows of the tables of the study's report, beside those that earlier stages have made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ppgkd.evaluation.summary import summarise_students
from ppgkd.report.data_page import data_rows
from ppgkd.report.intervals import of_table
from ppgkd.report.unseen import other_people_of
from ppgkd.strategies.labels import strategy_label, training_label
from ppgkd.study.roles import ROLES
from ppgkd.study.study import Study

Row = Mapping[str, Any]


def teacher_rows(teachers: Sequence[tuple[str, Row]], gated: pd.DataFrame) -> list[dict[str, Any]]:
    """Make one row per teacher, over its seeds and folds.

    Parameters
    ----------
    teachers
        Name and metrics of each teacher of each seed and fold.
    gated
        Table of the students.

    Returns
    -------
    list of dict
        ``better`` is the number of its students with a lower test MAE.
    """
    rows = []
    for name in dict.fromkeys(name for name, _ in teachers):
        trained = pd.DataFrame([metrics for of, metrics in teachers if of == name])
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


def tuning_rows(tuning: Sequence[tuple[str, Row]]) -> list[dict[str, Any]]:
    """Make one row per trial: its settings, its validation error over the folds, how often it won.

    Parameters
    ----------
    tuning
        Strategy, and its trials and winner, for each fold.
    """
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


def students_by_dataset(
    cells: pd.DataFrame, subject_errors: pd.DataFrame, splits: pd.DataFrame, student: str
) -> list[dict[str, Any]]:
    """Summarise the errors of one shape on each dataset, if there are two or more test datasets.

    Parameters
    ----------
    cells, subject_errors
        Tables of `ppgkd.evaluation.cells`.
    splits
        ``dataset, subject, role``, and ``fold`` in a study with folds.
    student
        Name of the shape.
    """
    tested = splits[splits["role"] == "test"]
    names = [*dict.fromkeys(tested["dataset"])]
    if len(names) < 2:
        return []
    rows: list[dict[str, Any]] = []
    shaped = cells[cells["student"] == student]
    for name in names:
        test_subjects = set(tested.loc[tested["dataset"] == name, "subject"])
        subjects = subject_errors[subject_errors["subject"].isin(test_subjects)]
        if "fold" in tested:  # of a subject of two datasets, the fold says which one was tested
            folds = set(tested.loc[tested["dataset"] == name, "fold"])
            subjects = subjects[subjects["fold"].isin(folds)]
        subjects = subjects[subjects["student"] == student]
        students = of_table(summarise_students(shaped, subjects), len(test_subjects))
        students = students.assign(dataset=name, n_subjects=len(test_subjects))
        rows += [dict(row) for _, row in students.iterrows()]
    return rows


def errors_by_dataset(
    by_dataset: Sequence[Row], other_people: Sequence[Row]
) -> list[dict[str, Any]]:
    """Order the rows by dataset and activity; after a whole dataset comes that of its other people.

    Parameters
    ----------
    by_dataset, other_people
        Of `ppgkd.evaluation.by_dataset.errors_by_dataset`; the second may be empty.
    """
    rows: list[dict[str, Any]] = []
    for row in by_dataset:
        rows.append({**row, "other_people": False})
        same = other_people_of(row["dataset"], other_people)
        if row["activity"] is None and same:
            rows.append({**same, "other_people": True})
    return rows


def dataset_rows(
    study: Study, splits: pd.DataFrame, recordings: pd.DataFrame
) -> list[dict[str, Any]]:
    """Make one row per dataset, with its subjects by role.

    Parameters
    ----------
    study
        The study.
    splits
        ``dataset, subject, role``.
    recordings
        Rows of `ppgkd.dataset_summary.summary.summarise_dataset`.
    """
    rows = {row["dataset"]: row for row in data_rows(recordings, ["dataset"])}
    tables = []
    for dataset in study.datasets:
        roles = splits[splits["dataset"] == dataset.name]
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


def configured_lags_s(study: Study, dataset: str) -> dict[str, float]:
    """Configured lag of a dataset's recordings."""
    lags_s = study.config["datasets"][dataset].get("reference_lag_s", {})
    if isinstance(lags_s, dict):
        return lags_s
    return {entry.name: lags_s for entry in study.recordings(dataset)}


def shipped_rows(shipped: Mapping[str, int], rate_hz: float) -> list[dict[str, Any]]:
    """List the files of the recommended student, those of the study's own rate first.

    Parameters
    ----------
    shipped
        Size in bytes by name: ``student.onnx``, ``student.int8.onnx``, ``student-25hz.onnx``.
    rate_hz
        The sensor's rate of files that do not name it.
    """
    rows = []
    for name, size_bytes in shipped.items():
        stem = name.removesuffix(".onnx")
        named = stem.partition("-")[2].removesuffix("hz")
        rows.append(
            {
                "name": name,
                "precision": "int8" if stem.endswith(".int8") else "float32",
                "rate_hz": float(named) if named else rate_hz,
                "size_bytes": size_bytes,
                "other_rate": bool(named),
            }
        )
    return sorted(rows, key=lambda row: (row["other_rate"], row["precision"], row["rate_hz"]))


def without_law(laws: Sequence[Row]) -> list[dict[str, Any]]:
    """Group the sweeps that have no law by family and reason.

    Parameters
    ----------
    laws
        Of `ppgkd.scaling.fit_laws`.

    Returns
    -------
    list of dict
        ``family``, ``trainings`` (how its students were trained), ``reason``.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for law in laws:
        if "chosen" not in law:
            trainings = found.setdefault((law["family"], law["reason"]), [])
            trainings.append(training_label(law["strategy"], law["teacher"]))
    return [
        {"family": family, "trainings": trainings, "reason": reason}
        for (family, reason), trainings in found.items()
    ]


def without_joint_law(laws: Sequence[Row]) -> list[dict[str, Any]]:
    """Group the laws in both sizes that could not be fitted by form and reason.

    Parameters
    ----------
    laws
        Of `ppgkd.scaling.fit_laws`, ``joint``.

    Returns
    -------
    list of dict
        ``form``, ``sweeps``, ``reason``.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for law in laws:
        if "describe" not in law:
            sweeps = found.setdefault((law["form"], law["reason"]), [])
            sweeps.append(f"{law['family']} with {strategy_label(law['strategy'])}")
    return [
        {"form": form, "sweeps": sweeps, "reason": reason}
        for (form, reason), sweeps in found.items()
    ]
