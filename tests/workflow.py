"""Run the project's workflow with Snakemake, in a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import yaml
from tests.snakemake_fork import run_in_fork

REPOSITORY = Path(__file__).parents[1]


@dataclass(frozen=True)
class Workflow:
    """The project's workflow with a configuration and a working directory."""

    folder: Path
    config: Mapping[str, Any]
    project: Path = REPOSITORY

    @property
    def results(self) -> Path:
        return self.folder / "results" / self.config["study"]

    def run(
        self, *targets: str, cores: int = 1, options: tuple[str, ...] = (), **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run Snakemake; the caller checks its exit code and output."""
        _, _, _, *arguments = self.command(*targets, cores=cores, options=options)
        return run_in_fork(arguments, self._environment(environment))

    def run_and_kill(
        self,
        *targets: str,
        script: str,
        when: Callable[[], bool],
        options: tuple[str, ...] = (),
    ) -> subprocess.CompletedProcess[str]:
        """Run Snakemake and kill a script's job, as the kernel does when memory runs out.

        On a busy machine the job may be over before it is killed. Then it is run again.
        """
        for _ in range(10):
            process = self._start(targets, options)
            while process.poll() is None and not when():
                time.sleep(0.002)
            killed = process.poll() is None and _kill_job(process.pid, script)
            output, _ = process.communicate()
            if killed and process.returncode != 0:
                return subprocess.CompletedProcess(process.args, process.returncode, output)
        raise AssertionError(f"{script} was always over before it could be killed")

    def make(self, *targets: str, **arguments: Any) -> subprocess.CompletedProcess[str]:
        """Run Snakemake and expect it to succeed."""
        done = self.run(*targets, **arguments)
        assert done.returncode == 0, done.stdout[-6000:]
        return done

    def _start(self, targets: tuple[str, ...], options: tuple[str, ...]) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*targets, cores=1, options=options),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self._environment({}),
        )

    @staticmethod
    def _environment(changes: Mapping[str, str]) -> dict[str, str]:
        return {**os.environ, "PPGKD_MIRROR": "", **changes}

    def command(self, *targets: str, cores: int, options: tuple[str, ...] = ()) -> list[str]:
        """Write the configuration; return the command that runs Snakemake."""
        self.folder.mkdir(parents=True, exist_ok=True)
        configfile = self.folder / f"{self.config['study']}.yaml"
        configfile.write_text(yaml.safe_dump(dict(self.config)), encoding="utf-8")
        return [
            *(sys.executable, "-m", "snakemake", *targets, "--cores", str(cores)),
            *("--snakefile", str(self.project / "Snakefile"), "--directory", str(self.folder)),
            *("--configfile", str(configfile), *options),
        ]


def _kill_job(snakemake: int, script: str) -> bool:
    """Kill the job of a script; False if there is none."""
    with suppress(psutil.NoSuchProcess):
        for job in psutil.Process(snakemake).children(recursive=True):
            if job.cmdline() and job.cmdline()[-1].endswith(script):
                job.kill()
                return True
    return False
