"""Students: small networks, trained by one of the strategies on the bank of views."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ppgkd.distill.objective import make_objective
from ppgkd.models.build import build_model
from ppgkd.models.capacity import InputShape, MLPShape, ResNetShape
from ppgkd.splits import StudyWindows
from ppgkd.targets import bank_fingerprint, read_targets
from ppgkd.trained import TrainedModel, judge
from ppgkd.training import Budget, examples, fit


def train_student(
    strategy: str,
    settings: Mapping[str, float],
    shape: ResNetShape | MLPShape,
    inputs: InputShape,
    windows: StudyWindows,
    budget: Budget,
    *,
    targets_folder: str | Path | None,
    label_sd_bpm: float,
    views: int,
    seed: int,
) -> TrainedModel:
    """Train the student of one cell.

    Parameters
    ----------
    strategy, settings
        How it learns.
    shape, inputs
        The network.
    windows
        Those to learn from, to choose the weights by, and to judge once.
    budget
        Length and speed of the training.
    targets_folder
        What its teacher says about the bank; None for ``scratch``.
    label_sd_bpm
        Width of the softened label.
    views
        Number of views in the bank.
    seed
        Of the initial weights, the order of the windows and the bank.
    """
    model = build_model(shape, inputs, seed)
    learning = examples(windows.train)
    targets = (
        read_targets(targets_folder, bank_fingerprint(learning, views, seed))
        if targets_folder is not None
        else None
    )
    window_shape = (inputs.channels, inputs.n_samples)
    history = fit(
        model,
        make_objective(strategy, settings, targets, model, window_shape, seed),
        learning,
        examples(windows.val),
        budget,
        ppg_channels=inputs.ppg_channels,
        label_sd_bpm=label_sd_bpm,
        seed=seed,
        views=views,
    )
    return judge(model, shape, inputs, history, windows.test, seed)
