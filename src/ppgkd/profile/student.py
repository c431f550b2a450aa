"""The profile of one student: time, memory, bytes and multiply-accumulates of its files."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import onnx
import onnxruntime

from ppgkd.export import WINDOW
from ppgkd.export.subgraphs import split_graph
from ppgkd.profile.graph_cost import GraphCost, graph_cost
from ppgkd.profile.machine import cpu_name
from ppgkd.profile.memory import peak_memory_bytes
from ppgkd.profile.microcontroller import CORES, estimate
from ppgkd.profile.timing import time_model


def profile_student(
    model: str | Path, int8: str | Path | None, *, runs: int, warmup: int, max_spread: float
) -> dict[str, Any]:
    """Profile a student's file, and its int8 file if there is one.

    Parameters
    ----------
    model
        ONNX file from raw samples to BPM.
    int8
        The same student with int8 layers.
    runs, warmup
        Timed runs, and those before them.
    max_spread
        See `ppgkd.profile.timing.time_model`.

    Returns
    -------
    dict
        Of the float file, from raw samples to BPM: ``p50_ms``, ``p95_ms``, ``p99_ms``,
        ``mean_ms``, ``spread``; ``network``, the same for the network graph, which starts at the
        tensor `ppgkd.export.WINDOW` (for the whole file if no node computes it); ``onnx_bytes``,
        ``peak_memory_bytes`` above the baseline of a process; ``macs``, ``network_macs`` and the
        other fields of `ppgkd.profile.graph_cost.GraphCost`. Further ``int8``, the same of the
        int8 file, or None; ``microcontroller``, rows of `ppgkd.profile.microcontroller.estimate`;
        ``runs``, ``warmup``, ``batch``, ``threads``, ``cpu`` and the version of ``onnxruntime``.

    Raises
    ------
    PpgkdError
        If the machine is too busy for a timing.
    """
    timing = {"runs": runs, "warmup": warmup}
    profile, cost = _profile(model, max_spread=max_spread, **timing)
    costs, profile["int8"] = [cost], None
    if int8 is not None:
        profile["int8"], int8_cost = _profile(int8, max_spread=max_spread, **timing)
        costs.append(int8_cost)
    return {
        **profile,
        **timing,
        "microcontroller": [estimate(cost, core) for cost in costs for core in CORES],
        "batch": 1,
        "threads": 1,
        "cpu": cpu_name(),
        "onnxruntime": onnxruntime.__version__,
    }


def _profile(
    path: str | Path, *, runs: int, warmup: int, max_spread: float
) -> tuple[dict[str, Any], GraphCost]:
    model = onnx.load(path)
    network = _network(model)
    cost = graph_cost(model)
    timing = time_model(path, runs=runs, warmup=warmup, max_spread=max_spread)
    with TemporaryDirectory() as folder:
        network_path = Path(folder, "network.onnx")
        onnx.save(network, network_path)
        network_timing = time_model(network_path, runs=runs, warmup=warmup, max_spread=max_spread)
    profile = {
        **asdict(timing),
        "spread": timing.spread,
        "network": {**asdict(network_timing), "spread": network_timing.spread},
        "onnx_bytes": Path(path).stat().st_size,
        "peak_memory_bytes": peak_memory_bytes(path),
        **asdict(cost),
        "network_macs": graph_cost(network).macs,
    }
    return profile, cost


def _network(model: onnx.ModelProto) -> onnx.ModelProto:
    """Network graph of a file; a file that starts with the window is a network graph."""
    has_preprocessing = any(WINDOW in node.output for node in model.graph.node)
    return split_graph(model)[1] if has_preprocessing else model
