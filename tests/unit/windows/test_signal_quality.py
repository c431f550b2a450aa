"""Template matching: 1 where all pulses are alike, low where they are not, 0 where none can be."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ppgkd.windows.preprocessing import WindowSpec, preprocess, resampling_matrix
from ppgkd.windows.signal_quality import GOOD_CORRELATION, pulse_peaks, template_correlation

SPEC = WindowSpec(length_s=8, stride_s=2, rate_hz=25, low_hz=0.4, high_hz=8)
RAW_HZ = 100


def pulses(bpm: float, depth: float = 0.45, seconds: float = 8.0) -> NDArray[np.float64]:
    """A pulse wave with a second, dicrotic rise."""
    phase = 2 * np.pi * bpm / 60 * (np.arange(round(seconds * RAW_HZ)) + 0.5) / RAW_HZ
    return np.sin(phase) + depth * np.sin(2 * phase + 0.6) + 0.12 * np.cos(3 * phase)


def quality(*windows: NDArray[np.float64]) -> list[float]:
    raw = np.stack(windows)[:, None]
    ready = preprocess(raw, resampling_matrix(SPEC, RAW_HZ), ("ppg_1",))
    return template_correlation(ready, SPEC.rate_hz)[:, 0].tolist()


@pytest.mark.parametrize("bpm", [40, 60, 85, 120, 165, 200])
def test_pulses_that_are_all_alike_correlate_fully(bpm: float) -> None:
    (found,) = quality(pulses(bpm))
    assert found == pytest.approx(1, abs=0.03)
    assert found > GOOD_CORRELATION


def test_neither_scale_nor_offset_nor_drift_below_the_pass_band_matters() -> None:
    drift = 5 * np.cos(np.pi * np.arange(800) / 800)
    plain, loud, drifting = quality(pulses(75), 1e4 * pulses(75) + 1e6, pulses(75) + drift)
    assert loud == pytest.approx(plain, abs=1e-4)
    assert drifting == pytest.approx(plain, abs=0.01)


def test_an_upside_down_pulse_is_as_good() -> None:
    (found,) = quality(-pulses(75))
    assert found > 0.97


def test_noise_is_not_good() -> None:
    noise = np.random.default_rng(0).standard_normal((200, 800))
    good = np.array(quality(*noise)) >= GOOD_CORRELATION
    assert good.mean() < 0.02


def test_a_disturbance_makes_it_worse_and_a_larger_one_worse_still() -> None:
    rng = np.random.default_rng(0)
    disturbed = [pulses(75) + sd * rng.standard_normal((50, 800)) for sd in (0.0, 0.5, 1.5)]
    clean, some, much = (np.mean(quality(*windows)) for windows in disturbed)
    assert clean > some + 0.02
    assert some > much + 0.1


@pytest.mark.parametrize(
    ("what", "window"),
    [
        ("nothing", np.zeros(800)),
        ("one pulse", np.exp(-(((np.arange(800) - 400) / 12) ** 2))),
        ("a gap of 3.4 s", pulses(75) * (np.abs(np.arange(800) - 400) > 170)),
        (
            "intervals of 0.4 and 1 s",
            np.concatenate([pulses(150, seconds=4), pulses(60, seconds=4)]),
        ),
    ],
)
def test_what_no_heart_does_counts_as_no_pulse(what: str, window: NDArray[np.float64]) -> None:
    assert quality(window) == [0]


def test_every_channel_of_every_window_has_its_own() -> None:
    noise = np.random.default_rng(3).standard_normal(800)
    raw = np.stack([np.stack([pulses(75), noise]), np.stack([noise, pulses(120)])])
    ready = preprocess(raw, resampling_matrix(SPEC, RAW_HZ), ("ppg_1", "ppg_2"))
    found = template_correlation(ready, SPEC.rate_hz)
    assert found.shape == (2, 2)
    assert (found >= GOOD_CORRELATION).tolist() == [[True, False], [False, True]]


def test_no_windows_have_no_quality() -> None:
    assert template_correlation(np.zeros((0, 2, 200), np.float32), 25.0).shape == (0, 2)


def test_the_peaks_are_those_that_neurokit_finds() -> None:
    # neurokit2 0.2.13, ppg_findpeaks(..., sampling_rate=100, method="elgendi"), which leaves out
    # the first at 0.09 s: half of that pulse is before the signal
    time_s = (np.arange(3000) + 0.5) / 100
    phase = 2 * np.pi * 1.2 * time_s + 1.5 * np.sin(0.2 * np.pi * time_s)
    signal = np.sin(phase) + 0.45 * np.sin(2 * phase + 0.6) + 0.12 * np.cos(3 * phase)
    signal *= 1 + 0.2 * np.sin(0.5 * np.pi * time_s)
    expected = [
        *(83, 159, 239, 325, 417, 511, 605, 695, 779, 858, 934, 1008, 1083, 1160, 1240, 1325),
        *(1416, 1511, 1605, 1695, 1779, 1858, 1934, 2009, 2083, 2159, 2239, 2325, 2417, 2511),
        *(2605, 2695, 2779, 2858, 2934),
    ]
    (found,) = pulse_peaks(signal[None], 100.0)
    assert found[found > 20].tolist() == expected
