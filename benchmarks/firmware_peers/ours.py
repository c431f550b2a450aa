"""The C of this project: its layers with columns from the benchmark in place of its front end."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx

from firmware_peers.network import Network
from firmware_peers.peer import Code
from ppgkd.firmware.write import write_c

COLUMNS = Path(__file__).with_name("c") / "columns.c"


def in_float(network: Network, folder: Path) -> Code:
    """Code of the network in float."""
    return _code(network, network.model, folder)


def in_eight_bits(network: Network, folder: Path) -> Code:
    """Code of the network in eight bits."""
    return _code(network, network.quantised_model, folder)


def _code(network: Network, model: onnx.ModelProto, folder: Path) -> Code:
    write_c(model, folder / "c")
    entries = np.ascontiguousarray(network.entries[:, :, 0].transpose(0, 2, 1))
    return Code(
        sources=[folder / "c/student.c", folder / "c/layers.c", COLUMNS],
        includes=[folder / "c"],
        encoded=entries,
        decoded=lambda rows: rows.view(np.float32),
        output_bytes=4 * 180,
    )
