"""The files of the page, which are copied as they are."""

from __future__ import annotations

import shutil
from importlib.resources import files
from pathlib import Path


def copy_page(folder: str | Path) -> None:
    """Copy the page's files to a new folder."""
    here = str(files("ppgkd.demo.page"))
    shutil.copytree(here, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
