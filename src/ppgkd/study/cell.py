"""One cell of the sweep, and the folders of its files."""

from __future__ import annotations

from dataclasses import dataclass

NO_TEACHER = "none"

FINAL = "final"
"""Folder of the last training in a study with folds, which leaves nobody out."""


@dataclass(frozen=True)
class Cell:
    """One student; ``fold`` is None in a study without folds, and `FINAL` after all folds."""

    strategy: str
    teacher: str
    student: str
    seed: int
    fold: int | str | None = None

    @property
    def path(self) -> str:
        """Its folder below ``results/<study>/``."""
        student = f"{self.strategy}/{self.teacher}/{self.student}/seed{self.seed}"
        return f"{fold_folder(self.fold)}students/{student}"

    @property
    def teacher_path(self) -> str:
        """Its teacher's folder below ``results/<study>/``."""
        return f"{fold_folder(self.fold)}teachers/{self.teacher}/seed{self.seed}"


def fold_folder(fold: int | str | None) -> str:
    """Folder of a fold below ``results/<study>/``; a study without folds has none."""
    if fold is None:
        return ""
    return f"{fold}/" if fold == FINAL else f"fold{fold}/"
