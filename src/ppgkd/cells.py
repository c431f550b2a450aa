"""The tidy table of a study: one row for each strategy x teacher x student x seed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ppgkd.artifacts import read_json
from ppgkd.config import NO_TEACHER, Cell

COLUMNS: dict[str, str] = {
    "study": "string",
    "strategy": "string",
    "teacher": "string",
    "teacher_params": "Int64",
    "teacher_mae_bpm": "float64",
    "student": "string",
    "family": "string",
    "params": "int64",
    "macs": "int64",
    "seed": "int64",
    "mae_bpm": "float64",
    "mae_lower_bpm": "float64",
    "mae_upper_bpm": "float64",
    "median_ae_bpm": "float64",
    "rmse_bpm": "float64",
    "mape": "float64",
    "bias_bpm": "float64",
    "within_5bpm": "float64",
    "nll": "float64",
    "val_mae_bpm": "float64",
    "latency_p50_ms": "float64",
    "latency_p99_ms": "float64",
    "onnx_bytes": "int64",
    "epochs": "int64",
    "train_s": "float64",
    "model": "string",
}
"""Columns of the table and their types; ``teacher_params`` of ``scratch`` is missing."""


def collect_cells(
    study: str,
    cells: Iterable[Cell],
    students: str | Path,
    teachers: str | Path,
) -> pd.DataFrame:
    """Read the results of every cell.

    Parameters
    ----------
    study
        Name of the study.
    cells
        The sweep.
    students, teachers
        Folders of the trained models.

    Returns
    -------
    DataFrame
        With `COLUMNS`, in the order of the cells.
    """
    students, teachers = Path(students), Path(teachers)
    of_teacher: dict[tuple[str, int], Mapping[str, Any]] = {}
    rows = []
    for cell in cells:
        folder = students / cell.path
        metrics, latency = read_json(folder / "metrics.json"), read_json(folder / "latency.json")
        row = {
            **metrics,
            "study": study,
            "strategy": cell.strategy,
            "teacher": cell.teacher,
            "student": cell.student,
            "seed": cell.seed,
            "latency_p50_ms": latency["p50_ms"],
            "latency_p99_ms": latency["p99_ms"],
            "onnx_bytes": latency["onnx_bytes"],
            "model": f"students/{cell.path}/model.onnx",
        }
        if cell.teacher != NO_TEACHER:
            key = (cell.teacher, cell.seed)
            if key not in of_teacher:
                path = teachers / cell.teacher / f"seed{cell.seed}" / "metrics.json"
                of_teacher[key] = read_json(path)
            row["teacher_params"] = of_teacher[key]["params"]
            row["teacher_mae_bpm"] = of_teacher[key]["mae_bpm"]
        rows.append(row)
    return pd.DataFrame(rows).reindex(columns=list(COLUMNS)).astype(COLUMNS)


def collect_subject_errors(cells: Iterable[Cell], students: str | Path) -> pd.DataFrame:
    """Error of every cell on every test subject.

    Returns
    -------
    DataFrame
        ``strategy, teacher, student, seed, subject, n_windows, mae_bpm``.
    """
    parts = []
    for cell in cells:
        path = Path(students) / cell.path / "predictions.parquet"
        table = pd.read_parquet(path, columns=["subject", "hr_bpm", "pred_bpm"])
        absolute_bpm = (table["pred_bpm"] - table["hr_bpm"]).abs().astype("float64")
        by_subject = absolute_bpm.groupby(table["subject"]).agg(["size", "mean"]).reset_index()
        by_subject.columns = pd.Index(["subject", "n_windows", "mae_bpm"])
        of_cell = {"strategy": cell.strategy, "teacher": cell.teacher, "student": cell.student}
        parts.append(by_subject.assign(**of_cell, seed=cell.seed))
    columns = ["strategy", "teacher", "student", "seed", "subject", "n_windows", "mae_bpm"]
    return pd.concat(parts, ignore_index=True)[columns]
