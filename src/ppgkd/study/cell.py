"""One cell of the sweep, and the folders of its files."""

from __future__ import annotations

from dataclasses import dataclass

from ppgkd.study.subset import Subset

NO_TEACHER = "none"

FINAL = "final"
"""Folder of the last training in a study with folds, which leaves nobody out."""


@dataclass(frozen=True)
class Cell:
    """One student; ``fold`` is None in a study without folds, and `FINAL` after all folds.

    With a ``subset``, it learned from a part of the fold's training people.
    """

    strategy: str
    teacher: str
    student: str
    seed: int
    fold: int | str | None = None
    subset: Subset | None = None

    @property
    def path(self) -> str:
        """Its folder below ``results/<study>/``."""
        student = f"{self.strategy}/{self.teacher}/{self.student}/seed{self.seed}"
        return f"{self._folder}students/{student}"

    @property
    def teacher_path(self) -> str:
        """Its teacher's folder below ``results/<study>/``."""
        return f"{self._folder}teachers/{self.teacher}/seed{self.seed}"

    @property
    def _folder(self) -> str:
        return fold_folder(self.fold, self.subset)


def fold_folder(fold: int | str | None, subset: Subset | None = None) -> str:
    """Folder of a fold below ``results/<study>/``; a study without folds has none."""
    if fold is None:
        return ""
    if fold == FINAL:
        return f"{fold}/"
    return f"fold{fold}-{subset.name}/" if subset else f"fold{fold}/"
