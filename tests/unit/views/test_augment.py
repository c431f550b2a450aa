"""Augmented views: reproducible by seed and number, with the right heart rate."""

from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.stats import kstest
from torch import Tensor

from ppgkd.heart_rate import BPM_MAX, BPM_MIN
from ppgkd.models.capacity import InputShape
from ppgkd.models.spectrum import Spectrum
from ppgkd.views.augment import MOTION_ACC_G, MOTION_HZ, Augmentation, augmented_view
from ppgkd.views.examples import Examples

RATE_HZ, N_SAMPLES = 25.0, 200
TIME_S = np.arange(N_SAMPLES) / RATE_HZ
VARIED = Augmentation(polarity=0.5, time_reversal=0.5, axis_rotation=0.5)
NOTHING = Augmentation(
    time_stretch=1,
    noise_sd=0,
    channel_dropout=0,
    motion_artefact=0,
    polarity=0,
    time_reversal=0,
    axis_rotation=0,
)


def shape(ppg: int, acc: int, rate_hz: float = RATE_HZ) -> InputShape:
    return InputShape(ppg, acc, N_SAMPLES, rate_hz)


def only(**augmentation: float) -> Augmentation:
    return replace(NOTHING, **augmentation)


def noise(count: int, channels: int, seed: int = 0) -> Tensor:
    """Windows whose channels have unit variance, as the preprocessing leaves the PPG."""
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(count, channels, N_SAMPLES, generator=generator)
    return drawn / drawn.square().mean(dim=2, keepdim=True).sqrt()


def silence(count: int, channels: int) -> Tensor:
    return torch.zeros(count, channels, N_SAMPLES)


def rates(count: int) -> Tensor:
    return torch.linspace(60, 170, count)


def tones(hr_bpm: Tensor, channels: int) -> Tensor:
    phase = 2 * np.pi * hr_bpm.double().numpy()[:, None] / 60 * TIME_S
    tone = torch.tensor(np.sqrt(2) * np.sin(phase), dtype=torch.float32)
    return tone[:, None].repeat(1, channels, 1)


def dominant_bpm(channel: NDArray[np.floating], rate_hz: float = RATE_HZ) -> float:
    """Highest peak of the zero-padded periodogram, 0.1 BPM apart."""
    n_fft = round(60 * rate_hz / 0.1)
    power = np.abs(np.fft.rfft(channel * np.hanning(len(channel)), n_fft))
    return float(60 * np.fft.rfftfreq(n_fft, 1 / rate_hz)[power.argmax()])


def same(one: Examples, other: Examples) -> bool:
    return torch.equal(one.signal, other.signal) and torch.equal(one.hr_bpm, other.hr_bpm)


def share_of(windows: Tensor) -> float:
    return windows.double().mean().item()


def near(probability: float, count: int) -> object:
    """Within four standard deviations of a binomial share."""
    return pytest.approx(probability, abs=4 * np.sqrt(probability * (1 - probability) / count))


# What a view depends on


def test_a_seed_and_a_number_give_the_same_view_whatever_was_drawn_before() -> None:
    signal, hr_bpm = noise(8, 5), rates(8)
    first = augmented_view(signal, hr_bpm, shape(2, 3), VARIED, seed=3, view=4)
    torch.rand(7)
    assert same(augmented_view(signal, hr_bpm, shape(2, 3), VARIED, seed=3, view=4), first)


@pytest.mark.parametrize(("seed", "view"), [(3, 5), (4, 4), (0, 0)])
def test_another_seed_or_number_gives_another_view(seed: int, view: int) -> None:
    signal, hr_bpm = noise(8, 5), rates(8)
    first = augmented_view(signal, hr_bpm, shape(2, 3), VARIED, seed=3, view=4)
    other = augmented_view(signal, hr_bpm, shape(2, 3), VARIED, seed=seed, view=view)
    assert (other.hr_bpm != first.hr_bpm).all()
    assert (other.signal[:, :2] != first.signal[:, :2]).any(dim=2).all()


def test_views_of_different_seeds_never_coincide() -> None:
    hr_bpm = torch.full((2,), 100.0)
    seeds, views = [0, 1, 2, 2**20, 2**32, 2**32 + 1, 2**64], range(20)
    made = {
        tuple(augmented_view(noise(2, 1), hr_bpm, shape(1, 0), VARIED, seed, view).hr_bpm.tolist())
        for seed in seeds
        for view in views
    }
    assert len(made) == len(seeds) * len(views)


@pytest.mark.parametrize("first", [1, 5, 7, 10, 31, 32, 100])
@pytest.mark.parametrize("inputs", [shape(1, 0), shape(2, 3)])
def test_the_view_of_a_window_does_not_depend_on_the_windows_after_it(
    first: int, inputs: InputShape
) -> None:
    signal, hr_bpm = noise(150, inputs.channels), rates(150)
    for view in range(3):
        everything = augmented_view(signal, hr_bpm, inputs, VARIED, 0, view)
        some = augmented_view(signal[:first], hr_bpm[:first], inputs, VARIED, 0, view)
        assert same(some, Examples(everything.signal[:first], everything.hr_bpm[:first]))


@pytest.mark.parametrize(
    "name", ["channel_dropout", "motion_artefact", "polarity", "time_reversal", "axis_rotation"]
)
def test_switching_one_off_leaves_the_windows_it_would_not_have_changed_as_they_were(
    name: str,
) -> None:
    count, probability = 1_000, 0.4
    signal, hr_bpm = noise(count, 5), rates(count)
    on, off = (
        augmented_view(signal, hr_bpm, shape(2, 3), replace(VARIED, **{name: chance}), 0, 0)
        for chance in (probability, 0)
    )
    untouched = (on.signal == off.signal).flatten(1).all(dim=1)
    assert share_of(~untouched) == near(probability, count)
    assert torch.equal(on.hr_bpm, off.hr_bpm)


def test_switching_the_noise_off_leaves_all_else_as_it_was() -> None:
    signal, hr_bpm = noise(50, 5), rates(50)
    on, off = (
        augmented_view(signal, hr_bpm, shape(2, 3), replace(VARIED, noise_sd=sd), 0, 0)
        for sd in (0.01, 0)
    )
    np.testing.assert_allclose(on.signal[:, :2], off.signal[:, :2], atol=0.1)
    assert torch.equal(on.signal[:, 2:], off.signal[:, 2:])
    assert torch.equal(on.hr_bpm, off.hr_bpm)


def test_switching_the_stretch_off_leaves_all_else_as_it_was() -> None:
    """Silence has nothing to stretch, so all that is heard is the rest."""
    on, off = (
        augmented_view(
            silence(50, 5), rates(50), shape(2, 3), replace(VARIED, time_stretch=factor), 0, 0
        )
        for factor in (1.18, 1)
    )
    assert torch.equal(on.signal, off.signal)


# What a view is


def test_the_windows_themselves_stay_as_they_are() -> None:
    signal, hr_bpm = noise(8, 5), rates(8)
    before = signal.clone(), hr_bpm.clone()
    certain = Augmentation(1.18, 0.2, *[1.0] * (len(fields(Augmentation)) - 2))
    augmented_view(signal, hr_bpm, shape(2, 3), certain, seed=0, view=0)
    assert torch.equal(signal, before[0])
    assert torch.equal(hr_bpm, before[1])


@pytest.mark.parametrize("ppg_channels", [1, 2, 3])
@pytest.mark.parametrize("acc_channels", [0, 3])
@pytest.mark.parametrize("count", [1, 6, 100])
def test_a_view_has_the_shape_of_its_windows(
    ppg_channels: int, acc_channels: int, count: int
) -> None:
    signal, inputs = noise(count, ppg_channels + acc_channels), shape(ppg_channels, acc_channels)
    view = augmented_view(signal, rates(count), inputs, VARIED, seed=0, view=0)
    assert view.signal.shape == signal.shape
    assert view.signal.dtype == torch.float32
    assert view.hr_bpm.shape == (count,)
    assert torch.isfinite(view.signal).all()


@pytest.mark.parametrize("ppg_channels", [1, 2, 3])
def test_every_ppg_channel_has_unit_power(ppg_channels: int) -> None:
    signal, inputs = noise(50, ppg_channels + 3), shape(ppg_channels, 3)
    view = augmented_view(signal, rates(50), inputs, VARIED, seed=0, view=0)
    power = view.signal[:, :ppg_channels].double().square().mean(dim=2)
    np.testing.assert_allclose(power, 1, rtol=1e-5)


def test_without_augmentation_a_view_is_the_windows() -> None:
    signal, hr_bpm = noise(50, 5), rates(50)
    view = augmented_view(signal, hr_bpm, shape(2, 3), NOTHING, seed=0, view=0)
    np.testing.assert_allclose(view.signal, signal, atol=2e-4)
    assert torch.equal(view.hr_bpm, hr_bpm)


def test_a_flat_channel_stays_flat() -> None:
    view = augmented_view(silence(5, 4), rates(5), shape(1, 3), NOTHING, seed=0, view=0)
    assert torch.equal(view.signal, silence(5, 4))


def test_a_withheld_reference_stays_withheld_and_does_not_limit_the_stretch() -> None:
    signal, inputs = noise(100, 5), shape(2, 3)
    withheld = augmented_view(signal, torch.full((100,), torch.nan), inputs, VARIED, 0, 0)
    far_from_the_ends = augmented_view(signal, torch.full((100,), 100.0), inputs, VARIED, 0, 0)
    assert withheld.hr_bpm.isnan().all()
    assert torch.equal(withheld.signal, far_from_the_ends.signal)


def test_the_front_end_does_not_depend_on_polarity_direction_or_axes() -> None:
    signal, inputs = noise(50, 5), shape(2, 3)
    unseen = only(polarity=0.5, time_reversal=0.5, axis_rotation=0.5)
    view = augmented_view(signal, rates(50), inputs, unseen, seed=0, view=0)
    assert (view.signal - signal).abs().max() > 1, "there must be something not to see"
    spectrum = Spectrum(inputs)
    np.testing.assert_allclose(spectrum(view.signal), spectrum(signal), atol=2e-3)


# Time


@pytest.mark.parametrize("time_reversal", [0.0, 1.0])
def test_the_heart_rate_is_scaled_as_the_signal_is(time_reversal: float) -> None:
    hr_bpm = rates(40)
    stretch = only(time_stretch=1.18, noise_sd=0.2, time_reversal=time_reversal)
    view = augmented_view(tones(hr_bpm, 2), hr_bpm, shape(2, 0), stretch, seed=1, view=2)
    found = [dominant_bpm(channel) for channel in view.signal[:, 0].numpy()]
    np.testing.assert_allclose(found, view.hr_bpm, rtol=0.02)
    assert (view.hr_bpm / hr_bpm - 1).abs().max() > 0.1, "the stretch must be large enough to see"


@pytest.mark.parametrize("largest", [1.1, 1.18, 1.3])
def test_windows_are_stretched_by_factors_that_fill_the_range(largest: float) -> None:
    hr_bpm, stretch = torch.full((2_000,), 100.0), only(time_stretch=largest)
    view = augmented_view(noise(2_000, 1), hr_bpm, shape(1, 0), stretch, seed=0, view=0)
    factor = view.hr_bpm.double().numpy() / 100
    assert 0.999 / largest <= factor.min() < 1.01 / largest
    assert 0.99 * largest < factor.max() <= 1.001 * largest
    # uniform in the logarithm, so the median is the geometric mean of the ends
    assert np.median(factor) == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("hr_bpm", [30.0, 33.0, 36.0, 200.0, 206.0, 209.0])
def test_no_rate_leaves_the_grid(hr_bpm: float) -> None:
    everywhere = torch.full((500,), hr_bpm)
    for view in range(4):
        found = augmented_view(noise(500, 1), everywhere, shape(1, 0), VARIED, 0, view).hr_bpm
        assert found.min() >= BPM_MIN
        assert found.max() <= BPM_MAX


def test_acceleration_is_stretched_with_the_heart_rate() -> None:
    signal, hr_bpm = noise(50, 5), rates(50)
    view = augmented_view(signal, hr_bpm, shape(2, 3), only(time_stretch=1.18), seed=0, view=1)
    sample = np.arange(-1, N_SAMPLES + 1)  # with one of silence on either side
    centre = (N_SAMPLES - 1) / 2
    for row in range(50):
        factor = float(view.hr_bpm[row]) / float(hr_bpm[row])
        place = centre + factor * (np.arange(N_SAMPLES) - centre)
        for axis in range(2, 5):
            expected = np.interp(place, sample, np.pad(signal[row, axis], 1))
            np.testing.assert_allclose(view.signal[row, axis], expected, atol=2e-3)


def test_a_compressed_window_is_padded_with_zeros() -> None:
    hr_bpm, ones = torch.full((200,), 100.0), torch.ones(200, 2, N_SAMPLES)
    view = augmented_view(ones, hr_bpm, shape(1, 1), only(time_stretch=1.18), seed=0, view=0)
    factor = view.hr_bpm.numpy() / 100
    share = (view.signal[:, 1] == 0).float().mean(dim=1).numpy()
    np.testing.assert_allclose(share, np.clip(1 - 1 / factor, 0, None), atol=2.5 / N_SAMPLES)


def test_a_reversed_window_is_reversed_in_all_channels() -> None:
    signal, hr_bpm = noise(20, 5), rates(20)
    view = augmented_view(signal, hr_bpm, shape(2, 3), only(time_reversal=1), seed=0, view=0)
    np.testing.assert_allclose(view.signal, signal.flip(2), atol=2e-4)
    assert torch.equal(view.hr_bpm, hr_bpm)


# PPG


def test_noise_differs_between_channels_windows_and_views() -> None:
    hr_bpm, hiss = torch.full((3,), 100.0), only(noise_sd=0.2)
    views = [augmented_view(silence(3, 2), hr_bpm, shape(2, 0), hiss, 0, v).signal for v in (0, 1)]
    rows = torch.cat(views).reshape(-1, N_SAMPLES).double().numpy()
    correlation = np.corrcoef(rows) - np.eye(len(rows))
    assert np.abs(correlation).max() < 5 / np.sqrt(N_SAMPLES)


def test_the_largest_noise_has_the_configured_sd() -> None:
    """Of a tone of unit power, 1 / (1 + sd²) is left when all is scaled to unit power."""
    hr_bpm = torch.full((1_000,), 90.0)  # a whole number of beats
    view = augmented_view(tones(hr_bpm, 1), hr_bpm, shape(1, 0), only(noise_sd=0.5), 0, 0)
    tone = np.sqrt(2) * np.sin(2 * np.pi * 1.5 * TIME_S)
    left = (view.signal[:, 0].double().numpy() @ tone / N_SAMPLES) ** 2
    assert left.min() == pytest.approx(1 / (1 + 0.5**2), abs=0.06)
    assert left.max() == pytest.approx(1, abs=1e-3)


def test_a_dropped_channel_is_replaced_by_any_of_the_others() -> None:
    count, probability = 2_000, 0.3
    signal = noise(count, 3)
    dropout = only(channel_dropout=probability)
    view = augmented_view(signal, rates(count), shape(3, 0), dropout, seed=0, view=0).signal
    correlation = (view[:, :, None] * signal[:, None]).mean(dim=3)
    source = correlation.argmax(dim=2)
    lost = source != torch.arange(3)
    assert share_of(lost.any(dim=1)) == near(probability, count)
    assert lost.sum(dim=1).max() == 1
    for one in range(3):
        for other in {0, 1, 2} - {one}:
            assert share_of(source[:, one] == other) == near(probability / 6, count)


def test_a_single_channel_is_never_dropped() -> None:
    signal = noise(50, 1)
    view = augmented_view(signal, rates(50), shape(1, 0), only(channel_dropout=1), 0, 0)
    np.testing.assert_allclose(view.signal, signal, atol=2e-4)


def test_polarity_inverts_all_ppg_channels_and_no_other() -> None:
    signal = noise(20, 5)
    view = augmented_view(signal, rates(20), shape(2, 3), only(polarity=1), seed=0, view=0)
    expected = torch.cat([-signal[:, :2], signal[:, 2:]], dim=1)
    np.testing.assert_allclose(view.signal, expected, atol=2e-4)


# Motion


@pytest.mark.parametrize("rate_hz", [12.5, 25.0, 50.0])
def test_a_motion_artefact_has_one_rhythm_in_ppg_and_acceleration(rate_hz: float) -> None:
    count, inputs = 100, shape(2, 3, rate_hz)
    view = augmented_view(
        silence(count, 5), rates(count), inputs, only(motion_artefact=1), seed=0, view=0
    )
    found_hz = np.array(
        [
            [dominant_bpm(channel, rate_hz) / 60 for channel in window]
            for window in view.signal.numpy()
        ]
    )
    # two sensors may differ by a little of what one bin of the window's spectrum is wide
    bin_hz = rate_hz / N_SAMPLES
    assert np.ptp(found_hz, axis=1).max() < bin_hz / 4
    slowest_hz, fastest_hz = MOTION_HZ
    assert slowest_hz - bin_hz < found_hz.min() < slowest_hz + 0.1 + bin_hz
    assert fastest_hz - 0.1 - bin_hz < found_hz.max() < fastest_hz + bin_hz


def test_a_motion_artefact_accelerates_along_a_line_by_a_plausible_amount() -> None:
    view = augmented_view(
        silence(500, 4), rates(500), shape(1, 3), only(motion_artefact=1), seed=0, view=0
    )
    power = torch.linalg.eigvalsh(view.signal[:, 1:].double() @ view.signal[:, 1:].double().mT)
    assert (power[:, 1] < 1e-6 * power[:, 2]).all(), "one direction must hold all of it"
    rms_g = (power[:, 2] / N_SAMPLES).sqrt()
    weakest_g, strongest_g = MOTION_ACC_G
    # the harmonic and the swell change the power by less than a half
    assert 0.8 * weakest_g < rms_g.min() < 1.5 * weakest_g
    assert 0.8 * strongest_g < rms_g.max() < 1.25 * strongest_g


def test_a_motion_artefact_hides_the_pulse_by_little_or_much() -> None:
    """At gain g about 1 / (1 + g²) of the power is the pulse's: from 1 / 5 to all of it."""
    pulse_hz = 8.0  # above any artefact and its harmonic, so that the two are orthogonal
    signal = tones(torch.full((500,), 60 * pulse_hz), 2)
    view = augmented_view(signal, rates(500), shape(2, 0), only(motion_artefact=1), 0, 0)
    tone = np.sqrt(2) * np.sin(2 * np.pi * pulse_hz * TIME_S)
    left = (view.signal.double().numpy() @ tone / N_SAMPLES) ** 2
    assert 0.15 < left.min() < 0.25
    assert left.max() > 0.95
    assert (np.abs(np.diff(left, axis=1)) > 0.1).mean() > 0.5, "channels must differ"


def test_the_harmonic_of_a_motion_artefact_is_left_out_where_it_would_alias() -> None:
    rate_hz = 10.0
    view = augmented_view(
        silence(200, 1), rates(200), shape(1, 0, rate_hz), only(motion_artefact=1), 0, 0
    )
    power = np.abs(np.fft.rfft(view.signal[:, 0].numpy() * np.hanning(N_SAMPLES))) ** 2
    frequency_hz = np.fft.rfftfreq(N_SAMPLES, 1 / rate_hz)
    for window in power:
        peak_hz = frequency_hz[window.argmax()]
        if peak_hz > rate_hz / 4 + 0.1:
            assert window[np.abs(frequency_hz - peak_hz) > 0.5].sum() < 1e-3 * window.sum()


# The accelerometer's axes


def test_axes_are_turned_in_all_directions_and_both_hands() -> None:
    count, axes = 4_000, torch.eye(3).repeat(1, 1, N_SAMPLES // 3 + 1)[:, :, :N_SAMPLES]
    signal = torch.cat([noise(1, 1), axes], dim=1).repeat(count, 1, 1)
    view = augmented_view(signal, rates(count), shape(1, 3), only(axis_rotation=1), 0, 0).signal
    turned = view[:, 1:, :3]
    torch.testing.assert_close(
        turned @ turned.mT, torch.eye(3).expand(count, 3, 3), atol=1e-4, rtol=0
    )
    # an axis of a uniform rotation points anywhere: each coordinate is uniform from -1 to 1
    for coordinate in turned.flatten(1).T:
        assert kstest(coordinate, "uniform", args=(-1, 2)).pvalue > 1e-4
    assert share_of(torch.linalg.det(turned) < 0) == near(0.5, count)
    torch.testing.assert_close(view[:, 0], signal[:, 0], atol=2e-4, rtol=0)


# Weaker acceleration


def test_acceleration_is_divided_by_up_to_the_factor_and_the_ppg_stays() -> None:
    signal, hr_bpm = noise(4_000, 5), rates(4_000)
    plain = augmented_view(signal, hr_bpm, shape(2, 3), NOTHING, 0, 0).signal
    view = augmented_view(signal, hr_bpm, shape(2, 3), only(weaker_acceleration=20.0), 0, 0).signal
    assert torch.equal(view[:, :2], plain[:, :2])
    divided_by = (plain[:, 2:] / view[:, 2:]).flatten(1)
    torch.testing.assert_close(
        divided_by, divided_by[:, :1].expand_as(divided_by), rtol=1e-3, atol=0
    )
    factor = divided_by[:, 0].log() / np.log(20)  # uniform from 0 to 1
    assert -1e-4 <= factor.min() < 0.01
    assert 0.99 < factor.max() <= 1 + 1e-4
    assert factor.mean().item() == pytest.approx(0.5, abs=0.02)


def test_windows_without_an_accelerometer_stay_as_they_are() -> None:
    signal, hr_bpm = noise(8, 2), rates(8)
    plain = augmented_view(signal, hr_bpm, shape(2, 0), NOTHING, 0, 0)
    assert same(
        augmented_view(signal, hr_bpm, shape(2, 0), only(weaker_acceleration=20.0), 0, 0), plain
    )


# What happened to the pulse


@pytest.mark.parametrize("labelled", [True, False])
def test_a_view_says_how_far_it_moved_the_rate_of_every_window(labelled: bool) -> None:
    hr_bpm = torch.linspace(60, 150, 40)
    given = hr_bpm if labelled else torch.full((40,), torch.nan)
    view = augmented_view(tones(hr_bpm, 1), given, shape(1, 0), only(time_stretch=1.18), 0, 0)
    assert view.pulse_row.tolist() == [*range(40)]
    if labelled:
        np.testing.assert_allclose(view.hr_bpm, hr_bpm * view.rate_factor, rtol=1e-6)
    else:
        stretch = view.rate_factor.log() / np.log(1.18)
        assert stretch.abs().max() <= 1
        assert stretch.std() == pytest.approx(1 / np.sqrt(3), abs=0.15)


def test_a_view_without_a_stretch_leaves_every_rate() -> None:
    view = augmented_view(noise(5, 4), rates(5), shape(1, 3), NOTHING, 0, 0)
    assert (view.rate_factor == 1).all()
