"""Who is at work in a folder, so that what a killed run left locked is told from what is in use.

Snakemake locks files by files of its own, which stay when it is killed: the next run is refused.
The kernel's locks end with the process that holds them, however it ends. Every run and every job
holds one; a run that finds itself alone takes away what a killed one left.
"""

from __future__ import annotations

import fcntl
import logging
import platform
from pathlib import Path
from typing import TextIO

log = logging.getLogger(__name__)

RUNS = "ppgkd.runs"
"""File that every run holds; it names the machine of the last that was alone."""
JOBS = "ppgkd.jobs"
"""File that every job holds: jobs live on where Snakemake alone is killed."""


def acquire_run_lock(folder: str | Path) -> TextIO | None:
    """Note that a run is at work, and take away the locks of runs that were killed.

    If jobs of a killed run are still at work, they are waited for: they would compete with their
    own successors. Locks are left as they are where another run is alive, where the last run was
    on another machine (not every shared file system knows of the kernel's locks on others), and
    where the file system has no such locks; Snakemake then says what to do.

    Parameters
    ----------
    folder
        Where Snakemake keeps its state, ``.snakemake``.

    Returns
    -------
    file
        To be kept open as long as the run lasts.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    runs = (folder / RUNS).open("a+", encoding="utf-8")
    left = [*(folder / "locks").glob("*.lock")]
    if _lock(runs, fcntl.LOCK_EX | fcntl.LOCK_NB) and _same_machine(runs, bool(left)):
        if left:
            _wait_for_jobs(folder / JOBS)
        for path in left:
            path.unlink(missing_ok=True)
        if left:
            log.warning("An earlier run was killed here; this one goes on where it ended.")
    return runs if _lock(runs, fcntl.LOCK_SH) else None


def acquire_job_lock(folder: str | Path) -> TextIO | None:
    """Note that a job is at work, as long as the file that is returned is open.

    Outside of a workflow, where there is no such folder, nothing is noted.
    """
    if not Path(folder).is_dir():
        return None
    jobs = (Path(folder) / JOBS).open("a", encoding="utf-8")
    return jobs if _lock(jobs, fcntl.LOCK_SH) else None


def _same_machine(runs: TextIO, anything_left: bool) -> bool:
    """Whether the last run was here; where it left nothing behind, this one takes its place."""
    runs.seek(0)
    last, here = runs.read(), platform.node()
    if last != here and not anything_left:
        runs.truncate(0)
        runs.write(here)
        runs.flush()
        return True
    return last == here


def _wait_for_jobs(path: Path) -> None:
    with path.open("a", encoding="utf-8") as jobs:
        if not _lock(jobs, fcntl.LOCK_EX | fcntl.LOCK_NB):
            log.warning("Jobs of a run that was killed are still at work here: waiting for them.")
            _lock(jobs, fcntl.LOCK_EX)


def _lock(file: TextIO, kind: int) -> bool:
    """Take or change a lock of the kernel; false where another process's is in the way."""
    try:
        fcntl.flock(file, kind)
    except OSError as error:  # also where the file system has no such locks
        log.debug("%s: %s", file.name, error)
        return False
    return True
