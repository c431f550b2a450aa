"""Snakemake in a fork of a process that has imported it, which takes half the time of a new one.

The tests start Snakemake two hundred times, most often only to ask what it would do. The process
that is forked has imported what Snakemake needs, and nothing of this project, whose code differs
between tests. What is not a fork are the jobs, and a Snakemake that is interrupted or killed.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from multiprocessing.connection import wait
from threading import Lock

from snakemake import cli

_ASKING = Lock()
_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(
    [
        *("snakemake.cli", "snakemake.profiles", "snakemake.report.html_reporter"),
        *("snakemake.storage", "smart_open", "requests", "pandas", "pydantic"),
    ]
)


def run_in_fork(
    arguments: Sequence[str], environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run Snakemake with these arguments; return its exit code and all that it prints."""
    with tempfile.NamedTemporaryFile("r", prefix="snakemake-", encoding="utf-8") as output:
        process = _SERVER.Process(target=_main, args=(arguments, dict(environment), output.name))
        # Starting a process asks all others whether they have ended. If two threads ask the same
        # one, the second finds its exit code read already, and takes that for a failure.
        with _ASKING:
            process.start()
        wait([process.sentinel])
        with _ASKING:
            process.join()
        return subprocess.CompletedProcess(arguments, process.exitcode, output.read())


def _main(arguments: Sequence[str], environment: Mapping[str, str], output: str) -> None:
    file = os.open(output, os.O_WRONLY)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["snakemake", *arguments]
    cli.main()
