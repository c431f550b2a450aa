"""Parameters of a law as pages show them: with their intervals, or said not to be identified."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ppgkd.report.numbers import scientific
from ppgkd.scaling.uncertainty import IDENTIFIED_RATIO

Law = Mapping[str, Any]


def parameters(law: Law) -> str:
    """Write a law's parameters: ``E 1.23 (1.01 to 1.45); A not identified``.

    Parameters
    ----------
    law
        With ``parameters`` (``estimate``, and ``lower`` and ``upper`` where there is an interval)
        and ``identified``, of `ppgkd.scaling.fit_laws`.
    """
    if not any(is_identified(law, name) for name in law["parameters"]):
        return "no parameter identified"
    return "; ".join(
        f"{name} {_estimate(value)}" if is_identified(law, name) else f"{name} not identified"
        for name, value in law["parameters"].items()
    )


def is_identified(law: Law, name: str) -> bool:
    """Whether the fit determines a parameter, and the bootstrap, too, where it has an interval."""
    lower, upper = (law["parameters"][name][end] for end in ("lower", "upper"))
    is_wide = lower is not None and (lower <= 0 or upper >= IDENTIFIED_RATIO * lower)
    return bool(law["identified"][name]) and not is_wide


def _estimate(value: Mapping[str, float | None]) -> str:
    if value["lower"] is None:
        return scientific(value["estimate"])
    return (
        f"{scientific(value['estimate'])} "
        f"({scientific(value['lower'])} to {scientific(value['upper'])})"
    )
