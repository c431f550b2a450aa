"""The workflow, submitted to a cluster by the project's profile."""

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

# A cluster without accounts, which may be asked every second: tests do not wait for it.
HERE = (
    "--slurm-no-account",
    *("--slurm-status-command", "squeue"),
    *("--slurm-init-seconds-before-status-checks", "1"),
    *("--max-status-checks-per-second", "2"),
    *("--latency-wait", "5"),
)
PACKED = (
    *("--groups", "student=students", "--group-components", "students=4"),
    *("--set-resource-scopes", "cell=local", "--resources", "cell=1"),
)
"""All cells of the study in one job, one at a time; as the profile says in a comment."""


@contextmanager
def submitted(
    workflow: Workflow, log: Path, *targets: str, options: tuple[str, ...] = ()
) -> Iterator[subprocess.Popen[bytes]]:
    """Start the workflow on the cluster; end it with the block, whatever happens in it."""
    workflow.folder.mkdir(parents=True, exist_ok=True)
    configfile = workflow.folder / "study.yaml"
    configfile.write_text(yaml.safe_dump(dict(workflow.config)), encoding="utf-8")
    command = [
        *(sys.executable, "-m", "snakemake", *targets),
        *("--profile", str(REPOSITORY / "profiles/slurm"), *HERE, *options),
        *("--snakefile", str(REPOSITORY / "Snakefile"), "--directory", str(workflow.folder)),
        *("--configfile", str(configfile)),
    ]
    with log.open("ab") as out:
        running = subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True)
    try:
        yield running
    finally:
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
        running.wait()


def run(workflow: Workflow, log: Path, *targets: str, options: tuple[str, ...] = ()) -> int:
    """Run the workflow on the cluster; give Snakemake's exit status."""
    with submitted(workflow, log, *targets, options=options) as running:
        return running.wait(timeout=600)
