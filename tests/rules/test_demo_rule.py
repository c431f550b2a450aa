"""A study has a demonstration where what a browser loads is installed, and none elsewhere."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.placeholder_study import planned_jobs

from ppgkd.demo.web_files import PACKAGE, has_web_files


def dry_run(workflow: Callable, path: str = "") -> subprocess.CompletedProcess[str]:
    """A dry run in a process of its own, whose packages are found in a folder first."""
    command = workflow().command(cores=1, options=("--dry-run", "--quiet", "progress"))
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.run(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def test_without_npm_a_study_is_run_without_a_demonstration_and_says_so(
    workflow: Callable, tmp_path: Path
) -> None:
    empty = tmp_path / "packages" / PACKAGE
    empty.mkdir(parents=True)
    (empty / "__init__.py").touch()
    done = dry_run(workflow, str(empty.parent))
    jobs = planned_jobs(done)
    assert "report" in jobs
    assert "demo" not in jobs
    assert "no demonstration" in done.stdout
    assert "python envs/install_web.py" in done.stdout


@pytest.mark.skipif(not has_web_files(), reason="python envs/install_web.py has not been run")
def test_with_it_a_study_has_a_demonstration(workflow: Callable) -> None:
    done = dry_run(workflow)
    assert "demo" in planned_jobs(done)
    assert "no demonstration" not in done.stdout
