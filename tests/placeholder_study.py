"""A finished study with empty files in place of results, for tests of what a change reruns.

Snakemake decides what to rerun from the times of files and from its own records of jobs. Neither
depends on the content of the files, so nothing needs to be trained.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from tests.workflow import Workflow


def create_placeholders(study: Workflow, checkpoints: Mapping[str, object]) -> None:
    """Create every file that the workflow makes, and have Snakemake record all jobs as finished.

    ``checkpoints`` maps paths below the results to the content of files on which later jobs depend.
    """
    for path, content in checkpoints.items():
        file = study.results / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content))
    missing = [*_missing(study)]
    while missing:
        for path in missing:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        study.make(options=("--touch", "--forceall"))
        missing = [*_missing(study)]


def _missing(study: Workflow) -> list[Path]:
    rows = (line.split("\t") for line in study.make(options=("--summary",)).stdout.splitlines())
    outputs = {row[0] for row in rows if len(row) > 4 and row[0] != "output_file"}
    return [path for name in sorted(outputs) if not (path := study.folder / name).exists()]


def planned_jobs(dry_run: subprocess.CompletedProcess[str]) -> dict[str, set[str]]:
    """Return, by rule, the wildcards of the jobs that a dry run lists, as Snakemake prints them."""
    assert dry_run.returncode == 0, dry_run.stdout[-6000:]
    jobs: defaultdict[str, set[str]] = defaultdict(set)
    blocks = re.split(r"^(?:local)?(?:rule|checkpoint) (\w+):$", dry_run.stdout, flags=re.M)
    for rule, block in zip(blocks[1::2], blocks[2::2], strict=True):
        wildcards = re.search(r"^    wildcards: (.*)$", block, flags=re.M)
        jobs[rule].add(wildcards[1] if wildcards else "")
    jobs.pop("all", None)
    return dict(jobs)
