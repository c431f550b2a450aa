"""A study's file must be data: a template is refused before Snakemake reads it.

Snakemake passes every configuration to YTE, a template language. YTE evaluates Python code in a
file with the key ``__use_yte__``, before the workflow can check anything. ``make`` therefore checks
a study with this module first. Whoever calls Snakemake with a study of others should do so, too:

    python -m ppgkd.study.file study.yaml
"""

from __future__ import annotations

import sys
from pathlib import Path

from ppgkd.errors import PpgkdError
from ppgkd.schema.strict_yaml import read_plain_yaml

_TEMPLATE_KEY = "__use_yte__"


def require_plain(path: str | Path) -> None:
    """Require that a study's file is plain YAML and not a template.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    PpgkdError
        If it cannot be read, is too large, has tags of Python objects, or is a template.
    """
    # Snakemake's loader reads what YAML's safe loader accepts in the same way.
    study = read_plain_yaml(path, "a study, such as those in studies/")
    if _TEMPLATE_KEY in study:
        raise PpgkdError(
            f"{path} has the key {_TEMPLATE_KEY}, with which Snakemake runs Python code that the "
            "file contains; a study must be data. Write the values that the code computes."
        )


def main(path: str) -> int:
    """Check a study; return the exit status."""
    try:
        require_plain(path)
    except PpgkdError as error:
        print(f"ppgkd: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
