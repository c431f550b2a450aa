"""The lock files of a killed run are removed, and no others."""

import fcntl
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ppgkd.runtime.run_lock import JOBS, RUNS, acquire_job_lock, acquire_run_lock

HOLD = """
import sys, time
from ppgkd.runtime.run_lock import acquire_job_lock, acquire_run_lock
file = {"run": acquire_run_lock, "job": acquire_job_lock}[sys.argv[1]](sys.argv[2])
print("at work", flush=True)
time.sleep(600)
"""


@contextmanager
def another(kind: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that is a run, or a job, until it is killed."""
    command = [sys.executable, "-c", HOLD, kind, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "at work\n"
        yield process
        process.kill()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / ".snakemake"


def lock_files(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "locks").glob("*"))


def leave_locks(folder: Path) -> None:
    (folder / "locks").mkdir(parents=True, exist_ok=True)
    for name in ("0.input.lock", "0.output.lock"):
        (folder / "locks" / name).write_text("results/cells.parquet\n")


def test_lock_files_of_a_killed_run_are_removed(folder: Path) -> None:
    with another("run", folder) as run:
        leave_locks(folder)
        run.kill()
        run.wait()
    assert acquire_run_lock(folder) is not None
    assert lock_files(folder) == []


def test_lock_files_of_a_live_run_remain(folder: Path) -> None:
    with another("run", folder):
        leave_locks(folder)
        assert acquire_run_lock(folder) is not None
        assert lock_files(folder) == ["0.input.lock", "0.output.lock"]


def test_lock_files_remain_as_long_as_any_run_is_alive(folder: Path) -> None:
    """The second joins the first; the third cannot tell whose locks are left."""
    with another("run", folder) as first, another("run", folder):
        leave_locks(folder)
        first.kill()
        first.wait()
        acquire_run_lock(folder)
        assert lock_files(folder) == ["0.input.lock", "0.output.lock"]


def test_lock_files_of_a_run_on_another_machine_remain(folder: Path) -> None:
    """Its file system may not tell this machine of the other's kernel locks."""
    leave_locks(folder)
    (folder / RUNS).write_text("another-machine")
    acquire_run_lock(folder)
    assert lock_files(folder) == ["0.input.lock", "0.output.lock"]


def test_a_run_on_another_machine_without_lock_files_does_not_matter(folder: Path) -> None:
    folder.mkdir()
    (folder / RUNS).write_text("another-machine")
    first = acquire_run_lock(folder)
    assert first is not None
    first.close()
    leave_locks(folder)
    acquire_run_lock(folder)
    assert lock_files(folder) == []


def test_a_run_waits_for_the_jobs_of_a_killed_run(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = acquire_run_lock(folder)
    assert first is not None
    first.close()
    leave_locks(folder)
    with another("job", folder) as job, caplog.at_level(logging.WARNING, "ppgkd"):

        def end_the_job(record: logging.LogRecord) -> bool:
            if "still running. Waiting for them" in record.getMessage():
                assert job.poll() is None
                job.kill()
            return True

        logger = logging.getLogger("ppgkd.runtime.run_lock")
        logger.addFilter(end_the_job)
        try:
            acquire_run_lock(folder)
        finally:
            logger.removeFilter(end_the_job)
        assert job.wait(60) == -signal.SIGKILL
    assert "still running. Waiting for them" in caplog.text
    assert lock_files(folder) == []


def test_a_run_does_not_wait_for_jobs_without_lock_files(folder: Path) -> None:
    with another("run", folder), another("job", folder):
        started_s = time.monotonic()
        acquire_run_lock(folder)
        assert time.monotonic() - started_s < 300, "the job lives for 600 s"


def test_a_job_outside_of_a_workflow_locks_nothing(tmp_path: Path) -> None:
    assert acquire_job_lock(tmp_path / ".snakemake") is None
    assert [*tmp_path.iterdir()] == []


def test_a_finished_job_holds_no_lock(folder: Path) -> None:
    folder.mkdir()
    job = acquire_job_lock(folder)
    assert job is not None
    job.close()
    with (folder / JOBS).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
