"""The front end: what its spectra depend on."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.stats import special_ortho_group

from ppgkd.heart_rate import bpm_grid
from ppgkd.models.capacity import BINS, HARMONICS, InputShape
from ppgkd.models.front_end import power_floors
from ppgkd.models.spectrum import Spectrum

INPUTS = InputShape(ppg_channels=3, acc_channels=3, n_samples=200, rate_hz=25.0)
TIME_S = np.arange(INPUTS.n_samples) / INPUTS.rate_hz
CENTRES_BPM = bpm_grid().reshape(BINS, -1).double().mean(dim=1).numpy()
"""Each bin covers equally many classes; it measures at their centre."""


def spectrum_of(signal: NDArray[np.floating], inputs: InputShape = INPUTS) -> NDArray[np.float32]:
    return Spectrum(inputs)(torch.tensor(signal, dtype=torch.float32)).numpy()


def power_of(signal: NDArray[np.floating], inputs: InputShape = INPUTS) -> NDArray[np.float64]:
    """Undo the logarithm, relative to a signal of zeros, which has the power of the floor."""
    silence = spectrum_of(np.zeros_like(signal), inputs).astype(np.float64)
    relative = np.exp(2 * (spectrum_of(signal, inputs) - silence))
    return np.asarray((relative - 1) * power_floors(inputs)[:, None])


def dft_power(channel: NDArray[np.floating], frequency_hz: float) -> float:
    """|2/N sum x e^(-i w t)|^2."""
    wave = np.exp(-2j * np.pi * frequency_hz * TIME_S)
    return float(abs(2 / len(TIME_S) * (channel * wave).sum()) ** 2)


def noise(seed: int = 0, count: int = 2) -> NDArray[np.float64]:
    shape = (count, INPUTS.channels, INPUTS.n_samples)
    return np.random.default_rng(seed).standard_normal(shape)


def only_ppg(channels: int) -> InputShape:
    return InputShape(channels, 0, INPUTS.n_samples, INPUTS.rate_hz)


def test_it_has_no_parameters_and_nothing_to_save() -> None:
    front_end = Spectrum(INPUTS)
    assert list(front_end.parameters()) == []
    assert front_end.state_dict() == {}


@pytest.mark.parametrize("ppg_channels", [1, 2, 3])
@pytest.mark.parametrize("acc_channels", [0, 3])
def test_there_is_one_spectrum_per_ppg_channel_and_one_of_the_accelerometer(
    ppg_channels: int, acc_channels: int
) -> None:
    inputs = InputShape(ppg_channels, acc_channels, INPUTS.n_samples, INPUTS.rate_hz)
    found = spectrum_of(np.zeros((5, inputs.channels, inputs.n_samples)), inputs)
    assert found.shape == (5, ppg_channels + (acc_channels > 0), len(HARMONICS), BINS)


def test_power_is_that_of_the_fourier_sum_at_each_bin_and_harmonic() -> None:
    window = noise()
    found = power_of(window)
    for row, (h, harmonic), (b, centre_bpm) in (
        (row, harmonic, place)
        for row in range(len(window))
        for harmonic in enumerate(HARMONICS)
        for place in list(enumerate(CENTRES_BPM))[::7]
    ):
        frequency_hz = harmonic * centre_bpm / 60
        powers = [dft_power(channel, frequency_hz) for channel in window[row]]
        ppg, acc = sorted(powers[:3]), sum(powers[3:])
        np.testing.assert_allclose(found[row, :, h, b], [*ppg, acc], rtol=2e-3, atol=1e-5)


@pytest.mark.parametrize("place", [BINS // 4, BINS // 2, BINS - 5])
def test_a_tone_of_unit_amplitude_has_power_one_in_its_bin(place: int) -> None:
    phases = np.linspace(0, 2 * np.pi, 6)[:, None, None]
    tone = np.cos(2 * np.pi * CENTRES_BPM[place] / 60 * TIME_S + phases)
    power = power_of(tone, only_ppg(1))[:, 0, HARMONICS.index(1)]
    # the tone's image at the negative frequency leaks in by up to 1 / (pi f T) of the amplitude
    leak = 1 / (np.pi * CENTRES_BPM[place] / 60 * 8)
    np.testing.assert_allclose(power[:, place], 1, atol=2.2 * leak)
    assert abs(power[:, place].mean() - 1) < 0.02
    assert (np.abs(power.argmax(axis=1) - place) <= 1).all()


def test_power_grows_with_the_square_of_the_amplitude() -> None:
    window = noise()
    np.testing.assert_allclose(power_of(3 * window), 9 * power_of(window), rtol=2e-2, atol=1e-4)


@pytest.mark.parametrize("bins", [1, 7, BINS // 3])
def test_a_faster_pulse_is_the_same_spectrum_further_right(bins: int) -> None:
    start = BINS // 3
    tones = [
        np.sin(2 * np.pi * CENTRES_BPM[place] / 60 * (TIME_S - TIME_S.mean()))
        for place in (start, start + bins)
    ]
    slow, fast = power_of(np.stack(tones)[:, None], only_ppg(1))[:, 0, HARMONICS.index(1)]
    assert fast.argmax() - slow.argmax() == bins
    half_width = 5
    around_slow = slow[start - half_width : start + half_width + 1]
    around_fast = fast[start + bins - half_width : start + bins + half_width + 1]
    np.testing.assert_allclose(around_fast, around_slow, atol=0.12)


@pytest.mark.parametrize("harmonic", [h for h in HARMONICS if h > 1])
def test_a_harmonic_of_the_pulse_appears_in_the_pulses_bin(harmonic: int) -> None:
    place = BINS // 3
    overtone = np.sin(2 * np.pi * harmonic * CENTRES_BPM[place] / 60 * TIME_S)
    power = power_of(overtone[None, None], only_ppg(1))[0, 0]
    assert power[HARMONICS.index(harmonic)].argmax() == place


def test_the_spectra_do_not_depend_on_the_order_of_the_ppg_channels() -> None:
    window = noise()
    np.testing.assert_allclose(
        spectrum_of(window[:, [2, 0, 1, 3, 4, 5]]), spectrum_of(window), atol=1e-5
    )


def test_ppg_and_accelerometer_have_spectra_of_their_own() -> None:
    window = noise()
    exchanged = window[:, [3, 4, 5, 0, 1, 2]]
    assert np.abs(spectrum_of(exchanged) - spectrum_of(window)).max() > 0.5


def test_the_spectra_do_not_depend_on_polarity() -> None:
    window = noise()
    signs = np.array([1, -1, 1, -1, -1, 1])[:, None]
    np.testing.assert_allclose(spectrum_of(signs * window), spectrum_of(window), atol=1e-5)


def test_the_spectra_do_not_depend_on_the_direction_of_time() -> None:
    window = noise()
    reverse = window[:, :, ::-1].copy()
    np.testing.assert_allclose(spectrum_of(reverse), spectrum_of(window), atol=2e-3)


@pytest.mark.parametrize("handedness", [1, -1])
def test_the_spectra_do_not_depend_on_the_orientation_of_the_watch(handedness: int) -> None:
    window = noise()
    turned = window.copy()
    rotation = handedness * special_ortho_group.rvs(3, random_state=4)
    turned[:, 3:] = rotation @ window[:, 3:]
    np.testing.assert_allclose(spectrum_of(turned), spectrum_of(window), atol=1e-3)


def test_a_constant_offset_far_from_the_grid_is_not_taken_for_a_pulse() -> None:
    tone = np.sin(2 * np.pi * CENTRES_BPM[BINS // 2] / 60 * TIME_S)[None, None]
    power = power_of(tone + 0.2, only_ppg(1))[0, 0, HARMONICS.index(1)]
    assert abs(power.argmax() - BINS // 2) <= 1


def test_a_dead_sensor_gives_finite_numbers() -> None:
    assert np.isfinite(spectrum_of(np.zeros((1, INPUTS.channels, INPUTS.n_samples)))).all()


SENSITIVE = replace(INPUTS, acc_floor=1e-5)


def test_a_channel_without_power_has_the_same_value_whatever_its_floor() -> None:
    silence = spectrum_of(np.zeros((1, INPUTS.channels, INPUTS.n_samples)), SENSITIVE)
    np.testing.assert_allclose(silence, np.full_like(silence, silence[0, 0, 0, 0]), rtol=1e-6)
    as_before = spectrum_of(np.zeros((1, INPUTS.channels, INPUTS.n_samples)))
    np.testing.assert_allclose(silence, as_before, rtol=1e-6)


def test_the_floor_of_the_acceleration_is_the_power_at_which_it_doubles() -> None:
    place = BINS // 2
    for inputs in (INPUTS, SENSITIVE):
        window = np.zeros((1, INPUTS.channels, INPUTS.n_samples))
        tone = np.cos(2 * np.pi * CENTRES_BPM[place] / 60 * TIME_S)
        window[0, 4] = np.sqrt(inputs.acc_floor) * tone
        found = spectrum_of(window, inputs) - spectrum_of(np.zeros_like(window), inputs)
        assert found[0, -1, 0, place] == pytest.approx(0.5 * np.log(2), rel=0.03)


def test_hands_on_a_handlebar_are_seen_above_a_low_floor_and_a_sensors_noise_is_not() -> None:
    """They move by 0.02 g; a sensor that lies still has a noise of 0.005 g."""
    rng = np.random.default_rng(0)
    window = np.zeros((1, INPUTS.channels, INPUTS.n_samples))
    window[:, 3:] = 0.005 * rng.standard_normal((1, 3, INPUTS.n_samples))
    assert np.median(power_of(window, SENSITIVE)[0, -1]) < SENSITIVE.acc_floor
    place = BINS // 2
    window[:, 3] += 0.02 * np.sin(2 * np.pi * CENTRES_BPM[place] / 60 * TIME_S)
    assert power_of(window, SENSITIVE)[0, -1, 0, place] > 20 * SENSITIVE.acc_floor
