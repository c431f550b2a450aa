"""Batched models: each network has the outputs and gradients that it has alone."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from ppgkd.models.batched import BatchedModels, SeparateModels, batch_models
from ppgkd.models.build import build_model
from ppgkd.models.capacity import (
    BINS,
    HARMONICS,
    InputShape,
    Shape,
    SpectralMLPShape,
    SpectralResNetShape,
    WaveformMLPShape,
    WaveformResNetShape,
    WaveformTCNShape,
)
from ppgkd.models.grouped import GROUPED_UP_TO_WIDTH, GroupedNetworks
from ppgkd.models.network import Network

SEEDS = (3, 1, 4)
Way = Callable[[list[Network]], BatchedModels]


@pytest.fixture(params=[SpectralResNetShape, WaveformResNetShape, WaveformTCNShape])
def shape(request: pytest.FixtureRequest) -> Shape:
    made: Shape = request.param(4)
    return made


def networks(inputs: InputShape, shape: Shape) -> list[Network]:
    return [build_model(shape, inputs, seed) for seed in SEEDS]


def what_is_seen(inputs: InputShape, shape: Shape, batch: int = 12) -> list[Tensor]:
    rng = torch.Generator().manual_seed(0)
    sizes = {
        "spectra": (batch, inputs.spectra, len(HARMONICS), BINS),
        "signal": (batch, inputs.channels, inputs.n_samples),
    }
    return [torch.randn(sizes[shape.sees], generator=rng) for _ in SEEDS]


@pytest.mark.parametrize("way", [GroupedNetworks, SeparateModels])
@pytest.mark.parametrize("training", [False, True])
def test_each_has_the_output_that_it_has_alone(
    way: Way, training: bool, inputs: InputShape, shape: Shape
) -> None:
    seen = what_is_seen(inputs, shape)
    outputs = way(networks(inputs, shape)).train(training)(seen)
    for output, network, own in zip(outputs, networks(inputs, shape), seen, strict=True):
        alone = network.train(training).from_seen(own)
        torch.testing.assert_close(output.logits, alone.logits)
        torch.testing.assert_close(output.features, alone.features)


@pytest.mark.parametrize("way", [GroupedNetworks, SeparateModels])
def test_each_has_the_gradients_that_it_has_alone(
    way: Way, inputs: InputShape, shape: Shape
) -> None:
    seen = what_is_seen(inputs, shape)
    models = way(networks(inputs, shape)).train()
    sum(output.logits.square().mean() for output in models(seen)).backward()  # type: ignore[union-attr, no-untyped-call]
    for number, (network, own) in enumerate(zip(networks(inputs, shape), seen, strict=True)):
        network.train().from_seen(own).logits.square().mean().backward()  # type: ignore[no-untyped-call]
        found = models.gradients_of(number)
        for gradient, parameter in zip(found, network.parameters(), strict=True):
            torch.testing.assert_close(gradient, parameter.grad, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("way", [GroupedNetworks, SeparateModels])
def test_changing_the_gradients_of_one_leaves_the_others_alone(
    way: Way, inputs: InputShape, shape: Shape
) -> None:
    models = way(networks(inputs, shape)).train()
    seen = what_is_seen(inputs, shape)
    sum(output.logits.square().mean() for output in models(seen)).backward()  # type: ignore[union-attr, no-untyped-call]
    before = [gradient.clone() for gradient in models.gradients_of(0)]
    torch._foreach_zero_(models.gradients_of(1))
    assert all(not gradient.any() for gradient in models.gradients_of(1))
    for gradient, expected in zip(models.gradients_of(0), before, strict=True):
        assert torch.equal(gradient, expected)


@pytest.mark.parametrize("way", [GroupedNetworks, SeparateModels])
def test_the_state_of_each_is_the_one_it_was_batched_with(
    way: Way, inputs: InputShape, shape: Shape
) -> None:
    models = way(networks(inputs, shape))
    for number, network in enumerate(networks(inputs, shape)):
        state = models.state_of(number)
        assert state.keys() == network.state_dict().keys()
        for name, value in network.state_dict().items():
            assert torch.equal(state[name], value)


@pytest.mark.parametrize("way", [GroupedNetworks, SeparateModels])
def test_a_state_is_a_copy(way: Way, inputs: InputShape, shape: Shape) -> None:
    models = way(networks(inputs, shape))
    before = models.state_of(1)
    with torch.no_grad():
        torch._foreach_zero_([*models.parameters()])
    after = models.state_of(1)
    assert not torch.equal(before["head.weight"], after["head.weight"])


def test_small_convolutional_networks_are_grouped(inputs: InputShape, shape: Shape) -> None:
    small, large = (
        networks(inputs, replace(shape, width=GROUPED_UP_TO_WIDTH + more)) for more in (0, 1)
    )
    assert isinstance(batch_models(small), GroupedNetworks)
    assert isinstance(batch_models(large), SeparateModels)
    assert isinstance(batch_models(small[:1]), SeparateModels)


@pytest.mark.parametrize("perceptron", [SpectralMLPShape(4), WaveformMLPShape(4)])
def test_perceptrons_are_trained_one_by_one(perceptron: Shape, inputs: InputShape) -> None:
    assert isinstance(batch_models(networks(inputs, perceptron)), SeparateModels)
