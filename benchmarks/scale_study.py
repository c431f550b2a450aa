"""Studies of a requested size, and simulated artifacts of such studies."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ppgkd.models.capacity import InputShape, SpectralMLPShape, SpectralResNetShape
from ppgkd.runtime.artifacts import write_json
from ppgkd.study.cell import Cell, fold_folder
from ppgkd.study.parse import parse_study
from ppgkd.study.study import Study

STRATEGIES = ("scratch", "hard", "soft", "dkd", "feature")
STUDENTS = 40
"""Capacities of a large study; teachers make up the rest of its cells."""

SUBJECTS, TEST_SHARE, DURATION_S, STRIDE_S = 25, 0.2, 300, 2
WINDOWS = DURATION_S // STRIDE_S
"""Of one subject."""

VIEW_CACHE_FILES = (
    "bank.json",
    "signal.npy",
    "spectra.npy",
    "hr_bpm.npy",
    "pulse_row.npy",
    "rate_factor.npy",
)
TRAINED = ("model.safetensors", "metrics.json", "history.parquet", "predictions.parquet")
STEP_S = 0.01
"""From one stage to the next, by the times of their files."""


@dataclass(frozen=True)
class Layout:
    """How the cells of a student are laid out; ``folds`` is 0 in a study without."""

    seeds: int
    folds: int = 0

    def __str__(self) -> str:
        """Say it as a row of the table does."""
        seeds = f"{self.seeds} seed{'s' if self.seeds > 1 else ''}"
        return f"{seeds} x {self.folds} folds" if self.folds else seeds

    @classmethod
    def parse(cls, text: str) -> Layout:
        """Read ``seeds`` or ``seedsxfolds``, as in ``3x5``."""
        return cls(*map(int, text.split("x")))


def make_config(name: str, cells: int, layout: Layout) -> dict[str, Any]:
    """Configuration of a study of about so many cells: five strategies, two families."""
    of_students = cells / layout.seeds / max(layout.folds, 1)
    teachers = max(1, round((of_students / STUDENTS - 1) / 4))
    students = max(2, round(of_students / (1 + 4 * teachers)))
    shares = {"train": 0.64, "val": 0.16, "test": TEST_SHARE}
    config: dict[str, Any] = {
        "study": name,
        "datasets": {"simulated": shares},
        "simulation": {"n_subjects": SUBJECTS, "duration_s": DURATION_S, "seed": 0},
        "strategies": {strategy: {} for strategy in STRATEGIES},
        "seeds": [*range(layout.seeds)],
    }
    inputs = InputShape(3, 3, 200, 25)
    widths = range(2, 2 + (students + 1) // 2)
    resnets = [SpectralResNetShape(width).n_params(inputs) for width in widths]
    mlps = [SpectralMLPShape(width).n_params(inputs) for width in widths][: students - len(resnets)]
    large = range(100, 100 + teachers)
    return {
        **config,
        **({"folds": layout.folds} if layout.folds else {}),
        "students": {"spectral_resnet": resnets, "spectral_mlp": mlps},
        "teachers": {
            "spectral_resnet": [SpectralResNetShape(width).n_params(inputs) for width in large]
        },
    }


def make_study(config: dict[str, Any]) -> Study:
    """Check a configuration."""
    return parse_study(config)


def simulate_artifacts(study: Study, folder: Path) -> None:
    """Write what the study would leave before its table of cells, into the folder it works in.

    What the table is made from has sensible content; all other files are empty. Each stage is a
    little younger than the one before, so that Snakemake takes all for finished.
    """
    results = folder / "results" / study.config["study"]
    now = time.time()

    def empty(stage: int, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        _date(path, stage, now)

    for file in study.raw_files("simulated"):
        empty(0, folder / "resources/raw" / file)
    for stage, name in ((1, "parquet"), (1, "counts.csv"), (2, "raw.parquet")):
        empty(stage, results / "windows" / f"simulated.{name}")
    for fold in study.folds:
        cell_folder = results / fold_folder(fold)
        empty(2, cell_folder / "splits.csv")
        empty(3, cell_folder / "filter.json")
        for seed in study.config["seeds"]:
            for file in VIEW_CACHE_FILES:
                empty(3, cell_folder / f"bank/seed{seed}" / file)
        for teacher, seed in product(study.teachers, study.config["seeds"]):
            name = f"{teacher.name}/seed{seed}"
            for file in TRAINED:
                empty(4, cell_folder / "teachers" / name / file)
            write_json(cell_folder / "teachers" / name / "metrics.json", _metrics(100_000, 2.0))
            _date(cell_folder / "teachers" / name / "metrics.json", 4, now)
            for file in ("targets.json", "logits.npy", "features.npy"):
                empty(5, cell_folder / "targets" / name / file)
    params = {model.name: model.capacity for model in study.students}
    rng = np.random.default_rng(0)
    for cell in study.cells:
        cell_folder = results / cell.path
        for file in TRAINED:
            empty(6, cell_folder / file)
        error_bpm = (2 + 60 * params[cell.student] ** -0.6) * rng.lognormal(sigma=0.03)
        metrics = _metrics(params[cell.student], error_bpm)
        write_json(cell_folder / "metrics.json", {**metrics, "family": cell.student.split("-")[0]})
        _predictions(cell, error_bpm, rng).to_parquet(cell_folder / "predictions.parquet")
        for file in ("metrics.json", "predictions.parquet"):
            _date(cell_folder / file, 6, now)
    for cell in study.profiled:
        cell_folder = results / cell.path
        empty(7, cell_folder / "model.onnx")
        empty(8, cell_folder / "model.int8.onnx")
        write_json(cell_folder / "int8.json", {"loss_bpm": 0.01})
        _date(cell_folder / "int8.json", 8, now)
        write_json(cell_folder / "latency.json", _latency(params[cell.student]))
        _date(cell_folder / "latency.json", 9, now)


def _date(path: Path, stage: int, now: float) -> None:
    os.utime(path, (now + stage * STEP_S,) * 2)


def _metrics(params: int, error_bpm: float) -> dict[str, Any]:
    names = ("mae", "mae_lower", "mae_upper", "median_ae", "rmse", "bias", "val_mae")
    shares = ("mape", "within_5bpm", "within_10pct", "half_share", "double_share", "nll")
    return {
        **{f"{name}_bpm": error_bpm for name in names},
        **dict.fromkeys(shares, 0.5),
        **{"params": params, "network_macs": 90 * params, "family": "spectral_resnet"},
        **{"epochs": 15, "train_s": 60.0, "settings": {"temperature": 2, "label_weight": 1}},
    }


def _latency(params: int) -> dict[str, Any]:
    times = {"p50_ms": 0.1, "p95_ms": 0.15, "p99_ms": 0.2, "busy": False}
    counted = {
        **{"macs": 860_000 + 90 * params, "front_end_macs": 860_000},
        **{"flash_bytes": 610_000 + 4 * params, "front_end_flash_bytes": 610_000},
        **{"ram_bytes": 20_000, "front_end_ram_bytes": 20_000},
        **{"onnx_bytes": 9_000 + 4 * params, "peak_memory_bytes": 3_000_000},
    }
    rest = {"front_end": times, "int8": {**times, **counted}, "microcontroller": []}
    return {**times, **counted, **rest}


def _predictions(cell: Cell, error_bpm: float, rng: np.random.Generator) -> pd.DataFrame:
    """Of the fold's test subjects; every subject has a level of its own."""
    n_subjects = round(SUBJECTS * TEST_SHARE)
    numbers = np.arange(n_subjects) + n_subjects * (cell.fold or 0)
    subject = np.char.mod("sim-%02d", np.repeat(numbers, WINDOWS))
    window = np.tile(np.arange(WINDOWS), n_subjects)
    levels = np.repeat(np.exp(0.5 * np.sin(numbers)), WINDOWS)
    missed_bpm = error_bpm * levels * rng.standard_normal(len(window)) * np.sqrt(np.pi / 2)
    hr_bpm = 90 + 30 * np.sin(window / 20)
    return pd.DataFrame(
        {
            "dataset": "simulated",
            "subject": subject,
            "recording": subject,
            "window": window,
            "start_s": window * float(STRIDE_S),
            "hr_bpm": hr_bpm.astype(np.float32),
            "pred_bpm": (hr_bpm + missed_bpm).astype(np.float32),
            "sd_bpm": np.float32(error_bpm),
        }
    )
