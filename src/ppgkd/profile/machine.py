"""What the machine is called."""

from __future__ import annotations

import platform
from pathlib import Path


def cpu_name() -> str:
    """Name of the processor, as the operating system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
