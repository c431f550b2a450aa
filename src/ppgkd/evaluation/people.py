"""The tidy table of students that learned from subsets of the training people, and from all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ppgkd.evaluation.cells import collect_subject_errors
from ppgkd.runtime.artifacts import read_json
from ppgkd.splits.study_windows import training_amount
from ppgkd.study.cell import NO_TEACHER, Cell, fold_folder
from ppgkd.study.subset import Subset
from ppgkd.windows.table import WindowsFile

SUBSET: dict[str, str] = {
    "people": "Int64",
    "draw": "Int64",
    "minutes": "Int64",
    "unlabelled": "boolean",
}
"""Columns that say which subset, and their types; all are missing where all people train.
``unlabelled``: whether the others were seen without their reference."""

COLUMNS: dict[str, str] = {
    "strategy": "string",
    "teacher": "string",
    "student": "string",
    "family": "string",
    "params": "int64",
    "seed": "int64",
    "fold": "Int64",
    **SUBSET,
    "train_subjects": "int64",
    "train_minutes": "float64",
    "mae_bpm": "float64",
    "val_mae_bpm": "float64",
    "teacher_mae_bpm": "float64",
}
"""Columns of the table of cells. ``train_subjects`` and ``train_minutes`` are of the people with
labels; the minutes are those of all of them together."""


def collect_people_cells(
    cells: Iterable[Cell], windows: Sequence[str | Path], results: str | Path, stride_s: float
) -> pd.DataFrame:
    """Read the results of cells, and how much each learned from.

    Parameters
    ----------
    cells
        The sweep with all people, and with each subset of them.
    windows
        The study's windows files.
    results
        Folder of the study.
    stride_s
        Time between starts of windows.

    Returns
    -------
    DataFrame
        With `COLUMNS`, in the order of the cells.
    """
    results = Path(results)
    files = [WindowsFile(path) for path in windows]
    amounts: dict[str, tuple[int, float]] = {}
    rows = []
    for cell in cells:
        folder = fold_folder(cell.fold, cell.subset)
        if folder not in amounts:
            n_people, n_windows = training_amount(files, results / folder / "splits.csv")
            amounts[folder] = n_people, n_windows * stride_s / 60
        metrics = read_json(results / cell.path / "metrics.json")
        row = {
            **metrics,
            **_subset_columns(cell.subset),
            **{name: getattr(cell, name) for name in ("strategy", "teacher", "student")},
            **{"seed": cell.seed, "fold": cell.fold},
            **dict(zip(("train_subjects", "train_minutes"), amounts[folder], strict=True)),
        }
        if cell.teacher != NO_TEACHER:
            row["teacher_mae_bpm"] = read_json(results / cell.teacher_path / "metrics.json")[
                "mae_bpm"
            ]
        rows.append(row)
    return pd.DataFrame(rows).reindex(columns=list(COLUMNS)).astype(COLUMNS)


def collect_people_subjects(cells: Iterable[Cell], results: str | Path) -> pd.DataFrame:
    """Error of every cell on every test subject.

    Returns
    -------
    DataFrame
        That of `ppgkd.evaluation.cells.collect_subject_errors`, with the columns `SUBSET` and
        ``dataset``, in which the subject is tested.
    """
    results = Path(results)
    of_subset: dict[Subset | None, list[Cell]] = {}
    for cell in cells:
        of_subset.setdefault(cell.subset, []).append(cell)
    folders = {fold_folder(cell.fold) for cell in of_subset[None]}
    splits = pd.concat([pd.read_csv(results / folder / "splits.csv") for folder in sorted(folders)])
    tested = splits[splits["role"] == "test"].groupby("subject")["dataset"]
    dataset_of = tested.agg(lambda names: ", ".join(sorted(set(names))))
    tables = [
        collect_subject_errors(own, results).assign(**_subset_columns(subset)).astype(SUBSET)
        for subset, own in of_subset.items()
    ]
    errors = pd.concat(tables, ignore_index=True)
    return errors.assign(dataset=errors["subject"].map(dataset_of))


def _subset_columns(subset: Subset | None) -> dict[str, Any]:
    if subset is None:
        return dict.fromkeys(SUBSET, pd.NA)
    draw = pd.NA if subset.people is None else subset.draw
    numbers = {"people": subset.people, "draw": draw, "minutes": subset.minutes}
    return {**numbers, "unlabelled": subset.unlabelled}
