"""Networks: shapes, seeds, saving and loading."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from ppgkd.errors import PpgkdError
from ppgkd.models.build import build_model, load_model, save_model
from ppgkd.models.capacity import BINS, SHAPES, InputShape
from ppgkd.models.output import POSITIONS

FAMILIES = sorted(SHAPES)


def some_windows(inputs: InputShape, count: int = 4) -> Tensor:
    generator = torch.Generator().manual_seed(7)
    return torch.randn(count, inputs.channels, inputs.n_samples, generator=generator)


@pytest.mark.parametrize("ppg_channels", [1, 2, 3])
@pytest.mark.parametrize("acc_channels", [0, 3])
@pytest.mark.parametrize(
    ("family", "positions"),
    [(family, POSITIONS if family == "spectral_resnet" else 1) for family in FAMILIES],
)
def test_a_window_gives_180_logits_and_features_as_wide_as_the_network(
    family: str, positions: int, ppg_channels: int, acc_channels: int
) -> None:
    inputs = InputShape(ppg_channels, acc_channels, n_samples=200, rate_hz=25.0)
    network = build_model(SHAPES[family](6), inputs, seed=0).eval()
    output = network(some_windows(inputs))
    assert output.logits.shape == (4, 180)
    assert output.features.shape == (4, 6, positions)


@pytest.mark.parametrize("family", FAMILIES)
def test_windows_of_another_length_and_rate_fit_a_network_made_for_them(family: str) -> None:
    inputs = InputShape(1, 3, n_samples=320, rate_hz=32.0)
    network = build_model(SHAPES[family](6), inputs, seed=0).eval()
    assert network(some_windows(inputs)).logits.shape == (4, 180)


@pytest.mark.parametrize("family", FAMILIES)
def test_in_evaluation_a_windows_output_does_not_depend_on_its_batch(
    family: str, inputs: InputShape
) -> None:
    network = build_model(SHAPES[family](6), inputs, seed=0).eval()
    windows = some_windows(inputs)
    together = network(windows).logits.detach()
    alone = torch.cat([network(window[None]).logits for window in windows]).detach()
    np.testing.assert_allclose(alone, together, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_seed_gives_the_same_weights_whatever_was_drawn_before(
    family: str, inputs: InputShape
) -> None:
    first = build_model(SHAPES[family](6), inputs, seed=3).state_dict()
    torch.rand(5)
    second = build_model(SHAPES[family](6), inputs, seed=3).state_dict()
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("family", FAMILIES)
def test_making_a_network_leaves_the_callers_random_numbers_alone(
    family: str, inputs: InputShape
) -> None:
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    build_model(SHAPES[family](6), inputs, seed=3)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("family", FAMILIES)
def test_another_seed_gives_other_weights(family: str, inputs: InputShape) -> None:
    networks = [build_model(SHAPES[family](6), inputs, seed=seed) for seed in (0, 1)]
    first, second = (
        torch.cat([p.flatten() for p in network.parameters() if p.ndim > 1]) for network in networks
    )
    assert (first != second).all()


@pytest.mark.parametrize("family", FAMILIES)
def test_a_saved_network_comes_back_with_the_same_output(
    family: str, inputs: InputShape, tmp_path: Path
) -> None:
    shape = SHAPES[family](6)
    network = build_model(shape, inputs, seed=5)
    windows = some_windows(inputs)
    network.train()(windows)  # moves the running statistics away from where they start
    save_model(tmp_path / "model.safetensors", network, shape, inputs)
    found, found_shape, found_inputs = load_model(tmp_path / "model.safetensors")
    assert (found_shape, found_inputs) == (shape, inputs)
    assert not found.training
    expected = network.eval()(windows)
    np.testing.assert_array_equal(found(windows).logits.detach(), expected.logits.detach())
    np.testing.assert_array_equal(found(windows).features.detach(), expected.features.detach())


@pytest.mark.parametrize("family", FAMILIES)
def test_the_file_does_not_hold_the_front_end(
    family: str, inputs: InputShape, tmp_path: Path
) -> None:
    shape = SHAPES[family](16)
    path = tmp_path / "model.safetensors"
    save_model(path, build_model(shape, inputs, seed=0), shape, inputs)
    names_and_running_statistics = 15_000
    basis = 4 * inputs.n_samples * BINS
    assert path.stat().st_size < 4 * shape.n_params(inputs) + names_and_running_statistics
    assert names_and_running_statistics < basis


@pytest.fixture
def saved(inputs: InputShape, tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    shape = SHAPES["spectral_resnet"](6)
    save_model(path, build_model(shape, inputs, seed=0), shape, inputs)
    return path


@pytest.mark.parametrize("kept", [0.0, 0.01, 0.5, 0.999])
def test_a_truncated_file_is_refused(saved: Path, kept: float) -> None:
    content = saved.read_bytes()
    saved.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(PpgkdError, match=r"cannot be read: .*Delete it and run") as caught:
        load_model(saved)
    assert str(saved) in str(caught.value)


def test_a_file_that_is_no_safetensors_is_refused(saved: Path) -> None:
    saved.write_text("<!DOCTYPE html><title>Sign in</title>" * 20)
    with pytest.raises(PpgkdError, match="cannot be read"):
        load_model(saved)


def test_an_absent_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PpgkdError, match=r"nothing\.safetensors cannot be read"):
        load_model(tmp_path / "nothing.safetensors")


def test_weights_of_another_program_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "foreign.safetensors"
    save_file({"weight": torch.zeros(3)}, path)
    with pytest.raises(PpgkdError, match=r"foreign\.safetensors is not a model of ppgkd"):
        load_model(path)


def test_weights_that_do_not_fit_their_shape_are_refused(
    inputs: InputShape, tmp_path: Path
) -> None:
    # as a file is when the network's definition has changed since
    path = tmp_path / "model.safetensors"
    save_model(
        path,
        build_model(SHAPES["spectral_resnet"](6), inputs, seed=0),
        SHAPES["spectral_resnet"](7),
        inputs,
    )
    with pytest.raises(PpgkdError, match=r"model\.safetensors"):
        load_model(path)


def test_a_family_that_does_not_exist_is_refused(inputs: InputShape, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    about = {"family": "transformer", "width": 6, "inputs": vars(inputs)}
    save_file({"weight": torch.zeros(3)}, path, metadata={"ppgkd": json.dumps(about)})
    with pytest.raises(PpgkdError, match=r"model\.safetensors"):
        load_model(path)
