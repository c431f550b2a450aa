"""The files of other projects that the page loads: ONNX Runtime Web and uPlot."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from ppgkd.errors import PpgkdError

PACKAGE = "ppgkd_web"
"""Where ``envs/install_web.py`` puts them, beside the other packages of the environment."""

NOT_INSTALLED = (
    "it needs ONNX Runtime Web and uPlot, which are not installed in this Python environment. "
    "Install them once, where npm's packages can be reached: python envs/install_web.py"
)
"""Why there is no demonstration, and what to do."""


def web_files() -> list[Path]:
    """Find the files.

    Raises
    ------
    PpgkdError
        If they are not installed.
    """
    files = _installed()
    if not files:
        raise PpgkdError(f"The demonstration cannot be made: {NOT_INSTALLED}")
    return files


def has_web_files() -> bool:
    """Whether they are installed."""
    return bool(_installed())


def _installed() -> list[Path]:
    found = find_spec(PACKAGE)
    folders = list(found.submodule_search_locations or ()) if found else []
    files = [file for folder in folders for file in sorted(Path(folder).iterdir())]
    return [file for file in files if file.is_file() and file.suffix not in (".py", ".pyc")]
