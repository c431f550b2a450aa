"""One cell of the sweep, and the folders of its files."""

from __future__ import annotations

from dataclasses import dataclass

NO_TEACHER = "none"


@dataclass(frozen=True)
class Cell:
    """One student of the sweep; ``fold`` is None in a study without folds."""

    strategy: str
    teacher: str
    student: str
    seed: int
    fold: int | None = None

    @property
    def path(self) -> str:
        """Its folder below ``results/<study>/``."""
        student = f"{self.strategy}/{self.teacher}/{self.student}/seed{self.seed}"
        return f"{fold_folder(self.fold)}students/{student}"

    @property
    def teacher_path(self) -> str:
        """Its teacher's folder below ``results/<study>/``."""
        return f"{fold_folder(self.fold)}teachers/{self.teacher}/seed{self.seed}"


def fold_folder(fold: int | None) -> str:
    """Folder of a fold below ``results/<study>/``; a study without folds has none."""
    return "" if fold is None else f"fold{fold}/"
