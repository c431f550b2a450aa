"""Packs: one job of the cluster that trains several cells."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cluster.slurm import Slurm, wait_for
from tests.cluster.submitted import PACKED, run, submitted
from tests.workflow import Workflow

MADE = ("students/**/model.safetensors", "students/**/predictions.parquet")


@pytest.fixture
def untrained(local_run: Workflow, folder: Path) -> Workflow:
    """The study with all that students learn from, and no students."""
    shutil.copytree(local_run.folder, folder)
    workflow = Workflow(folder, local_run.config)
    shutil.rmtree(workflow.results / "students")
    return workflow


@pytest.fixture
def targets(local_run: Workflow) -> list[str]:
    """What every cell makes."""
    found = local_run.results.glob("students/**/metrics.json")
    return [str(path.relative_to(local_run.folder)) for path in found]


def trained(workflow: Workflow) -> set[Path]:
    """Logs of the students that trained to their last epoch when their job ran last."""
    logs = workflow.results.glob("logs/student/**/*.log")
    return {log for log in logs if "epoch 2/2" in log.read_text(encoding="utf-8")}


def test_cells_of_a_pack_are_one_job_and_what_they_are_alone(
    slurm: Slurm,
    untrained: Workflow,
    targets: list[str],
    same_as_local: Callable[..., None],
) -> None:
    before = set(slurm.jobs("students"))
    log = untrained.folder / "snakemake.log"
    assert run(untrained, log, *targets, options=PACKED) == 0, log.read_text()[-6000:]
    (pack,) = set(slurm.jobs("students")) - before
    job = slurm.job(pack)
    assert len(targets) == 4
    # one cell at a time: memory of one, time of all
    assert job["MinMemoryNode"] == "4000M"
    assert job["CPUs/Task"] == "1"
    assert job["TimeLimit"] == "08:00:00"
    same_as_local(untrained, *MADE)


def test_a_cell_that_fails_costs_its_pack_no_training(
    slurm: Slurm, untrained: Workflow, targets: list[str], same_as_local: Callable[..., None]
) -> None:
    shutil.rmtree(untrained.results / "logs/student")
    log = untrained.folder / "snakemake.log"
    bank = untrained.results / "bank/seed0/bank.json"
    whole = shutil.copy2(bank, untrained.folder / "bank.json")
    with submitted(untrained, log, *targets, options=(*PACKED, "--retries", "0")) as running:
        wait_for(lambda: trained(untrained), 300)
        bank.write_text("damaged")  # the next cells cannot read it
        assert running.wait(300) != 0
    done = trained(untrained)
    assert 1 <= len(done) < len(targets)

    shutil.copy2(whole, bank)
    assert run(untrained, log, *targets, options=PACKED) == 0, log.read_text()[-6000:]
    assert not done & trained(untrained)
    same_as_local(untrained, *MADE)
