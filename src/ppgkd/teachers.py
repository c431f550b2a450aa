"""Teachers: large networks that learn from the reference alone, a fresh view every epoch."""

from __future__ import annotations

from ppgkd.distill.objective import LabelObjective
from ppgkd.models.build import build_model
from ppgkd.models.capacity import InputShape, MLPShape, ResNetShape
from ppgkd.splits import StudyWindows
from ppgkd.trained import TrainedModel, judge
from ppgkd.training import Budget, examples, fit


def train_teacher(
    shape: ResNetShape | MLPShape,
    inputs: InputShape,
    windows: StudyWindows,
    budget: Budget,
    *,
    label_sd_bpm: float,
    seed: int,
) -> TrainedModel:
    """Train a teacher.

    Parameters
    ----------
    shape, inputs
        The network.
    windows
        Those to learn from, to choose the weights by, and to judge once.
    budget
        Length and speed of the training.
    label_sd_bpm
        Width of the softened label.
    seed
        Of the initial weights, the order of the windows and the views.
    """
    model = build_model(shape, inputs, seed)
    history = fit(
        model,
        LabelObjective(),
        examples(windows.train),
        examples(windows.val),
        budget,
        ppg_channels=inputs.ppg_channels,
        label_sd_bpm=label_sd_bpm,
        seed=seed,
    )
    return judge(model, shape, inputs, history, windows.test, seed)
