"""Students: small networks, trained by one of the strategies on the bank of views."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
from torch import nn

from ppgkd.artifacts import read_json
from ppgkd.bank import Bank, examples, fingerprint, read_bank
from ppgkd.checkpoint import Checkpoint
from ppgkd.config import NO_TEACHER
from ppgkd.distill.objective import make_objective
from ppgkd.errors import PpgkdError
from ppgkd.models.build import build_model
from ppgkd.models.capacity import InputShape, MLPShape, ResNetShape
from ppgkd.targets import TeacherTargets, read_targets
from ppgkd.training import Budget, fit
from ppgkd.windows import Windows

Settings = Mapping[str, float]


@dataclass(frozen=True)
class Recipe:
    """All that makes one student what it is, beside the windows.

    Attributes
    ----------
    strategy, settings
        How it learns; ``learning_rate`` and ``label_sd_bpm`` among the settings take the place of
        the two below.
    shape, inputs
        The network.
    budget
        Length and speed of the training.
    label_sd_bpm
        Width of the softened label.
    seed
        Of the initial weights and the order of the windows.
    """

    strategy: str
    settings: Settings
    shape: ResNetShape | MLPShape
    inputs: InputShape
    budget: Budget
    label_sd_bpm: float
    seed: int

    @property
    def own_budget(self) -> Budget:
        """The budget with the strategy's own learning rate."""
        learning_rate = self.settings.get("learning_rate", self.budget.learning_rate)
        return replace(self.budget, learning_rate=learning_rate)

    @property
    def own_label_sd_bpm(self) -> float:
        """The strategy's own width of the label."""
        return self.settings.get("label_sd_bpm", self.label_sd_bpm)

    @property
    def own_settings(self) -> dict[str, float]:
        """All settings that the student is trained with."""
        return {
            **self.settings,
            "learning_rate": self.own_budget.learning_rate,
            "label_sd_bpm": self.own_label_sd_bpm,
        }


@dataclass(frozen=True)
class Lessons:
    """What a student learns from.

    Attributes
    ----------
    bank
        The views.
    teacher
        Fingerprint of the teacher; ``none`` for ``scratch``.
    targets
        What it says about them.
    """

    bank: Bank
    teacher: str = NO_TEACHER
    targets: TeacherTargets | None = None


def read_lessons(
    transfer: Windows, bank_files: Sequence[str], teaching_files: Sequence[str]
) -> Lessons:
    """Open what a student learns from, memory-mapped, and check that all of it belongs together.

    Parameters
    ----------
    transfer
        The windows that the bank must have been made from.
    bank_files
        Files of the bank.
    teaching_files
        Metrics of the teacher, and the files of its targets; empty for ``scratch``.

    Raises
    ------
    PpgkdError
        If something is damaged, or was made for another window table, bank or teacher.
    """
    bank = read_bank(Path(bank_files[0]).parent, examples(transfer))
    if not teaching_files:
        return Lessons(bank)
    try:
        teacher = read_json(teaching_files[0])["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PpgkdError(
            f"The teacher's metrics {teaching_files[0]} cannot be read: {error}. Delete the file "
            "and run the workflow again."
        ) from error
    return Lessons(bank, teacher, read_targets(Path(teaching_files[1]).parent, bank, teacher))


def train_student(
    recipe: Recipe, lessons: Lessons, val: Windows, checkpoint: str | Path | None = None
) -> tuple[nn.Module, pd.DataFrame]:
    """Train the student of one cell.

    Parameters
    ----------
    recipe
        What it is and how it learns.
    lessons
        What it learns from.
    val
        Windows that choose the weights.
    checkpoint
        File that keeps the state between epochs.

    Returns
    -------
    model, history
        The network with its best weights, and the table of `ppgkd.training.fit`.
    """
    model = build_model(recipe.shape, recipe.inputs, recipe.seed)
    window_shape = (recipe.inputs.channels, recipe.inputs.n_samples)
    objective = make_objective(
        recipe.strategy, recipe.settings, lessons.targets, model, window_shape, recipe.seed
    )
    chosen_by = examples(val)
    parts = (recipe, lessons.bank.fingerprint, lessons.teacher, fingerprint(chosen_by))
    run = hashlib.sha256(repr(parts).encode()).hexdigest()
    history = fit(
        model,
        objective,
        lessons.bank,
        chosen_by,
        recipe.own_budget,
        label_sd_bpm=recipe.own_label_sd_bpm,
        seed=recipe.seed,
        checkpoint=None if checkpoint is None else Checkpoint(Path(checkpoint), run),
    )
    return model, history
