"""Plan the number of people for the study's bounds on the error."""

import pandas as pd

from ppgkd.runtime.job import job
from ppgkd.runtime.artifacts import read_json, write_json
from ppgkd.scaling.plan_people import plan_people_of_study

with job(snakemake.log[0]):
    laws, cells = read_json(snakemake.input.laws), pd.read_parquet(snakemake.input.cells)
    planned = plan_people_of_study(snakemake.params.constraints, laws, cells)
    write_json(snakemake.output[0], planned)
