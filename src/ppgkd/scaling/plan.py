"""How small may the student be? Asked of the laws, before it is trained.

The error comes from the law of a strategy and teacher; latency and bytes from what the study's
own students have, as straight lines in the work and in the weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ppgkd.errors import PpgkdError
from ppgkd.evaluation.cells import collect_subject_errors
from ppgkd.models.capacity import SHAPES, WIDTHS, InputShape
from ppgkd.runtime.artifacts import read_json
from ppgkd.scaling.law import Law
from ppgkd.study.cell import Cell

REACH = 2.0
"""A law is asked up to this factor beyond the sizes that it was fitted to; one that found no
dependence on size is not asked beyond them at all: where the error begins to rise, it cannot say.
"""

LEVEL = 0.9


@dataclass(frozen=True)
class Wish:
    """What a student is to meet; None: no matter.

    Attributes
    ----------
    max_mae_bpm
        Bound on the predicted MAE.
    max_latency_ms
        Bound on the predicted p99 latency.
    max_bytes
        Bound on the predicted size of the ONNX file.
    """

    max_mae_bpm: float | None = None
    max_latency_ms: float | None = None
    max_bytes: float | None = None

    def __post_init__(self) -> None:
        """Refuse bounds that say nothing."""
        given = {name: value for name, value in asdict(self).items() if value is not None}
        if not given:
            raise PpgkdError(
                "A plan needs at least one of 'max_mae_bpm', 'max_latency_ms' and 'max_bytes'."
            )
        for name, value in given.items():
            if not (np.isfinite(value) and value > 0):
                raise PpgkdError(f"'{name}' is {value}; it must be a positive number.")


@dataclass(frozen=True)
class Answer:
    """The student to train, and what to expect of it.

    Attributes
    ----------
    wish
        What was asked.
    met
        Whether a student is predicted to meet all of it. If not, the one that comes nearest.
    strategy, teacher, family, student, params
        Which student; ``student`` is its name in paths and tables.
    mae_bpm, mae_lower_bpm, mae_upper_bpm
        Predicted, with the 90 % interval of one more student.
    latency_p99_ms, onnx_bytes
        Predicted.
    tried
        Whether the study has trained this student already.
    caveats
        Where the question lies outside what the data support.
    """

    wish: Wish
    met: bool
    strategy: str
    teacher: str
    family: str
    student: str
    params: int
    mae_bpm: float
    mae_lower_bpm: float
    mae_upper_bpm: float
    latency_p99_ms: float
    onnx_bytes: float
    tried: bool
    caveats: tuple[str, ...]

    def __str__(self) -> str:
        """Say it in a few lines."""
        taught = "" if self.teacher == "none" else f" from {self.teacher}"
        head = "" if self.met else "No student is predicted to meet this; the nearest:\n"
        lines = [
            f"{head}{self.family} of {self.params:,} parameters, {self.strategy}{taught}",
            f"  MAE      {self.mae_bpm:.2f} BPM ({self.mae_lower_bpm:.2f} to "
            f"{self.mae_upper_bpm:.2f}, 90 %)",
            f"  latency  {self.latency_p99_ms:.3f} ms (p99)",
            f"  file     {self.onnx_bytes:,.0f} bytes",
            *(f"  note     {caveat}" for caveat in self.caveats),
        ]
        return "\n".join(lines)


def read_and_plan(wish: Wish, results: str | Path) -> Answer:
    """Answer from a study's folder.

    Raises
    ------
    PpgkdError
        If the folder has no laws yet.
    """
    results = Path(results)
    laws, cells = results / "scaling/laws.json", results / "cells.parquet"
    for path in (laws, cells):
        if not path.is_file():
            raise PpgkdError(
                f"{path} is missing: '{results}' is not the folder of a finished study. Run it "
                "first (snakemake), or name another, as in 'results/bami_ladder'."
            )
    return plan_student(wish, read_json(laws), pd.read_parquet(cells))


def plan_student(wish: Wish, fitted: Mapping[str, Any], cells: pd.DataFrame) -> Answer:
    """Find the student that meets a wish.

    With a bound on the error, it is the smallest student that is predicted to meet everything;
    without one, the most accurate. Among strategies and teachers of one size, the lowest error
    wins; ``scratch`` wins where the others do not help.

    Parameters
    ----------
    wish
        The bounds.
    fitted
        Of the scaling stage, ``laws.json``.
    cells
        Table of the cells.

    Raises
    ------
    PpgkdError
        If no law was fitted.
    """
    inputs = InputShape(**fitted["inputs"])
    table = pd.DataFrame(
        [row for law in fitted["laws"] if "chosen" in law for row in _ladder(law, inputs, cells)]
    )
    if table.empty:
        reasons = "; ".join(
            f"{law['strategy']}, {law['teacher']}: {law.get('reason')}" for law in fitted["laws"]
        )
        raise PpgkdError(f"The study has no law to plan with: {reasons}.")
    table["excess"] = _excess(table, wish)
    good = table[table["excess"] <= 0]
    if good.empty:
        ordered = table.sort_values(["excess", "params", "mae_bpm"], kind="stable")
    elif wish.max_mae_bpm is None:
        ordered = good.sort_values(["mae_bpm", "params"], kind="stable")
    else:
        ordered = good.sort_values(["params", "mae_bpm"], kind="stable")
    row = ordered.iloc[0].to_dict()
    law = next(
        law
        for law in fitted["laws"]
        if all(law[key] == row[key] for key in ("strategy", "teacher", "family"))
    )
    caveats = [*_caveats(law, row["params"])]
    if wish.max_mae_bpm is not None and not good.empty and row["mae_upper_bpm"] > wish.max_mae_bpm:
        caveats.append(
            f"its interval reaches beyond {wish.max_mae_bpm:g} BPM: train it and look, or ask "
            "for less"
        )
    names = {field: row[field] for field in Answer.__dataclass_fields__ if field in row}
    return Answer(**names, wish=wish, met=not good.empty, caveats=tuple(caveats))


def answer_wishes(
    wishes: Sequence[Mapping[str, float]], fitted: Mapping[str, Any], cells: pd.DataFrame
) -> list[dict[str, Any]]:
    """Answer a study's wishes; where it has no law to plan with, ``reason`` says so instead.

    Returns
    -------
    list of dict
        For each wish an `Answer` as a mapping, or ``wish`` and ``reason``.
    """
    answers = []
    for bounds in wishes:
        wish = Wish(**bounds)
        try:
            answers.append(asdict(plan_student(wish, fitted, cells)))
        except PpgkdError as error:
            answers.append({"wish": asdict(wish), "reason": str(error)})
    return answers


def _ladder(
    law: Mapping[str, Any], inputs: InputShape, cells: pd.DataFrame
) -> list[dict[str, Any]]:
    """Every member of a family within the law's reach, with what is predicted of it."""
    family = law["family"]
    reach = 1.0 if law["chosen"] == "constant" else REACH
    smallest, largest = min(law["sizes"]) / reach, max(law["sizes"]) * reach
    shapes = [SHAPES[family](width) for width in WIDTHS]
    shapes = [s for s in shapes if smallest <= s.n_params(inputs) <= largest]
    params = np.array([shape.n_params(inputs) for shape in shapes])
    macs = np.array([shape.macs(inputs) for shape in shapes])
    own = cells[cells["family"] == family]
    latency_ms = _line(own["macs"], own["latency_p99_ms"], macs)
    file_bytes = _line(own["params"], own["onnx_bytes"], params)
    said = Law.from_dict(law["forms"][law["chosen"]]["law"]).predict(params, LEVEL)
    known = own.groupby("params")["student"].first().to_dict()
    return [
        {
            "strategy": law["strategy"],
            "teacher": law["teacher"],
            "family": family,
            "student": known.get(count, f"{family}-{count}"),
            "params": int(count),
            "mae_bpm": float(said.mean[i]),
            "mae_lower_bpm": float(said.lower[i]),
            "mae_upper_bpm": float(said.upper[i]),
            "latency_p99_ms": float(latency_ms[i]),
            "onnx_bytes": float(file_bytes[i]),
            "tried": count in known,
        }
        for i, count in enumerate(params.tolist())
    ]


def _line(size: pd.Series, measured: pd.Series, at: NDArray[np.int64]) -> NDArray[np.float64]:
    """Straight line through measurements, never below half the least of them."""
    by_size = measured.astype(float).groupby(size.astype(float)).median()
    x, y = by_size.index.to_numpy(float), by_size.to_numpy(float)
    if len(x) < 2:
        return np.full(len(at), y[0])
    slope, base = np.polyfit(x, y, 1)
    return np.asarray(np.maximum(base + slope * at, 0.5 * y.min()))


def _excess(table: pd.DataFrame, wish: Wish) -> pd.Series:
    """By how much, in all, the bounds are exceeded; as logarithms of the ratios."""
    bounds = {
        "mae_bpm": wish.max_mae_bpm,
        "latency_p99_ms": wish.max_latency_ms,
        "onnx_bytes": wish.max_bytes,
    }
    total = pd.Series(0.0, index=table.index)
    for name, bound in bounds.items():
        if bound is not None:
            total += np.log(table[name] / bound).clip(lower=0)
    return total


def _caveats(law: Mapping[str, Any], params: int) -> Sequence[str]:
    smallest, largest = min(law["sizes"]), max(law["sizes"])
    notes = []
    if not smallest <= params <= largest:
        notes.append(
            f"outside the sizes tried, {smallest:,} to {largest:,} parameters: extrapolated"
        )
    chosen = law["forms"][law["chosen"]]
    if law["chosen"] == "constant":
        notes.append(
            f"the error does not change with size from {smallest:,} to {largest:,} parameters; "
            "how small a student may be lies below what was tried"
        )
    elif not all(chosen["identified"].values()):
        unknown = [name for name, told in chosen["identified"].items() if not told]
        notes.append(
            f"the sizes tried do not tell {', '.join(unknown)} of the law {chosen['formula']}"
        )
    return notes


def compare(
    answer: Mapping[str, Any], cells: Sequence[Cell], results: str | Path
) -> dict[str, Any]:
    """Put what was measured beside what was predicted.

    Parameters
    ----------
    answer
        An `Answer`, as a mapping.
    cells
        The planned student's cells; the first one is exported and timed.
    results
        Folder of the study.

    Returns
    -------
    dict
        The answer with ``measured``: ``mae_bpm`` over the windows of all test subjects, seeds and
        folds; ``latency_p99_ms``, ``onnx_bytes``; ``hit``, whether the predicted interval holds
        the measured error.
    """
    errors = collect_subject_errors(cells, results)
    mae_bpm = float(np.average(errors["mae_bpm"], weights=errors["n_windows"]))
    profile = read_json(Path(results) / cells[0].path / "latency.json")
    measured = {
        "mae_bpm": mae_bpm,
        "latency_p99_ms": profile["p99_ms"],
        "onnx_bytes": profile["onnx_bytes"],
        "hit": bool(answer["mae_lower_bpm"] <= mae_bpm <= answer["mae_upper_bpm"]),
    }
    return {**answer, "measured": measured}
