"""Students: small networks, trained by one of the strategies on the bank of views."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from ppgkd.distill.objective import make_objective
from ppgkd.distill.targets import TeacherTargets, read_targets
from ppgkd.errors import PpgkdError
from ppgkd.models.build import build_model
from ppgkd.models.capacity import InputShape, MLPShape, ResNetShape
from ppgkd.models.network import Network
from ppgkd.runtime.artifacts import read_json
from ppgkd.study.cell import NO_TEACHER
from ppgkd.training.checkpoint import Checkpoint
from ppgkd.training.loop import Budget, Trainee, fit_together
from ppgkd.views.cache import Bank, examples, fingerprint, read_bank
from ppgkd.windows.read import Windows

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
    transfer: Windows, bank: str | Path, teacher: str | Path = "", targets: str | Path = ""
) -> Lessons:
    """Open what a student learns from, memory-mapped, and check that all of it belongs together.

    Parameters
    ----------
    transfer
        The windows that the bank must have been made from.
    bank
        Folder of the bank.
    teacher
        Metrics of the teacher; empty for ``scratch``.
    targets
        Folder of its targets.

    Raises
    ------
    PpgkdError
        If something is damaged, or was made for another window table, bank or teacher.
    """
    views = read_bank(bank, examples(transfer))
    if not teacher:
        return Lessons(views)
    try:
        fingerprint_of_teacher = read_json(teacher)["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PpgkdError(
            f"The teacher's metrics {teacher} cannot be read: {error}. Delete the file and run "
            "the workflow again."
        ) from error
    answers = read_targets(targets, views, fingerprint_of_teacher)
    return Lessons(views, fingerprint_of_teacher, answers)


def train_student(
    recipe: Recipe, lessons: Lessons, val: Windows, checkpoint: str | Path | None = None
) -> tuple[Network, pd.DataFrame]:
    """Train one student; see `train_students`."""
    (trained,) = train_students([recipe], [lessons], val, checkpoint)
    return trained


def train_students(
    recipes: Sequence[Recipe],
    lessons: Sequence[Lessons],
    val: Windows,
    checkpoint: str | Path | None = None,
) -> list[tuple[Network, pd.DataFrame]]:
    """Train the students of one cell together.

    Parameters
    ----------
    recipes
        What they are and how they learn; they differ in the seed alone.
    lessons
        What each learns from.
    val
        Windows that choose the weights.
    checkpoint
        File that keeps the state of all between epochs.

    Returns
    -------
    list of (model, history)
        Each network with its best weights, and its table of `ppgkd.training.loop.fit_together`.
    """
    chosen_by = examples(val)
    pairs = [*zip(recipes, lessons, strict=True)]
    parts = [(recipe, own.bank.fingerprint, own.teacher) for recipe, own in pairs]
    run = hashlib.sha256(repr((parts, fingerprint(chosen_by))).encode()).hexdigest()
    trainees = [_trainee(recipe, own) for recipe, own in pairs]
    histories = fit_together(
        trainees,
        chosen_by,
        recipes[0].own_budget,
        label_sd_bpm=recipes[0].own_label_sd_bpm,
        checkpoint=None if checkpoint is None else Checkpoint(Path(checkpoint), run),
    )
    return [(trainee.model, history) for trainee, history in zip(trainees, histories, strict=True)]


def _trainee(recipe: Recipe, lessons: Lessons) -> Trainee:
    model = build_model(recipe.shape, recipe.inputs, recipe.seed)
    window_shape = (recipe.inputs.channels, recipe.inputs.n_samples)
    objective = make_objective(
        recipe.strategy, recipe.settings, lessons.targets, model, window_shape, recipe.seed
    )
    return Trainee(model, objective, lessons.bank, recipe.seed)
