"""Batched models: each network has the outputs and gradients that it has alone."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from ppgkd.models.batched import BatchedModels, SeparateModels, batch_models
from ppgkd.models.build import build_model
from ppgkd.models.capacity import BINS, HARMONICS, InputShape, SpectralMLPShape, SpectralResNetShape
from ppgkd.models.network import Network
from ppgkd.models.spectral_resnet import GROUPED_UP_TO_WIDTH, GroupedSpectralResNets

SEEDS = (3, 1, 4)
Way = Callable[[list[Network]], BatchedModels]


def networks(inputs: InputShape, width: int = 4) -> list[Network]:
    return [build_model(SpectralResNetShape(width), inputs, seed) for seed in SEEDS]


def spectra(inputs: InputShape, batch: int = 12) -> list[Tensor]:
    rng = torch.Generator().manual_seed(0)
    size = (batch, inputs.spectra, len(HARMONICS), BINS)
    return [torch.randn(size, generator=rng) for _ in SEEDS]


@pytest.mark.parametrize("way", [GroupedSpectralResNets, SeparateModels])
@pytest.mark.parametrize("training", [False, True])
def test_each_has_the_output_that_it_has_alone(
    way: Way, training: bool, inputs: InputShape
) -> None:
    seen = spectra(inputs)
    outputs = way(networks(inputs)).train(training)(seen)
    for output, network, own in zip(outputs, networks(inputs), seen, strict=True):
        alone = network.train(training).from_spectra(own)
        torch.testing.assert_close(output.logits, alone.logits)
        torch.testing.assert_close(output.features, alone.features)


@pytest.mark.parametrize("way", [GroupedSpectralResNets, SeparateModels])
def test_each_has_the_gradients_that_it_has_alone(way: Way, inputs: InputShape) -> None:
    seen = spectra(inputs)
    models = way(networks(inputs)).train()
    sum(output.logits.square().mean() for output in models(seen)).backward()  # type: ignore[union-attr, no-untyped-call]
    for number, (network, own) in enumerate(zip(networks(inputs), seen, strict=True)):
        network.train().from_spectra(own).logits.square().mean().backward()  # type: ignore[no-untyped-call]
        found = models.gradients_of(number)
        for gradient, parameter in zip(found, network.parameters(), strict=True):
            torch.testing.assert_close(gradient, parameter.grad, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("way", [GroupedSpectralResNets, SeparateModels])
def test_changing_the_gradients_of_one_leaves_the_others_alone(
    way: Way, inputs: InputShape
) -> None:
    models = way(networks(inputs)).train()
    sum(output.logits.square().mean() for output in models(spectra(inputs))).backward()  # type: ignore[union-attr, no-untyped-call]
    before = [gradient.clone() for gradient in models.gradients_of(0)]
    torch._foreach_zero_(models.gradients_of(1))
    assert all(not gradient.any() for gradient in models.gradients_of(1))
    for gradient, expected in zip(models.gradients_of(0), before, strict=True):
        assert torch.equal(gradient, expected)


@pytest.mark.parametrize("way", [GroupedSpectralResNets, SeparateModels])
def test_the_state_of_each_is_the_one_it_was_batched_with(way: Way, inputs: InputShape) -> None:
    models = way(networks(inputs))
    for number, network in enumerate(networks(inputs)):
        state = models.state_of(number)
        assert state.keys() == network.state_dict().keys()
        for name, value in network.state_dict().items():
            assert torch.equal(state[name], value)


@pytest.mark.parametrize("way", [GroupedSpectralResNets, SeparateModels])
def test_a_state_is_a_copy(way: Way, inputs: InputShape) -> None:
    models = way(networks(inputs))
    before = models.state_of(1)
    with torch.no_grad():
        torch._foreach_zero_([*models.parameters()])
    after = models.state_of(1)
    assert not torch.equal(before["head.weight"], after["head.weight"])


def test_small_residual_networks_are_grouped(inputs: InputShape) -> None:
    small, large = GROUPED_UP_TO_WIDTH, GROUPED_UP_TO_WIDTH + 1
    assert isinstance(batch_models(networks(inputs, small)), GroupedSpectralResNets)
    assert isinstance(batch_models(networks(inputs, large)), SeparateModels)
    assert isinstance(batch_models(networks(inputs)[:1]), SeparateModels)
    perceptrons = [build_model(SpectralMLPShape(4), inputs, seed) for seed in SEEDS]
    assert isinstance(batch_models(perceptrons), SeparateModels)
