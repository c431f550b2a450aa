"""How long one estimate takes: ONNX Runtime, one window, one thread, nothing else running."""

from __future__ import annotations

import platform
import resource
import time
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray


def profile_latency(path: str | Path, *, runs: int, warmup: int, seed: int = 0) -> dict[str, Any]:
    """Time a model on random windows.

    Parameters
    ----------
    path
        ONNX file with one input of shape (batch, n_channels, n_samples).
    runs
        Timed runs.
    warmup
        Runs before that are not counted.
    seed
        Of the windows' values.

    Returns
    -------
    dict
        ``p50_ms``, ``p95_ms``, ``p99_ms``, ``mean_ms``; ``runs``, ``batch``, ``threads``;
        ``onnx_bytes``; ``peak_memory_bytes`` of the whole process; ``cpu`` and the version of
        ONNX Runtime.
    """
    session = _single_thread_session(path)
    (entry,) = session.get_inputs()
    channels, samples = entry.shape[1:]
    window = np.random.default_rng(seed).standard_normal((1, channels, samples), dtype=np.float32)
    times_ms = _time_runs(session, {entry.name: window}, runs, warmup)
    p50, p95, p99 = np.quantile(times_ms, [0.5, 0.95, 0.99])
    return {
        "p50_ms": float(p50),
        "p95_ms": float(p95),
        "p99_ms": float(p99),
        "mean_ms": float(times_ms.mean()),
        "runs": runs,
        "batch": 1,
        "threads": 1,
        "onnx_bytes": Path(path).stat().st_size,
        "peak_memory_bytes": _peak_memory_bytes(),
        "cpu": cpu_name(),
        "onnxruntime": onnxruntime.__version__,
    }


def cpu_name() -> str:
    """Name of the processor, as the operating system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _single_thread_session(path: str | Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _time_runs(
    session: onnxruntime.InferenceSession,
    feed: dict[str, NDArray[np.float32]],
    runs: int,
    warmup: int,
) -> NDArray[np.float64]:
    for _ in range(warmup):
        session.run(None, feed)
    times_ms = np.empty(runs)
    for run in range(runs):
        started_ns = time.perf_counter_ns()
        session.run(None, feed)
        times_ms[run] = (time.perf_counter_ns() - started_ns) / 1e6
    return times_ms


def _peak_memory_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if platform.system() == "Darwin" else 1024 * peak)
