"""The reference from an ECG: right where it has a value, missing where it cannot know."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.unit.datasets.simulated_ecg import simulated_ecg

from ppgkd.datasets.ecg_reference import reference_from_ecg
from ppgkd.datasets.matlab import read_matrix, read_vector
from ppgkd.datasets.registry import get_dataset
from ppgkd.errors import PpgkdError

RATE_HZ = 700.0


def steady(bpm: float, duration_s: float = 60.0) -> NDArray[np.float64]:
    return np.arange(0.3, duration_s, 60 / bpm)


def touches(centre_s: NDArray[np.float64], from_s: float, to_s: float) -> NDArray[np.bool_]:
    """Whether windows of 8 s touch a stretch of time."""
    return (centre_s + 4 > from_s) & (centre_s - 4 < to_s)


@pytest.mark.parametrize("rate_hz", [125.0, 250.0, 700.0])
@pytest.mark.parametrize("bpm", [40.0, 60.0, 90.0, 150.0, 200.0])
def test_a_steady_heart_has_its_rate_in_every_window(bpm: float, rate_hz: float) -> None:
    centre_s, found_bpm = reference_from_ecg(simulated_ecg(steady(bpm), 60, rate_hz), rate_hz)
    np.testing.assert_allclose(centre_s, 4 + 2 * np.arange(27))
    # of n beats in 8 s, the first and the last may each be off by a sample
    np.testing.assert_allclose(found_bpm, bpm, rtol=2 / (7 * min(rate_hz, 250)))


def test_the_reference_is_the_mean_over_the_beats_in_the_window() -> None:
    # from 60 to 120 BPM within the recording: interval n is that of the rate it begins with
    beats_s = [0.5]
    while beats_s[-1] < 120:
        beats_s.append(beats_s[-1] + 60 / (60 + beats_s[-1] / 2))
    beats = np.array(beats_s)
    centre_s, found_bpm = reference_from_ecg(simulated_ecg(beats, 120, RATE_HZ), RATE_HZ)
    expected = []
    for middle_s in centre_s:
        inside = beats[(beats >= middle_s - 4) & (beats < middle_s + 4)]
        expected.append(60 / np.diff(inside).mean())
    np.testing.assert_allclose(found_bpm, expected, rtol=0.005)


def test_an_ecg_upside_down_and_in_another_unit_has_the_same_reference() -> None:
    ecg = simulated_ecg(steady(75), 60, RATE_HZ)
    _, expected = reference_from_ecg(ecg, RATE_HZ)
    _, found = reference_from_ecg(-2_000 * ecg, RATE_HZ)
    np.testing.assert_allclose(found, expected, rtol=0.005)


def test_a_burst_of_noise_costs_the_windows_that_it_touches_and_falsifies_none() -> None:
    ecg = simulated_ecg(steady(75, 120), 120, RATE_HZ)
    burst = slice(round(50 * RATE_HZ), round(60 * RATE_HZ))
    ecg[burst] += np.random.default_rng(1).normal(0, 1.5, burst.stop - burst.start)
    centre_s, found_bpm = reference_from_ecg(ecg, RATE_HZ)
    known = np.isfinite(found_bpm)
    np.testing.assert_allclose(found_bpm[known], 75, rtol=0.01)
    assert not known[touches(centre_s, 52, 58)].any()
    assert known[~touches(centre_s, 49, 61)].all()


@pytest.mark.parametrize("bpm", [50.0, 75.0, 120.0])
def test_a_missing_beat_costs_the_windows_that_it_touches_and_falsifies_none(bpm: float) -> None:
    beats_s = steady(bpm)
    missing = len(beats_s) // 2
    ecg = simulated_ecg(np.delete(beats_s, missing), 60, RATE_HZ)
    centre_s, found_bpm = reference_from_ecg(ecg, RATE_HZ)
    gap = touches(centre_s, beats_s[missing - 1] + 0.1, beats_s[missing + 1] - 0.1)
    assert np.isnan(found_bpm[gap]).all()
    np.testing.assert_allclose(found_bpm[~gap], bpm, rtol=0.01)


@pytest.mark.parametrize("bpm", [50.0, 75.0, 120.0])
def test_a_beat_too_many_costs_the_windows_that_it_touches_and_falsifies_none(bpm: float) -> None:
    beats_s = steady(bpm)
    middle = len(beats_s) // 2
    extra_s = beats_s[middle : middle + 2].mean()
    ecg = simulated_ecg(np.sort(np.append(beats_s, extra_s)), 60, RATE_HZ)
    centre_s, found_bpm = reference_from_ecg(ecg, RATE_HZ)
    from_s, to_s = beats_s[middle : middle + 2]
    assert np.isnan(found_bpm[touches(centre_s, from_s + 0.1, to_s - 0.1)]).all()
    far = ~touches(centre_s, from_s - 0.1, to_s + 0.1)
    np.testing.assert_allclose(found_bpm[far], bpm, rtol=0.01)


def test_an_ecg_that_stops_has_no_reference_from_there_on() -> None:
    ecg = simulated_ecg(steady(75), 60, RATE_HZ)
    ecg[round(30 * RATE_HZ) :] = 0.0
    centre_s, found_bpm = reference_from_ecg(ecg, RATE_HZ)
    assert np.isfinite(found_bpm[centre_s < 25]).all()
    assert np.isnan(found_bpm[centre_s > 28]).all()


@pytest.mark.parametrize("lost", [np.nan, np.inf])
def test_a_sample_that_is_lost_costs_the_windows_over_it(lost: float) -> None:
    ecg = simulated_ecg(steady(75), 60, RATE_HZ)
    ecg[round(29.9 * RATE_HZ)] = lost
    centre_s, found_bpm = reference_from_ecg(ecg, RATE_HZ)
    over = touches(centre_s, 29.9, 29.9)
    assert np.isnan(found_bpm[over]).all()
    np.testing.assert_allclose(found_bpm[~over], 75, rtol=0.01)


def test_a_breathing_heart_at_rest_keeps_its_reference() -> None:
    # respiratory sinus arrhythmia of a young person: intervals from 0.85 to 1.15 s within 5 s
    beats_s = [0.5]
    while beats_s[-1] < 120:
        beats_s.append(beats_s[-1] + 1 + 0.15 * np.sin(2 * np.pi * beats_s[-1] / 5))
    _, found_bpm = reference_from_ecg(simulated_ecg(np.array(beats_s), 120, RATE_HZ), RATE_HZ)
    assert np.isfinite(found_bpm).mean() > 0.95


@pytest.mark.parametrize(
    "ecg",
    [
        np.random.default_rng(0).standard_normal(round(120 * RATE_HZ)),
        np.zeros(round(120 * RATE_HZ)),
        np.full(round(120 * RATE_HZ), np.nan),
    ],
    ids=["noise", "flat", "lost"],
)
def test_what_is_no_ecg_has_no_reference(ecg: NDArray[np.float64]) -> None:
    _, found_bpm = reference_from_ecg(ecg, RATE_HZ)
    assert len(found_bpm) == 57
    assert np.isnan(found_bpm).all()


@pytest.mark.parametrize(("duration_s", "n_windows"), [(0, 0), (7.9, 0), (8, 1), (9.9, 1), (10, 2)])
def test_only_whole_windows_are_given(duration_s: float, n_windows: int) -> None:
    centre_s, found_bpm = reference_from_ecg(np.zeros(round(duration_s * RATE_HZ)), RATE_HZ)
    assert len(centre_s) == len(found_bpm) == n_windows


def test_windows_of_another_length_and_stride() -> None:
    ecg = simulated_ecg(steady(75), 60, RATE_HZ)
    centre_s, found_bpm = reference_from_ecg(ecg, RATE_HZ, window_s=10, stride_s=5)
    np.testing.assert_allclose(centre_s, 5 + 5 * np.arange(11))
    np.testing.assert_allclose(found_bpm, 75, rtol=0.005)


def test_too_slow_an_ecg_is_refused() -> None:
    with pytest.raises(PpgkdError, match=r"50 Hz; at least 100 Hz"):
        reference_from_ecg(np.zeros(1_000), 50.0)


def test_on_real_recordings_it_is_the_published_reference(real_data: Path) -> None:
    """The Cup's training set publishes both an ECG and a reference."""
    difference_bpm, n_windows = [], 0
    for entry in get_dataset("ieee_spc_train").recordings:
        signal, published = (real_data / file.local for file in entry.files)
        if not signal.exists():
            continue
        ecg = read_matrix(signal, "sig", (6,), 1_000)[0]
        published_bpm = read_vector(published, "BPM0")
        _, bpm = reference_from_ecg(ecg, 125.0)
        both = min(len(bpm), len(published_bpm))
        n_windows += both
        difference_bpm.append(np.abs(bpm[:both] - published_bpm[:both]))
    if not difference_bpm:
        pytest.skip(f"no files of the Cup's training set in {real_data}")
    difference = np.concatenate(difference_bpm)
    known = np.isfinite(difference)
    assert known.sum() > 0.9 * n_windows
    assert difference[known].mean() < 0.25
    assert np.quantile(difference[known], 0.99) < 1.5
