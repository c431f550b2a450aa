"""What BeliefPPG gets of a recording, and where in the recording its answers belong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ppgkd.datasets.recording import Recording
from ppgkd.published.signals import (
    RATE_HZ,
    belief_input,
    estimate_times_s,
    has_signal,
    read_gaps,
    write_inputs,
)


def some_recording(
    rate_hz: float = 50, duration_s: float = 60, first_s: float = 4, acc: bool = True
) -> Recording:
    """A pulse of 90 BPM in two channels, steps of 120 a minute."""
    time_s = np.arange(round(duration_s * rate_hz)) / rate_hz
    pulse, steps = np.sin(2 * np.pi * 1.5 * time_s), np.sin(2 * np.pi * 2 * time_s)
    rows = [pulse + 1000, 0.5 * pulse, *([steps, steps, steps] if acc else [])]
    names = ("ppg_1", "ppg_2", *(("acc_x", "acc_y", "acc_z") if acc else ()))
    reference_s = np.arange(first_s, duration_s - 4, 2.0)
    return Recording(
        *("one", "someone", rate_hz, names, np.array(rows, np.float32)),
        *(reference_s, np.full(len(reference_s), 90, np.float32)),
    )


@settings(max_examples=25, deadline=None)
@given(st.floats(20, 300), st.floats(4, 12))
def test_any_rate_becomes_64_hz_and_the_pulse_keeps_its_rate(
    rate_hz: float, first_s: float
) -> None:
    """Its package rounds the rate, which would scale the heart rate, and refuses less than 40."""
    found = belief_input(some_recording(rate_hz, 60, first_s))
    assert found is not None
    spectrum = np.abs(np.fft.rfft(found.ppg[: 40 * RATE_HZ, 0] * np.hanning(40 * RATE_HZ)))
    assert 60 * spectrum.argmax() / 40 == pytest.approx(90, abs=1)


@pytest.mark.parametrize("first_s", [4, 5, 6.5, 7.98])
def test_the_estimates_belong_to_the_centres_of_the_study_s_windows(first_s: float) -> None:
    """Windows begin 4 s before the first reference, and follow every 2 s."""
    found = belief_input(some_recording(first_s=first_s))
    assert found is not None
    centres_s = first_s + 2 * np.arange(40)
    times_s = estimate_times_s(found.start_s, 10)
    assert np.abs(times_s[:, None] - centres_s).min(axis=1).max() < 1 / 50


def test_an_estimate_belongs_to_the_last_of_its_seven_windows() -> None:
    """The first uses 0 to 20 s; its last window is from 12 to 20 s."""
    assert estimate_times_s(0, 3).tolist() == [16, 18, 20]


def test_without_an_accelerometer_the_acceleration_is_zero() -> None:
    found = belief_input(some_recording(acc=False))
    assert found is not None
    assert found.acc.shape == (len(found.ppg), 3)
    assert not found.acc.any()


def test_all_ppg_channels_are_passed_on() -> None:
    found = belief_input(some_recording())
    assert found is not None
    assert found.ppg.shape[1] == 2


def test_missing_samples_are_interpolated_and_remembered() -> None:
    recording = some_recording()
    recording.signal[0, 500:600] = np.nan  # 10 to 12 s
    found = belief_input(recording)
    assert found is not None
    assert np.isfinite(found.ppg).all()
    assert np.flatnonzero(found.missing) / RATE_HZ == pytest.approx(np.arange(10, 12, 1 / 64))


def test_a_channel_without_samples_does_not_spoil_the_others() -> None:
    recording = some_recording()
    recording.signal[1] = np.nan
    found = belief_input(recording)
    assert found is not None
    assert np.isfinite(found.ppg).all()
    assert not found.missing.any()


def test_without_any_ppg_everything_is_missing() -> None:
    recording = some_recording()
    recording.signal[:2] = np.nan
    found = belief_input(recording)
    assert found is not None
    assert found.missing.all()


@pytest.mark.parametrize(("missing_s", "estimated"), [(0.9, True), (1.1, False)])
def test_an_estimate_needs_19_of_its_20_s(missing_s: float, estimated: bool) -> None:
    missing = np.zeros(60 * RATE_HZ, bool)
    missing[30 * RATE_HZ : round((30 + missing_s) * RATE_HZ)] = True
    found = has_signal(missing, 21)
    # the 20 s of these estimates, every 2 s, hold the second 30 as a whole
    assert found[6:15].tolist() == [estimated] * 9
    assert found[:5].all()
    assert found[16:].all()


def test_a_recording_that_is_too_short_is_named_and_left_out(tmp_path: Path) -> None:
    short = some_recording(duration_s=19)
    assert belief_input(short) is None
    assert write_inputs([short], tmp_path / "inputs.npz") == ["one"]
    assert list(read_gaps(tmp_path / "inputs.npz")) == []


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    write_inputs([some_recording(first_s=5)], tmp_path / "inputs.npz")
    ((name, start_s, missing),) = read_gaps(tmp_path / "inputs.npz")
    assert (name, start_s, missing.any()) == ("one", 1.0, False)
    with np.load(tmp_path / "inputs.npz") as arrays:
        assert len(arrays["one/ppg"]) == len(missing) == len(arrays["one/acc"])
