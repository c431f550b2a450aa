"""Teachers: large networks that learn from the reference alone, a fresh view every epoch."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ppgkd.distill.scratch import LabelObjective
from ppgkd.models.build import build_model
from ppgkd.models.capacity import InputShape, MLPShape, ResNetShape
from ppgkd.models.network import Network
from ppgkd.splits.study_windows import StudyWindows
from ppgkd.training.checkpoint import Checkpoint
from ppgkd.training.loop import Budget, fit
from ppgkd.views.augment import Augmentation
from ppgkd.views.cache import FreshViews, examples, fingerprint
from ppgkd.windows.read import Windows

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Lesson:
    """One stretch of a teacher's training.

    Attributes
    ----------
    name
        ``pretraining`` or ``training``.
    windows
        What is learned from.
    budget
        Length and speed.
    """

    name: str
    windows: Windows
    budget: Budget


def train_teacher(
    shape: ResNetShape | MLPShape,
    inputs: InputShape,
    windows: StudyWindows,
    *,
    pretraining: Budget,
    training: Budget,
    augmentation: Augmentation,
    label_sd_bpm: float,
    seed: int,
    checkpoints: str | Path | None = None,
) -> tuple[Network, pd.DataFrame]:
    """Train a teacher: on all that there is to learn from first, then on the study's own windows.

    Parameters
    ----------
    shape, inputs
        The network.
    windows
        Of the study. Where it has ``pretrain`` windows, the teacher first learns from those and
        from ``train`` together.
    pretraining, training
        Length and speed of the two.
    augmentation
        What may happen to a window in a view.
    label_sd_bpm
        Width of the softened label.
    seed
        Of the initial weights, the order of the windows and the views.
    checkpoints
        Folder that keeps the state between epochs.

    Returns
    -------
    model, history
        The network with its best weights, and the tables of `ppgkd.training.loop.fit` one below the
        other, with a column ``lesson``; ``seconds`` count on.
    """
    model = build_model(shape, inputs, seed)
    lessons = [Lesson("training", windows.train, training)]
    if windows.pretraining is not None:
        lessons.insert(0, Lesson("pretraining", windows.pretraining, pretraining))
    chosen_by = examples(windows.val)
    histories: list[pd.DataFrame] = []
    behind = fingerprint(chosen_by)
    for lesson in lessons:
        log.info("%s on %d windows", lesson.name, len(lesson.windows))
        views = FreshViews(examples(lesson.windows), inputs, augmentation, seed)
        parts = (behind, shape, inputs, lesson.budget, label_sd_bpm, seed, views.fingerprint)
        run = hashlib.sha256(repr(parts).encode()).hexdigest()
        history = fit(
            model,
            LabelObjective(),
            views,
            chosen_by,
            lesson.budget,
            label_sd_bpm=label_sd_bpm,
            seed=seed,
            checkpoint=_checkpoint(checkpoints, lesson, run),
        )
        before_s = histories[-1]["seconds"].iloc[-1] if histories else 0.0
        seconds = history["seconds"] + before_s
        histories.append(history.assign(lesson=lesson.name, seconds=seconds))
        behind = run
    return model, pd.concat(histories, ignore_index=True)


def _checkpoint(folder: str | Path | None, lesson: Lesson, run: str) -> Checkpoint | None:
    return None if folder is None else Checkpoint(Path(folder) / f"{lesson.name}.pt", run)
