"""On a full disk, a job ends with an error and leaves neither a file nor a part of one."""

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from ppgkd.distill.targets import write_targets
from ppgkd.models.build import build_model
from ppgkd.models.capacity import InputShape, SpectralResNetShape
from ppgkd.training.checkpoint import Checkpoint
from ppgkd.views.augment import Augmentation
from ppgkd.views.cache import ViewCache, read_view_cache, write_view_cache
from ppgkd.views.examples import Examples, examples
from ppgkd.windows.read import Windows

resource = pytest.importorskip("resource", reason="this system has no limits on files")

ROOM_BYTES = 40_000
STATE: dict[str, Any] = {"model": {"weight": torch.ones(30_000)}, "history": [1, 2]}


@contextmanager
def room(size: int) -> Iterator[None]:
    """No file may grow beyond this: writing fails half-way, as it does on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture(scope="module")
def windows(tones: Callable[..., Windows], inputs: InputShape) -> Examples:
    return examples(tones(np.linspace(60, 170, 16), inputs))


@pytest.fixture(scope="module")
def view_cache(
    windows: Examples, inputs: InputShape, tmp_path_factory: pytest.TempPathFactory
) -> ViewCache:
    folder = tmp_path_factory.mktemp("bank")
    write_view_cache(windows, inputs, Augmentation(), folder, views=2, seed=0)
    return read_view_cache(folder)


@pytest.fixture(scope="module")
def teacher(inputs: InputShape) -> nn.Module:
    return build_model(SpectralResNetShape(64), inputs, seed=0)


def test_a_view_cache_leaves_nothing(windows: Examples, inputs: InputShape, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="large") as caught, room(ROOM_BYTES):
        write_view_cache(windows, inputs, Augmentation(), tmp_path, views=2, seed=0)
    assert caught.value.errno == errno.EFBIG
    assert [*tmp_path.iterdir()] == []


def test_targets_leave_nothing(view_cache: ViewCache, teacher: nn.Module, tmp_path: Path) -> None:
    """The logits would fit, the features do not."""
    assert 2 * 16 * 180 * 2 < ROOM_BYTES < 2 * 16 * 64 * 18 * 2
    with pytest.raises(OSError, match="large") as caught, room(ROOM_BYTES):
        write_targets(teacher, "teacher", view_cache, tmp_path)
    assert caught.value.errno == errno.EFBIG
    assert [*tmp_path.iterdir()] == []


def test_a_first_checkpoint_leaves_nothing(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "checkpoint.pt", "this training")
    with pytest.raises(OSError, match="large") as caught, room(ROOM_BYTES):
        checkpoint.save(STATE)
    assert caught.value.errno == errno.EFBIG
    assert [*tmp_path.iterdir()] == []
    assert checkpoint.load() is None


def test_a_later_checkpoint_leaves_the_one_before(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "checkpoint.pt", "this training")
    checkpoint.save({"history": [1]})
    with pytest.raises(OSError, match="large"), room(ROOM_BYTES):
        checkpoint.save(STATE)
    assert [*tmp_path.iterdir()] == [checkpoint.path]
    assert checkpoint.load() == {"history": [1]}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a megabyte."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if not shutil.which("mount") or subprocess.run(command, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_view_cache_larger_than_the_disk_ends_with_an_error_and_leaves_nothing(
    small_disk: Path,
) -> None:
    """In a process of its own: one that writes by mapping a file is killed by the system."""
    code = f"""
import torch
from ppgkd.views.augment import Augmentation
from ppgkd.views.cache import write_view_cache
from ppgkd.views.examples import Examples
from ppgkd.models.capacity import InputShape
windows = Examples(torch.ones(200, 5, 200), torch.full((200,), 80.0))
write_view_cache(windows, InputShape(2, 3, 200, 25.0), Augmentation(), {str(small_disk)!r},
           views=4, seed=0)
"""
    child = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, env=os.environ
    )
    assert child.returncode == 1
    assert "No space left on device" in child.stderr
    assert [*small_disk.iterdir()] == []
