"""Samples of own recordings that are no measurements: sentinels, dead channels, a clipped sensor.

A logger writes 0, -1, 9999 or its largest number for a sample that it lost. Such samples are found
by what they are, not by a list of numbers: one exact value that is entered and left by jumps. They
count as missing, as do the flat tops of a clipped PPG and a PPG without any change for 2 s. In the
recordings of BAMI and of the SPC training set, and in simulated ones, nothing is found.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

N_CANDIDATES = 8
"""The most frequent values of a channel are examined, and its extremes, 0 and -1."""

JUMP_QUANTILE = 0.99
MIN_JUMP_SHARE = 0.1
MIN_JUMPS = 3
"""A jump is a larger step, from both neighbours, than this fraction of all samples makes. Samples
are lost if at least this share of the runs of their value, and this many, are jumps; by chance 1 %
would be."""

MIN_OCCURRENCES = 10
EXCESS = 10.0
"""All samples of a value are lost if it has this many runs, is ten times as frequent as the values
around it, and is not the highest or lowest, where a sensor clips. Such a value is found even where
the signal itself goes through it, such as 0 in a PPG without its constant level."""

N_AROUND = 10
"""How many values on each side are those around it."""

MIN_RAIL_RUN = 3
MIN_RAIL_RUNS = 3
MIN_RAIL_SHARE = 1e-3
RAIL_EXCESS = 3.0
"""A sensor is clipped if flat tops of three samples or more, at its highest or lowest value, are
three at least and a thousandth of the samples, and that value is three times as frequent as the
next one."""

UNLIKE_GRAVITY = 0.25
"""Acceleration of one value in all axes is lost if its magnitude differs from the usual one by more
than this fraction."""

FROZEN_S = 2.0
"""A PPG without a change for this long is no measurement: a heart at 30 BPM has a pulse in it."""


@dataclass(frozen=True)
class Fault:
    """Samples of one channel that are no measurements.

    Attributes
    ----------
    channel
        Name of the channel.
    kind
        ``lost``, ``clipped``, ``frozen`` or ``dead``.
    value
        The value that stands in their place; for ``frozen``, the first of several.
    n_samples
        How many there are.
    share
        Fraction of the channel's samples.
    """

    channel: str
    kind: str
    value: float
    n_samples: int
    share: float


def find_faults(
    signal: NDArray[np.float32], channels: tuple[str, ...], rate_hz: float
) -> tuple[NDArray[np.bool_], list[Fault]]:
    """Find samples that are no measurements.

    Parameters
    ----------
    signal
        Shape (n_channels, n_samples); NaN where a sample is missing.
    channels
        Names of the channels; those of the PPG start with ``ppg``.
    rate_hz
        Sampling rate.

    Returns
    -------
    mask
        Shape of `signal`: whether a sample is none.
    faults
        What was found, by channel.
    """
    mask = np.zeros(signal.shape, np.bool_)
    faults: list[Fault] = []
    for row, (channel, of_channel) in enumerate(zip(channels, signal, strict=True)):
        n_known = max(int(np.isfinite(of_channel).sum()), 1)
        for kind, value, where in _channel_faults(of_channel, channel.startswith("ppg"), rate_hz):
            new = where & ~mask[row]
            n_samples = int(new.sum())
            mask[row] |= new
            faults.append(Fault(channel, kind, value, n_samples, n_samples / n_known))
    is_ppg = np.array([channel.startswith("ppg") for channel in channels])
    if len([fault for fault in faults if fault.kind == "dead"]) == is_ppg.sum():
        mask[is_ppg] = False  # there is nothing else to measure, and the windows are flat
    is_acc = np.array([channel.startswith("acc") for channel in channels])
    if is_acc.sum() > 1:
        value, where = _equal_axes(signal[is_acc])
        where &= ~mask[is_acc].all(axis=0)
        if where.any():
            mask[is_acc] |= where
            faults.append(Fault("acc", "lost", value, int(where.sum()), float(where.mean())))
    return mask, faults


def _equal_axes(acc: NDArray[np.float32]) -> tuple[float, NDArray[np.bool_]]:
    """Samples in which all axes have one value, whose magnitude is not that of gravity."""
    equal = (acc == acc[0]).all(axis=0)
    values, counts = np.unique(acc[0, equal], return_counts=True)
    none = np.zeros(acc.shape[1], np.bool_)
    if not len(values) or counts.max() < MIN_JUMPS:
        return 0.0, none
    value = float(values[counts.argmax()])
    magnitude = np.sqrt(np.square(acc, dtype=np.float64).sum(axis=0))
    usual = float(np.nanmedian(magnitude))
    if abs(abs(value) * np.sqrt(len(acc)) - usual) <= UNLIKE_GRAVITY * usual:
        return value, none
    return value, np.asarray(equal & (acc[0] == value))


def _channel_faults(
    x: NDArray[np.float32], is_ppg: bool, rate_hz: float
) -> Iterator[tuple[str, float, NDArray[np.bool_]]]:
    """Kind, value and samples of each fault of one channel."""
    known = np.isfinite(x)
    if not known.any():
        return
    rest = x.astype(np.float64)
    rest[~known] = np.nan
    for value, lost in _sentinels(rest, is_ppg):
        yield "lost", value, lost
        rest[lost] = np.nan
    if not is_ppg:
        return
    left = rest[np.isfinite(rest)]
    if left.size and left.min() == left.max():
        yield "dead", float(left[0]), np.isfinite(rest)
        return
    for value in _rails(left):
        first, end = _runs(rest == value)
        long = end - first >= MIN_RAIL_RUN
        if long.sum() < MIN_RAIL_RUNS:
            continue
        where = _mask(first[long], end[long], len(x))
        if where.sum() >= MIN_RAIL_SHARE * left.size:
            yield "clipped", value, where
            rest[where] = np.nan
    first, end = _runs(np.diff(rest) == 0)
    long = end + 1 - first >= FROZEN_S * rate_hz
    if long.any():
        yield "frozen", float(rest[first[long][0]]), _mask(first[long], end[long] + 1, len(x))


def _sentinels(x: NDArray[np.float64], is_ppg: bool) -> Iterator[tuple[float, NDArray[np.bool_]]]:
    """Values that stand for lost samples, and these samples."""
    x = x.copy()
    for value in _isolated_extremes(x):
        lost = x == value
        yield value, lost
        x[lost] = np.nan
    for value in _candidates(x, is_ppg):
        lost = _jumps_to(x, value)
        if lost.any():
            yield value, lost
            x[lost] = np.nan


def _isolated_extremes(x: NDArray[np.float64]) -> Iterator[float]:
    """Repeated extremes that are farther from the rest than the rest is wide."""
    values, counts = np.unique(x[np.isfinite(x)], return_counts=True)
    while len(values) > 2:
        from_low = values[1] - values[0] > values[-1] - values[1] and counts[0] > 1
        from_high = values[-1] - values[-2] > values[-2] - values[0] and counts[-1] > 1
        if not from_low and not from_high:
            return
        place = 0 if from_low else -1
        if counts[place] > counts.sum() / 2:
            return
        yield float(values[place])
        values, counts = np.delete(values, place), np.delete(counts, place)


def _candidates(x: NDArray[np.float64], is_ppg: bool) -> list[float]:
    values, counts = np.unique(x[np.isfinite(x)], return_counts=True)
    values, counts = values[counts >= MIN_JUMPS], counts[counts >= MIN_JUMPS]
    if not len(values):
        return []
    frequent = values[np.argsort(-counts, kind="stable")[:N_CANDIDATES]]
    special = [value for value in (values[0], values[-1], 0.0, -1.0) if value in values]
    found = list(dict.fromkeys([*frequent.tolist(), *map(float, special)]))
    # steps and blows reach the accelerometer's own limits; the SPC recordings do at 4 g
    limits = () if is_ppg else (np.nanmin(x), np.nanmax(x))
    return [value for value in found if value not in limits]


def _jumps_to(x: NDArray[np.float64], value: float) -> NDArray[np.bool_]:
    """Samples of this value that are lost; none if its steps are those of any other value."""
    hit = x == value
    first, end = _runs(hit)
    inside = (first > 0) & (end < len(x))
    first, end = first[inside], end[inside]
    others = np.where(hit, np.nan, x)
    step = np.abs(others[1:-1] - (others[:-2] + others[2:]) / 2)
    step = step[np.isfinite(step)]
    if len(first) < MIN_JUMPS or not step.size:
        return np.zeros(len(x), np.bool_)
    before, after = x[first - 1], x[end]
    smaller = np.minimum(np.abs(value - before), np.abs(value - after))
    # both neighbours on one side, and farther than the signal itself moves meanwhile
    away = (value - before) * (value - after) > 0
    away &= smaller > np.abs(after - before)
    inner = np.nanmin(others) < value < np.nanmax(others)
    if inner and len(first) >= MIN_OCCURRENCES and _excess(others, value, hit) >= EXCESS:
        return np.asarray(hit)
    jumps = away & (smaller > np.quantile(step, JUMP_QUANTILE))
    if jumps.sum() < max(MIN_JUMPS, MIN_JUMP_SHARE * len(first)):
        return np.zeros(len(x), np.bool_)
    return _mask(first[jumps], end[jumps], len(x))


def _excess(others: NDArray[np.float64], value: float, hit: NDArray[np.bool_]) -> float:
    """How much more frequent a value is than those around it, in the median."""
    values, counts = np.unique(others[np.isfinite(others)], return_counts=True)
    place = int(np.searchsorted(values, value))
    return float(hit.sum() / np.median(counts[max(place - N_AROUND, 0) : place + N_AROUND]))


def _rails(left: NDArray[np.float64]) -> Iterator[float]:
    """Extremes that are much more frequent than the values next to them."""
    values, counts = np.unique(left, return_counts=True)
    if len(values) < 3:
        return
    for place, beside in ((0, 1), (-1, -2)):
        if counts[place] >= RAIL_EXCESS * counts[beside]:
            yield float(values[place])


def _runs(hit: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First index of each run of true values, and the index after its last."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], hit, [False]]).astype(np.int8)))
    return edges[::2], edges[1::2]


def _mask(first: NDArray[np.int64], end: NDArray[np.int64], n_samples: int) -> NDArray[np.bool_]:
    change = np.zeros(n_samples + 1, np.int64)
    np.add.at(change, first, 1)
    np.add.at(change, end, -1)
    return np.asarray(np.cumsum(change[:-1]) > 0)
