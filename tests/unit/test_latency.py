"""Timing, on graphs made with onnx alone."""

import json
import os
import threading
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from ppgkd.latency import cpu_name, profile_latency


def write_graph(path: Path, width: int, products: int = 1) -> Path:
    """``products`` matrix products in a row, for windows of 3 channels and ``width`` samples."""
    matrix = np.eye(width, dtype=np.float32)
    names = ["x", *(f"y{step}" for step in range(products))]
    nodes = [
        helper.make_node("MatMul", [entry, "matrix"], [result]) for entry, result in pairwise(names)
    ]
    shape = ["batch", 3, width]
    graph = helper.make_graph(
        nodes,
        "products",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(names[-1], TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(matrix, "matrix")],
    )
    opset = helper.make_opsetid("", 18)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=10), path)
    return path


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return write_graph(tmp_path / "small.onnx", width=8)


def test_the_result_has_the_keys_of_the_contract_and_can_be_written(small: Path) -> None:
    found = profile_latency(small, runs=50, warmup=5)
    assert set(found) == {
        "p50_ms",
        "p95_ms",
        "p99_ms",
        "mean_ms",
        "runs",
        "batch",
        "threads",
        "onnx_bytes",
        "peak_memory_bytes",
        "cpu",
        "onnxruntime",
    }
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_quantiles_are_positive_and_in_order(small: Path) -> None:
    found = profile_latency(small, runs=200, warmup=5)
    assert 0 < found["p50_ms"] <= found["p95_ms"] <= found["p99_ms"]


def test_it_says_how_it_was_measured(small: Path) -> None:
    found = profile_latency(small, runs=50, warmup=5)
    assert (found["runs"], found["batch"], found["threads"]) == (50, 1, 1)
    assert found["onnx_bytes"] == len(small.read_bytes())
    assert found["onnxruntime"] == onnxruntime.__version__
    assert found["cpu"] == cpu_name() != ""


def test_times_are_milliseconds_of_one_run(tmp_path: Path) -> None:
    path = write_graph(tmp_path / "large.onnx", width=600, products=10)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options)
    window = np.ones((1, 3, 600), np.float32)
    times_s = []
    for _ in range(50):
        started_s = time.perf_counter()
        session.run(None, {"x": window})
        times_s.append(time.perf_counter() - started_s)
    found = profile_latency(path, runs=50, warmup=5)
    expected_ms = 1000 * float(np.median(times_s))
    assert expected_ms / 10 < found["p50_ms"] < 10 * expected_ms


def test_all_runs_together_take_no_longer_than_the_call(small: Path) -> None:
    started_s = time.perf_counter()
    found = profile_latency(small, runs=2_000, warmup=1)
    assert 2_000 * found["mean_ms"] / 1000 <= time.perf_counter() - started_s


def test_a_larger_model_takes_longer(small: Path, tmp_path: Path) -> None:
    large = write_graph(tmp_path / "large.onnx", width=600, products=10)
    times_ms = [profile_latency(p, runs=50, warmup=5)["p50_ms"] for p in (small, large)]
    assert times_ms[1] > 3 * times_ms[0]


def test_memory_is_in_bytes_and_covers_the_process(small: Path) -> None:
    found = profile_latency(small, runs=10, warmup=1)["peak_memory_bytes"]
    assert 20e6 < found < 1e11


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs Linux's /proc")
@pytest.mark.skipif(os.cpu_count() == 1, reason="on one core there is one thread anyway")
def test_no_further_thread_is_started(tmp_path: Path) -> None:
    path = write_graph(tmp_path / "large.onnx", width=600, products=10)
    threads = Path("/proc/self/task")
    most, done = 0, threading.Event()

    def watch() -> None:
        nonlocal most
        while not done.wait(0.002):
            most = max(most, len(list(threads.iterdir())))

    watcher = threading.Thread(target=watch)
    before = len(list(threads.iterdir()))
    watcher.start()
    try:
        profile_latency(path, runs=100, warmup=5)
    finally:
        done.set()
        watcher.join()
    assert most == before + 1, "the watcher itself"
