"""Resources that jobs request: threads, memory, time, and a GPU if the study is configured so."""

import re
from collections.abc import Callable

import pytest
from tests.rules.test_staleness import LEFT_OUT, PEOPLE, TUNED
from tests.workflow import REPOSITORY, Workflow

from ppgkd.study.study import COMPARED


def rules() -> dict[str, str]:
    """Return the text of every rule, by name."""
    files = sorted((REPOSITORY / "workflow/rules").glob("*.smk"))
    parts = [
        re.split(r"^(?:rule|checkpoint) (\w+):$", file.read_text(), flags=re.M)[1:]
        for file in files
    ]
    return {name: text for p in parts for name, text in zip(p[::2], p[1::2], strict=True)}


LOCAL = [name for name, text in rules().items() if "localrule: True" in text]


def resources(output: str, rule: str) -> list[dict[str, str]]:
    """Return the resources of each job of a rule, as a dry run prints them.

    ``threads`` is printed, and is here, only if it is more than one.
    """
    block = rf"^(?:rule|checkpoint) {rule}:\n(?:    .*\n)*"
    found = []
    for job in re.findall(block, output, flags=re.M):
        (line,) = re.findall(r"^    resources: (.*)$", job, flags=re.M)
        requested = dict(part.split("=", 1) for part in line.split(", "))
        if threads := re.search(r"^    threads: (.*)$", job, flags=re.M):
            requested["threads"] = threads[1]
        found.append(requested)
    return found


@pytest.fixture(scope="module")
def dry_run(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return what dry runs print of studies that use every rule."""
    teachers = {
        "spectral_resnet": [3000],
        "smoothed": ["spectral_resnet-3000"],
        "published": ["beliefppg"],
        "joint": {"both": {"members": ["spectral_resnet-3000-smoothed", "beliefppg"]}},
    }
    others = Workflow(tmp_path_factory.mktemp("left_out"), {**LEFT_OUT, "teachers": teachers})
    other_people = others.make(options=("--dry-run",), cores=2).stdout
    study = Workflow(tmp_path_factory.mktemp("all"), TUNED)
    for file in COMPARED:
        path = study.folder / "results/other" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    people = Workflow(tmp_path_factory.mktemp("people"), PEOPLE)
    runs = (
        study.make(options=("--dry-run",), cores=2),
        people.make(options=("--dry-run",), cores=2),
    )
    return other_people + "".join(run.stdout for run in runs)


@pytest.mark.parametrize("rule", rules())
def test_every_rule_requests_memory_and_time(dry_run: str, rule: str) -> None:
    jobs = resources(dry_run, rule)
    assert jobs
    for job in jobs:
        assert int(job["mem_mb"]) >= 500
        assert int(job["runtime"]) >= 10


@pytest.mark.parametrize("rule", LOCAL)
def test_jobs_outside_the_cluster_are_small(dry_run: str, rule: str) -> None:
    for job in resources(dry_run, rule):
        assert int(job["runtime"]) <= 30
        assert "threads" not in job


@pytest.mark.parametrize(("trained", "rule"), [("student", "student"), ("teacher", "teacher")])
def test_training_requests_a_gpu_if_the_study_is_configured_for_cuda(
    workflow: Callable, tiny_config: dict, trained: str, rule: str
) -> None:
    budgets = tiny_config["training"]
    cuda = {**budgets, trained: {**budgets[trained], "device": "cuda"}}
    output = workflow(training=cuda).make(options=("--dry-run",)).stdout
    other = {"student": "teacher", "teacher": "student"}[rule]
    assert {job["gpu"] for job in resources(output, rule)} == {"1"}
    assert {job["gpu"] for job in resources(output, other)} == {"0"}


def test_memory_and_time_are_doubled_at_each_attempt(workflow: Callable) -> None:
    study = workflow()
    for attempt, factor in ((1, 1), (2, 2), (3, 4)):
        done = study.make(options=("--dry-run", "--attempt", str(attempt)))
        (job,) = resources(done.stdout, "teacher")
        assert (int(job["mem_mb"]), int(job["runtime"])) == (6000 * factor, 240 * factor)
