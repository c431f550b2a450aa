"""YAML files that a user names: data alone, and of limited size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from ppgkd.errors import PpgkdError

MAX_BYTES = 2**20


def read_plain_yaml(path: str | Path, expected: str) -> dict[str, Any]:
    """Read a file of keys with values by YAML's safe loader, which makes no Python objects.

    Parameters
    ----------
    path
        The file, of 1 MiB at most.
    expected
        What the file should be, for the error message: ``a study, such as those in studies/``.

    Raises
    ------
    PpgkdError
        If it is too large, cannot be read, or does not hold keys with values.
    """
    path = Path(path)
    try:
        n_bytes = path.stat().st_size
        if n_bytes > MAX_BYTES:
            raise PpgkdError(
                f"{path} has {n_bytes:,} bytes; allowed are at most {MAX_BYTES:,}. Name {expected}."
            )
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise PpgkdError(
            f"{path} cannot be read as plain YAML: {error}. Correct it, or name {expected}."
        ) from error
    if not isinstance(content, dict):
        raise PpgkdError(
            f"{path} is of the type {type(content).__name__}, expected keys with values. Name "
            f"{expected}."
        )
    return content
