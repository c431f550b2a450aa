"""The benchmark of peers: what it measures of our own C has the logits of ONNX Runtime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.benchmark_module import benchmark_module as module

from ppgkd.emulation.boards import board_of
from ppgkd.export.packaged_student import PACKAGED_STUDENT
from ppgkd.export.student import read_student
from ppgkd.simulation.subject import simulate_subject


@pytest.fixture(scope="module")
def network() -> Any:
    model = read_student(PACKAGED_STUDENT)
    walk = simulate_subject(0, 60.0, seed=0).signal[[0, 3, 4, 5]]
    raw = np.stack([walk[:, start : start + 400] for start in range(0, 2000, 200)])
    return module("firmware_peers.network").read_network(model, model, raw, n_calibration=4)


def test_the_layers_alone_make_the_logits(network: Any) -> None:
    run_onnx = module("firmware_peers.network").run_onnx
    logits = run_onnx(network.graph, network.inputs)
    made = run_onnx(network.layers, network.entries).transpose(0, 2, 3, 1)
    assert np.abs(made.reshape(logits.shape) - logits).max() < 1e-4


def test_our_c_has_the_logits_of_onnx_runtime(network: Any, tmp_path: Path) -> None:
    code = module("firmware_peers.ours").in_float(network, tmp_path)
    cost = module("firmware_peers.target").measure(code, board_of("Cortex-M4F"), tmp_path)
    expected = module("firmware_peers.network").run_onnx(network.graph, network.inputs)
    assert np.abs(cost.logits - expected).max() < 1e-4
    assert cost.flash_bytes < 40_000
    assert cost.ram_bytes < 12_000
    assert 20_000 < cost.instructions < 1_000_000
