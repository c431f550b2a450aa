"""The revision of the code, wherever it is installed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import ppgkd
from ppgkd.runtime.revision import code_revision

CODE = ("ppgkd/__init__.py", "ppgkd/runtime/__init__.py", "ppgkd/runtime/revision.py")
NO_REVISION = f"version {ppgkd.__version__}, not under version control"


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def revision_of(folder: Path) -> str:
    """What a copy of the package that lies in a folder says."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from ppgkd.runtime.revision import code_revision; print(code_revision())",
        ],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(folder)},
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository of its own with a copy of the package that is not part of it yet."""
    git(tmp_path, "init")
    git(tmp_path, "commit", "--allow-empty", "-m", "begin")
    source = Path(ppgkd.__file__).parent
    for name in CODE:
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        shutil.copy(source.parent / name, tmp_path / name)
    return tmp_path


def test_code_in_its_own_repository_has_its_revision(repository: Path) -> None:
    git(repository, "add", *CODE)
    git(repository, "commit", "-m", "code")
    assert revision_of(repository) == git(repository, "rev-parse", "--short=12", "HEAD")


def test_a_change_that_is_not_committed_is_marked(repository: Path) -> None:
    git(repository, "add", *CODE)
    git(repository, "commit", "-m", "code")
    with (repository / "ppgkd" / "__init__.py").open("a") as file:
        file.write("# changed\n")
    assert revision_of(repository).endswith("-dirty")


def test_code_inside_another_repository_does_not_have_its_revision(
    repository: Path,
) -> None:
    assert revision_of(repository) == NO_REVISION


def test_without_git_there_is_the_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert code_revision() == NO_REVISION
