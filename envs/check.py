"""Whether this Python and this folder will do: asked before anything is installed.

python envs/check.py
"""

import shlex
import sys
from pathlib import Path


def problem(version: "tuple[int, ...]", folder: Path) -> "str | None":
    """What is wrong with a version of Python or with the project's folder, and what to do."""
    if version < (3, 11):
        found = ".".join(map(str, version))
        return f"ppgkd needs Python 3.11 or newer, found {found}. Name one: make PYTHON=python3.11"
    if shlex.quote(str(folder)) != str(folder):
        return (
            f"ppgkd cannot be installed in {str(folder)!r}: Snakemake runs scripts by the path of "
            "the environment, without quotes. Move the project to a folder whose path has no "
            "blanks, quotes or other characters that are special to a shell."
        )
    return None


if __name__ == "__main__":
    sys.exit(problem(sys.version_info[:3], Path(__file__).resolve().parents[1]))
