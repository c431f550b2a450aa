"""Published teachers: a study without one needs nothing, and what one lacks is named."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.placeholder_study import planned_jobs
from tests.workflow import REPOSITORY, Workflow

OWN_RULES = {"published_environment", "published_inputs", "beliefppg", "published"}
MAKEFILE = """\
.venv-beliefppg/installed:
\t@echo 'ERROR: No matching distribution found for tensorflow-cpu==2.21.0'
\t@exit 1
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, tiny_config: dict[str, Any]) -> Workflow:
    """A study that names BeliefPPG, in a project where its environment cannot be made."""
    folder = tmp_path_factory.mktemp("published")
    project = folder / "project"
    for part in ("src", "workflow", "profiles", "envs"):
        shutil.copytree(REPOSITORY / part, project / part)
    shutil.copy2(REPOSITORY / "Snakefile", project)
    (project / "Makefile").write_text(MAKEFILE)
    changes = {
        "simulation": {"n_subjects": 6, "duration_s": 60, "seed": 0},
        "teachers": {"spectral_resnet": [3_000], "published": ["beliefppg"]},
        "strategies": {"scratch": {}, "soft": {}},
    }
    return Workflow(folder / "work", {**tiny_config, **changes}, project)


def test_a_study_that_names_one_has_its_jobs(study: Workflow) -> None:
    planned = planned_jobs(study.run(options=("--dry-run",)))
    assert set(planned) >= OWN_RULES
    assert any("teacher=beliefppg" in wildcards for wildcards in planned["student"])


def test_a_study_that_names_none_has_none_of_them(study: Workflow) -> None:
    config = {**study.config, "teachers": {"spectral_resnet": [3_000]}}
    planned = planned_jobs(
        Workflow(study.folder, config, study.project).run(options=("--dry-run",))
    )
    assert not set(planned) & OWN_RULES


def test_what_is_missing_is_named_and_everything_else_goes_on(study: Workflow) -> None:
    targets = ("published/beliefppg/simulated.parquet", "windows/simulated.parquet")
    done = study.run(*(f"results/tiny/{target}" for target in targets))
    assert done.returncode != 0
    assert "The environment .venv-beliefppg" in done.stdout
    assert "No matching distribution found for tensorflow-cpu==2.21.0" in done.stdout
    assert (study.results / "windows/simulated.parquet").is_file()
    assert not (study.results / "published/beliefppg/simulated.parquet").exists()
    assert not (Path(study.project) / ".venv-beliefppg/installed").exists()
