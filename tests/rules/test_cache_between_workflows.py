"""Snakemake's cache between working directories: no result is computed twice."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.e2e.verify import differences
from tests.workflow import REPOSITORY, Workflow

TARGET = "results/tiny/students/soft/resnet-3000/resnet-350/seed0/metrics.json"

# Prints the cache key of every job; Snakemake has no command for it.
ENTRIES = """
import sys
from pathlib import Path
from snakemake.api import SnakemakeApi
from snakemake.settings.types import (
    ConfigSettings, OutputSettings, Quietness, ResourceSettings, WorkflowSettings
)

snakefile, config, folder = map(Path, sys.argv[1:])
with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
    made = api.workflow(
        resource_settings=ResourceSettings(cores=1),
        config_settings=ConfigSettings(configfiles=[config]),
        workflow_settings=WorkflowSettings(cache=[]),
        snakefile=snakefile,
        workdir=folder,
    )
    dag = made.dag()
    dag.execute_workflow(pseudo_executor="dryrun")
    workflow = dag.workflow_api._workflow
    names = workflow.output_file_cache.provenance_hash_map
    for job in workflow.dag.jobs:
        if job.rule.cache.output:
            print(job.rule.name, workflow.async_run(names.get_provenance_hash(job)))
"""


class Pair(NamedTuple):
    """The same study in two folders that share a cache, and the outputs of their runs."""

    first: Workflow
    second: Workflow
    printed: tuple[str, str]
    cache: Path


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, tiny_config: dict[str, Any]) -> Pair:
    config = {**tiny_config, "students": {"resnet": [350]}, "strategies": {"soft": {}}}
    folder = tmp_path_factory.mktemp("cache")
    cache = folder / "cache"
    cache.mkdir()
    studies = [Workflow(folder / name, config) for name in ("first", "second")]
    runs = [
        study.make(TARGET, options=("--cache",), SNAKEMAKE_OUTPUT_CACHE=str(cache))
        for study in studies
    ]
    return Pair(*studies, (runs[0].stdout, runs[1].stdout), cache)


def test_a_second_folder_neither_trains_nor_runs_a_teacher(pair: Pair) -> None:
    first, second = pair.printed
    assert "Moving output file results/tiny/teachers/resnet-3000/seed0/model.safetensors" in first
    assert "Moving output file" not in second
    targets = pair.second.results / "targets/resnet-3000/seed0/logits.npy"
    assert targets.resolve().parent == pair.cache


def test_all_inputs_of_the_student_except_the_splits_come_from_the_cache(pair: Pair) -> None:
    for study in (pair.first, pair.second):
        own = [p for p in study.results.rglob("*") if p.is_file() and not p.is_symlink()]
        made = {path.relative_to(study.results).parts[0] for path in own}
        assert made == {"splits.csv", "students", "logs", "benchmarks"}
        (cohort,) = (study.folder / "resources/raw/simulated").glob("*.npz")
        assert cohort.is_symlink()


def test_both_folders_have_equal_artifacts(pair: Pair) -> None:
    assert (pair.second.results / "teachers/resnet-3000/seed0/model.safetensors").is_symlink()
    assert [*differences(pair.first.results, pair.second.results)] == []
    # teachers come from the cache, so even their timings are equal
    teachers = [study.results / "teachers" for study in (pair.first, pair.second)]
    assert [*differences(*teachers, measured=False)] == []


def test_results_from_the_cache_are_up_to_date(pair: Pair) -> None:
    assert "Nothing to be done" in pair.second.make(TARGET).stdout
    again = pair.second.make(TARGET, options=("--cache",), SNAKEMAKE_OUTPUT_CACHE=str(pair.cache))
    assert "Nothing to be done" in again.stdout


def test_another_seed_teacher_or_fold_is_another_entry(
    tmp_path: Path, tiny_config: dict[str, Any]
) -> None:
    # a cache key is made of parameters and upstream jobs, not of wildcards
    config = {
        **tiny_config,
        "datasets": {
            "simulated": {"train": 0.25, "val": 0.25, "test": 0.5},
            "bami1": {"pretrain": ["bami1-01"]},
        },
        "folds": 2,
        "seeds": [0, 1],
        "teachers": {"resnet": [3000], "mlp": [60_000], "ensembles": ["mlp-60000"]},
    }
    study = Workflow(tmp_path, config)
    *_, configfile = study.command(cores=1)
    listed = subprocess.run(
        [sys.executable, "-c", ENTRIES, str(REPOSITORY / "Snakefile"), configfile, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SNAKEMAKE_OUTPUT_CACHE": str(tmp_path)},
    )
    assert listed.returncode == 0, listed.stderr
    entries = [line.split() for line in listed.stdout.splitlines()]
    jobs = Counter(rule for rule, _ in entries)
    assert jobs == {
        "simulate": 1,
        "retrieve": 1,
        "windows": 2,
        "view_cache": 4,
        "teacher": 8,
        "targets": 12,
    }
    assert len({entry for _, entry in entries}) == len(entries)


def test_nothing_is_cached_without_the_option(pair: Pair, tmp_path: Path) -> None:
    other = Workflow(tmp_path / "other", pair.first.config)
    cache = tmp_path / "cache"
    cache.mkdir()
    done = other.make("results/tiny/splits.csv", SNAKEMAKE_OUTPUT_CACHE=str(cache))
    assert [*cache.iterdir()] == []
    assert "eligible for caching" not in done.stdout
