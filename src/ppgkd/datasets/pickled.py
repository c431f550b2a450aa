"""Pickles of arrays, lists and dictionaries, as PPG-DaLiA and WESAD are published.

A pickle is a program: Python's own unpickler calls every function that the pickle names. This one
knows the few names that arrays need (`find_class`), and replaces each by a function of this module
that makes an array from checked parts. It does not call NumPy's functions: NumPy trusts a pickled
dtype, which may place a pointer over raw bytes.

An allow-list in `find_class` alone is not enough, so this is built on the standard library's
unpickler in Python and overrides single instructions. The unpickler in C reserves tens of gigabytes
for an instruction of five bytes, hashes tuples in tuples for ever, and gives a forged state to
NumPy's own dtype. `pickletools.genops`, which is public, does not read the strings of Python 2 in
protocol 0. Arrays are one instruction each, so Python is fast enough.
"""

from __future__ import annotations

import math
import pickle
import re
import struct
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, NoReturn, cast

import numpy as np
from numpy.typing import NDArray

from ppgkd.errors import PpgkdError, damaged_file

MAX_PICKLE_BYTES = 4 * 2**30
"""Four times the largest file of WESAD."""

_DTYPE_NAME = re.compile(r"[<>|=]?(?:b1|[iu][1248]|f[248]|c8|c16|[SU][0-9]{1,6}|O8?|O4)")
_NDARRAY = object()
"""Placeholder for NumPy's class, which would reserve memory of any size if it were called."""

_KEY_TYPES = (str, bytes, int, float, complex, type(None), np.generic)  # bool is an int

_ALLOWED = "NumPy arrays and numbers, dict, list, tuple, set, str, bytes, numbers and None"


def load_pickle(file: str | Path | BinaryIO, max_bytes: int = MAX_PICKLE_BYTES) -> Any:
    """Load a pickle of arrays and plain containers, and refuse every other pickle.

    Strings that Python 2 wrote become ``str`` with one character for each byte.

    Parameters
    ----------
    file
        Its path, or the open file, which is read to its end.
    max_bytes
        Largest size that is read.

    Returns
    -------
    Any
        ``dict``, ``list``, ``tuple``, ``set``, ``frozenset``, ``str``, ``bytes``, ``bytearray``,
        numbers, ``None``, NumPy's arrays, numbers and dtypes, nested in each other. Keys and
        elements of sets are never tuples.

    Raises
    ------
    PpgkdError
        If it names anything else, is too large, damaged, or followed by other bytes.
    """
    if isinstance(file, str | Path):
        file = Path(file)
        try:
            opened = file.open("rb")
        except OSError as error:
            raise PpgkdError(
                f"{file}: the file cannot be opened ({error.strerror}). "
                "If it is missing, run again: it will be downloaded."
            ) from error
        with opened:
            return load_pickle(opened, max_bytes)
    label = str(getattr(file, "name", "the pickle"))
    bounded = _Bounded(file, label, max_bytes)
    try:
        content = _PlainUnpickler(bounded, label).load()
        # read to the end, where a member of an archive compares its checksum
        rest = bounded.read_some()
    except PpgkdError:
        raise
    except Exception as error:  # a damaged pickle can raise almost any exception
        raise damaged_file(
            f"{label}: the pickle cannot be read, it is damaged or cut short "
            f"({type(error).__name__}: {error})"
        ) from error
    if rest:
        raise damaged_file(f"{label}: the pickle has bytes after its end")
    return content


class _Bounded:
    """A file that returns all requested bytes, up to a limit, or raises an error."""

    def __init__(self, file: BinaryIO, label: str, max_bytes: int) -> None:
        self._file = file
        self._label = label
        self._max_bytes = max_bytes
        self._left = max_bytes

    def read(self, n_bytes: int) -> bytes:
        self._require(n_bytes)
        block = self._file.read(n_bytes)
        if len(block) < n_bytes:
            raise EOFError(f"it announces {n_bytes} bytes, {len(block)} are left")
        self._left -= n_bytes
        return block

    def read_some(self) -> bytes:
        return self._file.read(1)

    def readline(self) -> bytes:
        line = self._file.readline(self._left + 1)
        self._require(len(line))
        if not line.endswith(b"\n"):
            raise EOFError("it ends within a line")
        self._left -= len(line)
        return line

    def _require(self, n_bytes: int) -> None:
        if n_bytes > self._left:
            raise damaged_file(
                f"{self._label}: the pickle contains or announces more than {self._max_bytes:,} "
                "bytes, which is the limit"
            )


_UnpicklerInPython: Any = pickle._Unpickler  # the library's type hints lack its methods


class _PlainUnpickler(_UnpicklerInPython):  # type: ignore[misc]
    """An unpickler that calls only functions of this module."""

    dispatch: ClassVar[dict[int, Callable[[Any], None]]] = dict(_UnpicklerInPython.dispatch)

    def __init__(self, file: _Bounded, label: str) -> None:
        super().__init__(file, encoding="latin1")
        self._label = label

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _STAND_INS:
            raise self._refusal(f"{module}.{name}")
        return _STAND_INS[module, name]

    def get_extension(self, code: int) -> NoReturn:
        raise self._refusal(f"the registered extension {code}")

    def persistent_load(self, pid: object) -> NoReturn:
        raise self._refusal("a persistent id")

    def _refuse_instance(self) -> NoReturn:
        raise self._refusal("an instance of a class")

    for _opcode in (pickle.INST, pickle.OBJ, pickle.NEWOBJ, pickle.NEWOBJ_EX):
        dispatch[_opcode[0]] = _refuse_instance

    def load_build(self) -> None:
        state = self.stack.pop()
        built: Any = self.stack[-1]
        if type(built) is np.ndarray:
            built.__setstate__(_array_state(*state))
        elif isinstance(built, np.dtype):
            cast(Any, built).__setstate__(_dtype_state(built, *state))
        else:
            raise self._refusal(f"a state for {type(built).__name__}")

    dispatch[pickle.BUILD[0]] = load_build

    def load_bytearray8(self) -> None:
        """Read the bytes that there are; Python first reserves as many as are announced."""
        (n_bytes,) = struct.unpack("<Q", self.read(8))
        self.append(bytearray(self.read(n_bytes)))

    dispatch[pickle.BYTEARRAY8[0]] = load_bytearray8

    # Keys are hashed, and to hash tuples in tuples of a few hundred bytes takes for ever.

    def load_dict(self) -> None:
        _require_keys(self.stack[::2])
        super().load_dict()

    def load_setitem(self) -> None:
        _require_keys(self.stack[-2:-1])
        super().load_setitem()

    def load_setitems(self) -> None:
        _require_keys(self.stack[::2])
        super().load_setitems()

    def load_additems(self) -> None:
        _require_keys(self.stack)
        super().load_additems()

    def load_frozenset(self) -> None:
        _require_keys(self.stack)
        super().load_frozenset()

    dispatch[pickle.DICT[0]] = load_dict
    dispatch[pickle.SETITEM[0]] = load_setitem
    dispatch[pickle.SETITEMS[0]] = load_setitems
    dispatch[pickle.ADDITEMS[0]] = load_additems
    dispatch[pickle.FROZENSET[0]] = load_frozenset

    def _refusal(self, what: str) -> PpgkdError:
        return damaged_file(f"{self._label}: the pickle asks for {what}; allowed are {_ALLOWED}")


def _require_keys(keys: Iterable[object]) -> None:
    for key in keys:
        if not isinstance(key, _KEY_TYPES):
            raise TypeError(f"a {type(key).__name__} as a key or an element of a set")


def _reconstruct(kind: object, shape: tuple[int, ...], type_code: object) -> NDArray[Any]:
    """Make the empty array that a state fills later; NumPy writes no other array here."""
    if kind is not _NDARRAY or shape != (0,):
        raise ValueError(f"an array of shape {shape}, expected an empty one")
    return np.empty(0, np.int8)


def _dtype(name: object, align: object = False, copy: object = False) -> np.dtype[Any]:
    """Make a dtype of numbers, strings or objects; refuse others, such as records."""
    if not isinstance(name, str) or not _DTYPE_NAME.fullmatch(name):
        raise ValueError(f"an array of the type {name!r}")
    # a copy, because a state changes it in place
    return np.dtype("O" if "O" in name else name, copy=True)


def _dtype_state(dtype: np.dtype[Any], version: int, order: str, *rest: object) -> tuple[Any, ...]:
    """Take the byte order from a pickled state, and the rest from the dtype itself."""
    if order not in ("<", ">", "|", "="):
        raise ValueError(f"the byte order {order!r}")
    own = dtype.newbyteorder(order).__reduce__()[2]  # type: ignore[arg-type]
    assert isinstance(own, tuple)
    return own


def _array_state(
    version: int, shape: tuple[int, ...], dtype: np.dtype[Any], in_fortran_order: bool, raw: Any
) -> tuple[Any, ...]:
    return (1, shape, dtype, bool(in_fortran_order), _checked_items(shape, dtype, raw))


def _frombuffer(
    buffer: bytes | bytearray, dtype: np.dtype[Any], shape: tuple[int, ...], order: str
) -> NDArray[Any]:
    items = _checked_items(shape, dtype, buffer)
    return np.frombuffer(items, dtype).reshape(shape, order="F" if order == "F" else "C")


def _scalar(dtype: np.dtype[Any], raw: bytes | str) -> Any:
    return np.frombuffer(_checked_items((), dtype, raw), dtype)[0]


def _checked_items(shape: tuple[int, ...], dtype: np.dtype[Any], raw: Any) -> Any:
    """Require as many items as a shape announces, so that no memory is reserved for others."""
    if not isinstance(dtype, np.dtype):
        raise ValueError(f"the dtype {dtype!r}")
    if not isinstance(shape, tuple) or any(type(n) is not int or n < 0 for n in shape):
        raise ValueError(f"the shape {shape!r}")
    if isinstance(raw, str):
        raw = raw.encode("latin1")
    is_of_objects = dtype.kind == "O"
    if not isinstance(raw, list if is_of_objects else bytes | bytearray):
        raise ValueError(f"items of an array as {type(raw).__name__}")
    announced = math.prod(shape) * (1 if is_of_objects else dtype.itemsize)
    if announced != len(raw):
        raise ValueError(
            f"shape {shape} and type {dtype} announce {announced} items or bytes, found {len(raw)}"
        )
    if dtype.kind == "U":
        characters = np.frombuffer(bytes(raw), np.dtype("u4").newbyteorder(dtype.byteorder))
        if characters.max(initial=0) > sys.maxunicode:
            raise ValueError("a string of invalid characters")
    return raw


def _encode(text: str, encoding: str) -> bytes:
    """Make bytes, which Python 3 writes as encoded text in protocols for Python 2."""
    if encoding not in ("latin1", "latin-1"):
        raise ValueError(f"the encoding {encoding!r}")
    return text.encode("latin1")


def _no_bytes() -> bytes:
    return b""


def _set(items: list[Any]) -> set[Any]:
    _require_keys(items)
    return set(items)


def _frozenset(items: list[Any]) -> frozenset[Any]:
    return frozenset(_set(items))


def _complex(real: float, imaginary: float) -> complex:
    return complex(real, imaginary)


def _numpy_names() -> dict[tuple[str, str], Any]:
    stand_ins: dict[str, dict[str, Callable[..., Any]]] = {
        "multiarray": {"_reconstruct": _reconstruct, "scalar": _scalar},
        "numeric": {"_frombuffer": _frombuffer},
    }
    return {
        (f"numpy.{core}.{module}", name): stand_in
        for core in ("core", "_core")  # NumPy 1 and 2
        for module, names in stand_ins.items()
        for name, stand_in in names.items()
    }


def _builtin_names() -> dict[tuple[str, str], Any]:
    stand_ins = {"set": _set, "frozenset": _frozenset, "complex": _complex, "bytes": _no_bytes}
    return {
        (module, name): stand_in
        for module in ("builtins", "__builtin__")  # Python 3 and 2
        for name, stand_in in stand_ins.items()
    }


_STAND_INS: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): _NDARRAY,
    ("numpy", "dtype"): _dtype,
    **_numpy_names(),
    **_builtin_names(),
    ("_codecs", "encode"): _encode,
}
