"""Targets: a teacher's outputs for the view cache."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.special import softmax
from torch import Tensor, nn

from ppgkd.distill.targets import TeacherTargets, read_targets, write_targets
from ppgkd.errors import PpgkdError
from ppgkd.models.build import build_model
from ppgkd.models.capacity import InputShape, SpectralMLPShape, SpectralResNetShape
from ppgkd.models.output import POSITIONS, Output
from ppgkd.views.augment import Augmentation
from ppgkd.views.cache import ViewCache, read_view_cache, write_view_cache
from ppgkd.views.examples import Examples, examples
from ppgkd.windows.read import Windows

VIEWS, SEED, WINDOWS = 3, 4, 12
ROWS = torch.tensor([7, 0, 11])
TEACHER = "teacher of this test"
HALF = float(np.finfo(np.float16).eps)
FILES = ["features.npy", "logits.npy", "targets.json"]

MakeViewCache = Callable[..., ViewCache]
Array = NDArray[np.float64]


@pytest.fixture(scope="module")
def windows(tones: Callable[..., Windows], inputs: InputShape) -> Examples:
    return examples(tones(np.linspace(55, 170, WINDOWS), inputs))


@pytest.fixture(scope="module")
def make_view_cache(
    windows: Examples, inputs: InputShape, tmp_path_factory: pytest.TempPathFactory
) -> MakeViewCache:
    def make(
        windows: Examples = windows,
        augmentation: Augmentation = Augmentation(),  # noqa: B008 (frozen)
        views: int = VIEWS,
        seed: int = SEED,
    ) -> ViewCache:
        folder = tmp_path_factory.mktemp("bank")
        write_view_cache(windows, inputs, augmentation, folder, views=views, seed=seed)
        return read_view_cache(folder, windows)

    return make


@pytest.fixture(scope="module")
def view_cache(make_view_cache: MakeViewCache) -> ViewCache:
    return make_view_cache()


@pytest.fixture(scope="module")
def teacher(inputs: InputShape) -> nn.Module:
    return build_model(SpectralResNetShape(8), inputs, seed=0).eval()


@pytest.fixture(scope="module")
def folder(
    teacher: nn.Module, view_cache: ViewCache, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    made = tmp_path_factory.mktemp("targets")
    write_targets(teacher, TEACHER, view_cache, made)
    return made


@pytest.fixture(scope="module")
def targets(folder: Path, view_cache: ViewCache) -> TeacherTargets:
    return read_targets(folder, view_cache, TEACHER)


def targets_of(teacher: nn.Module, view_cache: ViewCache, folder: Path) -> TeacherTargets:
    write_targets(teacher, TEACHER, view_cache, folder)
    return read_targets(folder, view_cache, TEACHER)


@torch.inference_mode()
def outputs_of(teacher: nn.Module, view_cache: ViewCache, view: int) -> tuple[Array, Array]:
    """Logits and features in single precision."""
    logits, features = teacher(view_cache.view(view).signal)
    return logits.double().numpy(), features.double().numpy()


def copied(folder: Path, to: Path) -> Path:
    for name in FILES:
        (to / name).write_bytes((folder / name).read_bytes())
    return to


def test_there_is_one_output_for_every_view_of_every_window(targets: TeacherTargets) -> None:
    assert targets.logits.shape == (VIEWS, WINDOWS, 180)
    assert targets.features is not None
    assert targets.features.shape == (VIEWS, WINDOWS, 8, POSITIONS)
    assert targets.feature_shape == (8, POSITIONS)


def test_outputs_are_kept_in_half_precision(targets: TeacherTargets) -> None:
    assert targets.features is not None
    assert targets.logits.dtype == targets.features.dtype == np.float16


@pytest.mark.parametrize("view", range(VIEWS))
def test_logits_are_the_networks_on_the_same_view_shifted_so_that_the_largest_is_zero(
    view: int, targets: TeacherTargets, teacher: nn.Module, view_cache: ViewCache
) -> None:
    exact, _ = outputs_of(teacher, view_cache, view)
    expected = (exact - exact.max(axis=1, keepdims=True))[ROWS]
    np.testing.assert_allclose(targets.logits_of(view, ROWS), expected, rtol=HALF, atol=1e-5)
    np.testing.assert_array_equal(targets.logits[view].max(axis=1), 0)


def test_probabilities_are_the_networks_in_single_precision(
    targets: TeacherTargets, teacher: nn.Module, view_cache: ViewCache
) -> None:
    exact = teacher(view_cache.view(1).signal[ROWS]).logits.detach().double().numpy()
    found = softmax(targets.logits_of(1, ROWS).double().numpy(), axis=1)
    np.testing.assert_allclose(found, softmax(exact, axis=1), rtol=0.02)


def test_features_are_the_networks_with_each_one_standardised_by_the_first_view(
    targets: TeacherTargets, teacher: nn.Module, view_cache: ViewCache
) -> None:
    raw = np.stack([outputs_of(teacher, view_cache, view)[1] for view in range(VIEWS)])
    mean, sd = (f(raw[0], axis=(0, 2), keepdims=True) for f in (np.mean, np.std))
    alive = sd.ravel() > 1e-3
    assert alive.any()
    expected = ((raw - mean) / np.where(sd > 0, sd, 1))[:, :, alive]
    assert targets.features is not None
    np.testing.assert_allclose(targets.features[:, :, alive], expected, rtol=5e-3, atol=5e-3)


def test_a_feature_that_never_changes_becomes_zero(
    view_cache: ViewCache, inputs: InputShape, tmp_path: Path
) -> None:
    teacher = build_model(SpectralMLPShape(8), inputs, seed=0).eval()
    norm = teacher.get_submodule("hidden.4")
    assert isinstance(norm, nn.BatchNorm1d)
    with torch.no_grad():
        norm.weight[2], norm.bias[2] = 0.0, 0.5
    features = targets_of(teacher, view_cache, tmp_path).features
    assert features is not None
    np.testing.assert_array_equal(features[:, :, 2], 0)
    assert np.abs(features[:, :, [0, 1, 3, 4, 5, 6, 7]]).max() > 0


def test_logits_beyond_half_precision_stay_finite_and_keep_the_most_likely_class(
    view_cache: ViewCache, inputs: InputShape, tmp_path: Path
) -> None:
    teacher = build_model(SpectralMLPShape(8), inputs, seed=0).eval()
    with torch.no_grad():
        teacher.get_parameter("head.weight").mul_(1e7)
    exact, _ = outputs_of(teacher, view_cache, 0)
    kept = targets_of(teacher, view_cache, tmp_path).logits[0]
    assert np.ptp(exact, axis=1).min() > np.finfo(np.float16).max
    assert np.isfinite(kept).all()
    np.testing.assert_array_equal(kept.argmax(axis=1), exact.argmax(axis=1))
    assert kept.min() == np.finfo(np.float16).min


class Shifted(nn.Module):
    """A network whose logits are all larger by a constant, as those of a user's file may be."""

    def __init__(self, network: nn.Module, shift: float) -> None:
        super().__init__()
        self.network, self.shift = network, shift

    def forward(self, window: Tensor) -> Output:
        logits, features = self.network(window)
        return Output(logits.float() + self.shift, features)


def test_large_logits_are_precise_near_their_maximum(
    teacher: nn.Module, targets: TeacherTargets, view_cache: ViewCache, tmp_path: Path
) -> None:
    """Half precision is a step of 8 at 10 000; after the shift it is fine near the largest."""
    found = targets_of(Shifted(teacher, 10_000), view_cache, tmp_path).logits
    kept, expected = (softmax(one.astype(np.float64), axis=2) for one in (found, targets.logits))
    np.testing.assert_allclose(kept, expected, rtol=0.005)


def test_the_teacher_is_run_in_evaluation_mode(
    targets: TeacherTargets, view_cache: ViewCache, inputs: InputShape, tmp_path: Path
) -> None:
    training = build_model(SpectralResNetShape(8), inputs, seed=0).train()
    found = targets_of(training, view_cache, tmp_path)
    np.testing.assert_array_equal(found.logits, targets.logits)


def test_targets_made_again_have_the_same_bytes(
    folder: Path, teacher: nn.Module, view_cache: ViewCache, tmp_path: Path
) -> None:
    write_targets(teacher, TEACHER, view_cache, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == FILES
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


def test_students_map_the_arrays_and_do_not_load_them(targets: TeacherTargets) -> None:
    assert isinstance(targets.logits, np.memmap)
    assert isinstance(targets.features, np.memmap)


def test_a_batch_of_a_mapped_array_is_a_float_tensor_of_its_rows(targets: TeacherTargets) -> None:
    assert targets.features is not None
    for batch, kept in (
        (targets.logits_of(1, ROWS), targets.logits),
        (targets.features_of(1, ROWS), targets.features),
    ):
        assert batch.dtype == torch.float32
        np.testing.assert_array_equal(batch, kept[1][[7, 0, 11]])


class Featureless(nn.Module):
    """A network that shows its logits only, as a user's ONNX file with one output does."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, window: Tensor) -> Output:
        return Output(self.network(window).logits, torch.empty(len(window), 0, 0))


def test_a_teacher_without_features_leaves_the_same_logits_and_an_empty_file(
    teacher: nn.Module, targets: TeacherTargets, view_cache: ViewCache, tmp_path: Path
) -> None:
    found = targets_of(Featureless(teacher), view_cache, tmp_path)
    np.testing.assert_array_equal(found.logits, targets.logits)
    assert found.features is None
    assert np.load(tmp_path / "features.npy").size == 0


def test_missing_features_are_reported(
    teacher: nn.Module, view_cache: ViewCache, tmp_path: Path
) -> None:
    found = targets_of(Featureless(teacher), view_cache, tmp_path)
    with pytest.raises(PpgkdError) as caught:
        _ = found.feature_shape
    message = str(caught.value)
    assert "Strategy 'feature' needs a teacher with features, and this one has none" in message
    assert "leave the strategy out" in message


def _one_sample_differs(windows: Examples) -> Examples:
    signal = windows.signal.clone()
    signal[-1, -1, -1] += 1e-3
    return Examples(signal, windows.hr_bpm)


def _one_reference_differs(windows: Examples) -> Examples:
    hr_bpm = windows.hr_bpm.clone()
    hr_bpm[3] += 0.1
    return Examples(windows.signal, hr_bpm)


OTHER_WINDOWS: dict[str, Callable[[Examples], Examples]] = {
    "a sample": _one_sample_differs,
    "a reference": _one_reference_differs,
    "the order of the windows": lambda w: Examples(w.signal.flip(0), w.hr_bpm.flip(0)),
    "a window fewer": lambda w: Examples(w.signal[:-1], w.hr_bpm[:-1]),
}


def refusal(folder: Path, view_cache: ViewCache, teacher: str) -> str:
    with pytest.raises(PpgkdError) as caught:
        read_targets(folder, view_cache, teacher)
    message = str(caught.value)
    assert f"targets folder {folder} was made for another " in message
    assert "Delete it and run the workflow again" in message
    return message


@pytest.mark.parametrize("change", OTHER_WINDOWS.values(), ids=OTHER_WINDOWS)
def test_targets_of_another_window_table_are_refused(
    change: Callable[[Examples], Examples],
    folder: Path,
    windows: Examples,
    make_view_cache: MakeViewCache,
) -> None:
    assert "another window table" in refusal(folder, make_view_cache(change(windows)), TEACHER)


@pytest.mark.parametrize(
    "change",
    [
        {"seed": SEED + 1},
        {"views": VIEWS + 1},
        {"seed": VIEWS, "views": SEED},
        {"augmentation": replace(Augmentation(), noise_sd=0.0)},
    ],
    ids=str,
)
def test_targets_of_another_view_cache_are_refused(
    change: dict[str, object], folder: Path, make_view_cache: MakeViewCache
) -> None:
    message = refusal(folder, make_view_cache(**change), TEACHER)
    assert "another view cache (its seed, number of views or augmentation)" in message


def test_targets_of_another_teacher_are_refused(folder: Path, view_cache: ViewCache) -> None:
    assert "another teacher" in refusal(folder, view_cache, "another")


def test_targets_of_the_same_view_cache_made_again_are_accepted(
    folder: Path, make_view_cache: MakeViewCache
) -> None:
    assert read_targets(folder, make_view_cache(), TEACHER).logits.shape == (VIEWS, WINDOWS, 180)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kept", [0.0, 0.5])
def test_a_truncated_file_is_refused(
    name: str, kept: float, folder: Path, view_cache: ViewCache, tmp_path: Path
) -> None:
    copied(folder, tmp_path)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises(PpgkdError) as caught:
        read_targets(tmp_path, view_cache, TEACHER)
    assert f"targets folder {tmp_path} cannot be read" in str(caught.value)
    assert "Delete it and run the workflow again" in str(caught.value)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_refused(
    name: str, folder: Path, view_cache: ViewCache, tmp_path: Path
) -> None:
    copied(folder, tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(PpgkdError, match="cannot be read"):
        read_targets(tmp_path, view_cache, TEACHER)


@pytest.mark.parametrize("about", [{"bank": "a"}, [], "a", None])
def test_an_incomplete_description_is_refused(
    about: object, folder: Path, view_cache: ViewCache, tmp_path: Path
) -> None:
    copied(folder, tmp_path)
    (tmp_path / "targets.json").write_text(json.dumps(about))
    with pytest.raises(PpgkdError, match="cannot be read"):
        read_targets(tmp_path, view_cache, TEACHER)
