"""The highest peak of the spectrum: right on a clean pulse, wrong on a louder step."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import periodogram
from scipy.signal.windows import hann

from ppgkd.windows.spectral_peak import (
    largest_peaks_bpm,
    motion_corrected_peak_bpm,
    spectral_peak_bpm,
)

RATE_HZ = 25.0
TIME_S = np.arange(200) / RATE_HZ


def tone(bpm: float, phase: float = 0.3) -> NDArray[np.float64]:
    return np.cos(2 * np.pi * bpm / 60 * TIME_S + phase)


def estimate(*channels: NDArray[np.float64]) -> float:
    (bpm,) = spectral_peak_bpm(np.stack(channels)[None], RATE_HZ)
    return float(bpm)


@pytest.mark.parametrize("bpm", [40, 72, 133, 180, 209])
def test_a_clean_pulse_is_found(bpm: float) -> None:
    for phase in np.linspace(0, 2 * np.pi, 5, endpoint=False):
        assert estimate(tone(bpm, phase)) == pytest.approx(bpm, abs=1)


@pytest.mark.parametrize("rate_hz", [25.0, 32.0, 64.0, 100.0])
def test_the_rate_of_the_samples_is_heeded(rate_hz: float) -> None:
    pulse = np.cos(2 * np.pi * 1.4 * np.arange(round(8 * rate_hz)) / rate_hz)
    assert spectral_peak_bpm(pulse[None, None], rate_hz) == pytest.approx([84], abs=1)


def test_it_is_the_peak_of_the_tapered_mean_periodogram() -> None:
    ppg = np.random.default_rng(0).normal(size=(40, 3, 200))
    frequency_hz, power = periodogram(ppg, RATE_HZ, window=hann(200), nfft=1_500)
    allowed = (frequency_hz > 0.499) & (frequency_hz < 3.501)
    peak = power.mean(axis=1)[:, allowed].argmax(axis=1)
    expected = 60 * frequency_hz[allowed][peak]
    np.testing.assert_allclose(spectral_peak_bpm(ppg, RATE_HZ), expected)


def test_a_step_louder_than_the_pulse_is_taken_for_it() -> None:
    assert estimate(tone(90) + 1.5 * tone(150)) == pytest.approx(150, abs=1)


def test_the_channels_decide_together() -> None:
    # each of two channels has its own artefact; only the pulse is in both
    first, second = tone(90) + 1.2 * tone(150), tone(90) + 1.2 * tone(200)
    assert estimate(first) == pytest.approx(150, abs=1)
    assert estimate(second) == pytest.approx(200, abs=1)
    assert estimate(first, second) == pytest.approx(90, abs=1)


@pytest.mark.parametrize("bpm", [12, 300])
def test_what_no_heart_does_is_not_looked_at(bpm: float) -> None:
    assert estimate(tone(72) + 2 * tone(bpm)) == pytest.approx(72, abs=1)


def test_an_offset_does_not_count() -> None:
    assert estimate(tone(72) + 1_000) == estimate(tone(72))


def test_a_dead_channel_does_not_count() -> None:
    assert estimate(tone(72), np.zeros(200)) == estimate(tone(72))


def test_every_window_gets_its_own_estimate() -> None:
    ppg = np.stack([tone(60), tone(120), tone(180)])[:, None]
    np.testing.assert_allclose(spectral_peak_bpm(ppg, RATE_HZ), [60, 120, 180], atol=1)


# Beside motion


def test_a_step_that_the_accelerometer_feels_is_not_taken_for_the_pulse() -> None:
    ppg = (tone(80) + 3 * tone(150))[None, None]
    acc = 0.5 * np.stack([tone(150), tone(150, 1.0), 0 * TIME_S])[None]
    assert spectral_peak_bpm(ppg, RATE_HZ) == pytest.approx([150], abs=1)
    assert motion_corrected_peak_bpm(ppg, acc, RATE_HZ) == pytest.approx([80], abs=1)


def test_a_wrist_that_is_still_and_one_that_is_not_felt_have_the_highest_peak() -> None:
    ppg = np.stack([tone(72), tone(72) + 3 * tone(150)])[:, None]
    still = 0.05 * np.stack([tone(72), tone(150), 0 * TIME_S])[None].repeat(2, axis=0)
    for acc in (still, still[:, :0]):
        found = motion_corrected_peak_bpm(ppg, acc, RATE_HZ)
        assert found.tolist() == spectral_peak_bpm(ppg, RATE_HZ).tolist()


def test_each_window_has_its_own_motion_in_every_batch() -> None:
    ppg = (tone(80) + 3 * tone(150))[None, None].repeat(700, axis=0)
    acc = np.zeros((700, 3, 200))
    acc[300:, 0] = tone(150)
    found = motion_corrected_peak_bpm(ppg, acc, RATE_HZ)
    assert found == pytest.approx([150] * 300 + [80] * 400, abs=1)


def test_the_largest_peaks_come_in_the_order_of_their_height() -> None:
    window = (1.0 * tone(150) + 0.6 * tone(70) + 0.3 * tone(110))[None, None]
    found = largest_peaks_bpm(window, RATE_HZ, 3)
    np.testing.assert_allclose(found, [[150, 70, 110]], atol=2)


def test_the_first_of_the_largest_peaks_is_the_spectral_peak() -> None:
    windows = np.random.default_rng(0).standard_normal((600, 2, len(tone(60))))
    found = largest_peaks_bpm(windows, RATE_HZ, 5)
    np.testing.assert_array_equal(found[:, 0], spectral_peak_bpm(windows, RATE_HZ))
    distance_bpm = np.abs(found[:, :, None] - found[:, None, :])[:, ~np.eye(5, dtype=bool)]
    assert np.nanmin(distance_bpm) > 1, "a peak is one maximum"


def test_a_spectrum_with_fewer_peaks_has_fewer() -> None:
    found = largest_peaks_bpm(np.stack([tone(90), 0 * tone(90)])[:, None], RATE_HZ, 40)
    assert found[0, 0] == pytest.approx(90, abs=1)
    assert np.isnan(found[0, -1])
    assert np.isnan(found[1]).all(), "a window of zeros has none"
