"""Run by `ppgkd.profile.memory` in a process of its own, so it imports nothing of the package."""

from __future__ import annotations

import platform
import resource
import sys
from pathlib import Path

import numpy as np
import onnxruntime

STATUS = Path("/proc/self/status")


def main(path: str, runs: int) -> None:
    """Print the peak of the process's memory above its baseline, in bytes."""
    baseline_bytes = _memory_bytes("VmRSS")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    (entry,) = session.get_inputs()
    window = np.ones((1, *entry.shape[1:]), np.float32)
    for _ in range(runs):
        session.run(None, {entry.name: window})
    print(_memory_bytes("VmHWM") - baseline_bytes)


def _memory_bytes(entry: str) -> int:
    """Resident memory (``VmRSS``) or its peak (``VmHWM``); the peak for both if not on Linux.

    On Linux, the peak of getrusage is inherited from the process that started this one.
    """
    if STATUS.exists():
        for line in STATUS.read_text(encoding="utf-8").splitlines():
            if line.startswith(f"{entry}:"):
                return 1024 * int(line.split()[1])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if platform.system() == "Darwin" else 1024 * peak


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
