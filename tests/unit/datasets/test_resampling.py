"""Resampling: tones stay what and when they are, and what is lost stays local."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ppgkd.datasets.resampling import resample


def tone(frequency_hz: float, rate_hz: float, duration_s: float = 30) -> NDArray[np.float64]:
    time_s = np.arange(round(duration_s * rate_hz)) / rate_hz
    return np.sin(2 * np.pi * frequency_hz * time_s + 0.3)


@pytest.mark.parametrize("frequency_hz", [0.0, 0.5, 2.0, 8.0])
@pytest.mark.parametrize(
    ("from_hz", "to_hz"), [(32.0, 64.0), (64.0, 32.0), (50.0, 64.0), (700.0, 250.0), (128.0, 25.0)]
)
def test_a_tone_keeps_its_amplitude_and_time(
    from_hz: float, to_hz: float, frequency_hz: float
) -> None:
    found = resample(np.stack([tone(frequency_hz, from_hz)] * 2), from_hz, to_hz)
    expected = tone(frequency_hz, to_hz)
    assert found.shape == (2, len(expected))
    assert found.dtype == np.float32
    inner = slice(round(to_hz), -round(to_hz))
    np.testing.assert_allclose(found[0, inner], expected[inner], atol=0.005)
    np.testing.assert_array_equal(found[0], found[1])


def test_what_the_slower_rate_cannot_carry_is_removed() -> None:
    found = resample(tone(30.0, 128.0), 128.0, 32.0)
    assert np.abs(found[32:-32]).max() < 0.01


def test_a_constant_stays_constant_to_its_ends() -> None:
    np.testing.assert_allclose(resample(np.full(320, 0.98), 32.0, 64.0), 0.98, atol=0.005)


def test_a_lost_sample_costs_a_third_of_a_second_to_each_side_and_no_more() -> None:
    signal = tone(1.0, 32.0)
    signal[320] = np.nan
    lost = np.flatnonzero(np.isnan(resample(signal, 32.0, 64.0)))
    assert 640 - 64 / 3 <= lost.min() <= 640 <= lost.max() <= 640 + 64 / 3


def test_the_same_rate_changes_nothing() -> None:
    signal = tone(1.0, 64.0)
    np.testing.assert_array_equal(resample(signal, 64.0, 64.0), signal.astype(np.float32))
