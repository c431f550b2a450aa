"""A study's configuration, checked once and turned into what the workflow asks for.

The schema in ``workflow/schemas/config.schema.yaml`` documents every key, its type and its
default. What a schema cannot say (a dataset exists, shares add up, two capacities do not give the
same network) is checked here. Nothing heavy is imported: Snakemake reads this module in every job.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from ppgkd.datasets.own.dataset import own_dataset
from ppgkd.datasets.own.files import SOURCE
from ppgkd.datasets.registry import (
    DATASETS,
    Dataset,
    RecordingEntry,
    get_dataset,
    simulated_dataset,
)
from ppgkd.errors import PpgkdError
from ppgkd.models.capacity import SHAPES, InputShape, nearest_shape
from ppgkd.schema.defaults import with_defaults
from ppgkd.study.cell import NO_TEACHER, Cell
from ppgkd.study.roles import BY_DATASET, REQUIRED_ROLES, ROLES

COMPARED = ("students.parquet", "subjects.parquet", "recommended/student.onnx")
"""Files below a finished study's folder that it is compared by."""

Config = dict[str, Any]


@dataclass(frozen=True, order=True)
class Model:
    """A member of a family, named by the capacity that was asked for."""

    family: str
    capacity: int

    @property
    def name(self) -> str:
        """Name used in paths and tables, ``resnet-4000``."""
        return f"{self.family}-{self.capacity}"


@dataclass(frozen=True, order=True)
class Teacher:
    """Who students learn from.

    Attributes
    ----------
    name
        Name used in paths and tables.
    model
        What the study trains; of an ensemble, each member. None: it comes as an ONNX file.
    ensemble
        Whether the seeds' models of this capacity teach together.
    onnx
        The user's own ONNX file.
    """

    name: str
    model: Model | None = None
    ensemble: bool = False
    onnx: str | None = None


@dataclass(frozen=True)
class Tuning:
    """How the strategies' settings are chosen on validation subjects.

    Attributes
    ----------
    student, teacher
        Of the trials.
    trials
        Settings to try for each strategy, the same number for all.
    """

    student: Model
    teacher: str
    trials: Mapping[str, list[Config]]


@dataclass(frozen=True)
class Study:
    """What a checked configuration asks the workflow to make."""

    config: Config
    datasets: tuple[Dataset, ...]
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
    def tested(self) -> tuple[str, ...]:
        """Datasets with a share of the test role; a study that leaves one out does so in turn."""
        shares = self.config["datasets"]
        return tuple(name for name in shares if _has_subjects(shares[name], "test"))

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The sweep."""
        return tuple(
            Cell(strategy, teacher, student.name, seed, fold)
            for strategy in self.config["strategies"]
            for teacher in self._teachers_of(strategy)
            for student in self.students
            for seed in self.config["seeds"]
            for fold in self.folds
        )

    @property
    def profiled(self) -> tuple[Cell, ...]:
        """Cells whose students are exported and timed: folds only serve to estimate the error."""
        fold, seeds = self.folds[0], self.profiled_seeds
        return tuple(cell for cell in self.cells if cell.fold == fold and cell.seed in seeds)

    @property
    def profiled_seeds(self) -> list[int]:
        """Seeds of those cells."""
        seeds: list[int] = self.config["seeds"]
        return seeds[:1] if self.config["folds"] else seeds

    @property
    def sensor(self) -> Dataset:
        """Dataset whose sensor the students are exported for: the first that is tested on."""
        shares = self.config["datasets"]
        return next(d for d in self.datasets if _has_subjects(shares[d.name], "test"))

    def cells_of(self, strategy: str, teacher: str, student: str) -> tuple[Cell, ...]:
        """Cells of one student, which need not be one of the sweep, for all seeds and folds."""
        return tuple(
            Cell(strategy, teacher, student, seed, fold)
            for seed in self.config["seeds"]
            for fold in self.folds
        )

    def teacher(self, name: str) -> Teacher:
        """Find a teacher by its name."""
        return next(teacher for teacher in self.teachers if teacher.name == name)

    def teacher_files(self, name: str, seed: int | str, folder: str) -> list[str]:
        """Files that a teacher is read from; those that the study trains are in ``folder``."""
        teacher = self.teacher(name)
        if teacher.model is None:
            return [str(teacher.onnx)]
        seeds = self.config["seeds"] if teacher.ensemble else [seed]
        return [f"{folder}/{teacher.model.name}/seed{s}/model.safetensors" for s in seeds]

    def _teachers_of(self, strategy: str) -> tuple[str, ...]:
        return (NO_TEACHER,) if strategy == "scratch" else tuple(t.name for t in self.teachers)

    def recordings(self, dataset: str) -> tuple[RecordingEntry, ...]:
        """Recordings of a dataset that the study uses: the rest is neither fetched nor read."""
        shares = self.config["datasets"][dataset]
        found = next(d for d in self.datasets if d.name == dataset)
        listed = [role for role in ROLES if isinstance(shares.get(role), list)]
        used = (
            {subject for role in listed for subject in shares[role]} if listed else found.subjects
        )
        excluded = set(shares.get("exclude", ()))
        return tuple(r for r in found.recordings if r.subject in used and r.subject not in excluded)

    def raw_files(self, dataset: str) -> list[str]:
        """Paths below ``resources/raw`` of all files that the study reads of a dataset."""
        if dataset == "simulated":
            cohort = self.config["simulation"]
            return ["simulated/n{n_subjects}-s{duration_s:g}-seed{seed}.npz".format(**cohort)]
        files = (file for entry in self.recordings(dataset) for file in entry.files)
        return list(dict.fromkeys(str(file.local) for file in files))

    def input_files(self, dataset: str) -> list[str]:
        """Paths of these files; own recordings are read where they lie."""
        found = next(d for d in self.datasets if d.name == dataset)
        folder = "" if found.source == SOURCE else "resources/raw/"
        return [folder + path for path in self.raw_files(dataset)]


def parse_study(config: Mapping[str, Any], schema_path: Path) -> Study:
    """Check a configuration, fill in its defaults and derive the study.

    Parameters
    ----------
    config
        The mapping read from YAML.
    schema_path
        JSON schema, as YAML.

    Raises
    ------
    PpgkdError
        If a key is unknown, a value is not allowed or two values contradict each other. The
        message names the key, what was found and what is allowed; all schema errors are listed.
    """
    schema = yaml.safe_load(Path(schema_path).read_text(encoding="utf-8"))
    described = "workflow/schemas/config.schema.yaml"
    full = with_defaults(config, schema, "The configuration", described)
    inputs = input_shape(full)
    datasets = tuple(_check_dataset(name, full) for name in full["datasets"])
    _check_roles(full, datasets)
    _check_windows(full["windows"])
    _check_rates(full)
    _check_compared(full)
    students = _models("students", full["students"], inputs)
    teachers = _teachers(full["teachers"], inputs)
    return Study(full, datasets, teachers, students, _tuning(full, teachers, students))


def input_shape(config: Config) -> InputShape:
    """Shape of the tensor that the study's models see."""
    inputs, windows = config["inputs"], config["windows"]
    return InputShape(
        ppg_channels=inputs["ppg_channels"],
        acc_channels=3 if inputs["accelerometer"] else 0,
        n_samples=round(windows["length_s"] * windows["rate_hz"]),
        rate_hz=windows["rate_hz"],
    )


def _check_dataset(name: str, config: Config) -> Dataset:
    dataset = _taking_ppg(_find_dataset(name, config), config["datasets"][name].get("ppg"))
    if config["inputs"]["accelerometer"] and not dataset.acc_channels:
        raise PpgkdError(
            f"Dataset '{name}' has no accelerometer, and 'inputs.accelerometer' is true; set it to "
            "false, so that the study's models see the PPG alone, or leave the dataset out."
        )
    wanted = config["inputs"]["ppg_channels"]
    judging = any(_has_subjects(config["datasets"][name], role) for role in REQUIRED_ROLES)
    if wanted > dataset.ppg_channels and judging:
        raise PpgkdError(
            f"'inputs.ppg_channels' is {wanted}, but dataset '{name}' has {dataset.ppg_channels} "
            f"PPG channels; ask for at most {dataset.ppg_channels}, or use the dataset in the "
            "roles 'pretrain' and 'unlabelled' alone, where missing channels are repeated ones."
        )
    return dataset


def _taking_ppg(dataset: Dataset, ppg: str | list[str] | None) -> Dataset:
    """The dataset with the PPG channels that the study takes of it."""
    if ppg is None:
        return dataset
    if isinstance(ppg, str):  # average or each
        return replace(dataset, ppg_channels=1)
    there = [f"ppg_{number}" for number in range(1, dataset.ppg_channels + 1)]
    unknown = sorted(set(ppg) - set(there))
    if unknown:
        raise PpgkdError(f"'datasets.{dataset.name}.ppg' names {unknown}; the dataset has {there}.")
    return replace(dataset, ppg_channels=len(ppg))


def _find_dataset(name: str, config: Config) -> Dataset:
    path = config["datasets"][name].get("file")
    if path is None:
        if name == "simulated":
            return simulated_dataset(config["simulation"]["n_subjects"])
        return get_dataset(name)
    if name in DATASETS or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
        raise PpgkdError(
            f"'datasets.{name}' has a file of your own, but cannot have this name; take letters, "
            f"digits and underscores, and none of {', '.join(DATASETS)}."
        )
    try:
        return own_dataset(name, path)
    except PpgkdError as error:
        raise PpgkdError(
            f"'datasets.{name}.file' (relative to the folder that Snakemake works in): {error}"
        ) from error


def _check_roles(config: Config, datasets: tuple[Dataset, ...]) -> None:
    roles_of: dict[str, tuple[str, str]] = {}
    for dataset in datasets:
        shares = config["datasets"][dataset.name]
        given = {role: shares[role] for role in ROLES if role in shares}
        kinds = {isinstance(share, list) for share in given.values()}
        where = f"'datasets.{dataset.name}'"
        if not given:
            raise PpgkdError(f"{where} has no role; give it at least one of {list(ROLES)}.")
        if len(kinds) == 2:
            raise PpgkdError(
                f"{where} mixes fractions and lists of subjects; use one kind for all its roles."
            )
        _check_subjects_exist(where, dataset, [*shares.get("exclude", ())])
        _check_recordings_exist(where, dataset, shares.get("reference_lag_s", {}))
        if kinds == {False}:
            _check_folds(where, config["folds"], given)
            by_dataset = config["folds"] == BY_DATASET
            total = sum(v for role, v in given.items() if role != "test" or not by_dataset)
            if abs(total - 1) > 1e-6:
                raise PpgkdError(
                    f"{where}: the fractions of {list(given)} add up to {total:g}; they must add "
                    "up to 1 (use 'exclude' or lists of subjects to leave some out)."
                )
            continue
        if config["folds"] and given.get("test"):
            raise PpgkdError(
                f"{where} lists the subjects of role 'test', but 'folds: {config['folds']}' says "
                "who is tested in which fold; give fractions, or leave 'folds' out."
            )
        for role, subjects in given.items():
            _check_subjects_exist(where, dataset, subjects)
            for subject in subjects:
                earlier = roles_of.setdefault(subject, (role, dataset.name))
                if earlier[0] != role:
                    raise PpgkdError(
                        f"Subject '{subject}' is in role '{earlier[0]}' of dataset '{earlier[1]}' "
                        f"and in role '{role}' of dataset '{dataset.name}'; a subject has one "
                        "role. Remove it from one of the lists."
                    )
    if config["folds"] == BY_DATASET:
        turns = [d.name for d in datasets if _has_subjects(config["datasets"][d.name], "test")]
        if len(turns) < 2:
            raise PpgkdError(
                f"'folds: {BY_DATASET}' leaves out datasets with 'test: 1' in turn; found {turns}, "
                "expected at least two."
            )
    for role in REQUIRED_ROLES:
        if not any(_has_subjects(config["datasets"][d.name], role) for d in datasets):
            raise PpgkdError(
                f"No dataset has subjects in role '{role}'; a study needs all of "
                f"{list(REQUIRED_ROLES)}."
            )


def _check_folds(where: str, folds: int | str | None, given: Mapping[str, float]) -> None:
    """With folds every subject is tested once, which fixes the share of the test role."""
    test = given.get("test")
    if folds == BY_DATASET:
        if test and test != 1:
            raise PpgkdError(
                f"{where}: with 'folds: {BY_DATASET}' all of a dataset is tested when it is left "
                f"out, so 'test' must be 1, beside train and val for when it is not; found "
                f"{test:g}."
            )
        return
    if isinstance(folds, int) and test and abs(test - 1 / folds) > 1e-3:
        raise PpgkdError(
            f"{where}: with 'folds: {folds}' every subject is tested once, so 'test' must be "
            f"{1 / folds:.4g}; found {test:g}."
        )


def _has_subjects(shares: Config, role: str) -> bool:
    share = shares.get(role)
    if isinstance(share, list):
        return bool(set(share) - set(shares.get("exclude", ())))
    return bool(share)


def _check_subjects_exist(where: str, dataset: Dataset, subjects: list[str]) -> None:
    unknown = sorted(set(subjects) - set(dataset.subjects))
    if unknown:
        raise PpgkdError(f"{where} names unknown subjects {unknown}; it has {[*dataset.subjects]}.")


def _check_recordings_exist(where: str, dataset: Dataset, lags_s: Mapping[str, float]) -> None:
    names = [recording.name for recording in dataset.recordings]
    unknown = sorted(set(lags_s) - set(names), key=str)
    if unknown:
        raise PpgkdError(
            f"{where}: 'reference_lag_s' names unknown recordings {unknown}; it has {names}."
        )


def _check_rates(config: Config) -> None:
    """A window of a part of a sample less would be an error in every BPM."""
    length_s = config["windows"]["length_s"]
    odd = [
        rate_hz
        for rate_hz in config["onnx"]["rates_hz"]
        if abs(length_s * rate_hz - round(length_s * rate_hz)) > 1e-6
    ]
    if odd:
        raise PpgkdError(
            f"'onnx.rates_hz' has {odd}, at which a window of 'windows.length_s' = {length_s:g} s "
            "is not a whole number of samples; leave these rates out, or take another length."
        )


def _check_compared(config: Config) -> None:
    """Snakemake cannot make what another study has to."""
    for name in config["compare"]:
        if name == config["study"]:
            raise PpgkdError(f"'compare' names '{name}', which is this study; name others.")
        missing = [file for file in COMPARED if not Path("results", name, file).is_file()]
        if missing:
            raise PpgkdError(
                f"'compare' names '{name}', but results/{name} lacks {missing}; run that study "
                "first, or leave it out."
            )


def _check_windows(windows: Config) -> None:
    n_samples = windows["length_s"] * windows["rate_hz"]
    if abs(n_samples - round(n_samples)) > 1e-6:
        raise PpgkdError(
            f"'windows.length_s' times 'windows.rate_hz' is {n_samples:g} samples; it must be a "
            "whole number."
        )
    if windows["low_hz"] >= windows["high_hz"]:
        raise PpgkdError(
            f"'windows.low_hz' is {windows['low_hz']} and 'windows.high_hz' {windows['high_hz']}; "
            "the first must be the smaller."
        )
    if windows["high_hz"] > windows["rate_hz"] / 2:
        raise PpgkdError(
            f"'windows.high_hz' is {windows['high_hz']}, above half of 'windows.rate_hz' "
            f"({windows['rate_hz'] / 2:g} Hz); lower it or raise the rate."
        )


def _models(key: str, capacities: Mapping[str, list[int]], inputs: InputShape) -> tuple[Model, ...]:
    members: dict[Any, Model] = {}
    for family, counts in capacities.items():
        for count in counts:
            try:
                shape = nearest_shape(family, count, inputs)
            except PpgkdError as error:
                raise PpgkdError(f"'{key}.{family}': {error}") from error
            model = Model(family, count)
            other = members.setdefault(shape, model)
            if other is not model:
                raise PpgkdError(
                    f"'{key}.{family}': capacities {other.capacity} and {count} both give the "
                    f"member with {shape.n_params(inputs):,} parameters; remove one."
                )
    return tuple(members.values())


def _teachers(given: Config, inputs: InputShape) -> tuple[Teacher, ...]:
    capacities = {family: given[family] for family in SHAPES if family in given}
    trained = [Teacher(model.name, model) for model in _models("teachers", capacities, inputs)]
    by_name = {teacher.name: teacher for teacher in trained}
    ensembles = []
    for name in given.get("ensembles", ()):
        if name not in by_name:
            raise PpgkdError(
                f"'teachers.ensembles' names '{name}', which is not trained; there are "
                f"{sorted(by_name)}."
            )
        ensembles.append(Teacher(f"{name}-ensemble", by_name[name].model, ensemble=True))
    own = [Teacher(f"onnx-{name}", onnx=path) for name, path in given.get("onnx", {}).items()]
    for teacher in own:
        if not Path(str(teacher.onnx)).is_file():
            raise PpgkdError(
                f"'teachers.onnx': the file {teacher.onnx} of teacher '{teacher.name}' is not "
                "there; paths are relative to the folder that Snakemake works in."
            )
    if not trained + ensembles + own:
        raise PpgkdError("'teachers' names none; give capacities, or an ONNX file of your own.")
    return (*trained, *ensembles, *own)


def _tuning(
    config: Config, teachers: tuple[Teacher, ...], students: tuple[Model, ...]
) -> Tuning | None:
    tuning = config["tuning"]
    if tuning is None:
        return None
    named = {
        "student": [student.name for student in students],
        "teacher": [teacher.name for teacher in teachers],
    }
    for key, names in named.items():
        if tuning[key] not in names:
            raise PpgkdError(
                f"'tuning.{key}' is '{tuning[key]}', which is not in the study; there are {names}."
            )
    # the schema has trials for every strategy
    trials = {
        strategy: [{**settings, **trial} for trial in tuning["trials"][strategy]]
        for strategy, settings in config["strategies"].items()
    }
    counts = {strategy: len(grid) for strategy, grid in trials.items()}
    if len(set(counts.values())) > 1:
        raise PpgkdError(
            f"'tuning.trials' gives the strategies different budgets: {counts}; all must have the "
            "same number of trials."
        )
    student = next(student for student in students if student.name == tuning["student"])
    return Tuning(student, tuning["teacher"], trials)
