"""Find the students that meet the study's wishes."""

import pandas as pd

from ppgkd.runtime.artifacts import read_json, write_json
from ppgkd.runtime.job import job
from ppgkd.scaling.plan import answer_wishes

with job(snakemake.log[0]):
    laws, cells = read_json(snakemake.input.laws), pd.read_parquet(snakemake.input.cells)
    write_json(snakemake.output[0], answer_wishes(snakemake.params.wishes, laws, cells))
