"""What students, bounds and terms are called in pages: one name each, wherever they are met."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ppgkd.report.numbers import about, count, kilobytes, plain
from ppgkd.strategies.labels import strategy_label, training_label

_BOUNDS = {
    "max_mae_bpm": ("MAE", plain, "BPM"),
    "max_latency_ms": ("p99 latency", plain, "ms"),
    "max_bytes": ("ONNX file", kilobytes, "kB"),
    "max_macs": ("multiply-accumulates", count, ""),
    "max_flash_bytes": ("flash", kilobytes, "kB"),
    "max_ram_bytes": ("RAM", kilobytes, "kB"),
    "max_instructions": ("instructions", count, ""),
}
"""What a bound is on, how its number is written, and in which unit."""


def student_name(row: Mapping[str, Any] | pd.Series[Any]) -> str:
    """Name of a student: ``spectral_resnet-350, features from spectral_resnet-60000``.

    Parameters
    ----------
    row
        With ``student``, ``strategy`` and ``teacher``.
    """
    return f"{row['student']}, {training_label(row['strategy'], row['teacher'])}"


def term_label(term: str) -> str:
    """Term of the mixed model: ``soft targets × doubling of capacity``."""
    return " × ".join(strategy_label(part) for part in term.split(" x "))


def turning_point(crossing: Mapping[str, Any], baseline: str) -> str:
    """Say at which sizes a strategy pays, by the mixed model.

    Parameters
    ----------
    crossing
        Of ``crossings`` of `ppgkd.scaling.effects.fit_effects`.
    baseline
        Strategy that it is compared with.
    """
    trained = f"{strategy_label(crossing['strategy']).capitalize()} against"
    compared = f"{trained} {strategy_label(baseline).removeprefix('from ')}"
    if crossing["params"] is None:
        return f"{compared}: {_AT_ALL_SIZES[crossing['says']]}."
    lower, upper = crossing["lower_params"], crossing["upper_params"]
    smaller, larger = _AROUND[crossing["says"]]
    return (
        f"{compared}: {smaller} error below about {about(crossing['params'])} parameters and "
        f"{larger} error above. Where it turns is uncertain: the 95 % interval is from "
        f"{about(lower) if lower >= 1 else 'under 1'} to "
        f"{about(upper) if upper < 1e9 else 'over 10⁹'} parameters."
    )


_AROUND = {"better below it": ("lower", "higher"), "better above it": ("higher", "lower")}
_AT_ALL_SIZES = {
    "better at all capacities tried": "lower error at all sizes tried",
    "worse at all capacities tried": "higher error at all sizes tried",
    "the difference does not change with capacity": "the difference is the same at all sizes",
}
"""What `ppgkd.scaling.contrasts` says, of the error."""


def bounds_text(constraints: Mapping[str, float | None]) -> str:
    """Bounds on a planned student: ``MAE ≤ 0.3 BPM, flash ≤ 64 kB``.

    Parameters
    ----------
    constraints
        Of `ppgkd.scaling.plan.Constraints`, by name; None where there is no bound.
    """
    found = []
    for name, value in constraints.items():
        if value is not None:
            what, written, unit = _BOUNDS[name]
            found.append(f"{what} ≤ {written(value)} {unit}".rstrip())
    return ", ".join(found)
