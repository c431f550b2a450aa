"""A teacher's outputs on the bank of views: what is kept, and for whom."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from ppgkd.augment import augmented_view
from ppgkd.errors import PpgkdError
from ppgkd.models.build import build_model
from ppgkd.models.capacity import InputShape, MLPShape, ResNetShape
from ppgkd.models.output import POSITIONS
from ppgkd.targets import (
    TeacherTargets,
    bank_fingerprint,
    read_targets,
    teacher_targets,
    write_targets,
)
from ppgkd.training import Examples, examples
from ppgkd.windows import Windows

VIEWS, SEED, WINDOWS = 3, 4, 12
ROWS = torch.tensor([7, 0, 11])


@pytest.fixture(scope="module")
def train(tones: Callable[..., Windows], inputs: InputShape) -> Examples:
    return examples(tones(np.linspace(55, 170, WINDOWS), inputs))


@pytest.fixture(scope="module")
def teacher(inputs: InputShape) -> nn.Module:
    return build_model(ResNetShape(8), inputs, seed=0).eval()


def targets_of(teacher: nn.Module, train: Examples, inputs: InputShape) -> TeacherTargets:
    return teacher_targets(teacher, train, ppg_channels=inputs.ppg_channels, views=VIEWS, seed=SEED)


@pytest.fixture(scope="module")
def targets(teacher: nn.Module, train: Examples, inputs: InputShape) -> TeacherTargets:
    return targets_of(teacher, train, inputs)


def test_there_is_one_output_for_every_view_of_every_window(targets: TeacherTargets) -> None:
    assert targets.logits.shape == (VIEWS, WINDOWS, 180)
    assert targets.features.shape == (VIEWS, WINDOWS, 8, POSITIONS)
    assert targets.feature_shape == (8, POSITIONS)


def test_outputs_are_kept_in_half_precision(targets: TeacherTargets) -> None:
    assert targets.logits.dtype == np.float16
    assert targets.features.dtype == np.float16


@pytest.mark.parametrize("view", range(VIEWS))
def test_logits_are_the_networks_on_the_same_view(
    view: int, targets: TeacherTargets, teacher: nn.Module, train: Examples, inputs: InputShape
) -> None:
    seen = augmented_view(train.signal, train.hr_bpm, inputs.ppg_channels, SEED, view)
    expected = teacher(seen.signal[ROWS]).logits.detach()
    half = np.finfo(np.float16).eps
    np.testing.assert_allclose(targets.logits_of(view, ROWS), expected, rtol=half, atol=1e-4)


def test_features_are_the_networks_with_each_one_standardised_over_the_bank(
    targets: TeacherTargets, teacher: nn.Module, train: Examples, inputs: InputShape
) -> None:
    views = [
        augmented_view(train.signal, train.hr_bpm, inputs.ppg_channels, SEED, view)
        for view in range(VIEWS)
    ]
    raw = np.stack([teacher(v.signal).features.detach().double().numpy() for v in views])
    mean, sd = (f(raw, axis=(0, 1, 3), keepdims=True) for f in (np.mean, np.std))
    alive = sd.ravel() > 1e-3
    assert alive.any()
    expected = ((raw - mean) / np.where(sd > 0, sd, 1))[:, :, alive]
    np.testing.assert_allclose(targets.features[:, :, alive], expected, rtol=5e-3, atol=5e-3)


def test_a_feature_that_never_changes_becomes_zero(train: Examples, inputs: InputShape) -> None:
    teacher = build_model(MLPShape(8), inputs, seed=0).eval()
    norm = teacher.get_submodule("hidden.4")
    assert isinstance(norm, nn.BatchNorm1d)
    with torch.no_grad():
        norm.weight[2], norm.bias[2] = 0.0, 0.5
    features = targets_of(teacher, train, inputs).features
    np.testing.assert_array_equal(features[:, :, 2], 0)
    assert np.abs(features[:, :, [0, 1, 3, 4, 5, 6, 7]]).max() > 0


def test_logits_beyond_half_precision_stay_finite_and_keep_their_sign(
    train: Examples, inputs: InputShape
) -> None:
    teacher = build_model(MLPShape(8), inputs, seed=0).eval()
    with torch.no_grad():
        teacher.get_submodule("head").weight.mul_(1e7)
    seen = augmented_view(train.signal, train.hr_bpm, inputs.ppg_channels, SEED, view=0)
    exact = teacher(seen.signal).logits.detach().numpy()
    kept = targets_of(teacher, train, inputs).logits[0]
    assert np.abs(exact).max() > np.finfo(np.float16).max
    assert np.isfinite(kept).all()
    np.testing.assert_array_equal(np.sign(kept), np.sign(exact))


def test_the_teacher_is_run_in_evaluation_mode(
    targets: TeacherTargets, train: Examples, inputs: InputShape
) -> None:
    training = build_model(ResNetShape(8), inputs, seed=0).train()
    np.testing.assert_array_equal(targets_of(training, train, inputs).logits, targets.logits)


def test_what_is_written_is_what_is_read(targets: TeacherTargets, tmp_path: Path) -> None:
    write_targets(targets, tmp_path / "targets")
    found = read_targets(tmp_path / "targets", targets.bank)
    np.testing.assert_array_equal(found.logits, targets.logits)
    np.testing.assert_array_equal(found.features, targets.features)
    assert found.bank == targets.bank


def test_students_map_the_arrays_and_do_not_load_them(
    targets: TeacherTargets, tmp_path: Path
) -> None:
    write_targets(targets, tmp_path)
    found = read_targets(tmp_path, targets.bank)
    assert isinstance(found.logits, np.memmap)
    assert isinstance(found.features, np.memmap)


def test_a_batch_of_a_mapped_array_is_a_float_tensor_of_its_rows(
    targets: TeacherTargets, tmp_path: Path
) -> None:
    write_targets(targets, tmp_path)
    found = read_targets(tmp_path, targets.bank)
    for batch, kept in (
        (found.logits_of(1, ROWS), targets.logits),
        (found.features_of(1, ROWS), targets.features),
    ):
        assert batch.dtype == torch.float32
        np.testing.assert_array_equal(batch, kept[1][[7, 0, 11]])


def test_the_folder_holds_the_three_files_of_the_contract(
    targets: TeacherTargets, tmp_path: Path
) -> None:
    write_targets(targets, tmp_path)
    found = sorted(path.name for path in tmp_path.iterdir())
    assert found == ["bank.json", "features.npy", "logits.npy"]


def test_the_fingerprint_is_that_of_the_students_own_windows_and_bank(
    targets: TeacherTargets, train: Examples
) -> None:
    copy = Examples(train.signal.clone(), train.hr_bpm.clone())
    assert bank_fingerprint(copy, VIEWS, SEED) == targets.bank


def _one_sample_differs(train: Examples) -> Examples:
    signal = train.signal.clone()
    signal[-1, -1, -1] += 1e-3
    return Examples(signal, train.hr_bpm)


def _one_reference_differs(train: Examples) -> Examples:
    hr_bpm = train.hr_bpm.clone()
    hr_bpm[3] += 0.1
    return Examples(train.signal, hr_bpm)


CHANGES: dict[str, Callable[[Examples], tuple[Examples, int, int]]] = {
    "a sample": lambda train: (_one_sample_differs(train), VIEWS, SEED),
    "a reference": lambda train: (_one_reference_differs(train), VIEWS, SEED),
    "the order of the windows": lambda train: (
        Examples(train.signal.flip(0), train.hr_bpm.flip(0)),
        VIEWS,
        SEED,
    ),
    "a window fewer": lambda train: (
        Examples(train.signal[:-1], train.hr_bpm[:-1]),
        VIEWS,
        SEED,
    ),
    "the seed": lambda train: (train, VIEWS, SEED + 1),
    "the number of views": lambda train: (train, VIEWS + 1, SEED),
    "seed and views exchanged": lambda train: (train, SEED, VIEWS),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_targets_made_for_anything_else_are_refused(
    change: Callable[[Examples], tuple[Examples, int, int]],
    targets: TeacherTargets,
    train: Examples,
    tmp_path: Path,
) -> None:
    write_targets(targets, tmp_path)
    wanted = bank_fingerprint(*change(train))
    with pytest.raises(PpgkdError) as caught:
        read_targets(tmp_path, wanted)
    message = str(caught.value)
    assert f"targets in {tmp_path} were made for bank {targets.bank[:12]}" in message
    assert f"are bank {wanted[:12]}" in message
    assert "Delete the folder and run again" in message


@pytest.mark.parametrize("name", ["logits.npy", "features.npy", "bank.json"])
@pytest.mark.parametrize("kept", [0.0, 0.5])
def test_a_truncated_file_is_refused(
    name: str, kept: float, targets: TeacherTargets, tmp_path: Path
) -> None:
    write_targets(targets, tmp_path)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises(PpgkdError) as caught:
        read_targets(tmp_path, targets.bank)
    assert str(tmp_path) in str(caught.value)
