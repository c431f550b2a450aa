"""What a training job leaves: the weights, how they came about, and how good they are."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from torch import nn

from ppgkd.artifacts import write_json, write_parquet
from ppgkd.models.build import save_model
from ppgkd.models.capacity import InputShape, MLPShape, ResNetShape
from ppgkd.scoring import score
from ppgkd.windows import Windows


@dataclass(frozen=True)
class TrainedModel:
    """A network with its history and its test result."""

    model: nn.Module
    shape: ResNetShape | MLPShape
    inputs: InputShape
    history: pd.DataFrame
    predictions: pd.DataFrame
    metrics: dict[str, Any]

    def save(self, folder: str | Path) -> None:
        """Write ``model.safetensors``, ``history``, ``predictions`` and ``metrics.json``."""
        folder = Path(folder)
        save_model(folder / "model.safetensors", self.model, self.shape, self.inputs)
        write_parquet(folder / "history.parquet", self.history)
        write_parquet(folder / "predictions.parquet", self.predictions)
        write_json(folder / "metrics.json", self.metrics)


def judge(
    model: nn.Module,
    shape: ResNetShape | MLPShape,
    inputs: InputShape,
    history: pd.DataFrame,
    test: Windows,
    seed: int,
) -> TrainedModel:
    """Look at the test set, once, and put together what is kept of a training."""
    predictions, metrics = score(model, test)
    about = {
        "family": shape.family,
        "width": shape.width,
        "params": shape.n_params(inputs),
        "macs": shape.macs(inputs),
        "seed": seed,
        "epochs": len(history),
        "val_mae_bpm": float(history["val_mae_bpm"].min()),
        "train_s": float(history["seconds"].iloc[-1]),
        "trained_on": platform.machine(),
    }
    return TrainedModel(model, shape, inputs, history, predictions, {**about, **metrics})
