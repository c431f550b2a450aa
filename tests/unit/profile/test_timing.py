"""Timing of graphs made with onnx alone."""

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from ppgkd.errors import PpgkdError
from ppgkd.profile.machine import cpu_name
from ppgkd.profile.timing import Timing, first_quiet, time_model

ANY = float("inf")
QUIET, BUSY = Timing(1.0, 1.5, 2.0, 1.1), Timing(1.0, 4.0, 40.0, 3.0)


@pytest.fixture
def small(products: Callable[..., Path], tmp_path: Path) -> Path:
    return products(tmp_path / "small.onnx", width=8)


@pytest.fixture
def large(products: Callable[..., Path], tmp_path: Path) -> Path:
    return products(tmp_path / "large.onnx", width=600, products=10)


def test_quantiles_are_positive_and_in_order(small: Path) -> None:
    found = time_model(small, runs=200, warmup=5, max_spread=ANY)
    assert 0 < found.p50_ms <= found.p95_ms <= found.p99_ms


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
    assert expected_ms / 10 < found.p50_ms < 10 * expected_ms


def test_the_sum_of_all_runs_is_not_longer_than_the_call(small: Path) -> None:
    started_s = time.perf_counter()
    found = time_model(small, runs=2_000, warmup=1, max_spread=ANY)
    assert 2_000 * found.mean_ms / 1000 <= time.perf_counter() - started_s


def test_a_larger_model_takes_longer(small: Path, large: Path) -> None:
    times_ms = [
        time_model(path, runs=50, warmup=5, max_spread=ANY).p50_ms for path in (small, large)
    ]
    assert times_ms[1] > 3 * times_ms[0]


def test_the_spread_is_the_99th_percentile_over_the_median() -> None:
    assert Timing(p50_ms=2.0, p95_ms=3.0, p99_ms=9.0, mean_ms=2.5).spread == 4.5


def test_the_first_quiet_round_is_reported_and_no_further_one_is_measured() -> None:
    rounds = iter([BUSY, QUIET, BUSY])
    assert first_quiet(rounds, 5, "model.onnx") is QUIET
    assert list(rounds) == [BUSY]


def test_a_spread_equal_to_the_limit_is_quiet() -> None:
    assert first_quiet(iter([QUIET]), QUIET.spread, "model.onnx") is QUIET


def test_without_a_quiet_round_the_message_has_the_spreads_and_what_to_do() -> None:
    with pytest.raises(PpgkdError) as caught:
        first_quiet(iter([BUSY, Timing(1.0, 4.0, 60.0, 3.0)]), 5, "some/model.onnx")
    message = str(caught.value)
    assert "too busy to time some/model.onnx" in message
    assert "In 2 rounds" in message
    assert "40.0 to 60.0 times their median; allowed is 5 (latency.max_spread)" in message
    assert re.search(r"load average is \d+\.\d on \d+ processors", message)
    assert "Close other programs and run again: all other results are kept" in message
    assert "raise latency.max_spread" in message


def test_there_are_as_many_rounds_as_allowed_with_pauses_between(small: Path) -> None:
    started_s = time.perf_counter()
    with pytest.raises(PpgkdError, match="In 3 rounds"):  # no spread can be below one
        time_model(small, runs=50, warmup=1, max_spread=0.9, rounds=3, pause_s=0.1)
    assert time.perf_counter() - started_s > 0.2


@pytest.fixture
def shared_core() -> Iterator[None]:
    """Share one core with a process that never sleeps."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    other = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        time.sleep(0.3)  # until it has started
        yield
    finally:
        other.kill()
        other.wait()
        os.sched_setaffinity(0, cores)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs Linux's affinity of cores")
@pytest.mark.usefixtures("shared_core")
def test_a_core_shared_with_another_process_is_refused(
    products: Callable[..., Path], tmp_path: Path
) -> None:
    path = products(tmp_path / "model.onnx", width=400, products=20)  # some tenths of a ms
    with pytest.raises(PpgkdError, match="too busy"):
        time_model(path, runs=1_000, warmup=10, max_spread=5, rounds=2, pause_s=0)


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs Linux's /proc")
@pytest.mark.skipif(os.cpu_count() == 1, reason="on one core there is one thread anyway")
def test_no_further_thread_is_started(large: Path) -> None:
    threads = Path("/proc/self/task")
    seen: list[int] = []
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.002):
            seen.append(len(list(threads.iterdir())))

    watcher = threading.Thread(target=watch)
    before = len(list(threads.iterdir()))
    watcher.start()
    try:
        while len(seen) < 50:
            time_model(large, runs=20, warmup=1, max_spread=ANY)
    finally:
        done.set()
        watcher.join()
    assert max(seen) == before + 1, "the watcher itself"


def test_the_processor_has_a_name() -> None:
    assert cpu_name().strip()
