"""Make the environment of a published model."""

import sys
from pathlib import Path

from ppgkd.runtime.job import job
from ppgkd.published.environment import make_environment

with job(snakemake.log[0]):
    installed = Path(snakemake.output[0])
    project = installed.parents[1]
    target = str(installed.relative_to(project))
    make_environment(project, target, sys.executable, Path(snakemake.log[0]))
