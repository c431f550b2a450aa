"""Costs of a student from raw samples to BPM: columns of the tables of cells and of students."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ppgkd.errors import PpgkdError

COUNTED = ("macs", "front_end_macs", "front_end_flash_bytes", "front_end_ram_bytes")
"""Costs that are counted in the ONNX file; see `ppgkd.profile.graph_cost.GraphCost`."""

DEVICE = ("flash_bytes", "ram_bytes", "instructions", "measured_on")
"""Costs on a microcontroller, and the processor on which they were measured; see `device_costs`."""

CORES = ("Cortex-M4F", "Cortex-M7", "Cortex-M33", "Cortex-M55")
"""Processors that students are measured on, in emulation."""

COSTS = {
    "params": "parameters",
    "macs": "multiply-accumulates",
    "flash_bytes": "bytes of flash",
    "ram_bytes": "bytes of RAM",
    "instructions": "instructions of an estimate",
    "latency_p99_ms": "p99 latency (ms)",
}
"""What students may be ranked by, and its names."""

HOW_TO_INSTALL = (
    "Install arm-none-eabi-gcc with newlib and qemu-system-arm (Debian: gcc-arm-none-eabi, "
    "libnewlib-arm-none-eabi, qemu-system-arm)"
)
HOW_TO_MEASURE = f"{HOW_TO_INSTALL}, and profile the students again (snakemake --forcerun latency)."


def device_costs(profile: Mapping[str, Any], core: str) -> dict[str, Any]:
    """Costs of a student's float file on a microcontroller.

    Parameters
    ----------
    profile
        Content of ``latency.json``.
    core
        The processor: one of `CORES`.

    Returns
    -------
    dict
        `DEVICE`: as measured on the processor; if that was not possible, flash and RAM as they are
        estimated from the ONNX file, and None for ``instructions`` and ``measured_on``.
    """
    for row in profile["microcontroller"]:
        if row["measured"] and (row["core"], row["precision"]) == (core, "float32"):
            return {**{name: row[name] for name in DEVICE[:-1]}, "measured_on": core}
    flash_bytes, ram_bytes = profile["flash_bytes"], profile["ram_bytes"]
    return dict(zip(DEVICE, (flash_bytes, ram_bytes, None, None), strict=True))


def require_measured(asked: str, n_missing: int) -> None:
    """Refuse to use instructions of students that were not measured.

    Parameters
    ----------
    asked
        What asks for them, for the message.
    n_missing
        How many students have none.

    Raises
    ------
    PpgkdError
        If there are any.
    """
    if n_missing:
        raise PpgkdError(
            f"{asked} needs the instructions of an estimate, and {n_missing} "
            f"student{' was' if n_missing == 1 else 's were'} not measured. {HOW_TO_MEASURE}"
        )
