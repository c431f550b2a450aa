"""The tidy table of a study: one row for each strategy x teacher x student x seed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ppgkd.evaluation.costs import COUNTED, device_costs
from ppgkd.runtime.artifacts import read_json
from ppgkd.study.cell import NO_TEACHER, Cell

BATCH = 500
"""Number of cells whose predictions are in memory at a time."""

KEYS = ["strategy", "teacher", "student", "seed"]
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
    "front_end_macs": "int64",
    "flash_bytes": "int64",
    "front_end_flash_bytes": "int64",
    "ram_bytes": "int64",
    "front_end_ram_bytes": "int64",
    "instructions": "Int64",
    "measured_on": "string",
    "seed": "int64",
    "fold": "Int64",
    "settings": "string",
    "mae_bpm": "float64",
    "mae_lower_bpm": "float64",
    "mae_upper_bpm": "float64",
    "median_ae_bpm": "float64",
    "rmse_bpm": "float64",
    "mape": "float64",
    "bias_bpm": "float64",
    "within_5bpm": "float64",
    "within_10pct": "float64",
    "half_share": "float64",
    "double_share": "float64",
    "nll": "float64",
    "val_mae_bpm": "float64",
    "latency_p50_ms": "float64",
    "latency_p99_ms": "float64",
    "latency_busy": "boolean",
    "onnx_bytes": "int64",
    "front_end_latency_p99_ms": "float64",
    "peak_memory_bytes": "int64",
    "int8_loss_bpm": "float64",
    "int8_latency_p99_ms": "float64",
    "int8_bytes": "int64",
    "epochs": "int64",
    "train_s": "float64",
    "model": "string",
}
"""Columns of the table and their types; ``teacher_params`` of ``scratch`` is missing, and may be
of a recorded teacher; so is ``fold`` in a study without folds. ``settings`` is JSON. All costs are
from raw samples to BPM, of the float file; those with ``front_end`` are its part: resampling,
filter and, for a network that sees them, spectra. Flash, RAM and the instructions of an estimate
are those of the student's C on the processor ``measured_on``; where that is missing, flash and RAM
are estimated from the ONNX file (`ppgkd.profile.graph_cost.GraphCost`), as are always those of the
front end, and there are no instructions.
``latency_busy`` where the machine was too busy for the wall clock, and the latencies are CPU times
(`ppgkd.profile.timing`). ``int8_loss_bpm`` is the increase of the MAE by int8 quantisation."""


def collect_cells(
    study: str, cells: Iterable[Cell], profiled: Iterable[Cell], results: str | Path, core: str
) -> pd.DataFrame:
    """Read the results of every cell.

    Parameters
    ----------
    study
        Name of the study.
    cells
        The sweep.
    profiled
        Those of them whose students were exported and timed. The others, of a study with folds,
        get the profile of the same student in the first fold: it depends on the network's shape.
    results
        Folder of the study.
    core
        Processor that flash, RAM and instructions are of.

    Returns
    -------
    DataFrame
        With `COLUMNS`, in the order of the cells.
    """
    results = Path(results)
    profiles = {cell: _profile(cell, results, core) for cell in profiled}
    of_shape = {_student(cell): profile for cell, profile in profiles.items()}
    of_teacher: dict[str, Mapping[str, Any]] = {}
    rows = []
    for cell in cells:
        metrics = read_json(results / cell.path / "metrics.json")
        of_student = profiles.get(cell) or of_shape[_student(cell)]
        row = {
            **metrics,
            **of_student,
            "study": study,
            "strategy": cell.strategy,
            "teacher": cell.teacher,
            "student": cell.student,
            "seed": cell.seed,
            "fold": cell.fold,
            "settings": json.dumps(metrics["settings"], sort_keys=True),
        }
        if cell.teacher != NO_TEACHER:
            if cell.teacher_path not in of_teacher:
                of_teacher[cell.teacher_path] = read_json(
                    results / cell.teacher_path / "metrics.json"
                )
            row["teacher_params"] = of_teacher[cell.teacher_path].get("params")
            row["teacher_mae_bpm"] = of_teacher[cell.teacher_path]["mae_bpm"]
        rows.append(row)
    return pd.DataFrame(rows).reindex(columns=list(COLUMNS)).astype(COLUMNS)


def collect_subject_errors(cells: Iterable[Cell], results: str | Path) -> pd.DataFrame:
    """Error of every cell on every test subject.

    Returns
    -------
    DataFrame
        ``strategy, teacher, student, seed, fold, subject, n_windows, mae_bpm``.
    """
    batches = _batches(cells)
    table = pd.concat([_subject_errors(batch, Path(results)) for batch in batches])
    return table.reset_index(drop=True)


def _batches(cells: Iterable[Cell]) -> Iterator[Sequence[Cell]]:
    waiting = iter(cells)
    while batch := tuple(islice(waiting, BATCH)):
        yield batch


def _subject_errors(cells: Sequence[Cell], results: Path) -> pd.DataFrame:
    """Errors of some cells, by one grouping: far faster than a grouping of each small table."""
    tables = [_read_predictions(results / cell.path / "predictions.parquet") for cell in cells]
    number = np.repeat(np.arange(len(cells)), [len(table) for table in tables])
    windows = pa.concat_tables(tables).to_pandas()
    absolute_bpm = (windows["pred_bpm"] - windows["hr_bpm"]).abs().astype("float64")
    errors = absolute_bpm.groupby([number, windows["subject"]]).agg(["size", "mean"])
    of_cell = errors.index.get_level_values(0).to_numpy()
    table = pd.DataFrame(
        {
            **{name: [getattr(cells[at], name) for at in of_cell] for name in [*KEYS, "fold"]},
            "subject": errors.index.get_level_values(1),
            "n_windows": errors["size"].to_numpy(),
            "mae_bpm": errors["mean"].to_numpy(),
        }
    )
    return table.astype({"fold": "Int64"})


def _read_predictions(path: Path) -> pa.Table:
    with pq.ParquetFile(path) as file:
        return file.read(columns=["subject", "hr_bpm", "pred_bpm"])


def _student(cell: Cell) -> tuple[str, str, str]:
    return cell.strategy, cell.teacher, cell.student


def _profile(cell: Cell, results: Path, core: str) -> dict[str, Any]:
    latency = read_json(results / cell.path / "latency.json")
    int8 = read_json(results / cell.path / "int8.json")
    return {
        **{name: latency[name] for name in COUNTED},
        **device_costs(latency, core),
        "latency_p50_ms": latency["p50_ms"],
        "latency_p99_ms": latency["p99_ms"],
        "latency_busy": any(
            one["busy"] for one in (latency, latency["front_end"], latency["int8"])
        ),
        "onnx_bytes": latency["onnx_bytes"],
        "front_end_latency_p99_ms": latency["front_end"]["p99_ms"],
        "peak_memory_bytes": latency["peak_memory_bytes"],
        "int8_loss_bpm": int8["loss_bpm"],
        "int8_latency_p99_ms": latency["int8"]["p99_ms"],
        "int8_bytes": latency["int8"]["onnx_bytes"],
        "model": f"{cell.path}/model.onnx",
    }
