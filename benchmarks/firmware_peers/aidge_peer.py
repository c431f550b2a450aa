"""Eclipse Aidge: ONNX to C++, in float or quantised by itself from calibration windows."""

from __future__ import annotations

from contextlib import chdir
from pathlib import Path
from typing import Literal

import aidge_backend_cpu  # noqa: F401
import aidge_core
import aidge_export_cpp  # noqa: F401
import aidge_onnx
import numpy as np
import onnx
from aidge_core.export_utils import export
from aidge_core.export_utils.config import ExportConfig

from firmware_peers.network import Network
from firmware_peers.peer import Code


def in_float(network: Network, folder: Path) -> Code:
    """Code in float."""
    _export(network, folder, "float32")
    entries = np.ascontiguousarray(network.entries.transpose(0, 2, 3, 1))
    return Code(
        sources=_sources(folder, "float"),
        includes=[folder / "aidge/dnn/include", folder / "aidge/dnn"],
        encoded=entries,
        decoded=lambda rows: rows.view(np.float32),
        output_bytes=4 * 180,
    )


def _export(network: Network, folder: Path, kind: Literal["float32", "int8"]) -> None:
    onnx.save(network.layers, folder / "layers.onnx")
    aidge_core.Log.set_console_level(aidge_core.Level.Error)
    graph = aidge_onnx.load_onnx(str(folder / "layers.onnx"))
    config = ExportConfig(export_folder=str(folder / "aidge"), dtype=kind, compile=False)
    tensors = [aidge_core.Tensor(np.ascontiguousarray(row[None])) for row in network.calibration]
    for tensor in tensors:  # without this, positions would be taken for channels
        tensor.set_data_format(aidge_core.dformat.nchw)
    with chdir(folder):  # where a drawing of the graph is left
        export(graph, config, tensors)


def _sources(folder: Path, kind: str) -> list[Path]:
    (folder / "network.cpp").write_text(
        '#include "forward.hpp"\n#include "network.h"\n'
        "#include <cstring>\n"
        'extern "C" void network_infer(const void *input, void *output) {\n'
        f"    {kind} *made;\n"
        f"    model_forward(static_cast<const {kind} *>(input), &made);\n"
        f"    std::memcpy(output, made, 180 * sizeof({kind}));\n}}\n"
    )
    return [*sorted((folder / "aidge/dnn/src").rglob("*.cpp")), folder / "network.cpp"]
