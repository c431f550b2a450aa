"""Students as points of figures: what each is called, what is known of it, where its row is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ppgkd.evaluation.recommendation import Gates, recommend
from ppgkd.report import numbers
from ppgkd.report.figures.chart import Series, Switch
from ppgkd.report.figures.layers import wide_domain
from ppgkd.report.figures.looks import STRATEGY_LOOKS
from ppgkd.report.names import student_name
from ppgkd.report.rows import row_id
from ppgkd.strategies.registry import STRATEGIES

KEY = ["strategy", "teacher", "student"]
APART = 1 / 55
"""Share of a panel's width by which strategies of one size are moved apart."""


def parameter_domain(gated: pd.DataFrame) -> tuple[float, float]:
    """Ends of the axis of parameters, the same in all figures."""
    return wide_domain([*gated["params"]])


def student_points(gated: pd.DataFrame) -> list[dict[str, Any]]:
    """One row for each student, the same in all figures.

    Parameters
    ----------
    gated
        Table of `ppgkd.evaluation.recommendation.apply_gates`.

    Returns
    -------
    list of dict
        In ``params_apart``, students of one size are a little apart, so that their intervals do
        not overlap.
    """
    domain = parameter_domain(gated)
    chosen = recommend(gated)
    present = strategies_of(gated)
    step = (domain[1] / domain[0]) ** APART
    points = []
    for row in records(gated.sort_values(["params", "teacher"], kind="stable")):
        shift = present.index(row["strategy"]) - (len(present) - 1) / 2
        points.append(
            {
                **{name: row[name] for name in (*KEY, "family")},
                "row": row_id("student", row["strategy"], row["teacher"], row["student"]),
                "name": student_name(row),
                "facts": student_facts(row),
                "recommended": all(row[name] == chosen[name] for name in KEY),
                "params": int(row["params"]),
                "params_apart": round(row["params"] * step**shift, 3),
                "teacher_params": _number(row["teacher_params"]),
                "macs": int(row["macs"]),
                "latency_p99_ms": _number(row["latency_p99_ms"]),
                "cost": _number(row["cost"]),
                **{name: _number(row[name]) for name in _SHOWN},
            }
        )
    return points


_SHOWN = (
    *("mae_bpm", "mae_lower_bpm", "mae_upper_bpm"),
    *("gain_bpm", "gain_lower_bpm", "gain_upper_bpm"),
)


def _number(value: Any) -> float | None:
    return None if pd.isna(value) or not np.isfinite(value) else float(value)


def student_facts(row: Mapping[str, Any]) -> list[list[str]]:
    """What is known of a student: pairs of a word and a number."""
    facts = [
        ["MAE", interval_bpm(row["mae_bpm"], row["mae_lower_bpm"], row["mae_upper_bpm"])],
        ["parameters", numbers.count(row["params"])],
        ["MACs", numbers.count(row["macs"])],
        ["p99 latency", f"{numbers.ms(row['latency_p99_ms'])} ms"],
    ]
    if not pd.isna(row["gain_bpm"]):
        ends = [row[f"gain_{end}_bpm"] for end in ("lower", "upper")]
        interval = "" if np.isnan(ends).any() else f" ({' to '.join(map(numbers.signed, ends))})"
        facts.insert(1, ["gain over scratch", f"{numbers.signed(row['gain_bpm'])} BPM{interval}"])
    for name in ("flash", "ram"):
        if not pd.isna(row[f"{name}_bytes"]):
            kilobytes = numbers.kilobytes(row[f"{name}_bytes"])
            facts.append([name if name == "flash" else "RAM", f"{kilobytes} kB"])
    return facts


def interval_bpm(mean: float, lower: float, upper: float) -> str:
    """An error with its interval; without one if it is not known."""
    if not np.isfinite([lower, upper]).all():
        return f"{numbers.bpm(mean)} BPM"
    return f"{numbers.bpm(mean)} BPM ({numbers.bpm(lower)} to {numbers.bpm(upper)})"


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a table."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def strategies_of(students: pd.DataFrame) -> list[str]:
    """Strategies of a table, in the order of tables and figures."""
    return [strategy for strategy in STRATEGIES if (students["strategy"] == strategy).any()]


def strategy_switch(students: pd.DataFrame) -> Switch:
    """Strategies to be switched on and off."""
    return Switch(
        "strategy",
        "strategies",
        [
            Series(name, STRATEGIES[name].label, STRATEGY_LOOKS[name])
            for name in strategies_of(students)
        ],
    )


def family_switch(families: Sequence[str]) -> list[Switch]:
    """Families to be switched on and off; none if there is one alone."""
    names = list(dict.fromkeys(families))
    return [Switch("family", "families", [Series(name, name) for name in names])][: len(names) - 1]


def error_lines(students: pd.DataFrame, gates: Gates) -> dict[str, tuple[float, tuple[int, ...]]]:
    """Gate and teacher as lines across an axis of errors: name to BPM and dashes.

    With several teachers it is the best one.
    """
    lines: dict[str, tuple[float, tuple[int, ...]]] = {
        f"gate {gates.max_mae_bpm:g} BPM": (gates.max_mae_bpm, (6, 4))
    }
    teachers = students[students["teacher_mae_bpm"].notna()]
    if len(teachers):
        name = "teacher" if teachers["teacher"].nunique() == 1 else "best teacher"
        lines[name] = (float(teachers["teacher_mae_bpm"].min()), (2, 3))
    return lines
