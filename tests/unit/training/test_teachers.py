"""Teachers: one training stage or two, and interruptions of either."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from ppgkd.distill.scratch import LabelLoss
from ppgkd.models.build import build_model
from ppgkd.models.capacity import InputShape, Shape, SpectralMLPShape, SpectralResNetShape
from ppgkd.splits.study_windows import StudyWindows
from ppgkd.training.loop import TrainingConfig, fit
from ppgkd.training.teachers import train_teacher
from ppgkd.views.augment import Augmentation
from ppgkd.views.examples import examples
from ppgkd.views.source import FreshViews
from ppgkd.windows.read import Windows

TRAINING = TrainingConfig(
    epochs=3, batch_size=16, learning_rate=0.01, weight_decay=0.01, patience=9
)
PRETRAINING = replace(TRAINING, epochs=2, learning_rate=0.02)
AUGMENTATION = Augmentation()
LABEL_SD_BPM = 2.0


@pytest.fixture(scope="module")
def windows(tones: Callable[..., Windows], inputs: InputShape) -> StudyWindows:
    rng = np.random.default_rng(0)
    train, val, test = (tones(rng.uniform(60, 170, n), inputs, seed=n) for n in (64, 24, 23))
    return StudyWindows(train, val, test)


@pytest.fixture(scope="module")
def with_more(
    windows: StudyWindows, tones: Callable[..., Windows], inputs: InputShape
) -> StudyWindows:
    """The same study with windows to pretrain on."""
    hr_bpm = np.random.default_rng(1).uniform(60, 170, 48)
    return replace(windows, pretrain=tones(hr_bpm, inputs, subjects=("cy", "di"), seed=9))


def train(
    inputs: InputShape,
    windows: StudyWindows,
    checkpoints: Path | None = None,
    *,
    shape: Shape = SpectralMLPShape(6),  # noqa: B008 (frozen)
    training: TrainingConfig = TRAINING,
    augmentation: Augmentation = AUGMENTATION,
    label_sd_bpm: float = LABEL_SD_BPM,
    seed: int = 0,
) -> tuple[nn.Module, pd.DataFrame]:
    return train_teacher(
        shape,
        inputs,
        windows,
        pretraining=PRETRAINING,
        training=training,
        augmentation=augmentation,
        label_sd_bpm=label_sd_bpm,
        seed=seed,
        checkpoints=checkpoints,
    )


def same(one: nn.Module, other: nn.Module) -> bool:
    """Whether all weights and running statistics are equal bit by bit."""
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(mine, theirs) for mine, theirs in pairs)


def without_time(history: pd.DataFrame) -> pd.DataFrame:
    return history.drop(columns="seconds")


def test_a_teacher_learns_from_the_reference_alone_and_sees_fresh_views(
    inputs: InputShape, windows: StudyWindows
) -> None:
    teacher, history = train(inputs, windows)
    by_hand = build_model(SpectralMLPShape(6), inputs, seed=0)
    expected = fit(
        by_hand,
        LabelLoss(),
        FreshViews(examples(windows.train), inputs, AUGMENTATION, seed=0),
        examples(windows.val),
        TRAINING,
        label_sd_bpm=LABEL_SD_BPM,
        seed=0,
    )
    assert same(teacher, by_hand)
    assert list(history["view"]) == [0, 1, 2]
    pd.testing.assert_frame_equal(
        without_time(history).drop(columns="stage"), without_time(expected)
    )


def test_without_more_windows_there_is_one_stage(inputs: InputShape, windows: StudyWindows) -> None:
    _, history = train(inputs, windows)
    assert list(history["stage"]) == ["training"] * 3


def test_with_more_windows_pretraining_goes_before_training(
    inputs: InputShape, with_more: StudyWindows
) -> None:
    _, history = train(inputs, with_more)
    assert list(history["stage"]) == ["pretraining"] * 2 + ["training"] * 3
    assert list(history["epoch"]) == [1, 2, 1, 2, 3]
    assert history["seconds"].is_monotonic_increasing


def test_pretraining_is_on_all_windows_and_training_on_the_studys_own(
    inputs: InputShape, with_more: StudyWindows, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="ppgkd.training.teachers"):
        train(inputs, with_more)
    lines = [one.getMessage() for one in caplog.records if one.name == "ppgkd.training.teachers"]
    assert lines == [f"pretraining on {48 + 64} windows", "training on 64 windows"]


def test_training_begins_with_the_best_weights_of_pretraining(
    inputs: InputShape, with_more: StudyWindows
) -> None:
    """A training that hardly moves leaves what pretraining on all windows learned."""
    crawl = replace(TRAINING, epochs=1, learning_rate=1e-9)
    teacher, _ = train(inputs, with_more, training=crawl)
    assert with_more.pretraining is not None
    pretrained = build_model(SpectralMLPShape(6), inputs, seed=0)
    fit(
        pretrained,
        LabelLoss(),
        FreshViews(examples(with_more.pretraining), inputs, AUGMENTATION, seed=0),
        examples(with_more.val),
        PRETRAINING,
        label_sd_bpm=LABEL_SD_BPM,
        seed=0,
    )
    untrained = build_model(SpectralMLPShape(6), inputs, seed=0)
    networks = (teacher, pretrained, untrained)
    for found, expected, first in zip(*(one.parameters() for one in networks), strict=True):
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)
        assert (found - first).abs().max() > 1e-3


def test_the_test_windows_are_not_used(inputs: InputShape, windows: StudyWindows) -> None:
    nothing = replace(windows.test, signal=np.full_like(windows.test.signal, np.nan))
    blind, _ = train(inputs, replace(windows, test=nothing))
    teacher, _ = train(inputs, windows)
    assert same(blind, teacher)


def test_a_seed_gives_the_same_teacher_and_another_seed_another(
    inputs: InputShape, windows: StudyWindows
) -> None:
    first, _ = train(inputs, windows)
    torch.rand(3)
    again, _ = train(inputs, windows)
    other, _ = train(inputs, windows, seed=1)
    assert same(first, again)
    assert not same(first, other)


class Killed(BaseException):
    """Raised in place of a kill."""


class KillsAfter(logging.Handler):
    """Ends the job when an epoch is reported, before its state is kept."""

    def __init__(self, epochs: int) -> None:
        super().__init__()
        self.left = epochs

    def emit(self, record: logging.LogRecord) -> None:
        self.left -= record.getMessage().startswith("epoch ")
        if self.left == 0:
            raise Killed


@contextmanager
def killed_after(epochs: int) -> Iterator[None]:
    logger, handler = logging.getLogger("ppgkd.training.loop"), KillsAfter(epochs)
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


@pytest.mark.parametrize(
    ("epochs", "files"),
    [
        (1, []),
        (2, ["pretraining.pt"]),
        (3, ["pretraining.pt"]),
        (4, ["pretraining.pt", "training.pt"]),
        (5, ["pretraining.pt", "training.pt"]),
    ],
)
@pytest.mark.parametrize(
    "shape", [SpectralMLPShape(6), SpectralResNetShape(3)], ids=lambda shape: shape.family
)
def test_a_pretrained_teacher_killed_in_either_stage_ends_like_an_uninterrupted_one(
    shape: Shape,
    epochs: int,
    files: list[str],
    inputs: InputShape,
    with_more: StudyWindows,
    tmp_path: Path,
) -> None:
    undisturbed, history = train(inputs, with_more, shape=shape)
    with pytest.raises(Killed), killed_after(epochs):
        train(inputs, with_more, tmp_path, shape=shape)
    assert sorted(path.name for path in tmp_path.iterdir()) == files
    resumed, found = train(inputs, with_more, tmp_path, shape=shape)
    assert same(resumed, undisturbed)
    pd.testing.assert_frame_equal(without_time(found), without_time(history))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pretraining.pt", "training.pt"]


def test_a_finished_stage_is_not_repeated(
    inputs: InputShape,
    with_more: StudyWindows,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(Killed), killed_after(4):
        train(inputs, with_more, tmp_path)
    caplog.clear()
    with caplog.at_level(logging.INFO, logger="ppgkd"):
        train(inputs, with_more, tmp_path)
    reported = [one.getMessage() for one in caplog.records if one.name == "ppgkd.training.loop"]
    assert reported[:2] == ["going on after epoch 2 of 2", "going on after epoch 1 of 3"]
    assert [line.split("  ")[0] for line in reported[2:]] == ["epoch 2/3", "epoch 3/3"]


OTHERS: dict[str, Callable[[StudyWindows], tuple[StudyWindows, dict[str, Any]]]] = {
    "the seed": lambda windows: (windows, {"seed": 1}),
    "the label's width": lambda windows: (windows, {"label_sd_bpm": 4.0}),
    "the config": lambda windows: (windows, {"training": replace(TRAINING, learning_rate=0.02)}),
    "the augmentation": lambda windows: (windows, {"augmentation": Augmentation(noise_sd=0.0)}),
    "the windows to learn from": lambda windows: (replace(windows, train=windows.test), {}),
    "the windows to choose by": lambda windows: (replace(windows, val=windows.test), {}),
}


@pytest.mark.parametrize("change", OTHERS.values(), ids=OTHERS)
def test_a_state_of_another_training_is_not_used(
    change: Callable[[StudyWindows], tuple[StudyWindows, dict[str, Any]]],
    inputs: InputShape,
    windows: StudyWindows,
    tmp_path: Path,
) -> None:
    train(inputs, windows, tmp_path)
    other, settings = change(windows)
    anew, history = train(inputs, other, tmp_path, **settings)
    undisturbed, expected = train(inputs, other, **settings)
    assert same(anew, undisturbed)
    pd.testing.assert_frame_equal(without_time(history), without_time(expected))


def test_a_training_after_another_pretraining_is_not_continued(
    inputs: InputShape, windows: StudyWindows, with_more: StudyWindows, tmp_path: Path
) -> None:
    train(inputs, windows, tmp_path)
    pretrained, _ = train(inputs, with_more, tmp_path)
    undisturbed, _ = train(inputs, with_more)
    assert same(pretrained, undisturbed)
