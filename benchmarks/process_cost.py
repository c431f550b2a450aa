"""Run a function in a process of its own and measure its cost: time and peak memory."""

from __future__ import annotations

import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True)
class Cost:
    """Cost of a piece of work.

    Attributes
    ----------
    wall_s
        Elapsed seconds.
    cpu_s
        Seconds of all cores, child processes included; a busy machine changes them least.
    """

    wall_s: float
    cpu_s: float


class Stopwatch:
    """Measures the cost since it was made."""

    def __init__(self) -> None:
        self._wall_s, self._cpu_s = time.perf_counter(), _cpu_s()

    def read(self) -> Cost:
        """Cost so far."""
        return Cost(time.perf_counter() - self._wall_s, _cpu_s() - self._cpu_s)


def in_fresh_process(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function in a new process with one thread, so that its peak memory is its own."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_with_one_thread, function, *arguments).result()


def peak_mib() -> float:
    """Largest resident memory of this process so far, without child processes, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def _with_one_thread(function: Callable[..., Any], *arguments: Any) -> Any:
    torch.set_num_threads(1)
    # a spawned process would spawn its own; data loaders start in the default way instead
    multiprocessing.set_start_method(None, force=True)
    return function(*arguments)


def _cpu_s() -> float:
    return sum(os.times()[:4])
