"""Costs of a student from raw samples to BPM: columns of the tables of cells and of students."""

from __future__ import annotations

COUNTED = (
    *("macs", "flash_bytes", "ram_bytes"),
    *("front_end_macs", "front_end_flash_bytes", "front_end_ram_bytes"),
)
"""Costs that are counted and not measured, the same on all machines; see
`ppgkd.profile.graph_cost.GraphCost`."""

COSTS = {
    "params": "parameters",
    "macs": "multiply-accumulates",
    "flash_bytes": "bytes of flash",
    "ram_bytes": "bytes of RAM",
    "latency_p99_ms": "p99 latency (ms)",
}
"""What students may be ranked by, and its names."""
