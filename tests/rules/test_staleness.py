"""A change of the configuration or of the code reruns the jobs that depend on it, and no others.

The tests are dry runs on finished studies. The tables list the rules whose own jobs change; all
rules downstream of them run again, too.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
import yaml
from tests.placeholder_study import create_placeholders, planned_jobs
from tests.workflow import REPOSITORY, Workflow

from ppgkd.study.study import COMPARED


class Change(NamedTuple):
    """A change of one key of the configuration.

    ``rules`` are those whose own jobs change; ``but`` are rules downstream of them that do not use
    the changed jobs' outputs; ``only`` is a wildcard that all changed students have; ``also`` are
    changes of other keys that are necessary for a valid study.
    """

    key: str
    value: Any
    rules: str
    but: str = ""
    only: str = ""
    also: Mapping[str, Any] = MappingProxyType({})


TUNED = {
    "study": "tuned",
    "datasets": {
        "simulated": {"train": 0.3, "val": 0.1, "test": 0.5, "pretrain": 0.1},
        "bami2": {"unlabelled": ["bami2-01"]},
    },
    "folds": 2,
    "simulation": {"n_subjects": 10, "duration_s": 60, "seed": 0},
    "teachers": {
        "spectral_resnet": [3000],
        "spectral_mlp": [60_000],
        "ensembles": ["spectral_resnet-3000"],
    },
    "students": {"spectral_resnet": [350], "spectral_mlp": [1300]},
    "strategies": {"scratch": {}, "soft": {}, "dkd": {}},
    "seeds": [0],
    "tuning": {"student": "spectral_resnet-350", "teacher": "spectral_resnet-3000"},
    "plan": [{"max_mae_bpm": 2.0}],
    "compare": ["other"],
}
"""A study that uses every rule, but for that of `LEFT_OUT`."""
PLAIN = {
    "study": "plain",
    "datasets": {"simulated": {"train": 0.5, "val": 0.2, "test": 0.3}},
    "simulation": {"n_subjects": 10, "duration_s": 60, "seed": 0},
    "teachers": {"spectral_resnet": [3000]},
    "students": {"spectral_resnet": [350], "spectral_mlp": [1300]},
    "strategies": {"scratch": {}, "soft": {}, "dkd": {}},
}
IN_THREE_FOLDS = {"train": 0.4, "val": 0.1667, "pretrain": 0.1, "test": 0.3333}
CHOICE = {"strategy": "soft", "teacher": "spectral_resnet-3000", "student": "spectral_resnet-350"}

SHAPE = "view_cache filter teacher evaluate_teacher alignment targets student trial onnx scaling"
NEW_STUDENT = "trial settings"
IN_TUNED = [
    Change("study", "another", "windows"),
    Change("mirror", "/data/ppg", ""),
    Change("datasets.simulated", {"train": 0.2, "val": 0.2, "test": 0.5, "pretrain": 0.1},
           "splits"),
    Change("datasets.simulated", {"train": 0.4, "val": 0.1, "test": 0.5}, "splits teacher"),
    Change("datasets.simulated.ppg", ["ppg_2", "ppg_1", "ppg_3"], "windows raw_windows"),
    Change("datasets.simulated.exclude", ["sim-01"], "windows"),
    Change("datasets.simulated.reference_lag_s", {"sim-01": 1.5}, "windows"),
    Change("datasets.bami2.unlabelled", ["bami2-01", "bami2-02"], "retrieve", but="raw_windows"),
    Change("datasets.wrist_exercise", {"unlabelled": ["wrist-s4"], "include": ["s4_run"]},
           "retrieve", but="raw_windows"),
    Change("datasets.bidmc", {"unlabelled": ["bidmc-01"], "acceleration": "still"},
           "retrieve", but="raw_windows"),
    Change("split_seed", 1, "splits"),
    Change("folds", 3, "splits", also={"datasets.simulated": IN_THREE_FOLDS}),
    Change("simulation.n_subjects", 12, "simulate"),
    Change("simulation.duration_s", 90, "simulate"),
    Change("simulation.seed", 1, "simulate"),
    Change("windows.length_s", 10, "windows"),
    Change("windows.stride_s", 4, "windows"),
    Change("windows.rate_hz", 32, "windows"),
    Change("windows.low_hz", 0.5, "windows"),
    Change("windows.high_hz", 7, "windows"),
    Change("inputs.ppg_channels", 2, SHAPE),
    Change("inputs.accelerometer", False, SHAPE),
    Change("inputs.acc_floor", 1e-5, SHAPE),
    Change("filter_evidence", 0.5, "filter"),
    Change("filter_motion_discount", 0.7, "filter"),
    Change("label_sd_bpm", 2, "teacher student trial"),
    Change("teachers.spectral_resnet", [3000, 5000], "teacher",
           but="evaluate_teacher alignment trial settings"),
    Change("teachers.ensembles", [], "latency cells report"),
    Change("students.spectral_resnet", [350, 1000], "student"),
    Change("seeds", [0, 1], "view_cache teacher", but=NEW_STUDENT + " alignment"),
    Change("views", 4, "view_cache"),
    Change("augmentation.noise_sd", 0.1, "view_cache teacher"),
    Change("augmentation.polarity", 0.5, "view_cache teacher"),
    Change("strategies.hard", {}, "trial student"),
    Change("strategies.soft.label_weight", 0.5, "trial", only="strategy=soft"),
    Change("strategies.soft.temperature", 3, ""),
    Change("strategies.dkd.alpha", 2, "trial", only="strategy=dkd"),
    Change("tuning", None, "student"),
    Change("tuning.student", "spectral_mlp-1300", "trial"),
    Change("tuning.teacher", "spectral_mlp-60000", "trial"),
    Change("tuning.trials.soft", [{"temperature": t} for t in (1, 2, 4, 8)], "trial",
           only="strategy=soft"),
    Change("training.teacher.epochs", 3, "teacher"),
    Change("training.teacher.threads", 2, "teacher"),
    Change("training.student.epochs", 3, "student trial"),
    Change("training.student.learning_rate", 0.02, "student trial"),
    Change("training.pretraining.epochs", 3, "teacher"),
    Change("training.teacher.families", {"spectral_mlp": {"epochs": 3}}, "teacher",
           but="evaluate_teacher alignment trial settings"),
    Change("training.student.families", {"spectral_mlp": {"learning_rate": 0.02}}, "student",
           only="family=spectral_mlp"),
    Change("training.pretraining.families", {"spectral_mlp": {"epochs": 3}}, "teacher",
           but="evaluate_teacher alignment trial settings"),
    Change("onnx.tolerance_bpm", 0.1, "onnx"),
    Change("onnx.coverage", 0.9, "onnx quality"),
    Change("onnx.max_int8_loss_bpm", 0.2, "onnx"),
    Change("onnx.rates_hz", [25, 50], "ship"),
    Change("demo.recordings", False, "demo"),
    Change("latency.runs", 2000, "latency"),
    Change("latency.warmup", 50, "latency"),
    Change("latency.max_spread", 9, "latency"),
    Change("plan", [{"max_bytes": 20_000}], "plan"),
    Change("compare", ["another"], "compare"),
    Change("gates.min_reduction", 0.9, "recommend figures claims"),
    Change("gates.max_latency_ms", 5, "recommend figures claims"),
    Change("gates.max_mae_bpm", 3, "recommend figures claims"),
    Change("gates.max_macs", 1e6, "recommend figures claims"),
    Change("gates.max_flash_bytes", 1e6, "recommend figures claims"),
    Change("gates.max_ram_bytes", 1e6, "recommend figures claims"),
    Change("gates.max_instructions", 1e6, "recommend figures claims"),
    Change("gates.core", "Cortex-M33", "cells recommend figures claims"),
    Change("gates.cost", "params", "recommend figures claims plan"),
]  # fmt: skip
IN_PLAIN = [
    Change("strategies.soft.temperature", 3, "student", only="strategy=soft"),
    Change("strategies.soft", {"temperature": 1, "label_weight": 0}, None),
    Change("strategies.dkd", {"label_weight": 1, "alpha": 1}, None),
    Change("augmentation", {"polarity": 0, "noise_sd": 0.2}, None),
    Change("training.pretraining.epochs", 3, ""),
    Change("teachers.ensembles", ["spectral_resnet-3000"], "evaluate_teacher targets latency"),
    Change("students.spectral_mlp", [1300, 2600], "student"),
    Change("students.waveform_resnet", [1300], "student"),
    Change("students.waveform_tcn", [1300], "student"),
    Change("students.waveform_mlp", [4000], "student"),
]
"""``None``: nothing runs, not even the report, because the value is the default."""
LEFT_OUT = {
    **PLAIN,
    "study": "left_out",
    "datasets": {
        "simulated": {"train": 0.8, "val": 0.2, "test": 1},
        "bami1": {"train": 0.8, "val": 0.2, "test": 1},
    },
    "folds": "datasets",
    "other_people": 2,
    "teachers": {"spectral_resnet": [3000]},
    "students": {"spectral_resnet": [350]},
    "strategies": {"scratch": {}, "soft": {}},
}
IN_LEFT_OUT = [
    Change("other_people", 3, "splits", but="alignment cells onnx final_onnx latency quality"),
    Change("other_people", None, ""),
]
PEOPLE = {
    **LEFT_OUT,
    "study": "people",
    "datasets": {"simulated": {"train": 0.4, "val": 0.1, "test": 0.5}},
    "folds": 2,
    "other_people": None,
    "people": {"sizes": [2], "draws": 2, "minutes": [1]},
    "plan": [{"max_mae_bpm": 2.0}],
}
AFTER_ALL_PEOPLE = "alignment cells filter onnx final_onnx latency quality"
IN_PEOPLE = [
    Change("people.sizes", [2, 3], "splits", but=AFTER_ALL_PEOPLE),
    Change("people.draws", 3, "splits", but=AFTER_ALL_PEOPLE),
    Change("people.minutes", [1, 2], "splits", but=AFTER_ALL_PEOPLE),
    Change("people.others", "unlabelled", "splits", but=AFTER_ALL_PEOPLE),
    Change("people.datasets", ["simulated"], "splits", but=AFTER_ALL_PEOPLE),
    Change("people", None, ""),
    Change("plan", [{"max_mae_bpm": 3.0}], "plan people_plan"),
]

BEHIND_THE_CHOICE = {"final_onnx", "planned_latency"}
"""Jobs of the shipped student, unknown to a dry run while the choice is to be made again."""


def finished(folder: Path, config: Mapping[str, Any], project: Path = REPOSITORY) -> Workflow:
    study = Workflow(folder, config, project)
    for place in itertools.product(("other", "another"), COMPARED):
        path = folder.joinpath("results", *place)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    create_placeholders(
        study,
        {
            "recommended/choice.json": CHOICE,
            "plan/answers.json": [{"reason": "none"}],
            "people/plan.json": [],
        },
    )
    assert planned_jobs(study.run(options=("--dry-run",))) == {}
    return study


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> Workflow:
    return finished(tmp_path_factory.mktemp("tuned"), TUNED)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Workflow:
    return finished(tmp_path_factory.mktemp("plain"), PLAIN)


class RuleGraph(NamedTuple):
    """Maps each rule to the rules that use its outputs."""

    users: Mapping[str, set[str]]

    def with_downstream(self, rules: str, but: str) -> set[str]:
        """Return rules and all rules that depend on them, directly or through others."""
        found: set[str] = set()
        waiting = set(rules.split())
        while waiting:
            rule = waiting.pop()
            found.add(rule)
            waiting |= self.users.get(rule, set()) - found - set(but.split())
        return found


def rule_graph(study: Workflow) -> RuleGraph:
    drawn = study.make(options=("--rulegraph",)).stdout
    names = dict(re.findall(r'^\s*(\d+)\[label = "(\w+)"', drawn, flags=re.MULTILINE))
    users: dict[str, set[str]] = {name: set() for name in names.values()}
    for source, user in re.findall(r"^\s*(\d+) -> (\d+)$", drawn, flags=re.MULTILINE):
        users[names[source]] |= {names[user]} - {"all"}
    return RuleGraph(users)


def changed(config: Mapping[str, Any], key: str, value: Any) -> dict[str, Any]:
    whole = deepcopy(dict(config))
    part = whole
    *path, last = key.split(".")
    for name in path:
        part = part.setdefault(name, {})
    part[last] = value
    return whole


def linked(original: Path, copy: Path) -> Path:
    """Make a folder with the folders of another, which a dry run only reads."""
    copy.mkdir(parents=True)
    for part in original.iterdir():
        if part.is_dir():
            (copy / part.name).symlink_to(part)
    return copy


def after(study: Workflow, change: Change) -> dict[str, set[str]]:
    """Return the jobs that a dry run lists after a change, in a copy of the study's folder."""
    name = f"{study.folder.name}-{change.key}-{abs(hash(str(change)))}"
    config = changed(study.config, change.key, change.value)
    for key, value in change.also.items():
        config = changed(config, key, value)
    copy = Workflow(linked(study.folder, study.folder.with_name(name)), config)
    return planned_jobs(copy.run(options=("--dry-run",)))


def check(study: Workflow, changes: list[Change], graph: RuleGraph) -> None:
    with ThreadPoolExecutor(max_workers=2) as pool:
        found = [*pool.map(lambda change: after(study, change), changes)]
    wrong = []
    for change, jobs in zip(changes, found, strict=True):
        # because the report shows the whole configuration
        shown = "" if change.rules is None or change.key == "mirror" else " report"
        rules = (change.rules or "") + shown
        expected = graph.with_downstream(rules, change.but)
        if "recommend" in expected:
            expected -= BEHIND_THE_CHOICE
        wrong += differences(change.key, jobs, expected, change.only)
    assert not wrong, "\n".join(wrong)


def differences(
    what: str, jobs: Mapping[str, set[str]], expected: set[str], only: str
) -> Iterator[str]:
    needless, missing = sorted(set(jobs) - expected), sorted(expected - set(jobs))
    if needless or missing:
        yield f"{what}: needless {needless}, missing {missing}"
    for rule in ("trial", "student"):
        if not all(only in wildcards for wildcards in jobs.get(rule, ())):
            yield f"{what}: {rule} of {jobs[rule]}"


def test_a_change_of_the_configuration_reruns_what_depends_on_it(tuned: Workflow) -> None:
    check(tuned, IN_TUNED, rule_graph(tuned))


def test_a_study_without_tuning_and_pretraining_does_not_depend_on_theirs(plain: Workflow) -> None:
    graph = rule_graph(plain)
    graph.users["evaluate_teacher"] = {"student", "cells", "report"}  # where there is an ensemble
    check(plain, IN_PLAIN, graph)


def test_folds_of_other_people_make_the_recommended_student_again_and_no_other_result(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    study = finished(tmp_path_factory.mktemp("left_out"), LEFT_OUT)
    check(study, IN_LEFT_OUT, rule_graph(study))


def test_other_numbers_of_people_train_with_these_and_not_again_with_all(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    study = finished(tmp_path_factory.mktemp("people"), PEOPLE)
    check(study, IN_PEOPLE, rule_graph(study))


def test_the_table_has_every_key() -> None:
    path = REPOSITORY / "workflow/schemas/config.schema.yaml"
    schema = yaml.safe_load(path.read_text(encoding="utf-8"))
    keys = {
        f"{name}.{part}" if part else name
        for name, described in schema["properties"].items()
        for part in described.get("properties", {"": None})
    }
    keys |= {
        f"datasets.{key}"
        for key in schema["properties"]["datasets"]["additionalProperties"]["properties"]
    }
    listed = set()
    for change in IN_TUNED + IN_PLAIN + IN_LEFT_OUT + IN_PEOPLE:
        names = [name for name in change.key.split(".") if name not in ("simulated", "bami2")]
        listed |= {names[0], ".".join(names[:2])}
        if isinstance(change.value, dict):
            listed |= {f"{names[0]}.{name}" for name in change.value}
    # passed on as one mapping, of which other keys are listed
    groups = ("augmentation.", "strategies.", "teachers.")
    alike = {key for key in keys if key.startswith(groups)}
    # the file that describes the user's recordings is an input of the rule `windows`
    assert keys - listed - alike == {"datasets.file"}


class Edit(NamedTuple):
    """An edit of one file: ``new`` replaces ``old``; if ``old`` is empty, ``new`` is appended."""

    file: str
    old: str
    new: str
    rules: str
    but: str = ""
    only: str = ""


STATEMENT = "\nEDITED = True\n"
EDITS = [
    Edit("src/ppgkd/distill/soft.py", "", STATEMENT, "student", only="strategy=soft"),
    Edit("src/ppgkd/distill/dkd.py", "", STATEMENT, "student", only="strategy=dkd"),
    Edit("src/ppgkd/distill/label.py", "", STATEMENT, "teacher student"),
    Edit("src/ppgkd/models/spectral_mlp.py", "", STATEMENT, "student", only="family=spectral_mlp"),
    Edit("src/ppgkd/windows/preprocessing.py", "", STATEMENT, "windows"),
    Edit("src/ppgkd/simulation/heart.py", "", STATEMENT, "simulate"),
    Edit("src/ppgkd/datasets/bami.py", "", STATEMENT, ""),
    Edit("src/ppgkd/datasets/registry.py", "", STATEMENT, ""),
    Edit("src/ppgkd/datasets/manifest.tsv", "", "bami\tBAMI-3/BAMI3_1.mat\t1\t00\n", ""),
    Edit("src/ppgkd/retrieve/download.py", "", STATEMENT, ""),
    Edit("src/ppgkd/study/study.py", "", STATEMENT, "quality report"),
    Edit("src/ppgkd/export/preprocessing_graph.py", "", STATEMENT, "onnx"),
    Edit("src/ppgkd/profile/timing.py", "", STATEMENT, "latency"),
    Edit("src/ppgkd/firmware/c/fft.c", "", "/* edited */\n", "latency"),
    Edit("src/ppgkd/emulation/c/startup.c", "", "/* edited */\n", "latency"),
    Edit("src/ppgkd/alignment/predictions.py", "", STATEMENT, "alignment"),
    Edit("src/ppgkd/alignment/lag.py", "", STATEMENT, "alignment dataset_summary"),
    Edit("src/ppgkd/scaling/law.py", "", STATEMENT, "scaling"),
    Edit("src/ppgkd/scaling/claims.py", "", STATEMENT, "claims"),
    Edit("src/ppgkd/evaluation/summary.py", "", STATEMENT, "cells"),
    Edit("src/ppgkd/report/page.py", "", STATEMENT, "report"),
    Edit("src/ppgkd/report/templates/page.html.j2", "", "<!-- edited -->\n", "data_report report"),
    Edit("src/ppgkd/report/assets/page.css", "", "p {}\n", "data_report report demo"),
    Edit("src/ppgkd/demo/page/engine/gaps.js", "", "// edited\n", "demo"),
    Edit("src/ppgkd/demo/write.py", "", STATEMENT, "demo"),
    Edit("workflow/scripts/splits.py", "", STATEMENT, "splits"),
    Edit("src/ppgkd/training/loop.py", "", "\n# a comment\n", ""),
    Edit("src/ppgkd/training/loop.py", '"""', '"""Another description. ', ""),
    Edit("workflow/scripts/student.py", "", "\n# a comment\n", ""),
    Edit("src/ppgkd/cli.py", "", STATEMENT, ""),
]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_project(tmp_path_factory.mktemp("project") / "original")


def copy_project(folder: Path) -> Path:
    for part in ("src", "workflow", "profiles", "envs"):
        shutil.copytree(REPOSITORY / part, folder / part)
    shutil.copy2(REPOSITORY / "Snakefile", folder)
    return folder


def after_edit(study: Workflow, edit: Edit, number: int) -> dict[str, set[str]]:
    folder = study.folder.with_name(f"{study.folder.name}-edit{number}")
    project = shutil.copytree(study.project, folder / "project", copy_function=os.link)
    file = project / edit.file
    text = file.read_text(encoding="utf-8")
    assert edit.old in text
    file.unlink()  # the other projects have the same file
    file.write_text(
        text.replace(edit.old, edit.new, 1) if edit.old else text + edit.new, encoding="utf-8"
    )
    try:
        copy = Workflow(linked(study.folder, folder / "work"), study.config, project)
        return planned_jobs(copy.run(options=("--dry-run",)))
    finally:
        shutil.rmtree(folder)


def test_an_edit_of_the_code_reruns_the_jobs_that_run_it(
    tmp_path_factory: pytest.TempPathFactory, project: Path
) -> None:
    study = finished(tmp_path_factory.mktemp("edited"), PLAIN, project)
    graph = rule_graph(study)
    with ThreadPoolExecutor(max_workers=2) as pool:
        found = [*pool.map(after_edit, [study] * len(EDITS), EDITS, range(len(EDITS)))]
    wrong = []
    for edit, jobs in zip(EDITS, found, strict=True):
        expected = graph.with_downstream(edit.rules, edit.but)
        wrong += differences(f"{edit.file} {edit.new!r}", jobs, expected, edit.only)
    assert not wrong, "\n".join(wrong)
