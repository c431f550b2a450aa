"""The models of a study: teachers, students, and the trials that tune the strategies."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ppgkd.errors import PpgkdError
from ppgkd.models.capacity import SHAPES, InputShape, nearest_shape
from ppgkd.published.registry import PUBLISHED
from ppgkd.study.configuration import PublishedEstimates, RecordedEstimates, Teachers
from ppgkd.study.study import Config, Estimates, Model, Teacher, Tuning


def find_models(
    key: str, capacities: Mapping[str, list[int]], inputs: InputShape
) -> tuple[Model, ...]:
    """Models of the capacities that a key lists for each family.

    Raises
    ------
    PpgkdError
        If a capacity is out of the family's range, or two capacities give the same network.
    """
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


def find_teachers(
    given: Teachers, inputs: InputShape, datasets: tuple[str, ...], study: str
) -> tuple[Teacher, ...]:
    """Teachers that the study trains, their ensembles, and those that are trained elsewhere.

    Raises
    ------
    PpgkdError
        If there is none, a file does not exist, or an ensemble has no members.
    """
    of_family = {family: getattr(given, family) or [] for family in SHAPES}
    trained = [Teacher(model.name, model) for model in find_models("teachers", of_family, inputs)]
    by_name = {teacher.name: teacher for teacher in trained}
    ensembles = []
    for name in given.ensembles or ():
        if name not in by_name:
            raise PpgkdError(
                f"'teachers.ensembles' names '{name}', which is not trained; there are "
                f"{sorted(by_name)}."
            )
        ensembles.append(Teacher(f"{name}-ensemble", by_name[name].model, ensemble=True))
    own = [Teacher(f"onnx-{name}", onnx=path) for name, path in (given.onnx or {}).items()]
    for teacher in own:
        if not Path(str(teacher.onnx)).is_file():
            raise PpgkdError(
                f"'teachers.onnx': the file {teacher.onnx} of teacher '{teacher.name}' does not "
                "exist; paths are relative to the folder that Snakemake works in."
            )
    recorded = [
        Teacher(f"recorded-{name}", estimates=_find_estimates(name, found, datasets))
        for name, found in (given.recorded or {}).items()
    ]
    run_here = {teacher.name: teacher for teacher in trained + ensembles + own}
    smoothed = []
    for name in given.smoothed or ():
        if name not in run_here:
            raise PpgkdError(
                f"'teachers.smoothed' names '{name}', which the study does not run; there are "
                f"{[*run_here]}."
            )
        made = Estimates("{dataset}.parquet", datasets)
        source = run_here[name]
        smoothed.append(Teacher(f"{name}-smoothed", source.model, estimates=made, smoothed=name))
    published = _find_published(given, datasets, study)
    if not trained + ensembles + own + recorded + published:
        raise PpgkdError(
            "'teachers' names none; give capacities, a published model, or an ONNX file or "
            "recorded estimates of your own."
        )
    with_estimates = [*recorded, *published, *smoothed]
    joint = _find_joint(given, with_estimates, datasets)
    return (*trained, *ensembles, *own, *with_estimates, *joint)


def _find_joint(
    given: Teachers, teachers: list[Teacher], datasets: tuple[str, ...]
) -> list[Teacher]:
    """Teachers whose members teach together."""
    by_name = {teacher.name: teacher.estimates for teacher in teachers if teacher.estimates}
    found = []
    for name, asked in (given.joint or {}).items():
        unknown = [member for member in asked.members if member not in by_name]
        if unknown:
            raise PpgkdError(
                f"'teachers.joint.{name}.members' names {unknown}, which are no recorded, "
                f"published or smoothed teachers of the study; there are {[*by_name]}. A teacher "
                "that the study trains is a member as <name>-smoothed, if 'smoothed' names it."
            )
        said = {dataset for member in asked.members for dataset in by_name[member].datasets}
        of = tuple(dataset for dataset in datasets if dataset in said)
        made = Estimates("{dataset}.parquet", of, asked.max_sd_bpm)
        found.append(Teacher(f"joint-{name}", estimates=made, joint=tuple(asked.members)))
    return found


def _find_published(given: Teachers, datasets: tuple[str, ...], study: str) -> list[Teacher]:
    """Published models, whose estimates a rule of the study makes."""
    asked = given.published or {}
    if isinstance(asked, list):
        asked = {name: PublishedEstimates() for name in asked}
    unknown = [name for name in asked if name not in PUBLISHED]
    if unknown:
        raise PpgkdError(
            f"'teachers.published' names {unknown}, which are not known; there are {[*PUBLISHED]}."
        )
    teachers = []
    for name, taken in asked.items():
        of = _require_in_study(taken.datasets, datasets, f"'teachers.published.{name}'")
        path = f"results/{study}/published/{name}/{{dataset}}.parquet"
        teachers.append(Teacher(name, estimates=Estimates(path, of, taken.max_sd_bpm)))
    return teachers


def _require_in_study(
    given: list[str] | None, datasets: tuple[str, ...], where: str
) -> tuple[str, ...]:
    """Names of the given datasets, or of all; only those of the study are allowed."""
    of = datasets if given is None else tuple(given)
    unknown = sorted(set(of) - set(datasets))
    if unknown:
        raise PpgkdError(
            f"{where} names the datasets {unknown}, which are not in the study; there are "
            f"{[*datasets]}."
        )
    return of


def _find_estimates(
    name: str, given: str | RecordedEstimates, datasets: tuple[str, ...]
) -> Estimates:
    """Find the files of recorded estimates, one for each dataset."""
    where = f"'teachers.recorded.{name}'"
    if isinstance(given, str):
        given = RecordedEstimates(estimates=given)
    of = _require_in_study(given.datasets, datasets, where)
    if len(of) > 1 and "{dataset}" not in given.estimates:
        raise PpgkdError(
            f"{where} has one path, {given.estimates}, for the datasets {[*of]}; a file is of one "
            "dataset: write {dataset} where its name is, or list the dataset under 'datasets'."
        )
    found = Estimates(given.estimates, of, given.max_sd_bpm)
    missing = [path for path in found.files.values() if not Path(path).is_file()]
    if missing:
        raise PpgkdError(
            f"{where}: the files {missing} do not exist; paths are relative to the folder that "
            "Snakemake works in. If the teacher says nothing of a dataset, list the others under "
            "'datasets'."
        )
    return found


def find_tuning(
    config: Config, teachers: tuple[Teacher, ...], students: tuple[Model, ...]
) -> Tuning | None:
    """Trials of the strategies' settings; None if the study does not tune.

    Raises
    ------
    PpgkdError
        If the student or the teacher of the trials is not in the study, or the strategies have
        different numbers of trials.
    """
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
    trials = {
        strategy: [{**settings, **trial} for trial in tuning["trials"][strategy]]
        for strategy, settings in config["strategies"].items()
    }
    counts = {strategy: len(tried) for strategy, tried in trials.items()}
    if len(set(counts.values())) > 1:
        raise PpgkdError(
            f"'tuning.trials' gives the strategies different numbers of trials: {counts}; all must "
            "have the same number."
        )
    student = next(student for student in students if student.name == tuning["student"])
    return Tuning(student, tuning["teacher"], trials)
