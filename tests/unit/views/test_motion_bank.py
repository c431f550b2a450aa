"""Real motion under other pulses: what is taken from which window, and what the label is."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from ppgkd.grid import BPM_MAX, BPM_MIN
from ppgkd.models.capacity import InputShape
from ppgkd.models.spectrum import Spectrum
from ppgkd.views.augment import Augmentation, augmented_view
from ppgkd.views.motion_bank import MOTION_STRETCH, PULSE_STRETCH, MotionBank, motion_bank

RATE_HZ, N_SAMPLES = 25.0, 200
TIME_S = (torch.arange(N_SAMPLES) - (N_SAMPLES - 1) / 2) / RATE_HZ
INPUTS = InputShape(1, 3, N_SAMPLES, RATE_HZ)
ALWAYS = Augmentation(
    time_stretch=1,
    noise_sd=0,
    channel_dropout=0,
    polarity=0,
    time_reversal=0,
    axis_rotation=0,
    real_motion=1,
)


def wave(bpm: Tensor) -> Tensor:
    """Sines of unit variance, shape (n_windows, 1, n_samples)."""
    return math.sqrt(2) * torch.sin(2 * math.pi / 60 * bpm[:, None, None] * TIME_S)


def at_rest(hr_bpm: Tensor, channels: int = 1) -> Tensor:
    """A plain pulse, and an accelerometer that does not move."""
    still = torch.zeros(len(hr_bpm), 3, N_SAMPLES)
    return torch.cat([wave(hr_bpm).expand(-1, channels, -1), still], dim=1)


def moving(hr_bpm: Tensor, cadence_bpm: Tensor, channels: int = 1) -> Tensor:
    """Motion that hides the pulse, and is in the accelerometer, too."""
    steps = wave(cadence_bpm)
    ppg = (0.5 * wave(hr_bpm) + 2 * steps).expand(-1, channels, -1)
    return torch.cat([ppg, 0.3 * steps.expand(-1, 3, -1)], dim=1)


def bank_of(signal: Tensor, hr_bpm: Tensor, inputs: InputShape = INPUTS) -> MotionBank:
    bank = motion_bank(signal, hr_bpm, inputs)
    assert bank is not None
    return bank


def mixed(signal: Tensor, hr_bpm: Tensor, inputs: InputShape = INPUTS, seed: int = 0) -> Tensor:
    bank = bank_of(signal, hr_bpm, inputs)
    return augmented_view(signal, hr_bpm, inputs, ALWAYS, seed, 0, bank).signal


def peak_bpm(channel: Tensor) -> Tensor:
    grid_bpm = torch.arange(30, 240.0)
    phase = 2 * math.pi / 60 * TIME_S[:, None] * grid_bpm
    power = (channel @ phase.cos()).square() + (channel @ phase.sin()).square()
    return grid_bpm[power.argmax(dim=-1)]


HR_BPM = torch.tensor([60.0, 72.0, 90.0, 110.0, 130.0, 150.0])
CADENCE_BPM = torch.tensor([95.0, 100.0, 130.0, 75.0, 85.0, 100.0])
REST_AND_MOTION = torch.cat([at_rest(HR_BPM), moving(HR_BPM, CADENCE_BPM)])
RATES = torch.cat([HR_BPM, HR_BPM])


def test_a_plain_pulse_gives_its_pulse_and_a_moving_window_its_motion() -> None:
    bank = bank_of(REST_AND_MOTION, RATES)
    assert bank.pulses.tolist() == [0, 1, 2, 3, 4, 5]
    assert bank.motions.tolist() == [6, 7, 8, 9, 10, 11]


def test_an_artefact_is_what_the_ppg_has_besides_its_pulse() -> None:
    artefacts = bank_of(REST_AND_MOTION, RATES).artefacts[:, 0]
    steps = wave(CADENCE_BPM)[:, 0]
    correlation = (artefacts * steps).mean(dim=1)
    assert correlation.tolist() == pytest.approx([1] * 6, abs=0.05)


def test_the_label_of_a_mixed_window_is_the_rate_of_the_pulse_that_it_got() -> None:
    """Where the artefact is weak, the peak of the PPG is at the label."""
    hr_bpm = 60 + 0.4 * torch.arange(200)
    signal = torch.cat([at_rest(hr_bpm), moving(hr_bpm, hr_bpm.flip(0) + 20)])
    rates = torch.cat([hr_bpm, hr_bpm])
    view = augmented_view(signal, rates, INPUTS, ALWAYS, 0, 0, bank_of(signal, rates))
    error_bpm = (peak_bpm(view.signal[:, 0]) - view.hr_bpm).abs()
    assert (error_bpm <= 3).float().mean() > 0.2  # a third of the artefacts are below the pulse


def test_heart_rate_and_cadence_are_drawn_apart() -> None:
    """In the recordings the cadence is the heart rate; in the views they do not correlate."""
    hr_bpm = torch.linspace(80, 160, 400)
    signal = torch.cat([at_rest(hr_bpm), moving(hr_bpm, hr_bpm + 12)])
    rates = torch.cat([hr_bpm, hr_bpm])
    view = augmented_view(signal, rates, INPUTS, ALWAYS, 0, 0, bank_of(signal, rates))
    pairs = torch.stack([view.hr_bpm, peak_bpm(view.signal[:, 1])])[:, 400:]
    assert abs(torch.corrcoef(pairs)[0, 1].item()) < 0.2


def test_motion_is_in_the_ppg_where_it_is_in_the_accelerometer() -> None:
    """The strongest line of most mixed windows is one of the accelerometer."""
    hr_bpm = torch.linspace(60, 100, 300)
    signal = torch.cat([at_rest(hr_bpm), moving(hr_bpm, hr_bpm + 40)])
    rates = torch.cat([hr_bpm, hr_bpm])
    view = mixed(signal, rates)
    steps_bpm, ppg_bpm = peak_bpm(view[:, 1]), peak_bpm(view[:, 0])
    at_steps = ((ppg_bpm - steps_bpm).abs() < 6) | ((ppg_bpm - 2 * steps_bpm).abs() < 8)
    assert at_steps.float().mean() > 0.4


@settings(max_examples=20, deadline=None)
@given(
    hr_bpm=st.lists(st.floats(BPM_MIN, BPM_MAX), min_size=1, max_size=6),
    channels=st.integers(1, 3),
    seed=st.integers(0, 2**32),
)
def test_every_label_is_a_class_within_the_stretch_and_every_sample_is_finite(
    hr_bpm: list[float], channels: int, seed: int
) -> None:
    own_bpm = torch.tensor(hr_bpm)
    inputs = InputShape(channels, 3, N_SAMPLES, RATE_HZ)
    signal = torch.cat([at_rest(own_bpm, channels), moving(own_bpm, own_bpm, channels)])
    rates = torch.cat([own_bpm, own_bpm])
    bank = motion_bank(signal, rates, inputs)
    if bank is None:
        return
    view = augmented_view(signal, rates, inputs, ALWAYS, seed, 0, bank)
    assert view.signal.isfinite().all()
    assert ((view.hr_bpm >= BPM_MIN) & (view.hr_bpm <= BPM_MAX)).all()
    ratio = view.hr_bpm[bank.pulses] / rates[bank.pulses]
    assert ((ratio > 1 / PULSE_STRETCH - 1e-4) & (ratio < PULSE_STRETCH + 1e-4)).all()


def test_windows_without_a_reference_give_nothing_and_stay_as_they_are() -> None:
    signal = torch.cat([REST_AND_MOTION, at_rest(HR_BPM[:1]), moving(HR_BPM[:1], HR_BPM[1:2])])
    rates = torch.cat([RATES, torch.full((2,), math.nan)])
    bank = bank_of(signal, rates)
    assert 12 not in bank.pulses
    assert 13 not in bank.motions
    view = augmented_view(signal, rates, INPUTS, ALWAYS, 0, 0, bank)
    torch.testing.assert_close(view.signal[12:], scaled(signal[12:]), atol=1e-4, rtol=0)
    assert view.hr_bpm[12:].isnan().all()


def scaled(signal: Tensor) -> Tensor:
    rms = signal[:, :1].square().mean(dim=2, keepdim=True).sqrt()
    return torch.cat([signal[:, :1] / rms, signal[:, 1:]], dim=1)


@pytest.mark.parametrize(
    ("signal", "inputs"),
    [
        (at_rest(HR_BPM), INPUTS),
        (moving(HR_BPM, CADENCE_BPM), INPUTS),
        (wave(HR_BPM), InputShape(1, 0, N_SAMPLES, RATE_HZ)),
    ],
    ids=["nothing moves", "no plain pulse", "no accelerometer"],
)
def test_there_is_no_bank_without_both_pulse_and_motion(signal: Tensor, inputs: InputShape) -> None:
    assert motion_bank(signal, HR_BPM, inputs) is None


def test_with_probability_zero_nothing_changes() -> None:
    bank = bank_of(REST_AND_MOTION, RATES)
    off = Augmentation(real_motion=0)
    with_bank = augmented_view(REST_AND_MOTION, RATES, INPUTS, off, 0, 0, bank)
    without = augmented_view(REST_AND_MOTION, RATES, INPUTS, off, 0, 0)
    assert torch.equal(with_bank.signal, without.signal)
    assert torch.equal(with_bank.hr_bpm, without.hr_bpm)


def test_a_probability_is_the_share_of_the_windows_that_are_mixed() -> None:
    hr_bpm = torch.linspace(60, 150, 1000)
    signal = torch.cat([at_rest(hr_bpm), moving(hr_bpm, hr_bpm.flip(0))])
    rates = torch.cat([hr_bpm, hr_bpm])
    some = Augmentation(**{**vars(ALWAYS), "real_motion": 0.3})
    view = augmented_view(signal, rates, INPUTS, some, 0, 0, bank_of(signal, rates))
    share = (view.hr_bpm != rates).float().mean().item()
    assert share == pytest.approx(0.3, abs=0.05)


def test_the_cadence_stays_within_its_stretch() -> None:
    cadence_bpm = torch.full((300,), 100.0)
    hr_bpm = torch.linspace(60, 90, 300)
    signal = torch.cat([at_rest(hr_bpm), moving(hr_bpm, cadence_bpm)])
    rates = torch.cat([hr_bpm, hr_bpm])
    found = peak_bpm(mixed(signal, rates)[:, 1])
    assert (found >= 100 / MOTION_STRETCH - 4).all()
    assert (found <= 100 * MOTION_STRETCH + 4).all()


def test_mixed_windows_go_through_the_front_end() -> None:
    spectra = Spectrum(INPUTS)(mixed(REST_AND_MOTION, RATES))
    assert spectra.isfinite().all()


@pytest.mark.parametrize(
    ("signal", "said"),
    [
        (at_rest(HR_BPM), "6 have a plain pulse and 0 have motion"),
        (moving(HR_BPM, CADENCE_BPM), "0 have a plain pulse and 6 have motion"),
    ],
)
def test_windows_that_have_nothing_to_mix_are_told(
    signal: Tensor, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert motion_bank(signal, HR_BPM, INPUTS) is None
    assert said in caplog.text
