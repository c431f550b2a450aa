"""Pickles of arrays are read as NumPy reads them, and all other pickles are refused."""

import copyreg
import functools
import io
import os
import pickle
import struct
import tracemalloc
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pytest

from ppgkd.datasets.pickled import load_pickle
from ppgkd.errors import PpgkdError

PLAIN = {
    "signal": {
        "wrist": {
            "BVP": np.arange(2_000.0)[:, None],
            "ACC": np.arange(6, dtype=np.int8).reshape(2, 3),
            "columns": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
            "swapped": np.arange(6, dtype=">i2"),
        }
    },
    "subject": "S1",
    "nothing": np.empty((0, 3), np.float32),
    "one": np.float64(3),
    "yes": np.bool_(True),
    "letters": np.array(["ab", "c"]),
    "mixed": np.array(["a", None, [1, 2]], object),
    "type": np.dtype(">f4"),
    "list": [1, 2.5, 2**80, (3, ()), {4}, frozenset([5]), b"\xff", b"", 1j, True, None, "\u2126"],
}

# As Python 2.7 writes {"label": array([1.0, 256.0])} with protocol 2.
OF_PYTHON_2 = (
    b"\x80\x02}q\x00U\x05labelq\x01cnumpy.core.multiarray\n_reconstruct\nq\x02cnumpy\nndarray\nq"
    b"\x03K\x00\x85q\x04U\x01bq\x05\x87q\x06Rq\x07(K\x01K\x02\x85q\x08cnumpy\ndtype\nq\tU\x02f8q\n"
    b"K\x00K\x01\x87q\x0bRq\x0c(K\x03U\x01<q\rNNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tq\x0eb\x89"
    b"U\x10" + struct.pack("<dd", 1.0, 256.0) + b"q\x0ftq\x10bs."
)


class Calls:
    """Pickled as a call, as an attacker would."""

    def __init__(self, function: Callable[..., Any], *arguments: object) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


def inner(content: object) -> bytes:
    """Pickle something as a part of another pickle of protocol 2."""
    return pickle.dumps(content, 2)[2:-1]


def message_of(content: bytes) -> str:
    with pytest.raises(PpgkdError) as caught:
        load_pickle(io.BytesIO(content))
    return str(caught.value)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_arrays_and_plain_containers_are_read_as_pickle_reads_them(protocol: int) -> None:
    content = pickle.dumps(PLAIN, protocol)
    assert repr(load_pickle(io.BytesIO(content))) == repr(pickle.loads(content))


@pytest.mark.parametrize("core", ["numpy.core", "numpy._core"])
def test_the_names_of_numpy_1_and_2_are_known(core: str) -> None:
    array = np.arange(3.0)
    by_lines = pickle.dumps(array, 2).replace(b"numpy._core.", core.encode() + b".")
    module = f"{core}.numeric".encode()
    framed = pickle.dumps(array, 5)
    by_lengths = (framed[:2] + framed[11:]).replace(  # without the frame, whose length changes
        b"\x8c\x13numpy._core.numeric", b"\x8c%c%b" % (len(module), module)
    )
    for content in (by_lines, by_lengths):
        assert core.encode() in content
        np.testing.assert_array_equal(load_pickle(io.BytesIO(content)), array)


def test_a_pickle_of_python_2_has_text_keys_and_its_numbers() -> None:
    content = load_pickle(io.BytesIO(OF_PYTHON_2))
    assert list(content) == ["label"]
    assert content["label"].tolist() == [1.0, 256.0]


def test_an_object_that_occurs_twice_is_loaded_once() -> None:
    array = np.arange(3)
    first, second = load_pickle(io.BytesIO(pickle.dumps([array, array])))
    assert first is second


def test_a_loaded_array_can_be_changed() -> None:
    for protocol in (2, 5):
        array = load_pickle(io.BytesIO(pickle.dumps(np.zeros(3), protocol)))
        array[0] = 1
        assert array.tolist() == [1, 0, 0]


def test_a_file_is_named_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "S1.pkl"
    path.write_bytes(pickle.dumps(OrderedDict()))
    with pytest.raises(PpgkdError, match=r"S1\.pkl.*collections\.OrderedDict"):
        load_pickle(path)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_command_is_refused_by_name_and_not_run(tmp_path: Path, protocol: int) -> None:
    touched = tmp_path / "touched"
    hostile = pickle.dumps({"signal": [Calls(os.system, f"touch {touched}")]}, protocol)
    assert "posix.system" in message_of(hostile)
    assert not touched.exists()
    pickle.loads(hostile)
    assert touched.exists()  # else the file would have been harmless


@pytest.mark.parametrize(
    ("hostile", "named"),
    [
        (Calls(eval, "1"), "builtins.eval"),
        (Calls(exec, ""), "builtins.exec"),
        (Calls(getattr, 1, "real"), "builtins.getattr"),
        (Calls(__import__, "os"), "builtins.__import__"),
        (Calls(open, "/dev/null"), "io.open"),
        (Calls(functools.partial, print), "functools.partial"),
        (Calls(np.load, "file.npy"), "numpy.load"),
        (Calls(np.fromfile, "file"), "numpy.fromfile"),
        (Calls(np.memmap, "file"), "numpy.memmap"),
        (Calls(np.ones, 10**10), "numpy.ones"),
        (Calls(bytearray, 10**10), "builtins.bytearray"),
        (Calls(range, 10**10), "builtins.range"),
        (np.random.default_rng(1), "numpy.random"),
        (np.ma.array([1.0]), "numpy.ma"),
        (PurePosixPath("a"), "pathlib.PurePosixPath"),
        (OrderedDict(), "collections.OrderedDict"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_all_but_arrays_and_plain_containers_is_refused_by_name(
    hostile: object, named: str
) -> None:
    assert named in message_of(pickle.dumps(hostile))


def test_a_call_within_an_array_of_objects_is_refused_by_name() -> None:
    array = np.array([None], object)
    array[0] = Calls(os.system, "true")
    assert "posix.system" in message_of(pickle.dumps(array))


@pytest.mark.parametrize(
    "dtype",
    [
        np.dtype([("a", "f8")]),
        np.dtype("V8"),
        np.dtype("M8[s]"),
    ],
)
def test_records_and_other_types_are_refused(dtype: np.dtype[Any]) -> None:
    assert "type" in message_of(pickle.dumps(np.zeros(2, dtype), 2))


def test_a_forged_state_of_a_dtype_changes_only_the_byte_order() -> None:
    forged = (3, ">", None, ("a",), {"a": (np.dtype("O"), 0)}, 8, 1, 0)
    content = b"\x80\x02cnumpy\ndtype\nX\x02\0\0\0f8K\0K\x01\x87R%bb." % inner(forged)
    found = load_pickle(io.BytesIO(content))
    assert (found, found.names, found.hasobject) == (np.dtype(">f8"), None, False)


def test_no_memory_can_be_reserved_for_an_array() -> None:
    content = (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n"
        b"\x8a\x06\x00\x00\x00\x00\x00\x01\x85C\x01b\x87R."
    )
    assert "expected an empty one" in message_of(content)


def test_numpys_class_cannot_be_called() -> None:
    assert "not callable" in message_of(b"\x80\x02cnumpy\nndarray\n\x8a\x06\0\0\0\0\0\x01\x85R.")
    assert "an instance of a class" in message_of(b"\x80\x02cnumpy\nndarray\nK\x05\x85\x81.")


@pytest.mark.parametrize("change", [b"K\x03\x85q\x08", b"K\x01\x85q\x08"])
def test_a_shape_with_too_few_or_too_many_bytes_is_refused(change: bytes) -> None:
    assert "announce" in message_of(OF_PYTHON_2.replace(b"K\x02\x85q\x08", change))


def test_strings_of_invalid_characters_are_refused() -> None:
    content = pickle.dumps(np.array(["\U0010ffff"]), 5)
    assert load_pickle(io.BytesIO(content)).tolist() == ["\U0010ffff"]
    beyond = content.replace(b"\xff\xff\x10\x00", b"\x00\x00\x11\x00")
    assert "invalid characters" in message_of(beyond)


def test_registered_extensions_are_refused(tmp_path: Path) -> None:
    copyreg.add_extension("os", "system", 0xE5)
    try:
        touched = tmp_path / "touched"
        content = b"\x80\x02\x82\xe5" + inner(f"touch {touched}") + b"\x85R."
        assert "extension 229" in message_of(content)
        pickle.loads(content)
        assert touched.exists()  # and is remembered by Python's cache of extensions
        touched.unlink()
        assert "extension 229" in message_of(content)
        assert not touched.exists()
    finally:
        copyreg.remove_extension("os", "system", 0xE5)


@pytest.mark.parametrize("content", [b"Pan id\n.", b"\x80\x02K\x01Q."])
def test_persistent_ids_are_refused(content: bytes) -> None:
    assert "persistent id" in message_of(content)


@pytest.mark.parametrize(
    "content",
    [
        b"(ios\nsystem\n.",
        b"(cnumpy\nndarray\no.",
        b"\x80\x02cnumpy\nndarray\n)\x81.",
        b"\x80\x04cnumpy\nndarray\n)}\x92.",
    ],
)
def test_instances_are_refused(content: bytes) -> None:
    assert "an instance of a class" in message_of(content)


def test_a_state_for_anything_but_arrays_and_types_is_refused() -> None:
    assert "a state for" in message_of(b"\x80\x02}}b.")


@pytest.mark.parametrize("kept", [0, 1, 20, 100, -17, -1])
def test_a_truncated_pickle_is_reported_as_damaged(kept: int) -> None:
    assert "damaged or cut short" in message_of(OF_PYTHON_2[:kept])


def test_bytes_after_the_end_are_refused() -> None:
    assert "after its end" in message_of(OF_PYTHON_2 + b"\0")


def test_a_pickle_above_the_limit_is_refused() -> None:
    content = pickle.dumps(np.zeros(100))
    assert load_pickle(io.BytesIO(content), max_bytes=len(content)).shape == (100,)
    with pytest.raises(PpgkdError, match="more than 800 bytes"):
        load_pickle(io.BytesIO(content), max_bytes=800)


@pytest.mark.parametrize(
    "content",
    [
        b"\x80\x02\x8a\x01\x01r\xff\xff\xff\x3f.",  # a place in the memo that C makes room for
        b"\x80\x04\x8e" + struct.pack("<Q", 2**33) + b"abc",
        b"\x80\x04\x95" + struct.pack("<Q", 2**33) + b"abc",
        b"\x80\x05\x96" + struct.pack("<Q", 2**28) + b"abc",  # bytes that Python fills at once
    ],
)
def test_a_few_bytes_take_little_memory(content: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(PpgkdError):
            load_pickle(io.BytesIO(content), max_bytes=2**20)
    except pytest.fail.Exception:
        assert content.startswith(b"\x80\x02")  # this one is a number, and read as such
    finally:
        _, peak_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak_bytes < 2**24  # what is asked for is at least 2**28; Python itself takes some


def test_nested_tuples_as_keys_are_refused_at_once() -> None:
    nested: tuple[Any, ...] = ()
    for _ in range(100):
        nested = (nested, nested)
    assert "a tuple as a key" in message_of(b"\x80\x02}" + inner(nested) + b"Ns.")
