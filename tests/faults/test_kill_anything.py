"""After any fault, a second run completes the study and repeats no finished training.

Each round starts from a finished study, from which the outputs of some jobs are removed. A run
makes them again, and a fault happens at a random moment. A second, undisturbed run must then
complete the study, with the same results and without repeating a finished job.

In the environment, ``FAULTS`` is the number of rounds, ``FAULTS_SEED`` the random seed, and
``FAULTS_TABLE`` a file for the table of rounds, which is also printed.
"""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest
import yaml
from tests.faults.faults import FAULTS, POLL_S, Run, disk, is_possible, prefix_of, start
from tests.faults.trace import (
    TRAINING,
    Job,
    Trace,
    as_table,
    downstream,
    epochs_logged,
    read_trace,
    resumed_after,
    upstream,
)
from tests.workflow import REPOSITORY, Workflow

N_FAULTS = int(os.environ.get("FAULTS", "8"))
SEED = int(os.environ.get("FAULTS_SEED", "0"))

TIMINGS = [
    "latency_p50_ms",
    "latency_p99_ms",
    "latency_busy",
    "front_end_latency_p99_ms",
    "int8_latency_p99_ms",
    "peak_memory_bytes",
    "train_s",
]
"""Columns of ``cells.parquet`` that differ between runs."""

SAME_BYTES = ("model.safetensors", "predictions.parquet")
LEFT_BEHIND = ("*.partial*", "*.part", "*.pt", "*.tmp", "filler")
"""Files that must not be left in a finished study."""


class Study(NamedTuple):
    """A finished study without any fault."""

    workflow: Workflow
    jobs: tuple[Job, ...]


class Moment(NamedTuple):
    """When a fault happens: after a number of started jobs, or during a training."""

    text: str
    has_come: Callable[[Run], bool]
    delay_s: float


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    config = yaml.safe_load((REPOSITORY / "tests/studies/faults.yaml").read_text())
    folder = tmp_path_factory.mktemp("undisturbed")
    workflow = Workflow(folder / "study", config)
    run = start(workflow, folder / "output.txt")
    assert run.wait() == 0, run.text[-6000:]
    return Study(workflow, run.trace.started)


def test_a_rerun_completes_the_study_after_any_fault(study: Study, tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = []
    table_path = Path(os.environ.get("FAULTS_TABLE", tmp_path / "faults.txt"))
    for number, fault in enumerate(_faults(random.Random(SEED))):
        rows.append({"round": number, **_round(study, fault, number, tmp_path)})
        table_path.write_text(f"seed {SEED}\n{as_table(rows)}\n", encoding="utf-8")
    print(f"\n{table_path.read_text()}{_sums(rows)}")
    bad = [row for row in rows if row["complaint"]]
    assert not bad, as_table(bad)


def _faults(rng: random.Random) -> Iterator[str]:
    """Yield each fault once, then kills twice as often as all others together."""
    possible = [fault for fault in FAULTS if is_possible(fault)]
    kills, others = possible[:2], possible[2:]
    for number in range(N_FAULTS):
        if number < len(possible):
            yield possible[number]
        else:
            yield kills[number % 2] if number % 3 else rng.choice(others)


def _round(study: Study, fault: str, number: int, tmp_path: Path) -> dict[str, Any]:
    """Run, fault, rerun; if the run ends before the fault, try again at another moment."""
    for attempt in range(20):
        rng = random.Random(f"{SEED} {number} {attempt}")
        folder = tmp_path / f"round{number}"
        with disk(folder, fault):
            row = _try(study, fault, folder, rng)
        if row is not None:
            return row
    raise AssertionError(f"round {number}: the run always ended before the fault")


def _try(study: Study, fault: str, folder: Path, rng: random.Random) -> dict[str, Any] | None:
    shutil.copytree(study.workflow.folder, folder, dirs_exist_ok=True, symlinks=True)
    workflow = Workflow(folder, study.workflow.config)
    # some users make only the table, without figures
    targets = ["results/faults/cells.parquet"] if rng.random() < 0.7 else []
    to_do = _remove_outputs(workflow, study.jobs, targets, rng)
    moment = _moment(workflow, to_do, rng)
    outputs = [folder.with_suffix(suffix) for suffix in (".first.txt", ".second.txt")]

    first = start(workflow, outputs[0], *targets, to_do=to_do, prefix=prefix_of(fault))
    while not (first.ended or moment.has_come(first)):
        time.sleep(POLL_S)
    time.sleep(moment.delay_s)
    if first.ended:
        return None
    running = first.trace.unfinished
    epochs = {job: epochs_logged(_log(workflow, job)) for job in to_do if job.rule in TRAINING}
    FAULTS[fault](first, rng)
    before = read_trace(first.text)

    second = start(workflow, outputs[1], *targets)
    code = second.wait()
    after = second.trace
    again, lost = _trainings_again(workflow, before, after, epochs)
    needless = [job for job in after.started if job in before.finished or job not in to_do]
    retrained = [job for job in needless if job.rule in TRAINING]
    complaint = [
        *([f"the rerun ended with {code}, see {outputs[1]}"] if code else []),
        *(f"needless: {job.name}" for job in needless),
        *(f"left behind: {path}" for path in _left_behind(folder)),
        *(f"differs: {path}" for path in (_differences(study.workflow, workflow))),
        *again,
    ]
    return {
        "fault": fault,
        "moment": moment.text,
        "running": ", ".join(job.rule for job in running) or "-",
        "exit": first.process.returncode,
        "finished": len(before.finished),
        "left": len(after.started),
        "repeated": sum(job in before.started for job in after.started),
        "epochs": f"{sum(epochs[job] for job in lost)} kept" if lost else "-",
        "retrained": len(retrained),
        "equal": "no" if any(text.startswith("differs") for text in complaint) else "yes",
        "complaint": "; ".join(complaint),
    }


def _remove_outputs(
    workflow: Workflow, jobs: tuple[Job, ...], targets: list[str], rng: random.Random
) -> frozenset[Job]:
    """Remove the outputs of some jobs and of all jobs that depend on them; return these jobs.

    Snakemake does not make a missing file again if all files that depend on it exist.
    """
    jobs = upstream(targets, jobs) if targets else jobs
    chosen = {rng.choice([job for job in jobs if job.rule in TRAINING]), rng.choice(jobs)}
    to_do = downstream(chosen, jobs)
    for job in to_do:
        for path in job.outputs:
            (workflow.folder / path).unlink()
        _log(workflow, job).unlink()  # a log found later is of this run
    return to_do


def _moment(workflow: Workflow, to_do: frozenset[Job], rng: random.Random) -> Moment:
    trainings = sorted((job for job in to_do if job.rule in TRAINING), key=lambda job: job.name)
    if rng.random() < 0.4:
        job, epoch = rng.choice(trainings), rng.randint(1, 25)
        log = _log(workflow, job)
        return Moment(f"{job.rule}, epoch {epoch}", lambda _: epochs_logged(log) >= epoch, 0.0)
    number, delay_s = rng.randint(1, len(to_do)), rng.uniform(0, 4)
    text = f"job {number} of {len(to_do)} + {delay_s:.1f} s"
    return Moment(text, lambda run: len(run.trace.started) >= number, delay_s)


def _trainings_again(
    workflow: Workflow, before: Trace, after: Trace, epochs: dict[Job, int]
) -> tuple[list[str], list[Job]]:
    """Return complaints about trainings that did not resume, and the interrupted trainings."""
    interrupted = [
        job for job in after.started if job in before.unfinished and epochs.get(job, 0) > 1
    ]
    complaints = []
    for job in interrupted:
        resumed = resumed_after(_log(workflow, job))
        if resumed < epochs[job] - 1:  # the last epoch may be logged, but not yet saved
            complaints.append(f"{job.name}: after epoch {epochs[job]}, resumed after {resumed}")
    return complaints, interrupted


def _left_behind(folder: Path) -> list[str]:
    found = [path for pattern in LEFT_BEHIND for path in folder.rglob(pattern)]
    state = folder / ".snakemake"
    found += [path for name in ("locks", "incomplete") for path in (state / name).glob("*")]
    return [str(path.relative_to(folder)) for path in found]


def _differences(undisturbed: Workflow, workflow: Workflow) -> list[str]:
    """Return files that are missing or differ from the undisturbed study."""
    differing = []
    for path in sorted(undisturbed.results.rglob("*")):
        there = workflow.results / path.relative_to(undisturbed.results)
        if not there.exists():
            differing.append(f"{path.name} is missing")
        elif path.name in SAME_BYTES and path.read_bytes() != there.read_bytes():
            differing.append(str(path.relative_to(undisturbed.results)))
    if not _cells(undisturbed).equals(_cells(workflow)):
        differing.append("cells.parquet")
    return differing


def _cells(workflow: Workflow) -> pd.DataFrame:
    path = workflow.results / "cells.parquet"
    return pd.read_parquet(path).drop(columns=TIMINGS) if path.exists() else pd.DataFrame()


def _log(workflow: Workflow, job: Job) -> Path:
    (log,) = job.logs
    return workflow.folder / log


def _sums(rows: list[dict[str, Any]]) -> str:
    return (
        f"{len(rows)} faults, {sum(not row['complaint'] for row in rows)} runs completed as they "
        f"should, {sum(row['repeated'] for row in rows)} jobs interrupted and repeated, "
        f"{sum(row['retrained'] for row in rows)} finished trainings repeated."
    )
