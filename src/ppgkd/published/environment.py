"""The environment of a published model, made by `make` where a study first asks for it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from ppgkd.errors import PpgkdError

SHOWN = 3
"""Lines of an error that the message repeats; the log has all."""


def make_environment(project: Path, target: str, python: str, log: Path) -> None:
    """Make an environment.

    Parameters
    ----------
    project
        Folder of the Makefile.
    target
        File below it that stands for the finished environment, ``.venv-name/installed``.
    python
        Interpreter to make it from.
    log
        What `make` and pip print.

    Raises
    ------
    PpgkdError
        If it cannot be made; the message says what is missing.
    """
    command = ["make", "--directory", str(project), f"PYTHON={python}", target]
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
    except FileNotFoundError as error:
        raise PpgkdError(
            f"The environment {Path(target).parent} cannot be made without 'make', which is not "
            "installed. Install it, or run Snakemake with --software-deployment-method conda."
        ) from error
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as file:
        file.write(done.stdout)
    if done.returncode:
        raise PpgkdError(
            f"The environment {Path(target).parent}, which a published teacher needs, could not be "
            f"made: {_reason(done.stdout)} What does not need this teacher goes on. Correct the "
            f"cause and run the study again, or take the teacher out of 'teachers.published'; all "
            f"that was printed is in {log}."
        )


def _reason(printed: str) -> str:
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")] or lines
    return " ".join(errors[-SHOWN:]) or "nothing was printed."
