"""Teachers: large networks that learn from the reference alone, from a fresh view every epoch."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ppgkd.distill.scratch import LabelLoss
from ppgkd.models.build import build_model
from ppgkd.models.capacity import InputShape, Shape
from ppgkd.models.network import Network
from ppgkd.splits.study_windows import StudyWindows
from ppgkd.training.checkpoint import Checkpoint
from ppgkd.training.loop import TrainingConfig, fit
from ppgkd.views.augment import Augmentation
from ppgkd.views.examples import dataset_numbers, examples, fingerprint
from ppgkd.views.source import FreshViews
from ppgkd.windows.read import Windows

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingStage:
    """One stage of a teacher's training.

    Attributes
    ----------
    name
        ``pretraining`` or ``training``.
    windows
        Windows to learn from.
    config
        Length and speed.
    """

    name: str
    windows: Windows
    config: TrainingConfig


def train_teacher(
    shape: Shape,
    inputs: InputShape,
    windows: StudyWindows,
    *,
    pretraining: TrainingConfig,
    training: TrainingConfig,
    augmentation: Augmentation,
    label_sd_bpm: float,
    seed: int,
    checkpoints: str | Path | None = None,
) -> tuple[Network, pd.DataFrame]:
    """Train a teacher: first on all windows, if there are more, then on the study's own.

    Parameters
    ----------
    shape, inputs
        The network.
    windows
        Of the study. If it has ``pretrain`` windows, the teacher first learns from those and from
        the ``train`` windows together.
    pretraining, training
        Length and speed of the two stages.
    augmentation
        What may happen to a window in a view.
    label_sd_bpm
        Standard deviation of the softened label.
    seed
        Of the initial weights, the order of the windows and the views.
    checkpoints
        Folder that keeps the state between epochs.

    Returns
    -------
    model, history
        The network with its best weights, and the tables of `ppgkd.training.loop.fit` of all
        stages, one below the other, with a column ``stage``. ``seconds`` are since the first stage
        began.
    """
    model = build_model(shape, inputs, seed)
    stages = [TrainingStage("training", windows.train, training)]
    if windows.pretraining is not None:
        stages.insert(0, TrainingStage("pretraining", windows.pretraining, pretraining))
    val = examples(windows.val)
    histories: list[pd.DataFrame] = []
    # a checkpoint belongs to a stage and to everything that happened before it
    before = fingerprint(val)
    for stage in stages:
        log.info("%s on %d windows", stage.name, len(stage.windows))
        views = FreshViews(examples(stage.windows), inputs, augmentation, seed)
        parts = (before, shape, inputs, stage.config, label_sd_bpm, seed, views.fingerprint)
        run = hashlib.sha256(repr(parts).encode()).hexdigest()
        history = fit(
            model,
            LabelLoss(),
            views,
            val,
            stage.config,
            label_sd_bpm=label_sd_bpm,
            seed=seed,
            checkpoint=_checkpoint(checkpoints, stage, run),
            dataset=dataset_numbers(stage.windows),
        )
        before_s = histories[-1]["seconds"].iloc[-1] if histories else 0.0
        seconds = history["seconds"] + before_s
        histories.append(history.assign(stage=stage.name, seconds=seconds))
        before = run
    return model, pd.concat(histories, ignore_index=True)


def _checkpoint(folder: str | Path | None, stage: TrainingStage, run: str) -> Checkpoint | None:
    return None if folder is None else Checkpoint(Path(folder) / f"{stage.name}.pt", run)
