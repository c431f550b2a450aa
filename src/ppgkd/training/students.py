"""Students: small networks, trained by one of the strategies on the view cache.

How a student trains, in the order of events: this module prepares the network, its loss and its
data; `ppgkd.training.loop` runs the epochs; `ppgkd.training.step` takes one step;
`ppgkd.distill.loss` computes the loss, the term of the strategy being in a module of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
from torch import Tensor

from ppgkd.distill.loss import make_loss
from ppgkd.distill.targets import TeacherTargets, read_targets
from ppgkd.errors import damaged_file
from ppgkd.models.build import build_model
from ppgkd.models.capacity import InputShape, Seen, Shape
from ppgkd.models.network import Network
from ppgkd.runtime.artifacts import read_json
from ppgkd.study.cell import NO_TEACHER
from ppgkd.training.checkpoint import Checkpoint
from ppgkd.training.loop import TrainingConfig, TrainingJob, fit_together
from ppgkd.views.cache import ViewCache, read_view_cache
from ppgkd.views.examples import dataset_numbers, examples, fingerprint
from ppgkd.windows.read import Windows

Settings = Mapping[str, float]


@dataclass(frozen=True)
class StudentConfig:
    """Everything that determines a student, except its data.

    Attributes
    ----------
    strategy, settings
        How it learns. ``learning_rate`` and ``label_sd_bpm`` in the settings replace those of
        ``training`` and ``label_sd_bpm`` below.
    shape, inputs
        The network.
    training
        Length and speed of the training.
    label_sd_bpm
        Standard deviation of the softened label.
    seed
        Of the initial weights and the order of the windows.
    """

    strategy: str
    settings: Settings
    shape: Shape
    inputs: InputShape
    training: TrainingConfig
    label_sd_bpm: float
    seed: int

    @property
    def own_training(self) -> TrainingConfig:
        """The training with the learning rate of the strategy."""
        learning_rate = self.settings.get("learning_rate", self.training.learning_rate)
        return replace(self.training, learning_rate=learning_rate)

    @property
    def own_label_sd_bpm(self) -> float:
        """The standard deviation of the label, that of the strategy if it has one."""
        return self.settings.get("label_sd_bpm", self.label_sd_bpm)

    @property
    def own_settings(self) -> dict[str, float]:
        """All settings that the student is trained with."""
        return {
            **self.settings,
            "learning_rate": self.own_training.learning_rate,
            "label_sd_bpm": self.own_label_sd_bpm,
        }


def for_fewer_windows(config: StudentConfig, n_windows: int, of: int | None) -> StudentConfig:
    """Make the configuration that takes as many steps on some of so many windows as on all.

    Parameters
    ----------
    config
        For all windows.
    n_windows, of
        As in `TrainingConfig.for_fewer_windows`. A warm-up is as long in steps.
    """
    training = config.training.for_fewer_windows(n_windows, of)
    settings = dict(config.settings)
    if "warmup_epochs" in settings:
        ratio = training.epochs / config.training.epochs
        settings["warmup_epochs"] = round(settings["warmup_epochs"] * ratio)
    return replace(config, training=training, settings=settings)


@dataclass(frozen=True)
class TrainingInputs:
    """What a student learns from.

    Attributes
    ----------
    view_cache
        The views.
    teacher
        Fingerprint of the teacher; ``none`` for ``scratch``.
    targets
        Its outputs for the views.
    dataset
        Number of the dataset of each window, shape (n_windows,).
    """

    view_cache: ViewCache
    teacher: str = NO_TEACHER
    targets: TeacherTargets | None = None
    dataset: Tensor | None = None


def read_training_inputs(
    transfer: Windows,
    sees: Seen,
    view_cache: str | Path,
    teacher: str | Path = "",
    targets: str | Path = "",
) -> TrainingInputs:
    """Open what a student learns from, memory-mapped, and check that it belongs together.

    Parameters
    ----------
    transfer
        The windows that the view cache must have been made from.
    sees
        What the student's family sees of the views.
    view_cache
        Folder of the view cache.
    teacher
        Metrics file of the teacher; empty for ``scratch``.
    targets
        Folder of the teacher's targets.

    Raises
    ------
    PpgkdError
        If a file is damaged, or was made for another window table, view cache or teacher.
    """
    views = read_view_cache(view_cache, examples(transfer), sees)
    dataset = dataset_numbers(transfer)
    if not teacher:
        return TrainingInputs(views, dataset=dataset)
    try:
        teacher_fingerprint = read_json(teacher)["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise damaged_file(f"The teacher's metrics {teacher} cannot be read: {error}") from error
    return TrainingInputs(
        views, teacher_fingerprint, read_targets(targets, views, teacher_fingerprint), dataset
    )


def train_student(
    config: StudentConfig,
    training_inputs: TrainingInputs,
    val: Windows,
    checkpoint: str | Path | None = None,
) -> tuple[Network, pd.DataFrame]:
    """Train one student; see `train_students`."""
    (trained,) = train_students([config], [training_inputs], val, checkpoint)
    return trained


def train_students(
    configs: Sequence[StudentConfig],
    training_inputs: Sequence[TrainingInputs],
    val: Windows,
    checkpoint: str | Path | None = None,
) -> list[tuple[Network, pd.DataFrame]]:
    """Train the students of one cell together.

    Parameters
    ----------
    configs
        The students; they differ in the seed alone.
    training_inputs
        What each learns from.
    val
        Windows that choose the weights.
    checkpoint
        File that keeps the state of all students between epochs.

    Returns
    -------
    list of (model, history)
        Each network with its best weights, and the table of `ppgkd.training.loop.fit_together`.
    """
    val_examples = examples(val)
    pairs = [*zip(configs, training_inputs, strict=True)]
    jobs = [_training_job(config, own) for config, own in pairs]
    parts = [(config, own.view_cache.fingerprint, own.teacher) for config, own in pairs]
    run = hashlib.sha256(repr((parts, fingerprint(val_examples))).encode()).hexdigest()
    histories = fit_together(
        jobs,
        val_examples,
        configs[0].own_training,
        label_sd_bpm=configs[0].own_label_sd_bpm,
        checkpoint=None if checkpoint is None else Checkpoint(Path(checkpoint), run),
    )
    return [(job.model, history) for job, history in zip(jobs, histories, strict=True)]


def _training_job(config: StudentConfig, training_inputs: TrainingInputs) -> TrainingJob:
    model = build_model(config.shape, config.inputs, config.seed)
    window_shape = (config.inputs.channels, config.inputs.n_samples)
    targets = training_inputs.targets
    loss = make_loss(config.strategy, config.settings, targets, model, window_shape, config.seed)
    return TrainingJob(
        model, loss, training_inputs.view_cache, config.seed, training_inputs.dataset
    )
