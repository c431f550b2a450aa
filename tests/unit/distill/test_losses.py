"""The strategies' losses against the formulas of their papers, written in float64 NumPy."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.special import log_softmax, logsumexp, softmax
from torch import Tensor

from ppgkd.distill import dkd_loss, hard_loss, label_loss, ordinal_loss, soft_loss
from ppgkd.heart_rate import N_CLASSES, soft_labels

Vector = NDArray[np.float64]

BATCH = 6
STUDENT: Vector = 3 * np.random.default_rng(0).standard_normal((BATCH, N_CLASSES))
TEACHER: Vector = 3 * np.random.default_rng(1).standard_normal((BATCH, N_CLASSES))
TARGET = np.array([0, 40, 41, 90, 178, 179])
LABELS: Vector = soft_labels(torch.tensor([30.0, 70.4, 71.5, 120.2, 208.0, 209.0]), 2.0).numpy()
DKD_SETTINGS = [(1.0, 1.0, 1.0), (1.0, 8.0, 4.0), (0.0, 1.0, 2.0), (1.0, 0.0, 2.0), (0.3, 2.5, 0.5)]


def kl(log_p: Vector, log_q: Vector) -> Vector:
    """KL(p || q) of each row."""
    return np.asarray((np.exp(log_p) * (log_p - log_q)).sum(axis=1))


def target_class_kl(student: Vector, teacher: Vector, target: Vector) -> Vector:
    """TCKD of Zhao et al.: KL of the binary distributions (p_t, 1 - p_t)."""

    def binary(logits: Vector) -> Vector:
        rows = zip(logits, target, strict=True)
        parts = [[z[t], logsumexp(np.delete(z, t))] - logsumexp(z) for z, t in rows]
        return np.array(parts)

    return kl(binary(teacher), binary(student))


def non_target_class_kl(student: Vector, teacher: Vector, target: Vector) -> Vector:
    """NCKD of Zhao et al.: KL of the softmax over all classes but the target."""

    def others(logits: Vector) -> Vector:
        rows = zip(logits, target, strict=True)
        return np.array([log_softmax(np.delete(z, t)) for z, t in rows])

    return kl(others(teacher), others(student))


def hard(student: Vector, teacher: Vector) -> float:
    chosen = teacher.argmax(axis=1)
    return float(-log_softmax(student, axis=1)[np.arange(len(student)), chosen].mean())


def soft(student: Vector, teacher: Vector, temperature: float) -> float:
    log_p, log_q = (log_softmax(z / temperature, axis=1) for z in (teacher, student))
    return float(temperature**2 * kl(log_p, log_q).mean())


def dkd(
    student: Vector, teacher: Vector, target: Vector, alpha: float, beta: float, temperature: float
) -> float:
    logits = student / temperature, teacher / temperature
    both = alpha * target_class_kl(*logits, target) + beta * non_target_class_kl(*logits, target)
    return float(temperature**2 * both.mean())


def ordinal(student: Vector, teacher: Vector) -> float:
    """Cramér's distance: the squared difference of the cumulative distributions, summed."""
    q, p = (np.exp(log_softmax(z, axis=1)).cumsum(axis=1) for z in (student, teacher))
    return float(((q - p) ** 2).sum(axis=1).mean())


def tensor(values: Vector, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.tensor(values, dtype=dtype)


Loss = Callable[[Tensor, Tensor, Tensor], Tensor]
LOSSES: dict[str, Loss] = {
    "hard": lambda s, t, _: hard_loss(s, t),
    "soft at 1": lambda s, t, _: soft_loss(s, t, temperature=1.0),
    "soft at 4": lambda s, t, _: soft_loss(s, t, temperature=4.0),
    "dkd at 1": lambda s, t, c: dkd_loss(s, t, c, alpha=1.0, beta=2.0, temperature=1.0),
    "dkd at 4": lambda s, t, c: dkd_loss(s, t, c, alpha=1.0, beta=8.0, temperature=4.0),
    "ordinal": lambda s, t, _: ordinal_loss(s, t),
}
DIVERGENCES = {name: loss for name, loss in LOSSES.items() if name != "hard"}
every_loss = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
every_divergence = pytest.mark.parametrize("loss", DIVERGENCES.values(), ids=DIVERGENCES)


def test_hard_targets_are_the_cross_entropy_to_the_teachers_most_likely_class() -> None:
    found = hard_loss(tensor(STUDENT), tensor(TEACHER))
    assert found.item() == pytest.approx(hard(STUDENT, TEACHER), rel=1e-5)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0, 4.0])
def test_soft_targets_are_the_divergence_from_teacher_to_student_times_t_squared(
    temperature: float,
) -> None:
    found = soft_loss(tensor(STUDENT), tensor(TEACHER), temperature).item()
    assert found == pytest.approx(soft(STUDENT, TEACHER, temperature), rel=1e-5)
    assert found != pytest.approx(soft(TEACHER, STUDENT, temperature), rel=1e-3)


@pytest.mark.parametrize(("alpha", "beta", "temperature"), DKD_SETTINGS)
def test_dkd_is_the_weighted_sum_of_its_two_terms_times_t_squared(
    alpha: float, beta: float, temperature: float
) -> None:
    settings = (alpha, beta, temperature)
    found = dkd_loss(tensor(STUDENT), tensor(TEACHER), torch.tensor(TARGET), *settings)
    assert found.item() == pytest.approx(dkd(STUDENT, TEACHER, TARGET, *settings), rel=1e-5)


def test_ordinal_is_the_squared_distance_of_the_cumulative_distributions() -> None:
    found = ordinal_loss(tensor(STUDENT), tensor(TEACHER))
    assert found.item() == pytest.approx(ordinal(STUDENT, TEACHER), rel=1e-5)


def certain(hr_bpm: int) -> Tensor:
    """Logits that put everything on one class."""
    return tensor(np.where(np.arange(30, 210) == hr_bpm, 1e4, -1e4)[None])


@pytest.mark.parametrize(("first", "second"), [(72, 71), (72, 73), (72, 140), (30, 209)])
def test_ordinal_of_two_certain_distributions_is_their_distance_in_bpm(
    first: int, second: int
) -> None:
    assert ordinal_loss(certain(first), certain(second)).item() == abs(first - second)
    assert ordinal_loss(certain(second), certain(first)).item() == abs(first - second)


def test_for_ordinal_alone_71_bpm_is_nearer_to_72_than_140_is() -> None:
    teacher, near, far = (5 * tensor(np.eye(N_CLASSES)[[bpm - 30]]) for bpm in (72, 71, 140))
    soft_near, soft_far = (soft_loss(one, teacher, 1.0).item() for one in (near, far))
    assert soft_near == pytest.approx(soft_far)
    # the mass on a peak, less what lies on any other class, is moved by 1 and by 68 classes
    moved = (np.exp(5) - 1) / (np.exp(5) + 179)
    assert ordinal_loss(near, teacher).item() == pytest.approx(moved**2, rel=1e-5)
    assert ordinal_loss(far, teacher).item() == pytest.approx(68 * moved**2, rel=1e-5)


def test_the_label_loss_is_the_cross_entropy_to_the_softened_label() -> None:
    found = label_loss(tensor(STUDENT), tensor(LABELS))
    expected = -(LABELS * log_softmax(STUDENT, axis=1)).sum(axis=1).mean()
    assert found.item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("row", range(BATCH))
def test_the_divergence_of_a_sample_is_tckd_plus_nckd_times_one_minus_p_t(
    row: int,
) -> None:
    """Zhao et al., equation 5, at T = 1: KL = TCKD + (1 - p_t) NCKD."""
    sample = tensor(STUDENT[[row]]), tensor(TEACHER[[row]])
    target = torch.tensor(TARGET[[row]])
    not_target = 1 - float(softmax(TEACHER[row])[TARGET[row]])
    tckd = dkd_loss(*sample, target, alpha=1.0, beta=0.0, temperature=1.0).item()
    nckd = dkd_loss(*sample, target, alpha=0.0, beta=1.0, temperature=1.0).item()
    assert tckd + not_target * nckd == pytest.approx(soft_loss(*sample, 1.0).item(), rel=1e-5)


def test_soft_targets_at_a_high_temperature_match_logits() -> None:
    """Hinton et al., equation 4: the gradient tends to (z - v) / N for logits of zero mean."""
    student = tensor(STUDENT - STUDENT.mean(axis=1, keepdims=True)).requires_grad_()
    teacher = tensor(TEACHER - TEACHER.mean(axis=1, keepdims=True))
    soft_loss(student, teacher, temperature=300.0).backward()
    expected = (student - teacher).detach() / N_CLASSES / BATCH
    np.testing.assert_allclose(student.grad, expected, rtol=0.05, atol=2e-5)


@every_divergence
def test_equal_logits_have_no_gradient(loss: Loss) -> None:
    student = tensor(TEACHER).requires_grad_()
    value = loss(student, tensor(TEACHER), torch.tensor(TARGET))
    value.backward()
    assert value.item() == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(student.grad, 0, atol=1e-6)


@every_divergence
def test_slightly_different_logits_have_a_gradient(loss: Loss) -> None:
    nearly = TEACHER + 0.1 * np.random.default_rng(2).standard_normal(TEACHER.shape)
    assert loss(tensor(nearly), tensor(TEACHER), torch.tensor(TARGET)).item() > 1e-4


@every_loss
def test_only_differences_between_logits_matter(loss: Loss) -> None:
    shift = np.linspace(-20, 20, BATCH)[:, None]
    target = torch.tensor(TARGET)
    expected = loss(tensor(STUDENT), tensor(TEACHER), target).item()
    shifted = loss(tensor(STUDENT + shift), tensor(TEACHER - shift), target).item()
    assert shifted == pytest.approx(expected, rel=1e-4)


def gradient_of(loss: Callable[[Tensor], Tensor]) -> NDArray[np.float32]:
    student = tensor(STUDENT).requires_grad_()
    loss(student).backward()
    assert student.grad is not None
    return student.grad.numpy()


def test_the_gradient_of_hard_targets_is_the_difference_from_certainty() -> None:
    found = gradient_of(lambda s: hard_loss(s, tensor(TEACHER)))
    certainty = np.eye(N_CLASSES)[TEACHER.argmax(axis=1)]
    np.testing.assert_allclose(found, (softmax(STUDENT, axis=1) - certainty) / BATCH, atol=1e-7)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_the_gradient_of_soft_targets_is_t_times_the_difference_of_probabilities(
    temperature: float,
) -> None:
    found = gradient_of(lambda s: soft_loss(s, tensor(TEACHER), temperature))
    p, q = (softmax(z / temperature, axis=1) for z in (TEACHER, STUDENT))
    np.testing.assert_allclose(found, temperature * (q - p) / BATCH, rtol=1e-4, atol=1e-7)


def test_the_gradient_of_ordinal_is_the_slope_of_the_formula() -> None:
    found = gradient_of(lambda s: ordinal_loss(s, tensor(TEACHER)))
    step = 1e-5
    for row in range(BATCH):
        for place in (0, 20, 71, 100, 160, 179):
            moved = step * np.eye(N_CLASSES)[[place]]
            up, down = (ordinal(STUDENT[[row]] + sign * moved, TEACHER[[row]]) for sign in (1, -1))
            slope = (up - down) / (2 * step) / BATCH
            assert found[row, place] == pytest.approx(slope, rel=1e-3, abs=1e-6)


def test_the_gradient_of_the_label_loss_is_the_difference_from_the_label() -> None:
    found = gradient_of(lambda s: label_loss(s, tensor(LABELS)))
    np.testing.assert_allclose(found, (softmax(STUDENT, axis=1) - LABELS) / BATCH, atol=1e-7)


@pytest.mark.parametrize("settings", [(1.0, 8.0, 4.0), (0.7, 2.0, 1.0), (1.0, 0.0, 0.5)])
def test_the_gradient_of_dkd_is_the_slope_of_the_papers_formula(
    settings: tuple[float, float, float],
) -> None:
    found = gradient_of(lambda s: dkd_loss(s, tensor(TEACHER), torch.tensor(TARGET), *settings))
    step = 1e-5
    for row, target in enumerate(TARGET):
        one = slice(row, row + 1)
        for place in {int(target), (int(target) + 1) % N_CLASSES, 20, 100, 160}:
            moved = step * np.eye(N_CLASSES)[[place]]
            up, down = (
                dkd(STUDENT[one] + sign * moved, TEACHER[one], TARGET[one], *settings)
                for sign in (1, -1)
            )
            slope = (up - down) / (2 * step) / BATCH
            assert found[row, place] == pytest.approx(slope, rel=1e-3, abs=1e-6)


@every_loss
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_logits_of_magnitude_1e4_give_finite_losses_and_gradients(
    loss: Loss, dtype: torch.dtype
) -> None:
    largest = np.abs([STUDENT, TEACHER]).max()
    student = tensor(1e4 * STUDENT / largest, dtype).requires_grad_()
    value = loss(student, tensor(1e4 * TEACHER / largest, dtype), torch.tensor(TARGET))
    value.backward()
    assert torch.isfinite(value)
    assert student.grad is not None
    assert torch.isfinite(student.grad).all()


def test_a_student_certain_of_a_wrong_class_has_a_gradient_in_every_divergence() -> None:
    for loss in DIVERGENCES.values():
        student = tensor(np.roll(TEACHER, 30, axis=1) * 3).requires_grad_()
        loss(student, tensor(TEACHER), torch.tensor(TARGET)).backward()
        assert student.grad is not None
        assert student.grad.abs().max() > 1e-4


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_the_label_loss_of_logits_of_magnitude_1e4_is_finite(dtype: torch.dtype) -> None:
    student = tensor(1e4 * STUDENT / np.abs(STUDENT).max(), dtype).requires_grad_()
    value = label_loss(student, tensor(LABELS))
    value.backward()
    exact = -(LABELS * log_softmax(student.detach().double().numpy(), axis=1)).sum(axis=1).mean()
    assert value.dtype == torch.float32
    assert value.item() == pytest.approx(exact, rel=1e-5)
    assert student.grad is not None
    assert torch.isfinite(student.grad).all()


@pytest.mark.parametrize("scale", [1e2, 3e3])
def test_losses_of_extreme_logits_are_those_of_the_formulas(scale: float) -> None:
    student, teacher = tensor(scale * STUDENT), tensor(scale * TEACHER)
    exact = student.double().numpy(), teacher.double().numpy()
    assert hard_loss(student, teacher).item() == pytest.approx(hard(*exact), rel=1e-4)
    assert soft_loss(student, teacher, 1.0).item() == pytest.approx(soft(*exact, 1.0), rel=1e-4)
    assert ordinal_loss(student, teacher).item() == pytest.approx(ordinal(*exact), rel=1e-4)
    found = dkd_loss(student, teacher, torch.tensor(TARGET), 1.0, 1.0, 1.0)
    assert found.item() == pytest.approx(dkd(*exact, TARGET, 1.0, 1.0, 1.0), rel=1e-4)


@every_loss
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_logits_are_computed_in_single_precision(
    loss: Loss, dtype: torch.dtype
) -> None:
    student, teacher = tensor(STUDENT, dtype), tensor(TEACHER, dtype)
    found = loss(student, teacher, torch.tensor(TARGET))
    assert found.dtype == torch.float32
    assert found.item() == loss(student.float(), teacher.float(), torch.tensor(TARGET)).item()


def test_soft_targets_of_a_certain_teacher_are_hard_targets() -> None:
    certain = np.where(np.arange(N_CLASSES) == TARGET[:, None], 1e4, -1e4)
    found = soft_loss(tensor(STUDENT), tensor(certain), 1.0)
    assert found.item() == pytest.approx(hard(STUDENT, certain), rel=1e-5)


@every_loss
def test_a_loss_is_the_mean_over_the_batch(loss: Loss) -> None:
    rows = [
        loss(tensor(STUDENT[[row]]), tensor(TEACHER[[row]]), torch.tensor(TARGET[[row]])).item()
        for row in range(BATCH)
    ]
    together = loss(tensor(STUDENT), tensor(TEACHER), torch.tensor(TARGET)).item()
    assert together == pytest.approx(np.mean(rows), rel=1e-5)
    assert np.ptp(rows) > 0.1, "the samples must differ for this to say anything"


@every_loss
def test_a_batch_given_twice_has_the_same_loss(loss: Loss) -> None:
    student, teacher, target = tensor(STUDENT), tensor(TEACHER), torch.tensor(TARGET)
    once = loss(student, teacher, target).item()
    twice = loss(student.repeat(2, 1), teacher.repeat(2, 1), target.repeat(2)).item()
    assert twice == pytest.approx(once, rel=1e-6)


def withheld(rows: list[int]) -> Tensor:
    hr_bpm = torch.tensor([30.0, 70.4, 71.5, 120.2, 208.0, 209.0])
    hr_bpm[rows] = torch.nan
    return soft_labels(hr_bpm, 2.0)


def test_the_label_loss_is_the_mean_over_the_windows_that_have_a_reference() -> None:
    found = label_loss(tensor(STUDENT), withheld([1, 4]))
    having = [0, 2, 3, 5]
    expected = -(LABELS * log_softmax(STUDENT, axis=1)).sum(axis=1)[having].mean()
    assert found.item() == pytest.approx(expected, rel=1e-5)


def test_a_window_without_a_reference_has_no_gradient() -> None:
    found = gradient_of(lambda s: label_loss(s, withheld([1, 4])))
    np.testing.assert_array_equal(found[[1, 4]], 0)
    others = [0, 2, 3, 5]
    expected = (softmax(STUDENT, axis=1) - LABELS)[others] / len(others)
    np.testing.assert_allclose(found[others], expected, atol=1e-7)


def test_the_label_loss_of_a_batch_without_any_reference_is_zero() -> None:
    student = tensor(STUDENT).requires_grad_()
    value = label_loss(student, withheld([*range(BATCH)]))
    value.backward()
    assert value.item() == 0
    np.testing.assert_array_equal(student.grad, 0)
