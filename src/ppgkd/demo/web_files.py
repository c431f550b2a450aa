"""The files of other projects that the page loads: ONNX Runtime Web and uPlot."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from ppgkd.errors import PpgkdError

PACKAGE = "ppgkd_web"
"""Where ``envs/install_web.py`` puts them, beside the other packages of the environment."""


def web_files() -> list[Path]:
    """Find the files.

    Raises
    ------
    PpgkdError
        If they are not installed.
    """
    found = find_spec(PACKAGE)
    folders = list(found.submodule_search_locations or ()) if found else []
    files = [file for folder in folders for file in sorted(Path(folder).iterdir())]
    files = [file for file in files if file.is_file() and file.suffix not in (".py", ".pyc")]
    if not files:
        raise PpgkdError(
            "The demonstration needs ONNX Runtime Web and uPlot, which are not installed in this "
            "Python environment. Install them once, with network: python envs/install_web.py"
        )
    return files
