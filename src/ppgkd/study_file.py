"""A study's file is data: one that is a program is refused before Snakemake reads it.

Snakemake gives every configuration to YTE, a template language: in a file that says ``__use_yte__``
it evaluates Python, before the workflow has a say. ``make`` looks at a study by this module first;
who calls Snakemake with a study of others should do so, too.

    python -m ppgkd.study_file study.yaml
"""

from __future__ import annotations

import sys
from pathlib import Path

import yaml

from ppgkd.errors import PpgkdError

MAX_STUDY_BYTES = 2**20
"""The project's own studies have 2 kB."""

_TEMPLATE_KEY = "__use_yte__"


def require_plain(path: str | Path) -> None:
    """Require that a study's file holds plain YAML and is no template.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    PpgkdError
        If it cannot be read, is large, holds tags that make Python objects, or is a template.
    """
    path = Path(path)
    try:
        n_bytes = path.stat().st_size
        if n_bytes > MAX_STUDY_BYTES:
            raise PpgkdError(
                f"{path}: the study has {n_bytes:,} bytes; allowed are at most "
                f"{MAX_STUDY_BYTES:,}. Name a study, such as those in studies/."
            )
        # What YAML's safe loader takes, Snakemake's loader reads in the same way.
        study = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise PpgkdError(
            f"{path}: the study cannot be read as plain YAML: {error}. Correct it."
        ) from error
    if not isinstance(study, dict):
        raise PpgkdError(
            f"{path}: the study is of the type {type(study).__name__}, expected keys with values. "
            "Name a study, such as those in studies/."
        )
    if _TEMPLATE_KEY in study:
        raise PpgkdError(
            f"{path}: the study says {_TEMPLATE_KEY}, by which Snakemake runs Python code that it "
            "holds; allowed are studies that are data. If you trust it, write out what it computes."
        )


def main(path: str) -> int:
    """Look at a study; return the exit status."""
    try:
        require_plain(path)
    except PpgkdError as error:
        print(f"ppgkd: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
