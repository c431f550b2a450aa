"""Samples of single windows that are no measurements: placeholders, flat and clipped channels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ppgkd.datasets.recording import Recording
from ppgkd.simulation.subject import simulate_subject
from ppgkd.windows.preprocessing import WindowSpec
from ppgkd.windows.segmentation import segment_recording
from ppgkd.windows.signal_checks import clipped_fraction, flat_channels, lost_samples

SPEC = WindowSpec(length_s=8, stride_s=2, rate_hz=25, low_hz=0.4, high_hz=8)


def pulse(rate_hz: float, *, level: float = 20_000, seed: int = 0) -> NDArray[np.float64]:
    """Eight seconds of a noisy pulse of 72 BPM on a constant level, in counts."""
    time_s = np.arange(round(8 * rate_hz)) / rate_hz
    noise = np.random.default_rng(seed).normal(0, 10, len(time_s))
    return np.round(level + 100 * np.sin(2 * np.pi * 1.2 * time_s) + noise)


@given(
    rate_hz=st.sampled_from([20, 25, 50, 64, 125]),
    placeholder=st.sampled_from([0, -1, 9999, 65535, 4095]),
    share=st.floats(0.003, 0.2),
    seed=st.integers(0, 1000),
)
@settings(max_examples=60, deadline=None)
def test_exactly_the_placeholders_are_lost(
    rate_hz: float, placeholder: int, share: float, seed: int
) -> None:
    signal = pulse(rate_hz, seed=seed)
    lost = np.random.default_rng(seed).random(len(signal)) < share
    signal[lost] = placeholder
    np.testing.assert_array_equal(lost_samples(signal), lost)


@pytest.mark.parametrize("level", [0.0, 20_000.0])
def test_a_clean_window_has_no_lost_sample(level: float) -> None:
    assert not lost_samples(pulse(25, level=level)).any()


def test_a_step_of_the_level_is_not_lost() -> None:
    signal = pulse(50)
    signal[250:] -= 8_000
    assert not lost_samples(signal).any()


def test_missing_samples_are_ignored() -> None:
    signal = pulse(50)
    signal[5] = np.nan
    signal[[60, 61]] = 0
    assert np.flatnonzero(lost_samples(signal)).tolist() == [60, 61]


def test_a_channel_of_two_values_is_not_lost() -> None:
    assert not lost_samples(np.tile([0.0, 1.0], 100)).any()


def test_leading_axes_are_kept() -> None:
    windows = np.stack([pulse(50), np.full(400, 7.0)])[None]
    windows[0, 0, [3, 9]] = 0
    assert lost_samples(windows).sum(axis=-1).tolist() == [[2, 0]]
    assert flat_channels(windows).tolist() == [[False, True]]
    assert clipped_fraction(windows)[0, 1] == 1.0


@pytest.mark.parametrize("side", [1, -1])
def test_flat_tops_are_clipped_and_single_extremes_are_not(side: int) -> None:
    time_s = np.arange(400) / 50
    sine = side * np.sin(2 * np.pi * 1.25 * time_s + 0.1)
    assert clipped_fraction(sine) == 0
    # a sine is above the sine of 45 degrees for a quarter of the time
    clipped = side * np.minimum(side * sine, np.sqrt(0.5))
    assert clipped_fraction(clipped) == pytest.approx(0.25, abs=0.02)


def test_simulated_people_lose_nothing_but_what_is_taken_from_them() -> None:
    signal = simulate_subject(0, 60, seed=0).signal
    centres_s = np.arange(4.0, 57.0, 2.0)
    bpm = np.full(len(centres_s), 80, np.float32)
    channels = ("ppg_1", "ppg_2", "ppg_3", "acc_x", "acc_y", "acc_z")
    whole = Recording("a", "a", 50, channels, signal, centres_s, bpm)
    index, _, rejected = segment_recording(whole, SPEC)
    assert len(index) == 27
    assert not any(rejected.values())
    for placeholder in (0, -1, 9999, 65535):
        damaged = signal.copy()
        damaged[1, 1_500:1_515] = placeholder  # at 30 s: windows from 24, ..., 30 s
        lossy = Recording("a", "a", 50, channels, damaged, centres_s, bpm)
        index, _, rejected = segment_recording(lossy, SPEC)
        assert rejected["missing"] == 4
        assert not set(index["start_s"]) & {24.0, 26.0, 28.0, 30.0}
