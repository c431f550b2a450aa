"""What Snakemake's cache between workflows knows of a job.

The cache knows a job by its parameters and by the jobs before it, not by its wildcards. A rule that
has a wildcard and no parameter with its value would give the model of one cell to all others, and
end without an error.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.rules.test_staleness import TUNED, copy_project
from tests.workflow import REPOSITORY, Workflow

from ppgkd.study.study import COMPARED

UNCOVERED = """
import json, sys
from pathlib import Path
from snakemake.api import SnakemakeApi
from snakemake.iocontainers import Wildcards
from snakemake.settings.types import (
    ConfigSettings, OutputSettings, Quietness, ResourceSettings, WorkflowSettings
)

def value_of(param, wildcards):
    try:
        return param.format(**wildcards) if isinstance(param, str) else repr(param(wildcards))
    except Exception:  # a constant, or it looks the wildcard up and does not contain it
        return ""

snakefile, config, folder = map(Path, sys.argv[1:])
with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
    workflow = api.workflow(
        resource_settings=ResourceSettings(cores=1),
        config_settings=ConfigSettings(configfiles=[config]),
        workflow_settings=WorkflowSettings(cache=[]),
        snakefile=snakefile,
        workdir=folder,
    )._workflow
    found = {}
    for rule in workflow.rules:
        if rule.cache and rule.cache.output:
            names = sorted(rule.wildcard_names)
            wildcards = Wildcards(fromdict={name: f"<{name}>" for name in names})
            values = " ".join(value_of(param, wildcards) for param in rule.params)
            found[rule.name] = [name for name in names if f"<{name}>" not in values]
print(json.dumps(found))
"""


def uncovered_wildcards(project: Path, folder: Path) -> dict[str, list[str]]:
    """For each rule with ``cache:``, its wildcards whose value is in none of its parameters."""
    *_, configfile = Workflow(folder, TUNED, project).command(cores=1)
    for name in COMPARED:
        path = folder / "results" / TUNED["compare"][0] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    done = subprocess.run(
        [sys.executable, "-c", UNCOVERED, str(project / "Snakefile"), configfile, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SNAKEMAKE_OUTPUT_CACHE": str(folder), "PPGKD_MIRROR": ""},
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    # the fold is a parameter of the rule `splits`, on whose output these rules depend
    return {rule: [name for name in names if name != "fold"] for rule, names in found.items()}


@pytest.fixture
def edited(tmp_path: Path) -> Callable[[str, str, str], Path]:
    """Make a copy of the project in which one rule file is changed."""

    def edit(file: str, old: str, new: str) -> Path:
        project = copy_project(tmp_path / "project")
        path = project / "workflow/rules" / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")
        return project

    return edit


def test_every_wildcard_of_a_cached_rule_is_among_its_parameters(tmp_path: Path) -> None:
    found = uncovered_wildcards(REPOSITORY, tmp_path)
    assert {"windows", "view_cache", "teacher", "targets", "simulate", "retrieve"} <= {*found}
    assert {rule: names for rule, names in found.items() if names} == {}


def test_a_parameter_that_is_removed_is_found(
    tmp_path: Path, edited: Callable[[str, str, str], Path]
) -> None:
    project = edited("view_cache.smk", "seed=lambda wildcards: wildcards.seed,", "")
    assert uncovered_wildcards(project, tmp_path)["view_cache"] == ["seed"]


def test_a_parameter_that_merely_depends_on_a_wildcard_is_not_enough(
    tmp_path: Path, edited: Callable[[str, str, str], Path]
) -> None:
    """Teachers of one family have the same modules."""
    project = edited("targets.smk", "[wildcards.teacher, wildcards.seed]", "[wildcards.seed]")
    assert uncovered_wildcards(project, tmp_path)["targets"] == ["teacher"]


def test_a_new_rule_is_found(tmp_path: Path, edited: Callable[[str, str, str], Path]) -> None:
    new = """
rule spectra:
    output:
        "<results>/spectra/{dataset}-{seed}.npy",
    cache: CACHING
    params:
        dataset="{dataset}",
    script:
        "../scripts/spectra.py"


rule splits:"""
    project = edited("splits.smk", "rule splits:", new)
    assert uncovered_wildcards(project, tmp_path)["spectra"] == ["seed"]


def test_the_fold_is_a_parameter_of_the_splits(
    tmp_path: Path, edited: Callable[[str, str, str], Path]
) -> None:
    project = edited("splits.smk", "    params:", "    cache: CACHING\n    params:")
    assert uncovered_wildcards(project, tmp_path)["splits"] == []
