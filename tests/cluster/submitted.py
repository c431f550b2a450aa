"""Run the workflow on a cluster, with the project's profile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml
from tests.workflow import REPOSITORY, Workflow

# The test cluster has no accounts, and frequent status checks save time.
TEST_CLUSTER = (
    "--slurm-no-account",
    *("--slurm-status-command", "squeue"),
    *("--slurm-init-seconds-before-status-checks", "1"),
    *("--max-status-checks-per-second", "2"),
    *("--latency-wait", "5"),
)
GROUPED = (
    *("--groups", "student=students", "--group-components", "students=4"),
    *("--set-resource-scopes", "cell=local", "--resources", "cell=1"),
)
"""All cells of the study in one Slurm job, one at a time, as described in the profile."""


@contextmanager
def submitted(
    workflow: Workflow, log: Path, *targets: str, options: tuple[str, ...] = ()
) -> Iterator[subprocess.Popen[bytes]]:
    """Start the workflow on the cluster; it is killed at the end of the block if it still runs."""
    workflow.folder.mkdir(parents=True, exist_ok=True)
    configfile = workflow.folder / "study.yaml"
    configfile.write_text(yaml.safe_dump(dict(workflow.config)), encoding="utf-8")
    command = [
        *(sys.executable, "-m", "snakemake", *targets),
        *("--profile", str(REPOSITORY / "profiles/slurm"), *TEST_CLUSTER, *options),
        *("--snakefile", str(REPOSITORY / "Snakefile"), "--directory", str(workflow.folder)),
        *("--configfile", str(configfile)),
    ]
    with log.open("ab") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def run(workflow: Workflow, log: Path, *targets: str, options: tuple[str, ...] = ()) -> int:
    """Run the workflow on the cluster; return Snakemake's exit status."""
    with submitted(workflow, log, *targets, options=options) as process:
        return process.wait(timeout=1800)
