"""Heart rate from the times of beats, and the intervals that do not count."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ppgkd.datasets.beat_reference import is_artefact, reference_from_beats

DURATION_S = 60.0


def regular(bpm: float, first_s: float = 0.1) -> NDArray[np.float64]:
    return np.arange(first_s, DURATION_S, 60 / bpm)


@settings(max_examples=30)
@given(bpm=st.floats(26, 239), first_s=st.floats(0, 0.25))
def test_a_regular_pulse_has_its_rate_in_every_window(bpm: float, first_s: float) -> None:
    time_s, found_bpm = reference_from_beats(regular(bpm, first_s), DURATION_S)
    np.testing.assert_allclose(time_s, 4 + 2 * np.arange(27))
    np.testing.assert_allclose(found_bpm, bpm, rtol=1e-5)


def test_the_rate_is_60_over_the_mean_interval() -> None:
    interval_s = np.tile([0.8, 1.0], 40)  # a mean of 0.9 s; the mean of the rates would be 67.5
    _, bpm = reference_from_beats(np.cumsum(interval_s), 72.0, window_s=72.0)
    assert bpm == pytest.approx(60 / 0.9, rel=0.01)


@settings(max_examples=40)
@given(bpm=st.floats(40, 200), missed=st.integers(10, 30))
def test_a_missed_beat_does_not_change_the_rate(bpm: float, missed: int) -> None:
    beats = regular(bpm)
    _, found_bpm = reference_from_beats(np.delete(beats, missed), DURATION_S)
    known = found_bpm[np.isfinite(found_bpm)]
    assert len(known) > 15
    np.testing.assert_allclose(known, bpm, rtol=1e-5)


@settings(max_examples=40)
@given(bpm=st.floats(40, 200), after=st.integers(10, 30), part=st.floats(0.02, 0.98))
def test_a_false_beat_does_not_change_the_rate(bpm: float, after: int, part: float) -> None:
    beats = regular(bpm)
    false = beats[after] + part * 60 / bpm
    _, found_bpm = reference_from_beats(np.sort(np.append(beats, false)), DURATION_S)
    known = found_bpm[np.isfinite(found_bpm)]
    assert len(known) > 15
    np.testing.assert_allclose(known, bpm, rtol=1e-5)


def test_an_artefact_takes_the_intervals_beside_it_with_it() -> None:
    interval_s = np.full(20, 1.0)
    interval_s[9] = 0.3
    np.testing.assert_array_equal(np.flatnonzero(is_artefact(interval_s)), [8, 9, 10])


def test_breathing_at_rest_is_no_artefact() -> None:
    breathing = 1.0 + 0.17 * np.sin(2 * np.pi * np.arange(60) / 5)  # 1.41 from shortest to longest
    assert not is_artefact(breathing).any()


@pytest.mark.parametrize("bpm", [24, 250])
def test_rates_that_no_heart_has_are_no_reference(bpm: float) -> None:
    _, found_bpm = reference_from_beats(regular(bpm), DURATION_S)
    assert np.isnan(found_bpm).all()


def test_a_window_has_a_reference_if_its_intervals_last_half_of_it() -> None:
    beats = np.arange(4.0, DURATION_S)  # none in the first 4 s
    _, bpm = reference_from_beats(beats, DURATION_S)
    assert bpm[0] == 60
    _, bpm = reference_from_beats(beats + 0.01, DURATION_S)
    assert np.isnan(bpm[0])
    assert bpm[1] == 60


@pytest.mark.parametrize("n_beats", [0, 1])
def test_without_intervals_there_is_no_reference(n_beats: int) -> None:
    time_s, bpm = reference_from_beats(np.ones(n_beats), DURATION_S)
    assert len(time_s) == 27
    assert np.isnan(bpm).all()


def test_a_signal_shorter_than_a_window_has_none() -> None:
    time_s, bpm = reference_from_beats(regular(60), 7.9)
    assert (len(time_s), len(bpm)) == (0, 0)
