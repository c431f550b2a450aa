"""Memory of a model: the peak memory of a new process minus its memory before loading the model.

Most of it is the runtime's own code, which is loaded when it is first used. So compare models by
their differences, or by their peak activations (`ppgkd.profile.graph_cost`).
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ppgkd.errors import PpgkdError
from ppgkd.profile import memory_probe


def peak_memories_bytes(paths: Sequence[str | Path]) -> list[int]:
    """Peak memory of each model; see `peak_memory_bytes`. One process at a time on each core."""
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        return [*threads.map(peak_memory_bytes, paths)]


def peak_memory_bytes(path: str | Path, *, runs: int = 20) -> int:
    """Peak memory that loading and running a model adds to a process.

    The process imports only ONNX Runtime and NumPy, measures its resident memory, loads the model,
    and runs it on one window at a time, on one thread.

    Parameters
    ----------
    path
        ONNX file with one input of shape (batch, n_channels, n_samples).
    runs
        Runs of the model.

    Raises
    ------
    PpgkdError
        If the process fails, for example because it is out of memory.
    """
    # -P: the files beside the probe must not hide modules of the same name
    command = [sys.executable, "-P", memory_probe.__file__, str(path), str(runs)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip() or "no message").splitlines()[-1]
        raise PpgkdError(
            f"The process that measures the memory of {path} ended with status {done.returncode} "
            f"({reason}). If it was out of memory, close other programs and run again."
        )
    return int(done.stdout)
