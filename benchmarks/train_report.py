"""What the training benchmark found, and its tables."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from apart import Spent
from contestants import SEEDS, Outcome
from data import Data, markdown
from engine_questions import Answer
from torchdistill_box import is_installed

from ppgkd.models.capacity import InputShape
from ppgkd.training.loop import Budget

STUDENTS_PER_TEACHER = (1, 5, 25)


@dataclass(frozen=True)
class Setting:
    """What all contestants share."""

    data: Data
    inputs: InputShape
    n_windows: int
    budget: Budget
    views: int

    @property
    def windows_seen(self) -> int:
        """Windows that a student sees in its training."""
        size = min(self.budget.batch_size, self.n_windows)
        return self.budget.epochs * (self.n_windows // size) * size


@dataclass(frozen=True)
class Teacher:
    """A teacher, and what it and the bank cost the engine before the first student."""

    file: Path
    lessons: Path
    n_params: int
    macs: int
    val_mae_bpm: float
    bank: Spent
    targets: Spent


@dataclass(frozen=True)
class Row:
    """One student of one contestant.

    Attributes
    ----------
    fixed
        Spent once per teacher.
    matmul_share
        Operations of the networks (three passes of the student, and the teacher's one if it is
        asked in every step) per second, to the machine's rate for their number type.
    """

    contestant: str
    student_params: int
    teacher_params: int
    fixed: Spent
    outcome: Outcome
    matmul_share: float

    def total(self, students: int) -> Spent:
        """All students of one teacher together."""
        one, fixed = self.outcome.spent, self.fixed
        return Spent(fixed.wall_s + students * one.wall_s, fixed.cpu_s + students * one.cpu_s)


def _engine_beside(row: Row, rows: list[Row]) -> Row:
    """Find the engine's row for the same student and teacher."""
    pair = (row.student_params, row.teacher_params)
    return next(
        other
        for other in rows
        if other.contestant == "engine" and (other.student_params, other.teacher_params) == pair
    )


def _ratio(row: Row, rows: list[Row], students: int) -> Spent:
    """What a contestant spends on all students of a teacher, to what the engine does."""
    mine, engines = row.total(students), _engine_beside(row, rows).total(students)
    return Spent(mine.wall_s / engines.wall_s, mine.cpu_s / engines.cpu_s)


def with_growth(row: Row, rows: list[Row]) -> dict[str, Any]:
    """Give a row with its totals for several students, beside the engine's."""
    growth = {
        str(n): {"total": asdict(row.total(n)), "to_engine": asdict(_ratio(row, rows, n))}
        for n in STUDENTS_PER_TEACHER
    }
    return {**asdict(row), "students_per_teacher": growth}


def without_files(about: dict[str, Any]) -> dict[str, Any]:
    """Leave out the files, which are gone when the benchmark ends."""
    return {name: value for name, value in about.items() if not isinstance(value, Path)}


def report(
    setting: Setting,
    rates: dict[str, float],
    teachers: list[Teacher],
    rows: list[Row],
    answers: list[Answer],
) -> str:
    """Put the tables together, as Markdown."""
    many = STUDENTS_PER_TEACHER[1]
    parts = [
        "# Training benchmark",
        f"{setting.n_windows:,} windows, {setting.budget.epochs} epochs in batches of "
        f"{setting.budget.batch_size}, {setting.views} views, one thread. Matrix products: "
        + ", ".join(f"{rate / 1e9:,.0f} GFLOP/s in {name}" for name, rate in rates.items())
        + ".",
        "## The engine's costs per teacher",
        markdown(
            ["teacher", "its val. MAE, BPM", "bank, s", "targets, s", "share of fp32 rate"],
            [_teacher_line(setting, rates, teacher) for teacher in teachers],
        ),
        "## One student",
        f"The engine teaches {SEEDS} seeds together and counts a share of each. The ratios are to "
        f"the engine with its fixed costs spread over {many} students.",
        markdown(
            [
                "student / teacher: contestant",
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
        "Seconds, fixed costs included, and in brackets the ratio to the engine.",
        markdown(
            ["student / teacher: contestant", *(f"{n} students" for n in STUDENTS_PER_TEACHER)],
            [_growth_line(row, rows) for row in rows],
        ),
        "## What the engine could do",
        f"Steps to the engine's own; {SEEDS} seeds together to {SEEDS} after each other.",
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
            [_answer_line(found) for found in answers],
        ),
    ]
    if not is_installed():
        parts.append("torchdistill is not installed and was left out: see envs/bench.txt.")
    return "\n\n".join(parts)


def _teacher_line(setting: Setting, rates: dict[str, float], teacher: Teacher) -> list[str]:
    operations = 2 * teacher.macs * setting.views * setting.n_windows
    return [
        f"{teacher.n_params:,}",
        f"{teacher.val_mae_bpm:.2f}",
        f"{teacher.bank.wall_s:.2f}",
        f"{teacher.targets.wall_s:.2f}",
        f"{operations / teacher.targets.wall_s / rates['float32']:.0%}",
    ]


def _name(row: Row) -> str:
    loading = f", {row.outcome.workers} workers" if row.contestant != "engine" else ""
    return f"{row.student_params:,} / {row.teacher_params:,}: {row.contestant}{loading}"


def _student_line(row: Row, rows: list[Row], students: int) -> list[str]:
    outcome, ratio = row.outcome, _ratio(row, rows, students)
    return [
        _name(row),
        f"{outcome.spent.wall_s:.2f}",
        f"{outcome.spent.cpu_s:.2f}",
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


def _answer_line(found: Answer) -> list[str]:
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
        f"{found.grouped_ratio:.2f}",
    ]
