"""Capacities: closed formulas against the networks that torch builds."""

from itertools import product

import pytest
import torch
from torch import Tensor, nn

from ppgkd import heart_rate
from ppgkd.errors import PpgkdError
from ppgkd.models.build import build_model
from ppgkd.models.capacity import N_CLASSES, SHAPES, WIDTHS, InputShape, nearest_shape

INPUTS = [
    InputShape(ppg_channels=ppg, acc_channels=acc, n_samples=200, rate_hz=25.0)
    for ppg, acc in product((1, 2, 3), (0, 3))
]
FAMILIES = sorted(SHAPES)
NAMES = [f"ppg{i.ppg_channels}-acc{i.acc_channels}" for i in INPUTS]


def trainable(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters() if p.requires_grad)


def counted_macs(network: nn.Module, inputs: InputShape) -> int:
    """Multiply-accumulates of one window, one per kernel element and output element."""
    total = 0

    def count(layer: nn.Module, _: object, output: Tensor) -> None:
        nonlocal total
        assert isinstance(layer, nn.Conv2d | nn.Linear)
        per_output = layer.weight[0].numel()
        total += output.numel() * per_output

    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.register_forward_hook(count)
    network.eval()(torch.zeros(1, inputs.channels, inputs.n_samples))
    return total


@pytest.mark.parametrize("inputs", INPUTS, ids=NAMES)
@pytest.mark.parametrize("family", FAMILIES)
def test_the_formula_counts_the_trainable_parameters(family: str, inputs: InputShape) -> None:
    for width in (2, 3, 7, 16, 33, 100):
        shape = SHAPES[family](width)
        assert shape.n_params(inputs) == trainable(build_model(shape, inputs, seed=0)), width


@pytest.mark.parametrize("inputs", INPUTS, ids=NAMES)
@pytest.mark.parametrize("family", FAMILIES)
def test_the_formula_counts_the_multiply_accumulates(family: str, inputs: InputShape) -> None:
    for width in (2, 5, 24):
        shape = SHAPES[family](width)
        network = build_model(shape, inputs, seed=0)
        assert shape.macs(inputs) == counted_macs(network, inputs), width


@pytest.mark.parametrize("inputs", INPUTS[::5], ids=NAMES[::5])
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("asked", [3_456, 12_000, 99_999, 1_000_000])
def test_no_member_is_nearer_than_the_nearest(family: str, inputs: InputShape, asked: int) -> None:
    found = nearest_shape(family, asked, inputs)
    distances = [abs(SHAPES[family](width).n_params(inputs) - asked) for width in WIDTHS]
    assert found.family == family
    assert abs(found.n_params(inputs) - asked) == min(distances)


@pytest.mark.parametrize("inputs", INPUTS, ids=NAMES)
@pytest.mark.parametrize("family", FAMILIES)
def test_asking_for_a_members_own_count_gives_that_member(family: str, inputs: InputShape) -> None:
    for width in (WIDTHS[0], 11, 64, WIDTHS[-1]):
        shape = SHAPES[family](width)
        assert nearest_shape(family, shape.n_params(inputs), inputs) == shape


@pytest.mark.parametrize("inputs", INPUTS, ids=NAMES)
@pytest.mark.parametrize("family", [one for one in FAMILIES if one != "waveform_mlp"])
def test_the_smallest_students_have_about_a_thousand_parameters(
    family: str, inputs: InputShape
) -> None:
    assert SHAPES[family](WIDTHS[0]).n_params(inputs) < 1_400


def test_the_smallest_perceptron_on_all_samples_has_two_weights_for_each() -> None:
    hidden, norms, head = (6 * 200 + 2) * 2, 2 * (2 + 2), (2 + 1) * 180
    smallest = f"{hidden + norms + head:,}"
    with pytest.raises(PpgkdError, match=rf"'waveform_mlp', whose members have {smallest} to"):
        nearest_shape("waveform_mlp", 1_000, INPUTS[-1])


@pytest.mark.parametrize("inputs", INPUTS, ids=NAMES)
@pytest.mark.parametrize("asked", [1_000, 60_000, 1_000_000, 4_000_000])
@pytest.mark.parametrize("family", ["spectral_resnet", "waveform_resnet", "waveform_tcn"])
def test_convolutional_networks_come_in_any_size_from_a_thousand_to_some_millions(
    family: str, asked: int, inputs: InputShape
) -> None:
    found = nearest_shape(family, asked, inputs).n_params(inputs)
    assert found == pytest.approx(asked, rel=0.25)


@pytest.mark.parametrize("inputs", INPUTS, ids=NAMES)
@pytest.mark.parametrize("asked", [4_000, 60_000, 1_000_000])
@pytest.mark.parametrize("family", ["spectral_mlp", "waveform_mlp"])
def test_perceptrons_come_in_any_size_to_a_million(
    family: str, asked: int, inputs: InputShape
) -> None:
    found = nearest_shape(family, asked, inputs).n_params(inputs)
    assert found == pytest.approx(asked, rel=0.2)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_wider_member_has_more_parameters_and_more_work(family: str) -> None:
    shapes = [SHAPES[family](width) for width in WIDTHS]
    for count in ("n_params", "macs"):
        counts = [getattr(shape, count)(INPUTS[-1]) for shape in shapes]
        assert counts == sorted(set(counts))


@pytest.mark.parametrize("family", FAMILIES)
def test_a_capacity_outside_the_family_is_refused_with_its_range(family: str) -> None:
    inputs = INPUTS[-1]
    smallest, largest = (SHAPES[family](WIDTHS[end]).n_params(inputs) for end in (0, -1))
    for asked in (smallest - 1, largest + 1):
        with pytest.raises(PpgkdError) as caught:
            nearest_shape(family, asked, inputs)
        message = str(caught.value)
        assert f"Capacity {asked:,} is outside family '{family}'" in message
        assert f"{smallest:,} to {largest:,} parameters" in message


def test_an_unknown_family_is_refused_with_those_that_exist() -> None:
    with pytest.raises(
        PpgkdError,
        match=r"'transformer' is unknown; there are \['spectral_mlp', 'spectral_resnet', ",
    ):
        nearest_shape("transformer", 1_000, INPUTS[0])


def test_the_networks_have_as_many_classes_as_heart_rate_has() -> None:
    assert N_CLASSES == heart_rate.N_CLASSES == len(heart_rate.bpm_grid())
