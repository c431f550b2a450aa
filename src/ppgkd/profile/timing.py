"""Latency of one estimate: ONNX Runtime, one window, one thread, on a quiet machine."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from ppgkd.errors import PpgkdError

log = logging.getLogger(__name__)

ROUNDS = 10
PAUSE_S = 3.0
"""Pause between two rounds, in which a disturbance may end."""


@dataclass(frozen=True)
class Timing:
    """Times of one round.

    Attributes
    ----------
    p50_ms, p95_ms, p99_ms, mean_ms
        Quantiles and mean over the runs.
    """

    p50_ms: float
    p95_ms: float
    p99_ms: float
    mean_ms: float

    @property
    def spread(self) -> float:
        """Ratio of the 99th percentile to the median.

        All runs compute the same, so the spread comes from the machine. It shows first when another
        process takes the core for a few milliseconds: for runs of 0.1 ms, a quiet core gives 1.5 to
        2.5 and a shared one 30 to 100.
        """
        return self.p99_ms / self.p50_ms


def time_model(
    path: str | Path,
    *,
    runs: int,
    warmup: int,
    max_spread: float,
    rounds: int = ROUNDS,
    pause_s: float = PAUSE_S,
    seed: int = 0,
) -> Timing:
    """Time a model on random windows, one at a time and on one thread.

    Parameters
    ----------
    path
        ONNX file with one input of shape (batch, n_channels, n_samples).
    runs
        Timed runs of a round.
    warmup
        Runs before the first round.
    max_spread
        Largest `Timing.spread` of a quiet machine.
    rounds, pause_s
        Largest number of rounds, and the pause between two.
    seed
        Of the window's values.

    Returns
    -------
    Timing
        Of the first quiet round.

    Raises
    ------
    PpgkdError
        If no round is quiet.
    """
    session = _single_thread_session(path)
    (entry,) = session.get_inputs()
    shape = (1, *entry.shape[1:])
    feed = {entry.name: np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)}
    for _ in range(warmup):
        session.run(None, feed)

    def measured() -> Iterator[Timing]:
        for number in range(rounds):
            if number:
                log.info("the machine is busy; round %d in %g s", number + 1, pause_s)
                time.sleep(pause_s)
            yield _one_round(session, feed, runs)

    return first_quiet(measured(), max_spread, path)


def first_quiet(timings: Iterator[Timing], max_spread: float, path: str | Path) -> Timing:
    """Return the first timing whose spread is within the limit.

    Raises
    ------
    PpgkdError
        If there is none. The message has the spreads and says what to do.
    """
    spreads = []
    for timing in timings:
        if timing.spread <= max_spread:
            return timing
        spreads.append(timing.spread)
    raise PpgkdError(
        f"The machine is too busy to time {path}. In {len(spreads)} rounds the 99th percentile of "
        f"the run times was {min(spreads):.1f} to {max(spreads):.1f} times their median; allowed "
        f"is {max_spread:g} (latency.max_spread). The load average is {os.getloadavg()[0]:.1f} on "
        f"{os.cpu_count()} processors. Close other programs and run again: all other results are "
        "kept. If this machine is never quiet, raise latency.max_spread."
    )


def _single_thread_session(path: str | Path) -> onnxruntime.InferenceSession:
    """Load a file so that it runs on the caller's thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _one_round(
    session: onnxruntime.InferenceSession, feed: Mapping[str, NDArray[np.float32]], runs: int
) -> Timing:
    times_ms = np.empty(runs)
    for run in range(runs):
        started_ns = time.perf_counter_ns()
        session.run(None, feed)
        times_ms[run] = (time.perf_counter_ns() - started_ns) / 1e6
    p50, p95, p99 = np.quantile(times_ms, [0.5, 0.95, 0.99])
    return Timing(float(p50), float(p95), float(p99), float(times_ms.mean()))
