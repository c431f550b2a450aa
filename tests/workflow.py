"""The project's workflow, run by Snakemake itself in a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).parents[1]


@dataclass(frozen=True)
class Workflow:
    """The project's workflow with a configuration, working in a folder of its own."""

    folder: Path
    config: Mapping[str, Any]

    @property
    def results(self) -> Path:
        return self.folder / "results" / self.config["study"]

    def run(
        self, *targets: str, cores: int = 1, options: tuple[str, ...] = (), **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run Snakemake itself; the caller looks at the exit code and at what it wrote."""
        self.folder.mkdir(parents=True, exist_ok=True)
        configfile = self.folder / f"{self.config['study']}.yaml"
        configfile.write_text(yaml.safe_dump(dict(self.config)), encoding="utf-8")
        command = [
            *(sys.executable, "-m", "snakemake", *targets, "--cores", str(cores)),
            *("--snakefile", str(REPOSITORY / "Snakefile"), "--directory", str(self.folder)),
            *("--configfile", str(configfile), *options),
        ]
        return subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            env={**os.environ, "PPGKD_MIRROR": "", **environment},
        )

    def make(self, *targets: str, **arguments: Any) -> subprocess.CompletedProcess[str]:
        """Run Snakemake and expect it to succeed."""
        done = self.run(*targets, **arguments)
        assert done.returncode == 0, done.stdout[-6000:]
        return done
