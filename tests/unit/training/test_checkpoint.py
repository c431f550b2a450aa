"""Checkpoints: a saved state is loaded, and no other file is."""

import hashlib
import io
import logging
import os
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import torch

from ppgkd.training.checkpoint import DIGEST_BYTES, Checkpoint


@pytest.fixture
def state() -> dict[str, Any]:
    return {
        "model": OrderedDict(weight=torch.arange(600.0).reshape(20, 30)),
        "order": torch.Generator().manual_seed(3).get_state(),
        "best": (2.5, 4, OrderedDict(weight=torch.ones(2, dtype=torch.float64))),
        "history": [{"epoch": 1, "val_mae_bpm": 2.5}, {"epoch": 2, "val_mae_bpm": float("nan")}],
        "schedule": {"name": "cosine", "steps": None, "done": False},
    }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a" / "checkpoint.pt"


def test_a_saved_state_is_loaded(path: Path, state: dict[str, Any]) -> None:
    Checkpoint(path, "this training").save(state)
    found = Checkpoint(path, "this training").load()
    assert found is not None
    assert torch.equal(found["model"]["weight"], state["model"]["weight"])
    assert torch.equal(found["order"], state["order"])
    assert found["best"][:2] == (2.5, 4)
    assert found["best"][2]["weight"].dtype == torch.float64
    assert found["history"][0] == {"epoch": 1, "val_mae_bpm": 2.5}
    assert found["schedule"] == state["schedule"]


def test_a_later_state_replaces_the_one_before(path: Path) -> None:
    checkpoint = Checkpoint(path, "this training")
    checkpoint.save({"history": [1]})
    checkpoint.save({"history": [1, 2]})
    assert checkpoint.load() == {"history": [1, 2]}
    assert [*path.parent.iterdir()] == [path]


def test_no_state_is_loaded_before_the_first_epoch(path: Path) -> None:
    assert Checkpoint(path, "this training").load() is None


def test_the_state_of_another_training_is_not_used(path: Path, state: dict[str, Any]) -> None:
    Checkpoint(path, "another training").save(state)
    assert Checkpoint(path, "this training").load() is None


def test_the_state_of_other_code_is_not_used(
    path: Path, state: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = Checkpoint(path, "this training")
    checkpoint.save(state)
    assert checkpoint.load() is not None
    monkeypatch.setattr("ppgkd.training.checkpoint._code", lambda: "other code")
    assert checkpoint.load() is None


@pytest.mark.parametrize("kept", [0.0, 0.01, 0.5, 0.999])
def test_a_truncated_file_is_not_used(
    kept: float, path: Path, state: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    checkpoint = Checkpoint(path, "this training")
    checkpoint.save(state)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with caplog.at_level(logging.WARNING, logger="ppgkd"):
        assert checkpoint.load() is None
    assert f"{path} is damaged: starting again" in caplog.text


@pytest.mark.parametrize("place", [0.0, 0.1, 0.3, 0.5, 0.7, 0.9])
def test_a_file_with_one_bit_changed_is_not_used(
    place: float, path: Path, state: dict[str, Any]
) -> None:
    checkpoint = Checkpoint(path, "this training")
    checkpoint.save(state)
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] ^= 1
    path.write_bytes(content)
    assert checkpoint.load() is None


@pytest.mark.parametrize("content", [b"garbage\n", b"PK\3\4", b"\x80\x02]q\x00.", bytes(999)])
def test_a_file_of_another_kind_is_not_used(content: bytes, path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    assert Checkpoint(path, "this training").load() is None


class Intruder:
    """Unpickled, it makes a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self.folder),)


def test_nothing_in_a_file_is_executed_and_the_training_starts_again(path: Path) -> None:
    buffer = io.BytesIO()
    target = path.parent / "made by the intruder"
    torch.save({"run": "this training", "state": Intruder(target)}, buffer)
    content = buffer.getvalue()
    path.parent.mkdir()
    path.write_bytes(hashlib.sha256(content).digest() + content)
    assert Checkpoint(path, "this training").load() is None
    assert not target.exists()


def test_the_digest_in_front_is_that_of_the_rest(path: Path, state: dict[str, Any]) -> None:
    Checkpoint(path, "this training").save(state)
    content = path.read_bytes()
    assert hashlib.sha256(content[DIGEST_BYTES:]).digest() == content[:DIGEST_BYTES]
