"""Results of a training job: weights, history, predictions and metrics."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from torch import nn

from ppgkd.evaluation.score import score
from ppgkd.models.build import save_model
from ppgkd.models.capacity import InputShape, Shape
from ppgkd.models.network import Network
from ppgkd.runtime.artifacts import file_fingerprint, write_json, write_parquet
from ppgkd.splits.study_windows import StudyWindows
from ppgkd.windows.read import Windows


@dataclass(frozen=True)
class TrainedModel:
    """A network with its history and its results on the test windows."""

    model: Network
    shape: Shape
    inputs: InputShape
    history: pd.DataFrame
    predictions: pd.DataFrame
    metrics: dict[str, Any]

    def save(self, folder: str | Path) -> None:
        """Write ``model.safetensors``, ``history``, ``predictions`` and ``metrics.json``."""
        folder = Path(folder)
        weights = folder / "model.safetensors"
        save_model(weights, self.model, self.shape, self.inputs)
        write_parquet(folder / "history.parquet", self.history)
        write_parquet(folder / "predictions.parquet", self.predictions)
        metrics = {**self.metrics, "sha256": file_fingerprint(weights)}
        write_json(folder / "metrics.json", metrics)


def evaluate(
    model: Network,
    shape: Shape,
    inputs: InputShape,
    history: pd.DataFrame,
    test: Windows,
    **about: Any,
) -> TrainedModel:
    """Evaluate a trained network on the test windows, once.

    ``about`` is added to the metrics.
    """
    predictions, metrics = score(model, test)
    last_stage = history.iloc[int(np.flatnonzero(history["epoch"] == 1)[-1]) :]
    about = {
        **about,
        "family": shape.family,
        "width": shape.width,
        "params": shape.n_params(inputs),
        "network_macs": shape.macs(inputs),
        "epochs": len(history),
        "val_mae_bpm": float(last_stage["val_mae_bpm"].min()),
        "train_s": float(history["seconds"].iloc[-1]),
        "trained_on": platform.machine(),
    }
    return TrainedModel(model, shape, inputs, history, predictions, {**about, **metrics})


def evaluate_teacher(
    teacher: nn.Module,
    windows: StudyWindows,
    folder: str | Path,
    **about: Any,
) -> None:
    """Evaluate a teacher that the study does not train: an ensemble, or a file of the user's own.

    Writes ``predictions.parquet`` and ``metrics.json``; ``about`` is added to the metrics.
    """
    _, on_val = score(teacher, windows.val)
    predictions, metrics = score(teacher, windows.test)
    write_parquet(Path(folder) / "predictions.parquet", predictions)
    write_json(
        Path(folder) / "metrics.json", {**about, "val_mae_bpm": on_val["mae_bpm"], **metrics}
    )
