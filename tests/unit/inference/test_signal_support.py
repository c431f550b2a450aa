"""What a window's signal says of an estimate: harmonics, noise, motion, half and double rates."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ppgkd.inference.signal_support import Support, signal_support

RATE_HZ = 25.0
TIME_S = np.arange(200) / RATE_HZ
NOISE = np.random.default_rng(0).normal(0, 0.2, 200)
CHANNELS = ("ppg_1", "ppg_2", "acc_x", "acc_y", "acc_z")

Samples = NDArray[np.float64]


def tones(bpm: float, amplitudes: tuple[float, ...]) -> Samples:
    """A signal with these amplitudes at the multiples of a rate."""
    parts = [a * np.sin(2 * np.pi * n * bpm / 60 * TIME_S) for n, a in enumerate(amplitudes, 1)]
    return np.asarray(np.sum(parts, axis=0))


def pulse(bpm: float) -> Samples:
    return tones(bpm, (1.0, 0.5, 0.25))


def support(ppg: Samples, bpm: float, acc: Samples | None = None) -> Support:
    """Support of an estimate by a window whose PPG channels are alike."""
    still = np.zeros(len(TIME_S))
    window = np.stack([ppg, ppg, still, still, still if acc is None else acc])[None]
    return signal_support(window, CHANNELS, RATE_HZ, np.array([bpm]))


@given(bpm=st.floats(40, 200))
def test_a_clean_pulse_supports_its_rate(bpm: float) -> None:
    found = support(pulse(bpm), bpm)
    assert found.pulse > 0.75
    assert found.not_double > 0.85
    assert found.not_triple > 0.85
    assert found.not_half > 0.4


@given(bpm=st.floats(100, 240))
def test_a_pulse_of_twice_the_estimate_has_no_power_at_it(bpm: float) -> None:
    assert support(pulse(bpm), bpm / 2).not_half < 0.05


@given(bpm=st.floats(30, 100))
def test_a_pulse_of_half_the_estimate_leaves_power_between_its_harmonics(bpm: float) -> None:
    # slope powers 1, 1 and 0.56: the second is at the estimate, the others between
    assert support(pulse(bpm), 2 * bpm).not_double < 0.5


@given(bpm=st.floats(30, 69))
def test_a_pulse_of_a_third_of_the_estimate_leaves_power_between_its_harmonics(bpm: float) -> None:
    # slope powers 1, 1 and 0.56: the last is at the estimate, the others between
    assert support(pulse(bpm), 3 * bpm).not_triple < 0.4


@given(bpm=st.floats(100, 230))
def test_a_pulse_of_twice_the_estimate_leaves_none_at_it(bpm: float) -> None:
    assert support(pulse(bpm), bpm / 2).not_half < 0.1


@given(seed=st.integers(0, 1000), bpm=st.floats(40, 200), exponent=st.floats(0, 1))
def test_noise_of_any_colour_is_no_pulse(seed: int, bpm: float, exponent: float) -> None:
    white = np.fft.rfft(np.random.default_rng(seed).normal(size=200))
    order = np.arange(101)
    band = (order >= 4) & (order <= 64)  # the pass band, 0.5 to 8 Hz
    noise = np.fft.irfft(band * white / np.maximum(order, 1) ** exponent)
    assert support(noise, bpm).pulse < 0.5


def test_a_lost_sample_in_ten_hides_the_pulse() -> None:
    spoilt = 0.2 * pulse(72)
    spoilt[::10] -= 10
    assert support(spoilt, 72).pulse < 0.1 < 0.75 < support(pulse(72), 72).pulse


def test_a_rate_that_the_acceleration_has_is_no_pulse() -> None:
    steps = tones(110, (1.0, 0.4))
    mixed = 0.3 * pulse(80) + steps
    at_steps, at_pulse = (support(mixed, bpm, acc=0.5 * steps) for bpm in (110, 80))
    assert at_steps.pulse < 0.3 < at_pulse.pulse
    assert support(mixed, 110).pulse > support(mixed, 80).pulse  # without an accelerometer


@given(cadence=st.floats(50, 62), harmonic=st.sampled_from([3, 4]))
def test_a_harmonic_of_the_steps_that_the_acceleration_hardly_has_is_no_pulse(
    cadence: float, harmonic: int
) -> None:
    # the powers of a runner's wrist, and a PPG that has the higher harmonics alone
    acc = 0.5 * tones(cadence, (1.0, 0.77, 0.32, 0.3))
    ppg = tones(cadence, (0, 0, *(float(n == harmonic) for n in (3, 4)))) + NOISE
    assert support(ppg, harmonic * cadence).pulse > 0.6
    assert support(ppg, harmonic * cadence, acc=acc).pulse < 0.45


@given(cadence=st.floats(100, 130))
def test_half_of_a_strong_rate_of_motion_is_no_pulse(cadence: float) -> None:
    acc, ppg = 0.2 * tones(cadence, (1.0,)), tones(cadence / 2, (1.0, 0.5)) + NOISE
    assert support(ppg, cadence / 2).pulse > 0.3
    assert support(ppg, cadence / 2, acc=acc).pulse < 0.15


@given(bpm=st.floats(65, 100), between=st.sampled_from([1.5, 2.5]))
def test_steps_between_the_harmonics_of_a_pulse_do_not_make_it_a_doubled_one(
    bpm: float, between: float
) -> None:
    steps = tones(between * bpm, (1.0,))
    mixed = pulse(bpm) + 1.5 * steps
    assert support(mixed, bpm).not_double < 0.75
    assert support(mixed, bpm, acc=0.3 * steps).not_double > 0.85


@given(bpm=st.floats(60, 75))
def test_a_doubled_rate_is_seen_beside_motion_that_is_elsewhere(bpm: float) -> None:
    swing = tones(2.6 * bpm, (0.3,))  # neither it nor its half is 1, 3 or 5 times the pulse
    assert support(pulse(bpm), 2 * bpm, acc=swing).not_double < 0.5


def test_the_noise_of_an_accelerometer_at_rest_is_no_motion() -> None:
    noise = np.random.default_rng(0).normal(0, 0.01, 200)
    resting, silent = support(pulse(70), 70, acc=noise), support(pulse(70), 70)
    np.testing.assert_array_equal(resting.pulse, silent.pulse)


@given(scale=st.floats(1e-3, 1e6), sign=st.sampled_from([-1, 1]))
def test_neither_the_scale_nor_the_polarity_of_the_sensor_matters(scale: float, sign: int) -> None:
    np.testing.assert_allclose(
        support(sign * scale * pulse(72), 72), support(pulse(72), 72), rtol=1e-6
    )


def test_a_dead_channel_takes_nothing_away() -> None:
    both = np.stack([pulse(72), pulse(72)])[None]
    one = np.stack([pulse(72), np.zeros(200)])[None]
    channels, bpm = ("ppg_1", "ppg_2"), np.array([72.0])
    np.testing.assert_allclose(
        signal_support(one, channels, RATE_HZ, bpm), signal_support(both, channels, RATE_HZ, bpm)
    )


def test_without_a_signal_nothing_is_supported() -> None:
    assert support(np.zeros(200), 72) == Support(*[[0.0]] * len(Support._fields))


@pytest.mark.parametrize("n_windows", [0, 1, 7])
def test_windows_are_judged_one_by_one(n_windows: int) -> None:
    rng = np.random.default_rng(0)
    window, bpm = rng.normal(size=(n_windows, 5, 200)), rng.uniform(40, 200, n_windows)
    together = signal_support(window, CHANNELS, RATE_HZ, bpm)
    for row in range(n_windows):
        alone = signal_support(window[[row]], CHANNELS, RATE_HZ, bpm[[row]])
        np.testing.assert_allclose(alone, np.array(together)[:, [row]], rtol=1e-9)
