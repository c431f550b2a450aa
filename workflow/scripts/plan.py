"""Plan the students that meet the study's constraints."""

import pandas as pd

from ppgkd.runtime.job import job
from ppgkd.runtime.artifacts import read_json, write_json
from ppgkd.scaling.plan import plan_students

with job(snakemake.log[0]):
    laws, cells = read_json(snakemake.input.laws), pd.read_parquet(snakemake.input.cells)
    params = snakemake.params
    write_json(snakemake.output[0], plan_students(params.constraints, laws, cells, params.cost))
