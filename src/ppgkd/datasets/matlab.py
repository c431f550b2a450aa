"""Reading of numeric variables of MATLAB files, with errors that name the file and variable."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.io import loadmat

from ppgkd.errors import PpgkdError, damaged_file


def read_matrix(
    path: Path, variable: str, allowed_rows: tuple[int, ...], min_columns: int
) -> NDArray[Any]:
    """Read one matrix with a row per channel.

    Parameters
    ----------
    path
        The MATLAB file (before version 7.3).
    variable
        Name of the variable in the file.
    allowed_rows
        Allowed numbers of rows.
    min_columns
        Smallest allowed number of columns.

    Returns
    -------
    NDArray
        Shape ``(n_rows, n_columns)``, with the file's type: integer or floating point.

    Raises
    ------
    PpgkdError
        If the file or the variable cannot be read or has another shape.
    """
    matrix = _read_numbers(path, variable)
    if matrix.ndim != 2 or len(matrix) not in allowed_rows or matrix.shape[1] < min_columns:
        shapes = " or ".join(f"({n_rows}, N)" for n_rows in allowed_rows)
        raise damaged_file(
            f"{path}: {variable} has the shape {matrix.shape}, "
            f"expected {shapes} with N at least {min_columns}"
        )
    return matrix


def read_vector(path: Path, variable: str) -> NDArray[Any]:
    """Read a row or column vector.

    Parameters
    ----------
    path
        The MATLAB file (before version 7.3).
    variable
        Name of the variable in the file.

    Returns
    -------
    NDArray
        Shape ``(n,)``, with the file's type: integer or floating point.

    Raises
    ------
    PpgkdError
        If the file or the variable cannot be read or has another shape.
    """
    vector = _read_numbers(path, variable)
    if vector.ndim != 2 or 1 not in vector.shape:
        raise damaged_file(
            f"{path}: {variable} has the shape {vector.shape}, "
            "expected (N, 1) or (1, N) with N at least 1"
        )
    return vector.ravel()


def read_signals(
    path: Path, variable: str, names: Sequence[str]
) -> dict[str, tuple[NDArray[Any], float]]:
    """Read signals from a structure whose fields are structures with values ``v`` and rate ``fs``.

    Parameters
    ----------
    path
        The MATLAB file (before version 7.3).
    variable
        Name of the outer structure in the file.
    names
        Fields to read.

    Returns
    -------
    dict
        For each name its values, shape ``(n,)``, with the file's type, and its rate in Hz.

    Raises
    ------
    PpgkdError
        If the file, the variable or a field cannot be read, or has another structure.
    """
    outer = _single(_read_variable(path, variable), path, variable)
    signals = {}
    for name in names:
        where = f"{variable}.{name}"
        inner = _single(_field(outer, name, path, where), path, where)
        values = _numbers(_field(inner, "v", path, f"{where}.v"), path, f"{where}.v").ravel()
        rate = _numbers(_field(inner, "fs", path, f"{where}.fs"), path, f"{where}.fs").ravel()
        if len(rate) != 1 or not rate[0] > 0:
            raise damaged_file(
                f"{path}: {where}.fs is {rate[:5].tolist()}, expected one rate in Hz"
            )
        signals[name] = (values, float(rate[0]))
    return signals


def _single(value: Any, path: Path, where: str) -> Any:
    """Return the only element of a structure array."""
    names = getattr(getattr(value, "dtype", None), "names", None)
    if names is None or value.size != 1:
        raise damaged_file(
            f"{path}: {where} is of the type {getattr(value, 'dtype', type(value).__name__)} and "
            f"the shape {np.shape(value)}, expected one structure"
        )
    return value.reshape(-1)[0]


def _field(structure: Any, name: str, path: Path, where: str) -> Any:
    if name not in structure.dtype.names:
        raise damaged_file(f"{path}: {where} is missing; found {', '.join(structure.dtype.names)}")
    return structure[name]


def _read_numbers(path: Path, variable: str) -> NDArray[Any]:
    return _numbers(_read_variable(path, variable), path, variable)


def _read_variable(path: Path, variable: str) -> Any:
    try:
        file = path.open("rb")
    except OSError as error:
        raise PpgkdError(
            f"{path}: the file cannot be opened ({error.strerror}). "
            "If it is missing, run again: it will be downloaded."
        ) from error
    with file:
        try:
            content = loadmat(file, variable_names=[variable])
        except Exception as error:  # damaged bytes make SciPy's parser raise almost anything
            raise damaged_file(
                f"{path}: {variable} cannot be read, the file is damaged or no MATLAB file "
                f"({type(error).__name__}: {error})"
            ) from error
    value = content.get(variable)
    if value is None:
        raise damaged_file(f"{path}: the variable {variable} is missing")
    return value


def _numbers(value: Any, path: Path, variable: str) -> NDArray[Any]:
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "iuf":
        raise damaged_file(
            f"{path}: {variable} is of the type {getattr(value, 'dtype', type(value).__name__)}, "
            "expected integers or floating-point numbers"
        )
    return value
