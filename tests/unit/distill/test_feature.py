"""Feature hints: the squared distance, and the projection that makes features comparable."""

import numpy as np
import pytest
import torch
from torch import Tensor

from ppgkd.distill import feature_loss
from ppgkd.distill.feature import Projection


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(autouse=True)
def _same_initial_weights() -> None:
    torch.manual_seed(0)


def test_the_loss_is_the_mean_squared_difference() -> None:
    student, teacher = np.random.default_rng(0).standard_normal((2, 6, 7, 5))
    found = feature_loss(torch.tensor(student), torch.tensor(teacher))
    assert found.item() == pytest.approx(np.square(student - teacher).mean(), rel=1e-5)


def test_its_gradient_is_twice_the_mean_difference() -> None:
    student, teacher = noise(6, 7, 5).requires_grad_(), noise(6, 7, 5, seed=1)
    feature_loss(student, teacher).backward()
    expected = 2 * (student.detach() - teacher) / student.numel()
    np.testing.assert_allclose(student.grad, expected, rtol=1e-5)


def test_the_loss_of_equal_features_is_zero() -> None:
    assert feature_loss(noise(6, 7, 5), noise(6, 7, 5)).item() == 0


def test_a_batch_given_twice_has_the_same_loss() -> None:
    student, teacher = noise(2, 6, 7, 5)
    once = feature_loss(student, teacher).item()
    twice = feature_loss(student.repeat(2, 1, 1), teacher.repeat(2, 1, 1)).item()
    assert twice == pytest.approx(once, rel=1e-6)


def test_half_precision_features_do_not_overflow() -> None:
    """400² is more than a float16 can hold."""
    student, teacher = 400 * torch.ones(2, 3, 4).half(), torch.zeros(2, 3, 4).half()
    assert feature_loss(student, teacher).item() == 160_000


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_features_of_magnitude_1e4_have_a_finite_loss_and_gradient(dtype: torch.dtype) -> None:
    student = (1e4 * noise(6, 7, 5)).to(dtype).requires_grad_()
    teacher = (1e4 * noise(6, 7, 5, seed=1)).to(dtype)
    value = feature_loss(student, teacher)
    value.backward()
    exact = (student.detach().double() - teacher.double()).square().mean().item()
    assert value.dtype == torch.float32
    assert value.item() == pytest.approx(exact, rel=1e-5)
    assert student.grad is not None
    assert torch.isfinite(student.grad).all()


@pytest.mark.parametrize("teacher", [(3, 7, 4), (3, 8, 5), (3, 35)])
def test_features_of_different_shapes_are_refused(teacher: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"shape \(3, 7, 5\) cannot be compared with \(3, "):
        feature_loss(torch.zeros(3, 7, 5), torch.zeros(*teacher))


@pytest.mark.parametrize(
    ("student", "teacher"), [((6, 18), (24, 18)), ((6, 1), (24, 18)), ((8, 18), (5, 1))]
)
def test_a_projection_has_the_shape_of_the_teachers_features(
    student: tuple[int, int], teacher: tuple[int, int]
) -> None:
    assert Projection(student, teacher)(noise(4, *student)).shape == (4, *teacher)


def test_positions_that_correspond_share_one_projection() -> None:
    projection = Projection((6, 18), (24, 18))
    assert sum(p.numel() for p in projection.parameters()) == 6 * 24 + 24
    features = noise(4, 6, 18)
    backwards = projection(features.flip(2)).flip(2)
    np.testing.assert_allclose(backwards.detach(), projection(features).detach(), atol=1e-6)


def test_positions_that_correspond_do_not_mix() -> None:
    projection = Projection((6, 18), (24, 18))
    features = noise(4, 6, 18)
    moved = features.clone()
    moved[:, :, 3] += 1
    changed = (projection(moved) - projection(features)).abs().amax(dim=(0, 1)) > 1e-6
    assert changed.nonzero().flatten().tolist() == [3]


def test_a_student_without_positions_is_projected_to_all_of_the_teachers() -> None:
    projection = Projection((6, 1), (5, 18))
    assert sum(p.numel() for p in projection.parameters()) == 6 * (5 * 18) + 5 * 18
    features = noise(4, 6, 1)
    moved = features.clone()
    moved[:, 2] += 1
    assert ((projection(moved) - projection(features)).abs() > 1e-6).all()


def test_a_projection_can_learn_any_affine_map_between_features() -> None:
    student = noise(16, 6, 18)
    teacher = torch.einsum("oi,bip->bop", noise(9, 6, seed=1), student) + 0.5
    projection = Projection((6, 18), (9, 18))
    optimiser = torch.optim.LBFGS(projection.parameters(), max_iter=30)

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss = feature_loss(projection(student), teacher)
        loss.backward()
        return loss

    optimiser.step(closure)
    assert feature_loss(projection(student), teacher).item() < 1e-6
