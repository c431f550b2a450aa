"""The training loop, on tones that a small network learns within a second."""

import logging
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ppgkd.distill.batch import Batch
from ppgkd.distill.dkd import DKDLoss
from ppgkd.distill.feature import FeatureLoss
from ppgkd.distill.hard import HardTargetLoss
from ppgkd.distill.ordinal import OrdinalLoss
from ppgkd.distill.scratch import LabelLoss
from ppgkd.distill.soft import SoftTargetLoss
from ppgkd.distill.targets import TeacherTargets, read_targets, write_targets
from ppgkd.errors import PpgkdError
from ppgkd.heart_rate import decode, soft_labels
from ppgkd.models.build import build_model
from ppgkd.models.capacity import (
    SHAPES,
    InputShape,
    Seen,
    Shape,
    SpectralMLPShape,
    SpectralResNetShape,
    nearest_shape,
)
from ppgkd.models.output import Output
from ppgkd.models.predict import predict
from ppgkd.training import step
from ppgkd.training.checkpoint import Checkpoint
from ppgkd.training.loop import TrainingConfig, TrainingJob, fit, fit_together
from ppgkd.training.sampling import dataset_weights, epoch_data, sampling_weights
from ppgkd.views.augment import Augmentation, augmented_view
from ppgkd.views.cache import ViewCache, read_view_cache, write_view_cache
from ppgkd.views.examples import Examples, SeenExamples, examples
from ppgkd.views.source import FreshViews, ViewSource
from ppgkd.windows.read import Windows

LABEL_SD_BPM = 2.0
SHORT = TrainingConfig(epochs=3, batch_size=16, learning_rate=0.01, weight_decay=0.01, patience=9)
TWO_STEPS = TrainingConfig(epochs=7, batch_size=104, learning_rate=0.01, weight_decay=0, patience=9)
PATIENCE = TrainingConfig(epochs=60, batch_size=52, learning_rate=0.02, weight_decay=0, patience=3)


@pytest.fixture(scope="module")
def train(tones: Callable[..., Windows], inputs: InputShape) -> Examples:
    hr_bpm = np.random.default_rng(0).uniform(50, 180, 208)
    return examples(tones(hr_bpm, inputs, seed=0))


@pytest.fixture(scope="module")
def val(tones: Callable[..., Windows], inputs: InputShape) -> Examples:
    hr_bpm = np.random.default_rng(1).uniform(60, 170, 48)
    return examples(tones(hr_bpm, inputs, seed=1))


@pytest.fixture(scope="module")
def unpredictable(val: Examples) -> Examples:
    """The same windows with references that have nothing to do with them."""
    return Examples(val.signal, val.hr_bpm.flip(0))


@pytest.fixture(scope="module")
def fresh(train: Examples, inputs: InputShape) -> FreshViews:
    return FreshViews(train, inputs, Augmentation(), seed=0)


@pytest.fixture(scope="module")
def view_cache(
    train: Examples, inputs: InputShape, tmp_path_factory: pytest.TempPathFactory
) -> ViewCache:
    folder = tmp_path_factory.mktemp("bank")
    write_view_cache(train, inputs, Augmentation(), folder, views=3, seed=5)
    return read_view_cache(folder, train)


@pytest.fixture(scope="module")
def targets(
    view_cache: ViewCache, inputs: InputShape, tmp_path_factory: pytest.TempPathFactory
) -> TeacherTargets:
    folder = tmp_path_factory.mktemp("targets")
    write_targets(build_model(SpectralMLPShape(8), inputs, seed=1), "a teacher", view_cache, folder)
    return read_targets(folder, view_cache, "a teacher")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "checkpoint.pt"


class Witness(nn.Module):
    """An loss that also notes what it is shown."""

    def __init__(self, loss: nn.Module) -> None:
        super().__init__()
        self.loss = loss
        self.seen: list[tuple[int, Batch]] = []

    def forward(self, output: Output, batch: Batch, epoch: int) -> Tensor:
        self.seen.append((epoch, batch))
        loss: Tensor = self.loss(output, batch, epoch)
        return loss


def train_once(
    inputs: InputShape,
    views: ViewSource,
    val: Examples,
    loss: nn.Module | None = None,
    config: TrainingConfig = SHORT,
    *,
    shape: Shape = SpectralMLPShape(6),  # noqa: B008 (frozen)
    seed: int = 0,
    checkpoint: Checkpoint | None = None,
    dtype: torch.dtype = torch.float32,
) -> tuple[nn.Module, list[dict[str, float]]]:
    model = build_model(shape, inputs, seed).to(dtype)
    history = fit(
        model,
        loss or LabelLoss(),
        views,
        val,
        config,
        label_sd_bpm=LABEL_SD_BPM,
        seed=seed,
        checkpoint=checkpoint,
    )
    return model, [
        {str(key): value for key, value in row.items()} for row in history.to_dict("records")
    ]


def mae_bpm(model: nn.Module, windows: Examples) -> float:
    bpm, _ = decode(predict(model, windows.signal))
    return float((bpm - windows.hr_bpm).abs().mean())


def weights(model: nn.Module) -> list[Tensor]:
    return [value.clone() for value in model.state_dict().values()]


def same(one: nn.Module, other: nn.Module) -> bool:
    """Whether all weights and running statistics are equal bit by bit."""
    pairs = zip(weights(one), weights(other), strict=True)
    return all(torch.equal(mine, theirs) for mine, theirs in pairs)


def without_time(history: list[dict[str, float]]) -> list[dict[str, float]]:
    return [{**row, "seconds": 0.0} for row in history]


def test_a_residual_network_learns_to_read_a_tone(
    inputs: InputShape, fresh: FreshViews, val: Examples
) -> None:
    config = TrainingConfig(
        epochs=6, batch_size=16, learning_rate=0.01, weight_decay=0.01, patience=9
    )
    shape = nearest_shape("spectral_resnet", 1_500, inputs)
    untrained_bpm = mae_bpm(build_model(shape, inputs, seed=0), val)
    model, _ = train_once(inputs, fresh, val, config=config, shape=shape)
    assert mae_bpm(model, val) < min(1, untrained_bpm / 2)


def test_a_perceptron_learns_to_read_a_tone(
    inputs: InputShape, fresh: FreshViews, val: Examples
) -> None:
    config = TrainingConfig(
        epochs=15, batch_size=16, learning_rate=0.01, weight_decay=0.01, patience=15
    )
    shape = nearest_shape("spectral_mlp", 8_000, inputs)
    model, _ = train_once(inputs, fresh, val, config=config, shape=shape)
    assert mae_bpm(model, val) < 5


def test_a_seed_gives_the_same_weights_bit_by_bit(
    inputs: InputShape, fresh: FreshViews, val: Examples
) -> None:
    shape = SpectralResNetShape(4)
    first, first_history = train_once(inputs, fresh, val, shape=shape)
    torch.rand(3)
    second, second_history = train_once(inputs, fresh, val, shape=shape)
    assert same(first, second)
    assert without_time(first_history) == without_time(second_history)


@pytest.fixture
def _one_thread_afterwards() -> Iterator[None]:
    yield
    torch.set_num_threads(1)


@pytest.mark.usefixtures("_one_thread_afterwards")
def test_with_two_threads_too_a_seed_gives_the_same_weights_bit_by_bit(
    inputs: InputShape, fresh: FreshViews, val: Examples
) -> None:
    config = replace(TWO_STEPS, epochs=1, threads=2)
    first, _ = train_once(inputs, fresh, val, config=config)
    second, _ = train_once(inputs, fresh, val, config=config)
    assert torch.get_num_threads() == 2
    assert same(first, second)


def test_another_seed_sees_the_windows_in_another_order(
    inputs: InputShape, fresh: FreshViews, val: Examples
) -> None:
    witnesses = [Witness(LabelLoss()) for _ in range(2)]
    for seed, witness in enumerate(witnesses):
        train_once(inputs, fresh, val, witness, seed=seed)
    first, other = (witness.seen[0][1] for witness in witnesses)
    assert not torch.equal(first.rows, other.rows)


def test_strategies_of_a_seed_see_the_same_batches(
    inputs: InputShape, view_cache: ViewCache, val: Examples, targets: TeacherTargets
) -> None:
    settings = {"temperature": 1.0, "label_weight": 0.0, "feature_weight": 1.0}
    settings |= {"alpha": 1.0, "beta": 2.0, "warmup_epochs": 2}
    with_teacher = (HardTargetLoss, SoftTargetLoss, DKDLoss, FeatureLoss, OrdinalLoss)
    losses = [one(settings, targets, (6, 1)) for one in with_teacher]
    scratch, *others = [Witness(one) for one in (LabelLoss(), *losses)]
    for witness in (scratch, *others):
        train_once(inputs, view_cache, val, witness)
    for other in others:
        for (epoch, mine), (other_epoch, theirs) in zip(scratch.seen, other.seen, strict=True):
            assert (epoch, mine.view) == (other_epoch, theirs.view)
            assert torch.equal(mine.rows, theirs.rows)
            assert torch.equal(mine.hr_bpm, theirs.hr_bpm)
            assert torch.equal(mine.labels, theirs.labels)


def test_a_strategy_changes_what_is_learned(
    inputs: InputShape, view_cache: ViewCache, val: Examples, targets: TeacherTargets
) -> None:
    settings = {"temperature": 1.0, "label_weight": 0.0}
    soft = SoftTargetLoss(settings, targets, (6, 1))
    from_labels, _ = train_once(inputs, view_cache, val)
    from_teacher, _ = train_once(inputs, view_cache, val, soft)
    heads = [model.get_parameter("head.weight") for model in (from_labels, from_teacher)]
    assert (heads[0] - heads[1]).abs().max() > 1e-3


def test_a_student_uses_the_cached_views_in_turn(
    inputs: InputShape, view_cache: ViewCache, val: Examples
) -> None:
    witness = Witness(LabelLoss())
    _, history = train_once(inputs, view_cache, val, witness, TWO_STEPS)
    assert [row["view"] for row in history] == [0, 1, 2, 0, 1, 2, 0]
    assert [batch.view for _, batch in witness.seen[::2]] == [0, 1, 2, 0, 1, 2, 0]


def test_a_teacher_sees_a_fresh_view_every_epoch(
    inputs: InputShape, fresh: FreshViews, val: Examples
) -> None:
    _, history = train_once(inputs, fresh, val, config=TWO_STEPS)
    assert [row["view"] for row in history] == [0, 1, 2, 3, 4, 5, 6]


def test_a_batch_has_the_references_of_the_view_cache_that_the_teacher_labelled(
    inputs: InputShape, view_cache: ViewCache, train: Examples, val: Examples
) -> None:
    witness = Witness(LabelLoss())
    train_once(inputs, view_cache, val, witness)
    for _, batch in witness.seen:
        view = augmented_view(*train, inputs, Augmentation(), 5, batch.view)
        assert torch.equal(batch.hr_bpm, view.hr_bpm[batch.rows])
        assert torch.equal(batch.labels, soft_labels(batch.hr_bpm, LABEL_SD_BPM))


def test_a_withheld_reference_reaches_the_loss_as_nan(
    inputs: InputShape, train: Examples, val: Examples
) -> None:
    hr_bpm = train.hr_bpm.clone()
    hr_bpm[::2] = torch.nan
    views = FreshViews(Examples(train.signal, hr_bpm), inputs, Augmentation(), seed=0)
    witness = Witness(LabelLoss())
    _, history = train_once(inputs, views, val, witness)
    for _, batch in witness.seen:
        assert torch.equal(batch.hr_bpm.isnan(), batch.rows % 2 == 0)
        assert torch.equal(batch.labels.sum(dim=1) == 0, batch.rows % 2 == 0)
    assert np.isfinite([row["train_loss"] for row in history]).all()


def test_an_epoch_shows_every_window_at_most_once_in_full_batches(
    inputs: InputShape, fresh: FreshViews, val: Examples
) -> None:
    witness = Witness(LabelLoss())
    config = TrainingConfig(epochs=2, batch_size=60, learning_rate=0.01, weight_decay=0, patience=9)
    train_once(inputs, fresh, val, witness, config)
    for epoch in (0, 1):
        rows = [batch.rows for seen_in, batch in witness.seen if seen_in == epoch]
        assert [len(part) for part in rows] == [60, 60, 60]
        assert len(set(torch.cat(rows).tolist())) == 180
    epochs = [torch.cat([b.rows for e, b in witness.seen if e == epoch]) for epoch in (0, 1)]
    assert not torch.equal(*epochs)


# Rare heart rates


def test_without_balance_all_windows_weigh_the_same() -> None:
    hr_bpm = torch.tensor([60.0, 61, 62, 175])
    assert sampling_weights(hr_bpm, 0).tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("n_windows", "of", "expected"),
    [
        (7_200, None, (6, 10)),
        (7_200, 7_200, (6, 10)),
        (1_800, 7_200, (24, 40)),  # 56 steps an epoch with all, 14 with these
        (255, 3_200, (150, 250)),  # 25 and 1: an incomplete last batch is left out
        (60, 3_200, (150, 250)),  # one smaller batch
    ],
)
def test_on_fewer_windows_a_training_takes_as_many_steps(
    n_windows: int, of: int | None, expected: tuple[int, int]
) -> None:
    config = TrainingConfig(6, 128, 0.01, 0.02, 10)
    fewer = config.for_fewer_windows(n_windows, of)
    assert (fewer.epochs, fewer.patience) == expected
    steps = fewer.epochs * fewer.steps_per_epoch(n_windows)
    assert steps == config.epochs * config.steps_per_epoch(of or n_windows)


def test_with_full_balance_all_tens_are_drawn_alike() -> None:
    hr_bpm = torch.tensor([60.0] * 90 + [172, 178] * 5)
    weights = sampling_weights(hr_bpm, 1)
    assert float(weights.mean()) == pytest.approx(1)
    assert float(weights[:90].sum()) == pytest.approx(float(weights[90:].sum()))


def test_half_the_balance_weighs_by_the_root_of_the_count() -> None:
    weights = sampling_weights(torch.tensor([60.0] * 16 + [170] * 4), 0.5)
    assert float(weights[-1] / weights[0]) == pytest.approx(2)  # (16 / 4) ** 0.5


def test_windows_without_reference_weigh_as_the_mean() -> None:
    weights = sampling_weights(torch.tensor([60.0, 60, 60, 170, torch.nan]), 1)
    assert float(weights[-1]) == pytest.approx(float(weights[:-1].mean()))
    assert sampling_weights(torch.full((3,), torch.nan), 1).tolist() == [1, 1, 1]


def test_balanced_datasets_are_drawn_equally_often_in_total() -> None:
    dataset = torch.tensor([0] * 16 + [1] * 4)
    weights = dataset_weights(dataset, 1)
    assert weights[:16].sum().item() == pytest.approx(weights[16:].sum().item())
    assert weights.mean().item() == pytest.approx(1)
    # half way, a dataset's share is as the square root of its size
    weights = dataset_weights(dataset, 0.5)
    assert (weights[:16].sum() / weights[16:].sum()).item() == pytest.approx(2)


def test_an_epoch_draws_small_datasets_as_often_as_large_ones_if_it_is_asked_to(
    fresh: FreshViews,
) -> None:
    dataset = (torch.arange(fresh.n_windows) < 10).long()
    shares = []
    for balance in (0.0, 1.0):
        data = epoch_data(
            fresh,
            "spectra",
            0,
            torch.Generator().manual_seed(0),
            torch.device("cpu"),
            balance=0,
            label_sd_bpm=LABEL_SD_BPM,
            dataset=dataset,
            balance_datasets=balance,
        )
        shares.append(dataset[data.order].double().mean().item())
    assert shares[0] == pytest.approx(10 / fresh.n_windows)
    assert shares[1] == pytest.approx(0.5, abs=0.15)  # four standard deviations of 208 draws


def test_balanced_training_sees_rare_heart_rates_as_often_as_common_ones(
    inputs: InputShape, fresh: FreshViews, val: Examples
) -> None:
    witness = Witness(LabelLoss())
    config = TrainingConfig(epochs=8, batch_size=60, learning_rate=0.01, weight_decay=0, patience=9)
    train_once(inputs, fresh, val, witness, replace(config, balance=1.0))
    hr_bpm = torch.cat([batch.hr_bpm for _, batch in witness.seen])
    tens = torch.bincount((hr_bpm / 10).long())
    tens = tens[tens > 0].double()
    even = float(tens.mean())
    # counts are binomial: five standard deviations to both sides
    assert float(tens[1:-1].min()) > even - 5 * even**0.5
    assert float(tens[1:-1].max()) < even + 5 * even**0.5


def test_balanced_training_is_the_same_for_a_seed(
    inputs: InputShape, fresh: FreshViews, val: Examples
) -> None:
    config = replace(SHORT, balance=0.5)
    first, second = (train_once(inputs, fresh, val, config=config)[0] for _ in range(2))
    assert same(first, second)


def test_fewer_windows_than_a_batch_make_one_smaller_batch(
    inputs: InputShape, train: Examples, val: Examples
) -> None:
    few = Examples(train.signal[:5], train.hr_bpm[:5])
    witness = Witness(LabelLoss())
    train_once(inputs, FreshViews(few, inputs, Augmentation(), seed=0), val, witness)
    assert [len(batch.rows) for _, batch in witness.seen] == [5, 5, 5]


def test_training_stops_when_validation_has_not_improved_for_the_patience(
    inputs: InputShape, fresh: FreshViews, unpredictable: Examples
) -> None:
    _, history = train_once(inputs, fresh, unpredictable, config=PATIENCE)
    errors = [row["val_mae_bpm"] for row in history]
    best = int(np.argmin(errors))
    assert len(history) == best + 1 + 3 < 60
    waits = [epoch - int(np.argmin(errors[: epoch + 1])) for epoch in range(best + 1)]
    assert max(waits) < 3, "it ought to have stopped earlier"


def test_the_weights_of_the_best_epoch_are_kept(
    inputs: InputShape, fresh: FreshViews, unpredictable: Examples
) -> None:
    model, history = train_once(inputs, fresh, unpredictable, config=PATIENCE)
    errors = [row["val_mae_bpm"] for row in history]
    assert mae_bpm(model, unpredictable) == pytest.approx(min(errors), abs=1e-5)
    assert errors[-1] > min(errors)
    assert not model.training


def test_the_weights_kept_come_with_the_running_statistics_of_the_training(
    inputs: InputShape, fresh: FreshViews, val: Examples
) -> None:
    model, _ = train_once(inputs, fresh, val)
    norms = [layer for layer in model.modules() if isinstance(layer, nn.BatchNorm1d)]
    assert norms
    for norm in norms:
        assert norm.running_mean is not None
        assert (norm.running_mean != 0).any()
        assert norm.num_batches_tracked in (13, 26, 39), "one for each step of 1 to 3 epochs"


def test_the_validation_windows_are_not_learned_from(
    inputs: InputShape, fresh: FreshViews, val: Examples, unpredictable: Examples
) -> None:
    once = TrainingConfig(epochs=1, batch_size=16, learning_rate=0.01, weight_decay=0, patience=9)
    first, _ = train_once(inputs, fresh, val, config=once)
    second, _ = train_once(inputs, fresh, unpredictable, config=once)
    pairs = zip(weights(first), weights(second), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)


class FailsAt(nn.Module):
    """The label loss, which is not finite at one call."""

    def __init__(self, call: int, value: float) -> None:
        super().__init__()
        self.left, self.value = call, value
        self.rows: list[int] = []

    def forward(self, output: Output, batch: Batch, epoch: int) -> Tensor:
        self.left -= 1
        loss: Tensor = LabelLoss()(output, batch, epoch)
        if self.left:
            return loss
        self.rows = batch.rows.tolist()
        return loss * self.value


FOUR_STEPS = TrainingConfig(
    epochs=4, batch_size=52, learning_rate=0.01, weight_decay=0.01, patience=9
)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_loss_that_is_not_finite_stops_at_once_and_names_epoch_step_and_batch(
    value: float, inputs: InputShape, view_cache: ViewCache, val: Examples
) -> None:
    loss = FailsAt(4 + 3, value)
    with pytest.raises(PpgkdError) as caught:
        train_once(inputs, view_cache, val, loss, FOUR_STEPS)
    assert loss.left == 0, "it ought to have stopped at once"
    message = str(caught.value)
    rows = ", ".join(str(row) for row in loss.rows[:5])
    assert f"became {value} in epoch 2, step 3 of 4" in message
    assert f"batch of 52 windows of view 1, rows {rows}, ..." in message
    assert "Lower 'learning_rate' or the loss weights of the strategy" in message


def test_a_loss_that_is_not_finite_leaves_the_checkpoint_of_the_epoch_before(
    inputs: InputShape, view_cache: ViewCache, val: Examples, path: Path
) -> None:
    checkpoint = Checkpoint(path, "this training")
    undisturbed, history = train_once(inputs, view_cache, val, config=FOUR_STEPS)
    with pytest.raises(PpgkdError, match="holds the state after epoch 2"):
        train_once(
            inputs, view_cache, val, FailsAt(8 + 2, float("nan")), FOUR_STEPS, checkpoint=checkpoint
        )
    kept = checkpoint.load()
    assert kept is not None
    assert without_time(kept["histories"][0]) == without_time(history[:2])
    assert all(torch.isfinite(value).all() for value in kept["step"]["models"].values())
    mended, _ = train_once(inputs, view_cache, val, config=FOUR_STEPS, checkpoint=checkpoint)
    assert same(mended, undisturbed)


def test_a_validation_window_with_missing_samples_stops_the_training_and_names_the_epoch(
    inputs: InputShape, view_cache: ViewCache, val: Examples, path: Path
) -> None:
    signal = val.signal.clone()
    signal[1, 0, 100] = float("nan")
    checkpoint = Checkpoint(path, "this training")
    with pytest.raises(PpgkdError, match="validation error of seed 0 became nan in epoch 1"):
        train_once(
            inputs,
            view_cache,
            Examples(signal, val.hr_bpm),
            config=FOUR_STEPS,
            checkpoint=checkpoint,
        )
    assert checkpoint.load() is None


def test_a_window_with_missing_samples_stops_the_training_and_is_among_the_rows_named(
    inputs: InputShape, train: Examples, val: Examples
) -> None:
    signal = train.signal.clone()
    signal[17, 0, 100] = float("nan")
    views = FreshViews(Examples(signal, train.hr_bpm), inputs, Augmentation(), seed=0)
    config = replace(SHORT, batch_size=4)
    with pytest.raises(PpgkdError, match=r"became nan in epoch 1, step \d+ of 52") as caught:
        train_once(inputs, views, val, config=config)
    rows = re.search(r"rows ([\d, ]+), \.\.\.", str(caught.value))
    assert rows is not None
    assert 17 in {int(row) for row in rows[1].split(", ")}


class Killed(BaseException):
    """Raised in place of a kill."""


class KilledAt(nn.Module):
    """An loss during one of whose calls the job is killed."""

    def __init__(self, loss: nn.Module, call: int) -> None:
        super().__init__()
        self.loss, self.left = loss, call

    def forward(self, output: Output, batch: Batch, epoch: int) -> Tensor:
        self.left -= 1
        if not self.left:
            raise Killed
        loss: Tensor = self.loss(output, batch, epoch)
        return loss


class BreaksOff(ViewCache):
    """A view cache whose file is missing in one epoch."""

    def of_epoch(self, epoch: int, sees: Seen) -> Any:
        if epoch == 2:
            raise Killed
        return super().of_epoch(epoch, sees)


def unlike(loss: nn.Module) -> nn.Module:
    """Replace an loss's weights: a new process may start from anything."""
    with torch.no_grad():
        for parameter in loss.parameters():
            parameter.add_(1)
    return loss


@pytest.mark.parametrize(
    "shape", [SpectralMLPShape(6), SpectralResNetShape(4)], ids=lambda shape: shape.family
)
@pytest.mark.parametrize("call", [1, 4, 5, 4 + 4 + 3, 16], ids="killed at step {}".format)
def test_a_killed_training_ends_like_an_uninterrupted_one(
    call: int,
    shape: Shape,
    inputs: InputShape,
    view_cache: ViewCache,
    val: Examples,
    path: Path,
) -> None:
    config = FOUR_STEPS
    undisturbed, history = train_once(inputs, view_cache, val, config=config, shape=shape)
    checkpoint = Checkpoint(path, "this training")
    killed = KilledAt(LabelLoss(), call)
    with pytest.raises(Killed):
        train_once(inputs, view_cache, val, killed, config, shape=shape, checkpoint=checkpoint)
    kept = checkpoint.load()
    assert (0 if kept is None else len(kept["histories"][0])) == (call - 1) // 4
    resumed, found = train_once(
        inputs, view_cache, val, config=config, shape=shape, checkpoint=checkpoint
    )
    assert same(resumed, undisturbed)
    assert without_time(found) == without_time(history)
    assert [*path.parent.iterdir()] == [path]


def test_a_training_killed_twice_ends_like_an_uninterrupted_one(
    inputs: InputShape, fresh: FreshViews, val: Examples, path: Path
) -> None:
    undisturbed, history = train_once(inputs, fresh, val, config=FOUR_STEPS)
    checkpoint = Checkpoint(path, "this training")
    for _ in range(2):
        killed = KilledAt(LabelLoss(), 4 + 2)
        with pytest.raises(Killed):
            train_once(inputs, fresh, val, killed, FOUR_STEPS, checkpoint=checkpoint)
    resumed, found = train_once(inputs, fresh, val, config=FOUR_STEPS, checkpoint=checkpoint)
    assert same(resumed, undisturbed)
    assert without_time(found) == without_time(history)


def test_a_training_that_lost_its_view_cache_ends_like_an_uninterrupted_one(
    inputs: InputShape, view_cache: ViewCache, val: Examples, path: Path
) -> None:
    undisturbed, history = train_once(inputs, view_cache, val, config=FOUR_STEPS)
    checkpoint = Checkpoint(path, "this training")
    broken = BreaksOff(**vars(view_cache))
    with pytest.raises(Killed):
        train_once(inputs, broken, val, config=FOUR_STEPS, checkpoint=checkpoint)
    resumed, found = train_once(inputs, view_cache, val, config=FOUR_STEPS, checkpoint=checkpoint)
    assert same(resumed, undisturbed)
    assert without_time(found) == without_time(history)


def test_a_projection_is_restored_with_the_student(
    inputs: InputShape, view_cache: ViewCache, val: Examples, targets: TeacherTargets, path: Path
) -> None:
    def feature() -> nn.Module:
        torch.manual_seed(0)
        settings = {"feature_weight": 1.0, "label_weight": 1.0}
        return FeatureLoss(settings, targets, (6, 1))

    projection = feature()
    undisturbed, _ = train_once(inputs, view_cache, val, projection, FOUR_STEPS)
    checkpoint = Checkpoint(path, "this training")
    killed, again = KilledAt(feature(), 10), KilledAt(unlike(feature()), -1)
    with pytest.raises(Killed):
        train_once(inputs, view_cache, val, killed, FOUR_STEPS, checkpoint=checkpoint)
    resumed, _ = train_once(inputs, view_cache, val, again, FOUR_STEPS, checkpoint=checkpoint)
    assert same(resumed, undisturbed)
    assert same(again.loss, projection)


def test_a_training_killed_by_the_system_goes_on_in_another_process(
    inputs: InputShape, view_cache: ViewCache, val: Examples, path: Path, tmp_path: Path
) -> None:
    """SIGKILL gives a process no chance to tidy up."""
    folder = Path(view_cache.signal.filename).parent  # type: ignore[attr-defined]
    torch.save(tuple(val), tmp_path / "val.pt")
    code = f"""
import os, signal, torch
from pathlib import Path
from ppgkd.views.cache import read_view_cache
from ppgkd.views.examples import Examples
from ppgkd.training.checkpoint import Checkpoint
from ppgkd.distill.scratch import LabelLoss
from ppgkd.models.build import build_model
from ppgkd.models.capacity import InputShape, SpectralMLPShape
from ppgkd.training.loop import TrainingConfig, fit

class Killed(LabelLoss):
    def forward(self, output, batch, epoch):
        if epoch == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().forward(output, batch, epoch)

val = Examples(*torch.load({str(tmp_path / "val.pt")!r}))
fit(build_model(SpectralMLPShape(6), {inputs}, 0), Killed(), read_view_cache({str(folder)!r}), val,
    {FOUR_STEPS}, label_sd_bpm={LABEL_SD_BPM}, seed=0,
    checkpoint=Checkpoint(Path({str(path)!r}), "this training"))
"""
    child = subprocess.run([sys.executable, "-c", code], check=False, env=os.environ)
    assert child.returncode == -signal.SIGKILL
    checkpoint = Checkpoint(path, "this training")
    kept = checkpoint.load()
    assert kept is not None
    assert len(kept["histories"][0]) == 2
    resumed, found = train_once(inputs, view_cache, val, config=FOUR_STEPS, checkpoint=checkpoint)
    undisturbed, history = train_once(inputs, view_cache, val, config=FOUR_STEPS)
    assert same(resumed, undisturbed)
    assert without_time(found) == without_time(history)


def test_a_finished_training_is_not_repeated(
    inputs: InputShape, view_cache: ViewCache, val: Examples, path: Path
) -> None:
    checkpoint = Checkpoint(path, "this training")
    first, history = train_once(inputs, view_cache, val, checkpoint=checkpoint)
    witness = Witness(LabelLoss())
    again, found = train_once(inputs, view_cache, val, witness, checkpoint=checkpoint)
    assert witness.seen == []
    assert same(again, first)
    assert found == history
    assert not again.training


def test_of_a_training_that_has_ended_only_the_result_is_kept(
    inputs: InputShape, view_cache: ViewCache, val: Examples, path: Path
) -> None:
    checkpoint = Checkpoint(path, "this training")
    _, history = train_once(inputs, view_cache, val, checkpoint=checkpoint)
    kept = checkpoint.load()
    assert kept is not None
    assert sorted(kept) == ["best", "histories"]
    assert kept["histories"] == [history]


@pytest.mark.parametrize("waited", [1, 2])
def test_patience_is_counted_across_a_kill(
    waited: int, inputs: InputShape, view_cache: ViewCache, unpredictable: Examples, path: Path
) -> None:
    undisturbed, history = train_once(inputs, view_cache, unpredictable, config=PATIENCE)
    epochs_before = len(history) - PATIENCE.patience + waited
    checkpoint = Checkpoint(path, "this training")
    killed = KilledAt(LabelLoss(), 4 * epochs_before + 2)
    with pytest.raises(Killed):
        train_once(inputs, view_cache, unpredictable, killed, PATIENCE, checkpoint=checkpoint)
    witness = Witness(LabelLoss())
    resumed, found = train_once(
        inputs, view_cache, unpredictable, witness, PATIENCE, checkpoint=checkpoint
    )
    assert same(resumed, undisturbed)
    assert without_time(found) == without_time(history)
    assert len(witness.seen) == 4 * (PATIENCE.patience - waited)


def test_a_training_that_stopped_early_is_not_repeated(
    inputs: InputShape, view_cache: ViewCache, unpredictable: Examples, path: Path
) -> None:
    checkpoint = Checkpoint(path, "this training")
    first, _ = train_once(inputs, view_cache, unpredictable, config=PATIENCE, checkpoint=checkpoint)
    witness = Witness(LabelLoss())
    again, _ = train_once(
        inputs, view_cache, unpredictable, witness, PATIENCE, checkpoint=checkpoint
    )
    assert witness.seen == []
    assert same(again, first)


def test_the_time_before_and_after_an_interruption_is_counted(
    inputs: InputShape, view_cache: ViewCache, val: Examples, path: Path
) -> None:
    checkpoint = Checkpoint(path, "this training")
    killed = KilledAt(LabelLoss(), 4 + 4 + 1)
    with pytest.raises(Killed):
        train_once(inputs, view_cache, val, killed, FOUR_STEPS, checkpoint=checkpoint)
    kept = checkpoint.load()
    assert kept is not None
    _, history = train_once(inputs, view_cache, val, config=FOUR_STEPS, checkpoint=checkpoint)
    seconds = [row["seconds"] for row in history]
    assert seconds[:2] == [row["seconds"] for row in kept["histories"][0]]
    assert seconds == sorted(seconds)
    assert seconds[2] > seconds[1]


def of_another_training(path: Path, state: dict[str, Any]) -> None:
    Checkpoint(path, "another training").save(state)


def cut_short(path: Path, state: dict[str, Any]) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def with_a_changed_bit(path: Path, state: dict[str, Any]) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


@pytest.mark.parametrize("spoil", [of_another_training, cut_short, with_a_changed_bit])
def test_a_checkpoint_that_is_not_its_own_or_damaged_is_not_used(
    spoil: Callable[[Path, dict[str, Any]], None],
    inputs: InputShape,
    view_cache: ViewCache,
    val: Examples,
    path: Path,
) -> None:
    undisturbed, history = train_once(inputs, view_cache, val)
    checkpoint = Checkpoint(path, "this training")
    train_once(inputs, view_cache, val, seed=1, checkpoint=checkpoint)
    state = checkpoint.load()
    assert state is not None
    spoil(path, state)
    anew, found = train_once(inputs, view_cache, val, checkpoint=checkpoint)
    assert same(anew, undisturbed)
    assert without_time(found) == without_time(history)
    assert [*path.parent.iterdir()] == [path]


def test_a_checkpoint_does_not_change_what_is_learned(
    inputs: InputShape, view_cache: ViewCache, val: Examples, path: Path
) -> None:
    without, _ = train_once(inputs, view_cache, val)
    with_one, _ = train_once(inputs, view_cache, val, checkpoint=Checkpoint(path, "this training"))
    assert same(with_one, without)


def test_where_a_training_goes_on_is_logged(
    inputs: InputShape,
    view_cache: ViewCache,
    val: Examples,
    path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    checkpoint = Checkpoint(path, "this training")
    killed = KilledAt(LabelLoss(), 4 + 4 + 1)
    with pytest.raises(Killed):
        train_once(inputs, view_cache, val, killed, FOUR_STEPS, checkpoint=checkpoint)
    caplog.clear()
    with caplog.at_level(logging.INFO, logger="ppgkd"):
        train_once(inputs, view_cache, val, config=FOUR_STEPS, checkpoint=checkpoint)
    lines = [record.getMessage() for record in caplog.records]
    assert lines[0] == "going on after epoch 2 of 4"
    assert lines[1].startswith("epoch 3/4 ")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_cuda_where_there_is_none_is_refused(
    inputs: InputShape, view_cache: ViewCache, val: Examples
) -> None:
    with pytest.raises(PpgkdError) as caught:
        train_once(inputs, view_cache, val, config=replace(SHORT, device="cuda"))
    message = str(caught.value)
    assert "'device: cuda', but PyTorch sees no CUDA device here" in message
    assert "use 'device: cpu'" in message


needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")


@needs_cuda
@pytest.mark.parametrize(
    "shape", [SpectralMLPShape(12), SpectralResNetShape(8)], ids=lambda shape: shape.family
)
def test_cuda_trains_as_the_cpu_does(
    shape: Shape, inputs: InputShape, view_cache: ViewCache, val: Examples
) -> None:
    """Losses within 2 %, validation errors within 1 BPM: bfloat16 on a CPU makes 0.3 % and 0.5."""
    config = replace(SHORT, epochs=8)
    on_cpu, expected = train_once(inputs, view_cache, val, config=config, shape=shape)
    on_cuda, found = train_once(
        inputs, view_cache, val, config=replace(config, device="cuda"), shape=shape
    )
    losses = [[row["train_loss"] for row in history] for history in (found, expected)]
    np.testing.assert_allclose(losses[0], losses[1], rtol=0.02)
    assert [row["view"] for row in found] == [row["view"] for row in expected]
    assert abs(mae_bpm(on_cuda, val) - mae_bpm(on_cpu, val)) < 1
    assert all(value.device.type == "cpu" for value in on_cuda.state_dict().values())


@needs_cuda
def test_cuda_resumes_from_a_checkpoint(
    inputs: InputShape, view_cache: ViewCache, val: Examples, targets: TeacherTargets, path: Path
) -> None:
    settings = {"feature_weight": 1.0, "label_weight": 1.0}
    config = replace(FOUR_STEPS, device="cuda")
    checkpoint = Checkpoint(path, "this training")
    killed = KilledAt(FeatureLoss(settings, targets, (6, 1)), 4 + 4 + 1)
    with pytest.raises(Killed):
        train_once(inputs, view_cache, val, killed, config, checkpoint=checkpoint)
    again = KilledAt(FeatureLoss(settings, targets, (6, 1)), -1)
    _, history = train_once(inputs, view_cache, val, again, config, checkpoint=checkpoint)
    assert [row["epoch"] for row in history] == [1, 2, 3, 4]


class Nothing(nn.Module):
    """A loss without a slope."""

    def forward(self, output: Output, batch: Batch, epoch: int) -> Tensor:
        return 0 * (output.logits.sum() + output.features.sum())


def test_weight_decay_shrinks_matrices_and_spares_biases_and_norms(
    inputs: InputShape, fresh: FreshViews, val: Examples
) -> None:
    config = TrainingConfig(
        epochs=1, batch_size=16, learning_rate=0.01, weight_decay=1.0, patience=9
    )
    before = dict(build_model(SpectralMLPShape(6), inputs, seed=0).named_parameters())
    model, _ = train_once(inputs, fresh, val, Nothing(), config)
    for name, after in model.named_parameters():
        if after.ndim > 1:
            ratio = after.detach() / before[name].detach()
            assert ratio.max() < 0.99
            np.testing.assert_allclose(ratio, ratio.mean(), rtol=1e-3)
        else:
            assert torch.equal(after, before[name])


def test_a_projection_is_trained_with_the_student_and_does_not_become_part_of_it(
    inputs: InputShape, view_cache: ViewCache, val: Examples, targets: TeacherTargets
) -> None:
    settings = {"feature_weight": 1.0, "label_weight": 1.0}
    loss = FeatureLoss(settings, targets, (6, 1))
    before = [p.detach().clone() for p in loss.parameters()]
    model, history = train_once(inputs, view_cache, val, loss)
    assert all((p != b).any() for p, b in zip(loss.parameters(), before, strict=True))
    assert sum(p.numel() for p in model.parameters()) == SpectralMLPShape(6).n_params(inputs)
    assert history[-1]["train_loss"] < history[0]["train_loss"]


def test_the_history_has_a_row_for_each_epoch(
    inputs: InputShape, fresh: FreshViews, val: Examples
) -> None:
    _, history = train_once(inputs, fresh, val)
    assert list(history[0]) == [
        "epoch",
        "view",
        "train_loss",
        "val_mae_bpm",
        "learning_rate",
        "seconds",
    ]
    assert [row["epoch"] for row in history] == [1, 2, 3]
    assert all(np.isfinite(list(row.values())).all() for row in history)
    seconds = [row["seconds"] for row in history]
    assert seconds == sorted(seconds)


def test_the_learning_rate_rises_to_its_peak_and_falls_to_almost_nothing(
    inputs: InputShape, fresh: FreshViews, val: Examples
) -> None:
    config = replace(TWO_STEPS, epochs=10, patience=10)
    _, history = train_once(inputs, fresh, val, config=config)
    rates = [row["learning_rate"] for row in history]
    peak = int(np.argmax(rates))
    assert 0 < peak < 4
    assert rates[peak] == pytest.approx(0.01, rel=0.05)
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert rates[-1] < 1e-4


@pytest.mark.parametrize("epochs", [1, 2, 3, 4, 5, 6])
def test_a_training_of_a_few_steps_has_a_learning_rate_too(
    epochs: int, inputs: InputShape, fresh: FreshViews, val: Examples
) -> None:
    one_step = replace(TWO_STEPS, epochs=epochs, batch_size=208)
    _, history = train_once(inputs, fresh, val, config=one_step)
    assert len(history) == epochs
    assert all(0 < row["learning_rate"] <= 0.01 for row in history)


def test_every_epoch_is_logged_with_its_error_and_the_time_left(
    inputs: InputShape, fresh: FreshViews, val: Examples, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="ppgkd"):
        _, history = train_once(inputs, fresh, val)
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 3
    for row, line in zip(history, lines, strict=True):
        assert line.startswith(f"epoch {row['epoch']}/3 ")
        assert f"validation MAE {row['val_mae_bpm']:.2f} BPM" in line
        assert line.endswith("s left")


@pytest.mark.parametrize("family", sorted(SHAPES))
def test_predictions_are_distributions_in_single_precision(
    family: str, inputs: InputShape, val: Examples
) -> None:
    model = build_model(SHAPES[family](6), inputs, seed=0)
    found = predict(model, val.signal)
    assert found.shape == (len(val.signal), 180)
    assert found.dtype == torch.float32
    assert (found >= 0).all()
    np.testing.assert_allclose(found.sum(dim=1), 1, rtol=1e-5)


def test_more_windows_than_fit_one_pass_are_predicted_in_order(
    inputs: InputShape, val: Examples
) -> None:
    model = build_model(SpectralMLPShape(6), inputs, seed=0)
    repeats = 1 + 2_100 // len(val.signal)
    many = predict(model, val.signal.repeat(repeats, 1, 1))
    np.testing.assert_allclose(many, predict(model, val.signal).repeat(repeats, 1), rtol=1e-4)


SEEDS = (2, 0, 5)
SHAPES_TOGETHER = {"grouped": SpectralResNetShape(4), "one by one": SpectralMLPShape(6)}


def train_seeds(
    shape: Shape,
    inputs: InputShape,
    views: Sequence[ViewSource],
    val: Examples,
    losses: list[nn.Module] | None = None,
    config: TrainingConfig = SHORT,
    checkpoint: Checkpoint | None = None,
    dtype: torch.dtype = torch.float32,
) -> tuple[list[nn.Module], list[list[dict[str, Any]]]]:
    models = [build_model(shape, inputs, seed).to(dtype) for seed in SEEDS]
    losses = losses or [LabelLoss() for _ in SEEDS]
    jobs = [*map(TrainingJob, models, losses, views, SEEDS)]
    histories = fit_together(jobs, val, config, label_sd_bpm=LABEL_SD_BPM, checkpoint=checkpoint)
    return [*models], [history.to_dict("records") for history in histories]


@pytest.fixture(scope="module")
def view_caches(
    view_cache: ViewCache,
    train: Examples,
    inputs: InputShape,
    tmp_path_factory: pytest.TempPathFactory,
) -> list[ViewCache]:
    """A view cache for each seed."""
    others = []
    for seed in (6, 7):
        folder = tmp_path_factory.mktemp("bank")
        write_view_cache(train, inputs, Augmentation(), folder, views=3, seed=seed)
        others.append(read_view_cache(folder, train))
    return [view_cache, *others]


class InDoublePrecision:
    """Views whose spectra are in double precision."""

    def __init__(self, views: ViewSource) -> None:
        self.views = views
        self.n_windows, self.fingerprint = views.n_windows, views.fingerprint

    def of_epoch(self, epoch: int, sees: Seen) -> tuple[int, SeenExamples]:
        view, (spectra, hr_bpm) = self.views.of_epoch(epoch, sees)
        return view, SeenExamples(spectra.double(), hr_bpm)


@pytest.mark.parametrize("shape", SHAPES_TOGETHER.values(), ids=SHAPES_TOGETHER)
def test_seeds_that_are_trained_together_learn_what_each_learns_alone(
    shape: Shape,
    inputs: InputShape,
    view_caches: list[ViewCache],
    val: Examples,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # a difference in the last digit grows with every step, so it is made small: double precision
    monkeypatch.setattr(step, "has_fast_bfloat16", lambda device: False)
    views = [InDoublePrecision(view_cache) for view_cache in view_caches]
    val = Examples(val.signal.double(), val.hr_bpm)
    models, histories = train_seeds(shape, inputs, views, val, dtype=torch.float64)
    for model, history, seed, own in zip(models, histories, SEEDS, views, strict=True):
        alone, expected = train_once(inputs, own, val, shape=shape, seed=seed, dtype=torch.float64)
        if isinstance(shape, SpectralMLPShape):
            assert same(model, alone)
        for row, other in zip(history, expected, strict=True):
            assert row["view"] == other["view"]
            assert row["train_loss"] == pytest.approx(other["train_loss"], rel=1e-5)
            assert row["val_mae_bpm"] == pytest.approx(other["val_mae_bpm"], rel=1e-3)


def test_seeds_trained_together_again_are_the_same_bit_by_bit(
    inputs: InputShape, view_caches: list[ViewCache], val: Examples
) -> None:
    first, _ = train_seeds(SpectralResNetShape(4), inputs, view_caches, val)
    second, _ = train_seeds(SpectralResNetShape(4), inputs, view_caches, val)
    assert all(map(same, first, second))


@pytest.mark.parametrize("shape", SHAPES_TOGETHER.values(), ids=SHAPES_TOGETHER)
def test_interrupted_seeds_end_like_uninterrupted_ones(
    shape: Shape,
    inputs: InputShape,
    view_caches: list[ViewCache],
    val: Examples,
    path: Path,
) -> None:
    undisturbed, histories = train_seeds(shape, inputs, view_caches, val, config=FOUR_STEPS)
    checkpoint = Checkpoint(path, "this training")
    killed = [LabelLoss(), KilledAt(LabelLoss(), 4 + 4 + 2), LabelLoss()]
    with pytest.raises(Killed):
        train_seeds(shape, inputs, view_caches, val, killed, FOUR_STEPS, checkpoint)
    resumed, found = train_seeds(shape, inputs, view_caches, val, None, FOUR_STEPS, checkpoint)
    assert all(map(same, undisturbed, resumed))
    assert [*map(without_time, found)] == [*map(without_time, histories)]


class Unlearning(LabelLoss):
    """The reference's loss for two epochs, and then its opposite."""

    def forward(self, output: Output, batch: Batch, epoch: int) -> Tensor:
        loss = super().forward(output, batch, epoch)
        return loss if epoch < 2 else -loss


@pytest.mark.parametrize("shape", SHAPES_TOGETHER.values(), ids=SHAPES_TOGETHER)
def test_a_seed_without_patience_stops_and_the_others_go_on(
    shape: Shape, inputs: InputShape, view_caches: list[ViewCache], val: Examples
) -> None:
    config = TrainingConfig(epochs=8, batch_size=16, learning_rate=0.01, weight_decay=0, patience=2)
    losses: list[nn.Module] = [LabelLoss(), Unlearning(), LabelLoss()]
    models, histories = train_seeds(shape, inputs, view_caches, val, losses, config)
    errors = [row["val_mae_bpm"] for row in histories[1]]
    assert len(errors) == int(np.argmin(errors)) + 1 + 2
    assert len(errors) < max(map(len, histories))
    assert mae_bpm(models[1], val) == pytest.approx(min(errors), abs=1e-4)


def test_a_loss_of_one_seed_that_is_not_finite_stops_the_cell_and_names_the_seed(
    inputs: InputShape, view_caches: list[ViewCache], val: Examples
) -> None:
    losses = [LabelLoss(), LabelLoss(), FailsAt(2, float("nan"))]
    with pytest.raises(PpgkdError, match="The loss of seed 5 became nan in epoch 1, step 2"):
        train_seeds(SpectralResNetShape(4), inputs, view_caches, val, losses)


def test_a_large_gradient_of_one_seed_does_not_change_the_others(
    inputs: InputShape, view_caches: list[ViewCache], val: Examples
) -> None:
    class Loud(LabelLoss):
        def forward(self, output: Output, batch: Batch, epoch: int) -> Tensor:
            return 1e6 * super().forward(output, batch, epoch)

    quiet, _ = train_seeds(SpectralMLPShape(6), inputs, view_caches, val)
    beside: list[nn.Module] = [LabelLoss(), Loud(), LabelLoss()]
    models, _ = train_seeds(SpectralMLPShape(6), inputs, view_caches, val, beside)
    assert same(models[0], quiet[0])
    assert same(models[2], quiet[2])
    assert not same(models[1], quiet[1])
