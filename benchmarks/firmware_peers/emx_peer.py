"""emx-onnx-cgen: ONNX to C. It takes the graph as it is, in float or in eight bits."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx

from firmware_peers.network import Network, with_constants_folded
from firmware_peers.peer import Code


def in_float(network: Network, folder: Path) -> Code:
    """Code of the network in float."""
    return _code(network, network.graph, folder)


def in_eight_bits(network: Network, folder: Path) -> Code:
    """Code of the network in eight bits."""
    return _code(network, network.quantised, folder)


def whole_file(network: Network, folder: Path) -> Code:
    """Code of the student's whole file, which computes the tables of its front end each time."""
    return _whole(network, network.model, folder, "--input-dim", "raw:0=1")


def whole_file_with_tables(network: Network, folder: Path) -> Code:
    """Code of the whole file with the tables of its front end as constants."""
    return _whole(network, with_constants_folded(network.model), folder)


def _whole(network: Network, model: onnx.ModelProto, folder: Path, *options: str) -> Code:
    raw = network.raw[:2]
    _compile(model, folder, *options)
    n_channels, n_samples = raw.shape[1:]
    arguments = f"const float raw[1][{n_channels}][{n_samples}], float bpm[1], float sd[1]"
    (folder / "network.c").write_text(
        f'#include "network.h"\n'
        f"void peer({arguments}, float probabilities[1][180]);\n"
        f"void network_infer(const void *input, void *output) {{\n"
        f"    float bpm[1], sd[1];\n"
        f"    peer(input, bpm, sd, output);\n}}\n"
    )
    return Code(
        sources=[folder / "peer.c", folder / "network.c"],
        includes=[folder],
        encoded=raw,
        decoded=lambda rows: np.log(rows.view(np.float32)),
        output_bytes=4 * 180,
    )


def _code(network: Network, graph: onnx.ModelProto, folder: Path) -> Code:
    _compile(graph, folder)
    shape = "".join(f"[{size}]" for size in network.inputs.shape[1:])
    (folder / "network.c").write_text(
        f'#include "network.h"\n'
        f"void peer(const float input[1]{shape}, float logits[1][180]);\n"
        f"void network_infer(const void *input, void *output) {{ peer(input, output); }}\n"
    )
    return Code(
        sources=[folder / "peer.c", folder / "network.c"],
        includes=[folder],
        encoded=network.inputs,
        decoded=lambda rows: rows.view(np.float32),
        output_bytes=4 * 180,
    )


def _compile(graph: onnx.ModelProto, folder: Path, *options: str) -> None:
    onnx.save(graph, folder / "graph.onnx")
    # By default, buffers above 1,024 bytes come from malloc and weights above 102,400 from a file.
    limits = ["--large-temp-threshold", "0", "--large-weight-threshold", "0"]
    command = [sys.executable, "-m", "emx_onnx_cgen", "compile", *limits, *options]
    command += ["--model-name", "peer", str(folder / "graph.onnx"), str(folder / "peer.c")]
    subprocess.run(command, check=True, capture_output=True)
