"""Plan a student that meets constraints, from the scaling laws and before it is trained.

The error is predicted by the law of a strategy and teacher. Costs are from raw samples to BPM. The
multiply-accumulates are those of the network, by formula, and of the front end, as counted in the
study's own students of the family. Latency and instructions are predicted by straight lines in
them, flash and the file's size by lines in the parameters, and RAM by interpolation in the width,
which it grows with unless the front end needs more. Flash, RAM and instructions are those of the
study's students as they were measured on a processor.
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
from ppgkd.evaluation.costs import (
    COUNTED,
    DEVICE,
    HOW_TO_MEASURE,
    device_costs,
    require_measured,
)
from ppgkd.models.capacity import SHAPES, WIDTHS, InputShape
from ppgkd.runtime.artifacts import read_json
from ppgkd.scaling.law import Law
from ppgkd.scaling.model_selection import PREDICTION_LEVEL
from ppgkd.strategies.labels import training_label
from ppgkd.study.cell import Cell

EXTRAPOLATION = 2.0
"""Factor beyond the fitted sizes up to which a law is used. A law without dependence on size is not
used beyond them: it does not say where the error begins to rise.
"""


class NoLawError(PpgkdError):
    """A study has no law from size to error."""


@dataclass(frozen=True)
class Constraints:
    """Bounds that a student must meet; None: no bound.

    Attributes
    ----------
    max_mae_bpm
        Bound on the predicted MAE.
    max_latency_ms
        Bound on the predicted p99 latency.
    max_bytes
        Bound on the predicted size of the ONNX file.
    max_macs, max_flash_bytes, max_ram_bytes, max_instructions
        Bounds on the multiply-accumulates, on the predicted bytes of flash and RAM, and on the
        predicted instructions of an estimate.
    """

    max_mae_bpm: float | None = None
    max_latency_ms: float | None = None
    max_bytes: float | None = None
    max_macs: float | None = None
    max_flash_bytes: float | None = None
    max_ram_bytes: float | None = None
    max_instructions: float | None = None

    def __post_init__(self) -> None:
        """Refuse constraints without a bound, and bounds that are not positive numbers."""
        given = {name: value for name, value in asdict(self).items() if value is not None}
        if not given:
            raise PpgkdError(
                f"A plan needs at least one bound; there are {sorted(asdict(self))}. Give one."
            )
        for name, value in given.items():
            if not (np.isfinite(value) and value > 0):
                raise PpgkdError(f"'{name}' is {value}; it must be a positive number.")


@dataclass(frozen=True)
class Recommendation:
    """The student to train, and its predicted error and costs.

    Attributes
    ----------
    constraints
        What it must meet.
    met
        Whether it is predicted to meet all constraints. If no student is, this one is the nearest.
    strategy, teacher, family, student, params
        Which student; ``student`` is its name in paths and tables.
    mae_bpm, mae_lower_bpm, mae_upper_bpm
        Predicted MAE, with its 90 % prediction interval.
    latency_p99_ms, onnx_bytes, flash_bytes, ram_bytes
        Predicted latency, size of the ONNX file, flash and RAM.
    macs
        Multiply-accumulates of one window.
    instructions
        Predicted instructions of an estimate; None where students were not measured.
    measured_on
        Processor on which the students were measured that flash, RAM and instructions are
        predicted from; None if these are estimated from ONNX files.
    in_sweep
        Whether the study has trained this student already.
    caveats
        Limits of the prediction, such as extrapolation.
    """

    constraints: Constraints
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
    macs: int
    flash_bytes: float
    ram_bytes: float
    instructions: float | None
    measured_on: str | None
    in_sweep: bool
    caveats: tuple[str, ...]

    def __str__(self) -> str:
        """Student, predictions and caveats in a few lines."""
        taught = "" if self.teacher == "none" else f" from {self.teacher}"
        head = "" if self.met else "No student is predicted to meet the constraints; the nearest:\n"
        lines = [
            f"{head}{self.family} of {self.params:,} parameters, {self.strategy}{taught}",
            f"  MAE      {self.mae_bpm:.2f} BPM ({self.mae_lower_bpm:.2f} to "
            f"{self.mae_upper_bpm:.2f}, 90 % prediction interval)",
            f"  latency  {self.latency_p99_ms:.3f} ms (p99)",
            f"  file     {self.onnx_bytes:,.0f} bytes",
            f"  work     {self.macs:,} multiply-accumulates, with the front end",
            f"  flash    {self.flash_bytes:,.0f} bytes{self._of_what}",
            f"  RAM      {self.ram_bytes:,.0f} bytes{self._of_what}",
            *(
                []
                if self.instructions is None
                else [f"  estimate {self.instructions:,.0f} instructions{self._of_what}"]
            ),
            *(f"  note     {caveat}" for caveat in self.caveats),
        ]
        return "\n".join(lines)

    @property
    def _of_what(self) -> str:
        """What flash, RAM and instructions are predicted from."""
        if self.measured_on is None:
            return ", of ONNX files without code"
        return f", of C measured on {self.measured_on}"


def read_and_plan(
    constraints: Constraints, results: str | Path, cost: str = "macs", core: str | None = None
) -> Recommendation:
    """Plan a student from a study's folder.

    Parameters
    ----------
    constraints
        The bounds.
    results
        Folder of a finished study, ``results/<study>``.
    cost
        As in `plan_student`.
    core
        Processor that flash, RAM and instructions are of; None: that of the study.

    Raises
    ------
    PpgkdError
        If the folder has no laws yet, no law was fitted, or the students were not measured on
        ``core``.
    """
    results = Path(results)
    laws, tables = results / "scaling/laws.json", results / "cells.parquet"
    for path in (laws, tables):
        if not path.is_file():
            raise PpgkdError(
                f"{path} is missing: '{results}' is not the folder of a finished study. Run it "
                "first (snakemake), or name another, as in 'results/bami_ladder'."
            )
    cells = pd.read_parquet(tables)
    if missing := [name for name in (*COUNTED, *DEVICE) if name not in cells]:
        raise PpgkdError(
            f"{tables} has no {', '.join(missing)}: an older version has made it. Run the study "
            "again (snakemake): what has not changed is kept."
        )
    return plan_student(constraints, read_json(laws), on_core(cells, results, core), cost)


def on_core(cells: pd.DataFrame, results: Path, core: str | None) -> pd.DataFrame:
    """Put a processor's costs into the table of the cells; with None it has those of the study.

    Parameters
    ----------
    cells
        The table.
    results
        Folder of the study.
    core
        One of `ppgkd.evaluation.costs.CORES`.

    Raises
    ------
    PpgkdError
        If a student was not measured on it.
    """
    if core is None:
        return cells
    costs = {
        model: device_costs(read_json((results / model).with_name("latency.json")), core)
        for model in cells["model"].unique()
    }
    found = pd.DataFrame([costs[model] for model in cells["model"]], index=cells.index)
    if found["measured_on"].isna().any():
        raise PpgkdError(f"Students of {results} were not measured on {core}. {HOW_TO_MEASURE}")
    return cells.assign(**{name: found[name] for name in DEVICE})


def plan_student(
    constraints: Constraints, fitted: Mapping[str, Any], cells: pd.DataFrame, cost: str = "macs"
) -> Recommendation:
    """Find the student that meets the constraints.

    With a bound on the error, it is the cheapest student that is predicted to meet all bounds;
    without one, the most accurate of them. Among students of one cost, the one with the lowest
    predicted error is taken.

    Parameters
    ----------
    constraints
        The bounds.
    fitted
        Content of ``laws.json``.
    cells
        Table of the cells.
    cost
        What students are ranked by: a key of `ppgkd.evaluation.costs.COSTS`.

    Raises
    ------
    NoLawError
        If no law was fitted.
    PpgkdError
        If instructions are asked for, and students of the study were not measured.
    """
    if constraints.max_instructions is not None or cost == "instructions":
        asked = "cost" if constraints.max_instructions is None else "max_instructions"
        require_measured(f"'{asked}'", int(cells["instructions"].isna().sum()))
    inputs = InputShape(**fitted["inputs"])
    table = pd.DataFrame(
        [row for law in fitted["laws"] if "chosen" in law for row in _students(law, inputs, cells)]
    )
    if table.empty:
        reasons = "; ".join(
            f"{law['family']}, {training_label(law['strategy'], law['teacher'])}: "
            f"{law.get('reason')}"
            for law in fitted["laws"]
        )
        raise NoLawError(f"The study has no law to plan with: {reasons}.")
    table["excess"] = excess(table, constraints)
    meeting = table[table["excess"] <= 0]
    if meeting.empty:
        ordered = table.sort_values(["excess", cost, "mae_bpm"], kind="stable")
    elif constraints.max_mae_bpm is None:
        ordered = meeting.sort_values(["mae_bpm", cost], kind="stable")
    else:
        ordered = meeting.sort_values([cost, "mae_bpm"], kind="stable")
    row = ordered.iloc[0].to_dict()
    law = next(
        law
        for law in fitted["laws"]
        if all(law[key] == row[key] for key in ("strategy", "teacher", "family"))
    )
    caveats = [*_caveats(law, row["params"])]
    if cells["latency_busy"].fillna(False).any():
        caveats.append(
            "the machine was busy when some students were timed: their latency is CPU time of the "
            "thread, not wall-clock time"
        )
    if (
        constraints.max_mae_bpm is not None
        and not meeting.empty
        and row["mae_upper_bpm"] > constraints.max_mae_bpm
    ):
        caveats.append(
            f"its prediction interval reaches beyond {constraints.max_mae_bpm:g} BPM: train it to "
            "find out, or relax the bound"
        )
    names = {field: row[field] for field in Recommendation.__dataclass_fields__ if field in row}
    return Recommendation(
        **names, constraints=constraints, met=not meeting.empty, caveats=tuple(caveats)
    )


def plan_students(
    constraints: Sequence[Mapping[str, float]],
    fitted: Mapping[str, Any],
    cells: pd.DataFrame,
    cost: str = "macs",
) -> list[dict[str, Any]]:
    """Plan a student for each of a study's constraints.

    Parameters
    ----------
    constraints
        Fields of `Constraints`, for each student to plan.
    fitted, cells, cost
        As in `plan_student`.

    Returns
    -------
    list of dict
        For each a `Recommendation` as a mapping; or ``constraints`` and ``reason``, if the study
        has no law to plan with.
    """
    planned = []
    for bounds in constraints:
        asked = Constraints(**bounds)
        try:
            planned.append(asdict(plan_student(asked, fitted, cells, cost)))
        except PpgkdError as error:
            planned.append({"constraints": asdict(asked), "reason": str(error)})
    return planned


def _students(
    law: Mapping[str, Any], inputs: InputShape, cells: pd.DataFrame
) -> list[dict[str, Any]]:
    """Every member of a family that the law may be used for, with its predictions."""
    family = law["family"]
    factor = 1.0 if law["chosen"] == "constant" else EXTRAPOLATION
    smallest, largest = min(law["sizes"]) / factor, max(law["sizes"]) * factor
    shapes = [SHAPES[family](width) for width in WIDTHS]
    shapes = [s for s in shapes if smallest <= s.n_params(inputs) <= largest]
    params = np.array([shape.n_params(inputs) for shape in shapes])
    own = cells[cells["family"] == family]
    # the front end is the same for all members of a family
    macs = int(own["front_end_macs"].iloc[0]) + np.array([s.macs(inputs) for s in shapes], int)
    latency_ms = _line(own["macs"], own["latency_p99_ms"], macs)
    file_bytes = _line(own["params"], own["onnx_bytes"], params)
    flash_bytes = _line(own["params"], own["flash_bytes"], params)
    measured_on = _measured_on(own)
    instructions = [None] * len(shapes)
    if measured_on is not None:
        instructions = _line(own["macs"], own["instructions"], macs).tolist()
    ram_bytes = _ram_bytes(own, np.array([shape.width for shape in shapes]), family, inputs)
    chosen = Law.from_dict(law["forms"][law["chosen"]]["law"])
    mae = chosen.predict(params, PREDICTION_LEVEL)
    known = own.groupby("params")["student"].first().to_dict()
    return [
        {
            "strategy": law["strategy"],
            "teacher": law["teacher"],
            "family": family,
            "student": known.get(count, f"{family}-{count}"),
            "params": int(count),
            "mae_bpm": float(mae.mean[i]),
            "mae_lower_bpm": float(mae.lower[i]),
            "mae_upper_bpm": float(mae.upper[i]),
            "latency_p99_ms": float(latency_ms[i]),
            "onnx_bytes": float(file_bytes[i]),
            "macs": int(macs[i]),
            "flash_bytes": float(flash_bytes[i]),
            "ram_bytes": float(ram_bytes[i]),
            "instructions": instructions[i],
            "measured_on": measured_on,
            "in_sweep": count in known,
        }
        for i, count in enumerate(params.tolist())
    ]


def _ram_bytes(
    own: pd.DataFrame, widths: NDArray[np.int64], family: str, inputs: InputShape
) -> NDArray[np.float64]:
    """Interpolate the RAM of a family's members in their width, and beyond by the last two."""
    width_of = {SHAPES[family](width).n_params(inputs): width for width in WIDTHS}
    known = own.groupby(own["params"].map(width_of))["ram_bytes"].first().astype(float)
    x, y = known.index.to_numpy(float), known.to_numpy()
    found = np.interp(widths, x, y)
    if len(x) > 1:
        for outside, ends in ((widths < x[0], slice(0, 2)), (widths > x[-1], slice(-2, None))):
            slope, base = np.polyfit(x[ends], y[ends], 1)
            found = np.where(outside, base + slope * widths, found)
    if _measured_on(own) is not None:
        return np.asarray(np.maximum(found, 0.5 * y.min()))
    return np.asarray(np.maximum(found, float(own["front_end_ram_bytes"].iloc[0])))


def _measured_on(own: pd.DataFrame) -> str | None:
    """Processor on which all students of a family were measured."""
    return None if own["measured_on"].isna().any() else str(own["measured_on"].iloc[0])


def _line(size: pd.Series, measured: pd.Series, at: NDArray[np.int64]) -> NDArray[np.float64]:
    """Straight line through measurements, but at least half the smallest of them."""
    by_size = measured.astype(float).groupby(size.astype(float)).median()
    x, y = by_size.index.to_numpy(float), by_size.to_numpy(float)
    if len(x) < 2:
        return np.full(len(at), y[0])
    slope, base = np.polyfit(x, y, 1)
    return np.asarray(np.maximum(base + slope * at, 0.5 * y.min()))


def excess(table: pd.DataFrame, constraints: Constraints) -> pd.Series:
    """Sum over the bounds of the log ratio by which each is exceeded; of costs that a table has."""
    bounds = {
        "mae_bpm": constraints.max_mae_bpm,
        "latency_p99_ms": constraints.max_latency_ms,
        "onnx_bytes": constraints.max_bytes,
        "macs": constraints.max_macs,
        "flash_bytes": constraints.max_flash_bytes,
        "ram_bytes": constraints.max_ram_bytes,
        "instructions": constraints.max_instructions,
    }
    total = pd.Series(0.0, index=table.index)
    for name, bound in bounds.items():
        if bound is not None and name in table:
            total += np.maximum(0.0, np.log(table[name].astype(float) / bound))
    return total


def _caveats(law: Mapping[str, Any], params: int) -> Sequence[str]:
    smallest, largest = min(law["sizes"]), max(law["sizes"])
    notes = []
    if not smallest <= params <= largest:
        notes.append(
            f"extrapolated: outside the sizes of the sweep, {smallest:,} to {largest:,} parameters"
        )
    chosen = law["forms"][law["chosen"]]
    if law["chosen"] == "constant":
        notes.append(
            f"the error does not depend on size from {smallest:,} to {largest:,} parameters; a "
            "smaller student than these may meet the constraints, too"
        )
    elif not all(chosen["identified"].values()):
        unknown = [name for name, known in chosen["identified"].items() if not known]
        notes.append(
            f"the sizes of the sweep do not identify {', '.join(unknown)} of the law "
            f"{chosen['formula']}"
        )
    return notes


def compare_with_measured(
    planned: Mapping[str, Any], cells: Sequence[Cell], results: str | Path, core: str
) -> dict[str, Any]:
    """Add the measured error and costs of a planned student.

    Parameters
    ----------
    planned
        A `Recommendation`, as a mapping.
    cells
        The planned student's cells; the first one is exported and timed.
    results
        Folder of the study.
    core
        Processor that flash, RAM and instructions are of.

    Returns
    -------
    dict
        ``planned`` with ``measured``: ``mae_bpm`` over the windows of all test subjects, seeds and
        folds; ``latency_p99_ms``, ``latency_busy``, ``onnx_bytes``, ``macs`` and those
        of `ppgkd.evaluation.costs.device_costs`; ``covered``, whether the prediction interval
        covers the measured error.
    """
    errors = collect_subject_errors(cells, results)
    mae_bpm = float(np.average(errors["mae_bpm"], weights=errors["n_windows"]))
    profile = read_json(Path(results) / cells[0].path / "latency.json")
    measured = {
        "mae_bpm": mae_bpm,
        "latency_p99_ms": profile["p99_ms"],
        "latency_busy": profile["busy"],
        **{name: profile[name] for name in ("onnx_bytes", "macs")},
        **device_costs(profile, core),
        "covered": bool(planned["mae_lower_bpm"] <= mae_bpm <= planned["mae_upper_bpm"]),
    }
    return {**planned, "measured": measured}
