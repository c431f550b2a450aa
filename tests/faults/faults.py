"""Faults that can happen to a running workflow.

Each fault is a function of a run. When it returns, the run has ended, and the machine is as before,
as a user would have restored it.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from tests.faults.trace import Job, Trace, read_trace
from tests.workflow import Workflow

POLL_S = 0.05
END_S = 3600
"""Time limit of every wait."""


@dataclass(frozen=True)
class Run:
    """A running Snakemake, in a process group of its own, with its output in a file."""

    workflow: Workflow
    process: subprocess.Popen[bytes]
    output: Path
    to_do: frozenset[Job]

    @property
    def text(self) -> str:
        return self.output.read_text(errors="replace")

    @property
    def trace(self) -> Trace:
        return read_trace(self.text)

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None

    def wait(self) -> int:
        """Wait for the end; return the exit code."""
        return self.process.wait(END_S)

    def scripts(self) -> list[psutil.Process]:
        """Return the processes of the running jobs."""
        with suppress(psutil.NoSuchProcess):
            children = psutil.Process(self.process.pid).children(recursive=True)
            return [child for child in children if _is_job(child)]
        return []


def start(
    workflow: Workflow,
    output: Path,
    *targets: str,
    to_do: frozenset[Job] = frozenset(),
    prefix: tuple[str, ...] = (),
) -> Run:
    """Start Snakemake as from a terminal: signals of its process group reach it and its jobs."""
    with output.open("wb") as file:
        process = subprocess.Popen(
            [*prefix, *workflow.command(*targets, cores=2)],
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # processes that a shell starts in the background, and their children, ignore SIGINT
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            env={**os.environ, "PPGKD_MIRROR": ""},
        )
    return Run(workflow, process, output, to_do)


def kill_a_job(run: Run, rng: random.Random) -> None:
    """SIGKILL one running job, as the kernel does when memory runs out."""
    while not (scripts := run.scripts()):
        if run.ended:
            return
        time.sleep(POLL_S)
    with suppress(psutil.NoSuchProcess):
        rng.choice(scripts).kill()
    run.wait()


def kill_all(run: Run, rng: random.Random) -> None:
    """SIGKILL Snakemake and all its jobs at once, as a power cut or a batch system does."""
    os.killpg(run.process.pid, signal.SIGKILL)
    run.wait()
    _wait_for_group(run.process.pid)


def kill_snakemake(run: Run, rng: random.Random) -> None:
    """SIGKILL Snakemake alone; its jobs go on."""
    run.process.kill()
    run.wait()


def terminate(run: Run, rng: random.Random) -> None:
    """SIGTERM to Snakemake alone."""
    run.process.terminate()
    run.wait()


def terminate_all(run: Run, rng: random.Random) -> None:
    """SIGTERM to Snakemake and its jobs, as when the machine is shut down."""
    os.killpg(run.process.pid, signal.SIGTERM)
    run.wait()
    _wait_for_group(run.process.pid)


def interrupt(run: Run, rng: random.Random) -> None:
    """Ctrl-C: SIGINT to Snakemake and its jobs."""
    os.killpg(run.process.pid, signal.SIGINT)
    run.wait()
    _wait_for_group(run.process.pid)


def fill_the_disk(run: Run, rng: random.Random) -> None:
    """Leave little or no space on the disk until the run has ended."""
    filler, free_bytes = run.workflow.folder / "filler", rng.choice([0, 10_000, 100_000])
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    with filler.open("r+b") as file:
        file.truncate(max(0, filler.stat().st_size - free_bytes))
    run.wait()
    filler.unlink()


def hide_a_file(run: Run, rng: random.Random) -> None:
    """Make an input of a job unreadable, if possible of a job that has not started."""
    waiting = run.to_do.difference(run.trace.started) or run.to_do
    needed = frozenset().union(*(job.inputs for job in waiting))
    made = frozenset().union(*(job.outputs for job in run.to_do))
    path = run.workflow.folder / rng.choice(sorted(needed - made))
    mode = path.stat().st_mode
    path.chmod(0)
    run.wait()
    path.chmod(mode)


Fault = Callable[[Run, random.Random], None]

FAULTS: Mapping[str, Fault] = {
    "SIGKILL a job": kill_a_job,
    "SIGKILL all": kill_all,
    "full disk": fill_the_disk,
    "unreadable file": hide_a_file,
    "SIGTERM": terminate,
    "SIGINT all": interrupt,
    "SIGKILL Snakemake": kill_snakemake,
    "SIGTERM all": terminate_all,
}


def prefix_of(fault: str) -> tuple[str, ...]:
    """Return the command that starts a run so that a fault can happen, also to root."""
    if FAULTS[fault] is hide_a_file and os.geteuid() == 0:
        rights = "-dac_override,-dac_read_search"
        return ("setpriv", f"--bounding-set={rights}", f"--inh-caps={rights}")
    if FAULTS[fault] is fill_the_disk and not can_mount():
        return ("sh", "-c", 'ulimit -f 100; exec "$@"', "sh")
    return ()


def is_possible(fault: str) -> bool:
    """Return whether the fault can happen on this system."""
    prefix = prefix_of(fault)
    return not prefix or (
        shutil.which(prefix[0]) is not None
        and subprocess.run([*prefix, sys.executable, "-c", ""], check=False).returncode == 0
    )


def can_mount() -> bool:
    return os.geteuid() == 0 and sys.platform == "linux" and shutil.which("mount") is not None


@contextmanager
def disk(folder: Path, fault: str) -> Iterator[None]:
    """Make the folder for a round; for the full disk, it is a small disk."""
    folder.mkdir()
    small = FAULTS[fault] is fill_the_disk and can_mount()
    if small:
        command = ["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(folder)]
        subprocess.run(command, check=True)
    try:
        yield
    finally:
        if small:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
        shutil.rmtree(folder)


def _is_job(process: psutil.Process) -> bool:
    with suppress(psutil.Error, IndexError):
        return ".snakemake/scripts/" in process.cmdline()[1]
    return False


def _wait_for_group(group: int) -> None:
    """Wait until all processes of a group have ended."""
    deadline_s = time.monotonic() + END_S
    while time.monotonic() < deadline_s:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(POLL_S)
    raise TimeoutError(f"process group {group} is still alive")
