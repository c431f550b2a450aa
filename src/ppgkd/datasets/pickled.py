"""Pickles of arrays, lists and dictionaries, as PPG-DaLiA and WESAD are published.

A pickle is a program: Python's own unpickler calls whatever it names. This one knows the few names
that arrays need, and for each it has a function of its own, which makes an array from checked
parts. NumPy's functions are not called: a dtype from a pickle may place a pointer over raw bytes,
and NumPy believes it.

It is built on the unpickler that the standard library has in Python, not on that in C: in C one
instruction of five bytes reserves and fills tens of gigabytes, and what is refused here, in
`load_build` and others, cannot be replaced there. Arrays are one instruction each, so it is fast
enough.
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
"""Stands for NumPy's class, which would reserve memory of any size if it were called."""

_KEY_TYPES = (str, bytes, int, float, complex, type(None), np.generic)  # bool is an int

_ALLOWED = "NumPy arrays and numbers, dict, list, tuple, set, str, bytes, numbers and None"


def load_pickle(file: str | Path | BinaryIO, max_bytes: int = MAX_PICKLE_BYTES) -> Any:
    """Load a pickle that holds arrays and plain containers, and refuse every other one.

    Strings that Python 2 has written become ``str``, one character for each byte.

    Parameters
    ----------
    file
        Its path, or the file itself, which is read to its end.
    max_bytes
        Size up to which it is read.

    Returns
    -------
    Any
        ``dict``, ``list``, ``tuple``, ``set``, ``frozenset``, ``str``, ``bytes``, ``bytearray``,
        numbers, ``None``, NumPy's arrays, numbers and dtypes, in each other. Keys and elements of
        sets are no tuples.

    Raises
    ------
    PpgkdError
        If it names anything else, is larger, cut short, altered, or followed by something.
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
        # To the end, where a member of an archive compares its checksum.
        rest = bounded.read_some()
    except PpgkdError:
        raise
    except Exception as error:  # an altered program fails in almost any way
        raise damaged_file(
            f"{label}: the pickle cannot be read, it is damaged or cut short "
            f"({type(error).__name__}: {error})"
        ) from error
    if rest:
        raise damaged_file(f"{label}: the pickle has bytes after its end")
    return content


class _Bounded:
    """A file that gives what is asked for, up to a limit, or an error."""

    def __init__(self, file: BinaryIO, label: str, max_bytes: int) -> None:
        self._file = file
        self._label = label
        self._max_bytes = max_bytes
        self._left = max_bytes

    def read(self, n_bytes: int) -> bytes:
        self._require(n_bytes)
        block = self._file.read(n_bytes)
        if len(block) < n_bytes:
            raise EOFError(f"{n_bytes} bytes are announced, {len(block)} are left")
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
                f"{self._label}: the pickle holds or announces more than {self._max_bytes:,} "
                "bytes; allowed are at most so many"
            )


_UnpicklerInPython: Any = pickle._Unpickler  # whose methods the types of the library do not know


class _PlainUnpickler(_UnpicklerInPython):  # type: ignore[misc]
    """An unpickler that calls the functions of this module and nothing else."""

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
        """Read what is there, where Python first fills as many bytes as are announced."""
        (n_bytes,) = struct.unpack("<Q", self.read(8))
        self.append(bytearray(self.read(n_bytes)))

    dispatch[pickle.BYTEARRAY8[0]] = load_bytearray8

    # Tuples as keys would be hashed: of tuples in tuples, a few hundred bytes take for ever.

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
    """Make the empty array which a state will fill; NumPy writes no other here."""
    if kind is not _NDARRAY or shape != (0,):
        raise ValueError(f"an array of shape {shape} where an empty one belongs")
    return np.empty(0, np.int8)


def _dtype(name: object, align: object = False, copy: object = False) -> np.dtype[Any]:
    """Make a dtype of numbers, strings or objects; others, such as records, are refused."""
    if not isinstance(name, str) or not _DTYPE_NAME.fullmatch(name):
        raise ValueError(f"an array of the type {name!r}")
    # A state changes it in place: it has to be a copy.
    return np.dtype("O" if "O" in name else name, copy=True)


def _dtype_state(dtype: np.dtype[Any], version: int, order: str, *rest: object) -> tuple[Any, ...]:
    """Take the byte order of a pickled state, and the rest from the dtype itself."""
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
    """Require that the items that a shape announces are there: no memory is reserved else."""
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
            f"shape {shape} and type {dtype} announce {announced}, found {len(raw)} items or bytes"
        )
    if dtype.kind == "U":
        characters = np.frombuffer(bytes(raw), np.dtype("u4").newbyteorder(dtype.byteorder))
        if characters.max(initial=0) > sys.maxunicode:
            raise ValueError("a string of what are no characters")
    return raw


def _encode(text: str, encoding: str) -> bytes:
    """Bytes as Python 3 writes them for Python 2."""
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
