"""A study's file is data: one that is a program is refused before Snakemake reads it.

Snakemake gives every configuration to YTE, a template language: in a file that says ``__use_yte__``
it evaluates Python, before the workflow has a say. ``make`` looks at a study by this module first;
who calls Snakemake with a study of others should do so, too.

    python -m ppgkd.study.file study.yaml
"""

from __future__ import annotations

import sys
from pathlib import Path

from ppgkd.errors import PpgkdError
from ppgkd.schema.strict_yaml import read_plain_yaml

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
    # What YAML's safe loader takes, Snakemake's loader reads in the same way.
    study = read_plain_yaml(path, "a study, such as those in studies/")
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
