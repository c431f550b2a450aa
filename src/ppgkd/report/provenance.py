"""Where every figure comes from: code, configuration, data, packages, machine. No clocks."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import ppgkd
from ppgkd.datasets.registry import RawFile
from ppgkd.latency import cpu_name

PACKAGES = (
    "torch", "numpy", "scipy", "pandas", "pyarrow", "statsmodels", "seaborn", "onnx",
    "onnxruntime", "snakemake",
)  # fmt: skip


def provenance(files: Iterable[RawFile]) -> Mapping[str, Any]:
    """Collect what a reader needs to make the report again.

    Parameters
    ----------
    files
        Raw files that the study used.
    """
    return {
        "revision": code_revision(),
        "ppgkd": ppgkd.__version__,
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "machine": f"{platform.system()} {platform.machine()}, {cpu_name()}",
        "files": [(str(file.local), file.sha256) for file in files],
    }


def code_revision() -> str:
    """Git revision of the code, marked when the working tree differs; else the version."""
    folder = Path(__file__).parent
    command = ["git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return f"version {ppgkd.__version__}, not under version control"
    return found.stdout.strip()
