"""A study on a cluster, with jobs that are cancelled, time out, or lose their node."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any, NamedTuple

import pandas as pd
import pytest
from tests.cluster.slurm import Slurm, ask, wait_for
from tests.cluster.submitted import submitted
from tests.faults.test_kill_anything import TIMINGS
from tests.workflow import Workflow

LIMIT_S = 900


class Disturbed(NamedTuple):
    """The study after a run with one job of each of these kinds."""

    workflow: Workflow
    status: int
    log: str
    lost: str
    cancelled: str
    timed_out: str


def freeze(slurm: Slurm, job: str) -> None:
    """Suspend a job's processes, so that it does not end before the fault."""
    for process in slurm.processes(job):
        os.kill(process, signal.SIGSTOP)


def first(slurm: Slurm, rule: str, n: int = 1) -> list[str]:
    """Wait until ``n`` jobs of a rule run; return them."""
    wait_for(lambda: len(slurm.jobs(rule, "running")) >= n, LIMIT_S)
    return slurm.jobs(rule, "running")[:n]


@pytest.fixture(scope="module")
def disturbed(
    slurm: Slurm, tmp_path_factory: pytest.TempPathFactory, cluster_config: dict[str, Any]
) -> Disturbed:
    folder = tmp_path_factory.mktemp("disturbed")
    workflow, log = Workflow(folder / "work", cluster_config), folder / "snakemake.log"
    with submitted(workflow, log) as process:
        (lost,) = first(slurm, "teacher")
        freeze(slurm, lost)
        node = slurm.job(lost)["NodeList"]
        slurm.kill_node(node)
        wait_for(lambda: slurm.job(lost)["JobState"] == "NODE_FAIL", LIMIT_S)
        slurm.start_node(node)

        timed_out, cancelled = first(slurm, "student", 2)
        freeze(slurm, timed_out)
        ask("scontrol", "update", f"JobId={timed_out}", "TimeLimit=1")
        ask("scancel", cancelled)
        status = process.wait(LIMIT_S + 300)
    text = log.read_text(encoding="utf-8")
    return Disturbed(workflow, status, text, lost, cancelled, timed_out)


def test_the_run_completes_in_spite_of_failing_jobs(slurm: Slurm, disturbed: Disturbed) -> None:
    assert disturbed.status == 0, disturbed.log[-6000:]
    states = {
        "NODE_FAIL": disturbed.lost,
        "CANCELLED": disturbed.cancelled,
        "TIMEOUT": disturbed.timed_out,
    }
    for state, number in states.items():
        assert slurm.job(number)["JobState"] == state
        assert f"SLURM-job '{number}' failed" in disturbed.log


def test_ready_jobs_of_a_rule_are_submitted_as_an_array(slurm: Slurm, disturbed: Disturbed) -> None:
    array = disturbed.cancelled.split("_")[0]
    assert {f"{array}_1", f"{array}_2"} <= set(slurm.jobs("student"))
    assert "Submitted array job" in disturbed.log


def test_the_resources_of_a_rule_reach_slurm(slurm: Slurm, disturbed: Disturbed) -> None:
    job = slurm.job(disturbed.lost)
    assert job["CPUs/Task"] == "1"
    assert job["MinMemoryNode"] == "6000M"
    assert job["TimeLimit"] == "04:00:00"


def test_a_resubmitted_job_gets_twice_the_memory_and_time(
    slurm: Slurm, disturbed: Disturbed
) -> None:
    again = slurm.job(slurm.jobs("teacher")[-1])
    assert again["JobState"] == "COMPLETED"
    assert again["MinMemoryNode"] == "12000M"
    assert again["TimeLimit"] == "08:00:00"


def test_students_are_timed_alone_on_a_node(slurm: Slurm, disturbed: Disturbed) -> None:
    assert {slurm.job(number)["OverSubscribe"] for number in slurm.jobs("latency")} == {"NO"}


def test_small_jobs_are_not_submitted(slurm: Slurm, disturbed: Disturbed) -> None:
    for rule in ("simulate", "splits", "filter", "recommend", "ship", "figures", "report"):
        assert f"rule {rule}:" in disturbed.log or f"checkpoint {rule}:" in disturbed.log
        assert slurm.jobs(rule) == []


def test_the_results_equal_those_of_one_machine(
    disturbed: Disturbed, local_run: Workflow, same_as_local: Callable[..., None]
) -> None:
    same_as_local(disturbed.workflow, "**/model.safetensors", "**/predictions.parquet")
    ours, theirs = (
        pd.read_parquet(workflow.results / "cells.parquet").drop(columns=TIMINGS)
        for workflow in (local_run, disturbed.workflow)
    )
    pd.testing.assert_frame_equal(ours, theirs, check_exact=True)
