"""The optimiser gives the numbers of PyTorch's own classes, and spares their imports."""

import subprocess
import sys

import pytest
import torch
from torch import nn

from ppgkd.training.optimiser import OneCycleAdamW, one_cycle

N_STEPS = 40


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 7), nn.BatchNorm1d(7), nn.ReLU(), nn.Linear(7, 3))


def train(model: nn.Module, optimiser: OneCycleAdamW, first: int, last: int) -> None:
    for step in range(first, last):
        optimiser.zero_grad()
        loss_of(model, step).backward()
        optimiser.step()


def loss_of(model: nn.Module, step: int) -> torch.Tensor:
    batch = torch.randn(20, 8, generator=torch.Generator().manual_seed(step))
    loss: torch.Tensor = (model(batch[:, :5]) - batch[:, 5:]).square().mean()
    return loss


def own_optimiser(model: nn.Module) -> OneCycleAdamW:
    return OneCycleAdamW([*model.parameters()], peak=0.01, weight_decay=0.02, n_steps=N_STEPS)


@pytest.fixture(scope="module")
def expected() -> list[torch.Tensor]:
    """Weights after a training by PyTorch's optimiser and schedule."""
    model = network()
    decayed = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]
    optimiser = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.02}, {"params": others, "weight_decay": 0.0}],
        lr=0.01,
        betas=(0.9, 0.98),
        fused=True,
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser,
        max_lr=0.01,
        total_steps=N_STEPS + 1,
        pct_start=0.2,
        div_factor=10,
        final_div_factor=100,
    )
    for step in range(N_STEPS):
        optimiser.zero_grad()
        loss_of(model, step).backward()
        optimiser.step()
        schedule.step()
    return [p.detach() for p in model.parameters()]


def test_it_takes_the_steps_of_adamw_on_a_one_cycle_schedule(expected: list[torch.Tensor]) -> None:
    model = network()
    train(model, own_optimiser(model), 0, N_STEPS)
    for found, weight in zip(model.parameters(), expected, strict=True):
        torch.testing.assert_close(found.detach(), weight, rtol=1e-6, atol=1e-8)


def test_it_goes_on_from_its_state(expected: list[torch.Tensor]) -> None:
    model = network()
    first = own_optimiser(model)
    train(model, first, 0, 15)
    second = own_optimiser(model)
    second.load_state_dict(first.state_dict())
    train(model, second, 15, N_STEPS)
    for found, weight in zip(model.parameters(), expected, strict=True):
        torch.testing.assert_close(found.detach(), weight, rtol=1e-6, atol=1e-8)


def test_the_learning_rate_rises_to_its_peak_and_falls_to_a_thousandth() -> None:
    rates = [one_cycle(step, 101, peak=1.0) for step in range(101)]
    assert rates[0].learning_rate == pytest.approx(0.1)
    assert max(rate.learning_rate for rate in rates) == pytest.approx(1, abs=1e-3)
    assert rates[-1].learning_rate == pytest.approx(1e-3)
    assert min(rate.beta1 for rate in rates) == pytest.approx(0.85, abs=1e-3)


@pytest.mark.parametrize("n_steps", [1, 2, 5])
def test_a_training_of_a_few_steps_has_a_schedule(n_steps: int) -> None:
    weight = torch.ones(2, 2, requires_grad=True)
    optimiser = OneCycleAdamW([weight], peak=0.1, weight_decay=0.0, n_steps=n_steps)
    for _ in range(n_steps):
        weight.grad = torch.ones(2, 2)
        optimiser.step()
    assert 0 < optimiser.rates.learning_rate <= 0.1
    assert (weight < 1).all()


def test_a_parameter_without_a_gradient_stays() -> None:
    model = network()
    before = [p.detach().clone() for p in model.parameters()]
    optimiser = own_optimiser(model)
    optimiser.zero_grad()
    optimiser.step()
    assert all(torch.equal(p, q) for p, q in zip(model.parameters(), before, strict=True))


def test_training_does_not_import_the_compiler_of_pytorch() -> None:
    code = (
        "import sys, torch\n"
        "import ppgkd.training.students\n"
        "from ppgkd.training.optimiser import OneCycleAdamW\n"
        "weight = torch.ones(2, requires_grad=True)\n"
        "weight.grad = torch.ones(2)\n"
        "OneCycleAdamW([weight], peak=0.1, weight_decay=0, n_steps=10).step()\n"
        "print(sorted({'torch._dynamo', 'sympy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
