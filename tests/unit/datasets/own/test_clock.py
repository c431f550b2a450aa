"""The clock of a sensor: its rate and its missing samples, whatever its time stamps look like.

Each test makes a sensor whose clock is known, and stamps its samples as devices do.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ppgkd.datasets.own.clock import fit_clock
from ppgkd.datasets.own.time_stamps import read_clock
from ppgkd.errors import PpgkdError

Times = NDArray[np.float64]
Indices = NDArray[np.int64]

# Beside late stamps, lost samples are counted right in nearly all recordings and not in all (see
# docs/own-data.md): derandomize=True asks each property of the same recordings in every run.
RATES_HZ = st.integers(20, 130) | st.floats(20, 130)
STARTS_S = st.floats(0, 1e5)
LENGTHS_S = st.floats(250, 400)
GRIDS_MS = st.integers(1, 20)
SEEDS = st.integers(0, 1_000_000)

TEN_PPM = 1e-5
PER_MILLE = 1e-3


def index_of(rate_hz: float, length_s: float) -> Indices:
    return np.arange(int(rate_hz * length_s))


def without_some(index: Indices, rate_hz: float, rng: np.random.Generator) -> Indices:
    """Lose up to four stretches, of one sample to ten seconds, five seconds apart and more."""
    kept = np.ones(len(index), bool)
    part = len(index) // 5
    for number in range(rng.integers(1, 5)):
        first = number * part + rng.integers(int(5 * rate_hz), part - int(11 * rate_hz))
        kept[first : first + rng.choice([1, 2, 5, int(rate_hz), int(10 * rate_hz)])] = False
    return index[kept]


def n_missing(index: Indices) -> int:
    return int(index[-1] - index[0]) + 1 - len(index)


def is_told(rate_hz: float, grid_s: float, length_s: float) -> bool:
    """Whether stamps on a grid differ from those of a rate of the grid with a few samples lost."""
    nearest = max(round(1 / rate_hz / grid_s), 1) * grid_s
    skips = length_s * abs(rate_hz - 1 / nearest)
    return skips < 1e-6 or skips > 6


# Stamps on a grid


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    rate_hz=RATES_HZ,
    grid_ms=GRIDS_MS,
    start_s=STARTS_S,
    length_s=LENGTHS_S,
    rounded=st.sampled_from([np.round, np.floor]),
)
def test_stamps_on_a_grid_tell_the_rate_and_no_loss(
    rate_hz: float, grid_ms: int, start_s: float, length_s: float, rounded: np.ufunc
) -> None:
    grid_s = grid_ms / 1_000
    stamps_s = rounded((start_s + index_of(rate_hz, length_s) / rate_hz) / grid_s) * grid_s
    clock = fit_clock(stamps_s)
    assert clock.rate_hz == pytest.approx(rate_hz, rel=PER_MILLE)
    if is_told(rate_hz, grid_s, length_s):
        assert clock.n_missing == 0


@pytest.mark.parametrize("rate_hz", [45, 52, 55])
@pytest.mark.parametrize("rows", range(13_750, 13_770, 3))
def test_the_rate_does_not_depend_on_length_or_start(rate_hz: int, rows: int) -> None:
    for start_s in np.arange(0, 0.02, 0.003):
        clock = fit_clock(np.round(start_s + np.arange(rows) / rate_hz, 2))
        assert clock.rate_hz == pytest.approx(rate_hz, rel=TEN_PPM)
        assert clock.n_missing == 0


# Stamps of arrival


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    rate_hz=RATES_HZ,
    batch=st.integers(2, 20),
    late_ms=st.floats(0, 40),
    spaced=st.sampled_from([0, 1e-4, 0.999]),
    length_s=LENGTHS_S,
    seed=SEEDS,
)
def test_batches_that_are_read_late_are_complete(
    rate_hz: float, batch: int, late_ms: float, spaced: float, length_s: float, seed: int
) -> None:
    index = index_of(rate_hz, length_s)
    of_batch = index // batch
    late_s = np.random.default_rng(seed).uniform(0, late_ms / 1_000, of_batch[-1] + 1)[of_batch]
    stamps_s = (of_batch * batch + spaced * (index % batch)) / rate_hz + late_s
    clock = fit_clock(np.maximum.accumulate(stamps_s))
    assert clock.n_missing == 0
    assert clock.rate_hz == pytest.approx(rate_hz, rel=PER_MILLE)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(rate_hz=RATES_HZ, delay_ms=st.floats(1, 60), length_s=LENGTHS_S, seed=SEEDS)
def test_samples_that_wait_in_a_queue_are_complete(
    rate_hz: float, delay_ms: float, length_s: float, seed: int
) -> None:
    index = index_of(rate_hz, length_s)
    delay_s = np.random.default_rng(seed).exponential(delay_ms / 1_000, len(index))
    clock = fit_clock(np.maximum.accumulate(index / rate_hz + delay_s))
    assert clock.n_missing == 0
    assert clock.rate_hz == pytest.approx(rate_hz, rel=PER_MILLE)


@pytest.mark.parametrize("stall_s", [0.3, 1.0, 3.0])
def test_what_arrives_after_a_stall_is_not_lost(stall_s: float) -> None:
    true_s = np.arange(15_000) / 50
    stamps_s = true_s.copy()
    for begin_s in (40, 90, 200):
        held = (true_s >= begin_s) & (true_s < begin_s + stall_s)
        stamps_s[held] = begin_s + stall_s
    clock = fit_clock(stamps_s)
    assert clock.n_missing == 0
    assert clock.rate_hz == pytest.approx(50, rel=PER_MILLE)


# Loss, alone and beside jitter


@settings(max_examples=25, deadline=None, derandomize=True)
@given(rate_hz=RATES_HZ, jitter=st.sampled_from([0.0, 0.1, 0.2]), length_s=LENGTHS_S, seed=SEEDS)
def test_every_lost_sample_is_found_in_its_place(
    rate_hz: float, jitter: float, length_s: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    index = without_some(index_of(rate_hz, length_s), rate_hz, rng)
    late = rng.uniform(-jitter, jitter, len(index))
    np.testing.assert_array_equal(fit_clock((index + late) / rate_hz).sample_index, index)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(rate_hz=RATES_HZ, jitter=st.floats(0.25, 0.45), length_s=LENGTHS_S, seed=SEEDS)
def test_loss_beside_strong_jitter_is_counted(
    rate_hz: float, jitter: float, length_s: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    index = without_some(index_of(rate_hz, length_s), rate_hz, rng)
    clock = fit_clock((index + rng.uniform(-jitter, jitter, len(index))) / rate_hz)
    assert clock.n_missing == n_missing(index)
    assert (clock.sample_index != index).sum() <= 2 * rate_hz
    assert clock.rate_hz == pytest.approx(rate_hz, rel=PER_MILLE)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(rate_hz=RATES_HZ, batch=st.integers(2, 10), length_s=LENGTHS_S, seed=SEEDS)
def test_batches_and_samples_that_are_lost_are_counted_beside_late_batches(
    rate_hz: float, batch: int, length_s: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    index = index_of(rate_hz, length_s)
    of_batch = index // batch
    late_s = rng.uniform(0, 0.8 / rate_hz, of_batch[-1] + 1)[of_batch]
    kept = np.isin(of_batch, rng.integers(100, of_batch[-1] - 100, 4), invert=True)
    kept[rng.integers(100 * batch, len(index) - 100 * batch, 4)] = False
    stamps_s = (of_batch * batch / rate_hz + late_s)[kept]
    clock = fit_clock(stamps_s)
    assert clock.n_missing == n_missing(index[kept])
    # where in its batch a single sample was lost, nothing tells
    assert np.abs(clock.sample_index - (index[kept] - index[kept][0])).max() < batch
    assert clock.rate_hz == pytest.approx(rate_hz, rel=PER_MILLE)


# Clocks that run unevenly


@settings(max_examples=20, deadline=None, derandomize=True)
@given(
    rate_hz=RATES_HZ,
    change=st.floats(-0.08, 0.08),
    at=st.floats(0.2, 0.8),
    length_s=LENGTHS_S,
    lose=st.booleans(),
    seed=SEEDS,
)
def test_samples_of_a_rate_that_changes_have_their_times(
    rate_hz: float, change: float, at: float, length_s: float, lose: bool, seed: int
) -> None:
    index = index_of(rate_hz, length_s)
    period_s = np.where(index < at * len(index), 1, 1 + change) / rate_hz
    true_s = np.concatenate([[0], np.cumsum(period_s[:-1])])
    if lose:
        index = without_some(index, rate_hz, np.random.default_rng(seed))
    clock = fit_clock(np.round(true_s[index], 4))
    np.testing.assert_allclose(clock.seconds(clock.sample_index), true_s[index], atol=0.08)
    assert abs(clock.n_missing - n_missing(index)) <= 0.01 * n_missing(index)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(rate_hz=RATES_HZ, drift=st.floats(-0.02, 0.02), length_s=LENGTHS_S, seed=SEEDS)
def test_samples_of_a_clock_that_drifts_have_their_times(
    rate_hz: float, drift: float, length_s: float, seed: int
) -> None:
    index = index_of(rate_hz, length_s)
    true_s = index / rate_hz * (1 + drift * index / len(index))
    delay_s = np.random.default_rng(seed).exponential(0.3 / rate_hz, len(index))
    clock = fit_clock(np.maximum.accumulate(true_s + delay_s))
    np.testing.assert_allclose(clock.seconds(clock.sample_index), true_s, atol=0.06)
    assert clock.n_missing == 0


@pytest.mark.parametrize(("first_hz", "then_hz"), [(50, 25), (25, 50), (40, 64)])
def test_a_sensor_that_was_set_to_another_rate_is_refused(first_hz: int, then_hz: int) -> None:
    period_s = np.concatenate([np.full(4_000, 1 / first_hz), np.full(4_000, 1 / then_hz)])
    with pytest.raises(PpgkdError, match=r"sampling rate changes.*Split the recording"):
        read_clock(np.cumsum(period_s), None, 1)


# What the stamps can tell


@settings(max_examples=25, deadline=None, derandomize=True)
@given(rate_hz=RATES_HZ, grid_ms=GRIDS_MS, length_s=st.floats(5, 60), start_s=STARTS_S)
def test_the_uncertainty_covers_the_error_of_short_recordings(
    rate_hz: float, grid_ms: int, length_s: float, start_s: float
) -> None:
    grid_s = grid_ms / 1_000
    stamps_s = np.round((start_s + index_of(rate_hz, length_s) / rate_hz) / grid_s) * grid_s
    if not is_told(rate_hz, grid_s, length_s):
        return
    clock = fit_clock(stamps_s)
    told = max(5 * clock.rate_uncertainty, 2 * grid_s / length_s)
    assert abs(clock.rate_hz / rate_hz - 1) <= told


def test_the_clock_of_a_drifting_sensor_never_stands_still_or_runs_back() -> None:
    row = np.arange(12_000)
    stamp_s = row / 100 + 0.1 * np.sin(row / 3000)
    held = (stamp_s > 40) & (stamp_s < 43.16)
    stamp_s[held] = stamp_s[held].max()
    clock = fit_clock(stamp_s)
    assert not clock.is_even
    assert (np.diff(clock.node_s) > 0).all()
