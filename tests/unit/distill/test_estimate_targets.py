"""What a teacher says of a window, in every view of it."""

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import norm
from tests.unit.conftest import tone_windows

from ppgkd.distill.estimate_targets import write_estimate_targets
from ppgkd.distill.targets import read_targets
from ppgkd.errors import PpgkdError
from ppgkd.models.capacity import InputShape
from ppgkd.views.augment import Augmentation
from ppgkd.views.cache import ViewCache, read_view_cache, write_view_cache
from ppgkd.views.examples import Examples, examples

INPUTS = InputShape(ppg_channels=1, acc_channels=3, n_samples=200, rate_hz=25.0)
GRID_BPM = np.arange(30, 210)
RATES = np.linspace(60, 140, 24)


def normal(bpm: np.ndarray, sd_bpm: float = 3.0) -> np.ndarray:
    density = norm.pdf(GRID_BPM, np.asarray(bpm)[:, None], sd_bpm)
    return (density / density.sum(axis=1, keepdims=True)).astype(np.float32)


def cache(folder: Path, windows: Examples, augmentation: Augmentation) -> ViewCache:
    write_view_cache(windows, INPUTS, augmentation, folder, views=3, seed=5)
    return read_view_cache(folder)


def unlabelled() -> Examples:
    windows = examples(tone_windows(RATES, INPUTS))
    return Examples(windows.signal, torch.full_like(windows.hr_bpm, torch.nan))


def probabilities_of(views: ViewCache, said: np.ndarray, folder: Path) -> np.ndarray:
    write_estimate_targets(said, "mine", views, folder)
    logits = read_targets(folder, views, "mine").logits.astype(np.float64)
    shares = np.exp(logits - logits.max(axis=2, keepdims=True))
    return np.asarray(shares / shares.sum(axis=2, keepdims=True))


def test_a_stretch_moves_the_distribution_of_windows_without_a_label(tmp_path: Path) -> None:
    """A tone's rate in the view tells independently how far its pulse was moved."""
    views = cache(tmp_path, unlabelled(), Augmentation(noise_sd=0, time_stretch=1.3))
    found = probabilities_of(views, normal(RATES), tmp_path / "targets")
    mean_bpm = found @ GRID_BPM
    sd_bpm = np.sqrt((found * (GRID_BPM - mean_bpm[..., None]) ** 2).sum(axis=2))
    time_s = np.arange(200) / 25
    fine_bpm = np.arange(40, 230, 0.25)
    waves = np.exp(-2j * np.pi * fine_bpm[:, None] / 60 * time_s)
    power = np.abs(views.signal[:, :, 0].astype(float) @ waves.T)
    np.testing.assert_allclose(mean_bpm, fine_bpm[power.argmax(axis=2)], atol=1.5)
    factor = mean_bpm / RATES
    assert factor.min() < 0.85
    assert factor.max() > 1.18
    # the spread grows with the rate
    np.testing.assert_allclose(sd_bpm, 3 * factor, rtol=0.05)


def test_without_augmentation_the_target_is_what_the_teacher_says(tmp_path: Path) -> None:
    views = cache(tmp_path, unlabelled(), Augmentation(time_stretch=1.0))
    found = probabilities_of(views, normal(RATES), tmp_path / "targets")
    np.testing.assert_allclose(found, np.tile(normal(RATES), (3, 1, 1)), atol=2e-3)


def test_under_the_motion_of_another_window_the_target_is_that_of_the_pulse(
    tmp_path: Path,
) -> None:
    at_rest, moving = tone_windows(RATES, INPUTS), tone_windows(RATES, INPUTS, seed=1)
    rng = np.random.default_rng(0)
    moving.signal[:, 0] += 3 * rng.standard_normal(moving.signal[:, 0].shape)
    at_rest.signal[:, 1:] = 0
    rates = np.concatenate([RATES, RATES[::-1]]).astype(np.float32)
    signal = np.concatenate([at_rest.signal, moving.signal])
    windows = Examples(torch.from_numpy(signal), torch.from_numpy(rates))
    views = cache(tmp_path, windows, Augmentation(real_motion=1.0))
    assert (views.pulse_row[0] != np.arange(len(rates))).any()
    found = probabilities_of(views, normal(rates, sd_bpm=1.0), tmp_path / "targets")
    # a teacher that says the reference of every window says the reference of every view
    np.testing.assert_allclose(found @ GRID_BPM, views.hr_bpm, atol=0.3)


def test_what_leaves_the_classes_by_half_teaches_nothing(tmp_path: Path) -> None:
    views = cache(tmp_path, unlabelled(), Augmentation(time_stretch=1.18))
    highest = normal(np.full(len(RATES), 205.0))
    write_estimate_targets(highest, "mine", views, tmp_path / "targets")
    taught = ~np.isnan(read_targets(tmp_path / "targets", views, "mine").logits[..., 0])
    np.testing.assert_array_equal(taught, 205 * views.rate_factor < 209.5)


def test_a_window_without_an_estimate_has_no_target_in_any_view(tmp_path: Path) -> None:
    views = cache(tmp_path, unlabelled(), Augmentation())
    said = normal(RATES)
    said[[2, 7]] = np.nan
    write_estimate_targets(said, "mine", views, tmp_path / "targets")
    targets = read_targets(tmp_path / "targets", views, "mine")
    rows = torch.arange(len(RATES))
    for view in range(3):
        assert (~targets.taught(view, rows)).nonzero()[:, 0].tolist() == [2, 7]
        assert np.isnan(targets.logits[view, [2, 7]]).all()
    with pytest.raises(PpgkdError, match="or it is recorded estimates"):
        _ = targets.feature_shape


def test_impossible_classes_stay_finite(tmp_path: Path) -> None:
    views = cache(tmp_path, unlabelled(), Augmentation())
    certain = np.eye(180, dtype=np.float32)[np.full(len(RATES), 60)]
    write_estimate_targets(certain, "mine", views, tmp_path / "targets")
    assert np.isfinite(read_targets(tmp_path / "targets", views, "mine").logits).all()
