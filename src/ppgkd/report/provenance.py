"""Where every figure comes from: code, configuration, data, packages, machine. No clocks."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any

import ppgkd
from ppgkd.datasets.own.files import SOURCE as OWN
from ppgkd.datasets.registry import RawFile
from ppgkd.profile.machine import cpu_name
from ppgkd.retrieve.checksums import with_recorded_checksum
from ppgkd.runtime.artifacts import file_fingerprint
from ppgkd.runtime.revision import code_revision

PACKAGES = (
    "torch", "numpy", "scipy", "pandas", "pyarrow", "statsmodels", "seaborn", "onnx",
    "onnxruntime", "snakemake",
)  # fmt: skip


def provenance(files: Iterable[RawFile]) -> Mapping[str, Any]:
    """Collect what a reader needs to reproduce the report.

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
        "files": [(str(file.local), _checksum(file)) for file in dict.fromkeys(files)],
    }


def _checksum(file: RawFile) -> str | None:
    return (
        file_fingerprint(file.path) if file.source == OWN else with_recorded_checksum(file).sha256
    )
