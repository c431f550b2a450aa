"""A finished study of which nothing was computed: every file is there, and Snakemake believes it.

What reruns after a change is decided from files' times and from what Snakemake has noted of each
job. Both are the same whether a file has a meaning or not, and nothing needs to be trained.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from tests.workflow import Workflow


def pretend(study: Workflow, checkpoints: Mapping[str, object]) -> None:
    """Put a file wherever the workflow would, and have Snakemake note all jobs as done.

    ``checkpoints`` has the content of files below the results that decide which jobs there are.
    """
    for path, content in checkpoints.items():
        place = study.results / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps(content))
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


def would_run(dry_run: subprocess.CompletedProcess[str]) -> dict[str, set[str]]:
    """Rule to the wildcards of its jobs that a dry run announces, as Snakemake prints them."""
    assert dry_run.returncode == 0, dry_run.stdout[-6000:]
    jobs: defaultdict[str, set[str]] = defaultdict(set)
    blocks = re.split(r"^(?:local)?(?:rule|checkpoint) (\w+):$", dry_run.stdout, flags=re.M)
    for rule, block in zip(blocks[1::2], blocks[2::2], strict=True):
        wildcards = re.search(r"^    wildcards: (.*)$", block, flags=re.M)
        jobs[rule].add(wildcards[1] if wildcards else "")
    jobs.pop("all", None)
    return dict(jobs)
