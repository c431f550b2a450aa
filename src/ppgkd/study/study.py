"""What a checked configuration asks the workflow to make: datasets, models and cells.

Snakemake imports this module in every job, so it imports nothing heavy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ppgkd.datasets.own.files import SOURCE
from ppgkd.datasets.registry import Dataset, RecordingEntry
from ppgkd.models.capacity import InputShape
from ppgkd.strategies.registry import STRATEGIES
from ppgkd.study.cell import FINAL, NO_TEACHER, Cell
from ppgkd.study.roles import BY_DATASET, ROLES
from ppgkd.study.subset import Subset

COMPARED = ("students.parquet", "subjects.parquet", "recommended/student.onnx")
"""Files below the folder of a finished study that other studies are compared with."""

Config = dict[str, Any]


@dataclass(frozen=True, order=True)
class Model:
    """A member of a family, named by the number of parameters that the study requests."""

    family: str
    capacity: int

    @property
    def name(self) -> str:
        """Name used in paths and tables, ``spectral_resnet-4000``."""
        return f"{self.family}-{self.capacity}"


@dataclass(frozen=True, order=True)
class Estimates:
    """Where the recorded estimates of a teacher are, and what is taken of them.

    Attributes
    ----------
    path
        Of the file of a dataset, with ``{dataset}`` in the place of its name.
    datasets
        Those that the teacher says something of.
    max_sd_bpm
        Largest spread of an estimate that teaches, in BPM; None: all teach.
    """

    path: str
    datasets: tuple[str, ...]
    max_sd_bpm: float | None = None

    @property
    def files(self) -> dict[str, str]:
        """Dataset to its file."""
        return {name: self.path.replace("{dataset}", name) for name in self.datasets}


@dataclass(frozen=True, order=True)
class Teacher:
    """A network, an ensemble, an ONNX file or recorded estimates that students learn from.

    Attributes
    ----------
    name
        Name used in paths and tables.
    model
        The network that the study trains; in an ensemble, each member. None: the teacher is not
        trained here.
    ensemble
        Whether the models of all seeds teach together.
    onnx
        The user's own ONNX file.
    estimates
        Recorded estimates, which teach in place of a network.
    smoothed
        Name of the teacher whose estimates they are, smoothed by the study; empty, they are not.
    joint
        Names of the teachers with estimates that teach together as this one.
    """

    name: str
    model: Model | None = None
    ensemble: bool = False
    onnx: str | None = None
    estimates: Estimates | None = None
    smoothed: str = ""
    joint: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tuning:
    """Trials by which the strategies' settings are chosen on validation subjects.

    Attributes
    ----------
    student, teacher
        Student and teacher of the trials.
    trials
        Settings to try for each strategy, the same number for all.
    """

    student: Model
    teacher: str
    trials: Mapping[str, list[Config]]


@dataclass(frozen=True)
class Study:
    """What a checked configuration asks the workflow to make.

    Attributes
    ----------
    config
        The configuration with all defaults, as plain mappings.
    datasets
        The datasets that are used, each with the PPG channels that are used of it.
    tested
        Names of the datasets with test subjects. With ``folds: datasets``, each is left out and
        tested in one fold.
    teachers, students
        The models.
    tuning
        Trials of the strategies' settings; None if they are not tuned.
    """

    config: Config
    datasets: tuple[Dataset, ...]
    tested: tuple[str, ...]
    teachers: tuple[Teacher, ...]
    students: tuple[Model, ...]
    tuning: Tuning | None = None

    @property
    def folds(self) -> tuple[int | None, ...]:
        """Numbers of the folds; a study without folds has one that is None."""
        count = self.config["folds"]
        if count == BY_DATASET:
            count = len(self.tested)
        return tuple(range(count)) if count else (None,)

    @property
    def people_folds(self) -> tuple[int, ...]:
        """Numbers of the folds, after the others, that test a student on other people."""
        first = len(self.folds)
        return tuple(range(first, first + (self.config["other_people"] or 0)))

    @property
    def subsets(self) -> tuple[Subset, ...]:
        """Parts of the training people that everything is trained with, beside all of them."""
        people = self.config["people"]
        if people is None:
            return ()
        draws = range(people["draws"])
        drawn = [Subset(size, draw) for size in sorted(people["sizes"]) for draw in draws]
        return (*drawn, *(Subset(minutes=minutes) for minutes in sorted(people["minutes"])))

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The sweep: each strategy, teacher, student, seed and fold."""
        return self._sweep(None)

    @property
    def subset_cells(self) -> tuple[Cell, ...]:
        """The sweep again, with each subset of the training people."""
        return tuple(cell for subset in self.subsets for cell in self._sweep(subset))

    def _sweep(self, subset: Subset | None) -> tuple[Cell, ...]:
        return tuple(
            Cell(strategy, teacher, student.name, seed, fold, self._seen(subset, strategy))
            for strategy in self.config["strategies"]
            for teacher in self._teachers_of(strategy)
            for student in self.students
            for seed in self.config["seeds"]
            for fold in self.folds
        )

    def _seen(self, subset: Subset | None, strategy: str) -> Subset | None:
        """Subset of a strategy: what has no label teaches nothing where there is no teacher."""
        if subset is None or subset.people is None or not STRATEGIES[strategy].needs_teacher:
            return subset
        return replace(subset, unlabelled=self.config["people"]["others"] == "unlabelled")

    @property
    def profiled(self) -> tuple[Cell, ...]:
        """Cells whose students are exported and timed; with folds, those of the first fold."""
        fold, seeds = self.folds[0], self.profiled_seeds
        return tuple(cell for cell in self.cells if cell.fold == fold and cell.seed in seeds)

    @property
    def profiled_seeds(self) -> list[int]:
        """Seeds of the cells that are exported and timed."""
        seeds: list[int] = self.config["seeds"]
        return seeds[:1] if self.config["folds"] else seeds

    @property
    def sensor(self) -> Dataset:
        """Dataset whose sensor the students are exported for: the first that is tested on."""
        return next(dataset for dataset in self.datasets if dataset.name in self.tested)

    def cells_of(
        self, strategy: str, teacher: str, student: str, *, other_people: bool = False
    ) -> tuple[Cell, ...]:
        """Cells of one student, which need not be one of the sweep, for all seeds and folds."""
        return tuple(
            Cell(strategy, teacher, student, seed, fold)
            for seed in self.config["seeds"]
            for fold in (self.people_folds if other_people else self.folds)
        )

    def cells_with_people(
        self, strategy: str, teacher: str, student: str, people: int
    ) -> tuple[Cell, ...]:
        """Cells of one student that learned from so many people, for all draws, seeds, folds."""
        subsets = [Subset(people, draw) for draw in range(self.config["people"]["draws"])]
        return tuple(
            replace(cell, subset=self._seen(subset, strategy))
            for subset in subsets
            for cell in self.cells_of(strategy, teacher, student)
        )

    def shipped_cell(self, strategy: str, teacher: str, student: str) -> Cell:
        """Cell whose file is shipped if this student is: with folds, one that leaves nobody out."""
        fold = FINAL if self.config["folds"] else None
        return Cell(strategy, teacher, student, self.config["seeds"][0], fold)

    def dataset(self, name: str) -> Dataset:
        """Find a dataset by its name."""
        return next(dataset for dataset in self.datasets if dataset.name == name)

    def teacher(self, name: str) -> Teacher:
        """Find a teacher by its name."""
        return next(teacher for teacher in self.teachers if teacher.name == name)

    def teacher_files(self, name: str, seed: int | str, folder: str) -> list[str]:
        """Files of a teacher; those of the study's own networks are in ``folder``."""
        teacher = self.teacher(name)
        if teacher.estimates:
            is_own = teacher.smoothed or teacher.joint
            made = f"{folder}/{name}/seed{seed}/" if is_own else ""
            return [made + path for path in teacher.estimates.files.values()]
        if teacher.model is None:
            return [str(teacher.onnx)]
        seeds = self.config["seeds"] if teacher.ensemble else [seed]
        return [f"{folder}/{teacher.model.name}/seed{s}/model.safetensors" for s in seeds]

    def _teachers_of(self, strategy: str) -> tuple[str, ...]:
        if not STRATEGIES[strategy].needs_teacher:
            return (NO_TEACHER,)
        return tuple(teacher.name for teacher in self.teachers)

    def recordings(self, dataset: str) -> tuple[RecordingEntry, ...]:
        """Recordings of a dataset that the study uses; others are neither fetched nor read."""
        split = self.config["datasets"][dataset]
        found = self.dataset(dataset)
        # a role has a list of subjects, or a fraction of all of them
        listed = [role for role in ROLES if isinstance(split.get(role), list)]
        used = {subject for role in listed for subject in split[role]} if listed else found.subjects
        excluded = set(split.get("exclude", ()))
        return tuple(r for r in found.recordings if r.subject in used and r.subject not in excluded)

    def raw_files(self, dataset: str) -> list[str]:
        """Paths below ``resources/raw`` of all files that the study reads of a dataset."""
        if dataset == "simulated":
            cohort = self.config["simulation"]
            return ["simulated/n{n_subjects}-s{duration_s:g}-seed{seed}.npz".format(**cohort)]
        files = (file for entry in self.recordings(dataset) for file in entry.files)
        return list(dict.fromkeys(str(file.local) for file in files))

    def input_files(self, dataset: str) -> list[str]:
        """Paths of `raw_files`; own recordings are read where they are."""
        folder = "" if self.dataset(dataset).source == SOURCE else "resources/raw/"
        return [folder + path for path in self.raw_files(dataset)]


def input_shape(config: Config) -> InputShape:
    """Shape of the tensor that the study's models see."""
    inputs, windows = config["inputs"], config["windows"]
    return InputShape(
        ppg_channels=inputs["ppg_channels"],
        acc_channels=3 if inputs["accelerometer"] else 0,
        n_samples=round(windows["length_s"] * windows["rate_hz"]),
        rate_hz=windows["rate_hz"],
        acc_floor=inputs["acc_floor"],
    )
