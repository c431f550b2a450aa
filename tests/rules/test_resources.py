"""What the workflow's rules ask for: threads, memory, time, and a GPU where a study wants one."""

import re
from collections.abc import Callable

import pytest
from tests.workflow import REPOSITORY

ASKED = ("threads: ", "mem_mb=", "runtime=")


def rules() -> dict[str, str]:
    """The text of every rule, by name."""
    files = sorted((REPOSITORY / "workflow/rules").glob("*.smk"))
    parts = [
        re.split(r"^(?:rule|checkpoint) (\w+):$", file.read_text(), flags=re.M)[1:]
        for file in files
    ]
    return {name: text for p in parts for name, text in zip(p[::2], p[1::2], strict=True)}


def asked(output: str, rule: str) -> list[dict[str, str]]:
    """Resources of each job of a rule in the output of a dry run."""
    found = re.findall(rf"^rule {rule}:\n(?:    .*\n)*?    resources: (.*)$", output, flags=re.M)
    return [dict(part.split("=", 1) for part in line.split(", ")) for line in found]


@pytest.mark.parametrize("rule", rules())
def test_every_rule_says_how_many_threads_how_much_memory_and_how_long(rule: str) -> None:
    assert [key for key in ASKED if key not in rules()[rule]] == []


@pytest.mark.parametrize("rule", [name for name, text in rules().items() if "localrule" in text])
def test_what_runs_where_snakemake_was_started_is_cheap(rule: str) -> None:
    (minutes,) = re.findall(r"runtime=(\d+)", rules()[rule])
    assert int(minutes) <= 30
    assert "threads: 1\n" in rules()[rule]


@pytest.mark.parametrize(("trained", "rule"), [("student", "student"), ("teacher", "teacher")])
def test_training_asks_for_a_gpu_if_the_study_does(
    workflow: Callable, tiny_config: dict, trained: str, rule: str
) -> None:
    budgets = tiny_config["training"]
    cuda = {**budgets, trained: {**budgets[trained], "device": "cuda"}}
    output = workflow(training=cuda).make(options=("--dry-run",)).stdout
    other = {"student": "teacher", "teacher": "student"}[rule]
    assert {job["gpu"] for job in asked(output, rule)} == {"1"}
    assert {job["gpu"] for job in asked(output, other)} == {"0"}


def test_a_job_asks_for_twice_the_memory_and_time_at_each_attempt(workflow: Callable) -> None:
    study = workflow()
    for attempt, factor in ((1, 1), (2, 2), (3, 4)):
        done = study.make(options=("--dry-run", "--attempt", str(attempt)))
        (job,) = asked(done.stdout, "teacher")
        assert (int(job["mem_mb"]), int(job["runtime"])) == (6000 * factor, 240 * factor)
