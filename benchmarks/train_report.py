"""Results of the training benchmark and their tables."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from data import Data, markdown
from engine_alternatives import EngineTimes
from process_cost import Cost
from torchdistill_box import is_installed
from training_methods import SEEDS, Outcome

from ppgkd.models.capacity import InputShape, Shape, nearest_shape
from ppgkd.training.loop import TrainingConfig

STUDENTS_PER_TEACHER = (1, 5, 25)


@dataclass(frozen=True)
class Setting:
    """Settings that all methods share."""

    data: Data
    inputs: InputShape
    n_windows: int
    training: TrainingConfig
    views: int
    student_family: str
    teacher_family: str

    def students(self, sizes: list[int]) -> list[Shape]:
        """Shapes of students of about these numbers of parameters."""
        return [nearest_shape(self.student_family, size, self.inputs) for size in sizes]

    @property
    def windows_seen(self) -> int:
        """Windows that a student sees in its training."""
        return windows_seen(self.training, self.n_windows)


def windows_seen(training: TrainingConfig, n_windows: int) -> int:
    """Windows that a network sees in its training, whose batches are complete."""
    size = min(training.batch_size, n_windows)
    return training.epochs * (n_windows // size) * size


@dataclass(frozen=True)
class PreparedTeacher:
    """A trained teacher, and what the view cache and its targets cost the engine once.

    Attributes
    ----------
    training_share
        Operations of its training (three passes) per CPU second, relative to the machine's rate in
        each number type. Its fresh views and its validation count as time.
    """

    file: Path
    shared: Path
    n_params: int
    macs: int
    val_mae_bpm: float
    training: Cost
    training_share: dict[str, float]
    view_cache: Cost
    targets: Cost


@dataclass(frozen=True)
class Row:
    """One student of one method.

    Attributes
    ----------
    fixed
        Cost that arises once per teacher.
    matmul_share
        Operations of the networks (three passes of the student, and one of the teacher if it runs
        in every step) per second, relative to the machine's rate for their number type.
    """

    method: str
    student_params: int
    teacher_params: int
    fixed: Cost
    outcome: Outcome
    matmul_share: float

    def total(self, students: int) -> Cost:
        """All students of one teacher together."""
        one, fixed = self.outcome.cost, self.fixed
        return Cost(fixed.wall_s + students * one.wall_s, fixed.cpu_s + students * one.cpu_s)


def _engine_row(row: Row, rows: list[Row]) -> Row:
    """Find the engine's row for the same student and teacher."""
    pair = (row.student_params, row.teacher_params)
    return next(
        other
        for other in rows
        if other.method == "engine" and (other.student_params, other.teacher_params) == pair
    )


def _ratio(row: Row, rows: list[Row], students: int) -> Cost:
    """Cost of all students of a teacher, relative to the engine."""
    mine, engines = row.total(students), _engine_row(row, rows).total(students)
    return Cost(mine.wall_s / engines.wall_s, mine.cpu_s / engines.cpu_s)


def with_growth(row: Row, rows: list[Row]) -> dict[str, Any]:
    """Return a row with its totals for several students, relative to the engine."""
    growth = {
        str(n): {"total": asdict(row.total(n)), "to_engine": asdict(_ratio(row, rows, n))}
        for n in STUDENTS_PER_TEACHER
    }
    return {**asdict(row), "students_per_teacher": growth}


def without_files(about: dict[str, Any]) -> dict[str, Any]:
    """Leave out the files, which are deleted when the benchmark ends."""
    return {name: value for name, value in about.items() if not isinstance(value, Path)}


def report(
    setting: Setting,
    rates: dict[str, float],
    teachers: list[PreparedTeacher],
    rows: list[Row],
    engine_times: list[EngineTimes],
) -> str:
    """Write all tables as Markdown."""
    many = STUDENTS_PER_TEACHER[1]
    parts = [
        "# Training benchmark",
        f"{setting.n_windows:,} windows, {setting.training.epochs} epochs in batches of "
        f"{setting.training.batch_size}, {setting.views} views, one thread. Matrix products: "
        + ", ".join(f"{rate / 1e9:,.0f} GFLOP/s in {name}" for name, rate in rates.items())
        + ".",
        f"Students are {setting.student_family}, teachers {setting.teacher_family}.",
        "## The engine's costs per teacher",
        markdown(
            [
                "teacher",
                "its val. MAE, BPM",
                "training, CPU s",
                *(f"share of {name} rate" for name in rates),
                "view cache, s",
                "targets, s",
                "share of float32 rate",
            ],
            [_teacher_line(setting, rates, teacher) for teacher in teachers],
        ),
        "## One student",
        f"The engine trains {SEEDS} seeds together; each counts for its share. The ratios are to "
        f"the engine with its fixed costs spread over {many} students.",
        markdown(
            [
                "student / teacher: method",
                "s",
                "CPU s",
                "ratio",
                "CPU ratio",
                "val. MAE, BPM",
                "peak, MiB (at start)",
                "share of matmul rate",
            ],
            [_student_line(row, rows, many) for row in rows],
        ),
        "## All students of a teacher",
        "Seconds, fixed costs included; in brackets, the ratio to the engine.",
        markdown(
            ["student / teacher: method", *(f"{n} students" for n in STUDENTS_PER_TEACHER)],
            [_growth_line(row, rows) for row in rows],
        ),
        "## Alternatives for the engine",
        f"Time of a step relative to the engine's; of {SEEDS} seeds together relative to {SEEDS} "
        "in turn.",
        markdown(
            [
                "student",
                "step, ms",
                "compiled",
                "compiling, s",
                "pays after",
                "seeds by vmap",
                "seeds by groups",
            ],
            [_engine_line(found) for found in engine_times],
        ),
    ]
    if not is_installed():
        parts.append("torchdistill is not installed and was left out: see envs/bench.txt.")
    return "\n\n".join(parts)


def _teacher_line(setting: Setting, rates: dict[str, float], teacher: PreparedTeacher) -> list[str]:
    operations = 2 * teacher.macs * setting.views * setting.n_windows
    return [
        f"{teacher.n_params:,}",
        f"{teacher.val_mae_bpm:.2f}",
        f"{teacher.training.cpu_s:.1f}",
        *(f"{share:.0%}" for share in teacher.training_share.values()),
        f"{teacher.view_cache.wall_s:.2f}",
        f"{teacher.targets.wall_s:.2f}",
        f"{operations / teacher.targets.wall_s / rates['float32']:.0%}",
    ]


def _name(row: Row) -> str:
    loading = f", {row.outcome.workers} workers" if row.method != "engine" else ""
    return f"{row.student_params:,} / {row.teacher_params:,}: {row.method}{loading}"


def _student_line(row: Row, rows: list[Row], students: int) -> list[str]:
    outcome, ratio = row.outcome, _ratio(row, rows, students)
    return [
        _name(row),
        f"{outcome.cost.wall_s:.2f}",
        f"{outcome.cost.cpu_s:.2f}",
        f"{ratio.wall_s:.2f}",
        f"{ratio.cpu_s:.2f}",
        f"{outcome.val_mae_bpm:.2f}",
        f"{outcome.peak_mib:,.0f} ({outcome.start_mib:,.0f})",
        f"{row.matmul_share:.1%} of {outcome.number_type}",
    ]


def _growth_line(row: Row, rows: list[Row]) -> list[str]:
    totals = [
        f"{row.total(n).wall_s:.1f} ({_ratio(row, rows, n).wall_s:.2f})"
        for n in STUDENTS_PER_TEACHER
    ]
    return [_name(row), *totals]


def _engine_line(found: EngineTimes) -> list[str]:
    compiled = ["not tried", "", ""]
    if found.compiled_ratio is not None and found.compile_s is not None:
        after = found.pays_after_steps
        compiled = [
            f"{found.compiled_ratio:.2f}",
            f"{found.compile_s:.1f}",
            "never" if after is None else f"{after:,} steps",
        ]
    return [
        f"{found.n_params:,}",
        f"{found.step_ms:.1f}",
        *compiled,
        f"{found.vmap_ratio:.2f}",
        "impossible" if found.grouped_ratio is None else f"{found.grouped_ratio:.2f}",
    ]
