"""Sensors of different rates in one table: read at their own rates, and put on one grid."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ppgkd.datasets.own.columns import number_columns
from ppgkd.datasets.own.even_grid import EvenGrid, fill_gaps
from ppgkd.datasets.own.sensors import Sensor, split_sensors
from ppgkd.errors import PpgkdError

PPG, ACC = ("ppg_1", "ppg_2"), ("acc_x", "acc_y", "acc_z")
CHANNELS = (*PPG, *ACC)
RATES_HZ = [
    (25, 50),
    (50, 25),
    (32, 64),
    (64, 32),
    (50, 100),
    (100, 50),
    (26, 104),
    (104, 26),
    (64, 4),
]
AFTER = 1.0
"""Seconds at both ends where a resampled signal depends on how it is extended."""

Table = pd.DataFrame
Join = Callable[[Table, Table], Table]


def ppg(t: NDArray[np.float64]) -> NDArray[np.float64]:
    """A pulse of 1.3 Hz and its harmonics in two channels."""
    pulse = [np.sin(2 * np.pi * n * 1.3 * t + n) / n for n in (1, 2, 3)]
    return 20_000 + np.outer([300, 200], sum(pulse))


def acc(t: NDArray[np.float64]) -> NDArray[np.float64]:
    """Slow arm swing in g."""
    swing = [0.3 * np.sin(2 * np.pi * hz * t + hz) for hz in (0.5, 0.6, 0.7)]
    return np.array([[0.1], [-0.2], [0.95]]) + np.array(swing)


def recorded(
    signal: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    names: tuple[str, ...],
    at_s: NDArray[np.float64],
    stamp_s: NDArray[np.float64] | None = None,
) -> Table:
    table = pd.DataFrame(signal(at_s).T, columns=list(names))
    table.insert(0, "time_s", at_s if stamp_s is None else stamp_s)
    return table


def outer(one: Table, other: Table) -> Table:
    """Join with empty cells."""
    return one.merge(other, on="time_s", how="outer").sort_values("time_s", ignore_index=True)


def stacked(one: Table, other: Table) -> Table:
    """Rows below each other, sorted by time, also where two have the same time."""
    return pd.concat([one, other]).sort_values("time_s", kind="stable", ignore_index=True)


def filled(one: Table, other: Table) -> Table:
    """Join in which every value is repeated until the next one."""
    return outer(one, other).ffill().dropna(ignore_index=True)


def as_of(one: Table, other: Table) -> Table:
    """The faster one's rows, each with the latest sample of the slower one."""
    fast, slow = (one, other) if len(one) > len(other) else (other, one)
    return pd.merge_asof(fast, slow, on="time_s").dropna(ignore_index=True)


def sensors_of(table: Table, rate_hz: float | None = None) -> list[Sensor]:
    arrow = pa.Table.from_pandas(table, preserve_index=False)
    return split_sensors(arrow, CHANNELS, number_columns(arrow, CHANNELS), rate_hz, 2)


def on_grid(
    sensors: list[Sensor], rate_hz: float
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Times since the table's own zero, and the signal."""
    grid = EvenGrid(sensors[0].clock, rate_hz)
    signal = grid.joined([(fill_gaps(one.values, one.clock), one.clock) for one in sensors])
    return grid.clock.first_s + np.arange(signal.shape[1]) / grid.true_rate_hz, signal


def assert_true_signal(table: Table, ppg_hz: float, acc_hz: float, late_s: float = 0.0) -> None:
    """Assert that both sensors have their own rate, and that the grid has the true signal."""
    sensors = sensors_of(table)
    assert sensors[0].clock.rate_hz == pytest.approx(ppg_hz, rel=1e-3)
    assert sensors[-1].clock.rate_hz == pytest.approx(acc_hz, rel=1e-3)
    at_s, signal = on_grid(sensors, ppg_hz)
    inside = (at_s > at_s[0] + AFTER + 10 / acc_hz) & (at_s < at_s[-1] - AFTER - 10 / acc_hz)
    assert inside.sum() > 10 * ppg_hz
    for rows, true, amplitude in ((slice(0, 2), ppg, 300), (slice(2, 5), acc, 0.3)):
        error = signal[rows][:, inside] - true(at_s[inside] - late_s)
        assert np.sqrt(np.nanmean(np.square(error))) < 0.05 * amplitude
        assert np.isfinite(error).mean() > 0.9


joins = st.sampled_from([outer, stacked, filled, as_of])
fixed = settings(max_examples=25, derandomize=True, deadline=None)


@fixed
@given(
    join=st.sampled_from([outer, stacked, filled]),
    rates=st.sampled_from(RATES_HZ),
    offset_s=st.floats(0, 0.3),
    start_s=st.floats(0, 1e6),
    length_s=st.floats(70, 90),
    clock=st.floats(0.98, 1.02),
)
def test_each_sensor_is_read_at_its_own_rate(
    join: Join,
    rates: tuple[float, float],
    offset_s: float,
    start_s: float,
    length_s: float,
    clock: float,
) -> None:
    ppg_hz, acc_hz = rates[0], rates[1] * clock
    start_s = round(start_s, 1)
    of_ppg = recorded(ppg, PPG, start_s + np.arange(0, length_s, 1 / ppg_hz))
    of_acc = recorded(acc, ACC, start_s + np.arange(offset_s, length_s, 1 / acc_hz))
    assert_true_signal(join(of_ppg, of_acc), ppg_hz, acc_hz)


@fixed
@given(rates=st.sampled_from(RATES_HZ[:-1]), length_s=st.floats(70, 90), start_s=st.floats(0, 1e6))
def test_samples_of_the_slower_sensor_in_every_so_many_rows(
    rates: tuple[float, float], length_s: float, start_s: float
) -> None:
    start_s = round(start_s)
    of_ppg = recorded(ppg, PPG, (start_s + np.arange(0, length_s, 1 / rates[0])).round(6))
    of_acc = recorded(acc, ACC, (start_s + np.arange(0, length_s, 1 / rates[1])).round(6))
    for join in (outer, filled):
        assert_true_signal(join(of_ppg, of_acc), *rates)


@fixed
@given(
    rates=st.sampled_from([(64, 50), (50, 64), (100, 32), (104, 25), (32, 100)]),
    length_s=st.floats(40, 60),
    offset_s=st.floats(0, 0.02),
)
def test_a_value_repeated_in_the_rows_of_the_other_sensor(
    rates: tuple[float, float], length_s: float, offset_s: float
) -> None:
    of_ppg = recorded(ppg, PPG, np.arange(0, length_s, 1 / rates[0]))
    of_acc = recorded(acc, ACC, np.arange(offset_s, length_s, 1 / rates[1]))
    # each sample stands up to one row late, half a row in the mean
    table = as_of(of_ppg, of_acc)
    sensors = sensors_of(table)
    assert sensors[0].clock.rate_hz == pytest.approx(rates[0], rel=1e-3)
    assert sensors[-1].clock.rate_hz == pytest.approx(rates[1], rel=1e-3)
    at_s, signal = on_grid(sensors, rates[0])
    inside = (at_s > at_s[0] + AFTER) & (at_s < at_s[-1] - AFTER)
    for rows, true, amplitude in ((slice(0, 2), ppg, 300), (slice(2, 5), acc, 0.3)):
        error = signal[rows][:, inside] - true(at_s[inside])
        assert np.sqrt(np.mean(np.square(error))) < 0.25 * amplitude


@fixed
@given(
    seed=st.integers(0, 2**31),
    rates=st.sampled_from([(25, 50), (64, 32), (50, 100), (104, 26)]),
    jitter=st.floats(0, 0.4),
)
def test_jitter_of_the_stamps_is_not_that_of_the_samples(
    seed: int, rates: tuple[float, float], jitter: float
) -> None:
    rng = np.random.default_rng(seed)
    tables = []
    for signal, names, rate_hz in ((ppg, PPG, rates[0]), (acc, ACC, rates[1])):
        at_s = np.arange(0.01, 60, 1 / rate_hz)
        stamps = at_s + rng.uniform(0, jitter / max(rates), len(at_s))
        tables.append(recorded(signal, names, at_s, stamps))
    assert_true_signal(stacked(*tables), *rates)


@fixed
@given(seed=st.integers(0, 2**31), packets=st.tuples(st.integers(2, 12), st.integers(2, 12)))
def test_packets_of_two_sensors_that_arrive_one_after_the_other(
    seed: int, packets: tuple[int, int]
) -> None:
    """As from a Bluetooth link: all samples of a packet have the time at which it came."""
    tables = []
    for signal, names, rate_hz, size in zip((ppg, acc), (PPG, ACC), (64, 32), packets, strict=True):
        at_s = np.arange(0, 100, 1 / rate_hz)
        at_s = at_s[: len(at_s) // size * size]
        tables.append(recorded(signal, names, at_s, at_s[size - 1 :: size].repeat(size)))
    sensors = sensors_of(stacked(*tables))
    assert [one.clock.rate_hz for one in sensors] == pytest.approx([64, 32], rel=2e-3)
    assert [one.clock.n_missing for one in sensors] == [0, 0]


@fixed
@given(
    seed=st.integers(0, 2**31),
    lost=st.floats(0.02, 0.6),
    which=st.sampled_from(["ppg", "acc", "both"]),
)
def test_cells_lost_at_random_are_no_slower_sensor(seed: int, lost: float, which: str) -> None:
    at_s = np.arange(0, 60, 1 / 50)
    table = recorded(ppg, PPG, at_s).merge(recorded(acc, ACC, at_s), on="time_s")
    columns = {"ppg": PPG, "acc": ACC, "both": CHANNELS}[which]
    table.loc[np.random.default_rng(seed).random(len(at_s)) < lost, list(columns)] = np.nan
    (sensor,) = sensors_of(table)
    assert sensor.clock.rate_hz == pytest.approx(50, rel=1e-6)
    assert not sensor.joined
    assert sensors_of(table.drop(columns="time_s"), 50)[0].clock.rate_hz == 50


@fixed
@given(seed=st.integers(0, 2**31), run=st.integers(5, 500), kind=st.sampled_from(["empty", "held"]))
def test_stretches_without_new_samples_are_no_slower_sensor(seed: int, run: int, kind: str) -> None:
    at_s = np.arange(0, 60, 1 / 50)
    table = recorded(ppg, PPG, at_s).merge(recorded(acc, ACC, at_s), on="time_s")
    rng = np.random.default_rng(seed)
    for first in rng.integers(1, len(at_s) - run, max(500 // run, 1)):
        table.loc[first : first + run, list(PPG if seed % 2 else CHANNELS)] = np.nan
    (sensor,) = sensors_of((table.ffill() if kind == "held" else table).drop(columns="time_s"), 50)
    assert len(sensor.rows) == len(at_s)


@fixed
@given(
    seed=st.integers(0, 2**31),
    step_g=st.sampled_from([1 / 64, 1 / 16, 0.2]),
    noise_g=st.floats(0, 0.1),
)
def test_equal_values_of_a_coarse_accelerometer_are_no_slower_sensor(
    seed: int, step_g: float, noise_g: float
) -> None:
    rng = np.random.default_rng(seed)
    at_s = np.arange(0, 60, 1 / 50)
    table = recorded(ppg, PPG, at_s).merge(recorded(acc, ACC, at_s), on="time_s")
    noisy = table[list(ACC)] + rng.normal(0, noise_g, (len(at_s), 3))
    table[list(ACC)] = (noisy / step_g).round() * step_g
    (sensor,) = sensors_of(table)
    assert not sensor.joined


def test_a_lower_rate_takes_its_high_frequencies_away() -> None:
    """An accelerometer of 100 Hz with a vibration of 40 Hz, beside a PPG of 25 Hz."""

    def shaken(t: NDArray[np.float64]) -> NDArray[np.float64]:
        return acc(t) + 0.5 * np.sin(2 * np.pi * 40 * t)

    at_s = np.arange(0, 60, 1 / 100)
    table = outer(recorded(ppg, PPG, at_s[::4]), recorded(shaken, ACC, at_s))
    assert_true_signal(table, 25, 100)


def test_a_sensor_that_starts_late_and_ends_early_is_missing_there() -> None:
    of_ppg = recorded(ppg, PPG, np.arange(0, 60, 1 / 64))
    of_acc = recorded(acc, ACC, np.arange(10, 50, 1 / 32))
    at_s, signal = on_grid(sensors_of(outer(of_ppg, of_acc)), 64)
    missing = np.isnan(signal[2])
    np.testing.assert_array_equal(missing, (at_s < 10 - 1 / 32 - 1e-6) | (at_s > 50 + 1e-6))
    assert not np.isnan(signal[0]).any()


def test_a_gap_of_one_sensor_is_its_own() -> None:
    of_ppg = recorded(ppg, PPG, np.arange(0, 60, 1 / 64))
    of_acc = recorded(acc, ACC, np.arange(0, 60, 1 / 32))
    table = outer(of_ppg, of_acc[(of_acc["time_s"] < 20) | (of_acc["time_s"] > 30)])
    at_s, signal = on_grid(sensors_of(table), 64)
    assert np.isnan(signal[2][(at_s > 20.1) & (at_s < 29.9)]).all()
    assert np.isfinite(signal[2][(at_s < 19) | (at_s > 31)]).all()
    assert np.isfinite(signal[0]).all()


def test_notes_say_how_each_sensor_was_read() -> None:
    of_ppg = recorded(ppg, PPG, np.arange(0, 60, 1 / 64))
    of_acc = recorded(acc, ACC, np.arange(0.001, 60, 1 / 32))
    notes = [note for one in sensors_of(outer(of_ppg, of_acc)) for note in one.notes]
    assert notes == [
        "PPG: its cells are empty in the rows of other sensors, so it is read at its own rate, "
        "64 Hz",
        "acceleration: its cells are empty in the rows of other sensors, so it is read at its own "
        "rate, 32 Hz",
    ]
    repeated = sensors_of(as_of(of_ppg, of_acc))[1].notes[0]
    assert "repeated until the next one, so it is read at its own rate, 32 Hz" in repeated


def test_a_repeated_ppg_without_time_stamps_has_no_rate() -> None:
    at_s = np.arange(0, 60, 1 / 50)
    table = as_of(recorded(ppg, PPG, at_s[::2]), recorded(acc, ACC, at_s))
    with pytest.raises(PpgkdError, match=r"PPG has new samples in 50% of the rows .* Add time_s"):
        sensors_of(table.drop(columns="time_s"), 50)
    with pytest.raises(PpgkdError, match=r"repeated .* declared rate is 50 Hz, .* give 25 Hz"):
        sensors_of(table, 50)
    assert [one.clock.rate_hz for one in sensors_of(table, 25)] == pytest.approx([25, 50])
