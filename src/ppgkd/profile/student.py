"""The profiles of students: time, memory, bytes and multiply-accumulates of their files.

Files of the same architecture do the same work, so each architecture is measured once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import onnx
import onnxruntime

from ppgkd.errors import PpgkdError
from ppgkd.export.subgraphs import front_end_graph
from ppgkd.profile.device import measured_rows, why_not_measured
from ppgkd.profile.graph_cost import GraphCost, graph_cost
from ppgkd.profile.machine import cpu_name
from ppgkd.profile.memory import peak_memories_bytes
from ppgkd.profile.microcontroller import CORES, estimate
from ppgkd.profile.timing import Timing, time_models


def profile_students(
    models: Sequence[str | Path],
    int8: Sequence[str | Path | None],
    *,
    runs: int,
    warmup: int,
    max_spread: float,
) -> list[dict[str, Any]]:
    """Profile students' files, and their int8 files.

    Parameters
    ----------
    models
        ONNX files from raw samples to BPM.
    int8
        For each, the same student with int8 layers; None where there is none.
    runs, warmup, max_spread
        See `ppgkd.profile.timing.time_models`.

    Returns
    -------
    list of dict
        For each student, of the float file, from raw samples to BPM: ``p50_ms``, ``p95_ms``,
        ``p99_ms`` and ``mean_ms`` by the clock that can be trusted, which is named by ``clock``;
        ``wall`` and ``cpu_time``, the same by each clock; ``spread``, ``busy`` and ``rounds``
        (see `ppgkd.profile.timing.Timing`); ``front_end``, all these for the front end alone
        (`ppgkd.export.subgraphs.front_end_graph`), None if the file has none; ``onnx_bytes``;
        ``peak_memory_bytes`` above the baseline of a process; and the fields of
        `ppgkd.profile.graph_cost.GraphCost`. Further ``int8``, the same of the int8
        file, or None; ``microcontroller``, rows of `ppgkd.profile.device.measured_rows`, or for a
        file that could not be measured of `ppgkd.profile.microcontroller.estimate`, and
        ``not_measured``, why one could not, or None; ``runs``, ``warmup``, ``batch``,
        ``threads``, ``cpu`` and the version of ``onnxruntime``.
    """
    paths = [Path(path) for path in [*models, *int8] if path is not None]
    files = _profile_files(paths, runs=runs, warmup=warmup, max_spread=max_spread)
    conditions = {
        "runs": runs,
        "warmup": warmup,
        "batch": 1,
        "threads": 1,
        "cpu": cpu_name(),
        "onnxruntime": onnxruntime.__version__,
    }
    profiles = []
    for model, quantised in zip(models, int8, strict=True):
        own = [files[Path(path)] for path in (model, quantised) if path is not None]
        reasons = [file.not_measured for file in own if file.not_measured is not None]
        profiles.append(
            {
                **own[0].measured,
                **conditions,
                "int8": own[1].measured if quantised is not None else None,
                "microcontroller": [row for file in own for row in file.microcontroller],
                "not_measured": reasons[0] if reasons else None,
            }
        )
    return profiles


def architecture(model: onnx.ModelProto) -> str:
    """Digest of what a model computes, whatever its weights are: operators and shapes."""
    digest = hashlib.sha256()
    for value in (*model.graph.input, *model.graph.output, *model.graph.node):
        digest.update(value.SerializeToString(deterministic=True))
    for constant in model.graph.initializer:
        digest.update(repr((constant.name, constant.data_type, [*constant.dims])).encode())
    return digest.hexdigest()


class _FileProfile(NamedTuple):
    """What was measured of a file, or of another of its architecture."""

    measured: dict[str, Any]
    microcontroller: list[dict[str, Any]]
    not_measured: str | None


def _profile_files(
    paths: Sequence[Path], *, runs: int, warmup: int, max_spread: float
) -> dict[Path, _FileProfile]:
    """Profile of each file, measured on the first of its architecture."""
    loaded = {path: onnx.load(path) for path in paths}
    architectures = {path: architecture(model) for path, model in loaded.items()}
    measured = {name: path for path, name in reversed(architectures.items())}
    with TemporaryDirectory() as folder:
        alone = {}
        for name, path in measured.items():
            front_end = front_end_graph(loaded[path])
            if front_end is not None:
                alone[name] = Path(folder, f"{name}.onnx")
                onnx.save(front_end, alone[name])
        timed = [*measured.values(), *alone.values()]
        timings = time_models(timed, runs=runs, warmup=warmup, max_spread=max_spread)
    by_path = dict(zip(timed, timings, strict=True))
    memories = dict(zip(measured, peak_memories_bytes([*measured.values()]), strict=True))
    costs = {name: graph_cost(loaded[path]) for name, path in measured.items()}
    shared = {
        name: {
            **_times(by_path[path]),
            "front_end": _times(by_path[alone[name]]) if name in alone else None,
            "peak_memory_bytes": memories[name],
            **asdict(costs[name]),
        }
        for name, path in measured.items()
    }
    devices = {name: _on_device(loaded[path], costs[name]) for name, path in measured.items()}
    return {
        path: _FileProfile({**shared[name], "onnx_bytes": path.stat().st_size}, *devices[name])
        for path, name in architectures.items()
    }


def _on_device(model: onnx.ModelProto, cost: GraphCost) -> tuple[list[dict[str, Any]], str | None]:
    """Rows of what a file takes on microcontrollers; and if they are estimates, why."""
    reason = why_not_measured()
    if reason is None:
        try:
            return measured_rows(model, "int8" if cost.int8_macs else "float32"), None
        except PpgkdError as error:
            reason = str(error)
    return [estimate(cost, core) for core in CORES], reason


def _times(timing: Timing) -> dict[str, Any]:
    return {
        **asdict(timing.trusted),
        "spread": timing.spread,
        "clock": timing.clock,
        **asdict(timing),
    }
