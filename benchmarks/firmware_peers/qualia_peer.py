"""Qualia-CodeGen: PyTorch or Keras to C, in float."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from qualia_codegen_core import Converter
from qualia_codegen_core.graph.TorchModelGraph import TorchModelGraph
from qualia_codegen_core.main import annotate_quantization
from torch import nn

from firmware_peers.network import Network
from firmware_peers.peer import Code
from firmware_peers.torch_network import TorchNetwork


def in_float(network: Network, folder: Path) -> Code:
    """Code in float."""
    graph = TorchModelGraph(TorchNetwork(network, nn.Conv1d)).convert()
    annotate_quantization(graph, {}, float, 32, 32)
    Converter(output_path=folder / "qualia").convert_model(graph)
    (folder / "network.c").write_text(
        '#include "model.h"\n#include "network.h"\n'
        "void network_infer(const void *input, void *output) { cnn(input, output); }\n"
    )
    return Code(
        sources=[*sorted((folder / "qualia").rglob("model.c")), folder / "network.c"],
        includes=[folder / "qualia", folder / "qualia/include"],
        encoded=np.ascontiguousarray(network.entries[:, :, 0].transpose(0, 2, 1)),
        decoded=lambda rows: rows.view(np.float32),
        output_bytes=4 * 180,
    )
