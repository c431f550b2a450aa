"""Motion intensity, of windows whose acceleration is known."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import special_ortho_group

from ppgkd.windows.motion import MOTION_BANDS, motion_intensity_g
from ppgkd.windows.preprocessing import WindowSpec, preprocess, resampling_matrix

CHANNELS = ("ppg_1", "acc_x", "acc_y", "acc_z")
TIME_S = np.arange(200) / 25


def swing(amplitude_g: float) -> np.ndarray:
    return amplitude_g * np.sin(2 * np.pi * 2 * TIME_S)


def test_a_swing_along_one_axis_has_its_amplitude_over_root_two() -> None:
    signal = np.stack([swing(9), swing(0.5), 0 * TIME_S, 0 * TIME_S])[None]
    assert motion_intensity_g(signal, CHANNELS) == pytest.approx([0.5 / np.sqrt(2)])


def test_axes_add_up_as_squares() -> None:
    signal = np.stack([swing(9), swing(0.3), swing(-0.4), swing(1.2)])[None]
    assert motion_intensity_g(signal, CHANNELS) == pytest.approx([1.3 / np.sqrt(2)])


def test_each_window_has_its_own() -> None:
    signal = np.zeros((3, 4, 200), np.float32)
    signal[:, 3] = [swing(0), swing(1), swing(2)]
    found = motion_intensity_g(signal, CHANNELS)
    assert found == pytest.approx(np.array([0, 1, 2]) / np.sqrt(2), abs=1e-6)


def test_how_the_watch_sits_on_the_wrist_does_not_matter() -> None:
    acc = np.random.default_rng(0).normal(0, 0.3, (5, 3, 200))
    turned = special_ortho_group.rvs(3, random_state=1) @ acc
    channels = CHANNELS[1:]
    assert motion_intensity_g(turned, channels) == pytest.approx(motion_intensity_g(acc, channels))


def test_the_ppg_is_no_motion_wherever_it_stands() -> None:
    acc = np.random.default_rng(0).normal(0, 0.3, (2, 3, 200))
    ppg = np.full((2, 1, 200), 5.0)
    after = motion_intensity_g(np.concatenate([acc, ppg], axis=1), (*CHANNELS[1:], "ppg_1"))
    assert after == pytest.approx(motion_intensity_g(acc, CHANNELS[1:]))


def test_without_an_accelerometer_it_is_unknown() -> None:
    assert (
        np.isnan(motion_intensity_g(np.ones((4, 2, 200)), ("ppg_1", "ppg_2"))).tolist()
        == [True] * 4
    )


def test_a_preprocessed_window_has_its_motion_without_gravity() -> None:
    spec = WindowSpec(length_s=8, stride_s=2, rate_hz=25, low_hz=0.4, high_hz=8)
    time_s = np.arange(8 * 50) / 50
    raw = np.zeros((2, 4, time_s.size))
    raw[:, 0] = np.sin(2 * np.pi * time_s)
    raw[:, 3] = 1.0  # at rest, the watch feels 1 g
    raw[1, 1] = 0.5 * np.cos(2 * np.pi * 2 * time_s)
    signal = preprocess(raw, resampling_matrix(spec, 50), CHANNELS)
    still, moving = motion_intensity_g(signal, CHANNELS)
    assert still == pytest.approx(0, abs=1e-6)
    assert moving == pytest.approx(0.5 / np.sqrt(2), rel=0.02)


def test_the_bands_follow_each_other_and_hold_every_intensity() -> None:
    assert list(MOTION_BANDS) == ["still", "light", "moderate", "vigorous"]
    bounds = list(MOTION_BANDS.values())
    assert bounds[0][0] == 0
    assert bounds[-1][1] == np.inf
    assert all(one[1] == other[0] for one, other in pairwise(bounds))
