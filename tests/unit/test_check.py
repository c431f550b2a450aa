"""Python and folder are looked at before anything is installed."""

import runpy
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def problem() -> Callable[[tuple[int, ...], Path], str | None]:
    found: Callable[[tuple[int, ...], Path], str | None] = runpy.run_path(
        str(CHECKOUT / "envs/check.py")
    )["problem"]
    return found


@pytest.mark.parametrize("name", ["a b", "it's", 'a"b', "a$b", "a;b", "a(b)", "a&b", "tab\tin"])
def test_a_folder_that_a_shell_would_split_is_refused(
    problem: Callable[[tuple[int, ...], Path], str | None], name: str
) -> None:
    message = problem((3, 11, 7), Path("/home/me") / name)
    assert message is not None
    assert repr(f"/home/me/{name}") in message
    assert "Move the project" in message


@pytest.mark.parametrize("name", ["plain", "with-dash_and.dot", "UPPER", "a+b", "a@b"])
def test_other_folders_will_do(
    problem: Callable[[tuple[int, ...], Path], str | None], name: str
) -> None:
    assert problem((3, 11, 0), Path("/home/me") / name) is None


def test_an_older_python_is_refused_by_its_version(
    problem: Callable[[tuple[int, ...], Path], str | None],
) -> None:
    message = problem((3, 10, 4), Path("/home/me"))
    assert message is not None
    assert "3.11 or newer, found 3.10.4" in message


def test_make_refuses_such_a_folder_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "my project's folder"
    (folder / "envs").mkdir(parents=True)
    for file in ("Makefile", "pyproject.toml", "envs/requirements.txt", "envs/check.py"):
        (folder / file).write_bytes((CHECKOUT / file).read_bytes())
    done = subprocess.run(["make", "run"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "Move the project to a folder" in done.stdout + done.stderr
    assert not (folder / ".venv").exists()
