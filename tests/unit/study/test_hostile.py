"""A study whose names lead elsewhere is refused before anything is written."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from ppgkd.errors import PpgkdError
from ppgkd.study.parse import parse_study

REPOSITORY = Path(__file__).resolve().parents[3]
TINY = REPOSITORY / "tests" / "studies" / "tiny.yaml"

ELSEWHERE = [
    "..",
    "../x",
    "/etc/x",
    "a/../../x",
    "a\\b",
    "C:x",
    "a\n",
    "a b",
    "",
    "-x",
    "$(id)",
    "{x}",
]


def message_of(**changes: Any) -> str:
    config = yaml.safe_load(TINY.read_text(encoding="utf-8"))
    with pytest.raises(PpgkdError) as caught:
        parse_study(config | changes)
    return str(caught.value)


@pytest.mark.parametrize("name", [*ELSEWHERE, ".", ".hidden", "a" * 101])
def test_a_study_is_not_written_elsewhere(name: str) -> None:
    assert "'study'" in message_of(study=name)


@pytest.mark.parametrize("name", [*ELSEWHERE, ".", "a" * 101])
def test_a_teachers_files_are_not_written_elsewhere(name: str, tmp_path: Path) -> None:
    path = tmp_path / "teacher.onnx"
    path.touch()
    message = message_of(teachers={"spectral_resnet": [3000], "onnx": {name: str(path)}})
    assert "'teachers.onnx'" in message


@pytest.mark.parametrize("name", [*ELSEWHERE, "."])
def test_a_datasets_files_are_not_written_elsewhere(name: str, tmp_path: Path) -> None:
    shares = {"train": 0.5, "val": 0.25, "test": 0.25}
    assert f"unknown dataset '{name}'" in message_of(datasets={name: shares})
    own = {name: shares | {"file": str(tmp_path / "own.yaml")}}
    assert "cannot have this name" in message_of(datasets=own)


@pytest.mark.parametrize("name", ["../x", "a/b"])
def test_no_other_name_becomes_a_path(name: str) -> None:
    """Teachers, students and strategies are named by what the program knows."""
    assert f"'{name}'" in message_of(teachers={name: [3000]})
    assert f"'{name}'" in message_of(students={name: [350]})
    assert f"'{name}'" in message_of(strategies={name: {}})
    assert f"'{name}'" in message_of(teachers={"spectral_resnet": [3000], "ensembles": [name]})
