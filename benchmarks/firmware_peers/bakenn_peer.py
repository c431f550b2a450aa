"""BakeNN: PyTorch to C in eight bits, quantised by itself from calibration windows."""

from __future__ import annotations

from pathlib import Path

import bakenn
import numpy as np
import torch
from bakenn.backend.portable_c import CBackendOptions, KernelPolicy
from bakenn.targets import CORTEX_M4
from numpy.typing import NDArray
from torch import nn

from firmware_peers.network import Network, Values
from firmware_peers.peer import Code
from firmware_peers.torch_network import TorchNetwork


def portable(network: Network, folder: Path) -> Code:
    """Code in portable C."""
    return _code(network, folder, CBackendOptions())


def with_cmsis_nn(network: Network, folder: Path) -> Code:
    """Code that calls CMSIS-NN, of which the package has what it needs."""
    options = CBackendOptions(
        kernel_policy=KernelPolicy.STATIC_PRIORITY, enable_cmsis_nn=True, target=CORTEX_M4
    )
    return _code(network, folder, options)


def _code(network: Network, folder: Path, options: CBackendOptions) -> Code:
    module = TorchNetwork(network, nn.Conv2d).eval()
    windows = torch.from_numpy(network.calibration)
    plan = bakenn.compile_torch_ptq(
        module,
        windows[:1],
        [windows[n : n + 1] for n in range(len(windows))],
        folder / "bakenn",
        name="peer",
        backend_options=options,
    ).plan
    (folder / "network.c").write_text(
        '#include "bknn_peer.h"\n#include "network.h"\n'
        "static _Alignas(16) uint8_t arena[BKNN_PEER_ARENA_SIZE];\n"
        "void network_infer(const void *input, void *output) {\n"
        "    bknn_peer_infer(arena, input, output);\n}\n"
    )
    made = plan.tensors[plan.outputs[0]].tensor_type.qparams

    def decoded(rows: NDArray[np.uint8]) -> Values:
        return (rows.view(np.int8) - np.float32(made.zero_point)) * np.float32(made.scale)

    channels_last = np.ascontiguousarray(network.entries.transpose(0, 2, 3, 1))
    includes = {path.parent for path in (folder / "bakenn").rglob("*.h")}
    return Code(
        sources=[*sorted((folder / "bakenn").rglob("*.c")), folder / "network.c"],
        includes=sorted(includes),
        encoded=np.stack([bakenn.quantize_input(plan, row[None])[0] for row in channels_last]),
        decoded=decoded,
        output_bytes=180,
    )
