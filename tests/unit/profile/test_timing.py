"""Timing, on graphs made with onnx alone."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from ppgkd.profile.machine import cpu_name
from ppgkd.profile.timing import RunTimes, Timing, time_models

ANY = float("inf")
NEVER = 0.5  # no spread can be below one


def time_model(path: Path, **settings: Any) -> Timing:
    (found,) = time_models([path], pause_s=0, **settings)
    return found


@pytest.fixture
def small(products: Callable[..., Path], tmp_path: Path) -> Path:
    return products(tmp_path / "small.onnx", width=8)


@pytest.fixture
def large(products: Callable[..., Path], tmp_path: Path) -> Path:
    return products(tmp_path / "large.onnx", width=600, products=10)


def test_quantiles_are_positive_and_in_order(small: Path) -> None:
    found = time_model(small, runs=200, warmup=5, max_spread=ANY)
    for times in (found.wall, found.cpu_time):
        assert 0 < times.p50_ms <= times.p95_ms <= times.p99_ms


def test_times_are_milliseconds_of_one_run(large: Path) -> None:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(large, options)
    window = np.ones((1, 3, 600), np.float32)
    times_s = []
    for _ in range(50):
        started_s = time.perf_counter()
        session.run(None, {"x": window})
        times_s.append(time.perf_counter() - started_s)
    found = time_model(large, runs=50, warmup=5, max_spread=ANY)
    expected_ms = 1000 * float(np.median(times_s))
    assert expected_ms / 10 < found.wall.p50_ms < 10 * expected_ms


def test_all_runs_together_take_no_longer_than_the_call(small: Path) -> None:
    started_s = time.perf_counter()
    found = time_model(small, runs=2_000, warmup=1, max_spread=ANY)
    assert 3 * 2_000 * found.wall.mean_ms / 1000 <= time.perf_counter() - started_s


def test_a_larger_model_takes_longer(small: Path, large: Path) -> None:
    times_ms = [
        time_model(path, runs=50, warmup=5, max_spread=ANY).wall.p50_ms for path in (small, large)
    ]
    assert times_ms[1] > 3 * times_ms[0]


def test_the_spread_is_the_99th_percentile_by_the_wall_clock_over_the_median_cpu_time() -> None:
    wall, cpu_time = RunTimes(8.0, 8.5, 9.0, 8.1), RunTimes(2.0, 2.2, 2.3, 2.1)
    assert Timing(wall, cpu_time, busy=False, rounds=3).spread == 4.5


def test_a_quiet_machine_is_timed_by_the_wall_clock_in_three_rounds(small: Path) -> None:
    found = time_model(small, runs=50, warmup=1, max_spread=ANY)
    assert (found.clock, found.busy, found.rounds) == ("wall", False, 3)
    assert found.trusted == found.wall


def test_a_busy_machine_is_timed_by_the_cpu_time_of_the_quietest_of_ten_rounds(small: Path) -> None:
    found = time_model(small, runs=50, warmup=1, max_spread=NEVER)
    assert (found.clock, found.busy, found.rounds) == ("cpu_time", True, 10)
    assert found.trusted == found.cpu_time


def test_models_are_timed_in_turn_and_told_apart(small: Path, large: Path) -> None:
    times = time_models([large, small, large], runs=50, warmup=5, max_spread=ANY)
    first, other, again = (timing.wall.p50_ms for timing in times)
    assert min(first, again) > 3 * other


def test_cpu_time_is_no_longer_than_the_wall_clock_shows(large: Path) -> None:
    found = time_model(large, runs=50, warmup=5, max_spread=ANY)
    assert 0 < found.cpu_time.p50_ms <= 1.1 * found.wall.p50_ms  # two clocks


@pytest.fixture
def shared_core() -> Iterator[None]:
    """Share one core with a process that never sleeps."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    endless = "print(flush=True)\nwhile True: pass"
    other = subprocess.Popen([sys.executable, "-c", endless], stdout=subprocess.PIPE)
    try:
        assert other.stdout
        other.stdout.readline()  # it runs: before that, a round would be quiet
        yield
    finally:
        other.kill()
        other.communicate()
        os.sched_setaffinity(0, cores)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs Linux's affinity of cores")
def test_a_core_shared_with_another_process_is_noticed_and_hardly_changes_the_result(
    products: Callable[..., Path], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """The other process takes milliseconds from some runs of one; its share of a round varies."""
    path = products(tmp_path / "model.onnx", width=400, products=180)
    alone = time_model(path, runs=100, warmup=10, max_spread=ANY).cpu_time.p50_ms
    request.getfixturevalue("shared_core")
    # half a second: a scheduler may leave a process alone for a tenth of one
    found = time_model(path, runs=300, warmup=10, max_spread=2)
    assert found.busy
    assert alone / 3 < found.trusted.p50_ms < 3 * alone


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs Linux's /proc")
@pytest.mark.skipif(os.cpu_count() == 1, reason="on one core there is one thread anyway")
def test_no_further_thread_is_started(large: Path) -> None:
    """In a process of its own, because those of other tests may start and end threads meanwhile."""
    done = subprocess.run(
        [sys.executable, "-c", WATCH_THREADS, str(large)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    before, most = map(int, done.stdout.split())
    assert most == before + 1, "the watcher itself"


WATCH_THREADS = """
import os, sys, threading
from ppgkd.profile.timing import time_models

seen, done = [], threading.Event()

def n_threads():
    return len(os.listdir("/proc/self/task"))

def watch():
    while not done.wait(0.002):
        seen.append(n_threads())

before = n_threads()
watcher = threading.Thread(target=watch)
watcher.start()
while len(seen) < 50:
    time_models([sys.argv[1]], runs=20, warmup=1, max_spread=1e9)
done.set()
watcher.join()
print(before, max(seen))
"""


def test_the_processor_has_a_name() -> None:
    assert cpu_name().strip()
