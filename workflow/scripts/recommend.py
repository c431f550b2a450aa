"""Choose the student to ship."""

import pandas as pd

from ppgkd.artifacts import write_json
from ppgkd.decision import Gates, apply_gates, recommend
from ppgkd.job import job
from ppgkd.summary import STUDENT

with job(snakemake.log[0]):
    students = apply_gates(pd.read_parquet(snakemake.input[0]), Gates(**snakemake.params.gates))
    write_json(snakemake.output[0], recommend(students)[STUDENT].to_dict())
