"""Find the students that meet the study's wishes."""

from dataclasses import asdict

import pandas as pd

from ppgkd.artifacts import read_json, write_json
from ppgkd.job import job
from ppgkd.plan import Wish, plan_student

with job(snakemake.log[0]):
    laws, cells = read_json(snakemake.input.laws), pd.read_parquet(snakemake.input.cells)
    wishes = [Wish(**wish) for wish in snakemake.params.wishes]
    write_json(snakemake.output[0], [asdict(plan_student(wish, laws, cells)) for wish in wishes])
