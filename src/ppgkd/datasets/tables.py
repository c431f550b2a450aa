"""Reading of tables of numbers as text, with errors that name the file and columns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from ppgkd.errors import PpgkdError, damaged_file


def read_table(path: Path, columns: Sequence[str] = ()) -> pd.DataFrame:
    """Read a table of comma-separated values.

    Parameters
    ----------
    path
        The table, with a header.
    columns
        Columns to keep, which must be of numbers without a gap; none keeps all as they are.

    Raises
    ------
    PpgkdError
        If the file is missing or no table, or if one of the columns is missing, has words in it or
        an empty cell.
    """
    try:
        table = pd.read_csv(path, skipinitialspace=True, index_col=False, encoding="utf-8-sig")
    except OSError as error:
        raise PpgkdError(
            f"{path}: the file cannot be opened ({error.strerror}). "
            "If it is missing, run again: it will be downloaded."
        ) from error
    except (ValueError, UnicodeDecodeError) as error:  # the parser's errors are ValueErrors
        raise damaged_file(f"{path}: this is not a table ({error})") from error
    table.columns = [str(name).strip() for name in table.columns]
    missing = [name for name in columns if name not in table]
    if missing:
        raise damaged_file(
            f"{path}: the columns {', '.join(missing)} are missing; found "
            f"{', '.join(table.columns)}"
        )
    words = [name for name in columns if table[name].dtype.kind not in "iuf"]
    if words:
        raise damaged_file(f"{path}: {', '.join(words)} holds no numbers")
    empty = [name for name in columns if table[name].isna().any()]
    if empty:
        raise damaged_file(f"{path}: {', '.join(empty)} has empty cells")
    return table[list(columns)] if columns else table
