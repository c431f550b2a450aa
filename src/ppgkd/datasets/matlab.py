"""Numeric variables of MATLAB files, with an error that says what is wrong with the file."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.io import loadmat

from ppgkd.errors import PpgkdError

DOWNLOAD_ANEW = "Delete it and run again: it will be downloaded anew."


def read_matrix(
    path: Path, variable: str, allowed_rows: tuple[int, ...], min_columns: int
) -> NDArray[Any]:
    """Read one matrix with a row per channel.

    Parameters
    ----------
    path
        The MATLAB file (before version 7.3).
    variable
        Its name in the file.
    allowed_rows
        The numbers of rows that it may have.
    min_columns
        The least number of columns.

    Returns
    -------
    NDArray
        Shape ``(n_rows, n_columns)``, in the type of the file: integer or floating point.

    Raises
    ------
    PpgkdError
        If the file or the variable cannot be read or has another shape.
    """
    matrix = _read_variable(path, variable)
    if matrix.ndim != 2 or len(matrix) not in allowed_rows or matrix.shape[1] < min_columns:
        shapes = " or ".join(f"({n_rows}, N)" for n_rows in allowed_rows)
        raise PpgkdError(
            f"{path}: {variable} has the shape {matrix.shape}, "
            f"expected {shapes} with N at least {min_columns}. {DOWNLOAD_ANEW}"
        )
    return matrix


def read_vector(path: Path, variable: str) -> NDArray[Any]:
    """Read one row or column of numbers.

    Parameters
    ----------
    path
        The MATLAB file (before version 7.3).
    variable
        Its name in the file.

    Returns
    -------
    NDArray
        Shape ``(n,)``, in the type of the file: integer or floating point.

    Raises
    ------
    PpgkdError
        If the file or the variable cannot be read or has another shape.
    """
    vector = _read_variable(path, variable)
    if vector.ndim != 2 or 1 not in vector.shape:
        raise PpgkdError(
            f"{path}: {variable} has the shape {vector.shape}, "
            f"expected (N, 1) or (1, N) with N at least 1. {DOWNLOAD_ANEW}"
        )
    return vector.ravel()


def _read_variable(path: Path, variable: str) -> NDArray[Any]:
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
            raise PpgkdError(
                f"{path}: {variable} cannot be read, the file is damaged or no MATLAB file "
                f"({type(error).__name__}: {error}). {DOWNLOAD_ANEW}"
            ) from error
    value = content.get(variable)
    if value is None:
        raise PpgkdError(f"{path}: the variable {variable} is missing. {DOWNLOAD_ANEW}")
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "iuf":
        raise PpgkdError(
            f"{path}: {variable} is of the type {getattr(value, 'dtype', type(value).__name__)}, "
            f"expected integers or floating-point numbers. {DOWNLOAD_ANEW}"
        )
    return value
