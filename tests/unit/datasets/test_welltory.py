"""The reader of Welltory, on files in the published form and on real ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ppgkd.datasets.recording import Recording
from ppgkd.datasets.registry import get_dataset
from ppgkd.datasets.welltory import best_offset
from ppgkd.errors import PpgkdError

DATASET = get_dataset("welltory")
ENTRY = DATASET.recordings[0]
DURATION_S = 80.0
RATE_HZ = 30.0


def intervals(seed: int = 0) -> NDArray[np.float64]:
    """Beat intervals in whole milliseconds, as of a heart that breathing and chance speed up."""
    rng = np.random.default_rng(seed)
    beat = np.arange(95)
    varying = 0.8 + 0.06 * np.sin(2 * np.pi * beat / 6.3) + 0.03 * rng.standard_normal(len(beat))
    return np.round(varying, 3)


def pulse(time_s: NDArray[np.float64], beat_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """A signal that rises after each beat, as a phase that gains one turn from beat to beat."""
    phase = np.interp(time_s, beat_s, np.arange(len(beat_s)))
    return np.sin(2 * np.pi * phase) + 0.3 * np.sin(4 * np.pi * phase)


def frames(gap_s: float = 0.0) -> NDArray[np.float64]:
    time_s = np.arange(0, DURATION_S, 1 / RATE_HZ)
    return time_s[(time_s < 40) | (time_s >= 40 + gap_s)]


def write(
    folder: Path,
    offset_s: float = -1.5,
    frame_s: NDArray[np.float64] | None = None,
    words: str | None = None,
) -> tuple[Path, Path]:
    signal, text = (folder / file.local for file in ENTRY.files)
    signal.parent.mkdir(parents=True, exist_ok=True)
    frame_s = frames() if frame_s is None else frame_s
    beat_s = offset_s + np.concatenate([[0], np.cumsum(intervals())])
    light = 230 - pulse(frame_s, beat_s)
    table = {"time": np.round(1000 * frame_s).astype(int), "R": light, "G": 0.0, "B": 0.1}
    pd.DataFrame(table).to_csv(signal, index=False)
    rounded = (1000 * intervals()).round().astype(int)
    text.write_text(" ".join(map(str, rounded)) + " " if words is None else words)
    return signal, text


def message_of(folder: Path) -> str:
    with pytest.raises(PpgkdError) as caught:
        DATASET.read(ENTRY, folder)
    return str(caught.value)


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    write(tmp_path)
    return DATASET.read(ENTRY, tmp_path)


@settings(max_examples=15, deadline=None)
@given(offset_s=st.floats(-5, 3), seed=st.integers(0, 99))
def test_the_intervals_are_moved_to_where_they_fit_the_pulse(offset_s: float, seed: int) -> None:
    interval_s = intervals(seed)
    beat_s = offset_s + np.concatenate([[0], np.cumsum(interval_s)])
    light = np.stack([np.zeros(len(frames())), pulse(frames(), beat_s)])
    found_s, difference_s = best_offset(frames(), light, interval_s)
    assert found_s == pytest.approx(offset_s, abs=0.15)
    assert difference_s < 0.02


def test_the_reference_is_that_of_the_moved_beats(recording: Recording) -> None:
    beat_s = -1.5 + np.concatenate([[0], np.cumsum(intervals())])
    within = [(beat_s > at_s - 4) & (beat_s < at_s + 4) for at_s in recording.reference_time_s]
    expected_bpm = [60 / np.diff(beat_s[inside]).mean() for inside in within]
    complete = np.isfinite(recording.reference_bpm)
    assert complete.sum() > 25
    difference = np.array(expected_bpm)[complete] - recording.reference_bpm[complete]
    assert np.abs(difference).max() < 0.7  # a beat at the edge of a window may be in or out


def test_the_light_is_inverted_for_it_falls_at_a_systole(recording: Recording) -> None:
    assert DATASET.ppg_polarity == -1
    assert (recording.channels, recording.rate_hz) == (("ppg_1", "ppg_2", "ppg_3"), 30)
    beat_s = -1.5 + np.concatenate([[0], np.cumsum(intervals())])
    time_s = np.arange(recording.signal.shape[1]) / RATE_HZ
    difference = recording.signal[0] + 230 - pulse(time_s, beat_s)
    assert np.abs(difference).max() < 0.02


def test_frames_that_come_unevenly_are_put_on_an_even_grid(tmp_path: Path) -> None:
    late_s = frames() + 0.012 * np.random.default_rng(0).random(len(frames()))
    write(tmp_path, frame_s=late_s)
    recording = DATASET.read(ENTRY, tmp_path)
    beat_s = -1.5 + np.concatenate([[0], np.cumsum(intervals())])
    first_s = round(1000 * late_s[0]) / 1000
    time_s = first_s + np.arange(recording.signal.shape[1]) / RATE_HZ
    expected = pulse(time_s, beat_s) - 230
    assert np.abs(recording.signal[0] - expected)[3:-3].max() < 0.05


@pytest.mark.parametrize(("gap_s", "n_missing"), [(0.03, 0), (0.5, 15)])
def test_frames_that_did_not_come_are_missing(tmp_path: Path, gap_s: float, n_missing: int) -> None:
    write(tmp_path, frame_s=frames(gap_s))
    missing = np.isnan(DATASET.read(ENTRY, tmp_path).signal).all(axis=0)
    assert abs(missing.sum() - n_missing) <= 1


def test_a_person_may_be_in_two_recordings() -> None:
    assert len(DATASET.recordings) == 21
    assert DATASET.people_unknown


def test_intervals_of_another_heart_are_refused(tmp_path: Path) -> None:
    others = " ".join(map(str, (1000 * intervals(7) * 1.3).round().astype(int)))
    write(tmp_path, words=others)
    assert "the beat intervals fit the pulse of PPG.csv at no offset" in message_of(tmp_path)


@pytest.mark.parametrize("words", ["", "800 801", "800.5 " * 40, "-800 " * 40, "eight " * 40])
def test_words_that_are_no_intervals_are_refused(tmp_path: Path, words: str) -> None:
    _, text = write(tmp_path, words=words)
    assert f"{text}: expected at least 25 beat intervals in whole" in message_of(tmp_path)


def test_frames_whose_times_step_back_are_refused(tmp_path: Path) -> None:
    back_s = frames()
    back_s[100] = back_s[90]
    write(tmp_path, frame_s=back_s)
    assert "the times of its frames do not rise" in message_of(tmp_path)


@pytest.mark.parametrize("part", [0, 1])
def test_a_missing_file_is_named(tmp_path: Path, part: int) -> None:
    path = write(tmp_path)[part]
    path.unlink()
    assert f"{path}: the file cannot be opened" in message_of(tmp_path)


def test_the_real_files_are_read(real_data: Path) -> None:
    here = [e for e in DATASET.recordings if all((real_data / f.local).exists() for f in e.files)]
    if not here:
        pytest.skip(f"no files of welltory in {real_data}")
    for entry in here:
        recording = DATASET.read(entry, real_data)
        assert np.isfinite(recording.reference_bpm).mean() > 0.9
        assert np.isnan(recording.signal).mean() < 0.03
