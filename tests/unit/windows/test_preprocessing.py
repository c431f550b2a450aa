"""Preprocessing: one raw window in, the band between 0.4 and 8 Hz at 25 Hz out."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.fft import dct, idct

from ppgkd.windows.preprocessing import WindowSpec, preprocess, resampling_matrix

SPEC = WindowSpec(length_s=8, stride_s=2, rate_hz=25, low_hz=0.4, high_hz=8)
RAW_RATES_HZ = (25, 32, 50, 64, 100, 125)
CHANNELS = ("ppg_1", "ppg_2", "acc_x")
MIDDLE = slice(50, 150)
"""2 to 6 s of the 8 s at 25 Hz: what is away from the window's ends."""

Vector = NDArray[np.float64]


def times_s(rate_hz: float) -> Vector:
    """Sample times of a window whose samples lie in the middle of their intervals."""
    return (np.arange(round(SPEC.length_s * rate_hz)) + 0.5) / rate_hz


def resample(raw: Vector, raw_rate_hz: float) -> Vector:
    return resampling_matrix(SPEC, raw_rate_hz) @ raw


def amplitude_and_phase(signal: Vector, time_s: Vector, tone_hz: float) -> complex:
    """Complex amplitude of a tone, by demodulation under a Hann taper."""
    taper = np.hanning(len(signal))
    rotated = signal * taper * np.exp(-2j * np.pi * tone_hz * time_s)
    return complex(2 * rotated.sum() / taper.sum())


def raw_windows(n_windows: int = 5, seed: int = 0) -> NDArray[np.float32]:
    """PPG on a large offset in counts, acceleration in g, at 50 Hz."""
    rng = np.random.default_rng(seed)
    windows = rng.normal(size=(n_windows, len(CHANNELS), 400))
    return (windows * [[100], [300], [0.2]] + [[20_000], [30_000], [1]]).astype(np.float32)


# The matrix


@pytest.mark.parametrize("raw_rate_hz", RAW_RATES_HZ)
@pytest.mark.parametrize("tone_hz", [0.9, 1.37, 3.3, 7.0])
def test_a_tone_in_the_band_keeps_amplitude_and_phase(raw_rate_hz: int, tone_hz: float) -> None:
    for phase in np.linspace(0, 2 * np.pi, 8, endpoint=False):
        raw = np.cos(2 * np.pi * tone_hz * times_s(raw_rate_hz) + phase)
        expected = np.cos(2 * np.pi * tone_hz * times_s(25) + phase)[MIDDLE]
        found = resample(raw, raw_rate_hz)[MIDDLE]
        time_s = times_s(25)[MIDDLE]
        found_tone = amplitude_and_phase(found, time_s, tone_hz)
        assert found_tone == pytest.approx(amplitude_and_phase(expected, time_s, tone_hz), abs=0.01)
        np.testing.assert_allclose(found, expected, atol=0.06)


@pytest.mark.parametrize("raw_rate_hz", RAW_RATES_HZ)
def test_a_constant_is_removed(raw_rate_hz: int) -> None:
    raw = np.ones(8 * raw_rate_hz)
    np.testing.assert_allclose(resample(raw, raw_rate_hz), 0, atol=1e-12)


def test_a_constant_is_removed_even_from_a_band_that_starts_at_zero() -> None:
    matrix = resampling_matrix(replace(SPEC, low_hz=0), 50)
    np.testing.assert_allclose(matrix @ np.ones(400), 0, atol=1e-12)


@pytest.mark.parametrize("raw_rate_hz", RAW_RATES_HZ)
def test_slow_drift_is_removed(raw_rate_hz: int) -> None:
    time_s = times_s(raw_rate_hz)
    ramp = time_s / 8
    assert resample(ramp, raw_rate_hz).std() < 0.03 * ramp.std()
    for phase in np.linspace(0, 2 * np.pi, 8, endpoint=False):
        wander = np.cos(2 * np.pi * 0.1 * time_s + phase)
        assert resample(wander, raw_rate_hz).std() < 0.05


@pytest.mark.parametrize(
    ("raw_rate_hz", "tone_hz"),
    [(rate, tone) for rate in RAW_RATES_HZ for tone in (9.0, 11.0, 20.0, 40.0) if tone < rate / 2],
)
def test_a_tone_above_the_band_is_removed_and_does_not_alias(
    raw_rate_hz: int, tone_hz: float
) -> None:
    for phase in np.linspace(0, 2 * np.pi, 8, endpoint=False):
        raw = np.cos(2 * np.pi * tone_hz * times_s(raw_rate_hz) + phase)
        assert np.abs(resample(raw, raw_rate_hz)[MIDDLE]).max() < 0.05


@pytest.mark.parametrize("raw_rate_hz", RAW_RATES_HZ)
def test_it_is_the_cosine_transform_with_raised_cosine_flanks(raw_rate_hz: int) -> None:
    raw = np.random.default_rng(0).normal(size=8 * raw_rate_hz)
    frequency_hz = np.arange(200) / 16
    gain = np.interp(frequency_hz, [0.3, 0.5, 7.9, 8.1], [0, 1, 1, 0])
    gain = 0.5 - 0.5 * np.cos(np.pi * gain)
    expected = idct(dct(raw)[:200] * gain) * 200 / len(raw)
    np.testing.assert_allclose(resample(raw, raw_rate_hz), expected, atol=1e-12)


def test_sensors_of_different_rates_give_the_same_window() -> None:
    def pulse(time_s: Vector) -> Vector:
        fundamental = 2 * np.pi * 1.3 * time_s
        return np.cos(fundamental) + 0.4 * np.cos(2 * fundamental + 1) + 0.1 * time_s

    expected = resample(pulse(times_s(125)), 125)
    for raw_rate_hz in RAW_RATES_HZ:
        found = resample(pulse(times_s(raw_rate_hz)), raw_rate_hz)
        np.testing.assert_allclose(found, expected, atol=0.01)


@pytest.mark.parametrize(("length_s", "rate_hz", "raw_rate_hz"), [(8, 25, 50), (10, 32, 64)])
def test_it_maps_a_raw_window_to_a_window_at_the_models_rate(
    length_s: float, rate_hz: float, raw_rate_hz: float
) -> None:
    spec = replace(SPEC, length_s=length_s, rate_hz=rate_hz)
    matrix = resampling_matrix(spec, raw_rate_hz)
    assert matrix.shape == (length_s * rate_hz, length_s * raw_rate_hz)


def test_a_sensor_slower_than_the_band_still_gives_what_it_has() -> None:
    raw = np.cos(2 * np.pi * 1.5 * times_s(12))
    found = resample(raw, 12)[MIDDLE]
    np.testing.assert_allclose(found, np.cos(2 * np.pi * 1.5 * times_s(25))[MIDDLE], atol=0.06)


# The window


@pytest.fixture(scope="module")
def matrix() -> NDArray[np.float64]:
    return resampling_matrix(SPEC, 50)


def test_a_window_has_its_channels_at_the_models_rate(matrix: NDArray[np.float64]) -> None:
    window = preprocess(raw_windows(), matrix, CHANNELS)
    assert window.shape == (5, 3, 200)
    assert window.dtype == np.float32


def test_ppg_gets_zero_mean_and_unit_variance(matrix: NDArray[np.float64]) -> None:
    ppg = preprocess(raw_windows(), matrix, CHANNELS)[:, :2].astype(np.float64)
    np.testing.assert_allclose(ppg.mean(axis=2), 0, atol=1e-6)
    np.testing.assert_allclose(ppg.std(axis=2), 1, atol=1e-6)


@pytest.mark.parametrize(
    ("scale", "offset"),
    [
        (40.0, 0.0),
        (0.001, 0.0),
        (1.0, 50_000.0),
        (-1.0, 65_535.0),
        (1e-12, 0.0),
    ],
)
def test_neither_unit_nor_offset_of_the_ppg_matters(
    matrix: NDArray[np.float64], scale: float, offset: float
) -> None:
    raw = raw_windows().astype(np.float64)
    expected = preprocess(raw, matrix, CHANNELS)[:, :2] * np.sign(scale)
    found = preprocess(scale * raw + offset, matrix, CHANNELS)[:, :2]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_each_ppg_channel_is_scaled_by_itself(matrix: NDArray[np.float64]) -> None:
    raw = raw_windows()
    louder = raw.copy()
    louder[:, 1] *= 7
    np.testing.assert_array_equal(
        preprocess(louder, matrix, CHANNELS)[:, 0], preprocess(raw, matrix, CHANNELS)[:, 0]
    )


def test_acceleration_stays_in_g(matrix: NDArray[np.float64]) -> None:
    raw = raw_windows()
    raw[:, 2] = 1 + 0.25 * np.cos(2 * np.pi * 2.0 * times_s(50))
    acc = preprocess(raw, matrix, CHANNELS)[:, 2]
    expected = 0.25 * np.cos(2 * np.pi * 2.0 * times_s(25))
    np.testing.assert_allclose(acc[:, MIDDLE], np.tile(expected[MIDDLE], (5, 1)), atol=0.01)


def test_twice_the_motion_is_twice_the_acceleration(matrix: NDArray[np.float64]) -> None:
    raw = raw_windows().astype(np.float64)
    acc = preprocess(raw, matrix, CHANNELS)[:, 2]
    raw[:, 2] *= 2
    np.testing.assert_allclose(preprocess(raw, matrix, CHANNELS)[:, 2], 2 * acc, rtol=1e-5)


@pytest.mark.parametrize("level", [0.0, 3.3, 65_535.0])
def test_a_flat_channel_gives_zeros(matrix: NDArray[np.float64], level: float) -> None:
    raw = raw_windows()
    raw[:, 1:] = level
    window = preprocess(raw, matrix, CHANNELS)
    np.testing.assert_allclose(window[:, 1:], 0, atol=1e-6)
    np.testing.assert_allclose(window[:, 0].std(axis=1), 1, atol=1e-6)


def test_a_window_alone_gives_the_same_as_in_a_batch(matrix: NDArray[np.float64]) -> None:
    raw = raw_windows(n_windows=9)
    raw[4] *= 1_000
    together = preprocess(raw, matrix, CHANNELS)
    alone = np.concatenate([preprocess(window[None], matrix, CHANNELS) for window in raw])
    np.testing.assert_allclose(together, alone, rtol=1e-6, atol=1e-6)


def test_a_batch_without_windows_gives_one(matrix: NDArray[np.float64]) -> None:
    assert preprocess(raw_windows(n_windows=0), matrix, CHANNELS).shape == (0, 3, 200)


def test_the_raw_windows_are_left_as_they_are(matrix: NDArray[np.float64]) -> None:
    raw = raw_windows().astype(np.float64)
    before = raw.copy()
    preprocess(raw, matrix, CHANNELS)
    np.testing.assert_array_equal(raw, before)
