"""Samples of own recordings that are no measurements: placeholders, dead and clipped channels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ppgkd.datasets.own.sentinels import find_faults
from ppgkd.simulation.subject import simulate_subject

CHANNELS = ("ppg_1", "ppg_2", "ppg_3", "acc_x", "acc_y", "acc_z")
SUBJECTS = {number: simulate_subject(number, 120, seed=5).signal for number in range(4)}
RATE_HZ = 50.0


def recording(number: int = 0) -> NDArray[np.float32]:
    return SUBJECTS[number].round(4)


def kinds(signal: NDArray[np.float32]) -> set[tuple[str, str]]:
    return {(fault.channel, fault.kind) for fault in find_faults(signal, CHANNELS, RATE_HZ)[1]}


@pytest.mark.parametrize("number", SUBJECTS)
def test_whole_recordings_have_no_faults(number: int) -> None:
    mask, faults = find_faults(recording(number), CHANNELS, RATE_HZ)
    assert not faults
    assert not mask.any()


@given(
    number=st.sampled_from([*SUBJECTS]),
    placeholder=st.sampled_from([0, -1, 9999, 65535, 2**31 - 1]),
    share=st.floats(0.001, 0.05),
    all_channels=st.booleans(),
    counts=st.booleans(),
    seed=st.integers(0, 99),
)
@settings(max_examples=40, deadline=None)
def test_exactly_the_placeholders_of_a_ppg_are_lost(
    number: int, placeholder: float, share: float, all_channels: bool, counts: bool, seed: int
) -> None:
    signal = recording(number)
    if counts:
        signal[:3] = signal[:3].round()
    affected = slice(0, 3 if all_channels else 1)
    lost = np.random.default_rng(seed).random(signal.shape[1]) < share
    lost[[100, 200, 300]] = True
    signal[affected, lost] = placeholder
    mask, faults = find_faults(signal, CHANNELS, RATE_HZ)
    np.testing.assert_array_equal(mask[affected], np.broadcast_to(lost, mask[affected].shape))
    assert {fault.kind for fault in faults} == {"lost"}
    assert {fault.value for fault in faults} == {np.float32(placeholder)}
    assert not mask[affected.stop :].any()


def test_the_highest_value_of_the_channel_itself_may_be_the_placeholder() -> None:
    signal = recording()
    lost = np.random.default_rng(0).random(signal.shape[1]) < 0.01
    signal[0, lost] = signal[0].max()
    mask, _ = find_faults(signal, CHANNELS, RATE_HZ)
    assert (mask[0] & lost).sum() >= 0.9 * lost.sum()  # the others are near the signal
    assert (mask[0] & ~lost).sum() <= 1


def test_zeros_in_a_ppg_around_zero_are_lost() -> None:
    signal = recording()
    signal[:3] -= signal[:3].mean(axis=1, keepdims=True)
    lost = np.random.default_rng(0).random(signal.shape[1]) < 0.01
    signal[:3, lost] = 0
    mask, _ = find_faults(signal, CHANNELS, RATE_HZ)
    np.testing.assert_array_equal(mask[:3], np.broadcast_to(lost, mask[:3].shape))


def test_a_second_of_placeholders_is_lost_at_once() -> None:
    signal = recording()
    signal[:3, 1000:1050] = 0
    mask, _ = find_faults(signal, CHANNELS, RATE_HZ)
    assert np.flatnonzero(mask[0]).tolist() == [*range(1000, 1050)]


def test_zeros_in_all_axes_are_lost_and_gravity_along_one_axis_is_not() -> None:
    signal = recording()
    signal[3:, 500:510] = 0
    mask, _ = find_faults(signal, CHANNELS, RATE_HZ)
    assert mask[3:, 500:510].all()
    still = recording()
    still[3:] = np.array([[0.0], [0.0], [1.0]])
    assert not kinds(still)


def test_the_accelerometers_own_limits_are_no_placeholders() -> None:
    signal = recording()
    signal[3:] = np.clip(6 * signal[3:], -4, 4)
    assert not kinds(signal)


@pytest.mark.parametrize("dead", [0, 7.0, 65535])
def test_a_dead_channel_is_missing(dead: float) -> None:
    signal = recording()
    signal[1] = dead
    mask, faults = find_faults(signal, CHANNELS, RATE_HZ)
    assert [(fault.channel, fault.kind, fault.value) for fault in faults] == [
        ("ppg_2", "dead", dead)
    ]
    assert mask[1].all()
    assert not mask[[0, 2]].any()


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("quantile", [0.8, 0.95])
def test_samples_at_the_sensors_limit_are_clipped(side: int, quantile: float) -> None:
    signal = recording(1)
    limit = np.quantile(side * signal[0], quantile).astype(np.float32)
    clipped = side * signal[0] > limit
    signal[0] = side * np.minimum(side * signal[0], limit)
    mask, _ = find_faults(signal, CHANNELS, RATE_HZ)
    assert ("ppg_1", "clipped") in kinds(signal)
    assert not (mask[0] & (side * signal[0] < limit)).any()
    # a lone sample at the limit is close to the truth
    assert mask[0].sum() >= 0.7 * clipped.sum()


def test_a_ppg_that_does_not_change_for_two_seconds_is_no_measurement() -> None:
    signal = recording()
    signal[0, 1000:1100] = signal[0, 999]
    signal[1, 3000:3040] = signal[1, 2999]
    mask, _ = find_faults(signal, CHANNELS, RATE_HZ)
    assert np.flatnonzero(mask[0]).tolist() == [*range(999, 1100)]
    assert not mask[1].any()
