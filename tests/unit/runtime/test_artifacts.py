"""A file is absent or complete, whatever happens while it is written."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ppgkd.runtime.artifacts import (
    atomic_array,
    atomic_write,
    file_fingerprint,
    read_json,
    write_json,
    write_parquet,
)


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def write_half_then(exception: BaseException, path: Path) -> None:
    with atomic_write(path) as temporary:
        temporary.write_text("hal")
        raise exception


def test_the_file_appears_when_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with atomic_write(path) as temporary:
        temporary.write_text("whole")
        assert not path.exists()
    assert path.read_text() == "whole"
    assert left_in(tmp_path) == ["a.txt"]


def test_it_is_written_in_the_same_folder_with_the_same_suffix(tmp_path: Path) -> None:
    # the same folder, so that the renaming is one step; the suffix, as writers go by it
    with atomic_write(tmp_path / "a.npz") as temporary:
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".npz"
        temporary.touch()


def test_folders_are_made(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "b" / "c" / "a.txt") as temporary:
        temporary.write_text("whole")
    assert (tmp_path / "b" / "c" / "a.txt").read_text() == "whole"


@pytest.mark.parametrize(
    "exception", [ValueError("no"), KeyboardInterrupt(), SystemExit(1)], ids=repr
)
def test_after_an_exception_there_is_no_file(tmp_path: Path, exception: BaseException) -> None:
    with pytest.raises(type(exception)):
        write_half_then(exception, tmp_path / "a.txt")
    assert left_in(tmp_path) == []


def test_an_exception_does_not_change_an_earlier_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("earlier")
    with pytest.raises(ValueError, match="no"):
        write_half_then(ValueError("no"), path)
    assert path.read_text() == "earlier"
    assert left_in(tmp_path) == ["a.txt"]


def test_a_later_file_replaces_an_earlier_one(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("earlier and longer")
    with atomic_write(path) as temporary:
        temporary.write_text("later")
    assert path.read_text() == "later"


def test_a_block_that_writes_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), atomic_write(tmp_path / "a.txt"):
        pass
    assert left_in(tmp_path) == []


@pytest.mark.parametrize("name", [signal.SIGKILL, signal.SIGTERM], ids=lambda s: s.name)
def test_a_killed_process_leaves_no_file_of_that_name(tmp_path: Path, name: signal.Signals) -> None:
    code = (
        "import sys, time; from ppgkd.runtime.artifacts import atomic_write\n"
        "with atomic_write(sys.argv[1]) as temporary: temporary.write_text('hal'); time.sleep(60)"
    )
    path = tmp_path / "a.txt"
    with subprocess.Popen([sys.executable, "-c", code, str(path)], env=os.environ) as child:
        while not any(left.stat().st_size for left in tmp_path.iterdir()):
            assert child.poll() is None
            time.sleep(0.01)
        child.send_signal(name)
    assert not path.exists()


def test_the_next_writer_removes_temporary_files_of_a_killed_process(tmp_path: Path) -> None:
    left = tmp_path / ".a.0123456789abcdef.partial.txt"
    left.write_text("hal")
    with atomic_write(tmp_path / "a.txt") as temporary:
        temporary.write_text("whole")
    assert left_in(tmp_path) == ["a.txt"]


def test_temporary_files_of_other_files_remain(tmp_path: Path) -> None:
    """The name of one may begin as that of another."""
    with (
        atomic_write(tmp_path / "model.int8.onnx") as other,
        atomic_write(tmp_path / "model.txt") as third,
    ):
        other.write_text("eight bits")
        third.write_text("text")
        with atomic_write(tmp_path / "model.onnx") as temporary:
            temporary.write_text("float")
    assert left_in(tmp_path) == ["model.int8.onnx", "model.onnx", "model.txt"]


def test_of_two_writers_the_later_one_wins(tmp_path: Path) -> None:
    """An earlier one, whose Snakemake was killed, fails instead of giving half a file."""
    earlier = atomic_write(tmp_path / "a.txt")
    earlier.__enter__().write_text("earlier")
    with atomic_write(tmp_path / "a.txt") as later:
        later.write_text("later")
    with pytest.raises(FileNotFoundError):
        earlier.__exit__(None, None, None)
    assert (tmp_path / "a.txt").read_text() == "later"
    assert left_in(tmp_path) == ["a.txt"]


def test_json_is_read_as_it_was_written(tmp_path: Path) -> None:
    content = {"b": [1, 2.5, None], "a": {"µ": "Größe"}}
    write_json(tmp_path / "a.json", content)
    assert read_json(tmp_path / "a.json") == content


def test_json_does_not_depend_on_the_order_of_keys(tmp_path: Path) -> None:
    write_json(tmp_path / "1.json", {"a": 1, "b": {"c": 2, "d": 3}})
    write_json(tmp_path / "2.json", {"b": {"d": 3, "c": 2}, "a": 1})
    assert (tmp_path / "1.json").read_bytes() == (tmp_path / "2.json").read_bytes()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_json_refuses_nan_and_infinity(tmp_path: Path, value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"mae_bpm": [1.0, value]})
    assert left_in(tmp_path) == []


def test_a_table_is_read_as_it_was_written_without_its_index(tmp_path: Path) -> None:
    table = pd.DataFrame({"cell": ["a", "b"], "mae_bpm": [1.5, 2.5]}, index=[7, 3])
    write_parquet(tmp_path / "a.parquet", table)
    pd.testing.assert_frame_equal(
        pd.read_parquet(tmp_path / "a.parquet"), table.reset_index(drop=True)
    )


def test_a_table_that_cannot_be_written_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r"[Cc]onver"):
        write_parquet(tmp_path / "a.parquet", pd.DataFrame({"mixed": [1, "one"]}))
    assert left_in(tmp_path) == []


def test_a_fingerprint_is_the_sha_256_of_the_files_bytes(tmp_path: Path) -> None:
    """The one-block message of FIPS 180-2, appendix B.1."""
    (tmp_path / "a").write_bytes(b"abc")
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert file_fingerprint(tmp_path / "a") == expected


def test_a_fingerprint_is_of_the_content_not_of_the_name(tmp_path: Path) -> None:
    content = np.random.default_rng(0).bytes(3_000_000)
    (tmp_path / "a").write_bytes(content)
    (tmp_path / "b").write_bytes(content)
    (tmp_path / "c").write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    first, same, other = (file_fingerprint(tmp_path / name) for name in "abc")
    assert first == same == hashlib.sha256(content).hexdigest()
    assert first != other


def test_an_array_written_in_parts_is_read_as_one(tmp_path: Path) -> None:
    array = np.random.default_rng(0).standard_normal((5, 3, 4)).astype(np.float32)
    path = tmp_path / "a.npy"
    with atomic_array(path, array.shape, np.float16) as append:
        append(array[:2])
        assert not path.exists()
        append(array[2:].transpose(0, 2, 1).copy().transpose(0, 2, 1))
    found = np.load(path, mmap_mode="r")
    assert found.dtype == np.float16
    np.testing.assert_array_equal(found, array.astype(np.float16))
    assert left_in(tmp_path) == ["a.npy"]


def test_an_array_without_elements_keeps_its_shape(tmp_path: Path) -> None:
    with atomic_array(tmp_path / "a.npy", (3, 12, 0, 0), np.float16):
        pass
    assert np.load(tmp_path / "a.npy", mmap_mode="r").shape == (3, 12, 0, 0)


def append_some_then(exception: BaseException, path: Path) -> None:
    with atomic_array(path, (9,), float) as append:
        append(np.zeros(4))
        raise exception


def test_an_interrupted_array_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        append_some_then(KeyboardInterrupt(), tmp_path / "a.npy")
    assert left_in(tmp_path) == []
