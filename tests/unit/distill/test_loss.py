"""The loss of each strategy: its distillation term, its settings and the label loss."""

from importlib import import_module
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import log_softmax

from ppgkd.distill import (
    dkd_loss,
    feature_loss,
    hard_loss,
    label_loss,
    ordinal_loss,
    soft_loss,
)
from ppgkd.distill.batch import Batch
from ppgkd.distill.dkd import target_class
from ppgkd.distill.feature import FeatureLoss
from ppgkd.distill.loss import DistillationLoss, make_loss
from ppgkd.distill.targets import TeacherTargets
from ppgkd.errors import PpgkdError
from ppgkd.heart_rate import soft_labels
from ppgkd.models.build import build_model
from ppgkd.models.capacity import InputShape, Shape, SpectralMLPShape, SpectralResNetShape
from ppgkd.models.output import Output
from ppgkd.strategies.registry import STRATEGIES

N_VIEWS, N_WINDOWS, STUDENT_FEATURES, TEACHER_FEATURES = 2, 8, (6, 18), (10, 18)
SETTINGS: dict[str, dict[str, float]] = {
    "hard": {"label_weight": 0.0},
    "soft": {"temperature": 2.0, "label_weight": 0.0},
    "dkd": {
        "alpha": 1.0,
        "beta": 3.0,
        "temperature": 2.0,
        "warmup_epochs": 0,
        "label_weight": 0.0,
    },
    "feature": {"feature_weight": 0.7, "label_weight": 0.0},
    "ordinal": {"label_weight": 0.0},
}
every_strategy = pytest.mark.parametrize("strategy", SETTINGS)


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


@pytest.fixture
def targets() -> TeacherTargets:
    return TeacherTargets(
        logits=4 * noise(N_VIEWS, N_WINDOWS, 180, seed=1).astype(np.float16),
        features=noise(N_VIEWS, N_WINDOWS, *TEACHER_FEATURES, seed=2).astype(np.float16),
    )


@pytest.fixture
def batch() -> Batch:
    hr_bpm = torch.tensor([61.4, 71.6, 120.0, 180.2])
    return Batch(torch.tensor([5, 0, 7, 2]), 1, hr_bpm, soft_labels(hr_bpm, 2.0))


@pytest.fixture
def output() -> Output:
    logits, features = noise(4, 180, seed=3), noise(4, *STUDENT_FEATURES, seed=4)
    return Output(torch.tensor(logits).float(), torch.tensor(features).float())


def loss_of(strategy: str, targets: TeacherTargets, **changes: float) -> DistillationLoss:
    torch.manual_seed(0)
    loss: type[DistillationLoss] = import_module(f"ppgkd.distill.{strategy}").LOSS
    return loss(SETTINGS[strategy] | changes, targets, STUDENT_FEATURES)


def value(one: Any, output: Output, batch: Batch, epoch: int = 0) -> float:
    return float(one(output, batch, epoch).item())


def teacher_logits(targets: TeacherTargets, batch: Batch) -> torch.Tensor:
    return torch.tensor(targets.logits[1][[5, 0, 7, 2]], dtype=torch.float32)


def test_hard_is_its_loss_on_the_teachers_logits_for_the_same_windows_and_view(
    targets: TeacherTargets, batch: Batch, output: Output
) -> None:
    expected = hard_loss(output.logits, teacher_logits(targets, batch)).item()
    assert value(loss_of("hard", targets), output, batch) == pytest.approx(expected)


def test_soft_is_its_loss_on_the_teachers_logits_for_the_same_windows_and_view(
    targets: TeacherTargets, batch: Batch, output: Output
) -> None:
    expected = soft_loss(output.logits, teacher_logits(targets, batch), 2.0).item()
    assert value(loss_of("soft", targets), output, batch) == pytest.approx(expected)


def test_ordinal_is_its_loss_on_the_teachers_logits_for_the_same_windows_and_view(
    targets: TeacherTargets, batch: Batch, output: Output
) -> None:
    expected = ordinal_loss(output.logits, teacher_logits(targets, batch)).item()
    assert value(loss_of("ordinal", targets), output, batch) == pytest.approx(expected)


def test_dkds_target_is_the_class_nearest_to_the_reference_in_the_view(
    targets: TeacherTargets, batch: Batch, output: Output
) -> None:
    nearest = torch.tensor([61 - 30, 72 - 30, 120 - 30, 180 - 30])
    expected = dkd_loss(output.logits, teacher_logits(targets, batch), nearest, 1.0, 3.0, 2.0)
    assert value(loss_of("dkd", targets), output, batch) == pytest.approx(expected.item())


def test_dkds_target_is_the_mode_of_the_softened_label(batch: Batch) -> None:
    assert batch.labels.argmax(dim=1).tolist() == [61 - 30, 72 - 30, 120 - 30, 180 - 30]


@pytest.mark.parametrize(
    ("hr_bpm", "expected_bpm"), [(71.4, 71), (71.6, 72), (29.2, 30), (209.7, 209)]
)
def test_a_reference_between_two_classes_belongs_to_the_nearer(
    hr_bpm: float, expected_bpm: int, targets: TeacherTargets
) -> None:
    logits = torch.tensor(targets.logits[0][:1]).float()
    assert target_class(torch.tensor([hr_bpm]), logits).tolist() == [expected_bpm - 30]


def test_without_a_reference_dkds_target_is_the_teachers_most_likely_class(
    targets: TeacherTargets, batch: Batch, output: Output
) -> None:
    hr_bpm = torch.tensor([61.4, float("nan"), 120.0, float("nan")])
    withheld = batch._replace(hr_bpm=hr_bpm, labels=soft_labels(hr_bpm, 2.0))
    teacher = teacher_logits(targets, batch)
    likeliest = teacher.numpy().argmax(axis=1)
    classes = torch.tensor([61 - 30, likeliest[1], 120 - 30, likeliest[3]])
    assert target_class(hr_bpm, teacher).tolist() == classes.tolist()
    expected = dkd_loss(output.logits, teacher, classes, 1.0, 3.0, 2.0)
    assert value(loss_of("dkd", targets), output, withheld) == pytest.approx(expected.item())


@every_strategy
def test_a_batch_without_references_has_the_distillation_loss_alone(
    strategy: str, targets: TeacherTargets, batch: Batch, output: Output
) -> None:
    hr_bpm = torch.full((4,), torch.nan)
    withheld = batch._replace(hr_bpm=hr_bpm, labels=soft_labels(hr_bpm, 2.0))
    alone = value(loss_of(strategy, targets), output, withheld)
    both = value(loss_of(strategy, targets, label_weight=1.0), output, withheld)
    assert np.isfinite(alone)
    assert alone > 0
    assert both == alone, "there is no reference to add anything"


def test_feature_is_the_weighted_distance_after_the_projection(
    targets: TeacherTargets, batch: Batch, output: Output
) -> None:
    one = loss_of("feature", targets)
    assert isinstance(one, FeatureLoss)
    assert targets.features is not None
    teacher = torch.tensor(targets.features[1][[5, 0, 7, 2]], dtype=torch.float32)
    expected = 0.7 * feature_loss(one.projection(output.features), teacher).item()
    assert value(one, output, batch) == pytest.approx(expected)


@every_strategy
def test_the_label_loss_is_added_with_its_weight(
    strategy: str, targets: TeacherTargets, batch: Batch, output: Output
) -> None:
    alone = value(loss_of(strategy, targets), output, batch)
    both = value(loss_of(strategy, targets, label_weight=0.3), output, batch)
    log_probability = log_softmax(output.logits.double().numpy(), axis=1)
    label = -(batch.labels.numpy() * log_probability).sum(axis=1).mean()
    assert both == pytest.approx(alone + 0.3 * label, rel=1e-5)


@pytest.mark.parametrize(
    ("warmup_epochs", "shares"), [(4, [0.2, 0.4, 0.6, 0.8, 1, 1]), (0, [1, 1])]
)
def test_the_weight_of_dkd_grows_during_warm_up(
    warmup_epochs: int,
    shares: list[float],
    targets: TeacherTargets,
    batch: Batch,
    output: Output,
) -> None:
    full = value(loss_of("dkd", targets), output, batch, epoch=99)
    one = loss_of("dkd", targets, warmup_epochs=warmup_epochs)
    found = [value(one, output, batch, epoch) / full for epoch in range(len(shares))]
    np.testing.assert_allclose(found, shares, rtol=1e-5)


def test_warm_up_does_not_change_the_label_loss(
    targets: TeacherTargets, batch: Batch, output: Output
) -> None:
    full = value(loss_of("dkd", targets), output, batch)
    one = loss_of("dkd", targets, warmup_epochs=1, label_weight=1.0)
    label = label_loss(output.logits, batch.labels).item()
    assert value(one, output, batch, epoch=0) == pytest.approx(full / 2 + label, rel=1e-5)


@pytest.mark.parametrize("strategy", ["osmosis", "label", "loss", "batch"])
def test_an_unknown_strategy_is_refused_with_those_that_exist(
    strategy: str, inputs: InputShape, targets: TeacherTargets
) -> None:
    message = rf"'{strategy}' is unknown; there are scratch, hard, soft, dkd, feature, ordinal"
    with pytest.raises(PpgkdError, match=message):
        made(strategy, targets, inputs)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_loss_of_every_registered_strategy_can_be_made(
    strategy: str, inputs: InputShape, targets: TeacherTargets
) -> None:
    made(strategy, targets, inputs)


def made(
    strategy: str, targets: TeacherTargets | None, inputs: InputShape, seed: int = 0
) -> torch.nn.Module:
    student = build_model(SpectralResNetShape(6), inputs, seed=0)
    window_shape = (inputs.channels, inputs.n_samples)
    settings = SETTINGS.get(strategy, {})
    return make_loss(strategy, settings, targets, student, window_shape, seed)


def test_scratch_ignores_the_teacher(
    inputs: InputShape, targets: TeacherTargets, batch: Batch, output: Output
) -> None:
    expected = label_loss(output.logits, batch.labels).item()
    assert value(made("scratch", None, inputs), output, batch) == expected
    assert value(made("scratch", targets, inputs), output, batch) == expected


@pytest.mark.parametrize("strategy", ["hard", "soft", "dkd", "ordinal"])
def test_losses_on_logits_have_no_parameters(
    strategy: str, inputs: InputShape, targets: TeacherTargets
) -> None:
    assert list(made(strategy, targets, inputs).parameters()) == []


@pytest.mark.parametrize("student_shape", [SpectralResNetShape(6), SpectralMLPShape(6)])
def test_students_of_either_family_can_learn_features_of_a_residual_network(
    student_shape: Shape,
    inputs: InputShape,
    targets: TeacherTargets,
    batch: Batch,
) -> None:
    student = build_model(student_shape, inputs, seed=0)
    window_shape = (inputs.channels, inputs.n_samples)
    one = make_loss("feature", SETTINGS["feature"], targets, student, window_shape, seed=0)
    loss = one(student(torch.randn(4, *window_shape)), batch, 0)
    loss.backward()
    assert torch.isfinite(loss)
    assert all(p.grad is not None for p in one.parameters())
    touched = [name for name, p in student.named_parameters() if p.grad is not None]
    assert touched
    assert not any("head" in name for name in touched), "features come before the head"


def test_a_projections_first_weights_depend_on_the_seed_alone(
    inputs: InputShape, targets: TeacherTargets
) -> None:
    first = made("feature", targets, inputs, seed=1)
    torch.rand(3)
    again = made("feature", targets, inputs, seed=1)
    other = made("feature", targets, inputs, seed=2)
    pairs = zip(first.parameters(), again.parameters(), other.parameters(), strict=True)
    for mine, same, different in pairs:
        assert torch.equal(mine, same)
        assert not torch.equal(mine, different)


@every_strategy
def test_making_a_loss_leaves_the_student_as_it_was(
    strategy: str, inputs: InputShape, targets: TeacherTargets
) -> None:
    student = build_model(SpectralResNetShape(6), inputs, seed=0).train()
    before = {name: value.clone() for name, value in student.state_dict().items()}
    window_shape = (inputs.channels, inputs.n_samples)
    make_loss(strategy, SETTINGS[strategy], targets, student, window_shape, seed=0)
    assert student.training
    assert all(torch.equal(value, before[name]) for name, value in student.state_dict().items())


@every_strategy
def test_a_strategy_that_needs_a_teacher_is_refused_without_one(
    strategy: str, inputs: InputShape
) -> None:
    with pytest.raises(PpgkdError, match=strategy):
        made(strategy, None, inputs)


def test_feature_is_refused_where_the_teacher_has_no_features(
    inputs: InputShape, targets: TeacherTargets
) -> None:
    with pytest.raises(PpgkdError, match="'feature' needs a teacher with features"):
        made("feature", TeacherTargets(targets.logits, None), inputs)


@pytest.mark.parametrize("strategy", ["hard", "soft", "dkd", "ordinal"])
def test_the_other_strategies_need_no_features_of_the_teacher(
    strategy: str, inputs: InputShape, targets: TeacherTargets, batch: Batch, output: Output
) -> None:
    bare = TeacherTargets(targets.logits, None)
    expected = value(made(strategy, targets, inputs), output, batch)
    assert value(made(strategy, bare, inputs), output, batch) == expected


def weighted(
    strategy: str, targets: TeacherTargets, inputs: InputShape, weight: float
) -> torch.nn.Module:
    student, shape = (
        build_model(SpectralResNetShape(6), inputs, seed=0),
        (inputs.channels, inputs.n_samples),
    )
    settings = {**SETTINGS[strategy], "label_weight": weight}
    return make_loss(strategy, settings, targets, student, shape, seed=0)


@pytest.mark.parametrize("strategy", ["hard", "soft", "dkd", "ordinal"])
@pytest.mark.parametrize("weight", [0.0, 0.7])
def test_where_the_teacher_says_nothing_the_label_alone_teaches(
    strategy: str,
    weight: float,
    inputs: InputShape,
    targets: TeacherTargets,
    batch: Batch,
    output: Output,
) -> None:
    silent = targets.logits.copy()
    silent[:, [0, 2]] = np.nan  # rows 1 and 3 of the batch
    loss = weighted(strategy, TeacherTargets(silent, None), inputs, weight)
    student = Output(output.logits.clone().requires_grad_(), output.features)
    found = loss(student, batch, 1)
    found.backward()

    of_others = Batch(batch.rows[::2], 1, batch.hr_bpm[::2], batch.labels[::2])
    alone = weighted(strategy, targets, inputs, 0.0)
    expected = alone(Output(output.logits[::2], output.features[::2]), of_others, 1)
    expected = expected + weight * label_loss(output.logits, batch.labels)
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)
    untaught = student.logits.grad[[1, 3]].abs().sum().item()
    assert (untaught > 0) == (weight > 0)
    assert torch.isfinite(student.logits.grad).all()


def test_a_batch_of_which_the_teacher_says_nothing_has_no_distillation_loss(
    inputs: InputShape, targets: TeacherTargets, batch: Batch, output: Output
) -> None:
    silent = TeacherTargets(np.full_like(targets.logits, np.nan), None)
    loss = weighted("soft", silent, inputs, 0.0)
    student = Output(output.logits.clone().requires_grad_(), output.features)
    found = loss(student, batch, 1)
    found.backward()
    assert found.item() == 0
    assert student.logits.grad.abs().sum().item() == 0
