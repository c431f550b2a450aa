"""A study's configuration, checked once and turned into what the workflow asks for.

The schema in ``workflow/schemas/config.schema.yaml`` documents every key, its type and its
default. What a schema cannot say (a dataset exists, shares add up, two capacities do not give the
same network) is checked here. Nothing heavy is imported: Snakemake reads this module in every job.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, ValidationError, validators

from ppgkd.datasets.registry import Dataset, RecordingEntry, get_dataset, simulated_dataset
from ppgkd.errors import PpgkdError
from ppgkd.models.capacity import SHAPES, InputShape, nearest_shape

REQUIRED_ROLES = ("train", "val", "test")
ROLES = (*REQUIRED_ROLES, "pretrain", "unlabelled")
"""Teachers first learn from ``pretrain``; students see ``unlabelled`` without its reference."""
NO_TEACHER = "none"

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
        return tuple(range(count)) if count else (None,)

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
        if self.config["folds"] is None:
            return self.cells
        first = (self.folds[0], self.config["seeds"][0])
        return tuple(cell for cell in self.cells if (cell.fold, cell.seed) == first)

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
        return [str(file.local) for entry in self.recordings(dataset) for file in entry.files]


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
    full = with_defaults(config, schema)
    inputs = input_shape(full)
    datasets = tuple(_check_dataset(name, full) for name in full["datasets"])
    _check_roles(full, datasets)
    _check_windows(full["windows"])
    _check_rates(full)
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


def with_defaults(config: Mapping[str, Any], schema: Mapping[str, Any]) -> Config:
    """Return the configuration with the schema's defaults filled in, or raise what is wrong."""
    filled: Config = deepcopy(dict(config))
    errors = sorted(
        _filling_validator(schema).iter_errors(filled), key=lambda e: [*map(str, e.path)]
    )
    if errors:
        raise PpgkdError(
            "The configuration is not valid:\n"
            + "\n".join(dict.fromkeys(f"  - {_explain(error)}" for error in errors))
            + "\nEvery key is described in workflow/schemas/config.schema.yaml."
        )
    return filled


def _filling_validator(schema: Mapping[str, Any]) -> Any:
    """Make a validator that also fills defaults, top down, `$ref` with siblings included."""
    check_properties = Draft202012Validator.VALIDATORS["properties"]

    def fill_then_check(
        validator: Any, properties: Mapping[str, Any], instance: Any, parent: Any
    ) -> Iterator[ValidationError]:
        if isinstance(instance, dict):
            for key, subschema in properties.items():
                if "default" not in subschema:
                    continue
                default = deepcopy(subschema["default"])
                if isinstance(default, dict) and isinstance(instance.get(key), dict):
                    # a budget given in part keeps the rest of its default; strategies do not:
                    # naming some of them is how the others are left out
                    if key != "strategies":
                        instance[key] = {**default, **instance[key]}
                else:
                    instance.setdefault(key, default)
        yield from check_properties(validator, properties, instance, parent)

    types = Draft202012Validator.TYPE_CHECKER.redefine_many(
        # JSON Schema takes 4.0 for an integer, and no bound holds NaN back
        {
            "integer": lambda _, value: isinstance(value, int) and not isinstance(value, bool),
            "number": lambda _, value: (
                isinstance(value, int | float)
                and not isinstance(value, bool)
                and math.isfinite(value)
            ),
        }
    )
    checks = {"properties": fill_then_check}
    return validators.extend(Draft202012Validator, checks, type_checker=types)(schema)


def _explain(error: ValidationError) -> str:
    where = ".".join(str(part) for part in error.path)
    key = f"'{where}'" if where else "the top level"
    match error.validator:
        case "additionalProperties":
            allowed = sorted(error.schema.get("properties", {}))
            unknown = sorted(set(error.instance) - set(allowed), key=str)
            return f"{key} has unknown keys {unknown}; allowed are {allowed}"
        case "required":
            missing = [name for name in error.validator_value if name not in error.instance]
            return f"{key} lacks {missing}"
        case "type":
            allowed = error.validator_value
            names = allowed if isinstance(allowed, str) else " or ".join(allowed)
            return f"{key} must be of type {names}, found {error.instance!r}"
        case "minItems" | "minProperties":
            return f"{key} must not be empty"
        case _:
            return f"{key}: {error.message} ({error.validator}: {error.validator_value})"


def _check_dataset(name: str, config: Config) -> Dataset:
    dataset = (
        simulated_dataset(config["simulation"]["n_subjects"])
        if name == "simulated"
        else get_dataset(name)
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
            total = sum(given.values())
            if abs(total - 1) > 1e-6:
                raise PpgkdError(
                    f"{where}: the fractions of {list(given)} add up to {total:g}; they must add "
                    "up to 1 (use 'exclude' or lists of subjects to leave some out)."
                )
            continue
        if config["folds"] and given.get("test"):
            raise PpgkdError(
                f"{where} lists the subjects of role 'test', which would be tested in each of the "
                f"{config['folds']} folds; give fractions, or leave 'folds' out."
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
    for role in REQUIRED_ROLES:
        if not any(_has_subjects(config["datasets"][d.name], role) for d in datasets):
            raise PpgkdError(
                f"No dataset has subjects in role '{role}'; a study needs all of "
                f"{list(REQUIRED_ROLES)}."
            )


def _check_folds(where: str, folds: int | None, given: Mapping[str, float]) -> None:
    """With folds every subject is tested once, which fixes the share of the test role."""
    test = given.get("test")
    if folds and test and abs(test - 1 / folds) > 1e-3:
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
