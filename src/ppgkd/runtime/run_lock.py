"""Run locks, which tell what a killed run left locked from what is still in use.

Snakemake locks files by files of its own. They remain when it is killed, and the next run is
refused. The kernel's locks end with the process that holds them, however it ends. So every run and
every job holds one, and a run that finds itself alone removes the lock files of a killed one.

The locks are taken by `fcntl` and not by filelock: its `FileLock` cannot be shared, and its
`ReadWriteLock` is a SQLite database that cannot turn an exclusive lock into a shared one.
"""

from __future__ import annotations

import fcntl
import logging
import platform
from pathlib import Path
from typing import TextIO

log = logging.getLogger(__name__)

RUNS = "ppgkd.runs"
"""File that every run locks; it contains the name of the machine of the last run that was alone."""
JOBS = "ppgkd.jobs"
"""File that every job locks: jobs go on when Snakemake alone is killed."""


def acquire_run_lock(folder: str | Path) -> TextIO | None:
    """Lock a folder for a run, and remove the lock files of runs that were killed.

    If jobs of a killed run are still running, this waits for them: the new run would start the same
    jobs again. Lock files remain if another run is alive, if the last run was on another machine
    (some shared file systems do not pass the kernel's locks on to other machines), and if the file
    system has no such locks. Snakemake then says what to do.

    Parameters
    ----------
    folder
        Where Snakemake keeps its state, ``.snakemake``.

    Returns
    -------
    file or None
        The lock, to be kept open as long as the run lasts; None if the file system has no locks.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    runs = (folder / RUNS).open("a+", encoding="utf-8")
    lock_files = [*(folder / "locks").glob("*.lock")]
    if _lock(runs, fcntl.LOCK_EX | fcntl.LOCK_NB) and _is_same_machine(runs, bool(lock_files)):
        if lock_files:
            _wait_for_jobs(folder / JOBS)
        for path in lock_files:
            path.unlink(missing_ok=True)
        if lock_files:
            log.warning("An earlier run was killed here. This run continues where it stopped.")
    return runs if _lock(runs, fcntl.LOCK_SH) else None


def acquire_job_lock(folder: str | Path) -> TextIO | None:
    """Lock a folder for a job, as long as the file that is returned is open.

    Outside of a workflow, where there is no such folder, nothing is locked.
    """
    if not Path(folder).is_dir():
        return None
    jobs = (Path(folder) / JOBS).open("a", encoding="utf-8")
    return jobs if _lock(jobs, fcntl.LOCK_SH) else None


def _is_same_machine(runs: TextIO, has_lock_files: bool) -> bool:
    """Whether the last run was on this machine. A last run without lock files does not matter."""
    runs.seek(0)
    last, here = runs.read(), platform.node()
    if last != here and not has_lock_files:
        runs.truncate(0)
        runs.write(here)
        runs.flush()
        return True
    return last == here


def _wait_for_jobs(path: Path) -> None:
    with path.open("a", encoding="utf-8") as jobs:
        if not _lock(jobs, fcntl.LOCK_EX | fcntl.LOCK_NB):
            log.warning("Jobs of a run that was killed are still running. Waiting for them to end.")
            _lock(jobs, fcntl.LOCK_EX)


def _lock(file: TextIO, kind: int) -> bool:
    """Take or change a lock of the kernel; False if another process's lock prevents it."""
    try:
        fcntl.flock(file, kind)
    except OSError as error:  # also where the file system has no such locks
        log.debug("%s: %s", file.name, error)
        return False
    return True
