"""Augmented views: the same again for the same seed and number, and true to the heart rate."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from ppgkd.augment import STRETCH_RANGE, View, augmented_view
from ppgkd.heart_rate import BPM_MAX, BPM_MIN

RATE_HZ, N_SAMPLES = 25.0, 200
TIME_S = np.arange(N_SAMPLES) / RATE_HZ


def noise(count: int, channels: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, channels, N_SAMPLES, generator=generator)


def rates(count: int) -> Tensor:
    return torch.linspace(60, 170, count)


def tones(hr_bpm: Tensor, channels: int) -> Tensor:
    phase = 2 * np.pi * hr_bpm.double().numpy()[:, None] / 60 * TIME_S
    tone = torch.tensor(np.sqrt(2) * np.sin(phase), dtype=torch.float32)
    return tone[:, None].repeat(1, channels, 1)


def dominant_bpm(channel: NDArray[np.floating]) -> float:
    """Highest peak of the zero-padded periodogram, 0.1 BPM apart."""
    n_fft = round(60 * RATE_HZ / 0.1)
    power = np.abs(np.fft.rfft(channel * np.hanning(len(channel)), n_fft))
    return float(60 * np.fft.rfftfreq(n_fft, 1 / RATE_HZ)[power.argmax()])


def same(one: View, other: View) -> bool:
    return torch.equal(one.signal, other.signal) and torch.equal(one.hr_bpm, other.hr_bpm)


def test_a_seed_and_a_number_give_the_same_view_whatever_was_drawn_before() -> None:
    signal, hr_bpm = noise(8, 5), rates(8)
    first = augmented_view(signal, hr_bpm, 2, seed=3, view=4)
    torch.rand(7)
    assert same(augmented_view(signal, hr_bpm, 2, seed=3, view=4), first)


@pytest.mark.parametrize(("seed", "view"), [(3, 5), (4, 4), (0, 0)])
def test_another_seed_or_number_gives_another_view(seed: int, view: int) -> None:
    signal, hr_bpm = noise(8, 5), rates(8)
    first = augmented_view(signal, hr_bpm, 2, seed=3, view=4)
    other = augmented_view(signal, hr_bpm, 2, seed=seed, view=view)
    assert (other.hr_bpm != first.hr_bpm).all()
    assert (other.signal[:, :2] != first.signal[:, :2]).any(dim=2).all()


def test_views_of_different_seeds_never_coincide() -> None:
    hr_bpm = torch.full((1,), 100.0)
    made = {
        augmented_view(noise(1, 1), hr_bpm, 1, seed, view).hr_bpm.item()
        for seed in range(5)
        for view in range(20)
    }
    assert len(made) == 100


def test_the_windows_themselves_stay_as_they_are() -> None:
    signal, hr_bpm = noise(8, 5), rates(8)
    before = signal.clone(), hr_bpm.clone()
    augmented_view(signal, hr_bpm, 2, seed=0, view=0)
    assert torch.equal(signal, before[0])
    assert torch.equal(hr_bpm, before[1])


@pytest.mark.parametrize("ppg_channels", [1, 2, 3])
@pytest.mark.parametrize("acc_channels", [0, 3])
def test_a_view_has_the_shape_of_its_windows(ppg_channels: int, acc_channels: int) -> None:
    signal = noise(6, ppg_channels + acc_channels)
    view = augmented_view(signal, rates(6), ppg_channels, seed=0, view=0)
    assert view.signal.shape == signal.shape
    assert view.signal.dtype == torch.float32
    assert view.hr_bpm.shape == (6,)
    assert torch.isfinite(view.signal).all()


def test_the_heart_rate_is_scaled_as_the_signal_is() -> None:
    hr_bpm = rates(40)
    view = augmented_view(tones(hr_bpm, 2), hr_bpm, 2, seed=1, view=2)
    found = [dominant_bpm(channel) for channel in view.signal[:, 0].numpy()]
    np.testing.assert_allclose(found, view.hr_bpm, rtol=0.02)
    assert (view.hr_bpm / hr_bpm - 1).abs().max() > 0.1, "the stretch must be large enough to see"


def test_windows_are_stretched_by_factors_that_fill_the_range() -> None:
    hr_bpm = torch.full((2_000,), 100.0)
    factor = augmented_view(noise(2_000, 1), hr_bpm, 1, seed=0, view=0).hr_bpm.numpy() / 100
    low, high = STRETCH_RANGE
    assert low <= factor.min() < 1.01 * low
    assert 0.99 * high < factor.max() <= high
    # uniform in the logarithm, so the median is the geometric mean of the ends
    assert np.median(factor) == pytest.approx(np.sqrt(low * high), rel=0.01)


@pytest.mark.parametrize("hr_bpm", [30.0, 33.0, 36.0, 200.0, 206.0, 209.0])
def test_no_rate_leaves_the_grid(hr_bpm: float) -> None:
    everywhere = torch.full((500,), hr_bpm)
    for view in range(4):
        found = augmented_view(noise(500, 1), everywhere, 1, seed=0, view=view).hr_bpm
        assert found.min() >= BPM_MIN
        assert found.max() <= BPM_MAX


def test_acceleration_is_stretched_with_the_heart_rate_and_nothing_else() -> None:
    signal, hr_bpm = noise(50, 5), rates(50)
    view = augmented_view(signal, hr_bpm, 2, seed=0, view=1)
    sample = np.arange(N_SAMPLES)
    centre = (N_SAMPLES - 1) / 2
    for row in range(50):
        factor = float(view.hr_bpm[row]) / float(hr_bpm[row])
        place = centre + factor * (sample - centre)
        for axis in range(2, 5):
            expected = np.interp(place, sample, signal[row, axis], left=0, right=0)
            np.testing.assert_allclose(view.signal[row, axis], expected, atol=2e-3)


def test_a_faster_view_is_silent_where_it_runs_out_of_signal() -> None:
    hr_bpm = torch.full((200,), 100.0)
    view = augmented_view(torch.ones(200, 2, N_SAMPLES), hr_bpm, 1, seed=0, view=0)
    factor = view.hr_bpm.numpy() / 100
    share = (view.signal[:, 1] == 0).float().mean(dim=1).numpy()
    np.testing.assert_allclose(share, np.clip(1 - 1 / factor, 0, None), atol=2.5 / N_SAMPLES)


@pytest.mark.parametrize("ppg_channels", [1, 2, 3])
def test_every_ppg_channel_has_unit_power(ppg_channels: int) -> None:
    signal, hr_bpm = noise(50, ppg_channels + 3), rates(50)
    view = augmented_view(signal, hr_bpm, ppg_channels, seed=0, view=0)
    power = view.signal[:, :ppg_channels].double().square().mean(dim=2)
    np.testing.assert_allclose(power, 1, rtol=1e-5)


def test_noise_differs_between_channels_windows_and_views() -> None:
    hr_bpm = torch.full((3,), 100.0)
    silence = torch.zeros(3, 2, N_SAMPLES)
    views = [augmented_view(silence, hr_bpm, 2, seed=0, view=v).signal for v in (0, 1)]
    rows = torch.cat(views).reshape(-1, N_SAMPLES).double().numpy()
    correlation = np.corrcoef(rows) - np.eye(len(rows))
    assert np.abs(correlation).max() < 5 / np.sqrt(N_SAMPLES)


def test_noise_hides_a_pulse_only_a_little() -> None:
    hr_bpm = rates(100)
    view = augmented_view(tones(hr_bpm, 1), hr_bpm, 1, seed=0, view=0)
    factor = (view.hr_bpm / hr_bpm).double().numpy()
    centred_s = TIME_S - TIME_S.mean()
    explained = []
    for channel, scale, bpm in zip(view.signal[:, 0].double(), factor, hr_bpm, strict=True):
        stretched = 2 * np.pi * float(bpm) / 60 * (TIME_S.mean() + scale * centred_s)
        audible = np.abs(scale * centred_s) <= centred_s.max()
        tone = np.sin(stretched) * audible
        explained.append((channel.numpy() @ tone) ** 2 / (tone @ tone) / N_SAMPLES)
    assert np.min(explained) > 0.85
    assert np.min(explained) < 0.99, "there must be noise"


def test_now_and_then_one_channel_stands_in_for_another() -> None:
    """Copies share everything but the added noise; channels of their own share nothing."""
    signal, hr_bpm = noise(1_000, 3), torch.full((1_000,), 100.0)
    view = augmented_view(signal, hr_bpm, 3, seed=0, view=0).signal.double().numpy()
    pairs = [np.corrcoef(window)[np.triu_indices(3, k=1)].max() for window in view]
    share = np.mean(np.array(pairs) > 0.7)
    assert 0.02 < share < 0.2


def test_a_single_channel_is_never_lost() -> None:
    hr_bpm = rates(200)
    view = augmented_view(tones(hr_bpm, 1), hr_bpm, 1, seed=0, view=0)
    found = [dominant_bpm(channel) for channel in view.signal[:, 0].numpy()]
    np.testing.assert_allclose(found, view.hr_bpm, rtol=0.02)
