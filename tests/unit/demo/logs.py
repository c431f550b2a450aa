"""Logs with faults of all kinds, made at random from a seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

CHANNELS = ("ppg_1", "ppg_2", "acc_x", "acc_y", "acc_z")
RATES_HZ = (25.0, 50.0, 64.0, 100.0)


@dataclass(frozen=True)
class Log:
    """A log as text, and the rates that it is read with."""

    text: str
    rate_hz: float
    to_hz: float


def make_log(seed: int) -> Log:
    """Make a log; its clock, its cells and its columns may each have a fault, or none."""
    rng = np.random.default_rng(seed)
    to_hz = float(rng.choice(RATES_HZ))
    declared_hz = to_hz if rng.random() < 0.8 else round(to_hz * rng.uniform(0.96, 1.04), 1)
    n_rows = int(rng.integers(to_hz, rng.choice([40, 150]) * to_hz))
    table = _signals(rng, n_rows, to_hz)
    table = _faulty_cells(rng, table)
    table = _with_times(rng, table, declared_hz)
    table = _other_columns(rng, table, declared_hz)
    return Log(_written(rng, table), declared_hz, to_hz)


def _signals(rng: np.random.Generator, n_rows: int, rate_hz: float) -> pd.DataFrame:
    time_s = np.arange(n_rows) / rate_hz
    pulse = np.sin(2 * np.pi * rng.uniform(0.8, 2.8) * time_s + rng.uniform(0, 6))
    ppg = [20_000 + 300 * pulse + 40 * rng.standard_normal(n_rows) for _ in range(2)]
    acc = [0.6 + rng.uniform(0, 0.3) * rng.standard_normal(n_rows) for _ in range(3)]
    table = pd.DataFrame(np.column_stack([*ppg, *acc]), columns=CHANNELS)
    kind = rng.integers(0, 12)
    if kind == 0:  # held by a forward fill
        held = np.arange(n_rows) // int(rng.integers(2, 6))
        table[["acc_x", "acc_y", "acc_z"]] = table[["acc_x", "acc_y", "acc_z"]].to_numpy()[held]
    if kind == 1:  # an outer join
        every = int(rng.integers(2, 5))
        table.loc[np.arange(n_rows) % every != 0, ["acc_x", "acc_y", "acc_z"]] = np.nan
    if kind == 2:  # coarse counts, of which neighbours may be equal
        table[["acc_x", "acc_y", "acc_z"]] = table[["acc_x", "acc_y", "acc_z"]].round(1)
    if kind == 3:
        table[["acc_x", "acc_y", "acc_z"]] *= float(rng.choice([9.81, 1000, 0.01, 77]))
    return table.round(int(rng.integers(2, 7)))


def _faulty_cells(rng: np.random.Generator, table: pd.DataFrame) -> pd.DataFrame:
    n_rows = len(table)
    for _ in range(int(rng.integers(0, 4))):
        name = str(rng.choice(CHANNELS))
        first = int(rng.integers(0, n_rows))
        length = int(rng.choice([1, 2, 5, 30, 200]))
        value = float(rng.choice([np.nan, 0.0, np.inf, 1e20, -65536.0, 26_000.0]))
        table.loc[first : first + length - 1, name] = value
    if rng.random() < 0.15:
        table = table.mask(rng.random(table.shape) < rng.choice([0.02, 0.2]))
    return table


def _with_times(rng: np.random.Generator, table: pd.DataFrame, rate_hz: float) -> pd.DataFrame:
    if rng.random() < 0.25:
        return table
    n_rows = len(table)
    true_hz = rate_hz * (1 + rng.choice([0, 1e-4, 8e-4, 3e-3, -4e-3, 0.02], p=[0.4, *[0.12] * 5]))
    index = np.arange(n_rows)
    for _ in range(int(rng.integers(0, 4))):  # lost rows
        index[int(rng.integers(0, n_rows)) :] += int(rng.choice([1, 2, 7, 9, 60, 3000]))
    time_s = rng.choice([0.0, 12.34, 5000.0]) + index / true_hz
    kind = rng.integers(0, 4)
    if kind == 0:
        time_s = np.round(time_s, int(rng.choice([2, 3, 4])))
    if kind == 1 and rng.random() < 0.1:
        row = int(rng.integers(1, n_rows)) if n_rows > 1 else 0
        time_s[row:] -= float(rng.choice([0.5, 3600.0, 1e-3]))
    if kind >= 2:
        time_s, kept = _arrived(rng, time_s, rate_hz)
        table = table[kept].reset_index(drop=True)
        n_rows = len(table)
    times: pd.Series = pd.Series(time_s)
    if rng.random() < 0.05:
        times[int(rng.integers(0, n_rows))] = np.nan
    if rng.random() < 0.4:
        table = table.assign(timestamp=_date_times(rng, time_s))
    else:
        table = table.assign(time_s=times.round(6))
    if rng.random() < 0.06:  # rows that were written twice
        rows = np.sort(np.concatenate([np.arange(n_rows), rng.integers(0, n_rows, 3)]))
        table = table.iloc[rows].reset_index(drop=True)
    return table


def _arrived(
    rng: np.random.Generator, time_s: np.ndarray, rate_hz: float
) -> tuple[np.ndarray, np.ndarray]:
    """When samples arrive, in order, and which do: drifting clocks, batches, queues, rounding."""
    n_rows, row = len(time_s), np.arange(len(time_s))
    kept = np.ones(n_rows, np.bool_)
    time_s = time_s.copy()
    if rng.random() < 0.25:  # drift
        strength = rng.choice([0.02, 0.05, 0.1, 1.0])
        time_s += strength * np.sin(row / n_rows * rng.uniform(1, 20))
    if rng.random() < 0.6:  # batches, each late by itself; some are lost
        batch = (row + int(rng.integers(0, 25))) // int(rng.integers(2, 26))
        _, place = np.unique(batch, return_inverse=True)
        last = np.searchsorted(place, place, side="right") - 1
        late_s = rng.exponential(rng.choice([0, 0.1, 0.5, 1.0]), place.max() + 1) / rate_hz
        time_s = time_s[last] + late_s[place]
        if rng.random() < 0.3:
            time_s -= (last - row) * rng.choice([1e-5, 1e-3, 0.2 / rate_hz])
        if rng.random() < 0.4:
            kept &= rng.random(place.max() + 1)[place] > rng.choice([0.01, 0.05])
        if rng.random() < 0.3:
            kept &= rng.random(n_rows) > rng.choice([0.001, 0.05])
    elif rng.random() < 0.8:  # each sample late by itself
        time_s += rng.exponential(rng.choice([0.05, 0.3, 1, 3]) / rate_hz, n_rows)
        kept &= rng.random(n_rows) > rng.choice([0, 0.001, 0.02])
    if rng.random() < 0.2:  # a queue that holds everything back for a while
        first = rng.uniform(time_s[0], time_s[-1])
        held = (time_s > first) & (time_s < first + rng.uniform(0.1, 3))
        time_s[held] = time_s[held].max(initial=first)
    if rng.random() < 0.4:
        grid_s = float(rng.choice([0.01, 0.02, 0.033, 0.05, 0.1]))
        time_s = np.floor(time_s / grid_s + rng.choice([0, 0.5])) * grid_s
    kept[0] = True
    return np.maximum.accumulate(time_s)[kept], kept


def _date_times(rng: np.random.Generator, time_s: np.ndarray) -> list[str]:
    moments = pd.to_datetime(np.round((1_777_889_730 + time_s) * 1e6).astype(np.int64), unit="us")
    blank, end = str(rng.choice(["T", " "])), str(rng.choice(["", "Z", "+02:00", "-0330", "+05"]))
    texts = list(moments.strftime(f"%Y-%m-%d{blank}%H:%M:%S.%f"))
    kind = rng.integers(0, 10)
    if kind < 4:
        texts = [text[:-3] for text in texts]
    if kind == 4:
        texts[int(rng.integers(0, len(texts)))] = str(rng.choice(["", "yesterday", "2026-13-01"]))
    ends = [end] * len(texts)
    if kind == 5:
        ends[len(ends) // 2 :] = [str(rng.choice(["+01:00", ""]))] * (len(ends) - len(ends) // 2)
    return [text + more for text, more in zip(texts, ends, strict=True)]


def _other_columns(rng: np.random.Generator, table: pd.DataFrame, rate_hz: float) -> pd.DataFrame:
    n_rows = len(table)
    row = np.arange(n_rows)
    jumped = row + (row > n_rows // 2) * int(rng.choice([0, 1, 50]))
    others = {
        "label": ["walk"] * n_rows,
        "counter": row,
        "packet": jumped,
        "elapsed_ms": np.round(jumped / rate_hz * 1000 * rng.choice([1, 1, 1.01])).astype(int),
        "t": jumped / (rate_hz * rng.choice([1, 1, 2])),
        "hr": 70 + np.sin(row / 100),
        "reference_bpm": np.where(row % 50, np.nan, 70 + 9 * np.sin(row / 300)),
        "date": ["2026-05-04"] * n_rows,
        "clock": pd.date_range("2026-05-04", periods=n_rows, freq="20ms").astype(str),
        "battery": np.linspace(4.1, 3.7, n_rows).round(2),
        "steps": (row // rate_hz).astype(int),
    }
    for name in rng.choice([*others], int(rng.choice([0, 0, 1, 2])), replace=False):
        table = table.assign(**{str(name): others[str(name)]})
    return table


def _written(rng: np.random.Generator, table: pd.DataFrame) -> str:
    text = table.to_csv(index=False, na_rep=str(rng.choice(["", "", "NaN", "NA"])))
    lines = text.splitlines()
    kind = rng.integers(0, 40)
    some = int(rng.integers(1, len(lines)))
    if kind == 0:
        lines[0] = lines[0].replace("ppg_2", str(rng.choice(["green", "acc_x", " ppg_2 "])))
    if kind == 1:
        lines = [line.replace(",", ";") for line in lines]
    if kind == 2:
        lines = lines[1:]
    if kind == 3:
        lines[some] += str(rng.choice([",7", "", ',"'] if some else [""]))
    if kind == 4:
        cells = lines[some].split(",")
        cells[0] = str(rng.choice(["abc", " 20000 ", "0x10", '"20000"', "+2e4", " ", "20 000"]))
        lines[some] = ",".join(cells)
    if kind == 5:
        lines.insert(some, "")
    if kind == 6:
        lines = lines[:1]
    return str(rng.choice(["\n", "\r\n"])).join(lines) + "\n"
