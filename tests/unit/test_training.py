"""The training loop, on tones that a small network learns within a second."""

import logging
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ppgkd.augment import augmented_view
from ppgkd.distill.objective import DistillationObjective, LabelObjective
from ppgkd.errors import PpgkdError
from ppgkd.heart_rate import decode, soft_labels
from ppgkd.models.build import build_model
from ppgkd.models.capacity import SHAPES, InputShape, MLPShape, ResNetShape, nearest_shape
from ppgkd.models.output import Output
from ppgkd.targets import TeacherTargets, teacher_targets
from ppgkd.training import Batch, Budget, Examples, examples, fit, predict
from ppgkd.windows import Windows

LABEL_SD_BPM = 2.0
SHORT = Budget(epochs=3, batch_size=16, learning_rate=0.01, weight_decay=0.01, patience=9)


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
def targets(train: Examples, inputs: InputShape) -> TeacherTargets:
    teacher = build_model(MLPShape(8), inputs, seed=1)
    return teacher_targets(teacher, train, ppg_channels=inputs.ppg_channels, views=2, seed=0)


class Witness(nn.Module):
    """An objective that also notes what it is shown."""

    def __init__(self, objective: nn.Module) -> None:
        super().__init__()
        self.objective = objective
        self.seen: list[tuple[int, Batch]] = []

    def forward(self, output: Output, batch: Batch, epoch: int) -> Tensor:
        self.seen.append((epoch, batch))
        loss: Tensor = self.objective(output, batch, epoch)
        return loss


def train_once(
    inputs: InputShape,
    train: Examples,
    val: Examples,
    objective: nn.Module | None = None,
    budget: Budget = SHORT,
    *,
    shape: ResNetShape | MLPShape = MLPShape(6),  # noqa: B008 (frozen)
    seed: int = 0,
    views: int | None = None,
) -> tuple[nn.Module, list[dict[str, float]]]:
    model = build_model(shape, inputs, seed)
    history = fit(
        model,
        objective or LabelObjective(),
        train,
        val,
        budget,
        ppg_channels=inputs.ppg_channels,
        label_sd_bpm=LABEL_SD_BPM,
        seed=seed,
        views=views,
    )
    return model, history.to_dict("records")


def mae_bpm(model: nn.Module, windows: Examples) -> float:
    bpm, _ = decode(predict(model, windows.signal))
    return float((bpm - windows.hr_bpm).abs().mean())


def weights(model: nn.Module) -> list[Tensor]:
    return [value.clone() for value in model.state_dict().values()]


def test_a_residual_network_learns_to_read_a_tone(
    inputs: InputShape, train: Examples, val: Examples
) -> None:
    budget = Budget(epochs=6, batch_size=16, learning_rate=0.01, weight_decay=0.01, patience=9)
    shape = nearest_shape("resnet", 1_500, inputs)
    untrained_bpm = mae_bpm(build_model(shape, inputs, seed=0), val)
    model, _ = train_once(inputs, train, val, budget=budget, shape=shape)
    assert mae_bpm(model, val) < min(1, untrained_bpm / 2)


def test_a_perceptron_learns_to_read_a_tone(
    inputs: InputShape, train: Examples, val: Examples
) -> None:
    budget = Budget(epochs=15, batch_size=16, learning_rate=0.01, weight_decay=0.01, patience=15)
    shape = nearest_shape("mlp", 8_000, inputs)
    model, _ = train_once(inputs, train, val, budget=budget, shape=shape)
    assert mae_bpm(model, val) < 5


def test_a_seed_gives_the_same_weights_bit_by_bit(
    inputs: InputShape, train: Examples, val: Examples
) -> None:
    shape = ResNetShape(4)
    first, first_history = train_once(inputs, train, val, shape=shape)
    torch.rand(3)
    second, second_history = train_once(inputs, train, val, shape=shape)
    pairs = zip(weights(first), weights(second), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)
    for one, other in zip(first_history, second_history, strict=True):
        assert {**one, "seconds": 0} == {**other, "seconds": 0}


def test_another_seed_sees_the_windows_in_another_order(
    inputs: InputShape, train: Examples, val: Examples
) -> None:
    witnesses = [Witness(LabelObjective()) for _ in range(2)]
    for seed, witness in enumerate(witnesses):
        train_once(inputs, train, val, witness, seed=seed)
    first, other = (witness.seen[0][1] for witness in witnesses)
    assert not torch.equal(first.rows, other.rows)


def test_two_strategies_of_a_seed_see_the_same_batches(
    inputs: InputShape, train: Examples, val: Examples, targets: TeacherTargets
) -> None:
    settings = {"temperature": 1.0, "label_weight": 0.0, "feature_weight": 1.0}
    objectives = [
        LabelObjective(),
        DistillationObjective("soft", settings, targets, (6, 1)),
        DistillationObjective("feature", settings, targets, (6, 1)),
    ]
    scratch, *others = [Witness(objective) for objective in objectives]
    for witness in (scratch, *others):
        train_once(inputs, train, val, witness, views=2)
    for other in others:
        for (epoch, mine), (other_epoch, theirs) in zip(scratch.seen, other.seen, strict=True):
            assert (epoch, mine.view) == (other_epoch, theirs.view)
            assert torch.equal(mine.rows, theirs.rows)
            assert torch.equal(mine.hr_bpm, theirs.hr_bpm)
            assert torch.equal(mine.labels, theirs.labels)


def test_a_strategy_changes_what_is_learned(
    inputs: InputShape, train: Examples, val: Examples, targets: TeacherTargets
) -> None:
    settings = {"temperature": 1.0, "label_weight": 0.0}
    soft = DistillationObjective("soft", settings, targets, (6, 1))
    from_labels, _ = train_once(inputs, train, val, views=2)
    from_teacher, _ = train_once(inputs, train, val, soft, views=2)
    heads = [model.get_submodule("head").weight for model in (from_labels, from_teacher)]
    assert (heads[0] - heads[1]).abs().max() > 1e-3


def test_a_student_sees_the_views_of_the_bank_by_turns(
    inputs: InputShape, train: Examples, val: Examples
) -> None:
    witness = Witness(LabelObjective())
    budget = Budget(epochs=7, batch_size=104, learning_rate=0.01, weight_decay=0, patience=9)
    _, history = train_once(inputs, train, val, witness, budget, views=3)
    assert [row["view"] for row in history] == [0, 1, 2, 0, 1, 2, 0]
    assert [batch.view for _, batch in witness.seen[::2]] == [0, 1, 2, 0, 1, 2, 0]


def test_a_teacher_sees_a_fresh_view_every_epoch(
    inputs: InputShape, train: Examples, val: Examples
) -> None:
    budget = Budget(epochs=7, batch_size=104, learning_rate=0.01, weight_decay=0, patience=9)
    _, history = train_once(inputs, train, val, budget=budget, views=None)
    assert [row["view"] for row in history] == [0, 1, 2, 3, 4, 5, 6]


def test_a_batch_has_the_references_of_the_bank_that_the_teacher_labelled(
    inputs: InputShape, train: Examples, val: Examples
) -> None:
    witness = Witness(LabelObjective())
    train_once(inputs, train, val, witness, seed=5, views=2)
    for _, batch in witness.seen:
        view = augmented_view(train.signal, train.hr_bpm, inputs.ppg_channels, 5, batch.view)
        assert torch.equal(batch.hr_bpm, view.hr_bpm[batch.rows])
        assert torch.equal(batch.labels, soft_labels(batch.hr_bpm, LABEL_SD_BPM))


def test_an_epoch_shows_every_window_at_most_once_in_full_batches(
    inputs: InputShape, train: Examples, val: Examples
) -> None:
    witness = Witness(LabelObjective())
    budget = Budget(epochs=2, batch_size=60, learning_rate=0.01, weight_decay=0, patience=9)
    train_once(inputs, train, val, witness, budget)
    for epoch in (0, 1):
        rows = [batch.rows for seen_in, batch in witness.seen if seen_in == epoch]
        assert [len(part) for part in rows] == [60, 60, 60]
        assert len(set(torch.cat(rows).tolist())) == 180
    epochs = [torch.cat([b.rows for e, b in witness.seen if e == epoch]) for epoch in (0, 1)]
    assert not torch.equal(*epochs)


def test_fewer_windows_than_a_batch_make_one_smaller_batch(
    inputs: InputShape, train: Examples, val: Examples
) -> None:
    few = Examples(train.signal[:5], train.hr_bpm[:5])
    witness = Witness(LabelObjective())
    train_once(inputs, few, val, witness)
    assert [len(batch.rows) for _, batch in witness.seen] == [5, 5, 5]


def test_training_stops_when_validation_has_not_improved_for_the_patience(
    inputs: InputShape, train: Examples, unpredictable: Examples
) -> None:
    budget = Budget(epochs=60, batch_size=52, learning_rate=0.02, weight_decay=0, patience=3)
    _, history = train_once(inputs, train, unpredictable, budget=budget)
    errors = [row["val_mae_bpm"] for row in history]
    best = int(np.argmin(errors))
    assert len(history) == best + 1 + 3 < 60
    waits = [epoch - int(np.argmin(errors[: epoch + 1])) for epoch in range(best + 1)]
    assert max(waits) < 3, "it ought to have stopped earlier"


def test_the_weights_of_the_best_epoch_are_kept(
    inputs: InputShape, train: Examples, unpredictable: Examples
) -> None:
    budget = Budget(epochs=60, batch_size=52, learning_rate=0.02, weight_decay=0, patience=3)
    model, history = train_once(inputs, train, unpredictable, budget=budget)
    errors = [row["val_mae_bpm"] for row in history]
    assert mae_bpm(model, unpredictable) == pytest.approx(min(errors), abs=1e-5)
    assert errors[-1] > min(errors)
    assert not model.training


def test_the_weights_kept_come_with_the_running_statistics_of_the_training(
    inputs: InputShape, train: Examples, val: Examples
) -> None:
    model, _ = train_once(inputs, train, val)
    norms = [layer for layer in model.modules() if isinstance(layer, nn.BatchNorm1d)]
    assert norms
    for norm in norms:
        assert norm.running_mean is not None
        assert (norm.running_mean != 0).any()
        assert norm.num_batches_tracked in (13, 26, 39), "one for each step of 1 to 3 epochs"


def test_the_validation_windows_are_not_learned_from(
    inputs: InputShape, train: Examples, val: Examples, unpredictable: Examples
) -> None:
    once = Budget(epochs=1, batch_size=16, learning_rate=0.01, weight_decay=0, patience=9)
    first, _ = train_once(inputs, train, val, budget=once)
    second, _ = train_once(inputs, train, unpredictable, budget=once)
    pairs = zip(weights(first), weights(second), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)


class FailsAt(nn.Module):
    """A loss that is no number from some call on."""

    def __init__(self, call: int, value: float) -> None:
        super().__init__()
        self.left, self.value = call, value

    def forward(self, output: Output, batch: Batch, epoch: int) -> Tensor:
        self.left -= 1
        return output.logits.mean() * (self.value if self.left <= 0 else 1.0)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_stops_at_once_and_names_epoch_and_step(
    value: float, inputs: InputShape, train: Examples, val: Examples
) -> None:
    budget = Budget(epochs=3, batch_size=52, learning_rate=0.01, weight_decay=0, patience=9)
    with pytest.raises(PpgkdError, match=r"became -?(nan|inf) in epoch 2, step 3 of 4") as caught:
        train_once(inputs, train, val, FailsAt(4 + 3, value), budget)
    assert "lower 'learning_rate'" in str(caught.value)


def test_a_window_with_missing_samples_stops_the_training(
    inputs: InputShape, train: Examples, val: Examples
) -> None:
    signal = train.signal.clone()
    signal[17, 0, 100] = float("nan")
    with pytest.raises(PpgkdError, match=r"became nan in epoch 1, step \d+ of 13"):
        train_once(inputs, Examples(signal, train.hr_bpm), val)


class Nothing(nn.Module):
    """A loss without a slope."""

    def forward(self, output: Output, batch: Batch, epoch: int) -> Tensor:
        return 0 * (output.logits.sum() + output.features.sum())


def test_weight_decay_shrinks_matrices_and_spares_biases_and_norms(
    inputs: InputShape, train: Examples, val: Examples
) -> None:
    budget = Budget(epochs=1, batch_size=16, learning_rate=0.01, weight_decay=1.0, patience=9)
    before = dict(build_model(MLPShape(6), inputs, seed=0).named_parameters())
    model, _ = train_once(inputs, train, val, Nothing(), budget)
    for name, after in model.named_parameters():
        if after.ndim > 1:
            ratio = after.detach() / before[name].detach()
            assert ratio.max() < 0.99
            np.testing.assert_allclose(ratio, ratio.mean(), rtol=1e-3)
        else:
            assert torch.equal(after, before[name])


def test_a_projection_learns_beside_the_student_and_is_no_part_of_it(
    inputs: InputShape, train: Examples, val: Examples, targets: TeacherTargets
) -> None:
    settings = {"feature_weight": 1.0, "label_weight": 1.0}
    objective = DistillationObjective("feature", settings, targets, (6, 1))
    before = [p.detach().clone() for p in objective.parameters()]
    model, history = train_once(inputs, train, val, objective, views=2)
    assert all((p != b).any() for p, b in zip(objective.parameters(), before, strict=True))
    assert sum(p.numel() for p in model.parameters()) == MLPShape(6).n_params(inputs)
    assert history[-1]["train_loss"] < history[0]["train_loss"]


def test_the_history_has_a_row_for_each_epoch(
    inputs: InputShape, train: Examples, val: Examples
) -> None:
    _, history = train_once(inputs, train, val)
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
    inputs: InputShape, train: Examples, val: Examples
) -> None:
    budget = Budget(epochs=10, batch_size=104, learning_rate=0.01, weight_decay=0, patience=10)
    _, history = train_once(inputs, train, val, budget=budget)
    rates = [row["learning_rate"] for row in history]
    peak = int(np.argmax(rates))
    assert 0 < peak < 4
    assert rates[peak] == pytest.approx(0.01, rel=0.05)
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert rates[-1] < 1e-4


def test_every_epoch_is_logged_with_its_error_and_the_time_left(
    inputs: InputShape, train: Examples, val: Examples, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="ppgkd"):
        _, history = train_once(inputs, train, val)
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
    model = build_model(MLPShape(6), inputs, seed=0)
    repeats = 1 + 2_100 // len(val.signal)
    many = predict(model, val.signal.repeat(repeats, 1, 1))
    np.testing.assert_allclose(many, predict(model, val.signal).repeat(repeats, 1), rtol=1e-4)
