"""How long one estimate takes: ONNX Runtime, one window at a time, one thread.

Every run is timed by two clocks: the wall clock, and the CPU time of the thread, which stands still
while another process has the core. On a quiet machine both say the same. On a busy one the wall
clock says what the other processes did, and the CPU time is what can be used.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

log = logging.getLogger(__name__)

LEAST_ROUNDS, MOST_ROUNDS = 3, 10
PAUSE_S = 0.5
"""Before a further round: what disturbed the last one may be over."""

MAX_WAIT = 1.25
"""Largest ratio of the median by the wall clock to that of the CPU time on a quiet machine, where
both are the same. If another process always has its share of the core, all runs are slow alike and
nothing spreads."""

Feed = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True)
class RunTimes:
    """Quantiles and mean of the run times of one round, by one clock, in milliseconds."""

    p50_ms: float
    p95_ms: float
    p99_ms: float
    mean_ms: float


@dataclass(frozen=True)
class Timing:
    """Run times of a model in its quietest round.

    Attributes
    ----------
    wall, cpu_time
        By the wall clock, and in CPU time of the thread.
    busy
        Whether `spread` was too large even in the quietest round, or the median run waited for
        the core: see `MAX_WAIT`.
    rounds
        Rounds that were measured.
    """

    wall: RunTimes
    cpu_time: RunTimes
    busy: bool
    rounds: int

    @property
    def spread(self) -> float:
        """Ratio of the slowest runs by the wall clock to the median CPU time.

        The slowest are those at the 99th percentile. A run does the same work each time, so what
        spreads is the machine: a quiet core gives 1.5 to 2.5, a shared one 5 to 100.
        """
        return self.wall.p99_ms / self.cpu_time.p50_ms

    @property
    def clock(self) -> str:
        """Clock that can be trusted: ``wall``, or ``cpu_time`` where the machine was busy."""
        return "cpu_time" if self.busy else "wall"

    @property
    def trusted(self) -> RunTimes:
        """Run times by that clock."""
        return self.cpu_time if self.busy else self.wall


def time_models(
    paths: Sequence[str | Path],
    *,
    runs: int,
    warmup: int,
    max_spread: float,
    pause_s: float = PAUSE_S,
    seed: int = 0,
) -> list[Timing]:
    """Time models on random windows, one window at a time and on one thread.

    The models take turns, a round each, so that a disturbance does not fall on one of them alone.
    Each has at least `LEAST_ROUNDS` rounds; further ones follow, `MOST_ROUNDS` in all, while its
    quietest round is not quiet. The quietest round is the one with the lowest 99th percentile by
    the wall clock. It is reported in any case, and marked where it is not quiet.

    Parameters
    ----------
    paths
        ONNX files with one input of shape (batch, n_channels, n_samples).
    runs
        Runs of a round.
    warmup
        Runs of each model before its first round.
    max_spread
        Largest `Timing.spread` that counts as quiet.
    pause_s
        Before a further round.
    seed
        Of the windows' values.

    Returns
    -------
    list of Timing
        One for each path.
    """
    sessions = [_single_thread_session(path) for path in paths]
    feeds = [_random_window(session, seed) for session in sessions]
    for session, feed in zip(sessions, feeds, strict=True):
        for _ in range(warmup):
            session.run(None, feed)
    rounds: list[list[tuple[RunTimes, RunTimes]]] = [[] for _ in paths]
    for number in range(MOST_ROUNDS):
        waiting = [
            own for own in rounds if number < LEAST_ROUNDS or _quietest(own, max_spread).busy
        ]
        if not waiting:
            break
        if number >= LEAST_ROUNDS:
            log.info("the machine is busy: round %d of %d models", number + 1, len(waiting))
            time.sleep(pause_s)
        for session, feed, own in zip(sessions, feeds, rounds, strict=True):
            if any(own is one for one in waiting):
                own.append(_one_round(session, feed, runs))
    return [_quietest(own, max_spread) for own in rounds]


def _quietest(rounds: Sequence[tuple[RunTimes, RunTimes]], max_spread: float) -> Timing:
    wall, cpu_time = min(rounds, key=lambda times: times[0].p99_ms)
    timing = Timing(wall, cpu_time, busy=False, rounds=len(rounds))
    waits = wall.p50_ms > MAX_WAIT * cpu_time.p50_ms
    return replace(timing, busy=waits or timing.spread > max_spread)


def _single_thread_session(path: str | Path) -> onnxruntime.InferenceSession:
    """Load a file for runs on the thread of the caller."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _random_window(session: onnxruntime.InferenceSession, seed: int) -> Feed:
    (entry,) = session.get_inputs()
    shape = (1, *entry.shape[1:])
    return {entry.name: np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)}


def _one_round(
    session: onnxruntime.InferenceSession, feed: Feed, runs: int
) -> tuple[RunTimes, RunTimes]:
    """Times of the runs by the wall clock and in CPU time of this thread."""
    wall_ns, cpu_ns = np.empty(runs), np.empty(runs)
    for run in range(runs):
        cpu_started, wall_started = time.thread_time_ns(), time.perf_counter_ns()
        session.run(None, feed)
        wall_ns[run] = time.perf_counter_ns() - wall_started
        cpu_ns[run] = time.thread_time_ns() - cpu_started
    return _run_times(wall_ns / 1e6), _run_times(cpu_ns / 1e6)


def _run_times(times_ms: NDArray[np.float64]) -> RunTimes:
    p50, p95, p99 = np.quantile(times_ms, [0.5, 0.95, 0.99])
    return RunTimes(float(p50), float(p95), float(p99), float(times_ms.mean()))
