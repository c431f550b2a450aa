"""Work in a process of its own, so that no contestant inherits another one's peak of memory."""

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
class Spent:
    """What something took.

    Attributes
    ----------
    wall_s
        Seconds on the wall's clock.
    cpu_s
        Seconds of all cores, helpers included; what a busy machine changes least.
    """

    wall_s: float
    cpu_s: float


class Stopwatch:
    """Runs from the moment that it is made."""

    def __init__(self) -> None:
        self._wall_s, self._cpu_s = time.perf_counter(), _cpu_s()

    def read(self) -> Spent:
        """Tell what was spent so far."""
        return Spent(time.perf_counter() - self._wall_s, _cpu_s() - self._cpu_s)


def apart(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function in a fresh process with one thread."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_with_one_thread, function, *arguments).result()


def peak_mib() -> float:
    """Largest resident memory of this process so far, without its helpers."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def _with_one_thread(function: Callable[..., Any], *arguments: Any) -> Any:
    torch.set_num_threads(1)
    # a spawned process spawns its own; here the contestants' helpers start as they would at home
    multiprocessing.set_start_method(None, force=True)
    return function(*arguments)


def _cpu_s() -> float:
    return sum(os.times()[:4])
