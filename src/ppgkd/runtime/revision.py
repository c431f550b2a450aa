"""The revision of the code."""

from __future__ import annotations

import subprocess
from pathlib import Path

import ppgkd


def code_revision() -> str:
    """Git revision of the code, marked when the working tree differs; else the version.

    Code that is installed inside another project's repository does not have that one's revision.
    """
    folder = Path(ppgkd.__file__).parent
    try:
        _git(folder, "ls-files", "--error-unmatch", "__init__.py")
        return _git(folder, "describe", "--always", "--dirty", "--abbrev=12").strip()
    except (OSError, subprocess.CalledProcessError):
        return f"version {ppgkd.__version__}, not under version control"


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
