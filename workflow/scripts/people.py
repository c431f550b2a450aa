"""Fit the laws in the number of training people."""

import pandas as pd

from ppgkd.runtime.job import job
from ppgkd.runtime.artifacts import write_json
from ppgkd.scaling.people import fit_people_laws

with job(snakemake.log[0]):
    cells = pd.read_parquet(snakemake.input.cells)
    subjects = pd.read_parquet(snakemake.input.subjects)
    write_json(snakemake.output[0], fit_people_laws(cells, subjects))
