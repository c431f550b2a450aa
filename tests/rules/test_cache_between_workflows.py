"""Snakemake's cache between working directories: no result is computed twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.e2e.verify import differences
from tests.rules.test_resources import rules
from tests.workflow import REPOSITORY, Workflow

TARGET = "results/tiny/students/soft/spectral_resnet-3000/spectral_resnet-350/seed0/metrics.json"

# Prints every job that may be cached, with its cache key; Snakemake has no command for it.
CACHED_JOBS = """
import json
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
            key = workflow.async_run(names.get_provenance_hash(job))
            params = dict(job.params.items())
            params.pop("code", None)
            print(json.dumps([job.rule.name, key, dict(job.wildcards), repr(params)]))
"""


class Pair(NamedTuple):
    """The same study in two folders that share a cache, and the outputs of their runs."""

    first: Workflow
    second: Workflow
    printed: tuple[str, str]
    cache: Path


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, tiny_config: dict[str, Any]) -> Pair:
    config = {**tiny_config, "students": {"spectral_resnet": [350]}, "strategies": {"soft": {}}}
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
    assert (
        "Moving output file results/tiny/teachers/spectral_resnet-3000/seed0/model.safetensors"
        in first
    )
    assert "Moving output file" not in second
    targets = pair.second.results / "targets/spectral_resnet-3000/seed0/logits.npy"
    assert targets.resolve().parent == pair.cache


def test_all_inputs_of_the_student_except_the_splits_come_from_the_cache(pair: Pair) -> None:
    for study in (pair.first, pair.second):
        own = [p for p in study.results.rglob("*") if p.is_file() and not p.is_symlink()]
        made = {path.relative_to(study.results).parts[0] for path in own}
        assert made == {"splits.csv", "students", "logs", "benchmarks"}
        (cohort,) = (study.folder / "resources/raw/simulated").glob("*.npz")
        assert cohort.is_symlink()


def test_both_folders_have_equal_artifacts(pair: Pair) -> None:
    assert (
        pair.second.results / "teachers/spectral_resnet-3000/seed0/model.safetensors"
    ).is_symlink()
    assert [*differences(pair.first.results, pair.second.results)] == []
    # teachers come from the cache, so even their timings are equal
    teachers = [study.results / "teachers" for study in (pair.first, pair.second)]
    assert [*differences(*teachers, measured=False)] == []


def test_results_from_the_cache_are_up_to_date(pair: Pair) -> None:
    assert "Nothing to be done" in pair.second.make(TARGET).stdout
    again = pair.second.make(TARGET, options=("--cache",), SNAKEMAKE_OUTPUT_CACHE=str(pair.cache))
    assert "Nothing to be done" in again.stdout


class CachedJob(NamedTuple):
    """A job that may be cached; its parameters are as Snakemake prints them."""

    rule: str
    key: str
    wildcards: dict[str, str]
    params: str


@pytest.fixture(scope="module")
def cached_jobs(
    tmp_path_factory: pytest.TempPathFactory, tiny_config: dict[str, Any]
) -> list[CachedJob]:
    """Return the jobs that may be cached of a study with folds, seeds and several teachers."""
    config = {
        **tiny_config,
        "datasets": {
            "simulated": {"train": 0.25, "val": 0.25, "test": 0.5},
            "bami1": {"pretrain": ["bami1-01"]},
        },
        "folds": 2,
        "seeds": [0, 1],
        "teachers": {
            "spectral_resnet": [3000],
            "spectral_mlp": [60_000],
            "ensembles": ["spectral_mlp-60000"],
        },
    }
    folder = tmp_path_factory.mktemp("cached_jobs")
    *_, configfile = Workflow(folder, config).command(cores=1)
    listed = subprocess.run(
        [sys.executable, "-c", CACHED_JOBS, str(REPOSITORY / "Snakefile"), configfile, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SNAKEMAKE_OUTPUT_CACHE": str(folder)},
    )
    assert listed.returncode == 0, listed.stderr
    return [CachedJob(*json.loads(line)) for line in listed.stdout.splitlines()]


# A cache key consists of parameters and upstream jobs, not of wildcards.
def test_jobs_of_different_seeds_teachers_or_folds_have_different_cache_keys(
    cached_jobs: list[CachedJob],
) -> None:
    jobs = Counter(job.rule for job in cached_jobs)
    assert jobs == {
        "simulate": 1,
        "retrieve": 1,
        "windows": 2,
        "view_cache": 4,
        "teacher": 8,
        "targets": 12,
    }
    assert len({job.key for job in cached_jobs}) == len(cached_jobs)


def test_every_rule_that_may_be_cached_has_its_wildcards_among_its_parameters(
    cached_jobs: list[CachedJob],
) -> None:
    assert {job.rule for job in cached_jobs} == {
        name for name, text in rules().items() if "    cache:" in text
    }
    wildcards_of: dict[tuple[str, str], dict[str, str]] = {}
    for job in cached_jobs:
        # the fold selects input files, whose content is in the key
        wildcards = {name: value for name, value in job.wildcards.items() if name != "fold"}
        missing = [name for name, value in wildcards.items() if value not in job.params]
        assert not missing, f"{job.rule}: {missing}"
        # digits may be found by chance, so different wildcards must also give different parameters
        assert wildcards_of.setdefault((job.rule, job.params), wildcards) == wildcards


def test_nothing_is_cached_without_the_option(pair: Pair, tmp_path: Path) -> None:
    other = Workflow(tmp_path / "other", pair.first.config)
    cache = tmp_path / "cache"
    cache.mkdir()
    done = other.make("results/tiny/splits.csv", SNAKEMAKE_OUTPUT_CACHE=str(cache))
    assert [*cache.iterdir()] == []
    assert "eligible for caching" not in done.stdout
