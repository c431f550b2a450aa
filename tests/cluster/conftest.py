"""Fixtures of the cluster's tests: a cluster, and the same study run on one machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.cluster.slurm import Slurm, cluster, reason_to_skip
from tests.workflow import REPOSITORY, Workflow


@pytest.fixture(scope="session")
def cluster_config() -> dict[str, Any]:
    """Return the configuration of the study that is run on the cluster."""
    path = REPOSITORY / "tests" / "studies" / "cluster.yaml"
    config: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return config


@pytest.fixture(scope="session")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    reason = reason_to_skip()
    if reason:
        pytest.skip(reason)
    with cluster(tmp_path_factory.mktemp("slurm") / "cluster") as running:
        yield running


@pytest.fixture(scope="session")
def local_run(
    slurm: Slurm, tmp_path_factory: pytest.TempPathFactory, cluster_config: dict[str, Any]
) -> Workflow:
    """Return the study, run on one machine."""
    workflow = Workflow(tmp_path_factory.mktemp("local"), cluster_config)
    workflow.make(cores=2)
    return workflow


@pytest.fixture
def same_as_local(local_run: Workflow) -> Callable[..., None]:
    """Check that files of another run equal those of the local run byte for byte."""

    def check(other: Workflow, *patterns: str) -> None:
        for pattern in patterns:
            names = [p.relative_to(local_run.results) for p in local_run.results.glob(pattern)]
            assert names, pattern
            for name in names:
                ours, theirs = local_run.results / name, other.results / name
                assert theirs.read_bytes() == ours.read_bytes(), name

    return check


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "work"
