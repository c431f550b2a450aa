"""Time stamps: the rate that they tell, and the gaps between them."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ppgkd.datasets.own.time_stamps import measure_rate, read_clock, require_rate
from ppgkd.errors import PpgkdError

Times = NDArray[np.float64]


def ticks(n: int, rate_hz: float, first_s: float = 0.0) -> Times:
    return first_s + np.arange(n) / rate_hz


def without(time_s: Times, *lost: int | slice) -> Times:
    kept = np.ones(len(time_s), bool)
    for place in lost:
        kept[place] = False
    return time_s[kept]


# Rate


@pytest.mark.parametrize("rate_hz", [25, 31.25, 50, 64, 125])
def test_the_rate_is_that_of_the_time_stamps(rate_hz: float) -> None:
    assert measure_rate(ticks(2_000, rate_hz)) == pytest.approx(rate_hz, rel=1e-9)


@pytest.mark.parametrize("rate_hz", [64, 128])
def test_time_stamps_in_whole_milliseconds_tell_the_rate(rate_hz: float) -> None:
    time_s = np.round(ticks(20_000, rate_hz), 3)
    assert measure_rate(time_s) == pytest.approx(rate_hz, rel=1e-5)
    # what most intervals are, is something else
    assert abs(1 / np.median(np.diff(time_s)) / rate_hz - 1) > 0.005


def test_gaps_do_not_change_the_rate() -> None:
    time_s = without(ticks(5_000, 50), slice(100, 900), 2_000, slice(4_000, 4_010))
    assert measure_rate(time_s) == pytest.approx(50, rel=1e-9)


@pytest.mark.parametrize("jitter", [0.1, 0.3, 0.45])
def test_time_stamps_that_jitter_tell_the_rate(jitter: float) -> None:
    late = np.random.default_rng(0).uniform(-jitter, jitter, 20_000)
    time_s = (np.arange(20_000) + late) / 50
    assert read_clock(time_s, 50, 1).rate_hz == pytest.approx(50, rel=2e-3)


@pytest.mark.parametrize(
    ("declared_hz", "said"), [(25, "4.17 % too high: 104.2 for"), (23, "4.17 % too low: 95.83 for")]
)
def test_another_rate_than_declared_is_refused_with_what_it_would_cost(
    declared_hz: float, said: str
) -> None:
    with pytest.raises(PpgkdError) as caught:
        read_clock(ticks(1_000, 24), declared_hz, 1)
    message = str(caught.value)
    assert f"declared rate is {declared_hz} Hz, but the time stamps give 24 Hz" in message
    assert said in message
    assert "Declare 24 Hz" in message


@pytest.mark.parametrize(("rate_hz", "allowed"), [(50.24, True), (50.26, False)])
def test_half_a_percent_is_allowed(rate_hz: float, allowed: bool) -> None:
    if allowed:
        assert read_clock(ticks(1_000, rate_hz), 50, 1).rate_hz == pytest.approx(rate_hz)
    else:
        with pytest.raises(PpgkdError, match="declared rate"):
            read_clock(ticks(1_000, rate_hz), 50, 1)


def test_time_stamps_in_milliseconds_are_told_apart() -> None:
    with pytest.raises(PpgkdError, match=r"give 0\.05 Hz.* must be in seconds"):
        read_clock(1_000 * ticks(1_000, 50), 50, 1)


@pytest.mark.parametrize("bad", [0.0, -50.0, float("nan"), float("inf")])
def test_a_rate_is_a_positive_number(bad: float) -> None:
    with pytest.raises(PpgkdError, match=f"rate is {bad} Hz"):
        require_rate(bad)


# Gaps


def test_samples_without_a_gap_follow_each_other() -> None:
    clock = read_clock(ticks(300, 50, first_s=12.5), 50, 1)
    np.testing.assert_array_equal(clock.sample_index, np.arange(300))
    assert (clock.first_s, clock.n_missing) == (12.5, 0)


@pytest.mark.parametrize("jitter", [0.0, 0.2])
@pytest.mark.parametrize("lost", [(500,), (slice(500, 900),), (200, 202, slice(300, 303), 800)])
def test_every_sample_keeps_its_place_where_others_are_missing(
    lost: tuple[int | slice, ...], jitter: float
) -> None:
    late = np.random.default_rng(1).uniform(-jitter, jitter, 2_000)
    time_s = without((np.arange(2_000) + late) / 50, *lost)
    clock = read_clock(time_s, 50, 1)
    np.testing.assert_array_equal(clock.sample_index, without(np.arange(2_000.0), *lost))
    assert clock.n_missing == 2_000 - len(time_s)


def test_a_single_late_time_stamp_is_no_gap() -> None:
    time_s = ticks(1_000, 50)
    time_s[400] += 0.8 / 50
    np.testing.assert_array_equal(read_clock(time_s, 50, 1).sample_index, np.arange(1_000))


def test_stalls_and_catching_up_never_put_two_samples_in_one_place() -> None:
    time_s = ticks(1_000, 50)
    for start in (400, 405):  # three periods late, then four samples faster than the sensor's
        time_s[start : start + 4] += np.array([3, 2.25, 1.5, 0.75]) / 50
    assert (np.diff(read_clock(time_s, 50, 1).sample_index) >= 1).all()


def test_a_clock_that_is_a_little_fast_leaves_no_gaps() -> None:
    time_s = ticks(200_000, 50.2)
    np.testing.assert_array_equal(read_clock(time_s, 50, 1).sample_index, np.arange(200_000))


def test_more_than_a_day_missing_is_refused() -> None:
    time_s = np.concatenate([ticks(100, 50), ticks(100, 50, first_s=90_000)])
    with pytest.raises(PpgkdError, match=r"25 h are missing .* at most 24 h"):
        read_clock(time_s, 50, 1)


# Order


def test_a_step_back_names_its_row() -> None:
    time_s = ticks(100, 50)
    time_s[40:] -= 0.5
    with pytest.raises(PpgkdError, match=r"row 42, 0\.300000 s, is before .* 0\.780000 s \(1 such"):
        read_clock(time_s, 50, first_row=2)


def test_samples_may_share_a_time_stamp() -> None:
    time_s = ticks(100, 50)
    time_s[[10, 20]] = time_s[[9, 19]]
    clock = read_clock(time_s, 50, first_row=2)
    np.testing.assert_array_equal(clock.sample_index, np.arange(100))


def test_rows_of_one_time_alone_tell_no_rate() -> None:
    with pytest.raises(PpgkdError, match="100 rows have the same time stamp"):
        read_clock(np.full(100, 3.0), None, 1)


@pytest.mark.parametrize("hours", [1, 2])
def test_a_clock_set_back_by_hours_is_told_apart(hours: int) -> None:
    time_s = ticks(5_000, 50)
    time_s[2_000:] -= 3_600 * hours
    with pytest.raises(PpgkdError, match=rf"row 2002,.*set back by {hours} h there") as caught:
        read_clock(time_s, 50, first_row=2)
    assert "sort" not in str(caught.value)


def test_only_rows_that_are_out_of_order_are_to_be_sorted() -> None:
    time_s = ticks(1_000, 50)
    shuffled = time_s.reshape(-1, 4)[:, [1, 0, 3, 2]].ravel()
    with pytest.raises(PpgkdError, match="sort them by their time"):
        read_clock(shuffled, 50, 1)
    time_s[400:] -= 5
    with pytest.raises(PpgkdError, match="Sorting would mix samples"):
        read_clock(time_s, 50, 1)


@pytest.mark.parametrize("unit", [1e3, 1e6])
def test_times_since_1970_that_are_no_seconds_are_refused(unit: float) -> None:
    with pytest.raises(PpgkdError, match=r"are no seconds.*name the column and its unit"):
        read_clock((1.77e9 + ticks(100, 50)) * unit, 50, 1)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_row_without_a_time_stamp_is_named(bad: float) -> None:
    time_s = ticks(100, 50)
    time_s[7] = bad
    with pytest.raises(PpgkdError, match="row 9 has no time stamp"):
        read_clock(time_s, 50, first_row=2)


def test_one_sample_has_the_declared_rate() -> None:
    clock = read_clock(np.array([3.0]), 50, 1)
    assert (clock.first_s, clock.rate_hz, clock.sample_index.tolist()) == (3.0, 50, [0])
