"""Job groups: one Slurm job trains several cells."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cluster.slurm import Slurm, wait_for
from tests.cluster.submitted import GROUPED, run, submitted
from tests.workflow import Workflow

RESULTS = ("students/**/model.safetensors", "students/**/predictions.parquet")


@pytest.fixture
def untrained(local_run: Workflow, folder: Path) -> Workflow:
    """Return the study with all inputs of the students, but without students."""
    shutil.copytree(local_run.folder, folder)
    workflow = Workflow(folder, local_run.config)
    shutil.rmtree(workflow.results / "students")
    return workflow


@pytest.fixture
def targets(local_run: Workflow) -> list[str]:
    """Return one output of every cell."""
    found = local_run.results.glob("students/**/metrics.json")
    return [str(path.relative_to(local_run.folder)) for path in found]


def trained(workflow: Workflow) -> set[Path]:
    """Return the logs of the students whose last job trained to the last epoch."""
    logs = workflow.results.glob("logs/student/**/*.log")
    return {log for log in logs if "epoch 2/2" in log.read_text(encoding="utf-8")}


def test_a_group_of_cells_is_one_job_with_the_same_results(
    slurm: Slurm,
    untrained: Workflow,
    targets: list[str],
    same_as_local: Callable[..., None],
) -> None:
    before = set(slurm.jobs("students"))
    log = untrained.folder / "snakemake.log"
    assert run(untrained, log, *targets, options=GROUPED) == 0, log.read_text()[-6000:]
    (group,) = set(slurm.jobs("students")) - before
    job = slurm.job(group)
    assert len(targets) == 4
    # one cell at a time: the memory of one, the time of all
    assert job["MinMemoryNode"] == "4000M"
    assert job["CPUs/Task"] == "1"
    assert job["TimeLimit"] == "08:00:00"
    same_as_local(untrained, *RESULTS)


def test_after_a_failure_finished_cells_of_the_group_do_not_train_again(
    slurm: Slurm, untrained: Workflow, targets: list[str], same_as_local: Callable[..., None]
) -> None:
    shutil.rmtree(untrained.results / "logs/student")
    log = untrained.folder / "snakemake.log"
    bank = untrained.results / "bank/seed0/bank.json"
    whole = shutil.copy2(bank, untrained.folder / "bank.json")
    with submitted(untrained, log, *targets, options=(*GROUPED, "--retries", "0")) as process:
        wait_for(lambda: trained(untrained), 300)
        bank.write_text("damaged")  # the next cells cannot read it
        assert process.wait(300) != 0
    done = trained(untrained)
    assert 1 <= len(done) < len(targets)

    shutil.copy2(whole, bank)
    assert run(untrained, log, *targets, options=GROUPED) == 0, log.read_text()[-6000:]
    assert not done & trained(untrained)
    same_as_local(untrained, *RESULTS)
